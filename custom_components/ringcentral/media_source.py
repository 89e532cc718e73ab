"""The clips in the media browser: a folder a line, in it what people look for, in that the clips."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import batched
from typing import Final, override

from homeassistant.components.media_player.browse_media import SearchMedia, SearchMediaQuery
from homeassistant.components.media_player.const import MediaClass
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .clips.addresses import mime_type, sound_path
from .clips.media_identifiers import (
    CallerIdentifier,
    ClipIdentifier,
    DayIdentifier,
    Identifier,
    LineIdentifier,
    Section,
    SectionIdentifier,
    parse_identifier,
)
from .clips.media_items import caller_title, clip_item, counted, day_title, folder
from .clips.removed_lines import removed_lines
from .clips.wording import Words, async_words
from .const import DATA_LIBRARY, DOMAIN
from .library import (
    RECOVERED_LINE_ID,
    Clip,
    ClipQuery,
    ClipState,
    Direction,
    Folder,
    Library,
    LibraryClosedError,
    LibraryError,
    Page,
    Period,
    Total,
    bounds,
    midnight,
)

MAX_CLIPS: Final = 200
"""Clips shown of one folder or search; who has more than that won't scroll through them."""
AT_ONCE: Final = 25
"""Clips prepared before others get their turn."""
MAX_FOLDERS: Final = 1000
"""Callers or days shown; nearly three years of days."""

_FOLDERS: Final = {
    Section.UNHEARD: Folder.UNHEARD,
    Section.VOICEMAIL: Folder.VOICEMAIL,
    Section.MISSED: Folder.MISSED,
    Section.FAVORITES: Folder.FAVORITES,
}
_PERIODS: Final = {
    Section.TODAY: Period.TODAY,
    Section.YESTERDAY: Period.YESTERDAY,
    Section.THIS_WEEK: Period.WEEK,
}
_ONE_DAY: Final = {Section.TODAY, Section.YESTERDAY}


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """Set up the media source of the clips."""
    return ClipMediaSource(hass)


class ClipMediaSource(MediaSource):
    """Lists the saved clips of the lines there are, and of those that were removed and have left some.

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
            return PlayMedia(sound_path(clip), mime_type(clip), path=clip.path)

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Return a folder with what is in it, or a clip."""
        words = await async_words(self._hass)
        with _translated(BrowseError, "folder_not_found"):
            if not item.identifier:
                return await self._root(words)
            identifier = parse_identifier(item.identifier)
            if isinstance(identifier, ClipIdentifier):
                return clip_item(self._hass, await self._clip(identifier), words)
            self._look_for(identifier.line_id)
            match identifier:
                case LineIdentifier():
                    return await self._line(identifier, words)
                case SectionIdentifier(section=Section.BY_CALLER):
                    return await self._callers(identifier, words)
                case SectionIdentifier(section=Section.BY_DAY):
                    return await self._days(identifier, words)
                case SectionIdentifier():
                    return await self._section(identifier, words)
                case CallerIdentifier():
                    return await self._caller(identifier, words)
                case day:
                    return await self._day(day, words)

    @override
    async def async_search_media(self, item: MediaSourceItem, query: SearchMediaQuery) -> SearchMedia:
        """Return the clips in which every word is found: of all lines, within a line's folder of that line."""
        words = await async_words(self._hass)
        with _translated(BrowseError, "folder_not_found"):
            line_ids = await self._searched(item.identifier)
            if query.media_filter_classes and MediaClass.MUSIC not in query.media_filter_classes:
                return SearchMedia(result=[])
            found = await self._library.search(line_ids, query.search_query, MAX_CLIPS)
            return SearchMedia(result=await self._items(found.items, words, dated=True))

    async def _searched(self, value: str) -> set[str]:
        """Return the lines to search from an identifier, raising LookupError or ValueError as for browsing."""
        if not value:
            return self._line_ids()
        identifier = parse_identifier(value)
        if isinstance(identifier, ClipIdentifier):
            return {(await self._clip(identifier)).line_id}
        self._look_for(identifier.line_id)
        return {identifier.line_id}

    async def _root(self, words: Words) -> BrowseMediaSource:
        totals = await self._library.totals()
        lines = self._titles(words)
        # What is no line any more is shown as long as something is left of it.
        there = [line_id for line_id in lines if line_id in totals or line_id in self._lines()]
        shown = sorted(there, key=lambda line_id: lines[line_id].casefold())
        return folder(
            None,
            self.name,
            [
                folder(LineIdentifier(line_id), counted(lines[line_id], totals.get(line_id, Total()).count))
                for line_id in shown
            ],
        )

    async def _line(self, line: LineIdentifier, words: Words) -> BrowseMediaSource:
        title = self._titles(words)[line.line_id]
        total = await self._library.browse([line.line_id], ClipQuery(), limit=0)
        counts = {section: await self._count(line.line_id, section) for section in Section}
        return folder(
            line,
            counted(title, total.count),
            [
                folder(SectionIdentifier(line.line_id, section), counted(words[section], count))
                for section, count in counts.items()
                if count
            ],
        )

    async def _count(self, line_id: str, section: Section) -> int:
        """Return how many items a section has: clips, callers or days."""
        match section:
            case Section.BY_CALLER:
                return (await self._library.callers([line_id], limit=0)).count
            case Section.BY_DAY:
                return len(await self._library.days(line_id, dt_util.get_default_time_zone()))
            case _:
                return (await self._library.browse([line_id], _query(section), limit=0)).count

    async def _section(self, identifier: SectionIdentifier, words: Words) -> BrowseMediaSource:
        section = identifier.section
        page = await self._library.browse([identifier.line_id], _query(section), MAX_CLIPS)
        return await self._clips(identifier, words[section], page, words, dated=section not in _ONE_DAY)

    async def _callers(self, identifier: SectionIdentifier, words: Words) -> BrowseMediaSource:
        line_id = identifier.line_id
        page = await self._library.callers([line_id], MAX_FOLDERS)
        return folder(
            identifier,
            counted(words[identifier.section], page.count),
            [
                folder(
                    CallerIdentifier(line_id, caller.number),
                    counted(caller_title(caller.number, caller.contact, caller.name, words), caller.count),
                )
                for caller in page.items
            ],
            not_shown=page.count - len(page.items),
        )

    async def _caller(self, caller: CallerIdentifier, words: Words) -> BrowseMediaSource:
        query = ClipQuery(other=caller.number, anonymous=caller.number is None)
        page = await self._library.browse([caller.line_id], query, MAX_CLIPS)
        if not page.items:
            raise LookupError
        latest = page.items[0]
        # Of a call from here the name is that of the line.
        name = latest.caller_name if latest.direction is Direction.INCOMING else None
        title = caller_title(caller.number, latest.contact, name, words)
        return await self._clips(caller, title, page, words, dated=True)

    async def _days(self, identifier: SectionIdentifier, words: Words) -> BrowseMediaSource:
        line_id = identifier.line_id
        days = await self._library.days(line_id, dt_util.get_default_time_zone())
        return folder(
            identifier,
            counted(words[identifier.section], len(days)),
            [
                folder(DayIdentifier(line_id, day.date), counted(day_title(day.date, words), day.total.count))
                for day in days[:MAX_FOLDERS]
            ],
            not_shown=max(0, len(days) - MAX_FOLDERS),
        )

    async def _day(self, identifier: DayIdentifier, words: Words) -> BrowseMediaSource:
        day, zone = identifier.day, dt_util.get_default_time_zone()
        query = ClipQuery(since=midnight(day, zone), until=midnight(day + timedelta(days=1), zone))
        page = await self._library.browse([identifier.line_id], query, MAX_CLIPS)
        return await self._clips(identifier, day_title(day, words), page, words)

    async def _clips(
        self, identifier: Identifier, title: str, page: Page[Clip], words: Words, *, dated: bool = False
    ) -> BrowseMediaSource:
        """Return a folder of clips; `dated` if they are of several days."""
        return folder(
            identifier,
            counted(title, page.count),
            await self._items(page.items, words, dated=dated),
            children=MediaClass.MUSIC,
            not_shown=page.count - len(page.items),
        )

    async def _items(
        self, clips: Iterable[Clip], words: Words, *, dated: bool = False
    ) -> list[BrowseMediaSource]:
        """Return clips to play. Each has a signed address in it, and a folder full of those takes a while to make."""
        items: list[BrowseMediaSource] = []
        for some in batched(clips, AT_ONCE, strict=False):
            items += [clip_item(self._hass, clip, words, dated=dated) for clip in some]
            await asyncio.sleep(0)
        return items

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

    def _line_ids(self) -> set[str]:
        return {*self._lines(), *removed_lines(self._hass), RECOVERED_LINE_ID}

    def _titles(self, words: Words) -> dict[str, str]:
        """Return the titles of all folders by their line's id: lines, those that were removed, and what was recovered."""
        removed = {
            line_id: words["removed_line"].format(line=line.name)
            for line_id, line in removed_lines(self._hass).items()
        }
        return removed | self._lines() | {RECOVERED_LINE_ID: words["recovered"]}

    def _look_for(self, line_id: str) -> None:
        """Raise LookupError if a line is gone and has left nothing; what was recovered is always there."""
        if line_id not in self._line_ids():
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


def _query(section: Section) -> ClipQuery:
    """Return which clips a section has, one that isn't divided any further."""
    if section in _FOLDERS:
        return ClipQuery(_FOLDERS[section])
    since, until = bounds(_PERIODS[section], dt_util.utcnow(), dt_util.get_default_time_zone())
    return ClipQuery(since=since, until=until)
