"""A SIP telephone: registers, rings, answers, listens, speaks.

The protocol is state machines without I/O (`agent`, `registration`, `call`, `sip/`, `sdp`, most of `media/`); thin
shells own sockets and timers: `phone` with `connection` for signalling, `media/engine` for sound. Nothing here knows
Home Assistant.
"""

from .account import Account, Proxy, Transport
from .calls.call import UnknownCallError
from .calls.dialing import (
    DialError,
    EmergencyNumberError,
    InvalidNumberError,
    NoLineError,
    TooManyCallsError,
    TransferPendingError,
)
from .events import (
    Call,
    CallChanged,
    CallEnded,
    CallState,
    Cause,
    Decline,
    Direction,
    EndReason,
    Hold,
    KeyPressed,
    LineLost,
    MailboxChanged,
    MediaAgreed,
    Outcome,
    PhoneEvent,
    ProvisioningAsked,
    Registered,
    RegistrationRefused,
    Unregistered,
    ViaRewritten,
)
from .party import Party
from .phone import Phone
from .trace import Trace, TracedMessage, Way

__all__ = [
    "Account",
    "Call",
    "CallChanged",
    "CallEnded",
    "CallState",
    "Cause",
    "Decline",
    "DialError",
    "Direction",
    "EmergencyNumberError",
    "EndReason",
    "Hold",
    "InvalidNumberError",
    "KeyPressed",
    "LineLost",
    "MailboxChanged",
    "MediaAgreed",
    "NoLineError",
    "Outcome",
    "Party",
    "Phone",
    "PhoneEvent",
    "ProvisioningAsked",
    "Proxy",
    "Registered",
    "RegistrationRefused",
    "TooManyCallsError",
    "Trace",
    "TracedMessage",
    "TransferPendingError",
    "Transport",
    "UnknownCallError",
    "Unregistered",
    "ViaRewritten",
    "Way",
]
