"""Finds out that a connection is dead by pings that nobody answers (RFC 5626 §4.4.1). No I/O.

A pong is only asked for once one was seen: many servers take pings and never answer. For those the REGISTER is the
sign of life, and has to come more often.
"""

from collections.abc import Callable
from typing import Final

# RFC 5626 §4.4.1 wants at most 120 s on a stream; routers forget connections sooner.
PING_INTERVAL: Final = 28.0
# RFC 5626 §4.4.1. With the interval before it a dead connection is found within 38 s.
PONG_TIMEOUT: Final = 10.0
# Many routers forget a UDP binding after 30 s, and a datagram may be lost. Precedent: PJSIP sends one each 15 s.
DATAGRAM_PING_INTERVAL: Final = 14.0


class Heartbeat:
    """The pings and pongs of one connection."""

    def __init__(self, ping: Callable[[], None], now: float, *, reliable: bool = True) -> None:
        """Begin on a new connection; ping() sends one."""
        self.answered = False
        """Whether the server answers pings: its silence then means that the connection is dead."""
        self._ping = ping
        self._interval = PING_INTERVAL if reliable else DATAGRAM_PING_INTERVAL
        self._ping_at = now + self._interval
        self._pong_by: float | None = None
        self._erratic = False

    @property
    def next_deadline(self) -> float:
        """When tick() is due."""
        if self._pong_by is None or not self.answered:
            return self._ping_at
        return min(self._ping_at, self._pong_by)

    def pong(self, now: float) -> None:
        """Take what looks like a pong."""
        if self._pong_by is None or now > self._pong_by:
            # A CRLF that nobody asked for: half a ping of the server's, or one too many before a message. What it
            # sends proves nothing, then.
            self._erratic = True
        self._pong_by = None
        self.answered = not self._erratic

    def tick(self, now: float) -> bool:
        """Do what is due; False when the connection is dead."""
        if self.answered and self._pong_by is not None and now >= self._pong_by:
            self._pong_by = None
            return False
        if now >= self._ping_at:
            self._ping_at, self._pong_by = now + self._interval, now + PONG_TIMEOUT
            self._ping()
        return True
