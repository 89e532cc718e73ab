"""What happens with calls, as one event entity a line, and its doorbell where a door station calls."""

from typing import override

from homeassistant.components.event import EventEntity
from homeassistant.components.event.const import DoorbellEventType, EventDeviceClass
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .entity import RingCentralEntity, async_have_while
from .models import CallEvent, CallEventType

PARALLEL_UPDATES = 0

DOORBELL = "doorbell"


async def async_setup_entry(
    hass: HomeAssistant, entry: RingCentralConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the event entity of a line, and its doorbell for as long as a contact is a door station."""
    coordinator = entry.runtime_data
    async_add_entities([CallEventEntity(coordinator)])
    async_have_while(
        coordinator,
        (Platform.EVENT, DOORBELL),
        wanted=lambda: coordinator.callers.has_door_station,
        add=lambda: async_add_entities([DoorbellEntity(coordinator)]),
    )


class CallEventEntity(RingCentralEntity, EventEntity):
    """Fires for everything that happens with a call, each time with all attributes."""

    _attr_event_types = [event.value for event in CallEventType]
    # A key may be part of a PIN, and recordings and what was said in them are deleted long before Home Assistant's history.
    _unrecorded_attributes = frozenset({"clip", "digit", "media_content_id", "summary", "transcript"})

    def __init__(self, coordinator: RingCentralCoordinator, key: str = "call") -> None:
        """Tell of the line of a coordinator."""
        super().__init__(coordinator, key)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the line's calls."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_listen_to_calls(self._async_handle_call))

    @callback
    def _async_handle_call(self, event: CallEvent) -> None:
        self._fire(event.type, event)

    def _fire(self, event_type: str, event: CallEvent) -> None:
        self._trigger_event(event_type, event.attributes(self.coordinator.config_entry.title))
        self.async_write_ha_state()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write nothing: only events change this entity."""


class DoorbellEntity(CallEventEntity):
    """Rings when a door station calls."""

    _attr_device_class = EventDeviceClass.DOORBELL
    _attr_event_types = [DoorbellEventType.RING.value]

    def __init__(self, coordinator: RingCentralCoordinator) -> None:
        """Ring for the line of a coordinator."""
        super().__init__(coordinator, DOORBELL)

    @callback
    @override
    def _async_handle_call(self, event: CallEvent) -> None:
        contact = event.caller.contact
        if event.type is CallEventType.INCOMING and contact is not None and contact.door_station:
            self._fire(DoorbellEventType.RING, event)
