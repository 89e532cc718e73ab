"""Story 12: the house's phone log: who called while nobody was there, and what they said."""

from dataclasses import replace
import re

from homeassistant.components import media_source
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import async_mock_service
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from simulator.caller import Caller, Step
from simulator.clip import check_clip
from tests.household import automate
from tests.line import ANNA, LISTENER, Line

from .household_2 import examples

WHO_CALLED, PLAY_LATEST = examples("phone-log")


async def missed(line: Line, caller: Caller) -> None:
    before = len(line.of("missed"))
    line.cloud.sip.do(await line.call(caller), Step.CANCEL)
    await line.told("missed", before + 1)
    await line.hass.async_block_till_done()


async def test_who_comes_home_is_shown_who_called_meanwhile(hass: HomeAssistant, line: Line) -> None:
    notified = async_mock_service(hass, "notify", "mobile_app_phone")
    await automate(hass, WHO_CALLED)
    hass.states.async_set("person.anna", "home")
    await missed(line, replace(LISTENER, name="Too Early"))
    hass.states.async_set("person.anna", "not_home")
    await missed(line, ANNA)
    await missed(line, LISTENER)

    hass.states.async_set("person.anna", "home")
    await hass.async_block_till_done()

    [told] = notified
    assert told.data["title"] == "Missed calls: 2"
    assert re.findall(r"^\d\d:\d\d (.+?) *$", told.data["message"], re.MULTILINE) == [
        "Hillside School",
        "Anna Smith",
    ]


async def test_nobody_is_told_of_no_calls(hass: HomeAssistant, line: Line) -> None:
    notified = async_mock_service(hass, "notify", "mobile_app_phone")
    await automate(hass, WHO_CALLED)
    for place in ("home", "not_home", "home"):
        hass.states.async_set("person.anna", place)
        await hass.async_block_till_done()

    assert notified == []


async def test_the_button_plays_what_the_caller_said(
    hass: HomeAssistant, machine: Line, hass_client: ClientSessionGenerator
) -> None:
    played = async_mock_service(hass, "media_player", "play_media")
    hass.states.async_set("input_button.play_message", "unknown")
    await automate(hass, PLAY_LATEST)
    call = await machine.call()
    await machine.told("voicemail")
    await hass.async_block_till_done()

    hass.states.async_set("input_button.play_message", "2026-11-23T18:00:00+00:00")
    await hass.async_block_till_done()

    [play] = played
    assert play.data["entity_id"] == ["media_player.kitchen"]
    media = await media_source.async_resolve_media(hass, play.data["media_content_id"], None)
    assert media.mime_type == "audio/wav"
    sound = await (await hass_client()).get(media.url)
    check_clip(await sound.read(), call)
