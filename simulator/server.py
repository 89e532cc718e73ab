"""The exchange on real sockets: TCP for phones, one UDP socket for each call. All it adds is a clock and I/O."""

import asyncio
from collections.abc import Callable
import itertools
import ssl
from typing import Any, Self, cast, override

from .call import Call
from .caller import Act, Caller
from .dialect import Address, Dialect
from .exchange import Close, Datagram, Exchange, NotRegisteredError, Send
from .link import Faults
from .presses import Press
from .registrar import Account
from .services import Kind, Service, ServiceCall

_PORT_TRIES = 50


type Tell = Callable[[Call, float, str], None]


class Server:
    """RingCentral on loopback. Use it as an async context manager; `port` is known once it is entered."""

    def __init__(
        self,
        accounts: tuple[Account, ...] = (Account(),),
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        tell: Tell | None = None,
        tls: ssl.SSLContext | None = None,
        tls_beside: ssl.SSLContext | None = None,
    ) -> None:
        """Serve these accounts.

        Args:
            tell: hears of every event of every call as it happens.
            tls: makes it TLS.
            tls_beside: answers TLS too, at a port of its own, `tls_port`.
        """
        self.accounts = accounts
        self.host, self.port, self.tls_port = host, port, 0
        self._seed, self._tell, self._tls, self._tls_beside = seed, tell, tls, tls_beside
        self._listeners: list[asyncio.Server] = []
        self._told: dict[Call, int] = {}  # the calls that are up → how many of their events were passed on
        self._numbers = itertools.count(1)
        self._phones: dict[int, asyncio.Transport] = {}
        self._media: dict[Address, asyncio.DatagramTransport] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    @property
    def faults(self) -> Faults:
        """What the server does wrong; change it at any time."""
        return self.exchange.faults

    @property
    def calls(self) -> list[Call]:
        """The calls that are up and the last of those before, oldest first."""
        return self.exchange.calls

    @property
    def violations(self) -> list[str]:
        """What the phones did against the rules, in calls and outside them."""
        placed = (text for call in self.calls for text in call.violations)
        dialled = (text for call in self.exchange.dialled for text in call.violations)
        return [*self.exchange.violations, *placed, *dialled]

    async def __aenter__(self) -> Self:
        """Listen."""
        self._loop = asyncio.get_running_loop()
        self.port = await self._listen(self.port, self._tls)
        if self._tls_beside is not None:
            self.tls_port = await self._listen(self.tls_port, self._tls_beside)
        self.exchange = Exchange(self.accounts, Address(self.host, self.port), self._seed)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every socket."""
        if self._timer:
            self._timer.cancel()
        for listener in self._listeners:
            listener.close()
        for phone in self._phones.values():
            phone.abort()
        for media in self._media.values():
            media.abort()
        self._phones.clear()
        self._media.clear()
        for listener in self._listeners:
            await listener.wait_closed()
        self._listeners.clear()
        await asyncio.sleep(0)

    def add(self, account: Account) -> None:
        """Serve one more account from now on."""
        self.accounts = (*self.accounts, account)
        self.exchange.add(account)

    async def call(
        self, account: Account | None = None, caller: Caller | None = None, *, dialect: Dialect | None = None
    ) -> Call:
        """Place a call to an account, by default the first.

        Raises:
            NotRegisteredError: no phone of this account is connected.
        """
        account = account or self.accounts[0]
        if not self.exchange.is_registered(account, self._loop.time()):
            raise NotRegisteredError
        media = await self._open_media()
        call = self.exchange.call(account, caller or Caller(), media, self._loop.time(), dialect)
        self._told[call] = 0
        self.pump()
        return call

    async def serve(self, number: str, kind: Kind) -> Service:
        """Take calls to a number from now on."""
        service = Service(number, kind, await self._open_media())
        self.exchange.serve(service)
        return service

    def hang_up(self, call: ServiceCall) -> None:
        """Let a service end the call that a phone has placed."""
        call.hang_up()
        self.exchange.due(self._loop.time())
        self.pump()

    def press(self, call: ServiceCall, press: Press) -> None:
        """Let somebody press a key at a number that a phone has called."""
        call.press(press)
        self.exchange.due(self._loop.time())
        self.pump()

    def do(self, call: Call, step: Act) -> None:
        """Let a caller take a step now."""
        self.exchange.do(call, step, self._loop.time())
        self.pump()

    def notify(self, account: Account | None = None, event: str = "check-sync") -> None:
        """Send a NOTIFY to the phone of an account, by default the first's.

        Raises:
            NotRegisteredError: no phone of this account is connected.
        """
        self.exchange.notify(account or self.accounts[0], event, self._loop.time())
        self.pump()

    def message(self, account: Account | None = None, command: int = 3) -> None:
        """Send a control message to the phone of an account, by default that there is a new one for the first's.

        Raises:
            NotRegisteredError: no phone of this account is connected.
        """
        self.exchange.message(account or self.accounts[0], command, self._loop.time())
        self.pump()

    def drop(self, account: Account | None = None) -> None:
        """Close the connection that an account is registered over, by default the first's."""
        self.exchange.drop(account or self.accounts[0], self._loop.time())
        self.pump()

    def forget(self) -> None:
        """Lose every registration; the connections stay."""
        self.exchange.forget()
        self.pump()

    async def until(self, condition: Callable[[], bool], timeout: float = 10.0) -> None:  # noqa: ASYNC109 - a test reads better without a second block
        """Wait until something is so.

        Raises:
            TimeoutError: it is not so in `timeout` seconds.
        """
        async with asyncio.timeout(timeout):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def registered(self, account: Account | None = None, timeout: float = 10.0) -> None:  # noqa: ASYNC109
        """Wait until an account, by default the first, can be called."""
        wanted = account or self.accounts[0]
        await self.until(lambda: self.exchange.is_registered(wanted, self._loop.time()), timeout)

    async def ended(self, call: Call, timeout: float = 60.0) -> None:  # noqa: ASYNC109
        """Wait until a call is over."""
        await self.until(lambda: call.ended, timeout)

    async def _listen(self, port: int, tls: ssl.SSLContext | None) -> int:
        """Take connections at a port, 0 for any that is free; return which it is."""
        listener = await self._loop.create_server(lambda: _Phone(self), self.host, port, ssl=tls)
        self._listeners.append(listener)
        return int(listener.sockets[0].getsockname()[1])

    async def _open_media(self) -> Address:
        """A UDP socket on an even port (RFC 3550 §11), the odd ones given back."""
        spare: list[asyncio.DatagramTransport] = []
        try:
            for _ in range(_PORT_TRIES):
                transport, protocol = await self._loop.create_datagram_endpoint(
                    lambda: _Media(self), local_addr=(self.host, 0)
                )
                port = transport.get_extra_info("sockname")[1]
                if port % 2 == 0:
                    protocol.address = Address(self.host, port)
                    self._media[protocol.address] = transport
                    return protocol.address
                spare.append(transport)
        finally:
            for transport in spare:
                transport.close()
        raise OSError("no even UDP port is free")

    # What the sockets report

    def connected(self, transport: asyncio.Transport) -> int:
        """A phone connected; returns the number of its link."""
        number = next(self._numbers)
        self._phones[number] = transport
        self.exchange.connected(number, secure=transport.get_extra_info("ssl_object") is not None)
        return number

    def closed(self, number: int) -> None:
        """A phone's connection is gone."""
        self._phones.pop(number, None)
        self.exchange.closed(number, self._loop.time())
        self.pump()

    def received(self, number: int, data: bytes) -> None:
        """A phone sent bytes."""
        self.exchange.received(number, data, self._loop.time())
        self.pump()

    def heard(self, media: Address, data: bytes, source: Address) -> None:
        """A datagram came in; what it brings about has time until the next frame."""
        self.exchange.datagram(media, data, source, self._loop.time())
        self.pump()

    def pump(self) -> None:
        """Carry out what the exchange wants, and set the alarm clock."""
        for output in self.exchange.outputs():
            match output:
                case Send(link, data) if phone := self._phones.get(link):
                    phone.write(data)
                case Datagram(source, to, data) if media := self._media.get(source):
                    media.sendto(data, (to.host, to.port))
                case Close(link):
                    self._phones.pop(link).close()
        deadline = self.exchange.deadline
        if self._timer and self._timer.when() != deadline:
            self._timer.cancel()
            self._timer = None
        if not self._timer and deadline is not None:
            self._timer = self._loop.call_at(deadline, self._due)
        self._report()
        self._changed.set()

    def _due(self) -> None:
        self._timer = None
        self.exchange.due(self._loop.time())
        self.pump()

    def _report(self) -> None:
        """Pass on new events; let go of the media of calls that are over."""
        for call, told in list(self._told.items()):
            self._told[call] = len(call.events)
            if self._tell:
                for at, text in call.events[told:]:
                    self._tell(call, at, text)
            if call.ended:
                del self._told[call]
                if transport := self._media.pop(call.media, None):
                    transport.close()


class _Phone(asyncio.Protocol):
    """A TCP connection of a phone."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._number = self._server.connected(cast("asyncio.Transport", transport))

    @override
    def data_received(self, data: bytes) -> None:
        self._server.received(self._number, data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._server.closed(self._number)


class _Media(asyncio.DatagramProtocol):
    """The UDP socket of a call."""

    address: Address

    def __init__(self, server: Server) -> None:
        self._server = server

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._server.heard(self.address, data, Address(addr[0], addr[1]))
