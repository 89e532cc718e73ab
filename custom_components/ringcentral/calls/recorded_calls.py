"""Records every call that is answered here, where a person has chosen that; the caller is told first."""

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import HomeAssistantError

from ..const import LOGGER
from ..coordinator import RingCentralCoordinator
from ..softphone import CallChanged, PhoneEvent
from .call_desk import ANSWERED, LiveCall
from .consent import async_make_ready
from .conversation import Conversation
from .recording_choice import recorded_anyway


@callback
def async_record_calls(line: RingCentralCoordinator) -> CALLBACK_TYPE:
    """Record the calls of a line from now on; returns what ends that."""
    # Each call twice: when it begins, and when it is answered.
    seen: set[tuple[str, bool]] = set()

    @callback
    def follow(event: PhoneEvent) -> None:
        seen.difference_update([known for known in seen if known[0] not in line.desk.calls])
        if not isinstance(event, CallChanged):
            return
        live, answered = line.desk.calls[event.call.call_id], event.call.state in ANSWERED
        if (live.call_id, answered) in seen:
            return
        seen.add((live.call_id, answered))
        if not recorded_anyway(line, live):
            return
        if answered:
            live.announcing = True
            line.async_work(_record(line, live), "announcement")
        else:
            line.async_work(async_make_ready(line), "announcement")

    return line.async_listen_to_phone(follow)


async def _record(line: RingCentralCoordinator, live: LiveCall) -> None:
    try:
        await Conversation(line, live).tell_and_record()
    except HomeAssistantError as error:
        LOGGER.error("A call is not recorded: %s", error)
