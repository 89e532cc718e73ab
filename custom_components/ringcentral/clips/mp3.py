"""A clip as MP3, a fifth of its size: made by the ffmpeg that comes with Home Assistant, and held against the clip.

24 kbit/s at 16 kHz: `benchmarks/smaller_files.py` has what less and more would cost. All players, browsers and speakers
play it, and half of it would do for Opus, which many don't. Both sides of a call become one.
"""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
import contextlib
import os
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import audioop
from homeassistant.components.ffmpeg import get_ffmpeg_manager
from homeassistant.core import HomeAssistant

from ..calls.conversion import ConversionError, NoFfmpegError, last_line
from ..softphone.media import SAMPLE_RATE, repair_wav
from ..softphone.media.wav import wav_channels, wav_header

SUFFIX: Final = ".mp3"

ENCODER: Final = (
    *("-map_metadata", "-1", "-ar", "16000", "-c:a", "libmp3lame", "-b:a", "24k"),
    *("-id3v2_version", "0", "-f", "mp3"),
)
_MIXED: Final = ("-af", "pan=mono|c0=c0+c1")
_PCM: Final = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1")
_WIDTH: Final = 2

_FRAME_START: Final = b"\xff\xf3"
"""Of each frame as we have them made; then come its bit rate and its sample rate."""
_FRAME_BYTES: Final = 108
_FRAME_SAMPLES: Final = 288
"""Samples at 8 kHz in a frame."""

_BLOCK: Final = 800
"""Samples of which the loudness is compared: a tenth of a second."""
_SIMILAR: Final = 0.3
"""By how much of its loudness a copy may be off on the whole; noise, the worst there is, is by 0.12."""
_FAINT: Final = 50
"""Of 32,768: what nobody hears may be gone."""

# Seconds that it may take, and a second more for each so many of the clip.
_PATIENCE: Final = 60.0
_PACE: Final = 5.0
_TRIAL: Final = 10.0

# Whatever else there is to do comes first.
_NICE: Final = 19


class _Levels(NamedTuple):
    """How loud a sound is all along, and its length in samples."""

    samples: int
    blocks: list[int]


async def async_make_copy(hass: HomeAssistant, clip: Path, copy: Path, seconds: float) -> None:
    """Write a clip of so many seconds as MP3, and force it to the disk; raises ConversionError.

    It is decoded whole, and has the length and the loudness of the clip all along.
    """
    try:
        channels, levels = await hass.async_add_executor_job(_measured, clip)
    except OSError as error:
        raise ConversionError(error.strerror or type(error).__name__) from error
    try:
        async with asyncio.timeout(_PATIENCE + seconds / _PACE):
            await _encode(hass, clip, copy, _MIXED if channels > 1 else ())
            found = await _decoded(hass, copy)
    except TimeoutError as error:
        raise ConversionError("it took too long") from error
    if not _alike(levels, found):
        raise ConversionError("the copy isn't like the recording")
    try:
        await hass.async_add_executor_job(_settle, copy)
    except OSError as error:
        raise ConversionError(error.strerror or type(error).__name__) from error


async def async_try(hass: HomeAssistant) -> None:
    """Make a tenth of a second; raises ConversionError where none can be made here."""
    try:
        async with (
            asyncio.timeout(_TRIAL),
            _ffmpeg(hass, *_PCM, "-i", "pipe:0", *ENCODER, "pipe:1", piped=True) as process,
        ):
            made, complaint = await process.communicate(bytes(_BLOCK * _WIDTH))
    except TimeoutError as error:
        raise ConversionError("it took too long") from error
    if process.returncode or not made:
        raise ConversionError(last_line(complaint))


def repair(path: Path) -> int | None:
    """Make a clip's file playable, and return its samples at 8 kHz; None for what is no clip. Raises OSError.

    An MP3 file was whole when it became a clip's. Its length is told to a tenth of a second.
    """
    if path.suffix != SUFFIX:
        return repair_wav(path)
    with path.open("rb") as file:
        if not file.read(len(_FRAME_START)).startswith(_FRAME_START):
            return None
    # The first frame holds no sound.
    return (path.stat().st_size // _FRAME_BYTES - 1) * _FRAME_SAMPLES


async def _encode(hass: HomeAssistant, clip: Path, copy: Path, mix: tuple[str, ...]) -> None:
    arguments = ("-y", "-i", f"file:{clip}", *mix, *ENCODER, f"file:{copy}")
    async with _ffmpeg(hass, *arguments) as process:
        _, complaint = await process.communicate()
    if process.returncode:
        raise ConversionError(last_line(complaint))


async def _decoded(hass: HomeAssistant, copy: Path) -> _Levels:
    """Return how loud a copy is; raises ConversionError where any of it can't be decoded."""
    arguments = ("-xerror", "-err_detect", "explode", "-i", f"file:{copy}", *_PCM, "pipe:1")
    size, blocks, rest = 0, list[int](), b""
    async with _ffmpeg(hass, *arguments, listened=True) as process:
        assert process.stdout is not None
        while pcm := await process.stdout.read(64 * 1024):
            size += len(pcm)
            rest += pcm
            whole = len(rest) - len(rest) % (_BLOCK * _WIDTH)
            blocks += _loudness(rest[:whole])
            rest = rest[whole:]
        await process.wait()
    if process.returncode:
        raise ConversionError("the copy can't be decoded")
    return _Levels(size // _WIDTH, blocks + _loudness(rest))


@contextlib.asynccontextmanager
async def _ffmpeg(
    hass: HomeAssistant, *arguments: str, piped: bool = False, listened: bool = False
) -> AsyncGenerator[Process]:
    """Run ffmpeg when there is nothing else to do, and no longer than the block; raises NoFfmpegError."""
    try:
        process = await asyncio.create_subprocess_exec(
            get_ffmpeg_manager(hass).binary,
            *("-v", "error", *arguments),
            stdin=PIPE if piped else DEVNULL,
            stdout=PIPE if piped or listened else DEVNULL,
            stderr=DEVNULL if listened else PIPE,
        )
    except OSError as error:
        raise NoFfmpegError(error.strerror or type(error).__name__) from error
    try:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _measured(clip: Path) -> tuple[int, _Levels]:
    """Return of how many channels a clip is, and how loud they are together."""
    with clip.open("rb") as file:
        channels = wav_channels(file.read(len(wav_header(0))))
        if channels is None:
            raise ConversionError("it is no recording of ours")
        return channels, _levels(file, channels)


def _levels(file: BinaryIO, channels: int) -> _Levels:
    frame = channels * _WIDTH
    size, blocks = 0, list[int]()
    while pcm := file.read(_BLOCK * frame):
        pcm = pcm[: len(pcm) - len(pcm) % frame]
        size += len(pcm)
        blocks += _loudness(pcm if channels == 1 else audioop.tomono(pcm, _WIDTH, 1, 1))
    return _Levels(size // frame, blocks)


def _loudness(pcm: bytes) -> list[int]:
    step = _BLOCK * _WIDTH
    return [audioop.rms(pcm[start : start + step], _WIDTH) for start in range(0, len(pcm), step)]


def _alike(clip: _Levels, copy: _Levels) -> bool:
    off = sum(abs(one - other) for one, other in zip(clip.blocks, copy.blocks, strict=False))
    allowed = _SIMILAR * sum(clip.blocks) + _FAINT * len(clip.blocks)
    return abs(clip.samples - copy.samples) <= _FRAME_SAMPLES and off <= allowed


def _settle(copy: Path) -> None:
    """Force a file to the disk, with its name, for the owner's eyes only; blocks."""
    copy.chmod(0o600)
    for path in (copy, copy.parent):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
