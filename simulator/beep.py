"""Hears the beep of an answering machine in G.711 µ-law."""

import math

SAMPLE_RATE = 8000
BEEP_HZ = 1000
MIN_BEEP_SECONDS = 0.15

_PURE = 0.8  # share of the power that must be at the beep's frequency; speech stays well below
_LOUD = 32_768 * 10 ** (-30 / 20)  # rms of the faintest beep, −30 dB


def _sample(code: int) -> int:
    """One µ-law code as a 16-bit sample (ITU-T G.711 table 2a)."""
    code ^= 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << (code >> 4 & 0x07)) - 0x84
    return -magnitude if code & 0x80 else magnitude


_SAMPLES = tuple(map(_sample, range(256)))


def decode(ulaw: bytes) -> list[int]:
    """µ-law as 16-bit samples."""
    return [_SAMPLES[code] for code in ulaw]


def is_tone(samples: list[int], hertz: float = BEEP_HZ) -> bool:
    """Whether a frame is a loud, pure tone (Goertzel's algorithm)."""
    energy = sum(sample * sample for sample in samples)
    if not samples or energy < _LOUD * _LOUD * len(samples):
        return False
    coefficient = 2 * math.cos(math.tau * hertz / SAMPLE_RATE)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    power = before * before + last * last - coefficient * before * last
    return 2 * power / len(samples) > _PURE * energy


class BeepDetector:
    """Says when a beep of at least 150 ms has been heard and is over."""

    def __init__(self) -> None:
        """Nothing heard yet."""
        self._samples = 0
        self._last_tone = -math.inf

    def feed(self, ulaw: bytes, now: float) -> bool:
        """Listen to a frame that arrives now; True if it ends a beep."""
        if is_tone(decode(ulaw)):
            self._samples += len(ulaw)
            self._last_tone = now
            return False
        return self._ends()

    def silence(self, now: float) -> bool:
        """Nothing may have come for a while; True if that ends a beep."""
        return now - self._last_tone > 0.1 and self._ends()

    def _ends(self) -> bool:
        heard, self._samples = self._samples, 0
        return heard >= MIN_BEEP_SECONDS * SAMPLE_RATE
