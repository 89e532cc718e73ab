"""The list of a line's calls: who is on it, and what it tells of each."""

import asyncio
from datetime import UTC, date, datetime, timedelta
import math
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml
from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from custom_components.ringcentral.clips.call_log import CALLS_SCHEMA, number_filter
from custom_components.ringcentral.const import DATA_LIBRARY
from custom_components.ringcentral.library import CallRecord, Direction, LibraryDamagedError
from custom_components.ringcentral.people.callers import Callers
from custom_components.ringcentral.people.contacts import Contact, ContactBook
from custom_components.ringcentral.people.numbering import Numbering
from simulator.caller import Caller, Step
from simulator.services import Kind
from tests.calls.test_call_actions import TALKER, act, refused
from tests.line import ANNA, LISTENER, Line
from tests.people.test_contact_list import add, give_up

BO = "+16505550188"


async def listed(line: Line, **data: Any) -> list[str]:
    """Return who is on the list, where only some calls are asked for."""
    calls = (await act(line, "get_calls", **data))["calls"]
    return [call["caller"] if call["direction"] == "incoming" else call["called"] for call in calls]


async def test_the_calls_are_listed_newest_first(line: Line) -> None:
    call = await line.call(ANNA)
    line.cloud.sip.do(call, Step.CANCEL)
    await line.told("missed")
    await line.call(LISTENER)
    await act(line, "hang_up")
    await line.told("declined")
    await line.cloud.sip.serve(BO, Kind.BUSY)
    await act(line, "dial", numbers=BO)
    await line.hass.async_block_till_done()

    assert await listed(line) == [BO, LISTENER.number, ANNA.number]
    assert await listed(line, limit=1) == [BO]
    assert await listed(line, outcome="missed") == [ANNA.number]
    assert await listed(line, outcome="declined") == [LISTENER.number]
    assert await listed(line, direction="outgoing") == [BO]
    assert await listed(line, direction="incoming", limit=1) == [LISTENER.number]
    assert await listed(line, since=(dt_util.now() + timedelta(hours=1)).isoformat()) == []
    (missed,) = (await act(line, "get_calls", outcome="missed"))["calls"]
    assert (missed["end_reason"], missed["answered_at"], missed["direction"]) == (
        "cancelled",
        None,
        "incoming",
    )
    assert missed["started_at"] <= missed["ended_at"]
    assert missed["ring_duration"] == round(rang(missed, "ended_at"), 1)
    assert (missed["duration"], missed["media_content_id"], missed["clips"]) == (0.0, None, [])


def rang(call: dict[str, Any], until: str) -> float:
    """Return the seconds from a call's first ring to another moment of it."""
    return (datetime.fromisoformat(call[until]) - datetime.fromisoformat(call["started_at"])).total_seconds()


async def test_a_call_is_listed_with_its_recordings_to_play(line: Line) -> None:
    await line.hass.config.async_update(country="US")
    await line.hass.async_block_till_done()
    call = await line.call(TALKER)
    await act(line, "answer", record=True)
    await asyncio.sleep(0.3)
    first = await act(line, "stop_recording")
    await act(line, "start_recording")
    await asyncio.sleep(0.3)
    second = await act(line, "stop_recording")
    (talking,) = (await act(line, "get_calls"))["calls"]
    assert (talking["duration"], talking["outcome"], len(talking["clips"])) == (None, None, 2)
    line.cloud.sip.do(call, Step.HANG_UP)
    ended = await line.told("ended")
    await line.hass.async_block_till_done()

    await give_up(line, await line.call(ANNA))
    await line.hass.async_block_till_done()
    missed, told = (await act(line, "get_calls"))["calls"]
    assert missed["clips"] == []
    assert [clip["clip"] for clip in told["clips"]] == [first["clip"], second["clip"]]
    assert [clip["media_content_id"] for clip in told["clips"]] == [
        first["media_content_id"],
        second["media_content_id"],
    ]
    assert told["clips"][0]["duration"] == first["duration"]
    assert told["started_at"] <= told["clips"][0]["started_at"] <= told["clips"][1]["started_at"]
    assert told["media_content_id"] == second["media_content_id"]
    assert told["duration"] == pytest.approx(ended["duration"], abs=0.2) and told["duration"] > 0.5
    assert told["ring_duration"] == round(rang(told, "answered_at"), 1)
    assert (told["caller_formatted"], told["called_formatted"]) == ("(650) 555-0188", "(720) 386-1294")
    assert (told["caller"], told["outcome"], told["end_reason"]) == (BO, "ended", "remote_hangup")


async def test_the_calls_of_a_number_or_a_contact_are_listed(line: Line) -> None:
    await line.hass.config.async_update(country="US")
    await add(line, "Anna from school", "(650) 555-0142", "101")
    await line.cloud.sip.serve(str(ANNA.number), Kind.BUSY)
    for caller in (ANNA, Caller(number="101", name=""), LISTENER):
        await give_up(line, await line.call(caller))
    await give_up(line, await line.call(TALKER))
    await act(line, "dial", numbers=ANNA.number)
    await line.hass.async_block_till_done()

    anna = [ANNA.number, ANNA.number]
    assert await listed(line, number="+1 650 555 0142") == anna
    assert await listed(line, number=["(650) 555-0142"]) == anna
    assert await listed(line, number="16505550142") == anna
    assert await listed(line, number=["101", LISTENER.number]) == [LISTENER.number, "101"]
    assert await listed(line, number="+1650*", direction="incoming") == [BO, LISTENER.number, ANNA.number]
    assert await listed(line, contact=" anna FROM school ") == [ANNA.number, "101", ANNA.number]
    assert await listed(line, contact="Anna from school", limit=2) == [ANNA.number, "101"]
    assert await listed(line, contact="Anna from school", number="10*") == ["101"]
    assert await listed(line, contact="Anna") == []
    assert len(await listed(line, contact=" ", number=[])) == 5


async def test_the_list_reaches_back_as_far_as_there_are_calls(line: Line) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    for number in range(1001):
        call = CallRecord(
            f"old-{number}",
            line.entry.entry_id,
            Direction.INCOMING,
            start + timedelta(minutes=number),
            caller=ANNA.number if number == 0 else LISTENER.number,
        )
        await line.library.begin_call(call)

    assert await listed(line, number=ANNA.number) == [ANNA.number]
    assert len(await listed(line, limit=1000)) == 1000


@pytest.mark.parametrize(
    ("since", "moment"),
    [
        ("2026-11-26T10:00:00+01:00", datetime(2026, 11, 26, 9, tzinfo=UTC)),
        ("2026-11-26", datetime(2026, 11, 26, 8, tzinfo=UTC)),
        (date(2026, 11, 26), datetime(2026, 11, 26, 8, tzinfo=UTC)),
        ("2026-11-26 10:00:00", datetime(2026, 11, 26, 18, tzinfo=UTC)),
        (datetime(2026, 11, 26, tzinfo=UTC), datetime(2026, 11, 26, tzinfo=UTC)),
    ],
)
async def test_a_moment_or_a_day_says_since_when(hass: HomeAssistant, since: Any, moment: datetime) -> None:
    await hass.config.async_set_time_zone("America/Los_Angeles")

    assert CALLS_SCHEMA({"since": since})["since"] == moment


@pytest.mark.parametrize(
    "data",
    [
        {"since": "9999-12-31T23:59:59-12:00"},
        {"since": "0001-01-01T00:00:00+12:00"},
        {"since": "yesterday"},
        {"since": 1700000000},
        {"since": None},
        {"since": True},
        {"limit": 0},
        {"limit": 1001},
        {"limit": math.inf},
        {"limit": math.nan},
        {"limit": "%"},
        {"direction": "%"},
        {"outcome": "%"},
        {"outcome": "missed' OR '1'='1"},
        {"number": "%"},
        {"number": [["101"]]},
        {"contact": {"name": "Anna"}},
    ],
)
async def test_what_makes_no_sense_is_told(line: Line, data: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await act(line, "get_calls", **data)


@pytest.mark.parametrize("since", [datetime.min, datetime.max, "0001-01-01", "9999-12-31"])
async def test_the_beginning_and_the_end_of_time_are_no_error(
    hass: HomeAssistant, line: Line, since: Any
) -> None:
    for zone in ("Pacific/Kiritimati", "America/Los_Angeles"):
        await hass.config.async_set_time_zone(zone)
        try:
            assert await listed(line, since=since) == []
        except vol.Invalid:
            continue


async def test_yaml_may_name_a_day_without_quotes(line: Line) -> None:
    data = parse_yaml("since: 2026-11-26\nnumber: 16505550142\nlimit: '5'")
    assert isinstance(data, dict)
    assert await listed(line, **data) == []


@given(st.text(max_size=40), st.text("+0123456789*#", min_size=1, max_size=40))
def test_what_is_asked_for_is_text_and_no_pattern_of_a_database(contact: str, number: str) -> None:
    numbering = Numbering("US")
    callers = Callers()
    callers.learn(ContactBook((Contact("100%_?[a]", ("101",)),), numbering), numbering)
    meant = number_filter(callers, [], contact)
    if meant is not None:
        assert meant("101") is (contact.strip().casefold() == "100%_?[a]")
        assert not meant(number) or number in {"101", "101#"}


@pytest.mark.parametrize("pattern", ["*1" * 2000, "*" * 5000])
def test_a_pattern_that_is_a_burden_is_looked_at_all_the_same(pattern: str) -> None:
    asked = CALLS_SCHEMA({"number": pattern})["number"]
    meant = number_filter(Callers(), asked, None)
    assert meant is not None
    assert meant("1" * 128) is (pattern[1] == "*")


@pytest.mark.parametrize("method", ["calls", "clips_of_calls"])
async def test_a_list_that_cannot_be_read_is_told(
    line: Line, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    async def damaged(*_: Any) -> None:
        raise LibraryDamagedError

    monkeypatch.setattr(line.hass.data[DATA_LIBRARY], method, damaged)
    assert await refused(line, "get_calls") == "library_damaged"
