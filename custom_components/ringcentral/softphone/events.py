"""What the phone tells: calls, what was agreed for their audio, and the line's health."""

from dataclasses import dataclass, field
from enum import StrEnum

from .account import Proxy
from .media.keys import KeyWay
from .media.statistics import MediaStatistics
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


class Hold(StrEnum):
    """Who holds a call: whoever does hears nothing of the other side, and may play something to it."""

    LOCAL = "local"
    REMOTE = "remote"
    BOTH = "both"


class Outcome(StrEnum):
    """The one terminal event of a call."""

    MISSED = "missed"
    DECLINED = "declined"
    ENDED = "ended"


class Decline(StrEnum):
    """How a call is turned down."""

    BUSY = "busy"
    REJECT = "reject"
    VOICEMAIL = "voicemail"


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
    SILENCE = "silence"
    """The caller said nothing for so long that the message was taken to be over."""
    DO_NOT_DISTURB = "do_not_disturb"
    """Turned away here as busy, so that the account's other phones go on ringing."""
    NETWORK_ERROR = "network_error"
    UNKNOWN_NUMBER = "unknown_number"
    """The server knows nobody under the number we called."""
    NO_CODEC = "no_codec"
    """The other side has no sound that we have."""
    SRTP_REQUIRED = "srtp_required"
    """The call's sound would have gone in the clear, and its account doesn't allow that."""
    REFUSED = "refused"
    """The server said no to our call, for whatever other reason."""
    TRANSFERRED = "transferred"
    """We handed the call on, and it goes on without us."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it stands; call_id is our own, unique for ever, and never shown to the network.

    session is what RingCentral calls the call wherever it tells of it; None where it doesn't say.
    """

    call_id: str
    direction: Direction
    caller: Party
    called: Party
    state: CallState
    hold: Hold | None = None
    """Who holds it, while it is on hold."""
    session: str | None = field(default=None, repr=False, compare=False)

    @property
    def answered(self) -> bool:
        """Whether both sides talk, or one has the other wait."""
        return self.state in {CallState.TALKING, CallState.ON_HOLD}


@dataclass(frozen=True, slots=True)
class CallChanged:
    """A call began to ring, here or there, was answered, held or resumed: see its state."""

    call: Call


@dataclass(frozen=True, slots=True)
class CallEnded:
    """A call is over; comes exactly once for each call, and nothing of it comes after.

    A call of ours that nobody answers has ended: only others can be missed or declined. media is what was counted of its
    sound, None for a call that had none.
    """

    call: Call
    outcome: Outcome
    reason: EndReason
    media: MediaStatistics | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class MediaAgreed:
    """Where a call's audio goes and how; again whenever it is renegotiated."""

    call_id: str
    agreement: Agreement = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The other side of an answered call pressed a key; comes once a press, whichever ways it was told.

    key is one of KEYS. It may be part of somebody's PIN, and is never shown.
    """

    call_id: str
    key: str = field(repr=False)
    way: KeyWay


@dataclass(frozen=True, slots=True)
class KeyTold:
    """The signalling told of a key; the phone makes a KeyPressed of it unless the sound has told of it too."""

    call_id: str
    key: str = field(repr=False)


class Cause(StrEnum):
    """Why there is no line."""

    DNS = "dns"
    """The server's name was not found."""
    REFUSED = "refused"
    """The server's machine takes no connection at this port."""
    UNREACHABLE = "unreachable"
    """There is no way to the server."""
    TIMEOUT = "timeout"
    """The server didn't take the connection in time."""
    TLS_CERTIFICATE = "tls_certificate"
    """The server could not prove who it is."""
    TLS = "tls"
    """The server doesn't speak TLS, or not as we do."""
    CLOSED = "closed"
    """The server closed the connection."""
    SILENT = "silent"
    """The connection stands and nothing comes through."""
    PROTOCOL = "protocol"
    """What came is not SIP."""
    REFUSED_REGISTRATION = "refused_registration"
    """The server said no; RegistrationRefused has the status."""
    TOO_MANY_DEVICES = "too_many_devices"
    """The account has as many phones registered as it may (603)."""
    REDIRECTED = "redirected"
    """The server sent us to another (301, 302, 305)."""
    SWITCH_BACK = "switch_back"
    """We left a stand-in to try the first proxy again."""
    NEW_SERVERS = "new_servers"
    """The account is at other servers now, and we go there."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The server knows where to ring us, for `expires` seconds from now.

    `round_trip_ms` is the time the last REGISTER took to be answered; `proxy` is the one in use.
    """

    expires: float
    round_trip_ms: float = 0.0
    proxy: Proxy | None = None


@dataclass(frozen=True, slots=True)
class RegistrationRefused:
    """The server said no, with this status; it may be asked again after `retry_after` seconds.

    `kept`: the connection stays for the calls on it, and the server is asked again over it. Else the connection is
    to be closed; `redirect` is where the server sent us instead, if it did.
    """

    status: int
    reason: str
    retry_after: float
    kept: bool = False
    redirect: Proxy | None = None

    @property
    def cause(self) -> Cause:
        """What this means for the line."""
        if self.redirect is not None:
            return Cause.REDIRECTED
        return Cause.TOO_MANY_DEVICES if self.status == 603 else Cause.REFUSED_REGISTRATION


@dataclass(frozen=True, slots=True)
class ViaRewritten:
    """Something on the way (a router's SIP ALG) has changed our messages; told once a connection."""


@dataclass(frozen=True, slots=True)
class ProvisioningAsked:
    """The server says that the account's settings have changed: fetch them anew (`check-sync`)."""


@dataclass(frozen=True, slots=True)
class MailboxChanged:
    """The server says that there is something new in the account's mailbox; it may be there only a moment later."""


@dataclass(frozen=True, slots=True)
class Unregistered:
    """The server has forgotten us, as we asked."""


@dataclass(frozen=True, slots=True)
class FlowFailed:
    """The connection is of no more use: it is silent or speaks gibberish. Close it and make another."""

    reason: str
    cause: Cause = Cause.SILENT


@dataclass(frozen=True, slots=True)
class LineLost:
    """There is no connection; the next try comes in `retry_after` seconds. What rang on it has ended before.

    `reason` is for people, `cause` for programs; `proxy` is the one that was lost, or couldn't be had.
    """

    reason: str
    retry_after: float
    cause: Cause
    proxy: Proxy


type CallEvent = CallChanged | CallEnded | MediaAgreed | KeyPressed | KeyTold
type LineEvent = (
    Registered
    | RegistrationRefused
    | ViaRewritten
    | ProvisioningAsked
    | MailboxChanged
    | Unregistered
    | FlowFailed
    | LineLost
)
type PhoneEvent = CallEvent | LineEvent
