"""A line whose user signed in in the browser stays signed in, and says when it isn't any more."""

from datetime import timedelta
import logging
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.helpers.config_entry_oauth2_flow import ImplementationUnavailableError
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ringcentral.account.browser_session import EntrySession, async_last_session
from custom_components.ringcentral.account.patience import async_patience
from custom_components.ringcentral.cloud import SessionEnded, Unreachable
from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.softphone import RegistrationRefused
from simulator.rest import Endpoint, Fault, Trouble
from tests.browser import Browser
from tests.line import Line, until

IMPLEMENTATION = "custom_components.ringcentral.account.browser_session.async_get_config_entry_implementation"
REFUSED = RegistrationRefused(403, "Forbidden", 120.0)


@pytest.fixture
async def line(browser: Browser) -> Line:
    """Return a line of somebody who signed in in the browser."""
    return await browser.add_line()


def refreshes(line: Line) -> list[int]:
    """Return how the requests for a new token were answered."""
    asked = line.cloud.rest.asked(Endpoint.TOKEN)
    return [request.status for request in asked if request.form["grant_type"] == "refresh_token"]


def flows(line: Line) -> list[str]:
    """Return what the user is asked for."""
    return [
        flow["context"]["source"] for flow in line.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    ]


def expire(line: Line) -> None:
    """Let the access token be one of some hours ago."""
    token = {**line.entry.data["token"], "expires_at": 0}
    line.hass.config_entries.async_update_entry(line.entry, data={**line.entry.data, "token": token})


async def pass_a_day(line: Line, freezer: FrozenDateTimeFactory) -> None:
    """Let a day go by."""
    freezer.tick(timedelta(days=1, seconds=1))
    async_fire_time_changed(line.hass)
    await line.hass.async_block_till_done(wait_background_tasks=True)


async def test_a_line_that_just_works_stays_signed_in(line: Line, freezer: FrozenDateTimeFactory) -> None:
    tokens = [line.entry.data["token"]["refresh_token"]]
    assert refreshes(line) == []

    for _ in range(3):
        await pass_a_day(line, freezer)
        tokens.append(line.entry.data["token"]["refresh_token"])

    assert refreshes(line) == [200, 200, 200]
    assert len(set(tokens)) == 4
    assert len(line.cloud.rest.sessions) == 1
    assert flows(line) == []


async def test_a_restart_after_some_time_counts_as_a_day(line: Line) -> None:
    expire(line)

    await line.reload()
    await line.hass.async_block_till_done(wait_background_tasks=True)
    await line.reload()
    await line.hass.async_block_till_done(wait_background_tasks=True)

    assert refreshes(line) == [200]


async def test_nothing_is_refreshed_after_the_line_was_unloaded(
    line: Line, freezer: FrozenDateTimeFactory
) -> None:
    await line.hass.config_entries.async_unload(line.entry.entry_id)

    await pass_a_day(line, freezer)

    assert refreshes(line) == []


async def test_a_dead_refresh_token_is_asked_for_again_once_while_the_line_goes_on(
    line: Line, freezer: FrozenDateTimeFactory
) -> None:
    line.cloud.rest.end_sessions()

    await pass_a_day(line, freezer)
    await pass_a_day(line, freezer)

    # Once a day to stay signed in, and when credentials are polled.
    assert set(refreshes(line)) == {400}
    assert flows(line) == [SOURCE_REAUTH]
    assert line.registered


@pytest.mark.parametrize("fault", [Trouble.DROP, Trouble.GARBAGE, "CMN-203", "CMN-301", "CMN-201"])
async def test_a_network_in_trouble_asks_nobody_and_the_next_day_works(
    line: Line, freezer: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    line.cloud.rest.fail_next(Endpoint.TOKEN, fault)
    await pass_a_day(line, freezer)
    assert flows(line) == []
    line.cloud.rest._closed_until.clear()
    line.cloud.rest._closed_until.update(dict.fromkeys(("auth", "light", "heavy"), 0.0))
    session = line.entry.runtime_data.client._tokens
    async_patience(line.hass, session.server, session.app)._pause = None

    await pass_a_day(line, freezer)

    assert refreshes(line)[-1] == 200
    ours = [record for record in caplog.records if record.name.startswith("custom_components.ringcentral")]
    assert [record for record in ours if record.levelno > logging.INFO] == []


async def test_a_refused_line_gets_new_credentials_with_the_session_and_keeps_its_new_tokens(
    line: Line,
) -> None:
    expire(line)
    before = dict(line.entry.data)

    line.entry.runtime_data._phone_event(REFUSED)
    await until(lambda: len(line.cloud.rest.asked(Endpoint.SIP_PROVISION)) == 2)
    await line.hass.async_block_till_done(wait_background_tasks=True)

    assert line.entry.data["provision"]["device"] == before["provision"]["device"]
    assert line.entry.data["token"]["refresh_token"] != before["token"]["refresh_token"]
    assert line.entry.data["token"]["access_token"] in line.cloud.rest.sessions.issued[-2:]
    assert len(line.cloud.rest.sessions) == 1


async def test_a_token_that_ringcentral_does_not_know_any_more_is_refreshed(line: Line) -> None:
    line.cloud.rest.fail_next(Endpoint.SIP_PROVISION, "OAU-213")

    line.entry.runtime_data._phone_event(REFUSED)
    await until(lambda: len(line.cloud.rest.asked(Endpoint.SIP_PROVISION)) == 3)
    await line.hass.async_block_till_done(wait_background_tasks=True)

    assert refreshes(line) == [200]
    assert flows(line) == []


async def test_a_token_that_was_refreshed_meanwhile_is_left_alone(line: Line) -> None:
    session = EntrySession(line.hass, line.entry)
    old = await session.current()
    await session.instead_of(old)

    await session.instead_of(old)

    assert refreshes(line) == [200]


async def test_a_session_that_is_dead_when_it_is_needed_asks_to_sign_in_once(line: Line) -> None:
    line.cloud.rest.end_sessions()

    line.entry.runtime_data._phone_event(REFUSED)
    await until(lambda: flows(line) != [])
    await line.hass.async_block_till_done(wait_background_tasks=True)

    assert flows(line) == [SOURCE_REAUTH]
    assert refreshes(line) == [400]


async def test_without_its_app_the_user_is_asked(line: Line, freezer: FrozenDateTimeFactory) -> None:
    line.hass.config_entries.async_update_entry(
        line.entry, data={**line.entry.data, "auth_implementation": "gone"}
    )
    line.entry.runtime_data.client._tokens._session = None

    await pass_a_day(line, freezer)

    assert flows(line) == [SOURCE_REAUTH]
    with pytest.raises(SessionEnded):
        await EntrySession(line.hass, line.entry).current()


async def test_an_app_that_cannot_be_had_for_now_is_for_another_time(line: Line) -> None:
    with patch(IMPLEMENTATION, side_effect=ImplementationUnavailableError), pytest.raises(Unreachable):
        await EntrySession(line.hass, line.entry).current()


async def test_a_removed_line_signs_out(line: Line) -> None:
    assert len(line.cloud.rest.sessions) == 1

    await line.hass.config_entries.async_remove(line.entry.entry_id)

    assert len(line.cloud.rest.sessions) == 0


@pytest.mark.parametrize("fault", [Trouble.DROP, "CMN-203", "OAU-153"])
async def test_a_line_is_removed_also_when_it_cannot_sign_out(line: Line, fault: Fault) -> None:
    line.cloud.rest.fail_next(Endpoint.REVOKE, fault)

    await line.hass.config_entries.async_remove(line.entry.entry_id)

    assert line.hass.config_entries.async_entries(DOMAIN) == []


async def test_a_line_is_removed_also_when_its_app_is_gone(line: Line) -> None:
    line.hass.config_entries.async_update_entry(
        line.entry, data={**line.entry.data, "auth_implementation": "gone"}
    )

    await line.hass.config_entries.async_remove(line.entry.entry_id)

    assert line.hass.config_entries.async_entries(DOMAIN) == []


# The session of a line that is being removed


async def test_a_line_that_goes_uses_its_session_a_last_time(line: Line) -> None:
    session = await async_last_session(line.hass, line.entry)

    assert (await session.current()).value in line.cloud.rest.sessions.issued
    await session.revoke()
    assert len(line.cloud.rest.sessions) == 0


async def test_a_session_that_is_over_can_not_be_used_a_last_time(line: Line) -> None:
    line.cloud.rest.end_sessions()

    with pytest.raises(SessionEnded):
        await async_last_session(line.hass, line.entry)


async def test_a_network_in_trouble_gives_no_last_session(line: Line) -> None:
    line.cloud.rest.fail_next(Endpoint.TOKEN, "CMN-203")

    with pytest.raises(Unreachable):
        await async_last_session(line.hass, line.entry)


async def test_another_implementation_is_none_of_ours(line: Line) -> None:
    with patch(IMPLEMENTATION, return_value=AsyncMock()), pytest.raises(SessionEnded):
        await async_last_session(line.hass, line.entry)
