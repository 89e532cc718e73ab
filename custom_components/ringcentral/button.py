"""What a person may press: the test of the line."""

from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_TEST_NUMBER
from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .entity import RingCentralEntity
from .line_test import async_test_line

PARALLEL_UPDATES = 1


async def async_setup_entry(
    hass: HomeAssistant, entry: RingCentralConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the button of a line."""
    async_add_entities([TestLineButton(entry.runtime_data)])


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
