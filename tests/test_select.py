from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from .line import Line


async def choose(line: Line, option: str) -> None:
    await line.hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": "select.reception_answer_mode", "option": option},
        blocking=True,
    )


@pytest.mark.parametrize("platforms", [[Platform.SELECT]], ids=["select"])
async def test_the_entity_is_registered_under_the_line(
    hass: HomeAssistant, line: Line, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, line.entry.entry_id)


async def test_a_choice_is_kept_and_does_not_disturb_the_line(line: Line) -> None:
    before = line.entry.runtime_data

    await choose(line, "answering_machine")
    await line.hass.async_block_till_done()

    assert line.state("select", "answer_mode").state == "answering_machine"
    assert dict(line.entry.options) == {
        "recording": "on_demand",
        "answer_mode": "answering_machine",
        "answer_after": 20,
        "longest_message": 60,
    }
    assert line.entry.runtime_data is before


async def test_a_choice_outlives_a_reload(line: Line) -> None:
    await choose(line, "answering_machine")

    await line.reload()

    assert line.state("select", "answer_mode").state == "answering_machine"


async def test_a_choice_holds_for_the_next_call(machine: Line) -> None:
    await choose(machine, "only_tell")
    call = await machine.call()
    assert machine.kinds == ["incoming"]

    await choose(machine, "answering_machine")
    assert call.answers == 0
    await machine.call()
    await machine.told("answered")

    assert [event["call_id"] for event in machine.of("answered")] == [machine.of("incoming")[1]["call_id"]]


async def test_a_line_without_options_only_tells(hass: HomeAssistant, line: Line) -> None:
    hass.config_entries.async_update_entry(line.entry, options={})

    await line.reload()

    assert line.state("select", "answer_mode").state == "only_tell"
    assert line.state("select", "recording").state == "messages"


async def test_there_is_no_other_choice(line: Line) -> None:
    with pytest.raises(ServiceValidationError):
        await choose(line, "sing")
