"""Adding and changing lines whose account is typed in."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
import ssl
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState, ConfigFlowContext
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.flows.account_forms import GUIDE
from custom_components.ringcentral.health import LineStatus
from simulator.home import free_port
from simulator.registrar import Account, RegisterFault
from simulator.ringcentral import RingCentral
from simulator.server import Server
from tests.flow import CALLS, Flow, suggested
from tests.line import until
from tests.peers.certificate import write_certificate

DEVICE = Account(username="16501234567", authorization_id="802512345678", password="s3cret")
OTHER = ("sip", "other")
EXTENSION = Account(username="620", authorization_id="620", password="s3cret", domain="127.0.0.1")


@pytest.fixture
def server(cloud: RingCentral) -> RingCentral:
    """Return a server that knows both accounts."""
    cloud.sip.add(DEVICE)
    cloud.sip.add(EXTENSION)
    return cloud


def device(server: RingCentral) -> dict[str, Any]:
    """Return what is typed for a device that is set up by hand."""
    return {
        "domain": "sip.ringcentral.com:5060",
        "proxy": f" 127.0.0.1:{server.sip.port}",
        "username": DEVICE.username,
        "password": DEVICE.password,
        "authorization_id": DEVICE.authorization_id,
        "transport": "tcp",
    }


def extension(server: RingCentral) -> dict[str, Any]:
    """Return what is typed for an extension of an exchange."""
    return extension_of(server.sip)


def extension_of(exchange: Server) -> dict[str, Any]:
    """Return what is typed for its extension."""
    return {
        "domain": f"127.0.0.1:{exchange.port}",
        "username": EXTENSION.username,
        "password": EXTENSION.password,
        "advanced": {},
    }


async def test_a_device_is_added_by_its_five_values(hass: HomeAssistant, server: RingCentral) -> None:
    flow = await Flow.start(hass, "device")
    assert flow.result["step_id"] == "device"

    await flow.submit(device(server))
    assert flow.result["description_placeholders"] == {"line": "16501234567 (sip.ringcentral.com)"}
    await flow.submit(CALLS)

    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.unique_id == "802512345678@sip.ringcentral.com"
    assert dict(entry.data) == {
        "source": "device",
        "domain": "sip.ringcentral.com",
        "proxy": f"127.0.0.1:{server.sip.port}",
        "username": DEVICE.username,
        "password": DEVICE.password,
        "authorization_id": DEVICE.authorization_id,
        "transport": "tcp",
        "verify_certificate": True,
    }
    await server.sip.registered(DEVICE)


async def test_any_sip_server_needs_three_values(hass: HomeAssistant, server: RingCentral) -> None:
    flow = await Flow.start(hass, *OTHER)

    await flow.submit(extension(server))
    await flow.submit(CALLS)

    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert (entry.title, entry.unique_id) == ("620 (127.0.0.1)", "620@127.0.0.1")
    assert entry.data["proxy"] == f"127.0.0.1:{server.sip.port}"
    assert entry.data["authorization_id"] == "620"
    await server.sip.registered(EXTENSION)


async def test_an_outbound_proxy_and_an_authorization_user_are_used(
    hass: HomeAssistant, server: RingCentral
) -> None:
    flow = await Flow.start(hass, *OTHER)
    typed = {
        "domain": DEVICE.domain,
        "username": DEVICE.username,
        "password": DEVICE.password,
        "advanced": {"authorization_id": DEVICE.authorization_id, "proxy": f"127.0.0.1:{server.sip.port}"},
    }

    await flow.submit(typed)

    assert flow.result["step_id"] == "calls"


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("forbidden", {"password": "wrong"}),
        ("unknown_user", {"username": "16509999999"}),
        ("invalid_address", {"proxy": "not a host:5090"}),
        ("invalid_address", {"proxy": "host:0"}),
        ("invalid_address", {"proxy": "https://sip.ringcentral.com"}),
        ("nothing_listens", {"proxy": f"127.0.0.1:{free_port()}"}),
        ("nothing_listens", {"transport": "tls", "proxy": f"127.0.0.1:{free_port()}"}),
    ],
)
async def test_a_mistake_is_told_with_what_was_typed_and_can_be_corrected(
    hass: HomeAssistant, server: RingCentral, key: str, changes: dict[str, str]
) -> None:
    typed = device(server) | changes
    flow = await Flow.start(hass, "device")

    await flow.submit(typed)
    assert (flow.result["step_id"], flow.errors) == ("device", {"base": key})
    assert suggested(flow.result["data_schema"]) == typed

    await flow.submit(device(server))
    assert flow.result["step_id"] == "calls"


@pytest.mark.parametrize(
    ("fault", "key", "detail"),
    [
        (RegisterFault.TOO_MANY_CONTACTS, "too_many_devices", "603 Too Many Contacts"),
        (RegisterFault.UNAVAILABLE, "registration_refused", "503 Service Unavailable"),
    ],
)
async def test_what_the_server_says_is_told(
    hass: HomeAssistant, server: RingCentral, fault: RegisterFault, key: str, detail: str
) -> None:
    server.sip.faults.register = fault
    flow = await Flow.start(hass, "device")

    await flow.submit(device(server))

    assert flow.errors == {"base": key}
    assert flow.result["description_placeholders"]["detail"] == detail


async def test_a_server_that_says_nothing_is_told(
    hass: HomeAssistant, server: RingCentral, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.flows.registration_check.PATIENCE", 0.2)
    monkeypatch.setattr("custom_components.ringcentral.softphone.phone.STOP_TIMEOUT", 0.1)
    server.sip.faults.silent = True
    flow = await Flow.start(hass, *OTHER)

    await flow.submit(extension(server))

    assert flow.errors == {"base": "no_answer"}
    assert flow.result["description_placeholders"] == {
        "detail": "",
        "host": "127.0.0.1",
        "port": str(server.sip.port),
        "guide": GUIDE,
    }


async def test_a_refusal_after_signing_in_is_told_on_that_form(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    cloud.sip.faults.register = RegisterFault.TOO_MANY_CONTACTS
    flow = await Flow.start(hass)

    await flow.submit(cloud.app)
    assert (flow.result["step_id"], flow.errors) == ("ringcentral", {"base": "too_many_devices"})

    cloud.sip.faults.register = None
    await flow.submit(cloud.app)
    assert flow.result["step_id"] == "calls"


@pytest.mark.parametrize(("source", "maker"), [("device", "RingCentral"), ("sip", None)])
async def test_a_line_is_called_by_its_makers_name(
    hass: HomeAssistant,
    server: RingCentral,
    device_registry: dr.DeviceRegistry,
    source: str,
    maker: str | None,
) -> None:
    entry = await add(hass, server, source, {"device": device, "sip": extension}[source](server))

    (line,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert (line.manufacturer, line.model) == (maker, "Telephone line")


async def test_a_closed_dialog_tries_no_longer(hass: HomeAssistant, server: RingCentral) -> None:
    server.sip.faults.silent = True
    flow = await Flow.start(hass, *OTHER)
    flows = hass.config_entries.flow
    trying = await flows.async_configure(flow.result["flow_id"], extension(server))
    assert trying["type"] is FlowResultType.SHOW_PROGRESS

    flows.async_abort(flow.result["flow_id"])

    async with asyncio.timeout(5):
        await hass.async_block_till_done()


async def add(hass: HomeAssistant, server: RingCentral, source: str, typed: dict[str, Any]) -> Any:
    flow = await Flow.start(hass, *({"sip": OTHER}.get(source, (source,))))
    await flow.submit(typed)
    await flow.submit(CALLS)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await until(lambda: entry.runtime_data.data.registered)
    return entry


async def reconfigure(hass: HomeAssistant, entry: Any) -> Flow:
    context = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=entry.entry_id)
    return Flow(hass, await hass.config_entries.flow.async_init(DOMAIN, context=context))


async def test_an_account_is_added_only_once(hass: HomeAssistant, server: RingCentral) -> None:
    await add(hass, server, "sip", extension(server))
    flow = await Flow.start(hass, *OTHER)

    await flow.submit(extension(server))

    assert flow.result["reason"] == "already_configured"


@pytest.mark.parametrize("source", ["device", "sip"])
async def test_a_line_is_changed_with_its_form_filled_in(
    hass: HomeAssistant, server: RingCentral, source: str
) -> None:
    typed = {"device": device, "sip": extension}[source](server)
    entry = await add(hass, server, source, typed)
    flow = await reconfigure(hass, entry)
    filled_in = suggested(flow.result["data_schema"])
    assert (filled_in["username"], filled_in["password"]) == (typed["username"], typed["password"])

    await flow.submit(filled_in)
    await hass.async_block_till_done()

    assert flow.result["reason"] == "reconfigure_successful"
    assert entry.state is ConfigEntryState.LOADED
    await until(lambda: entry.runtime_data.data.registered)


async def test_a_line_may_move_to_another_server(hass: HomeAssistant, server: RingCentral) -> None:
    entry = await add(hass, server, "sip", extension(server))
    server.sip.add(Account(username="620", authorization_id="620", password="n3w", domain="localhost"))
    flow = await reconfigure(hass, entry)

    await flow.submit(extension(server) | {"domain": f"localhost:{server.sip.port}", "password": "n3w"})

    assert flow.result["reason"] == "reconfigure_successful"
    assert (entry.data["domain"], entry.unique_id) == ("localhost", "620@127.0.0.1")


async def test_a_ringcentral_line_is_changed_by_signing_in_again(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    entry = await add(hass, cloud, "ringcentral", cloud.app)
    device_id = entry.data["provision"]["device"]["id"]
    flow = await reconfigure(hass, entry)
    assert flow.result["step_id"] == "sign_in_again"

    await flow.submit({key: cloud.app[key] for key in ("client_id", "client_secret", "jwt")})

    assert flow.result["reason"] == "reconfigure_successful"
    assert entry.data["provision"]["device"]["id"] == device_id


async def test_a_changed_password_is_asked_for_and_used(hass: HomeAssistant, server: RingCentral) -> None:
    entry = await add(hass, server, "sip", extension(server))
    await hass.config_entries.async_unload(entry.entry_id)
    changed = Account(username="620", authorization_id="620", password="n3w", domain="127.0.0.1")
    server.sip.exchange.replace(changed)

    await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: entry.runtime_data.data.health.status is LineStatus.REFUSED)
    # Once may be the server's hiccup.
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    entry.runtime_data.phone.try_again()
    await until(lambda: bool(hass.config_entries.flow.async_progress_by_handler(DOMAIN)))
    (waiting,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    flow = Flow(hass, await hass.config_entries.flow.async_configure(waiting["flow_id"]))
    assert flow.result["step_id"] == "password"

    await flow.submit({"password": "wr0ng"})
    assert flow.errors == {"base": "forbidden"}

    await flow.submit({"password": "n3w"})
    assert flow.result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    await until(lambda: entry.runtime_data.data.registered)


async def test_a_server_in_trouble_is_no_reason_to_ask_for_a_password(
    hass: HomeAssistant, server: RingCentral
) -> None:
    entry = await add(hass, server, "sip", extension(server))
    server.sip.faults.register = RegisterFault.BAD_REQUEST

    server.sip.drop(EXTENSION)
    await until(lambda: not entry.runtime_data.data.registered)
    await asyncio.sleep(0.2)

    assert hass.config_entries.flow.async_progress_by_handler(DOMAIN) == []


@pytest.fixture
async def encrypted(hass: HomeAssistant, socket_enabled: None, tmp_path: Path) -> AsyncGenerator[Server]:
    """Run an exchange on TLS, with a certificate of its own making."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    write_certificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with Server((EXTENSION,), tls=context) as server:
        yield server


async def test_an_exchange_of_ones_own_making_is_believed_when_told_so(
    hass: HomeAssistant, encrypted: Server
) -> None:
    flow = await Flow.start(hass, *OTHER)
    advanced = {"transport": "tls", "verify_certificate": False}
    await flow.submit(extension_of(encrypted) | {"advanced": advanced})
    assert flow.result["step_id"] == "calls_encrypted"
    await flow.submit(CALLS)

    await encrypted.registered(EXTENSION)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_server_without_encryption_is_told(
    hass: HomeAssistant, server: RingCentral, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.softphone.connection.CONNECT_TIMEOUT", 0.3)
    flow = await Flow.start(hass, "device")

    await flow.submit(device(server) | {"transport": "tls"})

    # The server takes the first bytes of TLS for the beginning of a message, and waits for its end.
    assert flow.errors == {"base": "no_answer"}
