"""Adding and changing lines of the kinds of SIP server that have a form of their own."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from homeassistant import block_async_io
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry, ConfigFlowContext
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.flows.account_forms import PRESET_FORMS, Preset
from simulator.home import free_port
from simulator.registrar import Account
from simulator.ringcentral import RingCentral
from simulator.server import Server
from tests.authority import Authority
from tests.flow import CALLS, Flow, suggested

# Whom each kind of server knows, and what is typed beside its address.
ACCOUNTS = {
    Preset.ASTERISK: Account("620", "s3cret", "620", domain="127.0.0.1"),
    Preset.FRITZBOX: Account("homeassistant", "s3cret", "homeassistant", domain="127.0.0.1"),
    Preset.THREE_CX: Account("100", "s3cret", "kGYf6wQqOk", domain="127.0.0.1"),
    Preset.SIPGATE: Account("1234567e0", "s3cret", "1234567e0", domain="sipgate.de"),
    Preset.OTHER: Account("alice", "s3cret", "alice", domain="127.0.0.1"),
}


@pytest.fixture
def server(cloud: RingCentral) -> Server:
    """Return a server that knows an account of each kind."""
    for account in ACCOUNTS.values():
        cloud.sip.add(account)
    return cloud.sip


def typed(preset: Preset, server: Server, **advanced: Any) -> dict[str, Any]:
    """Return what is typed for its account."""
    account, address = ACCOUNTS[preset], f"127.0.0.1:{server.port}"
    signs_in = {"username": account.username, "password": account.password}
    match preset:
        case Preset.SIPGATE:
            return {**signs_in, "advanced": {"proxy": address, **advanced}}
        case Preset.THREE_CX:
            signs_in["authorization_id"] = account.authorization_id
    return {"domain": address, **signs_in, "advanced": advanced}


async def add(hass: HomeAssistant, preset: Preset, values: dict[str, Any]) -> ConfigEntry:
    flow = await Flow.start(hass, "sip", preset)
    await flow.submit(values)
    await flow.submit(CALLS)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return entry


async def reconfigure(hass: HomeAssistant, entry: ConfigEntry) -> Flow:
    context = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=entry.entry_id)
    return Flow(hass, await hass.config_entries.flow.async_init(DOMAIN, context=context))


async def test_the_kinds_of_server_are_a_menu(hass: HomeAssistant) -> None:
    flow = await Flow.start(hass, "sip")

    assert (flow.result["type"], flow.result["step_id"]) == (FlowResultType.MENU, "sip")
    assert flow.result["menu_options"] == ["asterisk", "fritzbox", "3cx", "sipgate", "other"]


@pytest.mark.parametrize("preset", Preset)
async def test_a_line_is_added_with_the_form_of_its_server(
    hass: HomeAssistant, server: Server, preset: Preset
) -> None:
    account = ACCOUNTS[preset]
    flow = await Flow.start(hass, "sip", preset)
    assert (flow.result["type"], flow.result["step_id"]) == (FlowResultType.FORM, preset)

    await flow.submit(typed(preset, server))
    assert flow.result["step_id"] == "calls"
    await flow.submit(CALLS)

    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.title == f"{account.username} ({account.domain})"
    assert entry.unique_id == f"{account.authorization_id}@{account.domain}".lower()
    assert dict(entry.data) == {
        "source": "sip",
        "preset": preset,
        "domain": account.domain,
        "proxy": f"127.0.0.1:{server.port}",
        "username": account.username,
        "password": account.password,
        "authorization_id": account.authorization_id,
        "transport": "tcp",
        "verify_certificate": True,
    }
    await server.registered(account)


async def test_a_fritzbox_is_known_by_its_name(hass: HomeAssistant) -> None:
    flow = await Flow.start(hass, "sip", "fritzbox")

    assert (
        flow.result["data_schema"]({"username": "a", "password": "b", "advanced": {}})["domain"]
        == "fritz.box"
    )


@pytest.mark.parametrize("preset", Preset)
async def test_a_mistake_is_told_on_the_form_and_can_be_corrected(
    hass: HomeAssistant, server: Server, preset: Preset
) -> None:
    mistaken = typed(preset, server) | {"password": "wrong"}
    flow = await Flow.start(hass, "sip", preset)

    await flow.submit(mistaken)
    assert (flow.result["step_id"], flow.errors) == (preset, {"base": "forbidden"})
    assert suggested(flow.result["data_schema"]) == PRESET_FORMS[preset].schema(mistaken)

    await flow.submit(typed(preset, server))
    assert flow.result["step_id"] == "calls"


async def test_a_server_that_is_not_there_is_told(hass: HomeAssistant, server: Server) -> None:
    port = free_port()
    flow = await Flow.start(hass, "sip", "asterisk")

    await flow.submit(typed(Preset.ASTERISK, server) | {"domain": f"127.0.0.1:{port}"})

    assert flow.errors == {"base": "nothing_listens"}
    placeholders = flow.result["description_placeholders"]
    assert (placeholders["host"], placeholders["port"]) == ("127.0.0.1", str(port))


@pytest.mark.parametrize("preset", Preset)
async def test_a_line_is_changed_with_the_form_it_was_added_with(
    hass: HomeAssistant, server: Server, preset: Preset
) -> None:
    entry = await add(hass, preset, typed(preset, server))
    data = dict(entry.data)
    flow = await reconfigure(hass, entry)
    assert flow.result["step_id"] == preset

    await flow.submit(suggested(flow.result["data_schema"]))
    await hass.async_block_till_done()

    assert flow.result["reason"] == "reconfigure_successful"
    assert dict(entry.data) == data
    await server.registered(ACCOUNTS[preset])


async def test_a_line_from_before_there_were_kinds_is_changed_as_another_server(
    hass: HomeAssistant, server: Server
) -> None:
    entry = await add(hass, Preset.OTHER, typed(Preset.OTHER, server))
    before = {key: value for key, value in entry.data.items() if key != "preset"}
    hass.config_entries.async_update_entry(entry, data=before)

    flow = await reconfigure(hass, entry)

    assert flow.result["step_id"] == "other"
    assert suggested(flow.result["data_schema"])["domain"] == f"127.0.0.1:{server.port}"


async def test_every_form_tells_where_more_is_written(hass: HomeAssistant) -> None:
    for preset in Preset:
        flow = await Flow.start(hass, "sip", preset)
        assert flow.result["description_placeholders"] == {"guide": PRESET_FORMS[preset].guide}


# An exchange that made its certificate itself


@asynccontextmanager
async def encrypted(authority: Authority, folder: Path) -> AsyncGenerator[Server]:
    async with Server((ACCOUNTS[Preset.ASTERISK],), tls=authority.server(folder)) as server:
        yield server


@pytest.fixture
def watched() -> Generator[None]:
    """Have Home Assistant complain of what blocks its event loop, as it does outside tests."""
    block_async_io.enable()
    yield
    for call in block_async_io._BLOCKED_CALLS.calls:
        setattr(call.object, call.function, call.original_func)
    block_async_io._BLOCKED_CALLS.calls.clear()


@pytest.mark.usefixtures("socket_enabled", "watched")
async def test_an_authority_of_ones_own_is_used_from_the_trial_on(
    hass: HomeAssistant, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority = Authority()
    pasted = authority.certificate + authority.key
    async with encrypted(authority, tmp_path) as server:
        entry = await add(
            hass,
            Preset.ASTERISK,
            typed(Preset.ASTERISK, server, ca_certificate=pasted) | {"transport": "tls"},
        )

        await server.registered(ACCOUNTS[Preset.ASTERISK])
        assert entry.data["ca_certificate"] == authority.certificate
        assert entry.data["verify_certificate"] is True
        assert await hass.config_entries.async_unload(entry.entry_id)
    assert "blocking call" not in caplog.text


@pytest.mark.usefixtures("socket_enabled")
async def test_an_exchange_nobody_vouches_for_is_told_with_what_helps(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    hass.loop.set_exception_handler(lambda loop, context: None)
    authority = Authority()
    async with encrypted(authority, tmp_path) as server:
        values = typed(Preset.ASTERISK, server) | {"transport": "tls"}
        flow = await Flow.start(hass, "sip", "asterisk")

        await flow.submit(values)
        assert flow.errors == {"base": "certificate_invalid_at_home"}

        await flow.submit(values | {"advanced": {"ca_certificate": authority.certificate}})
        assert flow.result["step_id"] == "calls_encrypted"


async def test_what_is_pasted_as_a_certificate_must_be_one(hass: HomeAssistant) -> None:
    values = {"domain": "pbx", "username": "620", "password": "s3cret", "transport": "tls"}
    advanced = {"ca_certificate": "/etc/asterisk/keys/ca.crt", "verify_certificate": True}
    flow = await Flow.start(hass, "sip", "asterisk")

    await flow.submit(values | {"advanced": advanced})

    assert flow.errors == {"base": "certificate_unreadable"}
    assert suggested(flow.result["data_schema"]) == values | {"advanced": advanced}
