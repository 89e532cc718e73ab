"""An in-memory network between a phone and its server: it delays, cuts, drops, swallows and refuses."""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from random import Random
import socket
import ssl
from typing import Any, override

# How long a router or the server's own keep-alive takes to notice a connection that is dead at the other end only.
SERVER_NOTICES = (60.0, 900.0)


class Trouble(StrEnum):
    """Why a proxy can't be reached."""

    DNS = "dns"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    CONNECT_TIMEOUT = "connect timeout"
    ACCEPTED_THEN_SILENT = "accepted then silent"
    ACCEPTED_THEN_RESET = "accepted then reset"
    TLS_CERTIFICATE = "tls certificate"
    TLS_HANDSHAKE = "tls handshake"
    TLS_CLOSED = "tls closed early"

    @property
    def of_tls(self) -> bool:
        """Whether only an encrypted connection can have it."""
        return self.name.startswith("TLS")


def _errors(trouble: Trouble) -> Exception:
    """Return what asyncio raises; the errors of a name's addresses come as a group."""
    match trouble:
        case Trouble.DNS:
            return socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        case Trouble.REFUSED:
            refused = ConnectionRefusedError(111, "Connect call failed")
            return ExceptionGroup("create_connection failed", [refused, refused])
        case Trouble.UNREACHABLE:
            return ExceptionGroup("create_connection failed", [OSError(113, "No route to host")])
        case Trouble.TLS_CERTIFICATE:
            error = ssl.SSLCertVerificationError(1, "certificate verify failed")
            error.verify_message = "certificate has expired"
            return error
        case Trouble.TLS_HANDSHAKE:
            return ssl.SSLError(1, "wrong version number")
        case _:
            return ConnectionResetError(104, "Connection reset by peer")


# Seconds until a try fails.
_FAILS_AFTER = {Trouble.DNS: 0.5, Trouble.UNREACHABLE: 3.0}


class Network:
    """Names that lead to one server, the connections to it, and what is wrong with either."""

    def __init__(self, loop: asyncio.BaseEventLoop) -> None:
        """Begin with everything working; seed() decides every chance."""
        self.loop = loop
        self.random = Random(0)
        self.down: dict[str, Trouble] = {}
        """Which names can't be reached, and why."""
        self.delay = (0.005, 0.05)
        """Seconds a segment is on its way, at the least and at the most."""
        self.crumbs = False
        """Whether every byte arrives by itself."""
        self.split = 0.2
        """How often a segment is cut somewhere."""
        self.wires: list[Wire] = []
        self.on_attempt: Callable[[str], None] = lambda _: None
        self.on_connected: Callable[[], None] = lambda: None
        self.on_sent: Callable[[bytes], None] = lambda _: None
        """Told what the phone hands to its connection."""
        self._accept: Callable[[], asyncio.Protocol] | None = None
        self._ports = 20000

    def free_port(self) -> int:
        """Return an even port."""
        self._ports = 20000 + (self._ports + 2) % 40000
        return self._ports

    def listen(self, factory: Callable[[], asyncio.Protocol], host: str, port: int) -> Listener:
        """Take connections, until the listener is closed."""
        self._accept = factory
        return Listener(self, host, port or 5060)

    def close(self) -> None:
        """Refuse connections from now on."""
        self._accept = None

    async def resolve(self, host: str) -> None:
        """Look a name up; raises socket.gaierror."""
        if self.down.get(host) is Trouble.DNS:
            await asyncio.sleep(_FAILS_AFTER[Trouble.DNS])
            raise _errors(Trouble.DNS)

    async def connect(
        self, factory: Callable[[], asyncio.Protocol], host: str, port: int, *, secure: bool
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Connect by name; raises what asyncio raises."""
        self.on_attempt(host)
        trouble = self.down.get(host)
        await self.resolve(host)
        # A connection takes one round trip, TLS two more.
        await asyncio.sleep(self.latency() * (6 if secure else 2))
        if trouble is Trouble.CONNECT_TIMEOUT or (secure and trouble is Trouble.ACCEPTED_THEN_SILENT):
            await asyncio.get_running_loop().create_future()
        if trouble is None or not (secure or not trouble.of_tls):
            trouble = Trouble.REFUSED if self._accept is None else None
        if trouble not in {None, Trouble.ACCEPTED_THEN_SILENT, Trouble.ACCEPTED_THEN_RESET}:
            assert trouble is not None
            await asyncio.sleep(_FAILS_AFTER.get(trouble, 0.0))
            raise _errors(trouble)
        protocol = factory()
        wire = Wire(self, protocol, host, self.free_port() + 1, secure=secure)
        self.on_connected()
        self.wires.append(wire)
        if trouble is None:
            assert self._accept is not None
            wire.server.protocol = self._accept()
            wire.server.protocol.connection_made(wire.server)
        else:
            wire.hole()
        if trouble is Trouble.ACCEPTED_THEN_RESET:
            self.loop.call_later(self.random.uniform(0, 1), wire.reset)
        protocol.connection_made(wire.client)
        return wire.client, protocol

    def latency(self) -> float:
        """Return how long the next segment takes."""
        shortest, longest = self.delay
        return shortest + (longest - shortest) * self.random.random()

    def pieces(self, data: bytes) -> list[bytes]:
        """Cut what is sent into segments."""
        if self.crumbs:
            return [data[at : at + 1] for at in range(len(data))]
        if self.split and self.random.random() < self.split:
            cut = self.random.randrange(len(data))
            return [piece for piece in (data[:cut], data[cut:]) if piece]
        return [data]


class Listener:
    """What create_server returns."""

    def __init__(self, network: Network, host: str, port: int) -> None:
        """Listen at this address."""
        self._network = network
        self._name = (host, port)

    @property
    def sockets(self) -> tuple[Listener, ...]:
        """The one socket: this."""
        return (self,)

    def getsockname(self) -> tuple[str, int]:
        """Return the address."""
        return self._name

    def close(self) -> None:
        """Listen no more."""
        self._network.close()

    async def wait_closed(self) -> None:
        """Return at once."""


class Wire:
    """One connection and its two ends."""

    def __init__(
        self, network: Network, protocol: asyncio.Protocol, host: str, port: int, *, secure: bool
    ) -> None:
        """Connect a phone; the server's end has no protocol yet."""
        self.network = network
        self.host = host
        self.client = End(self, protocol, ("192.0.2.7", port), secure=secure)
        self.server = End(self, None, (host, 5060), secure=secure)
        self.client.peer, self.server.peer = self.server, self.client

    @property
    def whole(self) -> bool:
        """Whether anything comes through, both ways."""
        ends = (self.client, self.server)
        return not any(end.swallows or end.closing or end.lost for end in ends)

    def hole(self, *, up: bool = True, down: bool = True) -> None:
        """Swallow what is sent, up to the server or down to the phone, and tell nobody; the server finds out in time."""
        self.client.swallows, self.server.swallows = self.client.swallows or up, self.server.swallows or down
        self.server.cut_off.set()
        later = self.network.random.uniform(*SERVER_NOTICES)
        self.network.loop.call_later(later, self.server.lose, TimeoutError())

    def drop(self) -> None:
        """Have the server close the connection."""
        self.server.close()

    def reset(self) -> None:
        """End the connection for both, at once."""
        for end in (self.client, self.server):
            end.lose(ConnectionResetError())

    def forget(self) -> None:
        """Have the server know nothing of this connection any more: it answers whatever comes with a reset."""
        self.client.rejected = True
        self.server.swallows = True
        self.server.lose(ConnectionResetError())

    def ended(self) -> None:
        """Let go of a connection that is gone at both ends."""
        if self.client.lost and self.server.lost and self in self.network.wires:
            self.network.wires.remove(self)


class End(asyncio.Transport):
    """One end of a wire, as its protocol sees it."""

    peer: End

    def __init__(
        self, wire: Wire, protocol: asyncio.Protocol | None, name: tuple[str, int], *, secure: bool
    ) -> None:
        """Belong to a wire."""
        super().__init__()
        self.wire = wire
        self.protocol: asyncio.Protocol | None = protocol
        self.swallows = self.closing = self.lost = self.rejected = False
        self.cut: str | None = None
        """What ends the next message in its middle: "reset" or "silence"."""
        self.cut_off = asyncio.Event()
        """Set once that has happened, or can't happen any more."""
        self._name = name
        self._secure = secure
        self._network = wire.network
        self._loop = wire.network.loop
        self._segments: deque[tuple[float, bytes | None]] = deque()
        self._free_at = self._wakes_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the addresses, and whether it is encrypted."""
        known = {
            "sockname": self._name,
            "peername": self.peer._name,
            "ssl_object": self if self._secure else None,
        }
        return known.get(name, default)

    @override
    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self.closing or self.lost

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes down the wire."""
        data = bytes(data)
        if self is self.wire.client:
            self._network.on_sent(data)
        if self.closing or self.lost or not data:
            return
        if self.rejected:
            self._loop.call_later(self._network.latency(), self.lose, ConnectionResetError())
            return
        if self.swallows:
            return
        if self.cut and len(data) > 8:
            self._cut_off(data)
            return
        for piece in self._network.pieces(data):
            self._put(piece)

    @override
    def close(self) -> None:
        """Close after what was written."""
        if self.closing or self.lost:
            return
        self.closing = True
        if not self.swallows:
            self._put(None)
        # Over TLS the other side is asked first; one that is gone doesn't answer.
        patience = 1.0 if self._secure and self.swallows else 0.0
        self._loop.call_later(patience, self.lose, None)

    @override
    def abort(self) -> None:
        """Close at once; the other side sees a reset."""
        if self.lost:
            return
        self.closing = True
        self._loop.call_soon(self.lose, None)
        if not self.swallows:
            self._loop.call_later(self._network.latency(), self.peer.lose, ConnectionResetError())

    def sleep(self, until: float) -> None:
        """Hear nothing before then; what comes meanwhile, the end included, waits."""
        until = self._wakes_at = max(until, self._wakes_at)
        self.peer._free_at = max(self.peer._free_at, until)
        if self.peer._timer is not None:
            self.peer._timer.cancel()
            self.peer._timer = self._loop.call_at(until, self.peer._arrive)

    def lose(self, error: Exception | None) -> None:
        """End now, with an error or with the other side's close, unless it has ended."""
        if self.lost:
            return
        if error is not None and self._loop.time() < self._wakes_at:
            self._loop.call_at(self._wakes_at, self.lose, error)
            return
        self.closing = self.lost = True
        self.cut_off.set()
        if self.protocol is not None:
            self.protocol.connection_lost(error)
        self.wire.ended()

    def _cut_off(self, data: bytes) -> None:
        how, self.cut = self.cut, None
        self.cut_off.set()
        self._put(data[: self._network.random.randrange(1, len(data))])
        self.wire.hole()
        if how == "reset":
            self._loop.call_at(self._free_at + 0.001, self.wire.reset)

    def _put(self, data: bytes | None) -> None:
        """Put a segment, or the end, on its way: always behind what is before it."""
        self._free_at = max(self._free_at, self._loop.time() + self._network.latency())
        self._segments.append((self._free_at, data))
        if self._timer is None:
            self._timer = self._loop.call_at(self._free_at, self._arrive)

    def _arrive(self) -> None:
        self._timer = None
        now = self._loop.time()
        arrived: list[bytes] = []
        while self._segments and self._segments[0][0] <= now:
            _, data = self._segments.popleft()
            if data is None:
                self._hand_over(b"".join(arrived))
                self.peer.lose(None)
                return
            arrived.append(data)
            if self._network.crumbs:
                self._hand_over(arrived.pop())
        self._hand_over(b"".join(arrived))
        if self._segments:
            self._timer = self._loop.call_at(self._segments[0][0], self._arrive)

    def _hand_over(self, data: bytes) -> None:
        peer = self.peer
        if data and peer.protocol is not None and not (peer.closing or peer.lost):
            peer.protocol.data_received(data)


class DatagramEnd(asyncio.DatagramTransport):
    """A port for sound that nobody speaks to."""

    def __init__(self, port: int) -> None:
        """Have this port."""
        super().__init__()
        self._name = ("192.0.2.1", port)

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the address."""
        return self._name if name == "sockname" else default

    @override
    def abort(self) -> None:
        """Close."""

    @override
    def close(self) -> None:
        """Close."""
