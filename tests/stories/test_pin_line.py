"""Story 10: somebody calls home, enters a PIN, and something is done."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from simulator.call import Call
from simulator.caller import Step
from tests.calls.test_call_actions import speaker  # noqa: F401 - a fixture
from tests.calls.test_call_keys import press
from tests.household import automate, device_of
from tests.line import ANNA, LISTENER, Line, until
from tests.speaker import Speaker

from .household_2 import examples, speech, use_blueprint

PIN = "471100"
OPEN = {"action": "cover.open_cover", "target": {"entity_id": "cover.garage"}}

pytestmark = pytest.mark.usefixtures("speaker", "stopped")


@pytest.fixture
async def stopped(hass: HomeAssistant, line: Line) -> AsyncGenerator[None]:
    """Wait for no lock-out at the end."""
    yield
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


@pytest.fixture
def opened(hass: HomeAssistant) -> list[ServiceCall]:
    return async_mock_service(hass, "cover", "open_cover")


async def hears(line: Line, call: Call, text: str) -> None:
    words = await speech(line, text)
    await until(lambda: words in b"".join(call.voice.heard))


async def asked(line: Line) -> Call:
    """Be called by somebody who is asked for the PIN."""
    call = await line.call(LISTENER)
    await hears(line, call, "Please enter your PIN.")
    return call


async def test_the_garage_opens_and_the_caller_is_told(
    hass: HomeAssistant, line: Line, opened: list[ServiceCall]
) -> None:
    await automate(hass, examples("pin-line")[0])
    call = await asked(line)

    await press(line, call, PIN)
    await line.told("ended")

    assert [done.data["entity_id"] for done in opened] == [["cover.garage"]]
    await hears(line, call, "The garage is open.")
    assert line.of("dtmf") == [], "the PIN is told to nobody"


async def test_three_wrong_pins_open_nothing_and_nobody_is_asked_again(
    hass: HomeAssistant, line: Line, opened: list[ServiceCall]
) -> None:
    await automate(hass, examples("pin-line")[0])
    await press(line, await asked(line), "111111222222333333")
    ended = await line.told("ended")

    again = await line.call(LISTENER)
    await asyncio.sleep(0.1)

    assert ended["end_reason"] == "local_hangup"
    assert opened == []
    assert again.answers == 0


async def test_for_others_it_rings(hass: HomeAssistant, line: Line) -> None:
    await automate(hass, examples("pin-line")[0])

    call = await line.call(replace(ANNA))
    await hass.async_block_till_done()

    assert (call.answers, line.state("sensor", "call_state").state) == (0, "ringing")


async def blueprint(hass: HomeAssistant, line: Line, **inputs: Any) -> None:
    await use_blueprint(
        hass, "pin-line", **{"line": device_of(hass, line), "pin": PIN, "actions": [OPEN], **inputs}
    )


async def test_the_blueprint_does_it_and_says_so(
    hass: HomeAssistant, line: Line, opened: list[ServiceCall]
) -> None:
    await blueprint(hass, line)
    call = await asked(line)

    await press(line, call, PIN)
    await line.told("ended")

    assert len(opened) == 1
    await hears(line, call, "Done. Good bye.")


async def test_the_blueprint_says_when_it_could_not_be_done(hass: HomeAssistant, line: Line) -> None:
    async_mock_service(hass, "cover", "open_cover", raise_exception=HomeAssistantError("stuck"))
    await blueprint(hass, line)
    call = await asked(line)

    await press(line, call, PIN)
    ended = await line.told("ended")

    assert ended["end_reason"] == "local_hangup"
    await hears(line, call, "That did not work.")


async def test_the_blueprint_can_be_asked_again_after_the_right_pin(
    hass: HomeAssistant, line: Line, opened: list[ServiceCall]
) -> None:
    await blueprint(hass, line, numbers=["+1650*"])
    for times in (1, 2):
        await press(line, await asked(line), PIN)
        await line.told("ended", times)
        await hass.async_block_till_done()

    assert len(opened) == 2


@pytest.mark.parametrize("keys", ["111111222222333333", "111111"])
async def test_the_blueprint_leaves_nobody_to_try_all_pins(
    hass: HomeAssistant, line: Line, opened: list[ServiceCall], keys: str
) -> None:
    refused = async_mock_service(hass, "notify", "mobile_app_phone")
    tell = {"action": "notify.mobile_app_phone", "data": {"message": "{{ trigger.caller_name }}"}}
    await blueprint(hass, line, refused=[tell])
    call = await asked(line)
    await press(line, call, keys)
    if len(keys) < 3 * len(PIN):
        line.cloud.sip.do(call, Step.HANG_UP)
    await line.told("ended")
    await until(lambda: bool(refused))

    again = await line.call(LISTENER)
    await asyncio.sleep(0.1)

    assert (opened, again.answers) == ([], 0)
    assert refused[0].data["message"] == LISTENER.name


async def test_the_blueprint_leaves_nobody_on_a_silent_line(
    hass: HomeAssistant,
    line: Line,
    speaker: Speaker,  # noqa: F811 - the fixture
) -> None:
    await blueprint(hass, line)
    speaker.failure = RuntimeError("no credit")

    await line.call(LISTENER)

    assert (await line.told("ended"))["end_reason"] == "local_hangup"
