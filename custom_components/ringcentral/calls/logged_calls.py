"""Has the logbook tell of each call in a sentence, once it is over and its message filed."""

import asyncio
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID, Platform
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN
from ..coordinator import RingCentralCoordinator
from ..library import Clip
from ..models import TERMINAL, CallEvent, CallEventType
from ..softphone import Direction, EndReason

EVENT_CALL_OVER: Final = f"{DOMAIN}_call_over"
ATTR_NAME: Final = "name"
ATTR_WORDS: Final = "message"

_ANONYMOUS: Final = "Somebody without a number"
_IN_WORDS: Final = {
    CallEventType.MISSED: "called; nobody answered",
    CallEventType.DECLINED: "called and was turned away",
    CallEventType.BLOCKED: "called and was kept away",
}
# Of calls that were placed, and that nobody answered.
_UNANSWERED: Final = {
    EndReason.BUSY: "it was busy",
    EndReason.UNKNOWN_NUMBER: "there is no such number",
    EndReason.REFUSED: "it was refused",
    EndReason.NETWORK_ERROR: "the connection was lost",
}


@callback
def async_log_calls(line: RingCentralCoordinator) -> CALLBACK_TYPE:
    """Tell of the calls of a line from now on; returns what ends that."""

    @callback
    def follow(event: CallEvent) -> None:
        if event.type not in TERMINAL:
            return
        message = line.reception.machine.message(event.call.call_id)
        if message is None:
            _tell(line, event, _words(line, event))
        else:
            line.async_work(_tell_of_message(line, event, message), "logbook")

    return line.async_listen_to_calls(follow)


async def _tell_of_message(
    line: RingCentralCoordinator, event: CallEvent, message: asyncio.Future[Clip | None]
) -> None:
    clip = await message
    if clip is not None:
        _tell(line, event, f"called and left a message of {in_words(clip.duration)}")
    elif event.type is CallEventType.MISSED:
        _tell(line, event, "called and left no message")
    else:
        # It may have been left all the same, and be filed at the next start.
        _tell(line, event, "called; the answering machine answered")


@callback
def _tell(line: RingCentralCoordinator, event: CallEvent, words: str) -> None:
    entry, registry = line.config_entry, er.async_get(line.hass)
    entity_id = registry.async_get_entity_id(Platform.EVENT, DOMAIN, f"{entry.unique_id}_call")
    entity = registry.async_get(entity_id) if entity_id is not None else None
    if entity is None:
        return
    line.hass.bus.async_fire(
        EVENT_CALL_OVER,
        {
            ATTR_ENTITY_ID: entity.entity_id,
            ATTR_DEVICE_ID: entity.device_id,
            ATTR_NAME: _caller(event) if event.call.direction is Direction.INCOMING else entry.title,
            ATTR_WORDS: words,
        },
    )


def _caller(event: CallEvent) -> str:
    return event.call.caller.name or event.caller.formatted or _ANONYMOUS


def _words(line: RingCentralCoordinator, event: CallEvent) -> str:
    if event.call.direction is Direction.OUTGOING:
        return f"called {_called(line, event)}; {_talked(event)}"
    if event.type is not CallEventType.ENDED:
        return _IN_WORDS[event.type]
    if event.end_reason == EndReason.ANSWERED_ELSEWHERE:
        return "called; another phone answered"
    return f"called; {_talked(event)}"


def _called(line: RingCentralCoordinator, event: CallEvent) -> str:
    contact = line.callers.contact(event.call.called.number)
    return contact.name if contact is not None else event.caller.called_formatted or _ANONYMOUS


def _talked(event: CallEvent) -> str:
    if event.duration:
        return f"talked for {in_words(event.duration)}"
    return _UNANSWERED.get(EndReason(event.end_reason or EndReason.NO_ANSWER), "nobody answered")


def in_words(seconds: float) -> str:
    """Return a length as people say it: 42 s, 2 min 5 s, 1 h 2 min."""
    minutes, seconds = divmod(max(round(seconds), 1), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
