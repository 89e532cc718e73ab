"""A telephone's keys as events of their own beside the sound (RFC 4733): packets in, keys out.

A key is told by every packet of its event, the repeated last ones included, and any of them may be lost, come twice or
late. The first that arrives reports the key; SSRC, timestamp and event number say which packets belong together.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from struct import Struct
from typing import Final

from .rtp import RtpPacket

KEYS: Final = "0123456789*#ABCD"
"""The keys; each one's place is its event number (RFC 4733 §3.2)."""

LONGEST: Final = 0xFFFF
"""Samples that one event can tell (8.2 s)."""

EVENT: Final = Struct("!BBH")
"""Event number, flags and volume, duration in samples."""

END: Final = 0x80
"""The flag of an event that is over."""

# Events remembered, so that none is reported twice however late a packet comes.
_MEMORY: Final = 32
# A segment is as long as one event can be, or a few packets less (§2.5.1.3).
_SEGMENT: Final = 0xF000
# Samples of an event whose packets may be lost between two segments.
_LOST: Final = 800


class KeyWay(StrEnum):
    """How a key travels."""

    AUTO = "auto"
    """As an event where that is agreed on, else as its tones."""
    RFC4733 = "rfc4733"
    """As an event beside the sound."""
    INFO = "info"
    """As a request of the signalling."""
    IN_BAND = "in_band"
    """As its two tones, in the place of the sound."""


@dataclass(slots=True)
class _Event:
    ssrc: int
    timestamp: int
    number: int
    duration: int = 0
    ended: bool = False

    def goes_on_in(self, packet: RtpPacket, number: int) -> bool:
        """Whether a packet begins the next segment of this event (§2.5.1.3)."""
        if packet.marker or self.ended or (self.ssrc, self.number) != (packet.ssrc, number):
            return False
        length = packet.timestamp - self.timestamp & 0xFFFFFFFF
        unheard = length - self.duration
        return unheard == 0 or (_SEGMENT <= length <= LONGEST and 0 < unheard <= _LOST)


class KeyReader:
    """Reads the events of one call."""

    def __init__(self) -> None:
        """Know no event yet."""
        self._events: deque[_Event] = deque(maxlen=_MEMORY)

    def read(self, packet: RtpPacket) -> str | None:
        """Return the key that a packet is the first to tell of; None for all others, and what is no key."""
        if len(packet.payload) < EVENT.size:
            return None
        number, flags, duration = EVENT.unpack_from(packet.payload)
        if number >= len(KEYS):
            return None
        event = self._known(packet, number)
        first = event is None
        if event is None:
            first = not any(known.goes_on_in(packet, number) for known in self._events)
            event = _Event(packet.ssrc, packet.timestamp, number)
            self._events.append(event)
        event.duration = max(event.duration, duration)
        event.ended = event.ended or bool(flags & END)
        return KEYS[number] if first else None

    def _known(self, packet: RtpPacket, number: int) -> _Event | None:
        told = (packet.ssrc, packet.timestamp, number)
        return next(
            (event for event in self._events if (event.ssrc, event.timestamp, event.number) == told), None
        )
