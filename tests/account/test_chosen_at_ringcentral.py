"""What needs a permission at RingCentral is tried when it is switched on."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator.rest import Endpoint, Fault
from simulator.ringcentral import RingCentral
from tests.browser import Browser
from tests.flow import choose, suggested
from tests.line import Line, add_line

ALLOWED = {"ReadContacts", "EditExtensions", "ReadCallLog", "ReadMessages"}


async def configure(line: Line, **chosen: bool) -> Any:
    """Choose what RingCentral is to do."""
    result = await choose(line, "ringcentral", chosen)
    await line.hass.async_block_till_done(wait_background_tasks=True)
    return result


@pytest.mark.parametrize("choice", ["address_book", "block_at_ringcentral", "call_log", "voicemail"])
async def test_what_is_allowed_is_switched_on_and_off(line: Line, choice: str) -> None:
    line.cloud.rest.account.permissions |= ALLOWED

    await configure(line, **{choice: True})
    assert line.entry.options[choice] is True
    assert len(line.cloud.rest.sessions) == 0
    await configure(line, **{choice: False})

    assert choice not in line.entry.options


@pytest.mark.parametrize(
    ("choice", "endpoint", "fault", "key"),
    [
        ("address_book", Endpoint.CONTACTS, "CMN-401", "missing_permission"),
        ("address_book", Endpoint.CONTACTS, "CMN-408", "not_allowed"),
        ("address_book", Endpoint.CONTACTS, "CMN-301", "rate_limited"),
        ("address_book", Endpoint.CONTACTS, "CMN-203", "cannot_connect"),
        ("address_book", Endpoint.CONTACTS, "CMN-102", "unexpected_answer"),
        ("address_book", Endpoint.TOKEN, "OAU-140", "signed_out"),
        ("block_at_ringcentral", Endpoint.BLOCKED_NUMBERS, "CMN-401", "missing_permission"),
        ("block_at_ringcentral", Endpoint.BLOCKED_NUMBERS, "CMN-408", "not_allowed"),
        ("call_log", Endpoint.CALL_LOG, "CMN-401", "missing_permission"),
        ("voicemail", Endpoint.MESSAGES, "CMN-401", "missing_permission"),
    ],
)
async def test_what_is_not_is_told_and_what_was_typed_stays(
    line: Line, choice: str, endpoint: Endpoint, fault: Fault, key: str
) -> None:
    line.cloud.rest.account.permissions |= ALLOWED
    before = dict(line.entry.options)
    line.cloud.rest.fail_next(endpoint, fault)

    form = await configure(line, **{choice: True})

    assert form["errors"] == {choice: key}
    assert suggested(form["data_schema"])[choice] is True
    assert dict(line.entry.options) == before


async def test_the_permission_is_named_as_the_console_does(line: Line) -> None:
    form = await configure(line, address_book=True)

    assert form["errors"] == {"address_book": "missing_permission"}
    assert form["description_placeholders"]["permission"] == "Read Contacts"


async def test_several_choices_are_tried_in_one_session(line: Line) -> None:
    line.cloud.rest.account.permissions |= ALLOWED
    before = len(line.cloud.rest.asked(Endpoint.TOKEN))

    await configure(line, call_log=True, voicemail=True)

    assert len(line.cloud.rest.asked(Endpoint.TOKEN)) == before + 1


async def test_what_is_on_already_is_not_tried_again(line: Line) -> None:
    line.cloud.rest.account.permissions |= ALLOWED
    await configure(line, address_book=True)
    line.cloud.rest.account.permissions -= ALLOWED
    before = len(line.cloud.rest.asked(Endpoint.CONTACTS))

    result = await configure(line, address_book=True)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert len(line.cloud.rest.asked(Endpoint.CONTACTS)) == before


async def test_a_line_that_is_not_loaded_can_be_configured(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = Line(hass, cloud, await add_line(hass, cloud))

    assert (await configure(line, address_book=True))["errors"] == {"address_book": "missing_permission"}


async def test_who_signed_in_in_the_browser_may_choose_too(browser: Browser) -> None:
    line = await browser.add_line()
    line.cloud.rest.account.permissions |= ALLOWED

    await configure(line, address_book=True, block_at_ringcentral=True)

    assert line.entry.options["address_book"] and line.entry.options["block_at_ringcentral"]
    assert len(line.cloud.rest.sessions) == 1


@pytest.mark.parametrize("source", ["device", "sip"])
async def test_who_is_not_signed_in_is_not_asked(hass: HomeAssistant, source: str) -> None:
    entry = MockConfigEntry(domain="ringcentral", data={"source": source})
    entry.add_to_hass(hass)

    menu = await hass.config_entries.options.async_init(entry.entry_id)

    assert menu["menu_options"] == [
        "calls", "machine", "recording", "recordings", "transcripts", "callers", "calling",
    ]  # fmt: skip
