"""The examples of docs/triggers.md do what they say."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
import re
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed, async_mock_service

from custom_components.ringcentral.condition import CONDITIONS
from custom_components.ringcentral.trigger import TRIGGERS
from simulator.caller import Manner, Step

from .household import REGISTERED, automate, tell
from .line import ANNA, SPEECH, Line

PAGE: Final = (Path(__file__).parents[1] / "docs" / "triggers.md").read_text()
EXAMPLES: Final = dict(
    re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?```yaml\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
)


async def ring(line: Line) -> None:
    await line.call()


async def miss(line: Line) -> None:
    line.cloud.sip.do(await line.call(), Step.CANCEL)
    await line.told("missed")


async def answer(line: Line) -> None:
    await line.call()
    await line.hass.services.async_call("ringcentral", "answer", {}, blocking=True)
    await line.told("answered")


async def press_one(line: Line) -> None:
    await answer(line)
    tell(line.hass, "dtmf", digit="1")


async def leave_a_message(line: Line) -> None:
    options = {**line.entry.options, "answer_mode": "answering_machine", "answer_after": 0}
    line.hass.config_entries.async_update_entry(line.entry, options=options)
    await line.call(replace(ANNA, manner=Manner(speech=SPEECH, speak_at_once=True)))
    await line.told("voicemail")


async def have_a_message_written_down(line: Line) -> None:
    tell(line.hass, "transcribed", caller_name="Anna Smith", transcript="", summary=None)
    tell(line.hass, "transcribed", caller_name="Anna Smith", transcript="It's in the garden", summary=None)


async def miss_a_favorite(line: Line) -> None:
    tell(line.hass, "missed", call_id="1", caller_name="Anna Smith", is_favorite=True)


async def press_a_button(line: Line) -> None:
    for name in ("doorbell", "no_time"):
        line.hass.states.async_set(f"input_button.{name}", "pressed")


async def press_a_button_while_it_rings(line: Line) -> None:
    await line.call()
    await press_a_button(line)


def registered(line: Line, state: str) -> None:
    line.hass.states.async_set(REGISTERED, state, line.state("binary_sensor", "registered").attributes)


# What happens on the line, what the example does then, and with which words.
SCENES: Final[dict[str, tuple[Callable[[Line], Awaitable[None]], str, dict[str, Any]]]] = {
    "Call started ringing": (ring, "notify.phone", {"message": "Anna Smith is calling"}),
    "Call answered": (answer, "media_player.media_pause", {}),
    "Call missed": (miss, "notify.phone", {"message": "You missed Anna Smith on Reception"}),
    "Call ended": (miss, "media_player.media_play", {}),
    "Key pressed": (press_one, "light.turn_on", {}),
    "Message left": (leave_a_message, "media_player.play_media", {"media_content_type": "audio/wav"}),
    "Transcribed": (
        have_a_message_written_down,
        "notify.phone",
        {"title": "Anna Smith", "message": "It's in the garden"},
    ),
    "Line is ringing": (press_a_button_while_it_rings, "ringcentral.hang_up", {}),
    "Line is in a call": (press_a_button_while_it_rings, "script.chime", {}),
    "Caller is a contact": (ring, "ringcentral.hang_up", {}),
    "Caller is a favorite": (miss_a_favorite, "notify.phone", {"message": "Call Anna Smith back"}),
    "Home Assistant's own": (ring, "notify.phone", {"message": "Anna Smith"}),
}
# These take time.
OUTAGES: Final = {"Line lost", "Line restored"}


def test_every_trigger_condition_and_example_is_on_the_page() -> None:
    assert set(EXAMPLES) == set(SCENES) | OUTAGES
    told = set(re.findall(r"\[`ringcentral\.(\w+)`\]", PAGE))
    shown = set(re.findall(r"(?:trigger|condition): ringcentral\.(\w+)", PAGE))
    assert told == shown == {*TRIGGERS, *CONDITIONS}


@pytest.fixture
async def begun(hass: HomeAssistant, line: Line) -> None:
    for name in ("doorbell", "no_time"):
        hass.states.async_set(f"input_button.{name}", "unknown")


def mock(hass: HomeAssistant, action: str) -> list[ServiceCall]:
    domain, _, name = action.partition(".")
    return async_mock_service(hass, domain, name)


@pytest.mark.usefixtures("begun")
@pytest.mark.parametrize("title", SCENES)
async def test_an_example_works(hass: HomeAssistant, line: Line, title: str) -> None:
    happens, action, data = SCENES[title]
    await automate(hass, EXAMPLES[title])
    done = mock(hass, action)

    await happens(line)
    await hass.async_block_till_done()

    assert len(done) == 1
    assert data.items() <= done[0].data.items()


@pytest.mark.parametrize(("title", "outage"), [("Line lost", ["off"]), ("Line restored", ["off", "on"])])
async def test_an_example_about_the_line_works(
    hass: HomeAssistant, line: Line, title: str, outage: list[str], freezer: FrozenDateTimeFactory
) -> None:
    await automate(hass, EXAMPLES[title])
    done = mock(hass, "notify.phone")

    for state in outage:
        registered(line, state)
        await hass.async_block_till_done()
        freezer.tick(310)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()

    assert len(done) == 1
