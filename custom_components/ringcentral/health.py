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
# What a loss means, where it isn't just that the line is on its way.
_LOSSES: Final = {
    Cause.DNS: LineStatus.NO_NETWORK,
    Cause.UNREACHABLE: LineStatus.NO_NETWORK,
    Cause.TIMEOUT: LineStatus.NO_NETWORK,
    Cause.SILENT: LineStatus.NO_NETWORK,
    Cause.REFUSED: LineStatus.REFUSED,
    Cause.TLS_CERTIFICATE: LineStatus.REFUSED,
    Cause.TLS: LineStatus.REFUSED,
}
# What any loss means to a line in this status. One that was well a moment ago will most likely be back at once.
_LOSSES_OF: Final = {
    LineStatus.REGISTERED: LineStatus.CONNECTING,
    LineStatus.SIGNED_OUT: LineStatus.SIGNED_OUT,
}
# A round trip that differs by less from the one that is shown is the same to everybody: ms, and of the shown.
_SAME_ROUND_TRIP: Final = 10.0
_SAME_ROUND_TRIP_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True)
class LineHealth:
    """How the line fares.

    Attributes:
        since: when the status began.
        cause: why it isn't registered, in English.
        next_try: when the next attempt comes.
        expires: when the server forgets us unless we refresh.
        round_trip: ms that the server took to answer, told anew only where it makes a difference.
        reconnects: how often the line has come back since it was set up.
        verdict: whether the server itself turned us away on this connection, so that its end says nothing new.
    """

    since: datetime
    status: LineStatus = LineStatus.CONNECTING
    cause: str | None = None
    next_try: datetime | None = None
    expires: datetime | None = None
    round_trip: int | None = None
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
class ProvisioningOutcome:
    """New credentials were asked for: on which occasion, and what came of it."""

    at: datetime
    occasion: str
    outcome: str


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
    provisionings: deque[ProvisioningOutcome] = field(default_factory=lambda: deque(maxlen=20))
    sounds: deque[CallSound] = field(default_factory=lambda: deque(maxlen=10))
    elsewhere: dict[str, int] = field(default_factory=dict)
    """How much is known of what RingCentral keeps, its mailbox and its call log."""


def after(health: LineHealth, event: PhoneEvent, now: datetime) -> LineHealth:
    """Return how the line fares after something happened; the same object where that doesn't matter."""
    match event:
        case Registered(expires, round_trip_ms):
            back = health.has_registered and health.status is not LineStatus.REGISTERED
            return replace(
                _turned(health, LineStatus.REGISTERED, None, now),
                next_try=None,
                expires=now + timedelta(seconds=expires),
                round_trip=_steady(health.round_trip, round_trip_ms),
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
            return replace(turned, next_try=next_try, expires=None, round_trip=None, verdict=True)
        case LineLost(reason, retry_after, cause):
            if not health.verdict:
                lost = _LOSSES_OF.get(health.status) or _LOSSES.get(cause, LineStatus.CONNECTING)
                health = _turned(health, lost, reason, now)
            next_try = now + timedelta(seconds=retry_after)
            return replace(health, next_try=next_try, expires=None, round_trip=None, verdict=False)
    return health


def renewed(health: LineHealth, now: datetime) -> LineHealth:
    """Return how the line fares once it has new credentials: what was said of the old ones is past."""
    turned = _turned(health, LineStatus.CONNECTING, "there are new credentials", now)
    return replace(turned, next_try=None, expires=None, round_trip=None, verdict=False)


def signed_out(health: LineHealth, now: datetime) -> LineHealth:
    """Return how the line fares once what signs in isn't accepted any more; only signing in mends it."""
    return _turned(health, LineStatus.SIGNED_OUT, "the sign-in was refused", now)


def _steady(shown: int | None, measured: float) -> int:
    """Return the round trip to show: the one that is shown, unless it is another by now."""
    if shown is not None and abs(measured - shown) <= max(_SAME_ROUND_TRIP, _SAME_ROUND_TRIP_SHARE * shown):
        return shown
    return round(measured)


def _turned(health: LineHealth, status: LineStatus, cause: str | None, now: datetime) -> LineHealth:
    since = health.since if status is health.status else now
    return replace(health, status=status, cause=cause, since=since)
