from collections.abc import Mapping
from datetime import timedelta
import json
import logging
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.library import (
    CallRecord,
    Direction,
    Library,
    LibraryDamagedError,
    LibraryFullError,
)
from custom_components.ringcentral.softphone import (
    Call,
    CallChanged,
    CallEnded,
    CallState,
    Direction as CallDirection,
    EndReason,
    Outcome,
    Party,
    Registered,
    RegistrationRefused,
)
from simulator.caller import Step
from simulator.registrar import RegisterFault
from simulator.rest import Endpoint, LoggedRequest, Trouble
from simulator.ringcentral import RingCentral

from .line import ANNA, LISTENER, Line, add_line, set_up_line, until


def ours(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    """Return what the integration logged, from a level up."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components.ringcentral") and record.levelno >= level
    ]


def drop(line: Line) -> None:
    line.cloud.sip.drop(line.cloud.sip.accounts[-1])


# The line


async def test_a_dropped_line_is_back_by_itself(line: Line) -> None:
    await line.lose()
    assert line.state("binary_sensor", "registered").state == "off"
    await until(lambda: line.state("binary_sensor", "registered").state == "on")

    await line.call()


async def test_a_line_that_stays_away_is_told_once_when_it_goes_and_once_when_it_is_back(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    line.cloud.sip.faults.close_on_register = True
    attempts = line.cloud.sip.received
    with patch.object(line.cloud.sip, "received", side_effect=attempts) as received:
        drop(line)
        await until(lambda: received.call_count >= 2)
    line.cloud.sip.faults.close_on_register = False
    await until(lambda: line.registered)

    lost, back = ours(caplog)
    assert lost.startswith("The line Reception is lost and will be back by itself: ")
    assert back == "The line Reception is back"


async def test_entities_stay_available_while_the_line_is_away(line: Line) -> None:
    await line.lose()

    assert line.state("sensor", "call_state").state == "idle"
    assert line.state("binary_sensor", "registered").state == "off"
    await until(lambda: line.registered)


async def test_a_call_outlives_a_lost_line(machine: Line) -> None:
    call = await machine.call(LISTENER)
    await machine.told("recording_started")
    drop(machine)
    await until(lambda: "back" in [text for _, text in call.events])
    assert machine.state("sensor", "call_state").state == "talking"
    assert machine.of("ended") == []
    machine.cloud.sip.do(call, Step.HANG_UP)
    ended = await machine.told("ended")

    assert ended["end_reason"] == "remote_hangup"
    assert machine.state("sensor", "call_state").state == "idle"
    assert machine.registered


async def test_a_call_that_rings_is_missed_with_the_line(line: Line) -> None:
    await line.call()
    drop(line)
    missed = await line.told("missed")

    assert missed["end_reason"] == "network_error"
    await until(lambda: line.registered)


async def test_a_refresh_that_changes_nothing_writes_no_state(hass: HomeAssistant, line: Line) -> None:
    before = line.state("binary_sensor", "registered").last_reported

    with patch.object(line.entry.runtime_data, "async_update_listeners") as written:
        line.entry.runtime_data._phone_event(Registered(60.0))

    assert not written.called
    assert line.state("binary_sensor", "registered").last_reported == before


# Credentials that have gone stale


@pytest.fixture
async def stale(hass: HomeAssistant, cloud: RingCentral) -> Line:
    """Return a line that isn't set up yet and whose stored SIP password the server doesn't know."""
    entry = await add_line(hass, cloud)
    provision = json.loads(json.dumps(entry.data["provision"]))
    provision["sipInfo"][0]["password"] = "outdated"
    hass.config_entries.async_update_entry(entry, data={**entry.data, "provision": provision})
    return Line(hass, cloud, entry)


def provisioned(line: Line) -> list[LoggedRequest]:
    """Return the provisionings since the line was added."""
    return line.cloud.rest.asked(Endpoint.SIP_PROVISION)[1:]


async def test_a_refused_line_gets_new_credentials_for_the_same_device(
    hass: HomeAssistant, stale: Line
) -> None:
    (device,) = stale.cloud.rest.sip_accounts

    await hass.config_entries.async_setup(stale.entry.entry_id)
    await until(lambda: stale.registered)

    (asked,) = provisioned(stale)
    assert asked.json["device"] == {"id": device.authorization_id, "computerName": "Home Assistant"}
    assert stale.entry.data["provision"]["sipInfo"][0]["password"] == device.password
    assert stale.entry.state is ConfigEntryState.LOADED
    await stale.call()


@pytest.mark.parametrize("fault", [RegisterFault.UNAVAILABLE, RegisterFault.TOO_MANY_CONTACTS])
async def test_a_server_in_trouble_is_no_reason_for_new_credentials(
    hass: HomeAssistant, stale: Line, fault: RegisterFault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stale.cloud.sip.faults.register = fault

    await hass.config_entries.async_setup(stale.entry.entry_id)
    await until(lambda: any("is lost" in line for line in ours(caplog)))
    await hass.async_block_till_done(wait_background_tasks=True)

    assert provisioned(stale) == []


async def test_a_dead_jwt_is_asked_for_again(hass: HomeAssistant, stale: Line) -> None:
    stale.cloud.rest.account.jwt = "eyJuZXc"

    await hass.config_entries.async_setup(stale.entry.entry_id)
    await until(lambda: bool(hass.config_entries.flow.async_progress_by_handler(DOMAIN)))

    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert flow["context"]["entry_id"] == stale.entry.entry_id
    assert stale.state("binary_sensor", "registered").state == "off"


async def test_ringcentral_out_of_reach_is_no_reason_to_ask_the_user(
    hass: HomeAssistant, stale: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stale.cloud.rest.fail_next(Endpoint.TOKEN, Trouble.DROP)

    await hass.config_entries.async_setup(stale.entry.entry_id)
    await until(lambda: any("Provisioning anew failed" in text for text in ours(caplog, logging.DEBUG)))

    assert hass.config_entries.flow.async_progress_by_handler(DOMAIN) == []
    assert ours(caplog, logging.WARNING) == []


async def test_a_line_that_is_unloaded_while_it_gets_credentials_stays_silent(
    hass: HomeAssistant, stale: Line
) -> None:
    stale.cloud.rest.fail_next(Endpoint.SIP_PROVISION, Trouble.HANG)
    await hass.config_entries.async_setup(stale.entry.entry_id)
    await until(lambda: len(provisioned(stale)) == 1)
    begun = hass.loop.time()

    await hass.config_entries.async_unload(stale.entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert hass.loop.time() - begun < 2
    assert stale.cloud.sip._phones == {}


async def test_a_line_that_is_unloaded_as_its_credentials_arrive_stays_silent(
    hass: HomeAssistant, stale: Line
) -> None:
    await hass.config_entries.async_setup(stale.entry.entry_id)
    await until(lambda: len(provisioned(stale)) == 1)

    await hass.config_entries.async_unload(stale.entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert stale.entry.state is ConfigEntryState.NOT_LOADED
    assert not stale.cloud.sip.exchange.is_registered(stale.cloud.sip.accounts[-1], hass.loop.time())


async def test_credentials_that_no_phone_can_use_leave_the_line_as_it_is(
    hass: HomeAssistant, line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    line.cloud.rest.sip_proxy = "somewhere"

    line.entry.runtime_data._phone_event(RegistrationRefused(403, "Forbidden", 120.0))
    await until(lambda: any("Provisioning anew failed" in text for text in ours(caplog, logging.DEBUG)))

    await line.call()


# What is kept


async def test_the_last_call_is_shown_again_after_a_reload(line: Line) -> None:
    call = await line.call()
    line.cloud.sip.do(call, Step.CANCEL)
    await line.told("missed")
    before = line.state("sensor", "last_caller"), line.state("sensor", "last_call")

    await line.reload()

    after = line.state("sensor", "last_caller"), line.state("sensor", "last_call")
    assert [state.state for state in after] == [state.state for state in before]
    assert after[0].attributes == before[0].attributes
    assert after[0].state == "Anna Smith"


async def test_a_reload_does_not_flicker(hass: HomeAssistant, line: Line) -> None:
    call = await line.call()
    line.cloud.sip.do(call, Step.CANCEL)
    await line.told("missed")
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)

    await line.reload()
    await hass.async_block_till_done()

    of_last_caller = [
        state.state
        for change in changes
        if (state := change.data["new_state"]) and state.entity_id == "sensor.reception_last_caller"
    ]
    assert of_last_caller == ["unavailable", "Anna Smith"]


async def test_the_last_call_of_another_line_is_not_shown(hass: HomeAssistant, line: Line) -> None:
    await line.library.begin_call(
        CallRecord(
            "of-another", "another-line", Direction.INCOMING, dt_util.utcnow() + timedelta(hours=1), "+1555"
        )
    )

    await line.reload()

    assert line.state("sensor", "last_caller").state == "unknown"


async def test_a_library_that_cannot_be_read_costs_only_the_last_call(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    with patch.object(Library, "last_call", side_effect=LibraryDamagedError):
        line = await set_up_line(hass, cloud)

    assert line.state("sensor", "last_caller").state == "unknown"


async def missed(line: Line, times: int) -> Mapping[str, Any]:
    call = await line.call()
    line.cloud.sip.do(call, Step.CANCEL)
    return await line.told("missed", times)


async def test_calls_that_cannot_be_filed_are_told_all_the_same(line: Line) -> None:
    with patch.multiple(Library, begin_call=_full, end_call=_full):
        await missed(line, 1)
        await missed(line, 2)
        await line.hass.async_block_till_done()

    assert line.kinds == ["incoming", "missed"] * 2


async def _full(*_: object, **__: object) -> None:
    raise LibraryFullError


async def test_a_call_is_kept_with_when_it_was_answered_and_how_it_ended(machine: Line) -> None:
    await machine.call()
    await machine.told("recording_saved")

    (call,) = await machine.library.calls(machine.entry.entry_id)

    assert (call.outcome, call.end_reason, call.caller_name) == ("ended", "remote_hangup", "Anna Smith")
    assert call.answered_at is not None
    assert call.ended_at is not None
    assert call.started_at <= call.answered_at < call.ended_at


async def test_a_call_taken_back_at_once_is_told_and_kept_once(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    coordinator = line.entry.runtime_data
    call = Call(
        "of-nobody", CallDirection.INCOMING, Party("+16505550142"), Party("+17203861294"), CallState.RINGING
    )

    # An INVITE and its CANCEL in one segment: the phone has forgotten the call before it is told of it.
    coordinator._phone_event(CallChanged(call))
    coordinator._phone_event(CallEnded(call, Outcome.MISSED, EndReason.CANCELLED))
    await line.hass.async_block_till_done()

    assert line.kinds == ["incoming", "missed"]
    assert ours(caplog, logging.WARNING) == []
    assert len(await line.library.calls(line.entry.entry_id)) == 1


async def test_a_listener_that_has_gone_is_not_told_any_more(line: Line) -> None:
    heard: list[str] = []
    stop = line.entry.runtime_data.async_listen_to_calls(lambda event: heard.append(event.type))

    call = await line.call()
    stop()
    line.cloud.sip.do(call, Step.CANCEL)
    await line.told("missed")

    assert heard == ["incoming"]


async def test_stopping_twice_gives_back_once(hass: HomeAssistant, line: Line) -> None:
    await line.entry.runtime_data.async_stop()
    await line.entry.runtime_data.async_stop()

    assert await hass.config_entries.async_unload(line.entry.entry_id)


# Secrets


async def test_nothing_secret_and_no_number_is_ever_logged(
    hass: HomeAssistant, cloud: RingCentral, stale: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hass.config_entries.async_update_entry(
        stale.entry, options={"answer_mode": "answering_machine", "answer_after": 0, "longest_message": 60}
    )
    await hass.config_entries.async_setup(stale.entry.entry_id)
    await until(lambda: stale.registered)
    await stale.call()
    await stale.told("recording_saved")
    ringing = await stale.call(LISTENER)
    await stale.told("recording_started", 2)
    drop(stale)
    await until(lambda: "back" in [text for _, text in ringing.events])
    stale.cloud.sip.do(ringing, Step.HANG_UP)
    await stale.told("ended", 2)
    cloud.rest.account.jwt = "eyJuZXctand0"
    provisioning = stale.entry.runtime_data._provisioning
    provisioning._begun_at = None
    provisioning._client._tokens._access = None
    provisioning._client._tokens._refresh = None
    stale.entry.runtime_data._phone_event(RegistrationRefused(403, "Forbidden", 120.0))
    await until(lambda: bool(hass.config_entries.flow.async_progress_by_handler(DOMAIN)))
    await hass.config_entries.async_unload(stale.entry.entry_id)

    (device,) = cloud.rest.sip_accounts
    secrets = {
        "password": device.password,
        "old password": "outdated",
        "authorization id": device.authorization_id,
        "user name": device.username,
        "client secret": cloud.rest.account.client_secret,
        "jwt": stale.entry.data["jwt"],
        "caller": ANNA.number.removeprefix("+"),
        "caller's name": ANNA.name,
        "other caller": ringing.caller.number.removeprefix("+"),
        "own number": cloud.rest.account.main_number.removeprefix("+"),
    }
    told = "\n".join(ours(caplog, logging.DEBUG))
    assert "sip-provision" in told
    assert [name for name, secret in secrets.items() if secret in told] == []
