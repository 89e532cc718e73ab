"""Making, watching and closing a connection."""

import asyncio
import socket
import ssl
from typing import override

import pytest

from custom_components.ringcentral.softphone import connection as connection_module
from custom_components.ringcentral.softphone.account import Proxy
from custom_components.ringcentral.softphone.connection import Connection, ConnectionFailed, connect, watch
from custom_components.ringcentral.softphone.events import Cause
from custom_components.ringcentral.softphone.route import Loss
from tests.softphone.household import Server

PROXY = Proxy("sip.example.com", 5060)


def certificate_error() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "text")
    error.verify_message = "certificate has expired"
    return error


@pytest.mark.parametrize(
    ("error", "cause", "reason"),
    [
        (TimeoutError(), "timeout", "the server doesn't answer"),
        (OSError(113, "No route to host"), "unreachable", "No route to host"),
        (OSError("odd"), "unreachable", "odd"),
        (ConnectionRefusedError(111, "Connection refused"), "refused", "Connection refused"),
        (ConnectionResetError(104, "Connection reset by peer"), "closed", "Connection reset by peer"),
        (socket.gaierror(-2, "Name or service not known"), "dns", "Name or service not known"),
        (UnicodeError("label too long"), "dns", "the server's name is not a host name"),
        (
            certificate_error(),
            "tls_certificate",
            "the server's certificate is not valid: certificate has expired",
        ),
        (ssl.SSLError(1, "[SSL] wrong version"), "tls", "TLS failed: SSLError"),
        (
            ExceptionGroup("all", [OSError(101, "Network is unreachable")] * 2),
            "unreachable",
            "Network is unreachable",
        ),
    ],
)
async def test_what_keeps_it_from_connecting_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, error: Exception, cause: str, reason: str
) -> None:
    async def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", fail)
    with pytest.raises(ConnectionFailed) as failed:
        await connect(PROXY, None, lambda data: None)
    assert failed.value.loss == Loss(Cause(cause), reason)


async def test_the_server_has_to_be_the_one_it_is_called_by(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    async def note(*args: object, **kwargs: object) -> tuple[None, None]:
        asked.update(kwargs)
        return None, None

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", note)
    context = ssl.create_default_context()
    await connect(PROXY, context, lambda data: None)
    assert (asked["ssl"], asked["server_hostname"]) == (context, "sip.example.com")
    assert context.check_hostname and context.verify_mode is ssl.CERT_REQUIRED


async def test_a_server_that_does_not_accept_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "CONNECT_TIMEOUT", 0.01)
    monkeypatch.setattr(
        asyncio.get_running_loop(), "create_connection", lambda *args, **kwargs: asyncio.sleep(60)
    )
    with pytest.raises(ConnectionFailed) as failed:
        await connect(PROXY, None, lambda data: None)
    assert failed.value.loss.cause is Cause.TIMEOUT


async def test_a_port_where_nobody_listens_refuses(server: Server) -> None:
    await server.close()
    with pytest.raises(ConnectionFailed) as failed:
        await connect(Proxy("127.0.0.1", server.port), None, lambda data: None)
    assert failed.value.loss.cause is Cause.REFUSED


async def test_the_kernel_watches_too(server: Server) -> None:
    connection = await connect(Proxy("127.0.0.1", server.port), None, lambda data: None)
    assert connection._transport is not None
    sock = connection._transport.get_extra_info("socket")
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
    await connection.close()


def test_a_platform_that_does_not_know_an_option_goes_without(monkeypatch: pytest.MonkeyPatch) -> None:
    class Poor:
        def __init__(self) -> None:
            self.options: list[int] = []

        def setsockopt(self, level: int, option: int, value: int) -> None:
            if option == socket.SO_KEEPALIVE:
                raise OSError
            self.options.append(option)

    monkeypatch.delattr(socket, "TCP_USER_TIMEOUT")
    poor = Poor()
    watch(poor)  # type: ignore[arg-type]
    assert poor.options == [socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT]


class StuckTransport(asyncio.Transport):
    """Never gets rid of what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    @override
    def close(self) -> None:
        self.calls.append("close")

    @override
    def abort(self) -> None:
        self.calls.append("abort")


def stuck() -> tuple[Connection, StuckTransport]:
    connection, transport = Connection(PROXY, lambda data: None), StuckTransport()
    connection.connection_made(transport)
    return connection, transport


async def test_a_connection_that_does_not_close_is_aborted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "CLOSE_TIMEOUT", 0.01)
    connection, transport = stuck()
    await connection.close()
    assert transport.calls == ["close", "abort"]


async def test_a_connection_is_aborted_even_when_nobody_waits_for_it() -> None:
    connection, transport = stuck()
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    assert transport.calls == ["close", "abort"]


@pytest.mark.parametrize(
    ("error", "loss"),
    [
        (None, Loss(Cause.CLOSED, "the connection was closed")),
        (ConnectionResetError("with the address of somebody"), Loss(Cause.CLOSED, "ConnectionResetError")),
        (TimeoutError(110, "Connection timed out"), Loss(Cause.SILENT, "the server doesn't answer")),
        (ssl.SSLError(1, "decryption failed"), Loss(Cause.TLS, "SSLError")),
    ],
)
async def test_how_a_connection_ended_is_told_by_its_kind(error: Exception | None, loss: Loss) -> None:
    connection, _ = stuck()
    connection.connection_lost(error)
    assert await connection.lost == loss
