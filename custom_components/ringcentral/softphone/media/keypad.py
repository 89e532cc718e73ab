"""The keys that the other side of one call presses, each once, whichever ways it comes.

Many gateways leave a bit of tone in the sound before they send the event, and some telephones tell a key in two ways at
once. The better way counts from the first key that comes by it, and what a lesser way has told of the same key shortly
before is not told again. Tones are listened for only while nothing better was used.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from .g711 import Codec
from .key_tones import KeyEar
from .keys import KeyReader, KeyWay
from .rtp import RtpPacket

SAME_KEY: Final = 1.0
"""Seconds by which two ways may tell the same key apart."""

_BETTER: Final = (KeyWay.IN_BAND, KeyWay.INFO, KeyWay.RFC4733)


class Keypad:
    """The other side's keys.

    Attributes:
        on_key: takes each key and how it came; None ignores them.
    """

    def __init__(self) -> None:
        """Know of no key yet."""
        self.on_key: Callable[[str, KeyWay], None] | None = None
        self._reader = KeyReader()
        self._ear = KeyEar()
        self._best = KeyWay.IN_BAND
        self._told: deque[tuple[str, KeyWay, float]] = deque(maxlen=32)

    def negotiated(self) -> None:
        """Take keys any way again: somebody else may be there, with another telephone."""
        self._best = KeyWay.IN_BAND

    def hear_event(self, packet: RtpPacket, now: float) -> None:
        """Take a packet of a telephone-event."""
        if (key := self._reader.read(packet)) is not None:
            self.press(key, KeyWay.RFC4733, now)

    def hear_audio(self, packet: RtpPacket, codec: Codec, now: float) -> None:
        """Listen for tones where that may be needed."""
        if self._best is KeyWay.IN_BAND and self.on_key is not None:
            for key in self._ear.listen(packet, codec):
                self.press(key, KeyWay.IN_BAND, now)

    def press(self, key: str, way: KeyWay, now: float) -> None:
        """Take a key that was told in some way, and report it unless it is known."""
        if _BETTER.index(way) < _BETTER.index(self._best):
            return
        self._best = way
        while self._told and now - self._told[0][2] > SAME_KEY:
            self._told.popleft()
        known = next((one for one in self._told if one[0] == key and one[1] is not way), None)
        if known is not None:
            self._told.remove(known)
            return
        self._told.append((key, way, now))
        if self.on_key is not None:
            self.on_key(key, way)
