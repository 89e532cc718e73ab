"""What a person may switch on for a line: do not disturb, and the recording of calls."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_DO_NOT_DISTURB, CONF_RECORD_CALLS
from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .entity import RingCentralEntity

PARALLEL_UPDATES = 0

# The key is that of the line's option.
SWITCHES = (
    SwitchEntityDescription(key=CONF_DO_NOT_DISTURB),
    SwitchEntityDescription(key=CONF_RECORD_CALLS, entity_category=EntityCategory.CONFIG),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: RingCentralConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switches of a line."""
    async_add_entities(LineSwitch(entry.runtime_data, description) for description in SWITCHES)


class LineSwitch(RingCentralEntity, SwitchEntity):
    """One of the line's options, which outlive a restart; holds for the calls to come."""

    def __init__(self, coordinator: RingCentralCoordinator, description: SwitchEntityDescription) -> None:
        """Switch an option of the line of a coordinator."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    @override
    def is_on(self) -> bool:
        """Whether it is on."""
        return bool(self.coordinator.config_entry.options.get(self.entity_description.key, False))

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch it on."""
        self.coordinator.async_choose(self.entity_description.key, True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch it off."""
        self.coordinator.async_choose(self.entity_description.key, False)
