"""What happens with calls, as one event entity a line."""

from typing import override

from homeassistant.components.event import EventEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .entity import RingCentralEntity
from .models import CallEvent, CallEventType

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: RingCentralConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the event entity of a line."""
    async_add_entities([CallEventEntity(entry.runtime_data)])


class CallEventEntity(RingCentralEntity, EventEntity):
    """Fires for everything that happens with a call, each time with all attributes."""

    _attr_event_types = [event.value for event in CallEventType]

    def __init__(self, coordinator: RingCentralCoordinator) -> None:
        """Tell of the line of a coordinator."""
        super().__init__(coordinator, "call")

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the line's calls."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_listen_to_calls(self._async_handle_call))

    @callback
    def _async_handle_call(self, event: CallEvent) -> None:
        self._trigger_event(event.type, event.attributes(self.coordinator.config_entry.title))
        self.async_write_ha_state()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write nothing: only events change this entity."""
