"""The button that opens the door; what counts is which keys the door station hears."""

from dataclasses import replace
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.ringcentral.softphone import UnknownCallError
from simulator.call import Call
from simulator.caller import Caller, Manner, Step
from simulator.ringcentral import RingCentral
from tests.line import ANNA, LISTENER, Line, set_up_line, until
from tests.people.test_contact_list import add
from tests.test_button import press

from .test_call_actions import act

STATION = Caller(number="+16505550100", name="WIRELESS CALLER", manner=Manner(stay=True))
BACK_DOOR = replace(STATION, number="+16505550101")

BUTTON = "button.reception_open_the_door"


@pytest.fixture
async def door(line: Line) -> Line:
    """Return a line that knows its door station."""
    await add(line, "Front door", STATION.number, door_station=True, opening_keys="#5")
    return line


def heard(call: Call) -> list[str]:
    return [key.key for key in call.voice.keys.heard]


async def test_a_door_station_that_rings_is_answered_opened_and_hung_up_on(door: Line) -> None:
    call = await door.call(STATION)

    await press(door, "open_the_door")

    ended = await door.told("ended")
    await until(lambda: call.outcome == "phone hung up")
    assert (heard(call), ended["end_reason"]) == (["#", "5"], "local_hangup")


async def test_who_is_talked_to_goes_on_being_talked_to(door: Line) -> None:
    call = await door.call(STATION)
    await act(door, "answer")

    await press(door, "open_the_door")

    await until(lambda: heard(call) == ["#", "5"])
    assert door.kinds == ["incoming", "answered"]
    assert door.state("sensor", "call_state").state == "talking"


async def test_the_door_is_opened_whoever_else_calls(door: Line) -> None:
    anna = await door.call(ANNA)
    station = await door.call(STATION)

    await press(door, "open_the_door")

    await until(lambda: heard(station) == ["#", "5"])
    assert (anna.answers, heard(anna)) == (0, [])


async def test_of_two_door_stations_the_one_that_is_talked_to_is_opened(door: Line) -> None:
    await add(door, "Back door", BACK_DOOR.number, door_station=True, opening_keys="9")
    first = await door.call(STATION)
    await act(door, "answer")
    second = await door.call(BACK_DOOR)

    await press(door, "open_the_door")

    await until(lambda: heard(first) == ["#", "5"])
    assert (second.answers, heard(second)) == (0, [])


async def test_of_two_that_ring_none_is_opened(door: Line) -> None:
    await add(door, "Back door", BACK_DOOR.number, door_station=True)
    calls = [await door.call(STATION), await door.call(BACK_DOOR)]

    with pytest.raises(ServiceValidationError, match="none but the right door"):
        await press(door, "open_the_door")

    assert [call.answers for call in calls] == [0, 0]


async def test_without_a_door_station_no_door_is_opened(door: Line) -> None:
    call = await door.call(LISTENER)
    with pytest.raises(ServiceValidationError, match="no door to open"):
        await press(door, "open_the_door")

    await act(door, "answer")
    with pytest.raises(ServiceValidationError, match="no door to open"):
        await press(door, "open_the_door")

    assert heard(call) == []


async def test_a_door_station_on_hold_is_not_opened(door: Line) -> None:
    call = await door.call(STATION)
    await act(door, "answer")
    door.cloud.sip.do(call, Step.HOLD)
    await until(lambda: door.state("sensor", "call_state").state == "on_hold")

    with pytest.raises(ServiceValidationError, match="no door to open"):
        await press(door, "open_the_door")


async def test_a_door_station_that_is_kept_away_opens_nothing(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, blocked_calls="silent")
    await add(line, "Not mine", STATION.number, door_station=True, opening_keys="9", blocked=True)
    call = await cloud.call(STATION)
    await until(lambda: len(line.entry.runtime_data.desk.calls) == 1)

    with pytest.raises(ServiceValidationError, match="no door to open"):
        await press(line, "open_the_door")
    assert call.answers == 0


async def test_a_door_station_without_keys_is_told_of(door: Line) -> None:
    await add(door, "Back door", BACK_DOOR.number, door_station=True)
    call = await door.call(BACK_DOOR)

    with pytest.raises(ServiceValidationError, match="enter the keys under Door"):
        await press(door, "open_the_door")
    assert call.answers == 0


async def test_a_door_that_stays_shut_is_told_of(line: Line) -> None:
    await add(line, "Front door", STATION.number, door_station=True, opening_keys=",,,,,,9")
    await line.call(replace(STATION, while_talking=((0.2, Step.HANG_UP),)))

    with pytest.raises(HomeAssistantError, match="The door stays shut"):
        await press(line, "open_the_door")


async def test_a_door_station_that_gives_up_right_now_opens_nothing(door: Line) -> None:
    call = await door.call(STATION)

    with (
        patch.object(door.entry.runtime_data.phone, "answer", side_effect=UnknownCallError("gone")),
        pytest.raises(HomeAssistantError, match="The door stays shut"),
    ):
        await press(door, "open_the_door")

    assert call.answers == 0


# When there is such a button


async def test_there_is_a_button_while_a_door_can_be_opened(line: Line) -> None:
    registry = er.async_get(line.hass)
    assert line.hass.states.get(BUTTON) is None
    station = await add(line, "Front door", STATION.number, door_station=True)
    await add(line, "Anna", ANNA.number, opening_keys="9")
    assert line.hass.states.get(BUTTON) is None

    back = await add(line, "Back door", BACK_DOOR.number, door_station=True, opening_keys="9")
    assert line.hass.states.get(BUTTON) is not None
    await line.reload()
    assert line.hass.states.get(BUTTON) is not None
    assert line.hass.config_entries.async_remove_subentry(line.entry, back)
    await line.hass.async_block_till_done()

    assert (line.hass.states.get(BUTTON), registry.async_get(BUTTON)) == (None, None)
    assert station in line.entry.subentries
    assert line.hass.states.get("event.reception_doorbell") is not None
