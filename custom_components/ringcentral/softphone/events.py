"""What the phone tells: calls, what was agreed for their audio, and the line's health."""

from dataclasses import dataclass, field
from enum import StrEnum

from .party import Party
from .sdp import Agreement


class Direction(StrEnum):
    """Which way a call was placed."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


class CallState(StrEnum):
    """Where a call stands; also the line's state, which is that of its liveliest call."""

    IDLE = "idle"
    RINGING = "ringing"
    DIALING = "dialing"
    TALKING = "talking"
    ON_HOLD = "on_hold"


class Outcome(StrEnum):
    """The one terminal event of a call."""

    MISSED = "missed"
    DECLINED = "declined"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why a call ended."""

    REMOTE_HANGUP = "remote_hangup"
    LOCAL_HANGUP = "local_hangup"
    DECLINED = "declined"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELLED = "cancelled"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    MAX_DURATION = "max_duration"
    NETWORK_ERROR = "network_error"


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it stands; call_id is our own, unique for ever, and never shown to the network."""

    call_id: str
    direction: Direction
    caller: Party
    called: Party
    state: CallState


@dataclass(frozen=True, slots=True)
class CallChanged:
    """A call began to ring, was answered, held or resumed: see its state."""

    call: Call


@dataclass(frozen=True, slots=True)
class CallEnded:
    """A call is over; comes exactly once for each call, and nothing of it comes after."""

    call: Call
    outcome: Outcome
    reason: EndReason


@dataclass(frozen=True, slots=True)
class MediaAgreed:
    """Where a call's audio goes and how; again whenever it is renegotiated."""

    call_id: str
    agreement: Agreement = field(repr=False)


@dataclass(frozen=True, slots=True)
class Registered:
    """The server knows where to ring us, for `expires` seconds from now."""

    expires: float


@dataclass(frozen=True, slots=True)
class RegistrationRefused:
    """The server said no, with this status; it may be asked again after `retry_after` seconds."""

    status: int
    reason: str
    retry_after: float


@dataclass(frozen=True, slots=True)
class Unregistered:
    """The server has forgotten us, as we asked."""


@dataclass(frozen=True, slots=True)
class FlowFailed:
    """The connection is of no more use: it is silent or speaks gibberish. Close it and make another."""

    reason: str


@dataclass(frozen=True, slots=True)
class LineLost:
    """There is no connection; the next try comes in `retry_after` seconds. Any call on it has ended before."""

    reason: str
    retry_after: float


type CallEvent = CallChanged | CallEnded | MediaAgreed
type LineEvent = Registered | RegistrationRefused | Unregistered | FlowFailed | LineLost
type PhoneEvent = CallEvent | LineEvent
