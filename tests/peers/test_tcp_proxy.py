"""The wire that faults are put on."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from .tcp_proxy import tcp_proxy

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def echo(socket_enabled: None) -> AsyncIterator[int]:
    """Return the port of a server that says back what it hears."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1")
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def test_what_is_said_passes_until_the_wire_is_cut(echo: int) -> None:
    async with tcp_proxy(echo) as wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        wire.cut()
        assert await reader.read() == b""
        writer.close()
    assert wire.said == b"hello"


async def test_a_silent_wire_passes_nothing_not_even_the_end(echo: int) -> None:
    async with tcp_proxy(echo) as wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(b"hello")
        await reader.readexactly(5)
        wire.fall_silent()
        writer.write(b"is anybody there?")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", wire.port)
        other_writer.write(b"I am")
        assert await other_reader.readexactly(4) == b"I am"
        writer.close()
        other_writer.close()


@pytest.mark.parametrize(("deliver", "heard"), [(True, b"onetwo"), (False, b"two")])
async def test_an_answer_is_held_back(echo: int, deliver: bool, heard: bytes) -> None:
    async with tcp_proxy(echo) as wire:
        wire.hold(rb"on.")
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(b"one")
        await wire.holding()
        wire.release(deliver=deliver)
        writer.write(b"two")
        assert await reader.readexactly(len(heard)) == heard
        writer.close()


async def test_where_there_is_no_server_the_wire_ends_at_once() -> None:
    async with tcp_proxy(1) as wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        assert await reader.read() == b""
        writer.close()
