"""Sound whose every byte is known, so that what arrives can be compared exactly."""

from math import pi, sin
import random
import struct

import audioop

RATE = 8000
_TONES_HZ = (440, 620, 1000)
# Two codes mean silence, and only 0xFF comes back from linear sound as itself.
_NEGATIVE_ZERO, _ZERO = b"\x7f", b"\xff"


def make_prompt(seconds: float = 3, seed: int = 1) -> bytes:
    """Return raw µ-law at 8 kHz: a second of tones, then noise that repeats nowhere; the same for the same seed."""
    count = round(seconds * RATE)
    tones = (
        sum(sin(2 * pi * tone * sample / RATE) for tone in _TONES_HZ) / len(_TONES_HZ)
        for sample in range(RATE)
    )
    linear = struct.pack(f"<{RATE}h", *(round(20_000 * value) for value in tones))
    noise = random.Random(seed).randbytes(max(0, count - RATE))
    return (audioop.lin2ulaw(linear, 2) + noise)[:count].replace(_NEGATIVE_ZERO, _ZERO)
