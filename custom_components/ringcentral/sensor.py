"""Sensors of a line: its state, who called last, and when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .entity import RingCentralEntity
from .models import LastCall, LineSnapshot, call_attributes
from .softphone import CallState

PARALLEL_UPDATES = 0

ANONYMOUS = "Anonymous"


@dataclass(frozen=True, kw_only=True)
class LineSensorDescription(SensorEntityDescription):
    """What a sensor shows of a line."""

    value_fn: Callable[[LineSnapshot], str | datetime | None]
    attributes_fn: Callable[[LineSnapshot], Mapping[str, Any]] | None = None


def _last_caller(last: LastCall | None) -> str | None:
    return None if last is None else last.caller.name or last.caller.number or ANONYMOUS


SENSORS = (
    LineSensorDescription(
        key="call_state",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in CallState],
        value_fn=lambda line: line.state,
        attributes_fn=lambda line: call_attributes(line.current),
    ),
    LineSensorDescription(
        key="last_caller",
        value_fn=lambda line: _last_caller(line.last_call),
        attributes_fn=lambda line: {
            "call_id": line.last_call.call_id if line.last_call else None,
            "caller": line.last_call.caller.number if line.last_call else None,
            "caller_name": line.last_call.caller.name if line.last_call else None,
        },
    ),
    LineSensorDescription(
        key="last_call",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda line: line.last_call.started_at if line.last_call else None,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: RingCentralConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of a line."""
    async_add_entities(LineSensor(entry.runtime_data, description) for description in SENSORS)


class LineSensor(RingCentralEntity, SensorEntity):
    """One fact about a line."""

    entity_description: LineSensorDescription

    def __init__(self, coordinator: RingCentralCoordinator, description: LineSensorDescription) -> None:
        """Show what the description says."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> str | datetime | None:
        """The fact."""
        return self.entity_description.value_fn(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """What belongs to it."""
        attributes = self.entity_description.attributes_fn
        return attributes(self.coordinator.data) if attributes else None
