"""A wire between a phone and a server that can be cut, fall silent, or hold an answer back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import re
import ssl

from .programs import eventually

_CLOSE_SECONDS = 1


class Wire:
    """One connection of a phone, and the one to the server that belongs to it."""

    def __init__(self, phone: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.silent = False
        self._ends = (phone, server)

    def close(self) -> None:
        """Say goodbye to both ends."""
        for end in self._ends:
            end.close()

    async def drop(self) -> None:
        """Have done with both ends."""
        for end in self._ends:
            end.transport.abort()
            with suppress(OSError):
                await end.wait_closed()


class TcpProxy:
    """Passes on what phone and server say; `said` is everything the server said, held back or not."""

    def __init__(
        self, server_port: int, accept_tls: ssl.SSLContext | None, server_tls: ssl.SSLContext | None
    ) -> None:
        self.port = 0
        self.said = b""
        self._server_port = server_port
        self._accept_tls = accept_tls
        self._server_tls = server_tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._wires: list[Wire] = []
        self._hold: re.Pattern[bytes] | None = None
        self._held: list[tuple[asyncio.StreamWriter, bytes]] = []

    def cut(self) -> None:
        """Close every connection; new ones may be made."""
        while self._wires:
            self._wires.pop().close()

    def fall_silent(self) -> None:
        """Keep every connection and pass nothing on any more, not even its end; new ones may be made."""
        for wire in self._wires:
            wire.silent = True

    def hold(self, answer: bytes) -> None:
        """Hold back whatever the server sends in one piece with this regular expression in it."""
        self._hold = re.compile(answer, re.DOTALL)

    async def holding(self) -> None:
        """Wait until something is held back."""
        await eventually(lambda: bool(self._held))

    def release(self, *, deliver: bool) -> None:
        """Hold nothing back any more; what was held is delivered, or lost."""
        self._hold = None
        while self._held:
            end, data = self._held.pop(0)
            if deliver:
                end.write(data)

    async def hears(self, answer: bytes) -> None:
        """Wait until the server has said something that has this regular expression in it."""
        await eventually(lambda: re.search(answer, self.said, re.DOTALL) is not None)

    async def listen(self) -> asyncio.Server:
        """Begin to take connections."""
        server = await asyncio.start_server(self._take, "127.0.0.1", ssl=self._accept_tls)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def close(self) -> None:
        """Drop every connection there still is."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, from_phone: asyncio.StreamReader, to_phone: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(from_phone, to_phone)
        finally:
            self._tasks.discard(task)

    async def _serve(self, from_phone: asyncio.StreamReader, to_phone: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection(
                "127.0.0.1",
                self._server_port,
                ssl=self._server_tls,
                ssl_shutdown_timeout=None if self._server_tls is None else _CLOSE_SECONDS,
            )
        except OSError:
            to_phone.close()
            return
        wire = Wire(to_phone, to_server)
        self._wires.append(wire)
        try:
            await asyncio.gather(
                self._pass_on(wire, from_phone, to_server),
                self._pass_on(wire, from_server, to_phone, said=True),
            )
        finally:
            await wire.drop()

    async def _pass_on(
        self, wire: Wire, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, said: bool = False
    ) -> None:
        # A connection that breaks ends like one that is closed.
        with suppress(OSError):
            while data := await source.read(65_536):
                if said:
                    self.said += data
                if wire.silent:
                    continue
                if said and self._hold is not None and self._hold.search(data):
                    self._held.append((target, data))
                else:
                    target.write(data)
        if not wire.silent:
            target.close()


@asynccontextmanager
async def tcp_proxy(
    server_port: int, accept_tls: ssl.SSLContext | None = None, server_tls: ssl.SSLContext | None = None
) -> AsyncIterator[TcpProxy]:
    """Listen on a port of loopback for what is to go to `server_port`; with TLS contexts it is read on the way."""
    proxy = TcpProxy(server_port, accept_tls, server_tls)
    server = await proxy.listen()
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
