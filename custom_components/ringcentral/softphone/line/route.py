"""Which proxy comes next, and when: failing over, coming back, and never in a hurry. No I/O.

A proxy that can't be reached, is silent, or refuses with one of the account's error codes hands over to the next at
once, but once around only: then the back-off decides, and it is the back-off alone that bounds how often we knock.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

from ..account import Account, Proxy
from ..events import Cause
from .backoff import Backoff

# A registration that held for this long was a success; a line that is thrown out at once backs off. Together with the
# longest wait (36 s) this stays below the minute in which a line is back, and below the first ping: a connection that
# was dead from its first moment on is found by that.
STEADY: Final = 15.0
# RingCentral's own phones come back to the first proxy within a quarter of an hour of its interval.
LONGEST_SWITCH_BACK_JITTER: Final = 900.0
# Each switch costs a moment without a line.
SHORTEST_SWITCH_BACK: Final = 60.0

# What another proxy may be better at. Whoever closes a connection that worked is asked again first.
_HANDS_OVER: Final = frozenset(
    {
        Cause.DNS,
        Cause.REFUSED,
        Cause.UNREACHABLE,
        Cause.TIMEOUT,
        Cause.TLS_CERTIFICATE,
        Cause.TLS,
        Cause.SILENT,
    }
)
_HANDS_OVER_UNREGISTERED: Final = frozenset({Cause.CLOSED, Cause.PROTOCOL})


@dataclass(frozen=True, slots=True)
class Loss:
    """Why a connection is of no more use, or couldn't be had.

    Attributes:
        reason: for people.
        at_least: seconds to leave this proxy alone.
        status: what the server refused the registration with; 0 when it didn't.
        redirect: where it sent us.
    """

    cause: Cause
    reason: str
    at_least: float = 0.0
    status: int = 0
    redirect: Proxy | None = None


class Route:
    """The way to the server: one proxy at a time, from the account's list."""

    def __init__(self, account: Account, random: Random) -> None:
        """Begin with the first proxy; random draws the jitters."""
        self.switch_back_at: float | None = None
        """When to leave a stand-in, if no call is up."""
        self._account = account
        self._random = random
        self._backoff = Backoff(random)
        self._index = 0
        self._handed_over = 0
        self._rests: dict[Proxy, float] = {}
        self._redirect: Proxy | None = None
        self._registered_at: float | None = None

    @property
    def proxy(self) -> Proxy:
        """Where to connect."""
        return self._redirect or self._account.proxies[self._index]

    def change_account(self, account: Account) -> None:
        """Follow an account that has changed: at other proxies begin with the first, and anywhere at once."""
        if account.proxies != self._account.proxies:
            self._go_to(0)
        self._account = account
        self._backoff.reset()
        self._handed_over = 0
        self._rests.clear()
        self._redirect = None

    def registered(self, now: float) -> None:
        """Note that the proxy serves."""
        if self._registered_at is None:
            self._registered_at = now
        interval = self._account.switch_back_interval
        if self._index and interval is not None and self.switch_back_at is None:
            interval = max(interval, SHORTEST_SWITCH_BACK)
            jitter = self._random.uniform(0, min(interval, LONGEST_SWITCH_BACK_JITTER))
            self.switch_back_at = max(now + interval + jitter, self._rests_until(0, now))

    def refused(self, at_least: float, now: float) -> None:
        """Note that the proxy asked for so many seconds, though the connection to it stays."""
        self._rests[self.proxy] = now + at_least

    def lost(self, loss: Loss, now: float) -> float:
        """Choose where to go next; return the seconds to wait before."""
        served, self._registered_at = self._registered_at, None
        if served is not None and now - served >= STEADY:
            self._backoff.reset()
            self._handed_over = 0
        if loss.cause is Cause.SWITCH_BACK:
            self._handed_over = 0
            self._go_to(0)
            return 0.0
        asked, followed, self._redirect = self.proxy, self._redirect, None
        self._rests = {proxy: until for proxy, until in self._rests.items() if until > now}
        if loss.redirect is not None and followed is None and loss.redirect not in self._rests:
            self._redirect = loss.redirect
            return 0.0
        if loss.redirect is None:
            self._rests[asked] = max(self._rests.get(asked, now), now + loss.at_least)
        at_once = self._hands_over(loss, served is not None) and self._hand_over(now)
        delay = 0.0 if at_once else self._backoff.next_delay()
        return max(delay, self._rests_until(self._index, now) - now)

    def _hands_over(self, loss: Loss, served: bool) -> bool:
        return (
            loss.cause in _HANDS_OVER
            or (not served and loss.cause in _HANDS_OVER_UNREGISTERED)
            or loss.status in self._account.error_codes
        )

    def _hand_over(self, now: float) -> bool:
        """Go to the next proxy, or the one that may be asked first; tell whether it is new in this round."""
        count = len(self._account.proxies)
        order = [(self._index + step) % count for step in range(1, count + 1)]
        before = self._index
        self._go_to(min(order, key=lambda index: self._rests_until(index, now)))
        self._handed_over = (self._handed_over + 1) % count
        return self._handed_over > 0 and self._index != before

    def _rests_until(self, index: int, now: float) -> float:
        return max(self._rests.get(self._account.proxies[index], now), now)

    def _go_to(self, index: int) -> None:
        self._index = index
        if index == 0:
            self.switch_back_at = None
