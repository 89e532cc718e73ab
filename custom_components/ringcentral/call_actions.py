"""The actions on calls: what each asks for, does, and responds with."""

from typing import Any, Final

from homeassistant.const import ATTR_AREA_ID, ATTR_DEVICE_ID, ATTR_ENTITY_ID, ATTR_FLOOR_ID, ATTR_LABEL_ID
from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .call_desk import Wanted
from .conversation import LONGEST_RECORDING, Conversation
from .lines import async_line
from .media_source import clip_media_content_id
from .voice import Media, Speech, louder

ATTR_CALL_ID: Final = "call_id"
ATTR_ENGINE: Final = "tts_engine"
ATTR_HANG_UP: Final = "hang_up"
ATTR_LANGUAGE: Final = "language"
ATTR_LONGEST: Final = "longest"
ATTR_MEDIA: Final = "media"
ATTR_MESSAGE: Final = "message"
ATTR_RECORD: Final = "record"
ATTR_REPEAT: Final = "repeat"
ATTR_VOICE: Final = "voice"
ATTR_VOLUME: Final = "volume"

type Fields = dict[vol.Marker, Any]
type Response = dict[str, Any]

_CALL: Final[Fields] = {
    vol.Optional(ATTR_CALL_ID): cv.string,
    **{
        vol.Optional(key): vol.Any(None, [cv.string], cv.string)
        for key in (ATTR_ENTITY_ID, ATTR_DEVICE_ID, ATTR_AREA_ID, ATTR_FLOOR_ID, ATTR_LABEL_ID)
    },
}


def _content_id(media: Any) -> str:
    """Return what a media selector, or whoever writes YAML by hand, calls the media."""
    return cv.string(media.get("media_content_id") if isinstance(media, dict) else media)


_SOUND: Final[Fields] = {
    vol.Exclusive(ATTR_MESSAGE, "sound"): cv.string,
    vol.Exclusive(ATTR_MEDIA, "sound"): _content_id,
    vol.Optional(ATTR_ENGINE): cv.entity_id,
    vol.Optional(ATTR_LANGUAGE): cv.string,
    vol.Optional(ATTR_VOICE): cv.string,
    vol.Optional(ATTR_VOLUME, default=100): vol.All(vol.Coerce(float), vol.Range(0, 400)),
}

CALL_SCHEMA: Final = vol.Schema(_CALL)
ANSWER_SCHEMA: Final = vol.Schema(
    {
        **_CALL,
        **_SOUND,
        vol.Optional(ATTR_RECORD, default=False): cv.boolean,
        vol.Optional(ATTR_HANG_UP, default=False): cv.boolean,
    }
)
PLAY_SCHEMA: Final = vol.All(
    cv.has_at_least_one_key(ATTR_MESSAGE, ATTR_MEDIA),
    vol.Schema(
        {
            **_CALL,
            **_SOUND,
            vol.Optional(ATTR_REPEAT, default=1): vol.All(vol.Coerce(int), vol.Range(1, 100)),
        }
    ),
)
RECORD_SCHEMA: Final = vol.Schema(
    {
        **_CALL,
        vol.Optional(ATTR_LONGEST, default=LONGEST_RECORDING): vol.All(
            vol.Coerce(float), vol.Range(1, LONGEST_RECORDING)
        ),
    }
)


async def async_answer(action: ServiceCall) -> Response:
    """Answer a call that rings; then record, speak and hang up as asked for."""
    conversation = await _conversation(action, Wanted.RINGING)
    # Before it is answered: nobody is to wait for an engine, or hear nothing where that fails.
    sound = await _sound(action)
    answered = await conversation.answer()
    completed = None
    if answered and action.data[ATTR_RECORD]:
        await conversation.record()
    if answered and sound is not None:
        completed = await conversation.play(sound)
    if action.data[ATTR_HANG_UP]:
        conversation.hang_up()
        await conversation.live.until_over()
    return {"answered": answered, "completed": completed, **conversation.outcome}


async def async_hang_up(action: ServiceCall) -> Response:
    """End a call; one that rings here is declined."""
    conversation = await _conversation(action, Wanted.ANY)
    conversation.hang_up()
    await conversation.live.until_over()
    return conversation.outcome


async def async_play(action: ServiceCall) -> Response:
    """Speak or play something to who is on the line, and wait until it was heard."""
    conversation = await _conversation(action, Wanted.ANSWERED)
    sound = await _sound(action)
    assert sound is not None
    completed = not conversation.live.over and await conversation.play(sound, action.data[ATTR_REPEAT])
    return {"completed": completed, **conversation.outcome}


async def async_stop(action: ServiceCall) -> None:
    """Play no more."""
    (await _conversation(action, Wanted.ANSWERED)).stop()


async def async_start_recording(action: ServiceCall) -> None:
    """Record who is on the line."""
    await (await _conversation(action, Wanted.ANSWERED)).record(action.data[ATTR_LONGEST])


async def async_stop_recording(action: ServiceCall) -> Response:
    """End the recording and respond with its clip."""
    clip = await (await _conversation(action, Wanted.ANSWERED)).stop_recording()
    return {
        "clip": clip.id if clip else None,
        "media_content_id": clip_media_content_id(clip.id) if clip else None,
        "duration": round(clip.duration, 1) if clip else 0.0,
    }


async def _conversation(action: ServiceCall, wanted: Wanted) -> Conversation:
    call_id = action.data.get(ATTR_CALL_ID)
    line = await async_line(action, call_id)
    return Conversation(line, line.desk.find(wanted, call_id))


async def _sound(action: ServiceCall) -> bytes | None:
    """Return what is to be said; None where nothing is."""
    data = action.data
    if ATTR_MESSAGE in data:
        what: Speech | Media = Speech(
            data[ATTR_MESSAGE], data.get(ATTR_ENGINE), data.get(ATTR_LANGUAGE), data.get(ATTR_VOICE)
        )
    elif ATTR_MEDIA in data:
        what = Media(data[ATTR_MEDIA])
    else:
        return None
    line = await async_line(action, data.get(ATTR_CALL_ID))
    return louder(await line.voice.render(what), data[ATTR_VOLUME] / 100)
