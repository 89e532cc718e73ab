"""Trying an account before it is saved."""

import asyncio
from pathlib import Path
import ssl

from homeassistant.util.ssl import client_context
import pytest

from custom_components.ringcentral.registration_check import RegistrationFailedError, async_check_registration
from custom_components.ringcentral.softphone import Account, Proxy, Transport
from simulator.registrar import Account as Extension
from simulator.server import Server

from .peers.certificate import write_certificate

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_a_certificate_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    # To the server's side of it, the handshake that is broken off here is an error.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    write_certificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with Server((Extension(),), tls=context) as server:
        account = Account(
            username="620",
            password="s3cret",
            authorization_id="620",
            domain="127.0.0.1",
            proxies=(Proxy("127.0.0.1", server.port),),
            transport=Transport.TLS,
        )
        with pytest.raises(RegistrationFailedError) as failed:
            await async_check_registration(account, client_context())

    assert failed.value.key == "certificate_invalid"
    assert "self-signed" in failed.value.detail
