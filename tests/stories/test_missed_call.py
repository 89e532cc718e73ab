"""Nobody took a call, and a mobile phone tells of it."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from simulator.call import Call
from simulator.caller import Caller, Step
from tests.household import device_of
from tests.line import ANNA, SPOKEN, Line, until
from tests.listener import ENGINE, Listener

from .household_1 import MY_LINK, Mobile, follow_page, mobile, text_of, use_blueprint


@pytest.fixture
async def pixel(hass: HomeAssistant) -> AsyncGenerator[Mobile]:
    async with mobile(hass) as phone:
        yield phone


async def by_blueprint(hass: HomeAssistant, line: Line, pixel: Mobile, **more: Any) -> None:
    await use_blueprint(hass, "missed_call", line=device_of(hass, line), phone=pixel.device, **more)


async def gives_up(line: Line, caller: Caller = ANNA) -> Call:
    call = await line.call(caller)
    line.cloud.sip.do(call, Step.CANCEL)
    await line.told("missed")
    return call


async def pushed(pixel: Mobile) -> dict[str, Any]:
    await until(lambda: len(pixel.pushed) == 1)
    return pixel.pushed[0]


async def press(hass: HomeAssistant, button: dict[str, Any]) -> None:
    hass.bus.async_fire("mobile_app_notification_action", {"action": button["action"]})
    await hass.async_block_till_done()


def test_the_page_offers_the_blueprint() -> None:
    assert f"{MY_LINK}missed_call.yaml" in text_of("missed-call")


@pytest.mark.parametrize("by", ["page", "blueprint"])
async def test_a_missed_call_is_pushed_with_a_button_to_call_back_and_one_to_block(
    hass: HomeAssistant, line: Line, pixel: Mobile, by: str
) -> None:
    hass.config.country = "US"
    await (follow_page(hass, "missed-call") if by == "page" else by_blueprint(hass, line, pixel))

    await gives_up(line)
    push = await pushed(pixel)

    assert push["title"] == "Missed call"
    assert push["message"].startswith("Anna Smith")
    call_back, block = push["data"]["actions"]
    assert (call_back["action"], call_back["uri"]) == ("URI", "tel:+16505550142")
    assert "attachment" not in push["data"]

    await press(hass, block)
    await line.cloud.call(ANNA)
    await line.told("blocked")

    assert line.kinds == ["incoming", "missed", "blocked"], "the next call is kept away, and not missed"
    assert len(pixel.pushed) == 1


async def test_other_buttons_block_nobody(hass: HomeAssistant, line: Line, pixel: Mobile) -> None:
    await by_blueprint(hass, line, pixel)

    await press(hass, {"action": "RINGCENTRAL_BLOCK another-line (650) 555-0142"})

    assert not line.entry.subentries


async def test_each_push_blocks_its_own_caller(hass: HomeAssistant, line: Line, pixel: Mobile) -> None:
    hass.config.country = "US"
    bo = replace(ANNA, number="+16505550199", name="Bo")
    await by_blueprint(hass, line, pixel)
    await gives_up(line)
    call = await line.call(bo)
    line.cloud.sip.do(call, Step.CANCEL)
    await until(lambda: len(pixel.pushed) == 2)

    await press(hass, pixel.pushed[0]["data"]["actions"][1])

    assert [contact.title for contact in line.entry.subentries.values()] == ["(650) 555-0142"]


async def test_a_caller_without_a_number_can_be_neither_called_back_nor_blocked(
    hass: HomeAssistant, line: Line, pixel: Mobile
) -> None:
    await by_blueprint(hass, line, pixel)

    await gives_up(line, Caller(number="anonymous", name="Anonymous"))
    push = await pushed(pixel)

    assert push["message"] == "Somebody without a number"
    assert push["data"]["actions"] == []


async def test_one_can_choose_of_whom_to_be_told(hass: HomeAssistant, line: Line, pixel: Mobile) -> None:
    contacts = {"condition": "ringcentral.caller_is_contact", "target": {"device_id": device_of(hass, line)}}
    await by_blueprint(hass, line, pixel, only_if=[contacts])

    await gives_up(line)
    await hass.async_block_till_done()

    assert pixel.pushed == []


async def test_a_call_taken_elsewhere_is_not_pushed(hass: HomeAssistant, line: Line, pixel: Mobile) -> None:
    await by_blueprint(hass, line, pixel)

    line.cloud.sip.do(await line.call(), Step.ANSWERED_ELSEWHERE)
    await line.told("ended")
    await hass.async_block_till_done()

    assert pixel.pushed == []


async def test_a_message_comes_with_the_push(
    hass: HomeAssistant, machine: Line, pixel: Mobile, hass_client: ClientSessionGenerator
) -> None:
    await by_blueprint(hass, machine, pixel)

    await machine.call()
    push = await pushed(pixel)
    response = await (await hass_client()).get(push["data"]["attachment"]["url"])

    assert (push["title"], push["data"]["tag"]) == ("Message", f"call-{machine.events[0]['call_id']}")
    assert (response.status, response.content_type) == (HTTPStatus.OK, "audio/wav")
    assert await response.read() == machine.clips[0].read_bytes()


async def test_what_was_said_comes_with_the_push_to_whoever_waits_for_it(
    hass: HomeAssistant, machine: Line, pixel: Mobile
) -> None:
    await Listener(["The parcel is in the garden"]).set_up(hass)
    machine.entry.runtime_data.async_choose("speech_to_text", ENGINE)
    await by_blueprint(hass, machine, pixel, patience=60)

    await machine.call(SPOKEN)
    push = await pushed(pixel)

    assert push["title"] == "Message"
    assert push["message"].startswith("Anna Smith")
    assert push["message"].endswith(": The parcel is in the garden")


async def test_a_call_without_a_message_waits_for_no_words(
    hass: HomeAssistant, line: Line, pixel: Mobile
) -> None:
    await by_blueprint(hass, line, pixel, patience=60)

    await gives_up(line)

    assert (await pushed(pixel))["title"] == "Missed call"
