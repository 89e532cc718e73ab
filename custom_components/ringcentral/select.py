"""What happens when somebody calls, and what is recorded, for automations and the dashboard to choose."""

from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_ANSWER_MODE, CONF_RECORDING, AnswerMode, RecordingMode
from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .entity import RingCentralEntity

PARALLEL_UPDATES = 0

# The key is that of the line's option, and of its choice.
SELECTS = (
    SelectEntityDescription(
        key=CONF_ANSWER_MODE,
        entity_category=EntityCategory.CONFIG,
        options=[mode.value for mode in AnswerMode],
    ),
    SelectEntityDescription(
        key=CONF_RECORDING,
        entity_category=EntityCategory.CONFIG,
        options=[mode.value for mode in RecordingMode],
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: RingCentralConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the selects of a line."""
    async_add_entities(LineSelect(entry.runtime_data, description) for description in SELECTS)


class LineSelect(RingCentralEntity, SelectEntity):
    """One of the line's choices; kept in its options, so it survives a restart."""

    def __init__(self, coordinator: RingCentralCoordinator, description: SelectEntityDescription) -> None:
        """Choose for the line of a coordinator."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    @override
    def current_option(self) -> str:
        """What is chosen."""
        return str(getattr(self.coordinator.choices, self.entity_description.key))

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose for the calls to come."""
        self.coordinator.async_choose(self.entity_description.key, option)
