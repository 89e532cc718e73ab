"""A WAV file that can be played at any moment of its making.

16-bit PCM, 8 kHz, mono, or stereo with a side of the call on each channel. Audio is written where it belongs, in any
order; what was never written is a hole, which reads as silence. The sizes in the header are brought up to date with every write, so a killed process leaves a file that
plays up to its last write.
"""

import errno
import os
from pathlib import Path
from struct import Struct
from typing import Final

import audioop

from .g711 import SAMPLE_RATE

_HEADER: Final = Struct("<4sI4s4sIHHIIHH4sI")
_SAMPLE_BYTES: Final = 2
_RIFF_OVERHEAD: Final = _HEADER.size - 8

MAX_SAMPLES: Final = (0xFFFF_FFFF - _RIFF_OVERHEAD) // _SAMPLE_BYTES
"""Samples of one channel at which the 32-bit sizes of the format end (74 hours)."""

_ONLY: Final = ((1, 0), (0, 1))
"""How much of a sound goes to each channel, for a sound that is on one of them."""


def wav_header(samples: int, channels: int = 1) -> bytes:
    """Return the header of a WAV file with so many samples on each channel."""
    frame = channels * _SAMPLE_BYTES
    size = samples * frame
    return _HEADER.pack(
        b"RIFF", _RIFF_OVERHEAD + size, b"WAVE",
        b"fmt ", 16, 1, channels, SAMPLE_RATE, SAMPLE_RATE * frame, frame, 8 * _SAMPLE_BYTES,
        b"data", size,
    )  # fmt: skip


def _pwrite(fd: int, data: bytes | memoryview, position: int) -> int:
    written = os.pwrite(fd, data, position)
    if not written:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return written


class WavFile:
    """A new WAV file, open for writing."""

    def __init__(self, path: Path, channels: int = 1) -> None:
        """Create the file, and its folder if need be, for the owner's eyes only.

        Args:
            path: where to.
            channels: 1, or 2 for both sides of a call.

        Raises:
            OSError: it exists already, can't be created, or the folder of its folder is gone: what is made in the place
                of a disk that was unplugged is out of reach once that is back.
        """
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self._path = path
        self._channels = channels
        self._frame = channels * _SAMPLE_BYTES
        self._samples = 0
        self._written = 0
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _pwrite(self._fd, wav_header(0, channels), 0)
        except OSError:
            os.close(self._fd)
            path.unlink()
            raise

    @property
    def samples(self) -> int:
        """Length of the audio, holes included."""
        return self._samples

    @property
    def written(self) -> int:
        """Samples that went into the file, those of both channels together and rewritten ones counted again."""
        return self._written

    def write(self, offset: int, pcm: bytes, channel: int = 0) -> None:
        """Put 16-bit little-endian PCM ``offset`` samples into the audio; the other channel stays as it is.

        Raises:
            OSError: not everything could be written; what could is kept and counted.
        """
        position = start = _HEADER.size + offset * self._frame
        rest = memoryview(pcm if self._channels == 1 else self._beside(position, pcm, channel))
        try:
            while rest:
                count = _pwrite(self._fd, rest, position)
                position += count
                rest = rest[count:]
        finally:
            if written := (position - start) // self._frame:
                self._written += written
                self._grow(offset + written)

    def close(self) -> None:
        """Force the audio to the disk and close; a file without audio is removed.

        Raises:
            OSError: the disk reported an error, or the file was deleted meanwhile.
        """
        try:
            if not self._samples:
                self._path.unlink(missing_ok=True)
                return
            os.fsync(self._fd)
            if not os.fstat(self._fd).st_nlink:
                self._samples = self._written = 0
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        finally:
            os.close(self._fd)

    def _beside(self, position: int, pcm: bytes, channel: int) -> bytes:
        """Return a sound on its channel, beside what the other one has at a position of the file."""
        there = os.pread(self._fd, 2 * len(pcm), position).ljust(2 * len(pcm), b"\0")
        other = 1 - channel
        kept = audioop.tomono(there, _SAMPLE_BYTES, *_ONLY[other])
        return audioop.add(
            audioop.tostereo(pcm, _SAMPLE_BYTES, *_ONLY[channel]),
            audioop.tostereo(kept, _SAMPLE_BYTES, *_ONLY[other]),
            _SAMPLE_BYTES,
        )

    def _grow(self, samples: int) -> None:
        if samples > self._samples:
            _pwrite(self._fd, wav_header(samples, self._channels), 0)
            self._samples = samples


def repair_wav(path: Path) -> int | None:
    """Make the sizes in the header agree with the length of a file that a kill or power cut left behind.

    Blocks; nothing is removed, and a file that is right already isn't touched.

    Returns:
        Samples of audio in the file, on each channel; None when it isn't one of ours or shorter than a header.

    Raises:
        OSError: the file can't be read or written.
    """
    with path.open("r+b", buffering=0) as file:
        found = file.read(_HEADER.size)
        channels = wav_channels(found)
        if channels is None:
            return None
        size = os.fstat(file.fileno()).st_size - _HEADER.size
        samples = min(size // _SAMPLE_BYTES, MAX_SAMPLES) // channels
        if found != (right := wav_header(samples, channels)):
            _pwrite(file.fileno(), right, 0)
            os.fsync(file.fileno())
        return samples


def wav_channels(header: bytes) -> int | None:
    """Return how many channels a file has that begins like this; None when it isn't one of ours."""
    kinds = (channels for channels in (1, 2) if header[8:40] == wav_header(0, channels)[8:40])
    return next(kinds, None) if header[:4] == b"RIFF" and len(header) >= _HEADER.size else None
