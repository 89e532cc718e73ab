"""How loud a clip is: on the whole, at its loudest, and as a picture of it.

A clip is read in pieces on the library's thread. Of one longer than about half an hour evenly spaced pieces are read, so
that the work is bounded however long a call was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from struct import Struct
from typing import BinaryIO, Final

import audioop

PARTS: Final = 100
"""Of how many parts the picture is."""

_HEADER: Final = Struct("<4s4x8s4xHH8x2xH4s4x")
"""Of a WAV file as recordings are: the marks, the format, the channels and the bits of a sample."""
_RECORDINGS: Final = [(b"RIFF", b"WAVEfmt ", 1, channels, 16, b"data") for channels in (1, 2)]
_WIDTH: Final = 2
_FULL_SCALE: Final = 32768
_PIECE: Final = 8_000
"""Samples read at a time."""
_PIECES: Final = 16
"""Pieces read of each part at the most."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """What a clip sounds like from afar.

    `peak` and `rms` are 0 to 1 of full scale; `envelope` is the loudest sample of each hundredth, 0 to 255 of it.
    """

    peak: float
    rms: float
    envelope: bytes


def measure(path: Path) -> tuple[int | None, Loudness | None]:
    """Return the bytes of a WAV file of 16-bit PCM, and how loud it is; None for what can't be told.

    Of two channels the louder one counts.
    """
    try:
        size = path.stat().st_size
    except OSError:
        return None, None
    try:
        # Pieces are read as a whole, so a buffer would only copy them.
        with path.open("rb", buffering=0) as wav:
            return size, _loudness(wav, (size - _HEADER.size) // _WIDTH)
    except OSError:
        return size, None


def _loudness(wav: BinaryIO, samples: int) -> Loudness | None:
    """Return how loud the samples behind a header are, None where there are none or it isn't that of a recording."""
    header = wav.read(_HEADER.size)
    if samples <= 0 or len(header) < _HEADER.size or _HEADER.unpack(header) not in _RECORDINGS:
        return None
    peaks, power, measured = [], 0.0, 0
    for part in range(PARTS):
        begin = samples * part // PARTS
        end = max(samples * (part + 1) // PARTS, begin + 1)
        loudest = 0
        for position, length in _pieces(begin, end):
            wav.seek(_HEADER.size + position * _WIDTH)
            pcm = wav.read(length * _WIDTH)
            # A file that was cut short while it was read may end within a sample.
            pcm = pcm[: len(pcm) - len(pcm) % _WIDTH]
            loudest = max(loudest, audioop.max(pcm, _WIDTH))
            power += audioop.rms(pcm, _WIDTH) ** 2 * len(pcm)
            measured += len(pcm)
        peaks.append(loudest)
    return Loudness(
        peak=max(peaks) / _FULL_SCALE,
        rms=sqrt(power / measured) / _FULL_SCALE if measured else 0.0,
        envelope=bytes(peak * 255 // _FULL_SCALE for peak in peaks),
    )


def _pieces(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where the pieces of a part begin, and their lengths: all there are, or as many as are read, evenly spaced."""
    step = max(_PIECE, -(-(end - begin) // _PIECES))
    for position in range(begin, end, step):
        yield position, min(_PIECE, end - position)
