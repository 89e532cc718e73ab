"""Story 7: at night the telephone rings for favourites and for who calls again."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from simulator.call import Call
from simulator.caller import Step
from tests.household import automate, device_of
from tests.line import ANNA, LISTENER, Line, until
from tests.people.test_contact_list import add

from .household_2 import examples, use_blueprint

SWITCH, CALL_BY_CALL = examples("quiet-night")


@pytest.fixture(autouse=True)
async def night(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be at home at night, with a favourite."""
    await add(line, "Anna from school", ANNA.number, favorite=True)
    at(monkeypatch, 23)


def at(monkeypatch: pytest.MonkeyPatch, hour: int) -> None:
    """Have the household's clock show an hour; calls go on in their own time."""
    now = datetime(2026, 11, 23, hour, tzinfo=dt_util.get_default_time_zone())
    monkeypatch.setattr("homeassistant.helpers.condition.dt_util.now", lambda: now)


async def called(line: Line, call: Call) -> str:
    """Return what becomes of a call: `rings`, or what it was sent to."""
    await line.hass.async_block_till_done()
    if line.state("sensor", "call_state").state == "ringing":
        line.cloud.sip.do(call, Step.CANCEL)
        await until(lambda: call.ended)
        await until(lambda: line.state("sensor", "call_state").state == "idle")
        return "rings"
    await until(lambda: call.ended)
    return call.sent_to or str(call.status)


async def test_a_stranger_may_leave_a_message_and_come_through_the_second_time(
    hass: HomeAssistant, line: Line
) -> None:
    await automate(hass, CALL_BY_CALL)

    first = await called(line, await line.call(LISTENER))
    second = await called(line, await line.call(LISTENER))

    assert (first, second) == ("voicemail", "rings")


async def test_a_favorite_comes_through(hass: HomeAssistant, line: Line) -> None:
    await automate(hass, CALL_BY_CALL)

    assert await called(line, await line.call(ANNA)) == "rings"


async def test_in_the_day_everybody_comes_through(
    hass: HomeAssistant, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    await automate(hass, CALL_BY_CALL)
    at(monkeypatch, 8)

    assert await called(line, await line.call(LISTENER)) == "rings"


async def automation(hass: HomeAssistant, action: str) -> None:
    await hass.services.async_call("automation", action, {"entity_id": "automation.example"}, blocking=True)


async def test_the_switch_does_it_as_well(
    hass: HomeAssistant, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {**line.entry.options, "favorites_ring": True, "repeats_ring": True}
    hass.config_entries.async_update_entry(line.entry, options=options)
    await automate(hass, SWITCH)

    at(monkeypatch, 22)
    await automation(hass, "trigger")
    assert line.state("switch", "do_not_disturb").state == "on"
    first = await line.cloud.call(LISTENER)
    await until(lambda: first.ended)
    second = await line.call(LISTENER)
    favorite = await line.call(ANNA)

    assert (first.status, second.ended, favorite.ended) == (486, False, False)
    at(monkeypatch, 7)
    await automation(hass, "trigger")
    assert line.state("switch", "do_not_disturb").state == "off"
    # It waits for the next night.
    await automation(hass, "turn_off")


async def blueprint(hass: HomeAssistant, line: Line, **inputs: Any) -> None:
    await use_blueprint(hass, "quiet-night", **{"line": device_of(hass, line), **inputs})


async def test_the_blueprint_needs_to_know_the_line_only(
    hass: HomeAssistant, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    await blueprint(hass, line)

    assert await called(line, await line.call(LISTENER)) == "voicemail"
    assert await called(line, await line.call(LISTENER)) == "rings"
    assert await called(line, await line.call(ANNA)) == "rings"
    at(monkeypatch, 8)
    assert await called(line, await line.call(replace(LISTENER, number="+16505550118"))) == "rings"


@pytest.mark.parametrize(
    ("inputs", "becomes"),
    [
        ({"second_call": False}, ["voicemail", "voicemail", "rings"]),
        ({"to": "busy"}, ["486", "rings", "rings"]),
        ({"to": "reject"}, ["reject", "rings", "rings"]),
        ({"people": "contacts"}, ["voicemail", "rings", "rings"]),
        ({"people": "nobody"}, ["voicemail", "rings", "voicemail"]),
        ({"conditions": [{"condition": "template", "value_template": "{{ false }}"}]}, ["rings"] * 3),
    ],
)
async def test_the_blueprint_does_as_it_is_told(
    hass: HomeAssistant, line: Line, inputs: dict[str, Any], becomes: list[str]
) -> None:
    await blueprint(hass, line, **inputs)

    calls = [LISTENER, LISTENER, ANNA]
    assert [await called(line, await line.call(caller)) for caller in calls] == becomes


async def test_the_blueprint_does_more_when_a_call_comes_through(hass: HomeAssistant, line: Line) -> None:
    lights = async_mock_service(hass, "light", "turn_on")
    await blueprint(hass, line, rings=[{"action": "light.turn_on"}])

    await called(line, await line.call(LISTENER))
    assert lights == []
    await called(line, await line.call(ANNA))
    assert len(lights) == 1
