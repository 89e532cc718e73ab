"""What a person may set for a line: how long it rings, and how long a message may be."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_ANSWER_AFTER, CONF_LONGEST_MESSAGE, DEFAULT_ANSWER_AFTER, DEFAULT_LONGEST_MESSAGE
from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .entity import RingCentralEntity

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class LineNumberDescription(NumberEntityDescription):
    """An option of the line by its key, and what it is until somebody sets it."""

    default: int


# The same bounds as in the forms of the configuration flow.
NUMBERS = (
    LineNumberDescription(
        key=CONF_ANSWER_AFTER,
        native_min_value=0,
        native_max_value=120,
        native_step=1,
        default=DEFAULT_ANSWER_AFTER,
    ),
    LineNumberDescription(
        key=CONF_LONGEST_MESSAGE,
        native_min_value=10,
        native_max_value=900,
        native_step=10,
        default=DEFAULT_LONGEST_MESSAGE,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: RingCentralConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the numbers of a line."""
    async_add_entities(LineNumber(entry.runtime_data, description) for description in NUMBERS)


class LineNumber(RingCentralEntity, NumberEntity):
    """One of the line's options, which outlive a restart; holds for the calls to come."""

    _attr_device_class = NumberDeviceClass.DURATION
    _attr_entity_category = EntityCategory.CONFIG
    _attr_mode = NumberMode.BOX
    _attr_native_unit_of_measurement = UnitOfTime.SECONDS
    entity_description: LineNumberDescription

    def __init__(self, coordinator: RingCentralCoordinator, description: LineNumberDescription) -> None:
        """Set an option of the line of a coordinator."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> float:
        """The option."""
        description = self.entity_description
        value: float = self.coordinator.config_entry.options.get(description.key, description.default)
        return value

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set it."""
        self.coordinator.async_choose(self.entity_description.key, int(value))
