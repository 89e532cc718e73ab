"""A line on TLS, whose calls are encrypted too."""

from collections.abc import AsyncGenerator
from pathlib import Path
import ssl

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ringcentral.const import DOMAIN
from simulator.clip import check_clip
from simulator.dialect import Dialect
from simulator.registrar import Account
from simulator.server import Server
from tests.line import ANNA, until
from tests.peers.certificate import write_certificate

EXTENSION = Account(username="6001", authorization_id="6001")


@pytest.fixture
async def server(socket_enabled: None, tmp_path: Path) -> AsyncGenerator[Server]:
    """Run an exchange on TLS, with a certificate of its own making."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    write_certificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with Server((EXTENSION,), tls=context) as server:
        yield server


@pytest.fixture
async def entry(hass: HomeAssistant, server: Server) -> AsyncGenerator[MockConfigEntry]:
    """Register a line with it whose answering machine answers at once."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Extension",
        unique_id="6001",
        data={
            "source": "sip",
            "username": EXTENSION.username,
            "password": EXTENSION.password,
            "authorization_id": EXTENSION.authorization_id,
            "domain": EXTENSION.domain,
            "proxy": f"{server.host}:{server.port}",
            "transport": "tls",
            "verify_certificate": False,
        },
        options={"answer_mode": "answering_machine", "answer_after": 0, "longest_message": 60},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await server.registered()
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


def violations(server: Server) -> list[str]:
    """Return what was done against the rules; those of the exchange are TCP's, also when TLS carries it."""
    return [text for text in server.violations if not text.endswith("Via names another transport than TCP")]


def clip(hass: HomeAssistant) -> bytes:
    """Return the only clip that was filed."""
    (path,) = Path(hass.config.path(DOMAIN)).glob("clips/*/*.wav")
    return path.read_bytes()


async def test_a_message_over_srtp_is_recorded_sample_for_sample(
    hass: HomeAssistant, server: Server, entry: MockConfigEntry
) -> None:
    call = await server.call(caller=ANNA, dialect=Dialect(secure=True))
    await server.ended(call)
    await hass.async_block_till_done()

    assert check_clip(clip(hass), call)
    assert call.voice.heard != []
    assert violations(server) == []


async def test_a_call_that_goes_on_over_another_connection_keeps_its_keys(
    hass: HomeAssistant, server: Server, entry: MockConfigEntry
) -> None:
    call = await server.call(caller=ANNA, dialect=Dialect(secure=True))
    await until(lambda: len(call.voice.sent) > 5)
    server.drop()
    await server.ended(call)
    await hass.async_block_till_done()

    assert "back" in [text for _, text in call.events]
    assert check_clip(clip(hass), call)
    assert violations(server) == []


@pytest.mark.usefixtures("entry")
async def test_a_call_in_the_clear_is_not_taken(server: Server) -> None:
    call = await server.call(caller=ANNA, dialect=Dialect())
    await server.ended(call)

    assert call.outcome == "refused: 488"
