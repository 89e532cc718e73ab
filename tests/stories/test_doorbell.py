"""A door station calls the line, and Home Assistant has a doorbell that rings."""

from homeassistant.core import HomeAssistant
import pytest

from simulator.caller import Caller, Manner
from tests.line import ANNA, Line, until
from tests.people.test_contact_list import add

from .household_1 import follow_page, mobile, turns

STATION = Caller(number="+16505550100", name="WIRELESS CALLER", manner=Manner(stay=True))


@pytest.fixture
async def station(line: Line) -> Line:
    """Return a line that knows its door station."""
    await add(line, "Front door", STATION.number, door_station=True)
    return line


async def test_the_push_of_the_doorbell_opens_the_door(hass: HomeAssistant, station: Line) -> None:
    async with mobile(hass) as pixel:
        await follow_page(hass, "doorbell")

        call = await station.call(STATION)
        await until(lambda: len(pixel.pushed) == 1)
        await turns()
        assert call.answers == 0, "it rings until somebody presses the button"

        [push] = pixel.pushed
        [button] = push["data"]["actions"]
        hass.bus.async_fire("mobile_app_notification_action", {"action": button["action"]})
        ended = await station.told("ended")

    assert (push["title"], push["message"]) == ("The doorbell rang", "Front door")
    assert station.state("event", "doorbell").attributes["event_type"] == "ring"
    assert [heard.key for heard in call.voice.keys.heard] == ["9"]
    assert ended["end_reason"] == "local_hangup"


async def test_no_other_call_rings_the_doorbell(hass: HomeAssistant, station: Line) -> None:
    async with mobile(hass) as pixel:
        await follow_page(hass, "doorbell")

        await station.call(ANNA)
        await turns()

        assert pixel.pushed == []
        assert station.state("event", "doorbell").state == "unknown"
