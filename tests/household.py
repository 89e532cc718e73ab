"""A household's automations: real ones, from YAML as a person writes it."""

from collections.abc import Mapping
from textwrap import dedent
from typing import Any, Final

from homeassistant.core import Context, HomeAssistant, ServiceCall, State
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml
from pytest_homeassistant_custom_component.common import async_mock_service

from .line import Line

CALL: Final = "event.reception_call"
REGISTERED: Final = "binary_sensor.reception_registered"


async def automate(hass: HomeAssistant, yaml: str) -> list[ServiceCall]:
    """Set an automation up, and return what its action `test.done` does."""
    done = async_mock_service(hass, "test", "done")
    automation = parse_yaml(dedent(yaml))
    assert isinstance(automation, dict)
    automation = {"alias": "example", "actions": [{"action": "test.done"}], **automation}
    assert await async_setup_component(hass, "automation", {"automation": automation})
    await hass.async_block_till_done()
    state = hass.states.get("automation.example")
    assert state is not None and state.state == "on", "the automation is not valid"
    return done


def device_of(hass: HomeAssistant, line: Line) -> str:
    """Return the id of a line's device."""
    [device] = dr.async_entries_for_config_entry(dr.async_get(hass), line.entry.entry_id)
    return device.id


def tell(hass: HomeAssistant, event_type: str, **attributes: Any) -> State:
    """Have the line's event entity tell something with these attributes beside the last ones."""
    last = hass.states.get(CALL)
    before: Mapping[str, Any] = last.attributes if last else {}
    hass.states.async_set(
        CALL,
        dt_util.utcnow().isoformat(timespec="microseconds"),
        {**before, "event_type": event_type, **attributes},
        context=Context(),
    )
    state = hass.states.get(CALL)
    assert state is not None
    return state
