"""What becomes of a call that comes in; what counts is what the caller's server was told."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ringcentral.calls import reception
from custom_components.ringcentral.library import Library, LibraryFullError
from custom_components.ringcentral.softphone import UnknownCallError
from custom_components.ringcentral.softphone.media import MediaEngine, MediaError
from simulator.caller import Caller, Step
from simulator.ringcentral import RingCentral
from tests.line import ANNA, LISTENER, TERMINAL, Line, set_up_line, until
from tests.people.test_contact_list import add


async def test_a_line_that_answers_automatically_does_so_after_its_time(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answer_automatically", answer_after=0.3)
    call = await line.call(LISTENER)
    assert call.answers == 0
    await line.told("answered")
    await until(lambda: call.answers == 1)

    times = {text: at for at, text in call.events}
    assert times["answered"] - times["ringing"] >= 0.25
    assert line.state("sensor", "call_state").state == "talking"


async def test_who_gives_up_before_that_is_missed(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answer_automatically", answer_after=0.2)
    call = await line.call(LISTENER)
    line.cloud.sip.do(call, Step.CANCEL)
    await line.told("missed")
    await hass.async_block_till_done(wait_background_tasks=True)

    assert (call.answers, line.kinds) == (0, ["incoming", "missed"])


async def test_who_gives_up_as_it_answers_is_no_error(
    hass: HomeAssistant, cloud: RingCentral, caplog: pytest.LogCaptureFixture
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answer_automatically", answer_after=0.2)
    await line.call(LISTENER)
    phone = line.entry.runtime_data.phone
    with patch.object(phone, "answer", side_effect=UnknownCallError("gone")) as answer:
        await until(lambda: answer.called)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert "Error" not in caplog.text
    assert line.kinds == ["incoming"]


async def test_a_call_that_cannot_be_answered_is_told(
    hass: HomeAssistant, cloud: RingCentral, caplog: pytest.LogCaptureFixture
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answer_automatically", answer_after=0.1)
    with patch.object(MediaEngine, "open", side_effect=MediaError("No UDP port is free for sound")):
        await line.call(LISTENER)
        await hass.async_block_till_done(wait_background_tasks=True)

    assert "The call was not answered: No UDP port is free for sound" in caplog.text


async def test_a_line_may_turn_every_call_away_and_tells_of_it(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="reject")
    call = await line.call()
    declined = await line.told("declined")
    await cloud.sip.ended(call)

    assert call.status == 603
    assert (line.kinds, declined["end_reason"]) == (["incoming", "declined"], "declined")


@pytest.mark.parametrize("options", [{"answer_mode": "reject"}, {"do_not_disturb": True}])
async def test_who_gives_up_while_being_turned_away_is_no_error(
    hass: HomeAssistant, cloud: RingCentral, caplog: pytest.LogCaptureFixture, options: dict[str, Any]
) -> None:
    line = await set_up_line(hass, cloud, **options)
    phone = line.entry.runtime_data.phone
    with patch.object(phone, "hang_up", side_effect=UnknownCallError("gone")) as hang_up:
        await cloud.call(LISTENER)
        await until(lambda: hang_up.called)

    assert "failed" not in caplog.text


# Do not disturb


@pytest.mark.parametrize("mode", ["only_tell", "answer_automatically", "reject"])
async def test_do_not_disturb_turns_calls_away_as_busy_and_nothing_rings(
    hass: HomeAssistant, cloud: RingCentral, mode: str
) -> None:
    line = await set_up_line(hass, cloud, answer_mode=mode, do_not_disturb=True, answer_after=0)
    line.states.clear()
    call = await cloud.call(ANNA)
    declined = await line.told("declined")
    await cloud.sip.ended(call)

    assert call.status == 486
    assert (line.kinds, line.states) == (["declined"], [])
    assert (declined["end_reason"], declined["caller_name"]) == ("do_not_disturb", "Anna Smith")
    assert line.state("sensor", "last_caller").state == "Anna Smith"
    (record,) = await line.library.calls(line.entry.entry_id)
    assert (record.outcome, record.end_reason) == ("declined", "do_not_disturb")


async def test_with_an_answering_machine_it_takes_messages_without_a_ring(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(
        hass, cloud, answer_mode="answering_machine", answer_after=20, do_not_disturb=True
    )
    line.states.clear()
    await cloud.call(ANNA)
    await line.told("voicemail")

    assert line.states == ["talking", "idle"]
    assert line.kinds == ["answered", "recording_started", "ended", "recording_saved", "voicemail"]


async def test_without_room_for_a_message_it_turns_away_as_well(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", do_not_disturb=True)
    with patch.object(Library, "begin_clip", side_effect=LibraryFullError):
        call = await cloud.call(ANNA)
        await line.told("declined")
        await cloud.sip.ended(call)

    assert (call.status, line.kinds) == (486, ["declined"])


async def test_what_rings_already_goes_on_ringing(line: Line) -> None:
    await line.call(LISTENER)
    options = {**line.entry.options, "do_not_disturb": True}
    line.hass.config_entries.async_update_entry(line.entry, options=options)
    second = await line.cloud.call(ANNA)
    await line.told("declined")
    await line.cloud.sip.ended(second)

    assert line.state("sensor", "call_state").state == "ringing"
    assert line.state("sensor", "call_state").attributes["caller_name"] == "Hillside School"
    assert second.status == 486


async def rings(line: Line, caller: Caller = ANNA) -> bool:
    """Be called, and return whether it rings rather than being turned away; whoever calls gives up."""
    before = len(line.events)
    call = await line.cloud.call(caller)
    await until(lambda: len(line.events) > before)
    heard = line.kinds[-1] == "incoming"
    line.cloud.sip.do(call, Step.CANCEL)
    await line.cloud.sip.ended(call)
    await until(lambda: line.kinds[-1] in TERMINAL)
    return heard


@pytest.mark.parametrize(
    ("options", "anna", "stranger"),
    [
        ({}, [False, False], [False, False]),
        ({"favorites_ring": True}, [True, True], [False, False]),
        ({"repeats_ring": True}, [False, True], [False, True]),
        ({"favorites_ring": True, "repeats_ring": True}, [True, True], [False, True]),
    ],
)
async def test_some_may_be_let_through_do_not_disturb(
    hass: HomeAssistant, cloud: RingCentral, options: dict[str, bool], anna: list[bool], stranger: list[bool]
) -> None:
    line = await set_up_line(hass, cloud, do_not_disturb=True, **options)
    await add(line, "Anna from school", ANNA.number, favorite=True)

    assert [await rings(line), await rings(line)] == anna
    assert [await rings(line, LISTENER), await rings(line, LISTENER)] == stranger


async def test_who_passes_has_the_answer_mode_of_everybody(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(
        hass,
        cloud,
        do_not_disturb=True,
        favorites_ring=True,
        answer_mode="answering_machine",
        answer_after=0.4,
    )
    await add(line, "Anna from school", ANNA.number, favorite=True)
    await line.cloud.call(ANNA)
    await line.told("voicemail")

    assert line.kinds[:2] == ["incoming", "answered"]


async def test_a_blocked_favorite_does_not_pass(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, do_not_disturb=True, favorites_ring=True)
    await add(line, "Anna from school", ANNA.number, favorite=True, blocked=True)

    assert await rings(line) is False
    assert line.kinds == ["blocked"]


# A contact that is answered automatically


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have contacts that are answered automatically be answered sooner than in life."""
    monkeypatch.setattr(reception, "ANSWER_CONTACT_AFTER", 0.3)


def test_a_contact_is_heard_ringing_before_it_is_answered() -> None:
    assert reception.ANSWER_CONTACT_AFTER == 1.0


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("mode", ["only_tell", "answer_automatically", "answering_machine"])
async def test_a_contact_is_answered_automatically_whatever_the_answer_mode(
    hass: HomeAssistant, cloud: RingCentral, mode: str
) -> None:
    line = await set_up_line(hass, cloud, answer_mode=mode, answer_after=20)
    await add(line, "Babyphone", LISTENER.number, answer_automatically=True)

    call = await line.call(LISTENER)
    await until(lambda: call.answers == 1)
    await line.told("answered")
    await hass.async_block_till_done()

    times = {text: at for at, text in call.events}
    assert times["answered"] - times["ringing"] >= 0.25
    assert line.kinds == ["incoming", "answered"]


@pytest.mark.usefixtures("at_once")
async def test_nobody_else_is_answered_automatically(line: Line) -> None:
    await add(line, "Babyphone", LISTENER.number, answer_automatically=True)
    await add(line, "Anna from school", ANNA.number)
    call = await line.call(replace(ANNA, ring_for=0.8))
    await line.told("missed")

    assert call.answers == 0


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("options", "marks", "status", "told"),
    [
        ({"answer_mode": "reject"}, {}, 603, ["incoming", "declined"]),
        ({"do_not_disturb": True}, {}, 486, ["declined"]),
        ({}, {"blocked": True}, 603, ["blocked"]),
    ],
)
async def test_who_is_turned_away_is_not_answered_automatically(
    hass: HomeAssistant,
    cloud: RingCentral,
    options: dict[str, Any],
    marks: dict[str, bool],
    status: int,
    told: list[str],
) -> None:
    line = await set_up_line(hass, cloud, **options)
    await add(line, "Babyphone", LISTENER.number, answer_automatically=True, **marks)

    call = await cloud.call(LISTENER)
    await cloud.sip.ended(call)
    await line.told(told[-1])

    assert (call.status, call.answers, line.kinds) == (status, 0, told)


async def test_while_nobody_wants_to_be_disturbed_the_machine_takes_its_call(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", do_not_disturb=True)
    await add(line, "Anna from school", ANNA.number, answer_automatically=True)

    await cloud.call(ANNA)

    await line.told("voicemail")
