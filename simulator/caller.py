"""Who calls, how they behave, and what became of their call."""

from dataclasses import dataclass, field
from enum import StrEnum

from .presses import Press


class Step(StrEnum):
    """What a caller, or the server in its place, may do in a call."""

    CANCEL = "cancel"
    ANSWERED_ELSEWHERE = "answered elsewhere"  # CANCEL with a Reason
    PROCESSED_BY_US = "processed, by this instance"  # MESSAGE Cmd 7, then CANCEL
    PROCESSED_BY_OTHER = (
        "processed, by another instance"  # MESSAGE Cmd 7 that is none of the phone's business
    )
    HOLD = "hold"
    RESUME = "resume"
    REFRESH = "refresh"  # re-INVITE that changes nothing
    UPDATE = "update"
    INFO = "info"
    OPTIONS = "options"
    NOTIFY = "notify"
    HANG_UP = "hang up"


type Act = Step | Press


class Transfers(StrEnum):
    """What becomes of a REFER."""

    TOLD = "told"  # taken, and its success told at once
    RINGING = "ringing"  # taken, and every step told
    UNTOLD = "untold"  # taken without a subscription (RFC 4488), and the caller hangs up
    BUSY = "busy"  # taken, and whom it goes to is busy
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a caller behaves once somebody answers."""

    speech: bytes = field(default=b"", repr=False)  # µ-law, 8 kHz
    speak_at_once: bool = False  # do not wait for a beep
    max_wait: float | None = 30.0  # seconds of listening for a beep before hanging up; None: for ever
    stay: bool = False  # never hang up by itself
    latch: bool = (
        True  # send to where the phone's first packet came from, not before; else to the SDP's address
    )


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, how patient they are, and what they do."""

    number: str = field(default="+16505550100", repr=False)
    name: str = field(default="WIRELESS CALLER", repr=False)
    manner: Manner = field(default_factory=Manner)
    ring_for: float = 30.0  # seconds after the INVITE before CANCEL
    while_ringing: tuple[tuple[float, Act], ...] = ()  # seconds after the INVITE, in order
    while_talking: tuple[tuple[float, Act], ...] = ()  # seconds after the ACK, in order
    acknowledge: bool = True  # False: the ACK never comes
    transfers: Transfers = Transfers.TOLD


@dataclass(slots=True)
class Log:
    """What happened in a call, and what the phone did wrong."""

    events: list[tuple[float, str]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def note(self, now: float, text: str) -> None:
        """Add to the timeline."""
        self.events.append((now, text))

    def wrong(self, *texts: str) -> None:
        """Record violations, each once."""
        self.violations += [text for text in dict.fromkeys(texts) if text not in self.violations]
