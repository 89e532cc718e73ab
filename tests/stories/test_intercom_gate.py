"""The intercom of the house calls, and the gate opens for whom one expects."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from simulator.call import Call
from simulator.caller import Caller, Manner
from tests.household import device_of
from tests.line import Line, until
from tests.peers.programs import need
from tests.speaker import Speaker

from .household_1 import MY_LINK, follow_page, text_of, use_blueprint

EXPECTING = "input_boolean.expecting_visitors"
INTERCOM = Caller(number="+16505550100", name="Gate 1", manner=Manner(stay=True))

type Automate = Callable[[HomeAssistant, Line], Awaitable[None]]


async def from_the_page(hass: HomeAssistant, line: Line) -> None:
    await follow_page(hass, "intercom-gate")


async def by_blueprint(hass: HomeAssistant, line: Line, **more: Any) -> None:
    await use_blueprint(
        hass,
        "intercom_gate",
        line=device_of(hass, line),
        numbers=["(650) 555-0100", "+1 650 555 0100"],
        expecting=EXPECTING,
        **more,
    )


BOTH = pytest.mark.parametrize("automate", [from_the_page, by_blueprint])


@pytest.fixture
def log(hass: HomeAssistant) -> list[ServiceCall]:
    hass.states.async_set(EXPECTING, "on")
    return async_mock_service(hass, "logbook", "log")


def keys(call: Call) -> list[str]:
    return [heard.key for heard in call.voice.keys.heard]


def test_the_page_offers_the_blueprint() -> None:
    assert f"{MY_LINK}intercom_gate.yaml" in text_of("intercom-gate")


@BOTH
async def test_the_gate_opens_and_that_is_written_down(
    hass: HomeAssistant, line: Line, log: list[ServiceCall], automate: Automate
) -> None:
    await automate(hass, line)

    call = await line.call(INTERCOM)
    ended = await line.told("ended")
    await until(lambda: len(log) == 1)

    assert keys(call) == ["9"]
    assert ended["end_reason"] == "local_hangup"
    assert log[0].data["name"] == "Gate"
    assert log[0].data["message"] == "was opened for Gate 1"


@BOTH
async def test_it_rings_as_usual_when_nobody_is_expected(
    hass: HomeAssistant, line: Line, log: list[ServiceCall], automate: Automate
) -> None:
    await automate(hass, line)
    hass.states.async_set(EXPECTING, "off")

    call = await line.call(INTERCOM)
    await hass.async_block_till_done()

    assert (call.answers, line.state("sensor", "call_state").state, log) == (0, "ringing", [])


@BOTH
async def test_nobody_else_is_answered(
    hass: HomeAssistant, line: Line, log: list[ServiceCall], automate: Automate
) -> None:
    await automate(hass, line)

    call = await line.call(replace(INTERCOM, number="+16505550101"))
    await hass.async_block_till_done()

    assert (call.answers, line.state("sensor", "call_state").state, log) == (0, "ringing", [])


async def test_it_can_speak_first_press_several_keys_and_do_more(
    hass: HomeAssistant, line: Line, log: list[ServiceCall], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hass.data["ffmpeg"], "_bin", str(need("ffmpeg")))
    speaker = Speaker()
    await speaker.set_up(hass)
    lights = async_mock_service(hass, "light", "turn_on")
    light = {"action": "light.turn_on", "target": {"entity_id": "light.hall"}}
    await by_blueprint(hass, line, digits="#5", message="It's open: come in", opened=[light])

    call = await line.call(INTERCOM)
    await until(lambda: len(lights) == 1)

    assert [text for text, *_ in speaker.said] == ["It's open: come in"]
    assert any(frame != b"\xff" * 160 for frame in call.voice.heard)
    assert keys(call) == ["#", "5"]


async def test_a_call_that_ends_too_early_opens_nothing(
    hass: HomeAssistant, line: Line, log: list[ServiceCall]
) -> None:
    lights = async_mock_service(hass, "light", "turn_on")
    await by_blueprint(hass, line, digits=",,,9", opened=[{"action": "light.turn_on"}])

    call = await line.call(replace(INTERCOM, manner=Manner(max_wait=0.2)))
    await until(lambda: len(log) == 1)

    assert keys(call) == []
    assert log[0].data["message"].startswith("was not opened")
    assert lights == []
