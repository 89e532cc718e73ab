"""At the times when somebody is there the phone just rings."""

from dataclasses import replace

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.ringcentral.calls import reception
from simulator.ringcentral import RingCentral
from tests.line import ANNA, LISTENER, Line, set_up_line, until
from tests.people.test_contact_list import add

HOURS = "binary_sensor.office"
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


async def working(hass: HomeAssistant, cloud: RingCentral, state: str, **options: object) -> Line:
    """Return a line whose answering machine works when the office is closed."""
    hass.states.async_set(HOURS, state)
    usual = {"answer_mode": "answering_machine", "answer_after": 0, "office_hours": HOURS}
    return await set_up_line(hass, cloud, **{**usual, **options})


@pytest.mark.parametrize("mode", ["answering_machine", "answer_automatically", "reject"])
async def test_while_somebody_is_there_the_phone_just_rings(
    hass: HomeAssistant, cloud: RingCentral, mode: str
) -> None:
    line = await working(hass, cloud, "on", answer_mode=mode)
    call = await line.call(replace(ANNA, ring_for=0.5))
    await line.told("missed")

    assert (call.answers, line.kinds) == (0, ["incoming", "missed"])
    assert line.state("select", "answer_mode").state == mode


@pytest.mark.parametrize("state", ["off", "unknown", "unavailable"])
async def test_else_the_answer_mode_holds(hass: HomeAssistant, cloud: RingCentral, state: str) -> None:
    line = await working(hass, cloud, state)
    await line.call(ANNA)

    await line.told("voicemail")


async def test_hours_that_are_gone_leave_nobody_without_the_machine(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await working(hass, cloud, "on")
    hass.states.async_remove(HOURS)
    await line.call(ANNA)

    await line.told("voicemail")


# The schedule waits for its next hour.
@pytest.mark.parametrize("expected_lingering_timers", [True])
async def test_a_schedule_says_when(hass: HomeAssistant, cloud: RingCentral) -> None:
    always = {day: [{"from": "00:00:00", "to": "24:00:00"}] for day in WEEK}
    office = {"office": {"name": "Office", **always}}
    assert await async_setup_component(hass, "schedule", {"schedule": office})
    line = await working(hass, cloud, "off", office_hours="schedule.office")
    call = await line.call(replace(ANNA, ring_for=0.5))
    await line.told("missed")

    assert call.answers == 0


async def test_do_not_disturb_turns_away_at_these_times_as_well(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await working(hass, cloud, "on", do_not_disturb=True)
    call = await cloud.call(ANNA)
    await line.told("declined")

    assert (call.answers, line.kinds) == (0, ["declined"])


async def test_who_is_kept_away_by_the_machine_is_so_at_all_times(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await working(hass, cloud, "on", blocked_calls="answering_machine")
    await add(line, "Spam", ANNA.number, blocked=True)
    await cloud.call(ANNA)

    await line.told("voicemail")


async def test_a_contact_that_is_answered_automatically_is_so_at_all_times(
    hass: HomeAssistant, cloud: RingCentral, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "ANSWER_CONTACT_AFTER", 0.2)
    line = await working(hass, cloud, "on")
    await add(line, "Babyphone", LISTENER.number, answer_automatically=True)
    call = await line.call(LISTENER)

    await until(lambda: call.answers == 1)
