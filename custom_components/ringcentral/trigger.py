"""What starts an automation: something happened with a call, or a line went or came back."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final, override

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.event import ATTR_EVENT_TYPES, DOMAIN as EVENT_DOMAIN, EventEntityStateAttribute
from homeassistant.const import CONF_FOR, CONF_OPTIONS, STATE_OFF, STATE_ON, EntityStateAttribute, Platform
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, State, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    EntityTransitionTriggerBase,
    EntityTriggerBase,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
import voluptuous as vol

from .calls.call_filter import FILTERS
from .const import DOMAIN
from .models import CallEventType

# A line that reconnects is mostly back within seconds.
SHORTEST_OUTAGE: Final = timedelta(minutes=1)

# What an event's state says beside the call.
_NOT_OF_THE_CALL: Final = frozenset({ATTR_EVENT_TYPES, *EventEntityStateAttribute, *EntityStateAttribute})


def _schema_of(*filters: str) -> vol.Schema:
    options = {vol.Optional(name): FILTERS[name].validate for name in filters}
    return ENTITY_STATE_TRIGGER_SCHEMA.extend({vol.Required(CONF_OPTIONS, default={}): options})


class LineTrigger(EntityTriggerBase):
    """A trigger of our lines' entities and of no others."""

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Leave out what isn't ours."""
        registry = er.async_get(self._hass)
        return {
            entity_id
            for entity_id in super().entity_filter(entities)
            if (entry := registry.async_get(entity_id)) and entry.platform == DOMAIN
        }


class CallTrigger(LineTrigger, StatelessEntityTriggerBase):
    """Something happened with a call; `trigger` has every attribute of the event beside the states."""

    _domain_specs: Mapping[str, DomainSpec] = {EVENT_DOMAIN: DomainSpec()}
    _event_types: ClassVar[frozenset[str]]

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Whether that is what happened, with a call that the options are for."""
        return state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) in self._event_types and all(
            FILTERS[name].lets_through(wanted, state.attributes) for name, wanted in self._options.items()
        )

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Run the action with the call."""

        @callback
        def run_with_call(
            extra_trigger_payload: dict[str, Any], description: str, context: Context | None = None
        ) -> asyncio.Task[Any]:
            call = _call(extra_trigger_payload["to_state"])
            return run_action({**call, **extra_trigger_payload}, description, context)

        return await super().async_attach_runner(run_with_call, did_not_trigger)


def _call(state: State) -> dict[str, Any]:
    return {name: value for name, value in state.attributes.items() if name not in _NOT_OF_THE_CALL}


class CallStartedRinging(CallTrigger):
    """Somebody calls."""

    _event_types = frozenset({CallEventType.INCOMING})
    _schema = _schema_of("number", "callers")


class CallAnswered(CallTrigger):
    """A call was answered, here or by whom we called."""

    _event_types = frozenset({CallEventType.ANSWERED})
    _schema = _schema_of("number", "callers", "direction")


class CallMissed(CallTrigger):
    """A call ended that nobody took."""

    _event_types = frozenset({CallEventType.MISSED})
    _schema = _schema_of("number", "callers")


class CallEnded(CallTrigger):
    """A call is over, whatever became of it; comes once for each."""

    _event_types = frozenset({CallEventType.MISSED, CallEventType.DECLINED, CallEventType.ENDED})
    _schema = _schema_of("number", "callers", "direction")


class KeyPressed(CallTrigger):
    """The other side pressed a key."""

    _event_types = frozenset({"dtmf"})
    _schema = _schema_of("key", "number", "callers", "direction")


class MessageLeft(CallTrigger):
    """A caller has left a message on the answering machine."""

    _event_types = frozenset({CallEventType.VOICEMAIL})
    _schema = _schema_of("number", "callers")


class Transcribed(CallTrigger):
    """What was said in a recording is there in writing."""

    _event_types = frozenset({CallEventType.TRANSCRIBED})
    _schema = _schema_of("number", "callers", "direction")

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Whether anything was understood."""
        return bool(state.attributes.get("transcript")) and super().is_valid_state(
            state, report_not_triggered
        )


class RegistrationTrigger(LineTrigger, EntityTransitionTriggerBase):
    """A line lost its registration or has it again."""

    _domain_specs: Mapping[str, DomainSpec] = {
        Platform.BINARY_SENSOR: DomainSpec(device_class=BinarySensorDeviceClass.CONNECTIVITY)
    }
    _primary_entities_only = False
    _schema = ENTITY_STATE_TRIGGER_SCHEMA.extend(
        {
            vol.Required(CONF_OPTIONS, default={}): {
                vol.Required(CONF_FOR, default=SHORTEST_OUTAGE): cv.positive_time_period
            }
        }
    )


class LineLost(RegistrationTrigger):
    """A line was lost and didn't come back in time."""

    _from_states = {STATE_ON}
    _to_states = {STATE_OFF}


class LineRestored(RegistrationTrigger):
    """A line is back that was away for so long."""

    _from_states = {STATE_OFF}
    _to_states = {STATE_ON}

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Tell of it at once: the time is that of the outage."""
        super().__init__(hass, config)
        self._outage: timedelta = self._options[CONF_FOR]
        self._duration = None

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Whether the line came back, and was away for long enough."""
        away = to_state.last_changed - from_state.last_changed
        return super().is_valid_transition(from_state, to_state) and away >= self._outage


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "call_started_ringing": CallStartedRinging,
    "call_answered": CallAnswered,
    "call_missed": CallMissed,
    "call_ended": CallEnded,
    "key_pressed": KeyPressed,
    "message_left": MessageLeft,
    "transcribed": Transcribed,
    "line_lost": LineLost,
    "line_restored": LineRestored,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of lines."""
    return TRIGGERS
