"""The action that lists a line's calls: which are asked for, and what is told of each."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any, Final

from homeassistant.core import ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..calls.call_actions import ATTR_NUMBER, CALL_SCHEMA, Response
from ..calls.call_filter import FILTERS, fits
from ..calls.call_sound import audio
from ..const import DOMAIN
from ..library import CallQuery, CallRecord, Clip, Direction, LibraryError
from ..lines import ATTR_REMOVED_LINE, async_line_or_removed
from ..models import TERMINAL
from ..people.callers import Callers
from .media_identifiers import clip_media_content_id

ATTR_CONTACT: Final = "contact"
ATTR_DIRECTION: Final = "direction"
ATTR_LIMIT: Final = "limit"
ATTR_OUTCOME: Final = "outcome"
ATTR_SINCE: Final = "since"


def moment(value: Any) -> datetime:
    """Return a moment in UTC; one without a zone is of the household's, a day alone begins it. Raises vol.Invalid."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    try:
        return dt_util.as_utc(cv.datetime(value))
    except OverflowError as error:
        raise vol.Invalid("this is before or after all time that there is") from error


CALLS_SCHEMA: Final = CALL_SCHEMA.extend(
    {
        vol.Optional(ATTR_DIRECTION): vol.Coerce(Direction),
        vol.Optional(ATTR_OUTCOME): vol.In(TERMINAL),
        vol.Optional(ATTR_NUMBER, default=[]): FILTERS[ATTR_NUMBER].validate,
        vol.Optional(ATTR_CONTACT): cv.string,
        vol.Optional(ATTR_SINCE): moment,
        vol.Optional(ATTR_REMOVED_LINE): cv.string,
        vol.Optional(ATTR_LIMIT, default=20): vol.All(vol.Coerce(int), vol.Range(1, 1000)),
    }
)


async def async_get_calls(action: ServiceCall) -> Response:
    """Tell the latest calls of a line, or of one that was removed, that are asked for."""
    line, line_id = await async_line_or_removed(action)
    data = action.data
    query = CallQuery(
        direction=data.get(ATTR_DIRECTION),
        outcome=data.get(ATTR_OUTCOME),
        since=data.get(ATTR_SINCE),
        of_number=number_filter(line.callers, data[ATTR_NUMBER], data.get(ATTR_CONTACT)),
    )
    try:
        calls = await line.library.calls(line_id, data[ATTR_LIMIT], query)
        clips = await line.library.clips_of_calls([call.id for call in calls])
    except LibraryError as error:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=error.key) from error
    return {
        "calls": [
            told(call, [clip for clip in clips if clip.call_id == call.id], line.callers) for call in calls
        ]
    }


def number_filter(callers: Callers, patterns: list[str], contact: str | None) -> Callable[[str], bool] | None:
    """Return what tells whether a number is asked for; None where any is."""
    name = contact.strip().casefold() if contact else ""
    if not patterns and not name:
        return None

    def meant(number: str) -> bool:
        ways = [way for way in (number, callers.formatted(number), callers.e164(number)) if way]
        if patterns and not any(fits(pattern, way) for pattern in patterns for way in ways):
            return False
        known = callers.contact(number) if name else None
        return not name or (known is not None and known.name.casefold() == name)

    return meant


def told(call: CallRecord, clips: Sequence[Clip], callers: Callers) -> Response:
    """Return what is told of a call and its clips."""
    return {
        "call_id": call.id,
        "direction": call.direction.value,
        "caller": call.caller,
        "caller_name": call.caller_name,
        "caller_formatted": callers.formatted(call.caller),
        "called": call.called,
        "called_formatted": callers.formatted(call.called),
        "started_at": call.started_at.isoformat(),
        "answered_at": call.answered_at.isoformat() if call.answered_at else None,
        "ended_at": call.ended_at.isoformat() if call.ended_at else None,
        "ring_duration": None if call.ring_seconds is None else round(call.ring_seconds, 1),
        "duration": None if call.duration is None else round(call.duration, 1),
        "outcome": call.outcome,
        "end_reason": call.end_reason,
        "audio": audio(call.media),
        "media_content_id": clip_media_content_id(clips[-1].id) if clips else None,
        "clips": [
            {
                "clip": clip.id,
                "media_content_id": clip_media_content_id(clip.id),
                "started_at": clip.started_at.isoformat(),
                "duration": round(clip.duration, 1),
                "consent": clip.consent.value if clip.consent else None,
            }
            for clip in clips
        ],
    }
