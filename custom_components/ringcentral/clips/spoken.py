"""A clip's sound as speech-to-text engines want it: the other end alone, in pieces that end where nobody speaks.

Everything here blocks, and a long call takes a moment: it belongs into a thread.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
import wave

import audioop

from ..softphone.media.silence import AUDIBLE_RMS

LONGEST: Final = 50.0
"""Seconds of a piece: engines in a cloud take no more than a minute."""
SAMPLE_BYTES: Final = 2

_FRAME: Final = 0.02
_PIECE: Final = round(LONGEST / _FRAME)
# Where it is quietest for so long, somebody draws breath.
_PAUSE: Final = round(0.3 / _FRAME)
# Hardly longer pieces than half: words before a cut tell an engine what comes after it.
_SOONEST: Final = _PIECE // 2


class UnreadableError(Exception):
    """There is no 16-bit WAV file; the text is for people."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a clip: its first sample, and how many there are."""

    start: int
    samples: int
    rate: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.samples / self.rate


def pieces_of(path: Path) -> list[Piece]:
    """Return the stretches of a clip in which there is something to be heard, in order; raises UnreadableError."""
    loudness: list[int] = []
    with _open(path) as clip:
        rate, frame = clip.getframerate(), round(clip.getframerate() * _FRAME)
        while sound := _other_end(clip, frame):
            loudness.append(audioop.rms(sound, SAMPLE_BYTES))
    found, at = [], 0
    while at < len(loudness):
        end = at + _length(loudness[at : at + _PIECE])
        if max(loudness[at:end]) >= AUDIBLE_RMS:
            found.append(Piece(at * frame, (end - at) * frame, rate))
        at = end
    return found


def read(path: Path, piece: Piece, rate: int) -> bytes:
    """Return a piece as 16-bit PCM of one channel, so many samples a second; raises UnreadableError."""
    with _open(path) as clip:
        clip.setpos(piece.start)
        sound = _other_end(clip, piece.samples)
    return sound if rate == piece.rate else audioop.ratecv(sound, SAMPLE_BYTES, 1, piece.rate, rate, None)[0]


def _open(path: Path) -> wave.Wave_read:
    try:
        clip: wave.Wave_read = wave.open(str(path))
    except (OSError, EOFError, wave.Error) as error:
        # Neither needs the path that an OSError would tell.
        raise UnreadableError(getattr(error, "strerror", None) or str(error) or "it is empty") from error
    if clip.getsampwidth() != SAMPLE_BYTES or clip.getnchannels() > 2:
        clip.close()
        raise UnreadableError("it isn't 16-bit sound")
    return clip


def _other_end(clip: wave.Wave_read, samples: int) -> bytes:
    """Read on, and return what the other end said: where both sides are recorded, the left."""
    sound = clip.readframes(samples)
    sound = sound[: len(sound) // (SAMPLE_BYTES * clip.getnchannels()) * SAMPLE_BYTES * clip.getnchannels()]
    return sound if clip.getnchannels() == 1 else audioop.tomono(sound, SAMPLE_BYTES, 1, 0)


def _length(loudness: list[int]) -> int:
    """Return how many frames of what is left make a piece, given how loud each is."""
    if len(loudness) < _PIECE:
        return len(loudness)
    pause = min(range(_SOONEST, _PIECE - _PAUSE), key=lambda at: sum(loudness[at : at + _PAUSE]))
    return pause + _PAUSE // 2
