"""What the folders and clips of the media browser are called by, as `media-source://ringcentral/<identifier>`."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import ClassVar, Final, Self, override
from urllib.parse import quote, unquote

from homeassistant.components.media_source import generate_media_source_id

from ..const import DOMAIN


class Section(StrEnum):
    """What a line's folder is divided into, in the order it is shown; each is also the key of its title."""

    UNHEARD = "unheard"
    TODAY = "today"
    YESTERDAY = "yesterday"
    THIS_WEEK = "this_week"
    VOICEMAIL = "voicemail"
    MISSED = "missed"
    FAVORITES = "favorites"
    BY_CALLER = "by_caller"
    BY_DAY = "by_day"


@dataclass(frozen=True, slots=True)
class LineIdentifier:
    """The folder of a line: `line/<line_id>`."""

    kind: ClassVar = "line"
    line_id: str

    @classmethod
    def from_str(cls, value: str) -> Self:
        """Parse what follows the kind; any text may be a line's id."""
        return cls(value)

    @override
    def __str__(self) -> str:
        return f"{self.kind}/{self.line_id}"


@dataclass(frozen=True, slots=True)
class SectionIdentifier:
    """A section of a line's folder: `section/<line_id>/<section>`."""

    kind: ClassVar = "section"
    line_id: str
    section: Section

    @classmethod
    def from_str(cls, value: str) -> Self:
        """Parse what follows the kind, raising ValueError if there is no such section."""
        line_id, _, section = value.rpartition("/")
        return cls(line_id, Section(section))

    @override
    def __str__(self) -> str:
        return f"{self.kind}/{self.line_id}/{self.section}"


@dataclass(frozen=True, slots=True)
class DayIdentifier:
    """The folder of a line's day: `day/<line_id>/<yyyy-mm-dd>`."""

    kind: ClassVar = "day"
    line_id: str
    day: date

    @classmethod
    def from_str(cls, value: str) -> Self:
        """Parse what follows the kind, raising ValueError if it isn't a day anybody had a call on."""
        line_id, _, day = value.rpartition("/")
        parsed = date.fromisoformat(day)
        if not 1970 < parsed.year < date.max.year:
            raise ValueError("No telephone call was recorded that year")
        return cls(line_id, parsed)

    @override
    def __str__(self) -> str:
        return f"{self.kind}/{self.line_id}/{self.day}"


@dataclass(frozen=True, slots=True)
class CallerIdentifier:
    """The folder of a line's caller: `caller/<line_id>/<number>`, of all who were anonymous `caller/<line_id>`.

    The number is percent-encoded but for its plus: the network decides what stands in it.
    """

    kind: ClassVar = "caller"
    line_id: str
    number: str | None = field(repr=False)

    @classmethod
    def from_str(cls, value: str) -> Self:
        """Parse what follows the kind; any text may be a number."""
        line_id, named, number = value.partition("/")
        return cls(line_id, unquote(number) if named else None)

    @override
    def __str__(self) -> str:
        folder = f"{self.kind}/{self.line_id}"
        return folder if self.number is None else f"{folder}/{quote(self.number, safe='+')}"


@dataclass(frozen=True, slots=True)
class ClipIdentifier:
    """A clip: `clip/<clip_id>`."""

    kind: ClassVar = "clip"
    clip_id: str

    @classmethod
    def from_str(cls, value: str) -> Self:
        """Parse what follows the kind; any text may be a clip's id."""
        return cls(value)

    @override
    def __str__(self) -> str:
        return f"{self.kind}/{self.clip_id}"


type Identifier = LineIdentifier | SectionIdentifier | DayIdentifier | CallerIdentifier | ClipIdentifier

_KINDS: Final[dict[str, type[Identifier]]] = {
    kind.kind: kind
    for kind in (LineIdentifier, SectionIdentifier, DayIdentifier, CallerIdentifier, ClipIdentifier)
}


def parse_identifier(value: str) -> Identifier:
    """Parse an identifier, raising ValueError for one this integration never made."""
    kind, _, rest = value.partition("/")
    if kind not in _KINDS or not rest:
        raise ValueError("Unknown kind of identifier")
    identifier = _KINDS[kind].from_str(rest)
    if str(identifier) != value:
        raise ValueError("Identifier in another spelling")
    return identifier


def clip_media_content_id(clip_id: str) -> str:
    """Return the `media-source://` id that plays a clip."""
    return generate_media_source_id(DOMAIN, str(ClipIdentifier(clip_id)))
