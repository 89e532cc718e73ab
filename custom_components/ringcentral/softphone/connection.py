"""One connection to a proxy, over TCP, TLS or UDP: made, watched and closed. Part of the signalling shell."""

import asyncio
from collections.abc import Callable
import contextlib
import errno
import socket
import ssl
from typing import Final, cast, override

from .account import Flow, Proxy, Transport
from .events import Cause
from .line.route import Loss

CONNECT_TIMEOUT: Final = 10.0
# How long a closing connection has for what was written last.
CLOSE_TIMEOUT: Final = 1.0
HAPPY_EYEBALLS_DELAY: Final = 0.25

# The kernel's own watch, where the platform has it: a second opinion beside pings and refreshes.
_SOCKET_OPTIONS: Final = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 20),  # seconds
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 5),  # seconds
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 4),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 30_000),  # ms
)
# An address of RFC 5737 far away: the way there is the way to everybody.
_SOMEBODY: Final = ("192.0.2.1", 9)
# What an error means, the first that fits; Python's tree of exceptions decides the order.
_CAUSES: Final[tuple[tuple[type[Exception], Cause], ...]] = (
    (ssl.SSLCertVerificationError, Cause.TLS_CERTIFICATE),
    (ssl.SSLError, Cause.TLS),
    (socket.gaierror, Cause.DNS),
    (UnicodeError, Cause.DNS),
    (ConnectionRefusedError, Cause.REFUSED),
    (TimeoutError, Cause.TIMEOUT),
    (ConnectionError, Cause.CLOSED),
    (Exception, Cause.UNREACHABLE),
)


class ConnectionFailed(Exception):
    """There is no connection."""

    def __init__(self, loss: Loss) -> None:
        """Say why."""
        super().__init__(loss.reason)
        self.loss = loss


async def connect(proxy: Proxy, tls: ssl.SSLContext | None, received: Callable[[bytes], None]) -> Connection:
    """Connect, by whichever of the name's addresses answers first; raises ConnectionFailed.

    With `tls` the proxy proves that it is the host it is called by.
    """
    # The loop that Home Assistant runs on; only its own class is said to tell the errors of all addresses.
    loop = cast(asyncio.BaseEventLoop, asyncio.get_running_loop())
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            _, connection = await loop.create_connection(
                lambda: Connection(proxy, received),
                proxy.host,
                proxy.port,
                ssl=tls,
                server_hostname=None if tls is None else proxy.host,
                ssl_handshake_timeout=None if tls is None else CONNECT_TIMEOUT,
                ssl_shutdown_timeout=None if tls is None else CLOSE_TIMEOUT,
                happy_eyeballs_delay=HAPPY_EYEBALLS_DELAY,
                all_errors=True,
            )
    except ExceptionGroup as group:
        # One error for each address of the name; the first address is the one that counts.
        raise ConnectionFailed(_loss(group.exceptions[0])) from group
    except (OSError, UnicodeError) as error:
        raise ConnectionFailed(_loss(error)) from error
    return connection


async def connect_datagrams(
    proxy: Proxy, received: Callable[[bytes], None], turn: int = 0
) -> DatagramConnection:
    """Make a socket that sends to the proxy and hears nobody else; raises ConnectionFailed.

    Nothing is sent, so nobody knows whether an address is of use: `turn` says which of the name's is tried first.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            found = await loop.getaddrinfo(proxy.host, proxy.port, type=socket.SOCK_DGRAM)
            first = turn % len(found)
            failures: list[OSError] = []
            for family, _, _, _, address in [*found[first:], *found[:first]]:
                try:
                    _, connection = await loop.create_datagram_endpoint(
                        lambda: DatagramConnection(proxy, received),
                        remote_addr=(str(address[0]), proxy.port),
                        family=family,
                    )
                except OSError as error:
                    failures.append(error)
                else:
                    return connection
            raise failures[0]
    except (OSError, UnicodeError) as error:
        raise ConnectionFailed(_loss(error)) from error


def _loss(error: Exception) -> Loss:
    cause = next(cause for kind, cause in _CAUSES if isinstance(error, kind))
    match error:
        case ssl.SSLCertVerificationError():
            reason = f"the server's certificate is not valid: {error.verify_message}"
        case ssl.SSLError():
            reason = f"TLS failed: {getattr(error, 'reason', None) or type(error).__name__}"
        case TimeoutError():
            reason = "the server doesn't answer"
        case UnicodeError():
            # Nothing DNS can carry: an empty label, or one that is too long.
            reason = "the server's name is not a host name"
        case OSError(strerror=str(strerror)):
            reason = strerror
        case _:
            reason = str(error)
    return Loss(cause, reason)


class Connection(asyncio.Protocol):
    """One connection; `lost` resolves with why it ended."""

    def __init__(self, proxy: Proxy, received: Callable[[bytes], None]) -> None:
        """Hand on what is received for as long as the connection is of use."""
        self.lost: asyncio.Future[Loss] = asyncio.get_running_loop().create_future()
        self._proxy = proxy
        self._received = received
        self._transport: asyncio.Transport | asyncio.DatagramTransport | None = None
        self._closed = asyncio.Event()

    @property
    def flow(self) -> Flow:
        """Our end of the connection."""
        assert self._transport is not None
        secure = self._transport.get_extra_info("ssl_object") is not None
        transport = Transport.TLS if secure else Transport.TCP
        return self._flow(transport)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Watch the socket."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if (sock := transport.get_extra_info("socket")) is not None:
            watch(sock)

    @override
    def data_received(self, data: bytes) -> None:
        """Hand it on."""
        if not self.lost.done():
            self._received(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Note why."""
        self._closed.set()
        if exc is None:
            self.fail(Loss(Cause.CLOSED, "the connection was closed"))
        elif isinstance(exc, TimeoutError):
            self.fail(Loss(Cause.SILENT, "the server doesn't answer"))
        else:
            # Its text may hold addresses.
            self.fail(Loss(Cause.TLS if isinstance(exc, ssl.SSLError) else Cause.CLOSED, type(exc).__name__))

    @override
    def pause_writing(self) -> None:
        """Give up: what signalling writes is little, and it doesn't go out."""
        self.fail(Loss(Cause.SILENT, "the server doesn't take what it is sent"))

    def write(self, *messages: bytes) -> None:
        """Send bytes."""
        assert isinstance(self._transport, asyncio.Transport)
        self._transport.write(b"".join(messages))

    def fail(self, loss: Loss) -> None:
        """Note that the connection is of no more use; the first reason stands."""
        if not self.lost.done():
            self.lost.set_result(loss)

    def _flow(self, transport: Transport) -> Flow:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        host = host.partition("%")[0]
        return Flow(host, port, transport.upper(), self._proxy, ipv4_address() if ":" in host else "")

    async def close(self) -> None:
        """Close after what was written has gone out, or abort when it doesn't go."""
        assert self._transport is not None
        self._transport.close()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self._closed.wait()
        finally:
            self._transport.abort()


class DatagramConnection(Connection, asyncio.DatagramProtocol):
    """A socket for datagrams of one proxy; whether anybody is there only shows when something is sent."""

    @property
    @override
    def flow(self) -> Flow:
        """Our end of the connection."""
        return self._flow(Transport.UDP)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        """Hand it on."""
        self.data_received(data)

    @override
    def error_received(self, exc: Exception) -> None:
        """Give up where the network says that nothing gets there."""
        # A message too long for any datagram says nothing of the way.
        if not (isinstance(exc, OSError) and exc.errno == errno.EMSGSIZE):
            self.fail(_loss(exc))

    @override
    def write(self, *messages: bytes) -> None:
        """Send messages, each in a datagram of its own."""
        assert isinstance(self._transport, asyncio.DatagramTransport)
        for message in messages:
            self._transport.sendto(message)


def ipv4_address() -> str:
    """Return the IPv4 address that others reach us at, "" where there is no way to any; nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(_SOMEBODY)
        return str(sock.getsockname()[0])
    return ""


def watch(sock: socket.socket) -> None:
    """Have the kernel find out when the other end is gone, as far as the platform can."""
    for level, name, value in _SOCKET_OPTIONS:
        if (option := getattr(socket, name, None)) is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(level, option, value)
