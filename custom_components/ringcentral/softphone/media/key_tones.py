"""A key as the pair of tones it has (ITU-T Q.23), made and heard: for lines that know nothing better.

Heard is what two blocks of 13 ms in a row say, so that the shortest key there may be (40 ms, Q.24) is found wherever it
falls. The power at one frequency is what Goertzel's algorithm yields, had by correlation with a sine and a cosine, which
`audioop` does in C at a fiftieth of the price.
"""

from functools import cache
import math
from typing import Final, NamedTuple

import audioop

from .g711 import SAMPLE_RATE, Codec
from .rtp import RtpPacket

ROWS_HZ: Final = (697, 770, 852, 941)
COLUMNS_HZ: Final = (1209, 1336, 1477, 1633)
_KEYPAD: Final = ("123A", "456B", "789C", "*0#D")

ROW_LEVEL: Final = -9
COLUMN_LEVEL: Final = -7
"""dBm0 of the tones that are sent."""

# The peak of a sine of 0 dBm0 in 16 bits: µ-law ends at 3.17 dBm0 (G.711).
_MILLIWATT_PEAK: Final = 22_650

# Wide enough for tones that are 1.5 % off, narrow enough to tell neighbours apart.
_BLOCK: Final = 102
# A key is there after two blocks that say so, and gone after two that don't.
_HITS: Final = 2
_MISSES: Final = 2
# 36 dB below a milliwatt.
_AUDIBLE_RMS: Final = 250
# The share of a block's power that the two tones have; speech seldom has more than a third in any two.
_PURE: Final = 0.72
# How much stronger than its neighbours a tone is (8 dB).
_DISTINCT: Final = 6.3
# How much stronger than the column's the row's tone may be (6 dB), and the other way round (9 dB).
_ROW_TWIST: Final = 4.0
_COLUMN_TWIST: Final = 8.0
# A voice has its harmonics, a key none to speak of.
_HARMONIC: Final = 0.1
# Samples without a packet that stand for a pause: nothing is sent in silence.
_PAUSE: Final = 320


class _Tone(NamedTuple):
    """What one frequency is found with: a sine and a cosine, 16 bits, of one block."""

    sine: bytes
    cosine: bytes

    def power(self, block: bytes) -> float:
        """Return the square of the amplitude of this frequency, as a share of the reference's."""
        return audioop.findfactor(block, self.sine) ** 2 + audioop.findfactor(block, self.cosine) ** 2


def _wave(hertz: float, amplitude: float, samples: int, phase: float = 0.0) -> bytes:
    step = math.tau * hertz / SAMPLE_RATE
    values = (round(amplitude * math.sin(step * sample + phase)) for sample in range(samples))
    return b"".join(value.to_bytes(2, "little", signed=True) for value in values)


_REFERENCE: Final = 16_384


def _tone(hertz: float) -> _Tone:
    return _Tone(_wave(hertz, _REFERENCE, _BLOCK), _wave(hertz, _REFERENCE, _BLOCK, math.pi / 2))


_ROWS: Final = tuple(map(_tone, ROWS_HZ))
_COLUMNS: Final = tuple(map(_tone, COLUMNS_HZ))
# A row's would fall among the columns.
_HARMONICS: Final = tuple(_tone(2 * hertz) for hertz in COLUMNS_HZ)


@cache
def key_tones(key: str, samples: int) -> bytes:
    """Return the two tones of a key, µ-law."""
    row = next(number for number, keys in enumerate(_KEYPAD) if key in keys)
    column = _KEYPAD[row].index(key)
    low = _wave(ROWS_HZ[row], _MILLIWATT_PEAK * 10 ** (ROW_LEVEL / 20), samples)
    high = _wave(COLUMNS_HZ[column], _MILLIWATT_PEAK * 10 ** (COLUMN_LEVEL / 20), samples)
    return Codec.PCMU.from_pcm(audioop.add(low, high, 2))


class KeyEar:
    """Hears the keys in what one side of a call says."""

    def __init__(self) -> None:
        """Have heard nothing."""
        self._next: tuple[int, int] | None = None
        self._rest = b""
        self._down: str | None = None
        self._candidate: str | None = None
        self._hits = self._misses = 0

    def listen(self, packet: RtpPacket, codec: Codec) -> list[str]:
        """Take the next packet; return the keys that were pressed, each as soon as it is sure."""
        payload = packet.payload
        if self._next is not None:
            ssrc, expected = self._next
            missing = packet.timestamp - expected & 0xFFFFFFFF
            if packet.ssrc == ssrc and missing >= 0x80000000:
                # It comes late, and its place is taken.
                return []
            if packet.ssrc != ssrc or missing >= _PAUSE:
                self._forget()
        self._next = packet.ssrc, packet.timestamp + len(payload) & 0xFFFFFFFF
        self._rest += codec.to_pcm(payload)
        pressed = []
        size = 2 * _BLOCK
        while len(self._rest) >= size:
            block, self._rest = self._rest[:size], self._rest[size:]
            if (key := self._take(_key_in(block))) is not None:
                pressed.append(key)
        return pressed

    def _take(self, heard: str | None) -> str | None:
        """Return the key that this block makes sure."""
        if heard == self._down:
            self._misses = 0
            self._candidate = None
            return None
        self._misses += 1
        if self._misses >= _MISSES:
            self._down = None
        self._hits = self._hits + 1 if heard is not None and heard == self._candidate else 1
        self._candidate = heard
        if heard is None or self._hits < _HITS:
            return None
        self._down, self._misses = heard, 0
        return heard

    def _forget(self) -> None:
        self._rest = b""
        self._down = self._candidate = None
        self._hits = self._misses = 0


def _key_in(block: bytes) -> str | None:
    """Return the key whose tones a block is."""
    rms = audioop.rms(block, 2)
    if rms < _AUDIBLE_RMS:
        return None
    rows = [tone.power(block) for tone in _ROWS]
    low = max(rows)
    # Nearly everything is told apart by the rows alone.
    total = 2 * (rms / _REFERENCE) ** 2
    if low * (1 + _COLUMN_TWIST) < _PURE * total:
        return None
    columns = [tone.power(block) for tone in _COLUMNS]
    high = max(columns)
    row, column = rows.index(low), columns.index(high)
    key = _KEYPAD[row][column]
    return (
        key
        if low + high >= _PURE * total
        and low <= _ROW_TWIST * high
        and high <= _COLUMN_TWIST * low
        and _stands_out(rows, row)
        and _stands_out(columns, column)
        and _HARMONICS[column].power(block) <= _HARMONIC * high
        else None
    )


def _stands_out(powers: list[float], strongest: int) -> bool:
    return all(
        powers[strongest] > _DISTINCT * power for place, power in enumerate(powers) if place != strongest
    )
