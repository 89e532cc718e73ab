"""Sensors of a line: its state, who called last, and how the line itself fares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .clips.media_identifiers import clip_media_content_id
from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .entity import RingCentralEntity
from .health import LineStatus
from .library import CallRecord, Clip
from .models import OUTCOMES, LastCall, LineSnapshot, LineTest
from .softphone import CallState

PARALLEL_UPDATES = 0

# Shown by its text in the translations: a state may have one whatever else the others are.
ANONYMOUS = "anonymous"


@dataclass(frozen=True, kw_only=True)
class LineSensorDescription(SensorEntityDescription):
    """What a sensor shows of a line."""

    value_fn: Callable[[LineSnapshot], str | int | datetime | None]
    attributes_fn: Callable[[LineSnapshot], Mapping[str, Any]] | None = None
    moves_with_refreshes: bool = False


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _last_caller(last: LastCall | None) -> str | None:
    return None if last is None else last.caller.name or last.caller.number or ANONYMOUS


def _tested(test: LineTest | None) -> Mapping[str, Any]:
    return {
        "tested_at": test.at.isoformat() if test else None,
        "round_trip_ms": round(test.round_trip_ms) if test else None,
        "packets_sent": test.packets_sent if test else None,
        "packets_received": test.packets_received if test else None,
        "packets_lost": test.packets_lost if test else None,
    }


def _missed(call: CallRecord) -> Mapping[str, Any]:
    return {
        "call_id": call.id,
        "caller": call.caller,
        "caller_name": call.caller_name,
        "started_at": call.started_at.isoformat(),
    }


def _clip(clip: Clip | None) -> Mapping[str, Any]:
    return {
        "media_content_id": clip_media_content_id(clip.id) if clip else None,
        "duration": round(clip.duration, 1) if clip else None,
        "caller": clip.caller if clip else None,
        "caller_name": clip.caller_name if clip else None,
        "transcript": clip.transcript if clip else None,
        "summary": clip.summary if clip else None,
    }


SENSORS = (
    LineSensorDescription(
        key="call_state",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in CallState],
        value_fn=lambda line: line.state,
        attributes_fn=lambda line: line.current_attributes,
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
    LineSensorDescription(
        key="missed_calls",
        value_fn=lambda line: line.missed.count,
        attributes_fn=lambda line: {"latest": [_missed(call) for call in line.missed.latest]},
    ),
    LineSensorDescription(
        key="last_clip",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda line: line.last_clip.started_at if line.last_clip else None,
        attributes_fn=lambda line: _clip(line.last_clip),
    ),
    LineSensorDescription(
        key="line_status",
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=[status.value for status in LineStatus],
        value_fn=lambda line: line.health.status,
        attributes_fn=lambda line: {
            "since": _iso(line.health.since),
            "next_try": _iso(line.health.next_try),
        },
    ),
    LineSensorDescription(
        key="last_test",
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=[*OUTCOMES],
        value_fn=lambda line: line.last_test.outcome if line.last_test else None,
        attributes_fn=lambda line: _tested(line.last_test),
    ),
    LineSensorDescription(
        key="registration_expires",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda line: line.health.expires,
        moves_with_refreshes=True,
    ),
    LineSensorDescription(
        key="round_trip",
        device_class=SensorDeviceClass.DURATION,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda line: line.health.round_trip,
        moves_with_refreshes=True,
    ),
    LineSensorDescription(
        key="reconnects",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda line: line.health.reconnects,
    ),
    LineSensorDescription(
        key="proxy",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda line: line.proxy,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: RingCentralConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of a line."""
    async_add_entities(LineSensor(entry.runtime_data, description) for description in SENSORS)


class LineSensor(RingCentralEntity, SensorEntity):
    """One fact about a line."""

    # Recordings, and what was said in them, are deleted long before Home Assistant's history.
    _unrecorded_attributes = frozenset({"latest", "media_content_id", "next_try", "summary", "transcript"})
    entity_description: LineSensorDescription

    def __init__(self, coordinator: RingCentralCoordinator, description: LineSensorDescription) -> None:
        """Show what the description says."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the line."""
        await super().async_added_to_hass()
        if self.entity_description.moves_with_refreshes:
            self.async_on_remove(self.coordinator.async_listen_to_refreshes(self.async_write_ha_state))

    @property
    @override
    def native_value(self) -> str | int | datetime | None:
        """The fact."""
        return self.entity_description.value_fn(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """What belongs to it."""
        attributes = self.entity_description.attributes_fn
        return attributes(self.coordinator.data) if attributes else None
