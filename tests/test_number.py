from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.ringcentral.flows.config_forms import CALLS_FORM
from custom_components.ringcentral.number import NUMBERS

from .line import LISTENER, Line


async def set_to(line: Line, number: str, value: float) -> None:
    await line.hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": f"number.reception_{number}", "value": value},
        blocking=True,
    )


@pytest.mark.parametrize("platforms", [[Platform.NUMBER]], ids=["number"])
async def test_the_entities_are_registered_under_the_line(
    hass: HomeAssistant, line: Line, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, line.entry.entry_id)


async def test_what_is_set_outlives_a_reload(line: Line) -> None:
    await set_to(line, "longest_message", 300)
    assert line.entry.options["longest_message"] == 300

    await line.reload()

    assert line.state("number", "longest_message").state == "300"


async def test_the_seconds_before_answering_hold_for_the_next_call(machine: Line) -> None:
    await set_to(machine, "seconds_before_answering", 100)
    call = await machine.call(LISTENER)
    assert machine.kinds == ["incoming"]

    await set_to(machine, "seconds_before_answering", 0)
    assert call.answers == 0
    await machine.call()
    await machine.told("answered")


async def test_a_line_without_options_has_what_the_form_suggests(hass: HomeAssistant, line: Line) -> None:
    hass.config_entries.async_update_entry(line.entry, options={})
    await line.reload()

    suggested = CALLS_FORM({"answer_mode": "only_tell"})
    assert {number.key: number.default for number in NUMBERS} == {
        key: suggested[key] for key in ("answer_after", "longest_message")
    }
    assert line.state("number", "longest_message").state == str(suggested["longest_message"])


@pytest.mark.parametrize("value", [-1, 121])
async def test_what_makes_no_sense_is_not_accepted(line: Line, value: int) -> None:
    with pytest.raises(ServiceValidationError):
        await set_to(line, "seconds_before_answering", value)
