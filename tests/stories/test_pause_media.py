"""Music and TV pause while somebody is on the phone, and go on afterwards."""

from homeassistant.core import HomeAssistant
import pytest

from simulator.caller import Step
from tests.household import device_of
from tests.line import ANNA, LISTENER, Line, until

from .household_1 import MY_LINK, Players, follow_page, text_of, turns, use_blueprint

KITCHEN, TV, BATH = "media_player.kitchen", "media_player.tv", "media_player.bath"
PAUSED = ("media_pause", KITCHEN)
RESUMED = ("media_play", KITCHEN)
BOTH = pytest.mark.parametrize("by", ["page", "blueprint"])


@pytest.fixture
def players(hass: HomeAssistant) -> Players:
    return Players(hass, kitchen="playing", tv="off", bath="playing")


async def automate(hass: HomeAssistant, line: Line, by: str = "blueprint", **more: object) -> None:
    if by == "page":
        await follow_page(hass, "pause-media")
    else:
        inputs = {"line": device_of(hass, line), "players": [KITCHEN, TV], "patience": 0, **more}
        await use_blueprint(hass, "pause_media", **inputs)


def test_the_page_offers_the_blueprint() -> None:
    assert f"{MY_LINK}pause_media.yaml" in text_of("pause-media")


@BOTH
async def test_what_plays_pauses_until_the_call_is_over(
    hass: HomeAssistant, line: Line, players: Players, by: str
) -> None:
    await automate(hass, line, by)

    call = await line.call(LISTENER)
    await until(lambda: players.told == [PAUSED])
    await hass.services.async_call("ringcentral", "answer", {}, blocking=True)
    await line.told("answered")
    await turns()
    assert players.told == [PAUSED]

    line.cloud.sip.do(call, Step.HANG_UP)
    await until(lambda: len(players.told) > 1)
    assert players.told == [PAUSED, RESUMED]


@BOTH
@pytest.mark.parametrize("step", [Step.CANCEL, Step.ANSWERED_ELSEWHERE])
async def test_it_goes_on_when_nobody_takes_the_call_here(
    hass: HomeAssistant, line: Line, players: Players, by: str, step: Step
) -> None:
    await automate(hass, line, by)

    call = await line.call()
    await until(lambda: players.told == [PAUSED])
    line.cloud.sip.do(call, step)

    await until(lambda: players.told == [PAUSED, RESUMED])


@BOTH
async def test_it_waits_for_the_end_of_both_calls(
    hass: HomeAssistant, line: Line, players: Players, by: str
) -> None:
    await automate(hass, line, by)
    first = await line.call(LISTENER)
    await hass.services.async_call("ringcentral", "answer", {}, blocking=True)
    second = await line.call(ANNA)

    line.cloud.sip.do(second, Step.CANCEL)
    await line.told("missed")
    await turns()
    assert players.told == [PAUSED]

    line.cloud.sip.do(first, Step.HANG_UP)
    await until(lambda: players.told == [PAUSED, RESUMED])


@BOTH
async def test_what_was_switched_off_meanwhile_stays_off(
    hass: HomeAssistant, line: Line, players: Players, by: str
) -> None:
    await automate(hass, line, by)
    call = await line.call()
    await until(lambda: players.told == [PAUSED])

    hass.states.async_set(KITCHEN, "off")
    line.cloud.sip.do(call, Step.CANCEL)
    await line.told("missed")
    await turns()

    assert players.told == [PAUSED]


async def test_it_can_play_on_until_the_call_is_answered(
    hass: HomeAssistant, line: Line, players: Players
) -> None:
    await automate(hass, line, while_ringing=False)

    call = await line.call(LISTENER)
    await turns()
    assert players.told == []

    await hass.services.async_call("ringcentral", "answer", {}, blocking=True)
    await until(lambda: players.told == [PAUSED] and call.answers == 1)
    line.cloud.sip.do(call, Step.HANG_UP)
    await until(lambda: players.told == [PAUSED, RESUMED])
