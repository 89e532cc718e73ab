from collections.abc import Iterator
import json
import logging
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.diagnostics import async_get_config_entry_diagnostics
from custom_components.ringcentral.library import LibraryDamagedError
from custom_components.ringcentral.softphone import RegistrationRefused
from simulator.ringcentral import RingCentral

from .line import ANNA, Line, change_password, set_up_line, until


async def diagnostics(hass: HomeAssistant, client: ClientSessionGenerator, line: Line) -> dict[str, Any]:
    found: dict[str, Any] = await get_diagnostics_for_config_entry(hass, client, line.entry)
    return found


def secrets(line: Line) -> Iterator[str]:
    """Yield whatever must stay with the user."""
    user = line.cloud.rest.account
    yield from (user.client_id, user.client_secret, user.jwt)
    yield from line.cloud.rest.sessions.issued
    for account in line.cloud.sip.accounts:
        yield from (account.password, account.authorization_id, account.username, account.number.lstrip("+"))
    yield from (ANNA.number.lstrip("+"), ANNA.name)


async def test_a_message_that_was_left_can_be_followed(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, machine: Line
) -> None:
    await machine.call()
    await machine.told("recording_saved")

    found = await diagnostics(hass, hass_client, machine)

    assert found["entry"]["state"] == "loaded"
    assert found["line"]["health"]["status"] == "registered"
    assert found["line"]["calls"] == []
    assert [change["status"] for change in found["changes"]] == ["registered"]
    assert found["changes"][0]["cause"] is None
    starts = [f"{message['way']} {message['text'][0].partition(' ')[0]}" for message in found["messages"]]
    assert starts[0] == "sent REGISTER"
    assert "received INVITE" in starts
    (sound,) = found["sounds"]
    assert sound["call_id"] == machine.events[0]["call_id"]
    assert sound["received"] > 0 and sound["sent"] > 0
    assert found["library"]["clips"] == 1 and found["library"]["seconds"] > 0
    assert found["library"]["bytes_of_all_lines"] == machine.clips[0].stat().st_size
    assert found["library"]["removed_lines"] == 0


async def test_the_test_number_is_not_shown(hass: HomeAssistant) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data={"source": "sip"}, options={"test_number": "+16505550199"})

    assert "6505550199" not in str(await async_get_config_entry_diagnostics(hass, entry))


async def test_who_vouches_for_a_server_at_home_is_not_shown(hass: HomeAssistant) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data={"source": "sip", "ca_certificate": "MIIB"})

    found = await async_get_config_entry_diagnostics(hass, entry)

    assert found["entry"]["data"] == {"source": "sip", "ca_certificate": "**REDACTED**"}


async def test_no_secret_and_no_full_number_is_in_diagnostics_or_the_debug_log(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    cloud: RingCentral,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.ringcentral")
    line = await set_up_line(
        hass,
        cloud,
        answer_mode="answering_machine",
        answer_after=0,
        greeting_media={"media_content_id": "a"},
        announcement="This is Anna's phone",
        consent_question="May Anna record you?",
    )
    await line.call()
    await line.told("recording_saved")
    # New credentials, and with them a token and a password.
    change_password(cloud)
    line.entry.runtime_data._phone_event(RegistrationRefused(403, "Forbidden", 120.0))
    await until(lambda: line.registered)
    found = await diagnostics(hass, hass_client, line)
    for said in ("greeting_media", "announcement", "consent_question"):
        assert found["entry"]["options"][said] == "**REDACTED**"
    ((occasion, outcome),) = [(note["occasion"], note["outcome"]) for note in found["provisionings"]]
    assert (occasion, outcome) == ("refused", "renewed")
    shown = json.dumps(found)
    logged = "\n".join(
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components.ringcentral")
    )

    assert "INVITE sip:" in logged and "INVITE sip:" in shown
    assert "response=***" in logged and "response=***" in shown
    assert "***42@" in logged and "***42@" in shown
    assert line.cloud.rest.sessions.issued != []
    assert [secret for secret in secrets(line) if secret in shown or secret in logged] == []


async def test_without_debug_logging_no_message_is_logged(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await line.call()
    assert "SIP/2.0" not in caplog.text


async def test_an_entry_that_is_not_loaded_has_diagnostics_too(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, line: Line
) -> None:
    await hass.config_entries.async_unload(line.entry.entry_id)

    found = await diagnostics(hass, hass_client, line)

    assert list(found) == ["entry"]
    assert found["entry"]["data"]["jwt"] == "**REDACTED**"
    assert found["entry"]["data"]["provision"]["sipInfo"][0]["password"] == "**REDACTED**"
    assert not any(secret in json.dumps(found) for secret in secrets(line))


async def test_a_library_that_fails_is_named(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, line: Line
) -> None:
    with patch.object(line.library, "totals", side_effect=LibraryDamagedError):
        found = await diagnostics(hass, hass_client, line)

    assert found["library"] == {"error": "library_damaged"}
    assert found["sounds"] == []
