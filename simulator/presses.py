"""Keys that a caller presses: as RFC 4733 events, in INFO requests or as tones."""

from dataclasses import dataclass, field
from enum import StrEnum
import math
import struct
from typing import NamedTuple

from .beep import SAMPLE_RATE
from .rtp import FRAME, FRAME_SECONDS

KEYS = "0123456789*#ABCD"
EVENT = struct.Struct("!BBH")
END = 0x80
ENDS = 3  # packets that say so
ROWS = {697: "123A", 770: "456B", 852: "789C", 941: "*0#D"}
COLUMNS = (1209, 1336, 1477, 1633)
_VOLUME = 10
_LEVEL = 6000  # of each tone, 16 bits


class Way(StrEnum):
    """How a key is pressed."""

    EVENT = "event"  # RFC 4733
    RELAY = "relay"  # INFO application/dtmf-relay
    BARE = "bare"  # INFO application/dtmf
    TONES = "tones"


@dataclass(frozen=True, slots=True)
class Press:
    """One key to be pressed, for `duration` seconds."""

    key: str = field(repr=False)
    way: Way = Way.EVENT
    duration: float = 0.1

    @property
    def info(self) -> tuple[str, tuple[tuple[str, str], ...], bytes] | None:
        """The request that tells it, None for the ways beside the signalling."""
        if self.way is Way.RELAY:
            body = f"Signal={self.key}\r\nDuration={round(self.duration * 1000)}\r\n"
        elif self.way is Way.BARE:
            body = self.key
        else:
            return None
        return (
            "INFO",
            (("Content-Type", f"application/dtmf{'-relay' * (self.way is Way.RELAY)}"),),
            body.encode(),
        )

    def frames(self) -> list[Frame]:
        """What is sent in the place of the sound, 20 ms each."""
        count = round(self.duration / FRAME_SECONDS)
        if self.way is Way.TONES:
            sound = tones(self.key, count * FRAME)
            return [Frame(sound[start : start + FRAME]) for start in range(0, len(sound), FRAME)]
        frames = []
        for number in range(count + ENDS - 1):
            end = END if number >= count - 1 else 0
            payload = EVENT.pack(KEYS.index(self.key), end | _VOLUME, min(number + 1, count) * FRAME)
            frames.append(Frame(payload, number))
        return frames


class Frame(NamedTuple):
    """The payload of one packet; of an event also which of its packets it is."""

    payload: bytes
    event: int | None = None


def tones(key: str, samples: int) -> bytes:
    """The two tones of a key, µ-law."""
    row, keys = next((hertz, keys) for hertz, keys in ROWS.items() if key in keys)
    column = COLUMNS[keys.index(key)]
    values = (
        _LEVEL * (math.sin(math.tau * row * n / SAMPLE_RATE) + math.sin(math.tau * column * n / SAMPLE_RATE))
        for n in range(samples)
    )
    return bytes(map(_encode, values))


def _encode(value: float) -> int:
    """A 16-bit sample as µ-law (ITU-T G.711)."""
    magnitude = min(abs(round(value)), 32_635) + 0x84
    exponent = magnitude.bit_length() - 8
    code = exponent << 4 | magnitude >> exponent + 3 & 0x0F
    return (code | (0x80 if value < 0 else 0)) ^ 0xFF
