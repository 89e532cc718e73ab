"""Fresh credentials, as a line at work sees them."""

from dataclasses import replace
import json
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ringcentral.account import provisioning
from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.coordinator import RingCentralCoordinator
from custom_components.ringcentral.softphone import (
    Cause,
    LineLost,
    ProvisioningAsked,
    Proxy,
    Registered,
    RegistrationRefused,
)
from simulator.caller import Step
from simulator.registrar import Account, RegisterFault
from simulator.rest import Endpoint, LoggedRequest, Trouble
from simulator.ringcentral import RingCentral
from simulator.server import Server
from tests.line import LISTENER, Line, add_line, change_password, until
from tests.test_issues import open_issues

FORBIDDEN = RegistrationRefused(403, "Forbidden", 120.0)
UNREACHABLE = LineLost("no route", 1.0, Cause.UNREACHABLE, Proxy("sip.example.com", 5090))
ASKED = ProvisioningAsked()


def provisioned(line: Line) -> list[LoggedRequest]:
    """Return the provisionings since the line was added."""
    return line.cloud.rest.asked(Endpoint.SIP_PROVISION)[1:]


def outcomes(line: Line) -> list[tuple[str, str]]:
    """Return what is remembered of provisionings."""
    return [(note.occasion, note.outcome) for note in coordinator(line).history.provisionings]


def coordinator(line: Line) -> RingCentralCoordinator:
    found: RingCentralCoordinator = line.entry.runtime_data
    return found


def tell(line: Line, *events: Any) -> None:
    """Let the phone of a line tell something."""
    for event in events:
        coordinator(line)._phone_event(event)


def reauths(hass: HomeAssistant) -> int:
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert all(flow["context"]["source"] == SOURCE_REAUTH for flow in flows)
    return len(flows)


@pytest.fixture
def at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let provisionings follow each other at once."""
    monkeypatch.setattr(provisioning, "INTERVAL", 0.0)


# Without a gap


async def test_a_call_goes_on_while_its_line_gets_other_credentials(machine: Line) -> None:
    call = await machine.call(LISTENER)
    await machine.told("recording_started")
    statuses: list[str] = []
    coordinator(machine).async_add_listener(lambda: statuses.append(coordinator(machine).data.health.status))
    before, now = machine.cloud.sip.accounts[-1], machine.hass.loop.time
    account = change_password(machine.cloud)
    machine.cloud.sip.notify(before, "check-sync;reboot=false")
    await until(lambda: machine.cloud.sip.exchange.is_registered(account, now()))
    assert outcomes(machine) == [("asked", "renewed")]
    (session,) = coordinator(machine)._phone._sessions.values()
    received, sent = session.statistics.received, session.statistics.sent
    await until(lambda: session.statistics.received > received + 10 and session.statistics.sent > sent)
    assert machine.state("sensor", "call_state").state == "talking"

    machine.cloud.sip.do(call, Step.HANG_UP)
    ended = await machine.told("ended")

    assert ended["end_reason"] == "remote_hangup"
    assert (await machine.told("recording_saved"))["duration"] > 0
    assert machine.entry.data["provision"]["sipInfo"][0]["password"] == "a-fresh-one"
    assert set(statuses) <= {"registered"}
    assert len(machine.cloud.sip._phones) == 1
    await machine.lose()
    await until(lambda: machine.registered)


async def test_a_line_moves_to_other_servers_when_nobody_talks(machine: Line) -> None:
    call = await machine.call(LISTENER)
    await machine.told("recording_started")
    async with Server(machine.cloud.sip.accounts) as other:
        machine.cloud.rest.sip_proxy = f"127.0.0.1:{other.port}"
        machine.cloud.sip.notify(machine.cloud.sip.accounts[-1])
        await until(lambda: ("asked", "renewed") in outcomes(machine))
        assert machine.state("sensor", "call_state").state == "talking"
        assert not other._phones

        machine.cloud.sip.do(call, Step.HANG_UP)
        await machine.told("ended")
        await other.registered()
        await until(lambda: machine.registered)

        assert coordinator(machine).data.proxy == f"127.0.0.1:{other.port}"
        assert machine.cloud.sip._phones == {}
        await machine.hass.config_entries.async_unload(machine.entry.entry_id)
        assert other.violations == []


async def test_credentials_that_are_the_same_change_nothing(line: Line) -> None:
    before = dict(line.cloud.sip.exchange._register_cseq)

    line.cloud.sip.notify(line.cloud.sip.accounts[-1])
    await until(lambda: outcomes(line) == [("asked", "unchanged")])

    assert line.cloud.sip.exchange._register_cseq == before
    assert line.registered
    (asked,) = provisioned(line)
    assert asked.json["device"]["id"] == line.cloud.rest.sip_accounts[0].authorization_id


async def test_calls_are_kept_when_credentials_are_refused_in_their_midst(machine: Line) -> None:
    await machine.call(LISTENER)
    await machine.told("recording_started")
    change_password(machine.cloud)

    tell(machine, replace(FORBIDDEN, kept=True))
    await until(lambda: machine.registered)

    assert outcomes(machine) == [("refused", "renewed")]
    assert machine.state("sensor", "call_state").state == "talking"


async def test_a_refusal_that_was_a_mistake_is_over_as_soon_as_ringcentral_says_so(
    hass: HomeAssistant, cloud: RingCentral, at_any_time: None
) -> None:
    cloud.sip.faults.register = RegisterFault.BAD_REQUEST
    line = Line(hass, cloud, await add_line(hass, cloud))
    assert await hass.config_entries.async_setup(line.entry.entry_id)
    await until(lambda: line.state("sensor", "line_status").state == "refused")
    cloud.sip.faults.register = None

    await until(lambda: line.registered)
    assert set(outcomes(line)) == {("refused", "unchanged")}


# How often


@pytest.mark.parametrize("event", [FORBIDDEN, ASKED])
async def test_however_often_it_is_asked_for_it_is_done_once_in_an_interval(
    hass: HomeAssistant, line: Line, event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(line, *[event] * 20)
    await until(lambda: len(outcomes(line)) == 1)
    tell(line, *[event] * 20)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(provisioned(line)) == 1
    pending = coordinator(line)._provisioning._next
    assert pending is not None
    assert 800 < pending.when() - hass.loop.time() <= 900

    monkeypatch.setattr(provisioning, "INTERVAL", 0.0)
    coordinator(line)._provisioning._consider()
    await until(lambda: len(outcomes(line)) == 2)


async def test_a_refusal_that_is_past_is_no_reason_any_more_and_a_question_is(
    hass: HomeAssistant, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(line, ASKED)
    await until(lambda: len(outcomes(line)) == 1)
    tell(line, FORBIDDEN, Registered(60.0))
    assert coordinator(line)._provisioning._wanted is None

    tell(line, FORBIDDEN, ASKED, FORBIDDEN, Registered(60.0))
    monkeypatch.setattr(provisioning, "INTERVAL", 0.0)
    coordinator(line)._provisioning._consider()
    await until(lambda: [occasion for occasion, _ in outcomes(line)] == ["asked", "asked"])


async def test_one_is_done_after_the_other(line: Line, at_any_time: None) -> None:
    tell(line, ASKED, ASKED)
    assert len(provisioned(line)) <= 1
    await until(lambda: len(outcomes(line)) == 2)


async def test_a_phone_that_was_chosen_meanwhile_stays_chosen(
    hass: HomeAssistant, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = coordinator(line).client
    assert client is not None
    renew = client.renew
    chosen = {**line.entry.data["provision"], "chosen": True}

    async def slowly(*args: Any, **options: Any) -> Any:
        provision = await renew(*args, **options)
        hass.config_entries.async_update_entry(line.entry, data={**line.entry.data, "provision": chosen})
        return provision

    monkeypatch.setattr(client, "renew", slowly)
    tell(line, ASKED)
    await until(lambda: bool(outcomes(line)))
    assert outcomes(line) == [("asked", "outdated")]
    assert line.entry.data["provision"] == chosen


@pytest.mark.parametrize(
    ("stated", "least", "most"),
    [(7200, 7200, 8640), (1, 3600, 4320), (10**8, 604800, 725760)],
)
async def test_it_is_done_when_it_is_due(
    hass: HomeAssistant, cloud: RingCentral, stated: int, least: float, most: float
) -> None:
    entry = await add_line(hass, cloud)
    provision = {**entry.data["provision"], "pollingInterval": stated}
    hass.config_entries.async_update_entry(entry, data={**entry.data, "provision": provision})
    line = Line(hass, cloud, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: line.registered)
    poll = coordinator(line)._provisioning._poll
    assert poll is not None
    assert least - 10 <= poll.when() - hass.loop.time() <= most

    poll._run()
    poll.cancel()
    await until(lambda: outcomes(line) == [("due", "unchanged")])
    await until(lambda: coordinator(line)._provisioning._poll is not poll)


async def test_it_is_never_due_where_ringcentral_names_no_interval(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    entry = await add_line(hass, cloud)
    provision = {key: value for key, value in entry.data["provision"].items() if key != "pollingInterval"}
    hass.config_entries.async_update_entry(entry, data={**entry.data, "provision": provision})
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.runtime_data._provisioning._poll is None
    await until(lambda: entry.runtime_data.data.registered)


# When it fails


async def test_a_failure_concerns_nobody_while_the_line_is_well(
    hass: HomeAssistant, line: Line, at_any_time: None
) -> None:
    line.cloud.rest.fail_next(Endpoint.SIP_PROVISION, "CMN-401")
    tell(line, ASKED)
    await until(lambda: outcomes(line) == [("asked", "failed: MissingPermission")])
    line.cloud.rest.account.jwt = "eyJuZXc"
    line.cloud.rest.end_sessions()
    tell(line, ASKED)
    await until(lambda: len(outcomes(line)) == 2)

    assert open_issues(hass) == {}
    assert reauths(hass) == 0
    assert line.registered


async def test_a_failure_is_told_when_the_line_is_down_too(
    hass: HomeAssistant, line: Line, at_any_time: None
) -> None:
    line.cloud.rest.fail_next(Endpoint.SIP_PROVISION, "CMN-401")
    tell(line, UNREACHABLE, ASKED)
    await until(lambda: set(open_issues(hass)) == {"missing_permission"})

    tell(line, ASKED)
    await until(lambda: open_issues(hass) == {})


async def test_a_network_that_is_down_asks_nobody_to_sign_in(
    hass: HomeAssistant, line: Line, at_any_time: None
) -> None:
    line.cloud.rest.fail_next(Endpoint.SIP_PROVISION, Trouble.DROP, times=4)
    for _ in range(4):
        tell(line, FORBIDDEN, UNREACHABLE)
        await hass.async_block_till_done(wait_background_tasks=True)

    assert {outcome for _, outcome in outcomes(line)} == {"failed: Unreachable"}
    assert reauths(hass) == 0
    assert line.state("sensor", "line_status").state == "refused"


# Signing in again


async def test_ringcentral_refusing_fresh_credentials_twice_asks_once_to_sign_in(
    hass: HomeAssistant, line: Line
) -> None:
    tell(line, FORBIDDEN)
    await until(lambda: outcomes(line) == [("refused", "unchanged")])
    tell(line, FORBIDDEN)
    assert reauths(hass) == 0
    tell(line, UNREACHABLE, FORBIDDEN)

    assert line.state("sensor", "line_status").state == "signed_out"
    assert reauths(hass) == 1
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    hass.config_entries.flow.async_abort(flow["flow_id"])
    tell(line, FORBIDDEN, UNREACHABLE, FORBIDDEN)
    assert reauths(hass) == 0

    tell(line, Registered(60.0), FORBIDDEN, FORBIDDEN)
    assert reauths(hass) == 0, "they have not been fetched anew since"


@pytest.mark.parametrize("status", [400, 404])
async def test_what_says_nothing_of_the_password_asks_nobody_to_sign_in(
    hass: HomeAssistant, line: Line, status: int
) -> None:
    tell(line, RegistrationRefused(status, "No", 120.0))
    await until(lambda: outcomes(line) == [("refused", "unchanged")])
    tell(line, RegistrationRefused(status, "No", 120.0))
    assert reauths(hass) == 0


@pytest.fixture
async def typed(hass: HomeAssistant, cloud: RingCentral) -> Line:
    """Return a registered line whose account was typed in."""
    account = Account(username="620", password="s3cret", authorization_id="620", domain="127.0.0.1")
    cloud.sip.add(account)
    data = {
        "source": "sip",
        "username": "620",
        "password": "s3cret",
        "authorization_id": "620",
        "domain": "127.0.0.1",
        "proxy": f"127.0.0.1:{cloud.sip.port}",
        "transport": "tcp",
        "verify_certificate": True,
    }
    options = {"answer_mode": "only_tell", "answer_after": 20, "longest_message": 60}
    entry = MockConfigEntry(domain=DOMAIN, title="Reception", unique_id="620@x", data=data, options=options)
    entry.add_to_hass(hass)
    line = Line(hass, cloud, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: line.registered)
    return line


async def test_a_password_that_is_refused_once_may_have_been_a_hiccup(
    hass: HomeAssistant, typed: Line
) -> None:
    tell(typed, FORBIDDEN)
    assert typed.state("sensor", "line_status").state == "refused"
    tell(typed, Registered(60.0), FORBIDDEN, UNREACHABLE)
    assert reauths(hass) == 0

    tell(typed, FORBIDDEN)
    assert typed.state("sensor", "line_status").state == "signed_out"
    assert reauths(hass) == 1
    assert outcomes(typed) == []


async def test_a_server_that_wants_fresh_settings_where_there_are_none_to_fetch_is_heard_out(
    hass: HomeAssistant, typed: Line
) -> None:
    typed.cloud.sip.notify(typed.cloud.sip.accounts[-1])
    tell(typed, ASKED)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert outcomes(typed) == []
    assert typed.registered


# The end


async def test_nothing_is_fetched_for_a_line_that_is_unloaded(hass: HomeAssistant, line: Line) -> None:
    looking_after = coordinator(line)._provisioning
    tell(line, ASKED)
    await until(lambda: len(outcomes(line)) == 1)
    tell(line, ASKED)
    await hass.config_entries.async_unload(line.entry.entry_id)

    looking_after.follow(ASKED)
    assert len(provisioned(line)) == 1


async def test_a_trial_and_a_restart_take_no_second_place(hass: HomeAssistant, line: Line) -> None:
    instances: list[str | None] = []
    for _ in range(2):
        instances.append(coordinator(line)._phone._account.instance_id)
        await line.reload()

    assert instances[0] is not None
    assert instances[0] == instances[1]
    assert "sip.instance" not in json.dumps(dict(line.entry.data))
