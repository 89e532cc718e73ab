"""Whether the line is registered, so that calls can come in."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .entity import RingCentralEntity

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: RingCentralConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensor of a line."""
    async_add_entities([RegisteredSensor(entry.runtime_data)])


class RegisteredSensor(RingCentralEntity, BinarySensorEntity):
    """Whether the server knows where to ring us."""

    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, coordinator: RingCentralCoordinator) -> None:
        """Watch the line of a coordinator."""
        super().__init__(coordinator, "registered")

    @property
    @override
    def is_on(self) -> bool:
        """Whether it does."""
        return self.coordinator.data.registered
