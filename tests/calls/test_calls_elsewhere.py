"""Calls of other phones, and those missed while nobody was here, are in the list; nobody is told of them."""

from datetime import datetime, timedelta
import json
import logging
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ringcentral.account.rounds import AGAIN_AFTER, JITTER
from custom_components.ringcentral.calls.calls_elsewhere import EVERY, FIRST, end_of
from custom_components.ringcentral.clips.mailbox import EVERY as MAILBOX_EVERY
from custom_components.ringcentral.cloud import LoggedCall
from custom_components.ringcentral.library import CallRecord, Direction
from simulator.caller import Step
from simulator.rest import Endpoint
from simulator.ringcentral import RingCentral
from tests.line import ANNA, LISTENER, Line, set_up_line, until
from tests.people.test_address_book import pass_time
from tests.people.test_caller_blocking import forget_penalty, logged
from tests.people.test_contact_list import add
from tests.speaker import tone


@pytest.fixture
def cloud(cloud: RingCentral) -> RingCentral:
    """Return a RingCentral whose app may read the call log."""
    cloud.rest.account.permissions |= {"ReadCallLog", "ReadMessages", "EditMessages"}
    return cloud


@pytest.fixture
async def follower(hass: HomeAssistant, cloud: RingCentral) -> Line:
    """Return a line that has read the empty call log."""
    line = await set_up_line(hass, cloud, call_log=True)
    await go_round(line, FIRST)
    assert reads(line) == 1
    return line


async def go_round(line: Line, seconds: float = EVERY) -> None:
    """Let as much time go by as it takes until the call log is read again."""
    await pass_time(line, seconds * (1 + JITTER) + 1)


def reads(line: Line) -> int:
    return len(line.cloud.rest.asked(Endpoint.CALL_LOG))


def note(line: Line, result: str, at: datetime | None = None, **fields: Any) -> dict[str, Any]:
    """Note a call in RingCentral's log."""
    settings = {"number": ANNA.number, "name": ANNA.name} | fields
    return line.cloud.rest.call_log.add(result, at=at or dt_util.utcnow(), **settings)


def session(line: Line) -> str:
    """Return what RingCentral calls the call that came last."""
    return f"s-{line.cloud.sip.calls[-1]._session.telephony}"


async def calls(line: Line) -> list[CallRecord]:
    return await line.library.calls(line.entry.entry_id)


def missed(line: Line) -> str:
    return line.state("sensor", "missed_calls").state


def issue(line: Line) -> dict[str, str] | None:
    key = f"call_log_not_allowed_{line.entry.entry_id}"
    found = ir.async_get(line.hass).async_get_issue("ringcentral", key)
    return dict(found.translation_placeholders or {}) if found else None


async def test_a_call_of_another_phone_is_in_the_list(follower: Line) -> None:
    at = dt_util.utcnow().replace(microsecond=0)
    note(follower, "Accepted", at, seconds=90)
    note(follower, "Call connected", at + timedelta(seconds=1), number=LISTENER.number, outgoing=True)

    await go_round(follower)

    placed, taken = await calls(follower)
    assert (taken.direction, taken.caller, taken.caller_name, taken.started_at, taken.duration) == (
        Direction.INCOMING,
        ANNA.number,
        ANNA.name,
        at,
        90.0,
    )
    assert (taken.outcome, taken.end_reason) == ("ended", "answered_elsewhere")
    assert (placed.direction, placed.called, placed.outcome, placed.end_reason) == (
        Direction.OUTGOING,
        LISTENER.number,
        "ended",
        "elsewhere",
    )
    assert follower.kinds == [] and missed(follower) == "0"
    assert len(follower.cloud.rest.sessions) == 0


async def test_the_action_lists_it(follower: Line) -> None:
    note(follower, "Accepted", seconds=90)
    await go_round(follower)

    found: Any = await follower.hass.services.async_call(
        "ringcentral", "get_calls", {}, blocking=True, return_response=True
    )

    (call,) = found["calls"]
    assert (call["caller"], call["duration"], call["outcome"]) == (ANNA.number, 90.0, "ended")


async def test_what_was_missed_while_nobody_was_here_is_missed(follower: Line) -> None:
    await follower.hass.config_entries.async_unload(follower.entry.entry_id)
    note(follower, "Missed", dt_util.utcnow() + timedelta(milliseconds=1))
    await follower.reload()
    await go_round(follower, FIRST)

    (call,) = await calls(follower)
    assert (call.outcome, call.end_reason) == ("missed", "no_answer")
    assert missed(follower) == "1" and follower.kinds == []
    assert follower.entry.runtime_data.data.last_call is None
    await follower.reload()
    assert follower.entry.runtime_data.data.last_call is None


async def test_what_was_before_is_not_asked_for(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, call_log=True)
    note(line, "Missed", dt_util.utcnow() - timedelta(minutes=1))
    await go_round(line, FIRST)
    await go_round(line)

    assert reads(line) == 2 and await calls(line) == []


async def test_a_call_comes_once(follower: Line) -> None:
    note(follower, "Missed")
    for _ in range(3):
        await go_round(follower)
    await follower.reload()
    await go_round(follower, FIRST)

    assert reads(follower) == 5 and len(await calls(follower)) == 1


@pytest.mark.parametrize("by", ["session", "time and number"])
async def test_a_call_that_rang_here_is_not_there_twice(follower: Line, by: str) -> None:
    call = await follower.call()
    follower.cloud.sip.do(call, Step.CANCEL)
    await follower.told("missed")
    if by == "session":
        note(follower, "Missed", number=None, session=session(follower))
    else:
        await forget_sessions(follower)
        note(follower, "Missed", number="16505550142")
    await go_round(follower)

    (record,) = await calls(follower)
    assert record.id == follower.of("missed")[0]["call_id"]
    assert (record.outcome, record.end_reason) == ("missed", "cancelled")
    assert record.remote_id is not None and record.remote_id.startswith("s-")


async def forget_sessions(line: Line) -> None:
    """Let the calls be as those whose INVITE didn't say what RingCentral calls them."""

    def forget(shelves: Any) -> None:
        with shelves.connection:
            shelves.connection.execute("UPDATE calls SET remote_id = NULL")

    await line.library._run(forget)


async def test_a_call_that_another_phone_took_is_not_missed(follower: Line) -> None:
    call = await follower.call()
    follower.cloud.sip.do(call, Step.CANCEL)
    await follower.told("missed")
    await until(lambda: missed(follower) == "1")
    note(follower, "Accepted", session=session(follower), seconds=60)

    await go_round(follower)

    (record,) = await calls(follower)
    assert (record.outcome, record.end_reason) == ("ended", "answered_elsewhere")
    assert missed(follower) == "0"


async def test_a_call_that_was_taken_here_stays_as_it_was(machine: Line, cloud: RingCentral) -> None:
    options = {**machine.entry.options, "call_log": True}
    machine.hass.config_entries.async_update_entry(machine.entry, options=options)
    await pass_time(machine, 11)
    await machine.call()
    await machine.told("ended")
    (before,) = await calls(machine)
    note(machine, "Accepted", session=session(machine), seconds=3)
    await go_round(machine)

    assert await calls(machine) == [before]


async def test_a_call_that_goes_on_is_waited_for(follower: Line) -> None:
    record = note(follower, "In Progress")
    await go_round(follower)
    assert await calls(follower) == []
    record["result"] = "Accepted"
    await go_round(follower)

    assert len(await calls(follower)) == 1


async def test_who_is_forgotten_does_not_come_back(follower: Line) -> None:
    note(follower, "Missed")
    await go_round(follower)
    await follower.hass.services.async_call(
        "ringcentral", "forget_number", {"number": ANNA.number}, blocking=True
    )
    await go_round(follower)
    await follower.reload()
    await go_round(follower, FIRST)

    assert await calls(follower) == []


@pytest.mark.parametrize(("result", "outcome"), [("Missed", "blocked"), ("Accepted", "ended")])
async def test_a_blocked_contact_is_not_missed(follower: Line, result: str, outcome: str) -> None:
    await add(follower, "Spam", ANNA.number, blocked=True)
    note(follower, result)
    await go_round(follower)

    (call,) = await calls(follower)
    assert (call.outcome, call.caller_name, call.contact) == (outcome, "Spam", "Spam")
    assert missed(follower) == "0"


@pytest.mark.parametrize("first", ["message", "call"])
async def test_a_message_and_its_call_are_one(follower: Line, first: str) -> None:
    options = {**follower.entry.options, "voicemail": True}
    follower.hass.config_entries.async_update_entry(follower.entry, options=options)
    await pass_time(follower, 11)
    at = dt_util.utcnow()
    message = follower.cloud.rest.mailbox.leave(
        tone(440.0, 0.3), number=ANNA.number, at=at + timedelta(milliseconds=500), media_type="audio/x-wav"
    )
    if first == "message":
        await go_round(follower, MAILBOX_EVERY)
        assert len(await calls(follower)) == 1
        note(follower, "Voicemail", at, message_id=message)
    else:
        note(follower, "Voicemail", at, message_id=message)
    await go_round(follower)

    (call,) = await calls(follower)
    (clip,) = await follower.library.clips_of_calls([call.id])
    assert clip.remote_id == message and call.end_reason == "voicemail"
    assert missed(follower) == "1" and follower.kinds == ["recording_saved", "voicemail"]


async def test_without_a_session_its_record_names_a_call(follower: Line) -> None:
    record = note(follower, "Missed")
    del record["telephonySessionId"]
    await go_round(follower)

    (call,) = await calls(follower)
    assert call.remote_id == record["id"]


async def test_a_missing_permission_is_told_and_comes_back(
    follower: Line, caplog: pytest.LogCaptureFixture
) -> None:
    follower.cloud.rest.account.permissions -= {"ReadCallLog"}
    note(follower, "Missed")
    await go_round(follower)
    assert issue(follower) == {"line": "Reception", "permission": "Read Call Log"}

    follower.cloud.rest.account.permissions |= {"ReadCallLog"}
    await go_round(follower, AGAIN_AFTER)

    assert issue(follower) is None and len(await calls(follower)) == 1
    told = [record.levelno for record in caplog.records if "call log" in record.getMessage()]
    assert told == [logging.WARNING, logging.INFO]


async def test_a_limit_is_waited_out(follower: Line) -> None:
    note(follower, "Missed")
    follower.cloud.rest.fail_next(Endpoint.CALL_LOG, "CMN-301")
    await go_round(follower)
    forget_penalty(follower)
    await go_round(follower)

    assert len(await calls(follower)) == 1


async def test_it_is_written_down_only_when_something_has_changed(
    follower: Line, hass_storage: dict[str, Any]
) -> None:
    key = f"ringcentral.call_log.{follower.entry.entry_id}"
    before = hass_storage[key]["data"]
    for _ in range(3):
        await go_round(follower)
    assert hass_storage[key]["data"] is before

    await follower.hass.config_entries.async_remove(follower.entry.entry_id)
    assert key not in hass_storage


async def test_after_days_of_quiet_only_the_last_are_read(follower: Line, freezer: Any) -> None:
    note(follower, "Missed")
    await go_round(follower)
    freezer.tick(timedelta(days=3))
    await go_round(follower)
    log = follower.cloud.rest.call_log
    with patch.object(log, "page", wraps=log.page) as asked:
        await go_round(follower)

    assert len(await calls(follower)) == 1
    since = asked.call_args.args[0]["dateFrom"]
    assert timedelta(hours=23) < dt_util.utcnow() - datetime.fromisoformat(since) < timedelta(hours=25)


INCOMING = [
    ("Accepted", "ended", "answered_elsewhere"),
    ("Call connected", "ended", "answered_elsewhere"),
    ("Missed", "missed", "no_answer"),
    ("Voicemail", "missed", "voicemail"),
    ("Hang Up", "missed", "cancelled"),
    ("IP Phone Offline", "missed", "no_answer"),
    ("Busy", "missed", "busy"),
    ("Rejected", "declined", "declined"),
    ("Blocked", "blocked", "blocked"),
    ("Unknown", "ended", "elsewhere"),
    ("", "ended", "elsewhere"),
]
OUTGOING = [
    ("Call connected", "elsewhere"),
    ("Busy", "busy"),
    ("No Answer", "no_answer"),
    ("Hang Up", "cancelled"),
    ("Wrong Number", "unknown_number"),
    ("International Disabled", "refused"),
    ("Something new", "elsewhere"),
]


@pytest.mark.parametrize(("result", "outcome", "reason"), INCOMING)
def test_what_became_of_a_call_to_the_user(result: str, outcome: str, reason: str) -> None:
    assert end_of(LoggedCall("1", None, True, dt_util.utcnow(), 0, result)) == (outcome, reason)


@pytest.mark.parametrize(("result", "reason"), OUTGOING)
def test_what_became_of_a_call_of_the_users(result: str, reason: str) -> None:
    assert end_of(LoggedCall("1", None, False, dt_util.utcnow(), 0, result)) == ("ended", reason)


async def test_nothing_of_it_is_shown_to_strangers(
    follower: Line, hass_client: ClientSessionGenerator, caplog: pytest.LogCaptureFixture
) -> None:
    note(follower, "Missed")
    await go_round(follower)

    shown: Any = await get_diagnostics_for_config_entry(follower.hass, hass_client, follower.entry)

    assert shown["line"]["elsewhere"] == {"call_log": 1}
    for secret in (ANNA.number[2:], ANNA.name):
        assert secret not in json.dumps(shown) and secret not in logged(caplog)
