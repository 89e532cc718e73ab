"""The clips in the media browser: a folder a line, in it one a day, in it the clips."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Final, Self, override

from homeassistant.components.media_player.const import MediaClass
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
    generate_media_source_id,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .const import DATA_LIBRARY, DOMAIN
from .library import (
    RECOVERED_LINE_ID,
    Clip,
    ClipState,
    Direction,
    Library,
    LibraryClosedError,
    LibraryError,
    Total,
)
from .views import CLIP_MIME_TYPE, CLIP_URL

MAX_CLIPS: Final = 200
"""Clips shown of one day; who gets more calls than that won't scroll through them."""

type Words = Mapping[str, str]
"""What is written beside names and times, by its key in the translations."""


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


type Identifier = LineIdentifier | DayIdentifier | ClipIdentifier

_KINDS: Final[dict[str, type[Identifier]]] = {
    kind.kind: kind for kind in (LineIdentifier, DayIdentifier, ClipIdentifier)
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


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """Set up the media source of the clips."""
    return ClipMediaSource(hass)


class ClipMediaSource(MediaSource):
    """Lists the saved clips of the lines there are.

    Identifiers are looked up and never made part of a path. The clips of a line are shown while
    its config entry exists and is enabled, whether or not the line is connected.
    """

    name: str = "RingCentral"

    def __init__(self, hass: HomeAssistant) -> None:
        """Work for one Home Assistant."""
        super().__init__(DOMAIN)
        self._hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return where a clip can be heard."""
        with _translated(Unresolvable, "clip_not_found"):
            identifier = parse_identifier(item.identifier)
            if not isinstance(identifier, ClipIdentifier):
                raise Unresolvable(translation_domain=DOMAIN, translation_key="clip_not_found")
            clip = await self._clip(identifier)
            return PlayMedia(CLIP_URL.format(clip_id=clip.id), CLIP_MIME_TYPE, path=clip.path)

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Return a folder with what is in it, or a clip."""
        words = await self._words()
        with _translated(BrowseError, "folder_not_found"):
            if not item.identifier:
                return await self._root(words)
            match parse_identifier(item.identifier):
                case LineIdentifier() as line:
                    return await self._line(line, words)
                case DayIdentifier() as day:
                    return await self._day(day, words)
                case clip:
                    return _clip_item(await self._clip(clip), words)

    async def _words(self) -> Words:
        """Return the words in the language of the household: the media browser doesn't tell who browses."""
        prefix = f"component.{DOMAIN}.common."
        texts = await async_get_translations(self._hass, self._hass.config.language, "common", [DOMAIN])
        return {key.removeprefix(prefix): text for key, text in texts.items()}

    async def _root(self, words: Words) -> BrowseMediaSource:
        totals = await self._library.totals()
        lines = self._lines() | {RECOVERED_LINE_ID: words["recovered"]}
        shown = sorted(lines, key=lambda line_id: lines[line_id].casefold())
        if RECOVERED_LINE_ID not in totals:
            shown.remove(RECOVERED_LINE_ID)
        return _folder(
            None,
            self.name,
            [
                _folder(LineIdentifier(line_id), _counted(lines[line_id], totals.get(line_id, Total()).count))
                for line_id in shown
            ],
        )

    async def _line(self, line: LineIdentifier, words: Words) -> BrowseMediaSource:
        title = (self._lines() | {RECOVERED_LINE_ID: words["recovered"]})[line.line_id]
        days = await self._library.days(line.line_id, dt_util.get_default_time_zone())
        return _folder(
            line,
            _counted(title, sum(day.total.count for day in days)),
            [
                _folder(
                    DayIdentifier(line.line_id, day.date),
                    _counted(_day_title(day.date, words), day.total.count),
                )
                for day in days
            ],
        )

    async def _day(self, day: DayIdentifier, words: Words) -> BrowseMediaSource:
        self._look_for(day.line_id)
        clips = await self._library.clips(day.line_id, day.day, dt_util.get_default_time_zone())
        return _folder(
            day,
            _counted(_day_title(day.day, words), len(clips)),
            [_clip_item(clip, words) for clip in clips[:MAX_CLIPS]],
            children=MediaClass.MUSIC,
            not_shown=max(0, len(clips) - MAX_CLIPS),
        )

    async def _clip(self, identifier: ClipIdentifier) -> Clip:
        """Return a saved clip of a line there is, raising LookupError for anything else."""
        clip = await self._library.clip(identifier.clip_id)
        if clip is None or clip.state is not ClipState.SAVED:
            raise LookupError
        self._look_for(clip.line_id)
        return clip

    @property
    def _library(self) -> Library:
        if (library := self._hass.data.get(DATA_LIBRARY)) is None:
            raise LibraryClosedError
        return library

    def _lines(self) -> dict[str, str]:
        """Return the titles of all lines by their id."""
        entries = self._hass.config_entries.async_entries(
            DOMAIN, include_ignore=False, include_disabled=False
        )
        return {entry.entry_id: entry.title for entry in entries}

    def _look_for(self, line_id: str) -> None:
        """Raise LookupError if a line is gone; what was recovered is always there."""
        if line_id not in {*self._lines(), RECOVERED_LINE_ID}:
            raise LookupError


@contextmanager
def _translated(error: type[BrowseError | Unresolvable], not_found: str) -> Iterator[None]:
    """Raise what people are to read for what the library and the lookups raise."""
    try:
        yield
    except LibraryError as err:
        raise error(translation_domain=DOMAIN, translation_key=err.key) from err
    except (LookupError, ValueError) as err:
        raise error(translation_domain=DOMAIN, translation_key=not_found) from err


def _folder(
    identifier: Identifier | None,
    title: str,
    items: list[BrowseMediaSource] | None = None,
    *,
    children: MediaClass = MediaClass.DIRECTORY,
    not_shown: int = 0,
) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=None if identifier is None else str(identifier),
        media_class=MediaClass.DIRECTORY,
        media_content_type=CLIP_MIME_TYPE,
        title=title,
        can_play=False,
        can_expand=True,
        children=items,
        children_media_class=children,
        not_shown=not_shown,
    )


def _clip_item(clip: Clip, words: Words) -> BrowseMediaSource:
    start = dt_util.as_local(clip.started_at)
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=str(ClipIdentifier(clip.id)),
        media_class=MediaClass.MUSIC,
        media_content_type=CLIP_MIME_TYPE,
        title=f"{start:%H:%M} · {_party(clip, words)} · {_duration(clip.duration)}",
        can_play=True,
        can_expand=False,
    )


def _party(clip: Clip, words: Words) -> str:
    """Return who was at the other end, as well as it is known."""
    if clip.direction is None:
        return words["unknown_caller"]
    if clip.direction is Direction.OUTGOING:
        return clip.called or words["unknown_number"]
    return clip.caller_name or clip.caller or words["anonymous"]


def _counted(title: str, count: int) -> str:
    return f"{title} ({count})"


def _day_title(day: date, words: Words) -> str:
    today = dt_util.now().date()
    if day == today:
        return words["today"]
    if day == today - timedelta(days=1):
        return words["yesterday"]
    return f"{day:%A}, {day.day} {day:%B %Y}"


def _duration(seconds: float) -> str:
    """Return m:ss, or h:mm:ss from an hour on."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
