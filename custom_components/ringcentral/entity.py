"""What all entities of a line have in common."""

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import CONF_SOURCE, DOMAIN
from .coordinator import RingCentralCoordinator
from .sources import Source


class RingCentralEntity(CoordinatorEntity[RingCentralCoordinator]):
    """An entity of a line's device."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: RingCentralCoordinator, key: str) -> None:
        """Belong to the coordinator's line, under a key that is also the entity's translation key."""
        super().__init__(coordinator)
        entry = coordinator.config_entry
        self._attr_translation_key = key
        self._attr_unique_id = f"{entry.unique_id}_{key}"
        self._attr_device_info = DeviceInfo(
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, str(entry.unique_id))},
            manufacturer=None if entry.data[CONF_SOURCE] == Source.SIP else "RingCentral",
            model="Telephone line",
            name=entry.title,
        )
