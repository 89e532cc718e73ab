"""What an automation may ask of a line: whether it rings, is in a call, and who calls."""

import abc
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Unpack, override

from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.condition import Condition, ConditionCheckParams, ConditionConfig
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .calls.call_desk import Wanted
from .const import DOMAIN
from .coordinator import RingCentralConfigEntry

_SCHEMA: Final = vol.Schema(
    {vol.Required(CONF_TARGET): cv.TARGET_FIELDS, vol.Required(CONF_OPTIONS, default={}): {}}
)


class LineCondition(Condition, abc.ABC):
    """Whether something holds for one or more of the lines that are meant; false for one that isn't running."""

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Return the target and no options; raises vol.Invalid."""
        validated: ConfigType = _SCHEMA(config)
        return validated

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Ask of the lines whose device or entities are the target."""
        super().__init__(hass, config)
        self._target = TargetSelection(config.target or {})

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        variables = kwargs.get("variables") or {}
        # Asked of the lines, not of the states: a second call that rings leaves a line talking.
        return any(self.holds(line, variables) for line in self._lines())

    def _lines(self) -> list[RingCentralConfigEntry]:
        selected = async_extract_referenced_entity_ids(
            self._hass, self._target, expand_group=False, primary_entities_only=False
        )
        registry = er.async_get(self._hass)
        entities = (
            registry.async_get(entity) for entity in selected.referenced | selected.indirectly_referenced
        )
        meant = {entity.config_entry_id for entity in entities if entity is not None}
        loaded: list[RingCentralConfigEntry] = self._hass.config_entries.async_loaded_entries(DOMAIN)
        return [line for line in loaded if line.entry_id in meant]

    @abc.abstractmethod
    def holds(self, line: RingCentralConfigEntry, variables: Mapping[str, Any]) -> bool:
        """Whether it holds for a line; the variables are those of the automation."""


class CallCondition(LineCondition):
    """Whether a line has a call of a kind, among all that it has."""

    _wanted: ClassVar[Wanted]

    @override
    def holds(self, line: RingCentralConfigEntry, variables: Mapping[str, Any]) -> bool:
        """Whether there is one."""
        return any(self._wanted.includes(call) for call in line.runtime_data.data.calls)


class IsRinging(CallCondition):
    """Somebody calls, and could be answered here."""

    _wanted = Wanted.RINGING


class IsInCall(CallCondition):
    """Somebody is on the phone, maybe on hold."""

    _wanted = Wanted.ANSWERED


class CallerCondition(LineCondition):
    """What is known about the caller of the call that started the automation, otherwise of the call there is now."""

    _attribute: ClassVar[str]

    @override
    def holds(self, line: RingCentralConfigEntry, variables: Mapping[str, Any]) -> bool:
        """Whether it is so; false without a call."""
        states = self._states(line)
        told = _told(variables, {state.entity_id for state in states})
        current = line.runtime_data.data.current
        call_id = told.get("call_id") or (current.call_id if current else None)
        if call_id is None:
            return False
        if self._attribute in told:
            return told[self._attribute] is True
        return any(
            state.attributes.get("call_id") == call_id and state.attributes.get(self._attribute) is True
            for state in states
        )

    def _states(self, line: RingCentralConfigEntry) -> list[State]:
        entities = er.async_entries_for_config_entry(er.async_get(self._hass), line.entry_id)
        states = (self._hass.states.get(entity.entity_id) for entity in entities)
        return [state for state in states if state is not None]


def _told(variables: Mapping[str, Any], entities: set[str]) -> Mapping[str, Any]:
    """Return the attributes of what triggered the automation, if that was one of these entities telling of a call."""
    trigger = variables.get("trigger")
    state = trigger.get("to_state") if isinstance(trigger, Mapping) else None
    if not isinstance(state, State) or state.entity_id not in entities or not state.attributes.get("call_id"):
        return {}
    return state.attributes


class CallerIsContact(CallerCondition):
    """The caller is among the contacts."""

    _attribute = "is_contact"


class CallerIsFavorite(CallerCondition):
    """The caller is one of the favourites."""

    _attribute = "is_favorite"


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "is_ringing": IsRinging,
    "is_in_call": IsInCall,
    "caller_is_contact": CallerIsContact,
    "caller_is_favorite": CallerIsFavorite,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions of lines."""
    return CONDITIONS
