"""The actions on calls: what each asks for, does, and responds with."""

import hmac
from typing import Any, Final

from homeassistant.const import ATTR_AREA_ID, ATTR_DEVICE_ID, ATTR_ENTITY_ID, ATTR_FLOOR_ID, ATTR_LABEL_ID
from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..clips.media_identifiers import clip_media_content_id
from ..lines import async_line
from ..softphone import Decline, EndReason
from ..softphone.media import KeyWay
from .call_desk import Wanted
from .call_out import CallOut, Errand
from .conversation import LONGEST_RECORDING, Conversation, Digits
from .voice import Media, Speech, louder

ATTR_ANNOUNCE: Final = "announce"
ATTR_AT_ONCE: Final = "at_once"
ATTR_CALL_ID: Final = "call_id"
ATTR_CONFIRM: Final = "confirm_digit"
ATTR_COUNT: Final = "digits"
ATTR_DTMF: Final = "dtmf"
ATTR_DURATION: Final = "duration"
ATTR_ENGINE: Final = "tts_engine"
ATTR_GAP: Final = "gap"
ATTR_HANG_UP: Final = "hang_up"
ATTR_LANGUAGE: Final = "language"
ATTR_LONGEST: Final = "longest"
ATTR_MEDIA: Final = "media"
ATTR_MESSAGE: Final = "message"
ATTR_NUMBER: Final = "number"
ATTR_NUMBERS: Final = "numbers"
ATTR_PIN: Final = "pin"
ATTR_RECORD: Final = "record"
ATTR_REPEAT: Final = "repeat"
ATTR_RETRIES: Final = "retries"
ATTR_RING_FOR: Final = "ring_timeout"
ATTR_TERMINATOR: Final = "terminator"
ATTR_TIMEOUT: Final = "timeout"
ATTR_TO: Final = "to"
ATTR_VOICE: Final = "voice"
ATTR_VOLUME: Final = "volume"
ATTR_WAY: Final = "way"

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

_KEYS: Final = vol.All(cv.string, vol.Match(r"^[0-9A-Da-d*#,]{1,64}$"), vol.Upper)

CALL_SCHEMA: Final = vol.Schema(_CALL)
ANSWER_SCHEMA: Final = vol.Schema(
    {
        **_CALL,
        **_SOUND,
        vol.Optional(ATTR_RECORD, default=False): cv.boolean,
        vol.Optional(ATTR_ANNOUNCE, default=True): cv.boolean,
        vol.Optional(ATTR_DTMF): _KEYS,
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
        vol.Optional(ATTR_ANNOUNCE, default=True): cv.boolean,
    }
)

DECLINE_SCHEMA: Final = vol.Schema(
    {**_CALL, vol.Optional(ATTR_TO, default=Decline.BUSY.value): vol.In(list(Decline))}
)
DTMF_SCHEMA: Final = vol.Schema(
    {
        **_CALL,
        vol.Required(ATTR_DTMF): _KEYS,
        vol.Optional(ATTR_DURATION, default=0.1): vol.All(vol.Coerce(float), vol.Range(0.04, 8)),
        vol.Optional(ATTR_GAP, default=0.1): vol.All(vol.Coerce(float), vol.Range(0.04, 8)),
        vol.Optional(ATTR_WAY, default=KeyWay.AUTO.value): vol.Coerce(KeyWay),
    }
)
TRANSFER_SCHEMA: Final = vol.Schema(
    {**_CALL, vol.Required(ATTR_NUMBER): vol.All(cv.string, vol.Length(min=1))}
)
COLLECT_SCHEMA: Final = vol.Schema(
    {
        **_CALL,
        **_SOUND,
        vol.Exclusive(ATTR_COUNT, "digits"): vol.All(vol.Coerce(int), vol.Range(1, 32)),
        vol.Exclusive(ATTR_PIN, "digits"): vol.All(cv.string, vol.Match(r"^[0-9]{3,32}$")),
        vol.Optional(ATTR_TERMINATOR, default="#"): vol.In(["", "#", "*"]),
        vol.Optional(ATTR_TIMEOUT, default=10): vol.All(vol.Coerce(float), vol.Range(1, 120)),
        vol.Optional(ATTR_RETRIES, default=2): vol.All(vol.Coerce(int), vol.Range(0, 9)),
    }
)
DIAL_SCHEMA: Final = vol.Schema(
    {
        **_CALL,
        **_SOUND,
        vol.Required(ATTR_NUMBERS): vol.All(cv.ensure_list_csv, [cv.string], vol.Length(1, 20)),
        vol.Optional(ATTR_AT_ONCE, default=False): cv.boolean,
        vol.Optional(ATTR_RING_FOR, default=25): vol.All(vol.Coerce(float), vol.Range(5, 180)),
        vol.Optional(ATTR_CONFIRM, default=""): vol.In(["", *"0123456789*#"]),
        vol.Optional(ATTR_REPEAT, default=3): vol.All(vol.Coerce(int), vol.Range(1, 20)),
        vol.Optional(ATTR_HANG_UP, default=True): cv.boolean,
    }
)


async def async_answer(action: ServiceCall) -> Response:
    """Answer a call that rings; then record, speak and hang up as asked for."""
    conversation = await _conversation(action, Wanted.RINGING)
    # Before it is answered: nobody is to wait for an engine, or hear nothing where that fails.
    sound = await _sound(action)
    answered = await conversation.answer()
    completed = sent = None
    try:
        if answered and action.data[ATTR_RECORD]:
            await conversation.record_if_chosen(announce=action.data[ATTR_ANNOUNCE])
        if answered and sound is not None:
            completed = await conversation.play(sound)
        if answered and ATTR_DTMF in action.data and not conversation.live.over:
            sent = await conversation.press(action.data[ATTR_DTMF])
    finally:
        # Nobody is left on a silent line where something fails. Whoever else has answered it goes on talking.
        if answered and action.data[ATTR_HANG_UP]:
            conversation.hang_up()
            await conversation.live.until_over()
    return {"answered": answered, "completed": completed, "dtmf_sent": sent, **conversation.outcome}


async def async_decline(action: ServiceCall) -> Response:
    """Turn a call down that rings."""
    conversation = await _conversation(action, Wanted.RINGING)
    conversation.decline(Decline(action.data[ATTR_TO]))
    await conversation.live.until_over()
    return conversation.outcome


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


async def async_start_recording(action: ServiceCall) -> Response:
    """Record who is on the line, once told; respond with what came of that."""
    conversation = await _conversation(action, Wanted.ANSWERED)
    consent = await conversation.record(action.data[ATTR_LONGEST], announce=action.data[ATTR_ANNOUNCE])
    return {
        "recording": consent is not None,
        "consent": consent.value if consent is not None else None,
        **conversation.outcome,
    }


async def async_stop_recording(action: ServiceCall) -> Response:
    """End the recording and respond with its clip."""
    clip = await (await _conversation(action, Wanted.ANSWERED)).stop_recording()
    return {
        "clip": clip.id if clip else None,
        "media_content_id": clip_media_content_id(clip.id) if clip else None,
        "duration": round(clip.duration, 1) if clip else 0.0,
    }


async def async_send_dtmf(action: ServiceCall) -> Response:
    """Press keys for the person on the phone, or the machine."""
    conversation = await _conversation(action, Wanted.ANSWERED)
    data = action.data
    sent = await conversation.press(
        data[ATTR_DTMF], duration=data[ATTR_DURATION], gap=data[ATTR_GAP], way=data[ATTR_WAY]
    )
    return {"sent": sent, **conversation.outcome}


async def async_hold(action: ServiceCall) -> Response:
    """Have the other side wait."""
    conversation = await _conversation(action, Wanted.ANSWERED)
    return {"agreed": await conversation.hold(True), **conversation.outcome}


async def async_unhold(action: ServiceCall) -> Response:
    """Take a call up again that waits."""
    conversation = await _conversation(action, Wanted.ANSWERED)
    return {"agreed": await conversation.hold(False), **conversation.outcome}


async def async_transfer(action: ServiceCall) -> Response:
    """Hand a call on to another number."""
    conversation = await _conversation(action, Wanted.ANSWERED)
    result = await conversation.transfer(action.data[ATTR_NUMBER])
    return {"transferred": result is EndReason.TRANSFERRED, "result": result.value, **conversation.outcome}


async def async_collect_digits(action: ServiceCall) -> Response:
    """Ask for digits, again where they are missing or wrong; a PIN is compared here and told to nobody."""
    conversation = await _conversation(action, Wanted.ANSWERED)
    data = action.data
    prompt = await _sound(action) or b""
    pin = data.get(ATTR_PIN)
    wanted = Digits(len(pin) if pin else data.get(ATTR_COUNT), data[ATTR_TERMINATOR], data[ATTR_TIMEOUT])
    digits, attempts = None, 0
    while attempts <= data[ATTR_RETRIES] and not conversation.live.over:
        attempts += 1
        digits = await conversation.collect(wanted, prompt)
        if digits is not None and (pin is None or hmac.compare_digest(digits.encode(), pin.encode())):
            break
    told = {"digits": digits} if pin is None else {"correct": _is(digits, pin)}
    return {**told, "attempts": attempts, **conversation.outcome}


def _is(digits: str | None, pin: str) -> bool:
    return digits is not None and hmac.compare_digest(digits.encode(), pin.encode())


async def async_dial(action: ServiceCall) -> Response:
    """Call people until one has answered, and confirmed where that is asked for."""
    data = action.data
    line = await async_line(action)
    errand = Errand(
        await _sound(action) or b"",
        data[ATTR_REPEAT],
        data[ATTR_CONFIRM],
        data[ATTR_RING_FOR],
        data[ATTR_HANG_UP],
    )
    out = CallOut(line, errand)
    called = out.all_at_once if data[ATTR_AT_ONCE] else out.in_turn
    return (await called(data[ATTR_NUMBERS])).as_dict()


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
