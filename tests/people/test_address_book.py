"""A line tells callers by the names its user has for them at RingCentral, where that was chosen."""

from datetime import timedelta
import json
import logging
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ringcentral.people.address_book import AGAIN_AFTER, READ_EVERY
from simulator.rest import Endpoint
from simulator.ringcentral import RingCentral
from tests.browser import Browser
from tests.line import ANNA, LISTENER, Line, add_line, set_up_line, until

from .test_contact_list import add, kept_away

DAY = READ_EVERY * 1.21


@pytest.fixture
def cloud(cloud: RingCentral) -> RingCentral:
    """Return a RingCentral whose user has somebody in the address book, and whose app may see it."""
    cloud.rest.account.permissions |= {"ReadContacts"}
    cloud.rest.address_book.add(firstName="Anna", lastName="from choir", mobilePhone=ANNA.number)
    return cloud


@pytest.fixture
async def named(hass: HomeAssistant, cloud: RingCentral) -> Line:
    """Return a line that has read the address book."""
    line = await set_up_line(hass, cloud, address_book=True)
    await settle(line)
    return line


async def settle(line: Line) -> None:
    await line.hass.async_block_till_done(wait_background_tasks=True)


async def pass_time(line: Line, seconds: float) -> None:
    """Let time go by, and what is due be done."""
    async_fire_time_changed(line.hass, dt_util.utcnow() + timedelta(seconds=seconds))
    await settle(line)


def choose(line: Line, on: bool) -> None:
    options = {**line.entry.options, "address_book": on}
    line.hass.config_entries.async_update_entry(line.entry, options=options)


def reads(line: Line) -> int:
    return len(line.cloud.rest.asked(Endpoint.CONTACTS))


def known(line: Line) -> list[str]:
    return [contact.name for contact in line.entry.runtime_data.address_book.contacts]


def key(line: Line) -> str:
    return f"ringcentral.address_book.{line.entry.entry_id}"


def ours(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    return [
        (record.levelno, record.getMessage())
        for record in caplog.records
        if record.name.startswith("custom_components.ringcentral")
        and record.levelno >= logging.INFO
        and "address book" in record.getMessage()
    ]


async def test_a_caller_in_the_address_book_is_named(named: Line) -> None:
    await named.call()

    (told,) = named.events
    assert (told["caller_name"], told["is_contact"]) == ("Anna from choir", True)
    assert (told["is_favorite"], told["is_blocked"], told["is_door_station"]) == (False, False, False)


async def test_it_is_read_only_where_that_was_chosen(line: Line) -> None:
    await line.call()
    await pass_time(line, DAY)

    assert (reads(line), line.events[0]["caller_name"]) == (0, "Anna Smith")


async def test_a_session_of_a_jwt_is_ended_after_reading(named: Line) -> None:
    assert len(named.cloud.rest.sessions) == 0


async def test_contacts_of_one_s_own_win(named: Line) -> None:
    await add(named, "Anna from school", ANNA.number)

    await named.call()

    assert named.events[0]["caller_name"] == "Anna from school"


@pytest.mark.parametrize("number", ["+1650*", "6505550142"])
async def test_contacts_of_one_s_own_win_however_they_are_written(named: Line, number: str) -> None:
    await add(named, "Spam", number, blocked=True)

    await kept_away(named)

    assert (await named.told("blocked"))["caller_name"] == "Spam"


async def test_the_choice_holds_at_once_without_a_reload(line: Line, hass_storage: dict[str, Any]) -> None:
    line.cloud.rest.account.permissions |= {"ReadContacts"}
    line.cloud.rest.address_book.records[:] = [{"firstName": "Anna", "homePhone": ANNA.number}]
    before = line.entry.runtime_data
    choose(line, True)
    await settle(line)
    assert (known(line), line.entry.runtime_data) == (["Anna"], before)

    choose(line, False)
    await settle(line)
    await line.call()

    assert (known(line), line.events[0]["is_contact"], key(line) in hass_storage) == ([], False, False)


async def test_who_thinks_better_of_it_at_once_keeps_nothing(
    line: Line, hass_storage: dict[str, Any]
) -> None:
    line.cloud.rest.account.permissions |= {"ReadContacts"}
    line.cloud.rest.address_book.records[:] = [{"firstName": "Anna", "homePhone": ANNA.number}]
    for on in (True, False, True, False):
        choose(line, on)
    await settle(line)

    assert (known(line), key(line) in hass_storage) == ([], False)


async def test_names_are_known_from_the_start_without_ringcentral(named: Line) -> None:
    named.cloud.rest.account.permissions -= {"ReadContacts"}

    await named.reload()
    await named.call()

    assert named.events[-1]["caller_name"] == "Anna from choir"


async def test_what_is_kept_is_nobody_else_s_business(named: Line, hass_storage: dict[str, Any]) -> None:
    kept = hass_storage[key(named)]["data"]

    assert kept == {"contacts": [{"name": "Anna from choir", "numbers": [ANNA.number]}]}
    assert named.entry.runtime_data.address_book._store._private


async def test_what_is_kept_goes_with_the_line(named: Line, hass_storage: dict[str, Any]) -> None:
    assert key(named) in hass_storage

    await named.hass.config_entries.async_remove(named.entry.entry_id)

    assert key(named) not in hass_storage


async def test_what_is_kept_goes_when_the_choice_was_taken_back_while_the_line_was_not_loaded(
    named: Line, hass_storage: dict[str, Any]
) -> None:
    await named.hass.config_entries.async_unload(named.entry.entry_id)
    choose(named, False)
    assert key(named) in hass_storage

    await named.hass.config_entries.async_setup(named.entry.entry_id)
    await until(lambda: named.registered)

    assert (known(named), key(named) in hass_storage) == ([], False)


async def test_it_is_read_once_a_day(named: Line) -> None:
    named.cloud.rest.address_book.add(firstName="Berta", homePhone=LISTENER.number)
    await pass_time(named, READ_EVERY * 0.99)
    assert (reads(named), known(named)) == (1, ["Anna from choir"])

    await pass_time(named, DAY)

    assert (reads(named), known(named)) == (2, ["Anna from choir", "Berta"])


async def test_it_is_not_read_any_more_after_the_line_was_unloaded(named: Line) -> None:
    await named.hass.config_entries.async_unload(named.entry.entry_id)

    await pass_time(named, DAY)

    assert reads(named) == 1


@pytest.mark.parametrize("fault", ["CMN-401", "CMN-408", "CMN-203", "CMN-102"])
async def test_what_can_not_be_read_keeps_what_is_known_and_is_told_once(
    named: Line, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    named.cloud.rest.fail_next(Endpoint.CONTACTS, fault, times=3)
    await pass_time(named, DAY)
    for _ in range(2):
        await pass_time(named, AGAIN_AFTER * 1.21)
    assert (reads(named), known(named)) == (4, ["Anna from choir"])
    assert [level for level, _ in ours(caplog)] == [logging.WARNING]

    await pass_time(named, AGAIN_AFTER * 1.21)

    assert reads(named) == 5
    assert [level for level, _ in ours(caplog)] == [logging.WARNING, logging.INFO]


async def test_a_limit_is_waited_for(named: Line) -> None:
    named.cloud.rest.fail_next(Endpoint.CONTACTS, "CMN-301")
    await pass_time(named, DAY)
    await pass_time(named, 120)

    assert (reads(named), known(named)) == (2, ["Anna from choir"])


async def test_a_line_starts_without_ringcentral(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = Line(hass, cloud, await add_line(hass, cloud, address_book=True))
    cloud.rest.fail_next(Endpoint.TOKEN, "CMN-203", times=9)

    assert await hass.config_entries.async_setup(line.entry.entry_id)
    await until(lambda: line.registered)
    await settle(line)

    await line.call()
    assert line.events[0]["caller_name"] == "Anna Smith"


@pytest.mark.parametrize(
    ("version", "data"),
    [(1, {"contacts": [{"name": 5}, 7]}), (1, {"people": []}), (1, []), (1, {}), (9, {"contacts": []})],
)
async def test_a_file_that_was_spoiled_is_read_anew(
    hass: HomeAssistant, cloud: RingCentral, hass_storage: dict[str, Any], version: int, data: Any
) -> None:
    line = Line(hass, cloud, await add_line(hass, cloud, address_book=True))
    hass_storage[key(line)] = {"version": version, "minor_version": 1, "key": key(line), "data": data}

    assert await hass.config_entries.async_setup(line.entry.entry_id)
    await until(lambda: line.registered)
    await settle(line)

    assert known(line) == ["Anna from choir"]


async def test_a_line_nobody_is_signed_in_for_asks_for_nothing(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    signed_in = await add_line(hass, cloud)
    await hass.config_entries.async_remove(signed_in.entry_id)
    account, server = cloud.sip.accounts[-1], f"{cloud.sip.host}:{cloud.sip.port}"
    entry = MockConfigEntry(
        domain="ringcentral",
        title="Reception",
        data={
            "source": "device",
            "username": account.username,
            "password": account.password,
            "authorization_id": account.authorization_id,
            "domain": account.domain,
            "proxy": server,
            "transport": "tcp",
        },
        options={"address_book": True, "block_at_ringcentral": True},
    )
    entry.add_to_hass(hass)
    line = Line(hass, cloud, entry)
    before = len(cloud.rest.requests)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: line.registered)
    await add(line, "Spam", LISTENER.number, blocked=True)
    choose(line, False)
    await pass_time(line, DAY)
    await hass.config_entries.async_remove(entry.entry_id)

    assert len(cloud.rest.requests) == before


async def test_who_signed_in_in_the_browser_has_it_too(browser: Browser) -> None:
    line = await browser.add_line()
    line.cloud.rest.account.permissions |= {"ReadContacts"}
    line.cloud.rest.address_book.records[:] = [{"firstName": "Anna", "homePhone": ANNA.number}]

    choose(line, True)
    await settle(line)

    assert known(line) == ["Anna"]


async def test_own_contacts_that_change_do_not_have_the_address_book_read_through_again(
    named: Line,
) -> None:
    callers: Any = named.entry.runtime_data.callers
    others = callers._book.others

    await add(named, "School", LISTENER.number)

    assert callers._book.others is others
    await named.hass.config.async_update(country="DE")
    await settle(named)
    assert callers._book.others is not others


async def test_nobody_in_it_is_shown_to_strangers(
    named: Line, hass_client: ClientSessionGenerator, caplog: pytest.LogCaptureFixture
) -> None:
    await named.call()

    shown: Any = await get_diagnostics_for_config_entry(named.hass, hass_client, named.entry)
    logged = [each.getMessage() for each in caplog.records if each.name.startswith("custom_components")]

    assert shown["line"]["address_book"] == 1
    assert shown["line"]["blocked_at_ringcentral"] == 0
    assert "from choir" not in json.dumps(shown) and "from choir" not in "".join(logged)
