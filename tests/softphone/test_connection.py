"""Making, watching and closing a connection."""

import asyncio
import errno
import socket
import ssl
from typing import Any, override
from unittest.mock import MagicMock

import pytest

from custom_components.ringcentral.softphone import connection as connection_module
from custom_components.ringcentral.softphone.account import Flow, Proxy
from custom_components.ringcentral.softphone.connection import (
    Connection,
    ConnectionFailed,
    DatagramConnection,
    connect,
    connect_datagrams,
    ipv4_address,
    watch,
)
from custom_components.ringcentral.softphone.events import Cause
from custom_components.ringcentral.softphone.line.route import Loss
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


# Datagrams


class Post(asyncio.DatagramProtocol):
    """A server for datagrams that keeps what it gets."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[tuple[bytes, tuple[str, int]]] = asyncio.Queue()

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.got.put_nowait((data, addr))


async def post_office() -> tuple[asyncio.DatagramTransport, Post, Proxy]:
    transport, post = await asyncio.get_running_loop().create_datagram_endpoint(
        Post, local_addr=("127.0.0.1", 0)
    )
    return transport, post, Proxy("127.0.0.1", transport.get_extra_info("sockname")[1])


async def test_each_message_goes_in_a_datagram_of_its_own_and_answers_come_back(socket_enabled: None) -> None:
    transport, post, proxy = await post_office()
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    connection = await connect_datagrams(proxy, heard.put_nowait)
    connection.write(b"one", b"two")
    (one, where), (two, _) = await post.got.get(), await post.got.get()
    assert (one, two) == (b"one", b"two")
    assert connection.flow == Flow(*where, "UDP", proxy)
    assert not connection.flow.reliable
    transport.sendto(b"three", where)
    assert await heard.get() == b"three"
    await connection.close()
    transport.close()
    assert (await connection.lost).cause is Cause.CLOSED


async def test_a_stranger_is_not_heard(socket_enabled: None) -> None:
    transport, _, proxy = await post_office()
    stranger, _, _ = await post_office()
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    connection = await connect_datagrams(proxy, heard.put_nowait)
    where = (connection.flow.host, connection.flow.port)
    stranger.sendto(b"from a stranger", where)
    transport.sendto(b"from the server", where)
    assert await heard.get() == b"from the server"
    await connection.close()
    for one in (transport, stranger):
        one.close()


async def test_a_port_where_nobody_listens_refuses_the_first_datagram(socket_enabled: None) -> None:
    transport, _, proxy = await post_office()
    transport.close()
    await asyncio.sleep(0)
    connection = await connect_datagrams(proxy, lambda data: None)
    connection.write(b"anybody?")
    assert await connection.lost == Loss(Cause.REFUSED, "Connection refused")
    await connection.close()


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(errno.ENETUNREACH, "Network is unreachable"), Cause.UNREACHABLE),
        (ValueError("odd"), Cause.UNREACHABLE),
    ],
)
async def test_what_the_network_says_ends_the_connection(error: Exception, cause: Cause) -> None:
    connection = DatagramConnection(PROXY, lambda data: None)
    connection.error_received(error)
    assert (await connection.lost).cause is cause


async def test_a_message_too_long_for_a_datagram_costs_only_itself(socket_enabled: None) -> None:
    transport, post, proxy = await post_office()
    connection = await connect_datagrams(proxy, lambda data: None)
    connection.write(b"x" * 100_000, b"short")
    assert (await post.got.get())[0] == b"short"
    assert not connection.lost.done()
    await connection.close()
    transport.close()


def name_with(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    async def resolve(*args: object, **kwargs: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (address, 5060)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)


@pytest.mark.parametrize(
    ("turn", "order"), [(0, ["192.0.2.1", "192.0.2.2"]), (1, ["192.0.2.2", "192.0.2.1"])]
)
async def test_each_turn_begins_with_the_next_address_of_a_name(
    monkeypatch: pytest.MonkeyPatch, turn: int, order: list[str]
) -> None:
    name_with(monkeypatch, "192.0.2.1", "192.0.2.2")
    tried: list[str] = []

    async def fail(*args: object, remote_addr: tuple[str, int], **kwargs: object) -> None:
        tried.append(remote_addr[0])
        raise OSError(errno.ENETUNREACH, f"no way to {remote_addr[0]}")

    monkeypatch.setattr(asyncio.get_running_loop(), "create_datagram_endpoint", fail)
    for repeated in (turn, turn + 2):
        with pytest.raises(ConnectionFailed) as failed:
            await connect_datagrams(PROXY, lambda data: None, repeated)
        assert failed.value.loss == Loss(Cause.UNREACHABLE, f"no way to {order[0]}")
    assert tried == order * 2


async def test_an_address_there_is_no_way_to_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, socket_enabled: None
) -> None:
    name_with(monkeypatch, "192.0.2.1", "127.0.0.1")
    loop = asyncio.get_running_loop()
    make = loop.create_datagram_endpoint

    async def make_at_home(protocol: Any, **kwargs: Any) -> Any:
        if kwargs["remote_addr"][0] == "192.0.2.1":
            raise OSError(errno.ENETUNREACH, "Network is unreachable")
        return await make(protocol, **kwargs)

    monkeypatch.setattr(loop, "create_datagram_endpoint", make_at_home)
    connection = await connect_datagrams(PROXY, lambda data: None)
    assert connection.flow.host == "127.0.0.1"
    await connection.close()


async def test_a_name_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", fail)
    with pytest.raises(ConnectionFailed) as failed:
        await connect_datagrams(PROXY, lambda data: None)
    assert failed.value.loss.cause is Cause.DNS


async def test_signalling_over_ipv6_knows_where_sound_comes_in(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "_SOMEBODY", ("127.0.0.1", 9))
    flow = Connection(Proxy("::1", 5060), print)
    flow._transport = MagicMock()
    flow._transport.get_extra_info.side_effect = {"sockname": ("fe80::2%eth0", 5061)}.get
    assert flow.flow == Flow("fe80::2", 5061, "TCP", Proxy("::1", 5060), "127.0.0.1")
    assert (flow.flow.media_host, flow.flow.sent_by) == ("127.0.0.1", "[fe80::2]:5061")


def test_without_ipv4_there_is_no_such_address(monkeypatch: pytest.MonkeyPatch) -> None:
    unreachable = OSError(errno.ENETUNREACH, "Network is unreachable")
    with monkeypatch.context() as patched:
        patched.setattr(socket, "socket", MagicMock(side_effect=unreachable))
        assert ipv4_address() == ""
