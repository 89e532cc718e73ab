"""What the library keeps: calls, clips, and the sums people browse them by."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

RECOVERED_LINE_ID: Final = "recovered"
"""The line of clips found on disk after the database that knew their line was lost."""


class Direction(StrEnum):
    """Who placed the call."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


class ClipKind(StrEnum):
    """Where the sound of a clip comes from."""

    CALL = "call"


class ClipState(StrEnum):
    """How far a clip has come.

    A clip is `recording` only within the run that began it: opening the library turns
    what an earlier run left behind into `interrupted`, and `Library.recover` into `saved`.
    """

    RECORDING = "recording"
    INTERRUPTED = "interrupted"
    SAVED = "saved"


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call, from its first ring to its end.

    Moments are aware datetimes (UTC when read back). `outcome` is the name of the call's one
    terminal event, `end_reason` why it ended; both, and `ended_at`, are None while it lasts.
    """

    id: str
    line_id: str
    direction: Direction
    started_at: datetime
    caller: str | None = field(default=None, repr=False)
    caller_name: str | None = field(default=None, repr=False)
    called: str | None = field(default=None, repr=False)
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    end_reason: str | None = None

    @property
    def other(self) -> str | None:
        """The number at the other end of the line; None for an anonymous caller."""
        return self.caller if self.direction is Direction.INCOMING else self.called

    @property
    def duration(self) -> float | None:
        """Seconds from the answer to the end, 0 if nobody answered; None while it lasts."""
        if self.ended_at is None:
            return None
        return max((self.ended_at - (self.answered_at or self.ended_at)).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True)
class CallQuery:
    """Which calls are asked for; what is None doesn't matter.

    Attributes:
        without: an outcome that they must not have.
        since: when the first of them may have begun.
        of_number: tells whether the number at the other end is meant, on the library's thread; who is anonymous isn't.
    """

    direction: Direction | None = None
    outcome: str | None = None
    without: str | None = None
    since: datetime | None = None
    of_number: Callable[[str], bool] | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """How many calls of a line nobody took, and the latest of them, newest first."""

    count: int = 0
    latest: tuple[CallRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Clip:
    """The recorded audio of one call and what is known about it.

    `duration` is in seconds and 0 until the clip is saved; `path` is absolute, a 16-bit mono
    WAV file. The parties are those of the call, and None with `call_id` when it isn't known.
    """

    id: str
    line_id: str
    call_id: str | None
    kind: ClipKind
    state: ClipState
    started_at: datetime
    duration: float
    path: Path
    direction: Direction | None = None
    caller: str | None = field(default=None, repr=False)
    caller_name: str | None = field(default=None, repr=False)
    called: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Total:
    """How many saved clips there are, and their seconds of sound."""

    count: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Day:
    """The saved clips of one line that began on one local calendar day."""

    date: date
    total: Total
