"""The way between a phone and its server: a TCP relay that fails as networks and servers do, when it is told to."""

import asyncio
from dataclasses import dataclass, field
import socket
import struct
from typing import Final

from .dialect import Address

_CHUNK: Final = 65_536
_PIECE_GAP: Final = 0.001  # seconds between the pieces of a message
# Closing such a socket sends RST, and nothing that still waits (socket(7)).
_AT_ONCE: Final = struct.pack("ii", 1, 0)


@dataclass(slots=True, eq=False)
class _Pipe:
    """One connection of a phone, and ours to the server on its behalf."""

    phone: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    dead: bool = False  # still open, as far as the phone can tell
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Gate:
    """A relay on loopback. As it stands it passes everything on.

    Attributes:
        silent: new connections are accepted, and nothing is ever heard on them.
        piece: most bytes that pass at once; 0: as they come.
        break_next: the next thing the server says is cut in half, and so is the connection.
        visits: connections so far.
        passed: everything that went through, both ways.
    """

    def __init__(self) -> None:
        """Make a gate that isn't open yet."""
        self.silent = False
        self.piece = 0
        self.break_next = False
        self.visits = 0
        self.passed = bytearray()
        self.address = Address("127.0.0.1", 0)
        self._server = self.address
        self._listener: asyncio.Server | None = None
        self._pipes: set[_Pipe] = set()

    async def open(self, server: Address) -> None:
        """Listen, on a port that stays the same from the first time on, and lead to a server."""
        self._server = server
        self._listener = await asyncio.start_server(self._connected, self.address.host, self.address.port)
        self.address = Address(self.address.host, self._listener.sockets[0].getsockname()[1])

    async def shut(self) -> None:
        """Reset every connection and refuse new ones, until it is opened again."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        tasks = [task for pipe in self._pipes for task in pipe.tasks]
        self.cut()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def reopen(self) -> None:
        """Listen again."""
        await self.open(self._server)

    def cut(self) -> None:
        """Reset every connection, on both sides."""
        for pipe in list(self._pipes):
            _reset(pipe.phone)
            self._end(pipe)

    def freeze(self) -> None:
        """Leave the phone with connections that only it believes in; the server sees them closed."""
        for pipe in self._pipes:
            pipe.dead = True
            if pipe.server is not None:
                pipe.server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        pipe = _Pipe(writer, dead=self.silent)
        self._pipes.add(pipe)
        pipe.tasks.append(asyncio.ensure_future(self._serve(pipe, reader)))

    async def _serve(self, pipe: _Pipe, phone: asyncio.StreamReader) -> None:
        """Carry what one phone says; with it ends the connection."""
        try:
            if not pipe.dead:
                server, pipe.server = await asyncio.open_connection(self._server.host, self._server.port)
                pipe.tasks.append(asyncio.ensure_future(self._answer(pipe, server)))
            while data := await phone.read(_CHUNK):
                if not pipe.dead and pipe.server is not None:
                    await self._carry(data, pipe.server)
        except OSError:
            pass
        finally:
            self._end(pipe)

    async def _answer(self, pipe: _Pipe, server: asyncio.StreamReader) -> None:
        """Carry what the server says."""
        try:
            while data := await server.read(_CHUNK):
                if pipe.dead:
                    continue
                if self.break_next:
                    self.break_next = False
                    await self._carry(data[: len(data) // 2], pipe.phone)
                    _reset(pipe.phone)
                    return
                await self._carry(data, pipe.phone)
        except OSError:
            pass
        finally:
            if not pipe.dead:
                self._end(pipe)

    async def _carry(self, data: bytes, to: asyncio.StreamWriter) -> None:
        self.passed += data
        size = self.piece or len(data)
        for start in range(0, len(data), size):
            to.write(data[start : start + size])
            await to.drain()
            if self.piece:
                await asyncio.sleep(_PIECE_GAP)

    def _end(self, pipe: _Pipe) -> None:
        """Let go of a connection; the server's side is closed in order."""
        self._pipes.discard(pipe)
        for writer in (pipe.phone, pipe.server):
            if writer is not None:
                writer.close()
        current = asyncio.current_task()
        for task in pipe.tasks:
            if task is not current:
                task.cancel()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()
