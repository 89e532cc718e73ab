"""A sound of our own that can be told from every other, and the ear for it: whether a line carries sound both ways.

The signal is a sequence of pure tones that changes four times a second and repeats nowhere within six seconds, so that
neither speech nor music nor a steady test tone is taken for it. Its echo may begin at any place of it. All frequencies
are multiples of 50 Hz, which a frame of 20 ms measures exactly, and none is that of a telephone's key.
"""

from collections import deque
from enum import StrEnum
import math
from typing import Final

import audioop

from .g711 import SAMPLE_RATE, Codec

TONES_HZ: Final = (600, 1150, 1750, 2250)
REFERENCE_HZ: Final = 1000
"""What a milliwatt number sends: 1,004 or 1,020 Hz, near enough for a frame."""

STEP: Final = 0.25
"""Seconds of each tone."""

_FRAME: Final = 160
_AMPLITUDE: Final = 8000
# The faintest sound that is one; µ-law's own noise is far below.
_AUDIBLE_RMS: Final = 60
# The share of a frame's power that makes it a tone.
_PURE: Final = 0.5
# Frames looked at together (2 s), and how many of them have to fit.
_WINDOW: Final = 100
_ENOUGH: Final = 75
# Frames from one look to the next.
_PAUSE: Final = 25
# A fifth of a second may be a click on the line.
_SOME: Final = 10


# Which tone each step has: no two neighbours are alike, not even around the end.
_SEQUENCE: Final = (0, 1, 2, 3, 1, 0, 2, 1, 3, 0, 3, 2, 0, 1, 3, 2, 3, 1, 2, 0, 2, 1, 0, 3)
_PERIOD: Final = len(_SEQUENCE) * STEP
# The tone of each frame of the signal; a step is twelve frames and a half.
_FRAMES: Final = tuple(
    _SEQUENCE[int(frame * _FRAME / SAMPLE_RATE / STEP)]
    for frame in range(round(_PERIOD * SAMPLE_RATE / _FRAME))
)
_COEFFICIENTS: Final = {
    hertz: 2 * math.cos(math.tau * hertz / SAMPLE_RATE) for hertz in (*TONES_HZ, REFERENCE_HZ)
}


class Heard(StrEnum):
    """What came back on a line that the signal was played to."""

    BOTH_WAYS = "both_ways"
    """Our own signal: the other side heard it, and we hear the other side."""
    REFERENCE = "received"
    """A milliwatt's steady tone: we hear the other side, which sends nothing back."""
    OTHER = "none_sent"
    """Sound, and never our own."""
    NOTHING = "none_received"
    """No sound."""


def signal(seconds: float) -> bytes:
    """Return so many seconds of the signal, µ-law."""
    pcm = bytearray()
    for sample in range(round(min(seconds, _PERIOD) * SAMPLE_RATE)):
        hertz = TONES_HZ[_SEQUENCE[int(sample / SAMPLE_RATE / STEP)]]
        value = round(_AMPLITUDE * math.sin(math.tau * hertz * sample / SAMPLE_RATE))
        pcm += value.to_bytes(2, "little", signed=True)
    once = Codec.PCMU.from_pcm(bytes(pcm))
    repeats = math.ceil(seconds / (_PERIOD))
    return (once * repeats)[: round(seconds * SAMPLE_RATE)]


class Ear:
    """Listens for the signal in what is received, frame by frame."""

    def __init__(self) -> None:
        """Have heard nothing."""
        self._rest = b""
        self._window: deque[int | None] = deque(maxlen=_WINDOW)
        self._audible = self._taken = 0
        self._own = self._reference = False

    @property
    def heard(self) -> Heard:
        """What was heard so far, the best of it."""
        if self._own:
            return Heard.BOTH_WAYS
        if self._reference:
            return Heard.REFERENCE
        return Heard.OTHER if self._audible >= _SOME else Heard.NOTHING

    def listen(self, payload: bytes, codec: Codec) -> None:
        """Take the next received sound."""
        self._rest += codec.to_pcm(payload)
        size = 2 * _FRAME
        while len(self._rest) >= size:
            frame, self._rest = self._rest[:size], self._rest[size:]
            self._window.append(self._tone(frame))
            self._taken += 1
            if self._taken % _PAUSE == 0:
                self._judge()

    def _tone(self, frame: bytes) -> int | None:
        """Return the frequency of a frame that is a tone of those we know."""
        if audioop.rms(frame, 2) < _AUDIBLE_RMS:
            return None
        self._audible += 1
        samples = memoryview(frame).cast("h")
        energy = sum(sample * sample for sample in samples)
        powers = {_power(samples, coefficient): hertz for hertz, coefficient in _COEFFICIENTS.items()}
        strongest = max(powers)
        return powers[strongest] if 2 * strongest / _FRAME > _PURE * energy else None

    def _judge(self) -> None:
        if self._own or len(self._window) < _WINDOW:
            return
        heard = list(self._window)
        self._reference = self._reference or heard.count(REFERENCE_HZ) >= _ENOUGH
        if sum(hertz in TONES_HZ for hertz in heard) >= _ENOUGH:
            self._own = any(_fits(heard, start) for start in range(len(_FRAMES)))


def _fits(heard: list[int | None], start: int) -> bool:
    """Whether what was heard is the signal from a frame of it on."""
    expected = (TONES_HZ[_FRAMES[(start + index) % len(_FRAMES)]] for index in range(_WINDOW))
    return sum(hertz == wanted for hertz, wanted in zip(heard, expected, strict=True)) >= _ENOUGH


def _power(samples: memoryview[int], coefficient: float) -> float:
    """Return the power at one frequency (Goertzel's algorithm)."""
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    return before * before + last * last - coefficient * before * last
