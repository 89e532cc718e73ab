"""Nobody is at home: the line greets, beeps and records, and a mobile phone has the message."""

from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Any

from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import MediaSelector
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ringcentral.library import ClipQuery
from simulator.caller import Step
from tests.household import device_of
from tests.line import ANNA, SOUNDS, SPOKEN, Line, until
from tests.listener import ENGINE, Listener

from .household_1 import MY_LINK, Mobile, follow_page, mobile, text_of, use_blueprint

AI = "ai_task.listener"


@pytest.fixture
async def pixel(hass: HomeAssistant) -> AsyncGenerator[Mobile]:
    async with mobile(hass) as phone:
        yield phone


async def by_blueprint(hass: HomeAssistant, line: Line, pixel: Mobile, **more: Any) -> None:
    await use_blueprint(hass, "message_left", line=device_of(hass, line), phone=pixel.device, **more)


def test_the_page_offers_the_blueprint() -> None:
    assert f"{MY_LINK}message_left.yaml" in text_of("answering-machine")


@pytest.mark.parametrize("by", ["page", "blueprint"])
async def test_the_caller_is_greeted_and_the_message_pushed(
    hass: HomeAssistant, machine: Line, pixel: Mobile, hass_client: ClientSessionGenerator, by: str
) -> None:
    await (follow_page(hass, "answering-machine") if by == "page" else by_blueprint(hass, machine, pixel))

    call = await machine.call()
    await until(lambda: len(pixel.pushed) == 1)
    [push] = pixel.pushed
    response = await (await hass_client()).get(push["data"]["attachment"]["url"])

    assert SOUNDS.beep in b"".join(call.voice.heard)
    assert call.voice.finished, "she said all she wanted to say"
    assert push["title"] == "Message"
    assert push["message"].startswith("Anna Smith")
    assert response.status == HTTPStatus.OK
    assert await response.read() == machine.clips[0].read_bytes()
    (message,) = (await machine.library.browse([machine.entry.entry_id], ClipQuery())).items
    assert not message.heard, "the telephone has fetched it, and nobody has listened"


async def test_who_says_nothing_has_left_no_message(hass: HomeAssistant, line: Line, pixel: Mobile) -> None:
    await by_blueprint(hass, line, pixel)

    line.cloud.sip.do(await line.call(), Step.CANCEL)
    await line.told("missed")
    await hass.async_block_till_done()

    assert pixel.pushed == []


async def test_an_ai_that_was_chosen_writes_it_down(
    hass: HomeAssistant, machine: Line, pixel: Mobile
) -> None:
    asked = async_mock_service(
        hass, "ai_task", "generate_data", None, {"data": "See you at eight"}, SupportsResponse.ONLY
    )
    await by_blueprint(hass, machine, pixel, listener=AI)

    await machine.call(ANNA)
    saved = await machine.told("voicemail")
    await until(lambda: len(pixel.pushed) == 1)

    assert asked[0].data["entity_id"] == AI
    attachments = asked[0].data["attachments"]
    MediaSelector({"accept": ["*/*"], "multiple": True})(attachments)  # as the action asks for them
    assert [each["media_content_id"] for each in attachments] == [saved["media_content_id"]]
    assert pixel.pushed[0]["message"].endswith("See you at eight")


async def test_an_ai_that_fails_costs_no_message(hass: HomeAssistant, machine: Line, pixel: Mobile) -> None:
    async_mock_service(
        hass, "ai_task", "generate_data", None, None, SupportsResponse.ONLY, HomeAssistantError("no credit")
    )
    await by_blueprint(hass, machine, pixel, listener=AI)

    await machine.call(ANNA)
    await until(lambda: len(pixel.pushed) == 1)

    assert pixel.pushed[0]["message"].startswith("Anna Smith")
    assert "attachment" in pixel.pushed[0]["data"]


@pytest.fixture
async def listener(hass: HomeAssistant, machine: Line) -> Listener:
    """Return the engine that writes the machine's messages down."""
    listener = Listener(["The parcel is in the garden"])
    await listener.set_up(hass)
    machine.entry.runtime_data.async_choose("speech_to_text", ENGINE)
    return listener


async def test_what_was_said_comes_with_the_push_to_whoever_waits_for_it(
    hass: HomeAssistant, machine: Line, pixel: Mobile, listener: Listener
) -> None:
    listener.go_on.clear()
    await by_blueprint(hass, machine, pixel, patience=60)

    await machine.call(SPOKEN)
    await machine.told("voicemail")
    await until(lambda: len(listener.heard) == 1)
    assert pixel.pushed == []
    listener.go_on.set()
    await until(lambda: len(pixel.pushed) == 1)

    assert pixel.pushed[0]["message"].startswith("Anna Smith")
    assert pixel.pushed[0]["message"].endswith(" s): The parcel is in the garden")
    assert "attachment" in pixel.pushed[0]["data"]


async def test_each_push_has_its_own_words(
    hass: HomeAssistant, machine: Line, pixel: Mobile, listener: Listener
) -> None:
    listener.understands = ["One", "Two"]
    listener.go_on.clear()
    await by_blueprint(hass, machine, pixel, patience=60)
    for messages in (1, 2):
        await machine.call(SPOKEN)
        await machine.told("voicemail", messages)
    await until(lambda: len(listener.heard) == 1)
    listener.go_on.set()
    await until(lambda: len(pixel.pushed) == 2)

    assert [push["message"][-3:] for push in pixel.pushed] == ["One", "Two"]


@pytest.mark.parametrize("understood", ["", None])
async def test_a_message_without_words_is_pushed_all_the_same(
    hass: HomeAssistant, machine: Line, pixel: Mobile, listener: Listener, understood: str | None
) -> None:
    listener.understands = [understood]
    await by_blueprint(hass, machine, pixel, patience=1)

    await machine.call(SPOKEN)
    await until(lambda: len(pixel.pushed) == 1)

    assert pixel.pushed[0]["message"].endswith(" s)")
