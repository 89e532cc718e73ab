"""A relay that fails when it is told to."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest

from simulator.dialect import Address
from simulator.gate import Gate

pytestmark = pytest.mark.usefixtures("socket_enabled")

type Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Server:
    """Answers everything with the same in capitals, and remembers it."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.closed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.closed.clear()
        try:
            while data := await reader.read(100):
                self.heard += data
                writer.write(data.upper())
        except ConnectionError:
            pass
        finally:
            writer.close()
            self.closed.set()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def gate(server: Server) -> AsyncGenerator[Gate]:
    """Return a gate that leads to the server."""
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    gate = Gate()
    await gate.open(Address("127.0.0.1", listener.sockets[0].getsockname()[1]))
    yield gate
    await gate.shut()
    listener.close()
    await listener.wait_closed()


@asynccontextmanager
async def phone(gate: Gate) -> AsyncIterator[Ends]:
    """Connect to a gate."""
    reader, writer = await asyncio.open_connection(gate.address.host, gate.address.port)
    yield reader, writer
    writer.close()


async def said(ends: Ends, data: bytes) -> bytes:
    """Say something and return as long an answer; raises TimeoutError, or IncompleteReadError at the end."""
    ends[1].write(data)
    async with asyncio.timeout(0.3):
        return await ends[0].readexactly(len(data))


async def test_what_passes_is_what_was_sent(gate: Gate, server: Server) -> None:
    async with phone(gate) as one, phone(gate) as other:
        assert await said(one, b"hello") == b"HELLO"
        assert await said(other, b"hi") == b"HI"

    assert bytes(gate.passed) == b"helloHELLOhiHI"
    assert server.heard == b"hellohi"


async def test_who_hangs_up_is_gone_on_the_other_side_too(gate: Gate, server: Server) -> None:
    async with phone(gate) as ends:
        await said(ends, b"bye")
    async with asyncio.timeout(1):
        await server.closed.wait()


async def test_a_gate_that_is_shut_refuses_and_opens_again_at_the_same_place(gate: Gate) -> None:
    address = gate.address
    async with phone(gate) as ends:
        await said(ends, b"hello")
        await gate.shut()

        with pytest.raises(ConnectionResetError):
            await ends[0].read()
        with pytest.raises(ConnectionRefusedError):
            async with phone(gate):
                pass
    await gate.reopen()
    async with phone(gate) as ends:
        assert await said(ends, b"hello") == b"HELLO"
    assert gate.address == address


async def test_a_cut_resets_and_the_next_connection_is_good(gate: Gate, server: Server) -> None:
    async with phone(gate) as ends:
        await said(ends, b"hello")
        gate.cut()
        with pytest.raises(ConnectionResetError):
            await ends[0].read()
        async with asyncio.timeout(1):
            await server.closed.wait()
    async with phone(gate) as ends:
        assert await said(ends, b"hello") == b"HELLO"


async def test_a_frozen_connection_is_closed_for_the_server_only(gate: Gate, server: Server) -> None:
    async with phone(gate) as ends:
        await said(ends, b"hello")
        gate.freeze()
        async with asyncio.timeout(1):
            await server.closed.wait()

        with pytest.raises(TimeoutError):
            await said(ends, b"anybody there?")
        async with phone(gate) as fresh:
            assert await said(fresh, b"hello") == b"HELLO"
    assert b"anybody" not in server.heard


async def test_a_silent_gate_accepts_and_says_nothing_even_afterwards(gate: Gate, server: Server) -> None:
    gate.silent = True
    async with phone(gate) as ends:
        with pytest.raises(TimeoutError):
            await said(ends, b"hello")
        gate.silent = False
        gate.freeze()
        with pytest.raises(TimeoutError):
            await said(ends, b"hello")
    assert server.heard == b""


async def test_pieces_arrive_one_by_one(gate: Gate) -> None:
    gate.piece = 3
    async with phone(gate) as (reader, writer):
        writer.write(b"hello")
        first = await reader.read(100)
        rest = await reader.readexactly(5 - len(first))

    assert first == b"HEL"
    assert rest == b"LO"


async def test_a_torn_message_ends_in_the_middle(gate: Gate) -> None:
    gate.break_next = True
    async with phone(gate) as ends:
        ends[1].write(b"hello!")
        with pytest.raises(ConnectionResetError):
            await ends[0].readexactly(6)
    async with phone(gate) as ends:
        assert await said(ends, b"hello!") == b"HELLO!"


async def test_a_server_that_is_gone_ends_the_connection(server: Server) -> None:
    gate = Gate()
    await gate.open(Address("127.0.0.1", 1))
    async with phone(gate) as ends:
        assert await ends[0].read() == b""
    await gate.shut()
    await gate.shut()
