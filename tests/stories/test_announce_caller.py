"""Speakers say who is calling for as long as it rings."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed, async_mock_service

from simulator.caller import Caller, Step
from tests.household import device_of
from tests.line import ANNA, LISTENER, Line, until
from tests.speaker import ENGINE, Speaker

from .household_1 import MY_LINK, follow_page, text_of, turns, use_blueprint

KITCHEN = "media_player.kitchen"
BOTH = pytest.mark.parametrize("by", ["page", "blueprint"])


@pytest.fixture
async def played(hass: HomeAssistant) -> list[ServiceCall]:
    await Speaker().set_up(hass)
    return async_mock_service(hass, "media_player", "play_media")


async def automate(hass: HomeAssistant, line: Line, by: str = "blueprint", **more: object) -> None:
    if by == "page":
        await follow_page(hass, "announce-caller")
    else:
        inputs = {"line": device_of(hass, line), "players": [KITCHEN], "voice": ENGINE, **more}
        await use_blueprint(hass, "announce_caller", **inputs)


def said(played: list[ServiceCall]) -> list[str]:
    ids = [str(call.data["media_content_id"]) for call in played]
    return [parse_qs(urlsplit(media).query)["message"][0] for media in ids]


async def wait(hass: HomeAssistant) -> None:
    """Let the pause between two announcements pass."""
    await turns()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=9))
    await turns()


async def give_up(line: Line, call: Any) -> None:
    line.cloud.sip.do(call, Step.CANCEL)
    await line.told("missed")
    await line.hass.async_block_till_done()


def test_the_page_offers_the_blueprint() -> None:
    assert f"{MY_LINK}announce_caller.yaml" in text_of("announce-caller")


@BOTH
async def test_the_caller_is_announced_until_giving_up(
    hass: HomeAssistant, line: Line, played: list[ServiceCall], by: str
) -> None:
    await automate(hass, line, by)

    call = await line.call()
    await until(lambda: len(played) == 1)
    await wait(hass)
    await until(lambda: len(played) == 2)
    await give_up(line, call)
    await wait(hass)

    assert said(played) == ["Anna Smith is calling"] * 2
    assert played[0].data["announce"] is True
    assert played[0].data["entity_id"] in (KITCHEN, [KITCHEN])


@BOTH
async def test_it_is_silent_once_the_call_is_answered(
    hass: HomeAssistant, line: Line, played: list[ServiceCall], by: str
) -> None:
    await automate(hass, line, by)

    await line.call(LISTENER)
    await until(lambda: len(played) == 1)
    await hass.services.async_call("ringcentral", "answer", {}, blocking=True)
    await line.told("answered")
    await hass.async_block_till_done()
    await wait(hass)

    assert len(played) == 1


@BOTH
@pytest.mark.parametrize(
    ("caller", "words"),
    [
        (replace(ANNA, name=""), "6 5 0 5 5 5 0 1 4 2 is calling"),
        (Caller(number="anonymous", name="Anonymous"), "Somebody is calling"),
    ],
)
async def test_who_has_no_name_is_announced_as_well(
    hass: HomeAssistant, line: Line, played: list[ServiceCall], by: str, caller: Caller, words: str
) -> None:
    hass.config.country = "US"
    await line.reload()
    await automate(hass, line, by)

    call = await line.call(caller)
    await until(lambda: len(played) == 1)
    await give_up(line, call)

    assert said(played) == [words]


async def test_it_is_said_only_so_often(hass: HomeAssistant, line: Line, played: list[ServiceCall]) -> None:
    await automate(hass, line, times=2, before="Telephone: ", after="")

    call = await line.call()
    await until(lambda: len(played) == 1)
    await wait(hass)
    await until(lambda: len(played) == 2)
    await wait(hass)
    await give_up(line, call)

    assert said(played) == ["Telephone: Anna Smith"] * 2


async def test_at_night_only_whom_one_wants_is_announced(
    hass: HomeAssistant, line: Line, played: list[ServiceCall]
) -> None:
    favorites = {
        "condition": "ringcentral.caller_is_favorite",
        "target": {"device_id": device_of(hass, line)},
    }
    await automate(hass, line, only_if=[favorites])

    await give_up(line, await line.call())

    assert played == []
