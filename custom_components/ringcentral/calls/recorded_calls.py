"""Records every call that is answered here, where a person has chosen that; the caller is told first."""

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import HomeAssistantError

from ..const import LOGGER
from ..coordinator import RingCentralCoordinator
from ..softphone import CallChanged, PhoneEvent
from .call_desk import ANSWERED, LiveCall
from .conversation import Conversation
from .recording_choice import recorded_anyway


@callback
def async_record_calls(line: RingCentralCoordinator) -> CALLBACK_TYPE:
    """Record the calls of a line from now on; returns what ends that."""
    seen: set[str] = set()

    @callback
    def follow(event: PhoneEvent) -> None:
        seen.intersection_update(line.desk.calls)
        match event:
            case CallChanged(call) if call.state in ANSWERED and call.call_id not in seen:
                seen.add(call.call_id)
                live = line.desk.calls[call.call_id]
                if recorded_anyway(line, live):
                    live.announcing = True
                    line.async_work(_record(line, live), "announcement")

    return line.async_listen_to_phone(follow)


async def _record(line: RingCentralCoordinator, live: LiveCall) -> None:
    try:
        await Conversation(line, live).tell_and_record()
    except HomeAssistantError as error:
        LOGGER.error("A call is not recorded: %s", error)
