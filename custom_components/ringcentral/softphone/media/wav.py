"""A WAV file that can be played at any moment of its making.

16-bit PCM, 8 kHz, mono. Audio is written where it belongs, in any order; what was never written is a hole, which reads
as silence. The sizes in the header are brought up to date with every write, so a killed process leaves a file that
plays up to its last write.
"""

import errno
import os
from pathlib import Path
from struct import Struct
from typing import Final

from .g711 import SAMPLE_RATE

_HEADER: Final = Struct("<4sI4s4sIHHIIHH4sI")
_SAMPLE_BYTES: Final = 2
_RIFF_OVERHEAD: Final = _HEADER.size - 8

MAX_SAMPLES: Final = (0xFFFF_FFFF - _RIFF_OVERHEAD) // _SAMPLE_BYTES
"""Samples at which the 32-bit sizes of the format end (74 hours)."""


def _header(samples: int) -> bytes:
    size = samples * _SAMPLE_BYTES
    byte_rate = SAMPLE_RATE * _SAMPLE_BYTES
    return _HEADER.pack(
        b"RIFF", _RIFF_OVERHEAD + size, b"WAVE",
        b"fmt ", 16, 1, 1, SAMPLE_RATE, byte_rate, _SAMPLE_BYTES, 8 * _SAMPLE_BYTES,
        b"data", size,
    )  # fmt: skip


def _pwrite(fd: int, data: bytes | memoryview, position: int) -> int:
    written = os.pwrite(fd, data, position)
    if not written:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return written


class WavFile:
    """A new WAV file, open for writing."""

    def __init__(self, path: Path) -> None:
        """Create the file, and its folder if need be, for the owner's eyes only.

        Raises:
            OSError: it exists already, can't be created, or the folder of its folder is gone: what is made in the place
                of a disk that was unplugged is out of reach once that is back.
        """
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self._path = path
        self._samples = 0
        self._written = 0
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _pwrite(self._fd, _header(0), 0)
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
        """Samples that went into the file, rewritten ones counted again."""
        return self._written

    def write(self, offset: int, pcm: bytes) -> None:
        """Put 16-bit little-endian PCM ``offset`` samples into the audio.

        Raises:
            OSError: not everything could be written; what could is kept and counted.
        """
        rest = memoryview(pcm)
        position = start = _HEADER.size + offset * _SAMPLE_BYTES
        try:
            while rest:
                count = _pwrite(self._fd, rest, position)
                position += count
                rest = rest[count:]
        finally:
            if written := (position - start) // _SAMPLE_BYTES:
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

    def _grow(self, samples: int) -> None:
        if samples > self._samples:
            _pwrite(self._fd, _header(samples), 0)
            self._samples = samples


def repair_wav(path: Path) -> int | None:
    """Make the sizes in the header agree with the length of a file that a kill or power cut left behind.

    Blocks; nothing is removed, and a file that is right already isn't touched.

    Returns:
        Samples of audio in the file, None when it isn't one of ours or shorter than a header.

    Raises:
        OSError: the file can't be read or written.
    """
    with path.open("r+b", buffering=0) as file:
        found = file.read(_HEADER.size)
        samples = min((os.fstat(file.fileno()).st_size - _HEADER.size) // _SAMPLE_BYTES, MAX_SAMPLES)
        if len(found) < _HEADER.size or _without_sizes(found) != _without_sizes(_header(0)):
            return None
        if found != _header(samples):
            _pwrite(file.fileno(), _header(samples), 0)
            os.fsync(file.fileno())
        return samples


def _without_sizes(header: bytes) -> bytes:
    return header[:4] + header[8:40]
