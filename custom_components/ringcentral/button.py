"""What a person may press: answer, decline, hang up, open the door, and the test of the line."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .calls.call_desk import Wanted
from .calls.conversation import Conversation
from .calls.door import async_open_door
from .calls.line_test import async_test_line
from .const import CONF_SEEN, CONF_TEST_NUMBER
from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .entity import RingCentralEntity, async_have_while

PARALLEL_UPDATES = 1

OPEN_DOOR = "open_door"


async def async_setup_entry(
    hass: HomeAssistant, entry: RingCentralConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons of a line; that of its door for as long as a contact is a door station with opening keys."""
    coordinator = entry.runtime_data
    async_add_entities(
        [
            *(CallButton(coordinator, description) for description in BUTTONS),
            MarkCallsAsSeenButton(coordinator),
            TestLineButton(coordinator),
        ]
    )
    async_have_while(
        coordinator,
        (Platform.BUTTON, OPEN_DOOR),
        wanted=lambda: coordinator.callers.has_door_that_opens,
        add=lambda: async_add_entities([OpenDoorButton(coordinator)]),
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


class OpenDoorButton(RingCentralEntity, ButtonEntity):
    """Opens the door at which somebody has rung."""

    def __init__(self, coordinator: RingCentralCoordinator) -> None:
        """Open for the line of a coordinator."""
        super().__init__(coordinator, OPEN_DOOR)

    @override
    async def async_press(self) -> None:
        """Press the keys of the door station that calls; raises HomeAssistantError where the door stays shut."""
        await async_open_door(self.coordinator)


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
