"""A SIP telephone: registers, rings, answers, listens, speaks.

The protocol is state machines without I/O (`agent`, `registration`, `call`, `sip/`, `sdp`, most of `media/`); thin
shells own sockets and timers: `phone` with `connection` for signalling, `media/engine` for sound. Nothing here knows
Home Assistant.
"""

from .account import Account, Proxy, Transport
from .agent import UnknownCallError
from .dialing import DialError, EmergencyNumberError, InvalidNumberError, NoLineError, TooManyCallsError
from .events import (
    Call,
    CallChanged,
    CallEnded,
    CallState,
    Cause,
    Direction,
    EndReason,
    LineLost,
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
    "DialError",
    "Direction",
    "EmergencyNumberError",
    "EndReason",
    "InvalidNumberError",
    "LineLost",
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
    "Transport",
    "UnknownCallError",
    "Unregistered",
    "ViaRewritten",
    "Way",
]
