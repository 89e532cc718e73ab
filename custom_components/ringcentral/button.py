"""What a person may press: answer, decline, hang up, and the test of the line."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .call_desk import Wanted
from .const import CONF_SEEN, CONF_TEST_NUMBER
from .conversation import Conversation
from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .entity import RingCentralEntity
from .line_test import async_test_line

PARALLEL_UPDATES = 1


async def async_setup_entry(
    hass: HomeAssistant, entry: RingCentralConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the button of a line."""
    async_add_entities(
        [
            *(CallButton(entry.runtime_data, description) for description in BUTTONS),
            MarkCallsAsSeenButton(entry.runtime_data),
            TestLineButton(entry.runtime_data),
        ]
    )


@dataclass(frozen=True, kw_only=True)
class CallButtonDescription(ButtonEntityDescription):
    """Which call a button is for, and what becomes of it."""

    wanted: Wanted
    press: Callable[[Conversation], Awaitable[object] | None]


BUTTONS = (
    CallButtonDescription(key="answer", wanted=Wanted.RINGING, press=Conversation.answer),
    CallButtonDescription(key="decline", wanted=Wanted.RINGING, press=Conversation.hang_up),
    CallButtonDescription(key="hang_up", wanted=Wanted.UNDERWAY, press=Conversation.hang_up),
)


class CallButton(RingCentralEntity, ButtonEntity):
    """Does something with the call there is; of several with the one that is talked in."""

    entity_description: CallButtonDescription

    def __init__(self, coordinator: RingCentralCoordinator, description: CallButtonDescription) -> None:
        """Act on the line of a coordinator."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @override
    async def async_press(self) -> None:
        """Act; raises ServiceValidationError where there is no such call."""
        description, line = self.entity_description, self.coordinator
        done = description.press(Conversation(line, line.desk.find(description.wanted)))
        if done is not None:
            await done


class MarkCallsAsSeenButton(RingCentralEntity, ButtonEntity):
    """Has the missed calls counted from now on."""

    def __init__(self, coordinator: RingCentralCoordinator) -> None:
        """Count for the line of a coordinator."""
        super().__init__(coordinator, "mark_calls_as_seen")

    @override
    async def async_press(self) -> None:
        """Keep this moment, and count anew."""
        self.coordinator.async_choose(CONF_SEEN, dt_util.utcnow().isoformat())
        self.coordinator.async_look_up()


class TestLineButton(RingCentralEntity, ButtonEntity):
    """Asks the server whether it knows the line, and calls the test number where one is set.

    What was found is the state of the sensor beside it.
    """

    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, coordinator: RingCentralCoordinator) -> None:
        """Test the line of a coordinator."""
        super().__init__(coordinator, "test_line")

    @override
    async def async_press(self) -> None:
        """Test the line."""
        number = self.coordinator.config_entry.options.get(CONF_TEST_NUMBER)
        await async_test_line(self.coordinator, number)
