"""A clip's sound as a WAV file, also where it is kept smaller, by the ffmpeg that comes with Home Assistant."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
import shutil
from tempfile import mkdtemp
from typing import Final

from homeassistant.components.ffmpeg import get_ffmpeg_manager
from homeassistant.core import HomeAssistant

from ..const import DOMAIN
from ..softphone.media import SAMPLE_RATE
from .spoken import UnreadableError

# Seconds that it may take: an hour of sound is done in one on most machines.
PATIENCE: Final = 120.0
_WAV: Final = ".wav"


@asynccontextmanager
async def async_wav_of(hass: HomeAssistant, path: Path) -> AsyncIterator[Path]:
    """Have a WAV file of a clip for a while: its own, or one with what the other end said; raises UnreadableError."""
    if path.suffix == _WAV:
        yield path
        return
    folder = Path(await hass.async_add_executor_job(mkdtemp, "", f"{DOMAIN}-"))
    try:
        await _unpack(hass, path, wav := folder / f"clip{_WAV}")
        yield wav
    finally:
        await hass.async_add_executor_job(shutil.rmtree, folder, True)


async def _unpack(hass: HomeAssistant, path: Path, wav: Path) -> None:
    # Of two channels the left: nothing is mixed.
    left = ("-af", "pan=mono|c0=c0", "-ar", str(SAMPLE_RATE), "-c:a", "pcm_s16le")
    try:
        process = await asyncio.create_subprocess_exec(
            get_ffmpeg_manager(hass).binary,
            *("-v", "error", "-protocol_whitelist", "file", "-i", str(path), *left, str(wav)),
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=PIPE,
        )
    except OSError as error:
        raise UnreadableError(f"FFmpeg doesn't run: {error.strerror or type(error).__name__}") from error
    try:
        async with asyncio.timeout(PATIENCE):
            await process.communicate()
    except TimeoutError as error:
        raise UnreadableError(f"FFmpeg took longer than {PATIENCE:.0f} s") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        raise UnreadableError("FFmpeg finds no sound in it")
