"""What a person may switch on for a line: do not disturb, and the recording of calls."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_DO_NOT_DISTURB, CONF_RECORDING, RecordingMode
from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .entity import RingCentralEntity

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: RingCentralConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switches of a line."""
    async_add_entities([DoNotDisturbSwitch(entry.runtime_data), RecordCallsSwitch(entry.runtime_data)])


class DoNotDisturbSwitch(RingCentralEntity, SwitchEntity):
    """One of the line's options, which outlive a restart; holds for the calls to come."""

    def __init__(self, coordinator: RingCentralCoordinator) -> None:
        """Switch an option of the line of a coordinator."""
        super().__init__(coordinator, "do_not_disturb")

    @property
    @override
    def is_on(self) -> bool:
        """Whether it is on."""
        return self.coordinator.choices.do_not_disturb

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch it on."""
        self.coordinator.async_choose(CONF_DO_NOT_DISTURB, True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch it off."""
        self.coordinator.async_choose(CONF_DO_NOT_DISTURB, False)


class RecordCallsSwitch(RingCentralEntity, SwitchEntity):
    """Whether all calls that come in are recorded: a shorter way to the choice of what is."""

    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, coordinator: RingCentralCoordinator) -> None:
        """Switch for the line of a coordinator."""
        super().__init__(coordinator, "record_calls")

    @property
    @override
    def is_on(self) -> bool:
        """Whether it is on."""
        return self.coordinator.choices.recording is RecordingMode.INCOMING

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Record the calls to come."""
        self.coordinator.async_choose(CONF_RECORDING, RecordingMode.INCOMING.value)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Record calls only when asked; less than that stays as it is chosen."""
        if self.is_on:
            self.coordinator.async_choose(CONF_RECORDING, RecordingMode.ON_DEMAND.value)
