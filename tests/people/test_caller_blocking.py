"""Whom a line's contacts block is blocked at RingCentral as well, where that was chosen; what others block stays."""

import asyncio
from datetime import timedelta
import logging
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ringcentral.account.patience import async_patience
from custom_components.ringcentral.cloud import BlockedNumber
from custom_components.ringcentral.people.caller_blocking import (
    AGAIN_AFTER,
    AT_ONCE,
    NEXT_AFTER,
    SOON,
    Made,
    still_ours,
)
from simulator.rest import Endpoint
from simulator.ringcentral import RingCentral
from tests.browser import Browser
from tests.line import ANNA, LISTENER, Line, set_up_line, until

from .test_address_book import pass_time, settle
from .test_contact_list import add, subentry

SPAM, JUNK = "+16505550142", "+16505550117"


@pytest.fixture
def cloud(cloud: RingCentral) -> RingCentral:
    """Return a RingCentral whose app may change what belongs to the extension."""
    cloud.rest.account.permissions |= {"EditExtensions"}
    return cloud


@pytest.fixture
async def strict(hass: HomeAssistant, cloud: RingCentral) -> Line:
    """Return a line with one blocked contact, who is blocked at RingCentral."""
    line = await set_up_line(hass, cloud, block_at_ringcentral=True)
    await add(line, "Spam", SPAM, blocked=True)
    await soon(line)
    assert there(line) == [SPAM]
    return line


async def soon(line: Line) -> None:
    """Let as much time go by as changes are collected."""
    await pass_time(line, SOON + 1)


def choose(line: Line, on: bool) -> None:
    options = {**line.entry.options, "block_at_ringcentral": on}
    line.hass.config_entries.async_update_entry(line.entry, options=options)


def there(line: Line) -> list[str]:
    return line.cloud.rest.blocked.numbers


def asked(line: Line) -> list[str]:
    """Return what was asked of the list, in order."""
    rest = line.cloud.rest
    ends = {Endpoint.BLOCKED_NUMBERS, Endpoint.BLOCKED_NUMBER}
    return [request.method for request in rest.requests if request.endpoint in ends]


def forget_penalty(line: Line) -> None:
    """Let the penalty of a limit be over, here and at RingCentral."""
    app = line.cloud.app
    async_patience(line.hass, line.cloud.rest.url, app["client_id"])._pause = None
    closed = line.cloud.rest._closed_until
    closed.update(dict.fromkeys(closed, 0.0))


def key(line: Line) -> str:
    return f"ringcentral.blocked_numbers.{line.entry.entry_id}"


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Return what the integration logged."""
    ours = (record for record in caplog.records if record.name.startswith("custom_components.ringcentral"))
    return "\n".join(record.getMessage() for record in ours)


def ours(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [
        record.levelno
        for record in caplog.records
        if record.name.startswith("custom_components.ringcentral")
        and "Blocking numbers at RingCentral" in record.getMessage()
    ]


async def test_a_blocked_contact_is_blocked_there_by_name(strict: Line) -> None:
    (entry,) = strict.cloud.rest.blocked.records.values()

    assert (entry["phoneNumber"], entry["label"], entry["status"]) == (SPAM, "Spam", "Blocked")
    assert asked(strict) == ["GET", "POST"]
    assert len(strict.cloud.rest.sessions) == 0


async def test_nothing_is_asked_for_where_it_was_not_chosen(line: Line) -> None:
    await add(line, "Spam", SPAM, blocked=True)
    await soon(line)

    assert asked(line) == []


async def test_nothing_is_asked_for_where_nobody_is_blocked(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, block_at_ringcentral=True)
    await add(line, "Anna", SPAM)
    await soon(line)

    assert asked(line) == []


async def test_a_number_that_an_automation_blocks_is_blocked_there(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    hass.config.country = "US"
    line = await set_up_line(hass, cloud, block_at_ringcentral=True)
    await hass.services.async_call("ringcentral", "block", {"number": "(650) 555-0142"}, blocking=True)
    await settle(line)
    await soon(line)

    assert there(line) == [SPAM]


@pytest.mark.parametrize("how", ["unmarked", "deleted", "other number", "switched off"])
async def test_who_is_not_blocked_any_more_is_not_there_either(strict: Line, how: str) -> None:
    config = strict.hass.config_entries
    (contact,) = strict.entry.subentries.values()
    match how:
        case "unmarked":
            config.async_update_subentry(strict.entry, contact, data={**contact.data, "blocked": False})
        case "deleted":
            config.async_remove_subentry(strict.entry, contact.subentry_id)
        case "other number":
            config.async_update_subentry(strict.entry, contact, data={**contact.data, "numbers": [JUNK]})
        case "switched off":
            choose(strict, False)
    await settle(strict)
    await soon(strict)

    assert there(strict) == ([JUNK] if how == "other number" else [])
    await soon(strict)
    assert asked(strict)[2:] == ["GET", "DELETE", *(["POST"] if how == "other number" else [])]


async def test_what_somebody_entered_there_stays(hass: HomeAssistant, cloud: RingCentral) -> None:
    cloud.rest.blocked.enter(SPAM, "By hand")
    cloud.rest.blocked.enter(JUNK, "Let through", "Allowed")
    line = await set_up_line(hass, cloud, block_at_ringcentral=True)
    contact = await add(line, "Spam", SPAM, JUNK, "+16505550199", blocked=True)
    await soon(line)
    assert there(line) == [SPAM, JUNK, "+16505550199"]

    hass.config_entries.async_remove_subentry(line.entry, contact)
    await settle(line)
    await soon(line)

    assert there(line) == [SPAM, JUNK]


async def test_what_somebody_deleted_there_is_only_deleted_here(strict: Line) -> None:
    strict.cloud.rest.blocked.records.clear()
    theirs = strict.cloud.rest.blocked.enter(SPAM, "By hand")
    choose(strict, False)
    await soon(strict)

    assert list(strict.cloud.rest.blocked.records.values()) == [theirs]


async def test_only_whole_numbers_of_the_network_are_sent(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, block_at_ringcentral=True)
    await add(line, "Unwanted", "+1555*", "101", "front-door", "6505550142", SPAM, blocked=True)
    await soon(line)

    assert there(line) == [SPAM]


async def test_a_country_says_what_numbers_mean(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, block_at_ringcentral=True)
    await add(line, "Spam", "(650) 555-0142", blocked=True)
    await soon(line)
    assert there(line) == []

    await hass.config.async_update(country="US")
    await settle(line)
    await soon(line)

    assert there(line) == [SPAM]


async def test_many_changes_are_one_comparison(strict: Line) -> None:
    for number in range(10):
        contact = subentry("Spam", f"+1650555020{number}", blocked=True)
        strict.hass.config_entries.async_add_subentry(strict.entry, contact)
        await strict.hass.async_block_till_done()
    await soon(strict)

    assert asked(strict) == ["GET", "POST", "GET", *["POST"] * 10]


async def test_what_is_no_change_asks_for_nothing(strict: Line) -> None:
    await add(strict, "Anna", JUNK)
    strict.hass.config_entries.async_update_entry(strict.entry, title="Front desk")
    await soon(strict)

    assert asked(strict) == ["GET", "POST"]


async def test_a_great_many_are_sent_a_few_at_a_time(strict: Line) -> None:
    numbers = [f"+1650556{number:04}" for number in range(AT_ONCE + 5)]
    await add(strict, "Spam", SPAM, *numbers, blocked=True)
    await soon(strict)
    assert len(there(strict)) == 1 + AT_ONCE

    await pass_time(strict, NEXT_AFTER + 1)
    assert len(there(strict)) == 6 + AT_ONCE

    choose(strict, False)
    await soon(strict)
    assert len(there(strict)) == 6
    await pass_time(strict, NEXT_AFTER + 1)
    assert there(strict) == []


async def test_a_restart_remembers_what_was_made(strict: Line) -> None:
    await strict.reload()
    await soon(strict)
    assert asked(strict) == ["GET", "POST", "GET"]

    choose(strict, False)
    await soon(strict)

    assert there(strict) == []


async def test_what_was_switched_off_while_the_line_was_not_loaded_is_taken_back(strict: Line) -> None:
    await strict.hass.config_entries.async_unload(strict.entry.entry_id)
    choose(strict, False)
    await soon(strict)
    assert there(strict) == [SPAM]

    await strict.hass.config_entries.async_setup(strict.entry.entry_id)
    await until(lambda: strict.registered)
    await soon(strict)

    assert there(strict) == []


async def test_an_entry_whose_making_was_not_seen_to_its_end_is_known_again(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, block_at_ringcentral=True)
    blocked = cloud.rest.blocked

    def made_but_lost(body: Any) -> dict[str, Any]:
        blocked.enter(body["phoneNumber"], body["label"])
        raise ConnectionResetError

    await add(line, "Spam", SPAM, blocked=True)
    with patch.object(blocked, "add", made_but_lost):
        await soon(line)
    assert there(line) == [SPAM]

    await pass_time(line, AGAIN_AFTER * 1.21)
    assert asked(line).count("POST") == 1
    choose(line, False)
    await soon(line)
    assert there(line) == []


async def test_a_limit_is_kept_to(strict: Line) -> None:
    strict.cloud.rest.fail_next(Endpoint.BLOCKED_NUMBERS, "CMN-301")
    await add(strict, "Junk", JUNK, blocked=True)
    await soon(strict)
    before = len(strict.cloud.rest.requests)
    await pass_time(strict, 50)
    assert (len(strict.cloud.rest.requests), there(strict)) == (before, [SPAM])

    forget_penalty(strict)
    await pass_time(strict, 75)

    assert there(strict) == [SPAM, JUNK]


@pytest.mark.parametrize("fault", ["CMN-408", "CMN-203", "CMN-102"])
async def test_a_failure_is_tried_again_and_told_once(
    strict: Line, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    strict.cloud.rest.fail_next(Endpoint.BLOCKED_NUMBERS, fault, times=2)
    await add(strict, "Junk", JUNK, blocked=True)
    await soon(strict)
    await pass_time(strict, AGAIN_AFTER * 1.21)
    assert (there(strict), ours(caplog)) == ([SPAM], [logging.WARNING])

    await pass_time(strict, AGAIN_AFTER * 1.21)

    assert there(strict) == [SPAM, JUNK]
    assert ours(caplog) == [logging.WARNING, logging.INFO]


async def test_a_number_that_ringcentral_does_not_take_is_in_nobody_s_way(
    strict: Line, caplog: pytest.LogCaptureFixture
) -> None:
    add_there = strict.cloud.rest.blocked.add

    def picky(body: Any) -> dict[str, Any]:
        return add_there({} if body["phoneNumber"] == JUNK else body)

    with patch.object(strict.cloud.rest.blocked, "add", picky):
        await add(strict, "Junk", JUNK, "+16505550199", blocked=True)
        await soon(strict)
        assert there(strict) == [SPAM, "+16505550199"]
        await pass_time(strict, AGAIN_AFTER * 1.21)
    assert asked(strict).count("POST") == 3
    assert "doesn't take one of the numbers" in logged(caplog) and JUNK not in logged(caplog)

    # Another change is another occasion.
    await add(strict, "Spam", "+16505550198", blocked=True)
    await soon(strict)
    assert set(there(strict)) == {SPAM, JUNK, "+16505550199", "+16505550198"}


async def test_an_answer_that_makes_no_sense_is_for_another_time(strict: Line) -> None:
    with patch.object(strict.cloud.rest.blocked, "add", return_value={}):
        await add(strict, "Junk", JUNK, blocked=True)
        await soon(strict)
    assert there(strict) == [SPAM]

    await pass_time(strict, AGAIN_AFTER * 1.21)

    assert there(strict) == [SPAM, JUNK]


async def test_a_missing_permission_is_an_entry_in_repairs_until_it_is_there(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    cloud.rest.account.permissions -= {"EditExtensions"}
    line = await set_up_line(hass, cloud, block_at_ringcentral=True)
    await add(line, "Spam", SPAM, blocked=True)
    await soon(line)
    issues = ir.async_get(hass).issues
    issue = issues["ringcentral", f"blocking_not_allowed_{line.entry.entry_id}"]
    assert issue.translation_placeholders == {"line": "Reception", "permission": "Edit Extensions"}

    cloud.rest.account.permissions |= {"EditExtensions"}
    await pass_time(line, AGAIN_AFTER * 1.21)

    assert (there(line), list(issues)) == ([SPAM], [])


async def test_a_change_meanwhile_is_made_afterwards(strict: Line) -> None:
    going = asyncio.Event()
    client = strict.entry.runtime_data.client
    block = client.block_number

    async def slowly(*arguments: str) -> Any:
        await going.wait()
        return await block(*arguments)

    with patch.object(client, "block_number", slowly):
        await add(strict, "Junk", JUNK, blocked=True)
        await fire(strict)
        await add(strict, "More", "+16505550199", blocked=True)
        await fire(strict)
        going.set()
        await settle(strict)
        await soon(strict)

    assert there(strict) == [SPAM, JUNK, "+16505550199"]


async def fire(line: Line) -> None:
    """Have what is due begun, without waiting for its end."""
    async_fire_time_changed(line.hass, dt_util.utcnow() + timedelta(seconds=SOON + 1))
    await line.hass.async_block_till_done()
    await asyncio.sleep(0.2)


# Removing the line


async def test_a_line_that_is_removed_takes_back_what_is_its(
    strict: Line, hass_storage: dict[str, Any]
) -> None:
    strict.cloud.rest.blocked.enter(JUNK, "By hand")
    assert key(strict) in hass_storage and strict.entry.runtime_data.blocking._store._private

    await strict.hass.config_entries.async_remove(strict.entry.entry_id)

    assert (there(strict), key(strict) in hass_storage) == ([JUNK], False)
    assert len(strict.cloud.rest.sessions) == 0


@pytest.mark.parametrize("age", ["fresh", "expired"])
async def test_who_signed_in_in_the_browser_takes_back_and_is_signed_out(browser: Browser, age: str) -> None:
    line = await browser.add_line()
    line.cloud.rest.account.permissions |= {"EditExtensions"}
    choose(line, True)
    await add(line, "Spam", SPAM, blocked=True)
    await soon(line)
    assert there(line) == [SPAM]
    if age == "expired":
        token = {**line.entry.data["token"], "expires_at": 0}
        line.hass.config_entries.async_update_entry(line.entry, data={**line.entry.data, "token": token})

    await line.hass.config_entries.async_remove(line.entry.entry_id)

    assert (there(line), len(line.cloud.rest.sessions)) == ([], 0)


@pytest.mark.parametrize("fault", ["CMN-203", "CMN-401", "OAU-140"])
async def test_a_line_can_be_removed_without_ringcentral(
    strict: Line, caplog: pytest.LogCaptureFixture, hass_storage: dict[str, Any], fault: str
) -> None:
    endpoint = Endpoint.TOKEN if fault.startswith("OAU") else Endpoint.BLOCKED_NUMBERS
    strict.cloud.rest.fail_next(endpoint, fault)

    await strict.hass.config_entries.async_remove(strict.entry.entry_id)

    assert (there(strict), key(strict) in hass_storage) == ([SPAM], False)
    assert "stay blocked at RingCentral" in logged(caplog) and SPAM not in logged(caplog)


async def test_the_browser_s_line_can_be_removed_without_its_session(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    line = await browser.add_line()
    line.cloud.rest.account.permissions |= {"EditExtensions"}
    choose(line, True)
    await add(line, "Spam", SPAM, blocked=True)
    await soon(line)
    line.cloud.rest.end_sessions()

    await line.hass.config_entries.async_remove(line.entry.entry_id)

    assert "stay blocked at RingCentral" in caplog.text


# What is kept


@pytest.mark.parametrize("data", [{"made": [{"number": SPAM}]}, {"made": [5]}, {"other": 1}])
async def test_a_file_that_was_spoiled_is_told(
    strict: Line, caplog: pytest.LogCaptureFixture, hass_storage: dict[str, Any], data: Any
) -> None:
    await strict.hass.config_entries.async_unload(strict.entry.entry_id)
    hass_storage[key(strict)]["data"] = data
    choose(strict, False)

    await strict.hass.config_entries.async_setup(strict.entry.entry_id)
    await until(lambda: strict.registered)
    await soon(strict)

    assert there(strict) == [SPAM]
    assert "not known any more" in caplog.text


def test_ours_are_known_by_their_ids_and_the_unseen_by_number_and_label() -> None:
    listed = [
        BlockedNumber("1", SPAM, "Spam"),
        BlockedNumber("2", JUNK, "By hand"),
        BlockedNumber("3", "+1", "X"),
    ]
    made = [
        Made(SPAM, "Spam"),
        Made(JUNK, "Junk"),
        Made("+1", "Y", "3"),
        Made("+2", "Z", "9"),
        Made("+3", ""),
    ]

    assert still_ours({each.number: each for each in made}, listed) == {
        SPAM: Made(SPAM, "Spam", "1"),
        "+1": Made("+1", "Y", "3"),
    }


def test_no_number_is_in_a_repr() -> None:
    assert SPAM not in repr(Made(SPAM, "Spam")) and ANNA.number == SPAM and LISTENER.number == JUNK
