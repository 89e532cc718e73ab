"""What all entities of a line have in common."""

from collections.abc import Callable

from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .account.sources import Source
from .const import CONF_SOURCE, DOMAIN
from .coordinator import RingCentralCoordinator


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


@callback
def async_have_while(
    coordinator: RingCentralCoordinator,
    entity: tuple[Platform, str],
    *,
    wanted: Callable[[], bool],
    add: CALLBACK_TYPE,
) -> None:
    """Have a line's entity of this platform and key for as long as the line's contacts want it.

    One that isn't wanted any more is forgotten, so that nobody goes on looking at an entity that does nothing.
    """
    entry, (platform, key) = coordinator.config_entry, entity
    there = False

    @callback
    def contacts_changed() -> None:
        nonlocal there
        registry, before = er.async_get(coordinator.hass), there
        there = wanted()
        if there and not before:
            add()
        elif not there and (
            known := registry.async_get_entity_id(platform, DOMAIN, f"{entry.unique_id}_{key}")
        ):
            registry.async_remove(known)

    contacts_changed()
    entry.async_on_unload(coordinator.contacts.async_listen(contacts_changed))
