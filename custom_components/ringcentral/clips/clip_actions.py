"""The actions on recordings: which are asked for, what is told of each, and what becomes of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
import re
from typing import Any, Final

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..calls.call_actions import ATTR_NUMBER, CALL_SCHEMA, Response
from ..calls.call_filter import FILTERS
from ..const import DOMAIN
from ..coordinator import RingCentralConfigEntry, RingCentralCoordinator
from ..library import (
    Clip,
    ClipInUseError,
    ClipNotFoundError,
    ClipQuery,
    ClipState,
    Folder,
    LibraryError,
    Page,
)
from ..lines import ATTR_REMOVED_LINE, async_line_of_clip, async_line_or_removed
from ..models import BLOCKED, LastCall
from ..people.callers import Callers
from ..people.contacts import canonical
from ..people.numbering import Numbering
from .call_log import ATTR_CONTACT, ATTR_LIMIT, ATTR_SINCE, moment, number_filter
from .links import LONGEST, SHORTEST, USUAL, Address, link
from .mailbox import async_delete_there
from .media_identifiers import clip_media_content_id
from .transcripts import async_write_down, summing_up

ATTR_ADDRESS: Final = "address"
ATTR_AT_RINGCENTRAL: Final = "at_ringcentral"
ATTR_CLIP: Final = "clip"
ATTR_ENGINE: Final = "engine"
ATTR_FAVORITE: Final = "favorite"
ATTR_FOLDER: Final = "folder"
ATTR_HEARD: Final = "heard"
ATTR_LANGUAGE: Final = "language"
ATTR_OFFSET: Final = "offset"
ATTR_TEXT: Final = "text"
ATTR_UNTIL: Final = "until"
ATTR_VALID_FOR: Final = "valid_for"

_CLIP_ID: Final = re.compile(rf"(?:{re.escape(clip_media_content_id(''))})?([0-9a-f]{{32}})")
# More than any library holds, and still a number to SQLite.
_FURTHEST: Final = 1_000_000_000


def clip_id(value: Any) -> str:
    """Return the id of a clip that was given by its id or its media content id; raises vol.Invalid."""
    if (found := _CLIP_ID.fullmatch(cv.string(value).strip().lower())) is None:
        raise vol.Invalid(
            "a recording is named by its clip or its media_content_id, as ringcentral.get_clips lists them"
        )
    return found[1]


CLIPS_SCHEMA: Final = CALL_SCHEMA.extend(
    {
        vol.Optional(ATTR_FOLDER, default=Folder.ALL.value): vol.Coerce(Folder),
        vol.Optional(ATTR_NUMBER, default=[]): FILTERS[ATTR_NUMBER].validate,
        vol.Optional(ATTR_CONTACT): cv.string,
        vol.Optional(ATTR_SINCE): moment,
        vol.Optional(ATTR_TEXT, default=""): vol.All(cv.string, vol.Strip),
        vol.Optional(ATTR_REMOVED_LINE): cv.string,
        vol.Optional(ATTR_LIMIT, default=20): vol.All(vol.Coerce(int), vol.Range(1, 1000)),
        vol.Optional(ATTR_OFFSET, default=0): vol.All(vol.Coerce(int), vol.Range(0, _FURTHEST)),
    }
)
CLIP_SCHEMA: Final = CALL_SCHEMA.extend({vol.Required(ATTR_CLIP): clip_id})
FAVORITE_SCHEMA: Final = CLIP_SCHEMA.extend({vol.Optional(ATTR_FAVORITE, default=True): cv.boolean})
HEARD_SCHEMA: Final = CLIP_SCHEMA.extend({vol.Optional(ATTR_HEARD, default=True): cv.boolean})
CLIP_URL_SCHEMA: Final = CLIP_SCHEMA.extend(
    {
        vol.Optional(ATTR_VALID_FOR, default=USUAL): vol.All(cv.time_period, vol.Range(SHORTEST, LONGEST)),
        vol.Optional(ATTR_ADDRESS): vol.Coerce(Address),
    }
)
TRANSCRIBE_SCHEMA: Final = CLIP_SCHEMA.extend(
    {
        vol.Optional(ATTR_ENGINE): cv.entity_domain("stt"),
        vol.Optional(ATTR_LANGUAGE): vol.All(cv.string, vol.Length(min=1)),
    }
)
DELETE_SCHEMA: Final = CLIP_SCHEMA.extend({vol.Optional(ATTR_AT_RINGCENTRAL, default=False): cv.boolean})
FORGET_SCHEMA: Final = vol.Schema({vol.Required(ATTR_NUMBER): vol.All(cv.string, vol.Length(min=1))})


async def async_get_clips(action: ServiceCall) -> Response:
    """Tell the latest recordings of a line that are asked for, and how many of them there are."""
    line, line_id = await async_line_or_removed(action)
    with _translated():
        page = await async_find(line, line_id, action.data, action.data[ATTR_LIMIT], action.data[ATTR_OFFSET])
    return {"clips": [told(clip, line.callers) for clip in page.items], "count": page.count}


async def async_find(
    line: RingCentralCoordinator, line_id: str, data: Mapping[str, Any], limit: int, offset: int
) -> Page[Clip]:
    """Return the recordings that an action's data asks for; raises LibraryError."""
    query = ClipQuery(
        folder=data[ATTR_FOLDER],
        since=data.get(ATTR_SINCE),
        until=data.get(ATTR_UNTIL),
        of_number=number_filter(line.callers, data[ATTR_NUMBER], data.get(ATTR_CONTACT)),
    )
    if text := data[ATTR_TEXT]:
        return await line.library.search([line_id], text, limit, offset, query)
    return await line.library.browse([line_id], query, limit, offset)


async def async_set_favorite(action: ServiceCall) -> None:
    """Make a recording a favorite, or no longer one."""
    with _translated():
        line, clip = await _async_meant(action)
        await line.library.set_favorite(clip, action.data[ATTR_FAVORITE])
    line.async_look_up()


async def async_mark_heard(action: ServiceCall) -> None:
    """Note that somebody has listened to a recording, or is to do so again."""
    with _translated():
        line, clip = await _async_meant(action)
        await line.library.mark_heard(clip, action.data[ATTR_HEARD])
    line.async_look_up()


async def async_clip_url(action: ServiceCall) -> Response:
    """Make a link to a recording that leads there for a while, and tell of it; raises where that isn't allowed."""
    with _translated():
        line, meant = await _async_meant(action)
        clip = await line.library.clip(meant)
        if clip is None or clip.state is not ClipState.SAVED:
            raise ClipNotFoundError
    return link(action.hass, clip, action.data[ATTR_VALID_FOR], action.data.get(ATTR_ADDRESS))


async def async_transcribe(action: ServiceCall) -> Response:
    """Write down what is said in a recording, and tell it."""
    with _translated():
        line, clip_id = await _async_meant(action)
        clip = await line.library.clip(clip_id)
    if clip is None or clip.state is not ClipState.SAVED:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="clip_not_saved")
    choices = line.choices
    if (engine := action.data.get(ATTR_ENGINE, choices.speech_to_text)) is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="stt_not_chosen")
    language = action.data.get(ATTR_LANGUAGE, choices.transcript_language)
    with _translated():
        written = await async_write_down(line, clip, engine, language, summing_up(line))
    return {
        "clip": written.id,
        "transcript": written.transcript,
        "summary": written.summary,
        "language": written.language,
    }


async def async_delete_clip(action: ServiceCall) -> None:
    """Delete a recording for good, in RingCentral's mailbox as well if that is asked for."""
    with _translated():
        line, clip = await _async_meant(action)
        if action.data[ATTR_AT_RINGCENTRAL]:
            # First, so that what can't be done there can be tried again.
            await async_delete_there(line, clip)
        await line.library.delete_clip(clip)
    line.async_look_up()


async def _async_show_nothing_of_it(line: RingCentralCoordinator) -> None:
    """Show who called before, where the last caller was forgotten; raises LibraryError."""
    shown = line.data.last_call
    before = LastCall.of(await line.library.last_call(line.config_entry.entry_id, without=BLOCKED))
    forgotten = shown is not None and (before is None or before.started_at < shown.started_at)
    # A call that has come meanwhile is shown already.
    if forgotten and line.data.last_call is shown:
        line.async_set_updated_data(replace(line.data, last_call=before))


async def async_forget_number(action: ServiceCall) -> Response:
    """Delete all calls and recordings of a number, of all lines, and tell how many there were.

    Raises ServiceValidationError where it isn't one number, HomeAssistantError where files stayed behind.
    """
    hass = action.hass
    entries: list[RingCentralConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    if not entries:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_line")
    if not (spellings := await hass.async_add_executor_job(_spellings, hass, action.data[ATTR_NUMBER])):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="number_not_forgettable")
    try:
        with _translated():
            gone = await entries[0].runtime_data.library.forget(spellings)
    finally:
        for entry in entries:
            entry.runtime_data.async_look_up()
            with suppress(LibraryError):
                await _async_show_nothing_of_it(entry.runtime_data)
    if gone.left:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="files_not_deleted",
            translation_placeholders={"files": str(gone.left)},
        )
    return {"clips": gone.count, "calls": gone.calls}


async def _async_meant(action: ServiceCall) -> tuple[RingCentralCoordinator, str]:
    """Return the line an action is for and the id of its clip; raises ClipNotFoundError where it isn't the line's."""
    line, clip = await async_line_of_clip(action, action.data[ATTR_CLIP])
    if clip is None:
        raise ClipNotFoundError
    return line, clip.id


@contextmanager
def _translated() -> Iterator[None]:
    """Raise what people are to read for what the library raises."""
    try:
        yield
    except (ClipInUseError, ClipNotFoundError) as error:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key=error.key) from error
    except LibraryError as error:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=error.key) from error


def _spellings(hass: HomeAssistant, number: str) -> set[str]:
    """Return how exchanges may have written a number; nothing for what isn't one number."""
    numbering = Numbering(hass.config.country)
    key = canonical(number, numbering)
    if key is None or key.endswith("*"):
        return set()
    return {number.strip(), key, numbering.formatted(key), *numbering.with_exit_code(key)}


def told(clip: Clip, callers: Callers) -> Response:
    """Return what is told of a recording."""
    return {
        "clip": clip.id,
        "media_content_id": clip_media_content_id(clip.id),
        "call_id": clip.call_id,
        "started_at": clip.started_at.isoformat(),
        "duration": round(clip.duration, 1),
        "size": clip.size,
        "kind": clip.kind.value,
        "direction": clip.direction.value if clip.direction else None,
        "caller": clip.caller,
        "caller_name": clip.caller_name,
        "caller_formatted": callers.formatted(clip.caller),
        "called": clip.called,
        "called_formatted": callers.formatted(clip.called),
        "favorite": clip.favorite,
        "heard": clip.heard,
        "transcript": clip.transcript,
        "consent": clip.consent.value if clip.consent else None,
        "summary": clip.summary,
        "language": clip.language,
    }
