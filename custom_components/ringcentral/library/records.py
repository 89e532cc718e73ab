"""What the library keeps: calls, clips, and the sums people browse them by."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

ELSEWHERE: Final = "elsewhere-"
"""What the ids of calls begin with that only another phone of the account, or its voicemail, had."""

RECOVERED_LINE_ID: Final = "recovered"
"""The line of clips found on disk after the database that knew their line was lost."""


class Direction(StrEnum):
    """Who placed the call."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


class ClipKind(StrEnum):
    """Where the sound of a clip comes from."""

    CALL = "call"
    VOICEMAIL = "voicemail"


class Consent(StrEnum):
    """What was said to the other side about being recorded, and answered."""

    ANNOUNCED = "announced"
    """The announcement that the call is recorded was played to its end."""
    GREETED = "greeted"
    """A greeting asked for a message."""
    AGREED = "agreed"
    """Who was asked has pressed 1, and nothing was recorded before."""
    NONE = "none"
    """Nothing."""


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
    `contact` is the name of the contact here that the other end was, `media` what was counted of
    its sound, as JSON; `remote_id` what the call is called in a call log elsewhere, as RingCentral's.
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
    contact: str | None = field(default=None, repr=False)
    media: str | None = field(default=None, repr=False)
    remote_id: str | None = None

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

    @property
    def ring_seconds(self) -> float | None:
        """Seconds from the first ring to the answer, or to the end of a call nobody answered; None while it rings."""
        over = self.answered_at or self.ended_at
        return None if over is None else max((over - self.started_at).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True)
class CallQuery:
    """Which calls are asked for; what is None doesn't matter.

    Attributes:
        without: an outcome that they must not have.
        here: only those that came to this line, or were placed with it, and none of other phones.
        since: when the first of them may have begun.
        until: when the last of them may have begun.
        of_number: tells whether the number at the other end is meant, on the library's thread; who is anonymous isn't.
    """

    direction: Direction | None = None
    outcome: str | None = None
    without: str | None = None
    here: bool = False
    since: datetime | None = None
    until: datetime | None = None
    of_number: Callable[[str], bool] | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """How many calls of a line nobody took, and the latest of them, newest first."""

    count: int = 0
    latest: tuple[CallRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Clip:
    """The recorded audio of one call and what is known about it.

    `duration` is in seconds and 0 until the clip is saved; `path` is absolute, a 16-bit
    WAV file, mono or stereo with the other end on the left and this one on the right; or its suffix tells. The parties are those of the call, and None with `call_id` when it isn't known.

    Attributes:
        size: bytes of the file; None until the clip is saved, or where it couldn't be told.
        peak: the loudest sample, 0 to 1 of full scale; None with `rms` and `envelope` where it isn't known.
        rms: how loud it is on the whole, 0 to 1 of full scale.
        envelope: the loudest sample of each hundredth of the clip, 0 to 255 of full scale.
        heard: whether somebody has listened to it.
        missed: whether it is of a call that nobody took, so that it is the caller's message.
        language: the language of the transcript, as a BCP 47 tag.
        consent: what was said to the caller about being recorded, None where that isn't known.
        summary: what was said, in a sentence.
        remote_id: what the clip is called where it is kept as well, as in a mailbox at RingCentral.
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
    contact: str | None = field(default=None, repr=False)
    size: int | None = None
    peak: float | None = None
    rms: float | None = None
    envelope: bytes | None = field(default=None, repr=False)
    favorite: bool = False
    heard: bool = False
    missed: bool = False
    transcript: str | None = field(default=None, repr=False)
    language: str | None = None
    consent: Consent | None = None
    summary: str | None = field(default=None, repr=False)
    remote_id: str | None = None


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


@dataclass(frozen=True, slots=True)
class Page[T]:
    """Some of what was asked for, and how much of it there is."""

    items: tuple[T, ...] = ()
    count: int = 0


class Folder(StrEnum):
    """Which saved clips: all of them, or those people look for together."""

    ALL = "all"
    FAVORITES = "favorites"
    VOICEMAIL = "voicemail"
    MISSED = "missed"
    """Of calls that nobody took, so that the clip is the caller's message."""
    UNHEARD = "unheard"


class Period(StrEnum):
    """A stretch of time people think in."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "week"
    """From Monday on."""


@dataclass(frozen=True, slots=True)
class ClipQuery:
    """Which saved clips are asked for; what is None doesn't matter.

    Attributes:
        since: when the first of them may have begun.
        until: when they must have begun before.
        other: the number at the other end.
        anonymous: only those whose other end has no number.
        of_number: tells whether the number at the other end is meant, on the library's thread; who is anonymous isn't.
    """

    folder: Folder = Folder.ALL
    since: datetime | None = None
    until: datetime | None = None
    other: str | None = field(default=None, repr=False)
    anonymous: bool = False
    of_number: Callable[[str], bool] | None = None


@dataclass(frozen=True, slots=True)
class CallerClips:
    """The saved clips of one caller, and what the latest call says of him; without a number all who were anonymous."""

    number: str | None = field(repr=False)
    name: str | None = field(repr=False)
    contact: str | None = field(repr=False)
    count: int
    latest: datetime


@dataclass(frozen=True, slots=True)
class Retention:
    """How long clips and calls are kept, and how much room they may take; None is without end.

    `keep_favorites` spares favourites both; they count as taking room all the same. `keep_newest` spares the newest call
    of each line, for it to be shown. `line_id` is of one line alone.
    """

    days: float | None = None
    most_bytes: int | None = None
    keep_favorites: bool = True
    keep_newest: bool = True
    line_id: str | None = None


@dataclass(frozen=True, slots=True)
class Purged:
    """What was deleted: clips, the bytes of their files, and calls.

    `left` is how many files could not be deleted yet; that is tried again at the next start and with each purge.
    """

    count: int = 0
    bytes: int = 0
    calls: int = 0
    left: int = 0

    def __add__(self, other: Purged) -> Purged:
        """Return both together."""
        return Purged(
            self.count + other.count,
            self.bytes + other.bytes,
            self.calls + other.calls,
            self.left + other.left,
        )
