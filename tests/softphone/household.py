"""A phone, a server on loopback and fake sound."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
import re
import ssl
from typing import Any, cast

from custom_components.ringcentral.softphone.account import Proxy
from custom_components.ringcentral.softphone.events import Call, CallChanged, CallState, PhoneEvent
from custom_components.ringcentral.softphone.media import KeyOrder, Keypad, MediaEngine
from custom_components.ringcentral.softphone.media.errors import MediaError
from custom_components.ringcentral.softphone.media.statistics import MediaStatistics
from custom_components.ringcentral.softphone.phone import Phone
from tests.softphone.builders import ACCOUNT, Fields, Wire, invite, read_wire, request, response

PATIENCE = 5.0


class FakeSession:
    """The sound of one call, without sound."""

    def __init__(self, port: int, failing: bool) -> None:
        self.port = port
        self.agreed: list[dict[str, Any]] = []
        self.closed = False
        self.keypad = Keypad()
        self.orders: list[tuple[KeyOrder, Callable[[bool], None]]] = []
        self.statistics = MediaStatistics(3, 0, {}, 0, 0, 5, 0, None)
        self._failing = failing

    def negotiate(self, remote: object, **terms: object) -> None:
        if self._failing:
            raise MediaError("There is no way there")
        self.agreed.append({"remote": remote, **terms})

    def press(self, order: KeyOrder, done: Callable[[bool], None]) -> None:
        self.orders.append((order, done))

    def close(self) -> None:
        self.closed = True


class FakeMedia:
    """Opens fake sessions."""

    def __init__(self) -> None:
        self.sessions: list[FakeSession] = []
        self.failing = False

    def open(self) -> FakeSession:
        self.sessions.append(FakeSession(40000 + 2 * len(self.sessions), self.failing))
        return self.sessions[-1]


class Server:
    """Accepts connections, takes registrations, and writes down what it is told."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.status = 200
        self.headers: Fields = ()
        self.greeting = b""
        self.drop_all = False
        self._tls = tls
        self.registering = True
        self.told: asyncio.Queue[Wire] = asyncio.Queue()
        self.pings: asyncio.Queue[bytes] = asyncio.Queue()
        self.writers: list[asyncio.StreamWriter] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._busy: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(
            self._accept, "0.0.0.0" if self._tls else "127.0.0.1", 0, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.drop()
        await asyncio.gather(*self._busy)
        await self._server.wait_closed()

    def drop(self) -> None:
        for writer in self.writers:
            writer.close()

    def send(self, *data: bytes) -> None:
        self.writers[-1].write(b"".join(data))

    async def expect(self, start: str) -> Wire:
        """Return the next message that begins like this; what comes before is passed over."""
        async with asyncio.timeout(PATIENCE):
            while not (wire := await self.told.get()).start.startswith(start):
                pass
        return wire

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._busy.add(task)
        self.writers.append(writer)
        writer.write(self.greeting)
        try:
            while True:
                await self._take(reader, writer)
        except asyncio.IncompleteReadError, ConnectionError:
            pass
        finally:
            writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if self.drop_all:
            raise ConnectionError
        if head == b"\r\n\r\n":
            self.pings.put_nowait(head)
            return
        length = re.search(rb"Content-Length: (\d+)", head)
        assert length is not None
        (wire,) = read_wire(head + await reader.readexactly(int(length[1])))
        self.told.put_nowait(wire)
        if wire.start.startswith("REGISTER") and self.registering:
            writer.write(response(wire, self.status, ("Expires", "600"), *self.headers, reason="Because"))


class Household:
    """A phone, its server and who listens."""

    def __init__(self, server: Server, *stand_ins: Proxy, **account: Any) -> None:
        self.server = server
        self.proxy = Proxy("127.0.0.1", server.port)
        self.media = FakeMedia()
        self.log: list[PhoneEvent] = []
        self.events: asyncio.Queue[PhoneEvent] = asyncio.Queue()
        self.react: Callable[[PhoneEvent], None] = lambda event: None
        tls = account.pop("tls", None)
        account = {"proxies": (self.proxy, *stand_ins), **account}
        self.phone = Phone(replace(ACCOUNT, **account), cast(MediaEngine, self.media), self._listen, tls)

    def _listen(self, event: PhoneEvent) -> None:
        self.log.append(event)
        self.events.put_nowait(event)
        self.react(event)

    async def next[T: PhoneEvent](self, kind: type[T]) -> T:
        """Return the next event of a kind; what comes before is passed over."""
        async with asyncio.timeout(PATIENCE):
            while not isinstance(event := await self.events.get(), kind):
                pass
        return event

    async def ring(self, *data: bytes) -> Call:
        """Have it ring; return the call."""
        self.server.send(*(data or (invite(),)))
        return (await self.next(CallChanged)).call

    async def talk(self) -> tuple[Call, str]:
        """Take a call; return it and our To tag."""
        call = await self.ring()
        self.phone.answer(call.call_id)
        ok = await self.server.expect("SIP/2.0 200")
        self.server.send(request("ACK", to_tag=ok.tag))
        assert (await self.next(CallChanged)).call.state is CallState.TALKING
        return call, ok.tag
