"""Story 9: an alarm calls people in turn until one presses 1."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from simulator.presses import Press, Way
from simulator.services import Kind
from tests.calls.test_call_actions import speaker  # noqa: F401 - a fixture
from tests.calls.test_call_out import ANNA, BO, called, impatient, people  # noqa: F401 - a fixture
from tests.household import automate, device_of
from tests.line import Line, until

from .household_2 import examples, speech, use_blueprint

WATER = "binary_sensor.cellar_water"
MESSAGE = "There is water in the cellar. Press 1 if you take care of it."
DONE = [{"action": "test.done", "data": {"by": "{{ [call.answered_by] }}"}}]

pytestmark = pytest.mark.usefixtures("speaker")


async def flood(hass: HomeAssistant) -> None:
    hass.states.async_set(WATER, "on")


async def confirm(line: Line, number: str, message: str) -> None:
    """Have somebody hear a message to its end, and press 1."""
    call, words = await called(line, number), await speech(line, message)
    await until(lambda: words in call.sound)
    line.cloud.sip.press(call, Press("1", Way.RELAY))
    await until(lambda: call.ended)


def called_numbers(line: Line) -> list[str]:
    return [event["called"] for event in line.of("outgoing")]


@pytest.fixture
async def notified(hass: HomeAssistant) -> list[ServiceCall]:
    hass.states.async_set(WATER, "off")
    return async_mock_service(hass, "notify", "mobile_app_phone")


async def test_the_second_is_called_when_the_first_is_busy(
    hass: HomeAssistant, line: Line, notified: list[ServiceCall]
) -> None:
    await people(line, anna=Kind.BUSY, bo=Kind.DEAD)
    await automate(hass, examples("alarm-calls")[0])

    await flood(hass)
    await confirm(line, BO, MESSAGE)
    await until(lambda: bool(notified))

    [told] = notified
    assert told.data["message"] == "Somebody takes care of the cellar: +1 650 555 0102"
    assert called_numbers(line) == [ANNA, BO]


async def test_it_is_said_when_nobody_confirms(
    hass: HomeAssistant, line: Line, notified: list[ServiceCall]
) -> None:
    await people(line, anna=Kind.BUSY)
    await automate(hass, examples("alarm-calls")[0])

    await flood(hass)
    await until(lambda: bool(notified))

    assert notified[0].data["message"] == "Nobody has confirmed that there is water in the cellar"


async def blueprint(hass: HomeAssistant, line: Line, **inputs: Any) -> None:
    await use_blueprint(
        hass,
        "alarm-calls",
        **{
            "triggers": [{"trigger": "state", "entity_id": WATER, "to": "on"}],
            "line": device_of(hass, line),
            "people": [ANNA, BO],
            "message": "Water",
            "pause": 0,
            **inputs,
        },
    )


@pytest.mark.usefixtures("notified")
async def test_the_blueprint_calls_until_somebody_confirms(hass: HomeAssistant, line: Line) -> None:
    await people(line, anna=Kind.BUSY, bo=Kind.DEAD)
    done = async_mock_service(hass, "test", "done")
    await blueprint(hass, line, confirmed=DONE, not_confirmed=[])

    await flood(hass)
    await confirm(line, BO, "Water")
    await until(lambda: bool(done))

    assert done[0].data["by"] == [BO]
    assert called_numbers(line) == [ANNA, BO]


@pytest.mark.usefixtures("notified")
async def test_the_blueprint_calls_everybody_again_and_then_says_so(hass: HomeAssistant, line: Line) -> None:
    await people(line, anna=Kind.BUSY, bo=Kind.BUSY)
    told = async_mock_service(hass, "persistent_notification", "create")
    await blueprint(hass, line, rounds=2, confirmed=DONE)

    await flood(hass)
    await until(lambda: bool(told))

    assert told[0].data["title"] == "Nobody confirmed the alarm"
    assert called_numbers(line) == [ANNA, BO, ANNA, BO]


@pytest.mark.usefixtures("notified")
async def test_a_number_that_cannot_be_called_keeps_nobody_else_from_being_called(
    hass: HomeAssistant, line: Line
) -> None:
    await people(line, bo=Kind.DEAD)
    done = async_mock_service(hass, "test", "done")
    await blueprint(hass, line, people=["what?", BO], confirmed=DONE)

    await flood(hass)
    await confirm(line, BO, "Water")

    await until(lambda: bool(done))
    assert called_numbers(line) == [BO]
