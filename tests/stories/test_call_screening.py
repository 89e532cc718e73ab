"""Story 8: strangers press 1 to reach the household; machines are hung up on."""

from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from simulator.call import Call
from simulator.caller import Transfers
from tests.calls.test_call_actions import speaker  # noqa: F401 - a fixture
from tests.calls.test_call_keys import press
from tests.household import automate, device_of
from tests.line import ANNA, LISTENER, Line, until
from tests.people.test_contact_list import add

from .household_2 import examples, speech, use_blueprint

QUESTION = "Hello. Please press 1 to reach us."
STRANGER = LISTENER

pytestmark = pytest.mark.usefixtures("speaker")


@pytest.fixture
def announced(hass: HomeAssistant) -> list[ServiceCall]:
    return async_mock_service(hass, "tts", "speak")


async def hears(line: Line, call: Call, text: str) -> None:
    words = await speech(line, text)
    await until(lambda: words in b"".join(call.voice.heard))


async def presses(line: Line, key: str, **caller: Any) -> Call:
    """Be called by a stranger, who hears the question and presses a key."""
    call = await line.call(replace(STRANGER, **caller))
    await hears(line, call, QUESTION)
    await press(line, call, key)
    return call


def missed(line: Line) -> str:
    return line.state("sensor", "missed_calls").state


async def test_who_presses_1_is_announced_and_handed_on(
    hass: HomeAssistant, line: Line, announced: list[ServiceCall]
) -> None:
    await automate(hass, examples("call-screening")[0])

    call = await presses(line, "1")

    assert (await line.told("ended"))["end_reason"] == "transferred"
    assert [said.data["message"] for said in announced] == ["Hillside School is on the telephone"]
    assert "+16505550199" in (call.referred_to or "")


async def test_a_machine_is_hung_up_on_and_nobody_notices(
    hass: HomeAssistant, line: Line, announced: list[ServiceCall]
) -> None:
    await automate(hass, examples("call-screening")[0])

    await presses(line, "9")

    assert (await line.told("ended"))["end_reason"] == "local_hangup"
    await hass.async_block_till_done()
    assert (announced, missed(line)) == ([], "0")


async def test_who_is_known_rings_and_who_is_blocked_is_neither_asked_nor_missed(
    hass: HomeAssistant, line: Line
) -> None:
    await automate(hass, examples("call-screening")[0])
    await add(line, "Anna from school", ANNA.number)
    await add(line, "Nuisance", STRANGER.number, blocked=True)

    blocked = await line.cloud.call(STRANGER)
    await line.told("blocked")
    known = await line.call(ANNA)
    await hass.async_block_till_done()

    assert (blocked.answers, known.answers) == (0, 0)
    assert line.kinds == ["blocked", "incoming"]
    assert missed(line) == "0"


async def blueprint(hass: HomeAssistant, line: Line, **inputs: Any) -> None:
    await use_blueprint(hass, "call-screening", **{"line": device_of(hass, line), **inputs})


SPEAK = {"action": "tts.speak", "data": {"message": "{{ trigger.caller_name }}"}}


async def test_the_blueprint_hands_on_who_presses_the_key(
    hass: HomeAssistant, line: Line, announced: list[ServiceCall]
) -> None:
    await blueprint(hass, line, passed=[SPEAK], transfer_to="+16505550199")

    call = await presses(line, "1")
    await hears(line, call, "Thank you. One moment, please.")

    assert (await line.told("ended"))["end_reason"] == "transferred"
    assert "+16505550199" in (call.referred_to or "")
    assert [said.data["message"] for said in announced] == ["Hillside School"]


@pytest.mark.parametrize("inputs", [{}, {"transfer_to": "+16505550199"}])
async def test_the_blueprint_says_so_when_nobody_takes_the_call(
    hass: HomeAssistant, line: Line, inputs: dict[str, str]
) -> None:
    await blueprint(hass, line, **inputs)

    call = await presses(line, "1", transfers=Transfers.BUSY)
    await hears(line, call, "Nobody can come to the telephone. Good bye.")

    assert (await line.told("ended"))["end_reason"] == "local_hangup"


async def test_the_blueprint_hangs_up_on_a_machine(
    hass: HomeAssistant, line: Line, announced: list[ServiceCall]
) -> None:
    await blueprint(hass, line, passed=[SPEAK])

    await presses(line, "5")

    assert (await line.told("ended"))["end_reason"] == "local_hangup"
    assert (announced, missed(line)) == ([], "0")


async def test_the_blueprint_can_leave_strangers_with_a_number_alone(hass: HomeAssistant, line: Line) -> None:
    await blueprint(hass, line, who="anonymous")

    call = await line.call(STRANGER)
    await hass.async_block_till_done()

    assert call.answers == 0
