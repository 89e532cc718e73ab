"""How folders and clips look in the media browser: their titles, and what can be done with them."""

from datetime import date, timedelta

from homeassistant.components.media_player.const import MediaClass
from homeassistant.components.media_source import BrowseMediaSource
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..library import Clip, Direction
from .addresses import CLIP_MIME_TYPE, mime_type, other_party, signed_picture_path
from .media_identifiers import ClipIdentifier, Identifier
from .wording import Words


def folder(
    identifier: Identifier | None,
    title: str,
    items: list[BrowseMediaSource] | None = None,
    *,
    children: MediaClass = MediaClass.DIRECTORY,
    not_shown: int = 0,
) -> BrowseMediaSource:
    """Return a folder, without an identifier that of all lines; `not_shown` is how many more items it has."""
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=None if identifier is None else str(identifier),
        media_class=MediaClass.DIRECTORY,
        media_content_type=CLIP_MIME_TYPE,
        title=title,
        can_play=False,
        can_expand=True,
        can_search=True,
        children=items,
        children_media_class=children,
        not_shown=not_shown,
    )


def clip_item(hass: HomeAssistant, clip: Clip, words: Words, *, dated: bool = False) -> BrowseMediaSource:
    """Return a clip to play; `dated` says the day as well, where it stands beside clips of other days."""
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=str(ClipIdentifier(clip.id)),
        media_class=MediaClass.MUSIC,
        media_content_type=mime_type(clip),
        title=clip_title(clip, words, dated=dated),
        can_play=True,
        can_expand=False,
        thumbnail=signed_picture_path(hass, clip),
    )


def clip_title(clip: Clip, words: Words, *, dated: bool) -> str:
    """Return when a clip began, who was at the other end and how long it lasts."""
    start = dt_util.as_local(clip.started_at)
    day = [day_title(start.date(), words)] if dated else []
    return " · ".join([*day, words.dates.clock(start), _party(clip, words), _duration(clip.duration)])


def picture_title(clip: Clip, words: Words) -> str:
    """Return what a clip's picture says to those who can't see it."""
    marks = {"missed": clip.missed, "unheard": not clip.heard}
    return " · ".join(
        [clip_title(clip, words, dated=True), *(words[mark] for mark, is_so in marks.items() if is_so)]
    )


def counted(title: str, count: int) -> str:
    """Return the title of a folder with how much is in it."""
    return f"{title} ({count})"


def caller_title(number: str | None, contact: str | None, name: str | None, words: Words) -> str:
    """Return who a caller is, as well as it is known; whoever has no number is one of the anonymous."""
    return words["anonymous"] if number is None else contact or name or number


def day_title(day: date, words: Words) -> str:
    """Return a day in words."""
    today = dt_util.now().date()
    if day == today:
        return words["today"]
    if day == today - timedelta(days=1):
        return words["yesterday"]
    return words.dates.day(day)


def _party(clip: Clip, words: Words) -> str:
    """Return who was at the other end, as well as it is known."""
    if clip.direction is None:
        return words["unknown_caller"]
    outgoing = clip.direction is Direction.OUTGOING
    return other_party(clip) or words["unknown_number" if outgoing else "anonymous"]


def _duration(seconds: float) -> str:
    """Return m:ss, or h:mm:ss from an hour on."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
