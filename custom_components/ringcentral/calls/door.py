"""Opens a door: presses the keys of the door station that calls."""

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..const import DOMAIN
from ..coordinator import RingCentralCoordinator
from ..people.contacts import Contact
from ..softphone import CallState
from .call_desk import LiveCall, Wanted
from .conversation import Conversation


async def async_open_door(line: RingCentralCoordinator) -> None:
    """Press the opening keys of the door station that is talked to, else of the one that rings.

    One that rings is answered for it, and hung up on; one that is talked to goes on being talked to. Raises
    ServiceValidationError where there is no such call, HomeAssistantError where the keys could not be pressed.
    """
    live, keys = _calling(line)
    conversation = Conversation(line, live)
    if live.answered:
        opened = await conversation.press(keys)
    else:
        opened = await conversation.answer() and await _open_and_hang_up(conversation, keys)
    if not opened:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="door_not_opened")


async def _open_and_hang_up(conversation: Conversation, keys: str) -> bool:
    try:
        return await conversation.press(keys)
    finally:
        # Nobody at the door is left on a silent line.
        conversation.hang_up()
        await conversation.live.until_over()


def _calling(line: RingCentralCoordinator) -> tuple[LiveCall, str]:
    """Return the call that is meant, and the keys for its door; never one of several doors."""
    stations = [
        (live, contact) for live in line.desk.noticed if (contact := _station(line, live)) is not None
    ]
    talking = [(live, contact) for live, contact in stations if live.answered]
    match talking or stations:
        case []:
            raise _refusal("no_door_station_calls")
        case [(live, contact)]:
            if not contact.opening_keys:
                raise _refusal("no_opening_keys")
            return live, contact.opening_keys
        case _:
            raise _refusal("several_door_stations")


def _station(line: RingCentralCoordinator, live: LiveCall) -> Contact | None:
    """Return the door station whose call it is, if keys can be pressed in it: not on hold."""
    contact = line.callers.of(live.call_id).contact
    reached = live.call.state is CallState.TALKING or Wanted.RINGING.includes(live.call)
    return contact if reached and contact is not None and contact.door_station else None


def _refusal(key: str) -> ServiceValidationError:
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=key)
