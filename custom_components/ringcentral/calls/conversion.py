"""Any sound to 8 kHz, by the ffmpeg that comes with Home Assistant."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
import contextlib
from typing import Final

from homeassistant.components.ffmpeg import get_ffmpeg_manager
from homeassistant.core import HomeAssistant

from ..softphone.media import SAMPLE_RATE

# Seconds of sound at the most; what is longer is cut.
LONGEST: Final = 600
# Seconds that a conversion may take: a radio station never ends.
PATIENCE: Final = 60.0

# What a playlist may lead to.
_PROTOCOLS: Final = "file,pipe,http,https,tcp,tls,crypto"


class ConversionError(Exception):
    """There is no sound in it, or it can't be had; the text is for people."""


class NoFfmpegError(ConversionError):
    """The ffmpeg that Home Assistant is set up with doesn't run."""


async def async_to_ulaw(hass: HomeAssistant, source: str | bytes) -> bytes:
    """Return the sound of a file, a URL, or what was read of one; raises ConversionError."""
    return await _async_convert(hass, source, "mulaw", _PROTOCOLS)


async def async_to_pcm(hass: HomeAssistant, sound: bytes) -> bytes:
    """Return sound that somebody else has made as 16-bit little-endian PCM; raises ConversionError."""
    return await _async_convert(hass, sound, "s16le", "pipe")


async def _async_convert(hass: HomeAssistant, source: str | bytes, made: str, protocols: str) -> bytes:
    piped, address = (source, "pipe:0") if isinstance(source, bytes) else (None, source)
    try:
        process = await asyncio.create_subprocess_exec(
            get_ffmpeg_manager(hass).binary,
            *("-v", "error", "-protocol_whitelist", protocols, "-i", address),
            *("-vn", "-t", str(LONGEST), "-ac", "1", "-ar", str(SAMPLE_RATE), "-f", made, "pipe:1"),
            stdin=DEVNULL if piped is None else PIPE,
            stdout=PIPE,
            stderr=PIPE,
        )
    except OSError as error:
        raise NoFfmpegError(error.strerror or type(error).__name__) from error
    try:
        async with asyncio.timeout(PATIENCE):
            sound, complaint = await process.communicate(piped)
    except TimeoutError as error:
        raise ConversionError(f"it took longer than {PATIENCE:.0f} s") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if not sound:
        raise ConversionError(last_line(complaint))
    return sound


def last_line(complaint: bytes) -> str:
    """Return what ffmpeg said last, without the address it speaks of: that may hold a password."""
    lines = complaint.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].rpartition(": ")[2] if lines else "it has no sound"
