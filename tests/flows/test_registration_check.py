"""Trying an account before it is saved."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
import ssl
from typing import Any

from homeassistant.util.ssl import client_context
import pytest

from custom_components.ringcentral.flows.registration_check import (
    RegistrationFailedError,
    async_check_registration,
    at_home,
)
from custom_components.ringcentral.softphone import Account, Cause, Proxy, Transport
from custom_components.ringcentral.softphone.connection import ConnectionFailed
from custom_components.ringcentral.softphone.line.route import Loss
from simulator.home import free_port
from simulator.registrar import Account as Extension, RegisterFault
from simulator.server import Server
from tests.authority import Authority
from tests.peers.certificate import write_certificate

pytestmark = pytest.mark.usefixtures("socket_enabled")

TLS = {"transport": Transport.TLS}


def account(*ports: int, host: str = "127.0.0.1", **changes: Any) -> Account:
    """Return the account that the simulated server knows, with a proxy at each port."""
    extension = Extension()
    values: dict[str, Any] = {
        "username": extension.username,
        "password": extension.password,
        "authorization_id": extension.authorization_id,
        "domain": extension.domain,
        "proxies": tuple(Proxy(host, port) for port in ports),
    }
    return Account(**values | changes)


async def failure(account: Account, tls: ssl.SSLContext | None = None) -> RegistrationFailedError:
    """Return what kept the account from registering."""
    with pytest.raises(RegistrationFailedError) as failed:
        await async_check_registration(account, tls)
    return failed.value


@asynccontextmanager
async def serving(answer: Callable[[bytes], bytes]) -> AsyncGenerator[int]:
    """Run a server that answers what comes first, and nothing else; yield its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(await reader.read(4000)))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1")
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def answering(answer: bytes) -> AbstractAsyncContextManager[int]:
    """Run a server that says the same to whatever comes first; yield its port."""
    return serving(lambda _: answer)


async def test_an_account_that_works_is_given_back() -> None:
    async with Server() as server:
        await async_check_registration(account(server.port))

        assert not server.exchange.is_registered(server.accounts[0], asyncio.get_running_loop().time())
        assert server.violations == []


@pytest.mark.parametrize(
    ("changes", "key", "detail"),
    [
        ({"password": "wrong"}, "forbidden", "403 Forbidden"),
        ({"authorization_id": "802500000000"}, "forbidden", "403 Forbidden"),
        ({"username": "16509999999"}, "unknown_user", "404 Not Found"),
    ],
)
async def test_a_refusal_is_told_in_the_words_of_the_server(
    changes: dict[str, Any], key: str, detail: str
) -> None:
    async with Server() as server:
        failed = await failure(account(server.port, **changes))

    assert (failed.key, failed.detail, failed.server) == (key, detail, Proxy("127.0.0.1", server.port))


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        (RegisterFault.WRONG_PASSWORD, "wrong_password"),
        (RegisterFault.TOO_MANY_CONTACTS, "too_many_devices"),
        (RegisterFault.UNAVAILABLE, "registration_refused"),
        (RegisterFault.BAD_REQUEST, "registration_refused"),
    ],
)
async def test_each_refusal_has_its_own_words(fault: RegisterFault, key: str) -> None:
    async with Server() as server:
        server.faults.register = fault
        failed = await failure(account(server.port))

    assert failed.key == key


async def test_a_port_where_nothing_listens_is_told() -> None:
    port = free_port()

    failed = await failure(account(port))

    assert (failed.key, failed.server) == ("nothing_listens", Proxy("127.0.0.1", port))


async def test_a_server_that_hangs_up_is_told() -> None:
    async with Server() as server:
        server.faults.close_on_register = True
        failed = await failure(account(server.port))

    assert failed.key == "hung_up"


async def test_a_server_without_encryption_is_told() -> None:
    async with answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as port:
        failed = await failure(account(port, **TLS), client_context())

    assert (failed.key, failed.detail) == ("no_tls", "TLS failed: WRONG_VERSION_NUMBER")


@pytest.mark.parametrize(
    ("cause", "key"),
    [
        (Cause.DNS, "name_not_found"),
        (Cause.TIMEOUT, "no_answer"),
        (Cause.UNREACHABLE, "unreachable"),
        (Cause.PROTOCOL, "no_sip"),
        (Cause.TLS_CERTIFICATE, "certificate_invalid"),
    ],
)
async def test_what_the_network_does_is_told(monkeypatch: pytest.MonkeyPatch, cause: Cause, key: str) -> None:
    async def connect(*_: object) -> None:
        raise ConnectionFailed(Loss(cause, "no such luck"))

    monkeypatch.setattr("custom_components.ringcentral.softphone.phone.connect", connect)

    failed = await failure(account(5060, host="sip.example.com"))

    assert (failed.key, failed.detail) == (key, "no such luck")
    assert failed.server == Proxy("sip.example.com", 5060)


async def test_a_server_that_never_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)
    async with Server() as server:
        server.faults.silent = True
        failed = await failure(account(server.port))

    assert (failed.key, failed.server) == ("no_answer", Proxy("127.0.0.1", server.port))


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.ringcentral.flows.registration_check.PATIENCE", 0.3)
    monkeypatch.setattr("custom_components.ringcentral.softphone.phone.STOP_TIMEOUT", 0.1)


async def test_a_stand_in_is_good_enough() -> None:
    async with Server() as server:
        await async_check_registration(account(free_port(), server.port))


async def test_when_every_proxy_fails_the_first_ones_failure_is_told() -> None:
    dead = free_port()
    async with Server() as server:
        server.faults.close_on_register = True
        failed = await failure(account(dead, server.port))

    assert (failed.key, failed.server) == ("nothing_listens", Proxy("127.0.0.1", dead))


async def test_a_stand_in_that_never_answers_is_not_what_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)
    async with Server() as server:
        server.faults.silent = True
        failed = await failure(account(free_port(), server.port))

    assert failed.key == "nothing_listens"


async def test_where_a_server_sends_us_counts() -> None:
    async with Server() as server, redirecting(server.port) as port:
        await async_check_registration(account(port))


async def test_where_a_server_sends_us_may_fail() -> None:
    async with redirecting(dead := free_port()) as port:
        failed = await failure(account(port))

    assert (failed.key, failed.server) == ("nothing_listens", Proxy("127.0.0.1", dead))


def redirecting(to: int) -> AbstractAsyncContextManager[int]:
    """Run a server that sends everybody to another port; yield its own."""

    def answer(request: bytes) -> bytes:
        lines = request.decode().split("\r\n")
        kept = [line for line in lines if line.split(":")[0] in {"Via", "From", "To", "Call-ID", "CSeq"}]
        moved = f"Contact: <sip:127.0.0.1:{to};transport=tcp>"
        return "\r\n".join(
            ["SIP/2.0 302 Moved Temporarily", *kept, moved, "Content-Length: 0", "", ""]
        ).encode()

    return serving(answer)


# Certificates


@pytest.fixture
async def unexcited() -> None:
    """Let handshakes be broken off: to the server's side of it that is an error."""
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)


def self_signed(folder: Path) -> ssl.SSLContext:
    certificate, key = folder / "cert.pem", folder / "key.pem"
    write_certificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def for_another_host(folder: Path) -> ssl.SSLContext:
    return Authority().server(folder, name="pbx.home.arpa", address="192.168.1.10")


@pytest.mark.parametrize(
    ("making", "detail"), [(self_signed, "self-signed"), (for_another_host, "unable to get local issuer")]
)
@pytest.mark.usefixtures("unexcited")
async def test_a_certificate_at_home_that_nobody_vouches_for_is_told(
    tmp_path: Path, making: Callable[[Path], ssl.SSLContext], detail: str
) -> None:
    async with Server(tls=making(tmp_path)) as server:
        failed = await failure(account(server.port, **TLS), client_context())

    assert failed.key == "certificate_invalid_at_home"
    assert detail in failed.detail


@pytest.mark.parametrize(
    "host", ["fritz.box", "192.168.1.10", "10.0.0.1", "fd00::1", "PBX.local", "pbx", "pbx.home.arpa"]
)
def test_a_server_at_home_is_known_by_its_name_or_address(host: str) -> None:
    assert at_home(host)


@pytest.mark.parametrize("host", ["sip.ringcentral.com", "8.8.8.8", "2606:4700::1111", "local.example.com"])
def test_a_server_on_the_internet_is_known_by_its_name_or_address(host: str) -> None:
    assert not at_home(host)
