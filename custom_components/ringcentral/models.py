"""What the coordinator tells the entities: the line as it stands, and what happened on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from .health import LineHealth, LineStatus
from .library import CallRecord, Clip, Consent, Missed
from .people.callers import Caller
from .softphone import Call, CallState, EndReason, Party
from .softphone.media import Heard

# The line is in the state of its liveliest call.
_LIVELIEST: Final = (CallState.TALKING, CallState.RINGING, CallState.DIALING, CallState.ON_HOLD)

BLOCKED: Final = "blocked"
"""Why a call ended that was kept away."""

VOICEMAIL: Final = "voicemail"
"""Why a call ended that RingCentral's voicemail took."""

ELSEWHERE: Final = "elsewhere"
"""Why a call ended that another phone of the account had, as far as that is known."""

# What a test without a call finds, and all that any may.
REGISTERED: Final = "registered"
OUTCOMES: Final = (REGISTERED, *Heard)


class CallEventType(StrEnum):
    """What can happen with a call; each call has exactly one of missed, declined, blocked and ended."""

    INCOMING = "incoming"
    ANSWERED = "answered"
    MISSED = "missed"
    DECLINED = "declined"
    BLOCKED = "blocked"
    ENDED = "ended"
    OUTGOING = "outgoing"
    DTMF = "dtmf"
    RECORDING_STARTED = "recording_started"
    RECORDING_SAVED = "recording_saved"
    VOICEMAIL = "voicemail"
    TRANSCRIBED = "transcribed"


TERMINAL: Final = (CallEventType.MISSED, CallEventType.DECLINED, CallEventType.BLOCKED, CallEventType.ENDED)
"""What can become of a call."""


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One thing that happened with a call, with everything an automation may ask about it.

    duration is in seconds: how long the call lasted after it was answered, or how long the clip is.
    """

    type: CallEventType
    call: Call
    duration: float | None = None
    end_reason: str | None = None
    clip: str | None = None
    media_content_id: str | None = None
    consent: Consent | None = None
    digit: str | None = field(default=None, repr=False)
    caller: Caller = field(default_factory=Caller)
    transcript: str | None = field(default=None, repr=False)
    summary: str | None = field(default=None, repr=False)

    def attributes(self, line: str) -> dict[str, Any]:
        """Return the full set of attributes, the same keys for every event."""
        return {
            **call_attributes(self.call, self.caller),
            "line": line,
            "duration": None if self.duration is None else round(self.duration, 1),
            "end_reason": self.end_reason,
            "clip": self.clip,
            "media_content_id": self.media_content_id,
            "consent": self.consent,
            "digit": self.digit,
            "transcript": self.transcript,
            "summary": self.summary,
        }


@dataclass(frozen=True, slots=True)
class LastCall:
    """The latest call that came to the line."""

    call_id: str
    caller: Party = field(repr=False)
    started_at: datetime

    @classmethod
    def of(cls, record: CallRecord | None) -> Self | None:
        """Return what is shown of a call that was filed."""
        if record is None:
            return None
        return cls(record.id, Party(record.caller, record.caller_name), record.started_at)


@dataclass(frozen=True, slots=True)
class LineTest:
    """What a test of a line found; the counts are of RTP packets, and None where nobody was called."""

    at: datetime
    round_trip_ms: float
    audio: Heard | None = None
    packets_sent: int | None = None
    packets_received: int | None = None
    packets_lost: int | None = None
    end_reason: EndReason | None = None

    @property
    def outcome(self) -> str:
        """The whole of it in a word; one of OUTCOMES."""
        return REGISTERED if self.audio is None else self.audio

    def as_dict(self) -> dict[str, Any]:
        """Return what the action responds with."""
        return {
            "registered": True,
            "round_trip_ms": round(self.round_trip_ms),
            "audio": None if self.audio is None else self.audio.value,
            "packets_sent": self.packets_sent,
            "packets_received": self.packets_received,
            "packets_lost": self.packets_lost,
            "end_reason": None if self.end_reason is None else self.end_reason.value,
        }


@dataclass(frozen=True, slots=True)
class LineSnapshot:
    """The line as it stands; proxy is the host:port that it registers at, callers are those of the calls by their id."""

    health: LineHealth
    proxy: str
    calls: tuple[Call, ...] = ()
    callers: Mapping[str, Caller] = field(default_factory=dict)
    last_call: LastCall | None = None
    last_test: LineTest | None = None
    missed: Missed = field(default_factory=Missed)
    last_clip: Clip | None = None

    @property
    def registered(self) -> bool:
        """Whether the server knows where to ring us."""
        return self.health.status is LineStatus.REGISTERED

    @property
    def current(self) -> Call | None:
        """The liveliest call, the earliest among equals."""
        return min(self.calls, key=lambda call: _LIVELIEST.index(call.state), default=None)

    @property
    def current_attributes(self) -> dict[str, Any]:
        """What is known about the liveliest call."""
        return call_attributes(self.current, self.callers.get(self.current.call_id) if self.current else None)

    @property
    def state(self) -> CallState:
        """The state of the line."""
        return self.current.state if self.current else CallState.IDLE


def call_attributes(call: Call | None, caller: Caller | None = None) -> dict[str, Any]:
    """Return what is known about a call and its caller, the same keys with no call at all."""
    known = (caller or Caller()).attributes()
    return {
        "call_id": call.call_id if call else None,
        "direction": call.direction if call else None,
        "caller": call.caller.number if call else None,
        "caller_name": call.caller.name if call else None,
        "called": call.called.number if call else None,
        **(known if call else dict.fromkeys(known)),
    }
