"""What happens when somebody calls, for automations and the dashboard to choose."""

from typing import override

from homeassistant.components.select import SelectEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_ANSWER_MODE, AnswerMode
from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .entity import RingCentralEntity

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: RingCentralConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the select of a line."""
    async_add_entities([AnswerModeSelect(entry.runtime_data)])


class AnswerModeSelect(RingCentralEntity, SelectEntity):
    """The answer mode; kept in the line's options, so it survives a restart."""

    _attr_entity_category = EntityCategory.CONFIG
    _attr_options = [mode.value for mode in AnswerMode]

    def __init__(self, coordinator: RingCentralCoordinator) -> None:
        """Choose for the line of a coordinator."""
        super().__init__(coordinator, "answer_mode")

    @property
    @override
    def current_option(self) -> str:
        """The mode as it is."""
        return self.coordinator.choices.answer_mode

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose a mode for the calls to come."""
        self.coordinator.async_choose(CONF_ANSWER_MODE, option)
