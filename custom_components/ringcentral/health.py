"""How a line fares: its status, since when and why, and what is remembered of it for diagnostics."""

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from .softphone import Cause, LineLost, PhoneEvent, Registered, RegistrationRefused, Trace
from .softphone.media import MediaStatistics


class LineStatus(StrEnum):
    """Whether calls can come in, and if not, why."""

    REGISTERED = "registered"
    CONNECTING = "connecting"
    NO_NETWORK = "no_network"
    REFUSED = "refused"
    TOO_MANY_DEVICES = "too_many_devices"
    SIGNED_OUT = "signed_out"


# What a refusal means; every other status is just that.
_REFUSALS: Final = {603: LineStatus.TOO_MANY_DEVICES}
# Causes of ours: the line is on its way to another server.
_MOVES: Final = frozenset({Cause.REDIRECTED, Cause.SWITCH_BACK})
# What a loss means to a line that was in this status. One that was well a moment ago will most likely be back at once.
_LOSSES: Final = {
    LineStatus.REGISTERED: LineStatus.CONNECTING,
    LineStatus.SIGNED_OUT: LineStatus.SIGNED_OUT,
}


@dataclass(frozen=True, slots=True)
class LineHealth:
    """How the line fares.

    Attributes:
        since: when the status began.
        cause: why it isn't registered, in English.
        next_try: when the next attempt comes.
        expires: when the server forgets us unless we refresh.
        reconnects: how often the line has come back since it was set up.
        verdict: whether the server itself turned us away on this connection, so that its end says nothing new.
    """

    since: datetime
    status: LineStatus = LineStatus.CONNECTING
    cause: str | None = None
    next_try: datetime | None = None
    expires: datetime | None = None
    reconnects: int = 0
    has_registered: bool = False
    verdict: bool = False


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The line fared otherwise from then on."""

    at: datetime
    status: LineStatus
    cause: str | None


@dataclass(frozen=True, slots=True)
class CallSound:
    """What was counted of the sound of one call."""

    call_id: str
    ended_at: datetime
    statistics: MediaStatistics


@dataclass(frozen=True, slots=True)
class LineHistory:
    """What is remembered of a line, newest last."""

    trace: Trace
    changes: deque[StatusChange] = field(default_factory=lambda: deque(maxlen=20))
    sounds: deque[CallSound] = field(default_factory=lambda: deque(maxlen=10))


def after(health: LineHealth, event: PhoneEvent, now: datetime) -> LineHealth:
    """Return how the line fares after something happened; the same object where that doesn't matter."""
    match event:
        case Registered(expires):
            back = health.has_registered and health.status is not LineStatus.REGISTERED
            return replace(
                _turned(health, LineStatus.REGISTERED, None, now),
                next_try=None,
                expires=now + timedelta(seconds=expires),
                reconnects=health.reconnects + back,
                has_registered=True,
                verdict=False,
            )
        case RegistrationRefused(status, _, retry_after, redirect=None):
            if health.status is LineStatus.SIGNED_OUT:
                return health
            turned = _turned(
                health, _REFUSALS.get(status, LineStatus.REFUSED), f"the server answered {status}", now
            )
            next_try = now + timedelta(seconds=retry_after)
            return replace(turned, next_try=next_try, expires=None, verdict=True)
        case LineLost(reason, retry_after, cause):
            if not health.verdict:
                other = LineStatus.CONNECTING if cause in _MOVES else LineStatus.NO_NETWORK
                lost = _LOSSES.get(health.status, other)
                health = _turned(health, lost, reason, now)
            next_try = now + timedelta(seconds=retry_after)
            return replace(health, next_try=next_try, expires=None, verdict=False)
    return health


def renewed(health: LineHealth, now: datetime) -> LineHealth:
    """Return how the line fares once it has new credentials: what was said of the old ones is past."""
    turned = _turned(health, LineStatus.CONNECTING, "there are new credentials", now)
    return replace(turned, next_try=None, expires=None, verdict=False)


def signed_out(health: LineHealth, now: datetime) -> LineHealth:
    """Return how the line fares once RingCentral doesn't accept the sign-in any more; only signing in mends it."""
    return _turned(health, LineStatus.SIGNED_OUT, "the sign-in was refused", now)


def _turned(health: LineHealth, status: LineStatus, cause: str | None, now: datetime) -> LineHealth:
    since = health.since if status is health.status else now
    return replace(health, status=status, cause=cause, since=since)
