"""The virtual loop and its network do to a connection what real ones do."""

import asyncio
from collections.abc import Callable, Coroutine
import socket
import ssl
from typing import override

import pytest

from tests.simulation.loop import START, VirtualLoop
from tests.simulation.network import SERVER_NOTICES, End, Trouble, Wire


class Ear(asyncio.Protocol):
    """Notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.ended: list[Exception | None] = []
        self.transport: End | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, End)
        self.transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self.heard.append(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.append(exc)


def run(scene: Callable[[VirtualLoop], Coroutine[None, None, None]]) -> float:
    """Play a scene; return the seconds of virtual time it took."""
    loop = VirtualLoop()
    try:
        loop.run_until_complete(scene(loop))
        return loop.time() - START
    finally:
        loop.close()


async def connected(loop: VirtualLoop, *, secure: bool = False) -> tuple[Wire, Ear, Ear]:
    """Connect a phone; return the wire, the phone's ear and the server's."""
    server = Ear()
    await loop.create_server(lambda: server, "198.51.100.1", 5060)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if secure else None
    _, phone = await loop.create_connection(Ear, "sip1", 5060, ssl=context, all_errors=True)
    assert isinstance(phone, Ear) and phone.transport is not None
    return phone.transport.wire, phone, server


def test_days_pass_in_no_time() -> None:
    async def scene(loop: VirtualLoop) -> None:
        await asyncio.sleep(10 * 86400)

    assert run(scene) == pytest.approx(10 * 86400)


def test_a_loop_in_which_nothing_will_happen_says_so() -> None:
    async def scene(loop: VirtualLoop) -> None:
        await loop.create_future()

    with pytest.raises(RuntimeError, match="nothing will ever happen"):
        run(scene)


def test_after_a_jump_of_the_clock_everything_is_late_and_in_order() -> None:
    done: list[int] = []

    async def scene(loop: VirtualLoop) -> None:
        for seconds in (3, 1, 2):
            loop.call_later(seconds, done.append, seconds)
        loop.jump(100)
        await asyncio.sleep(0.5)

    assert run(scene) == pytest.approx(100.5)
    assert done == [1, 2, 3]


@pytest.mark.parametrize("secure", [False, True])
def test_bytes_come_in_order_and_late(secure: bool) -> None:
    async def scene(loop: VirtualLoop) -> None:
        wire, phone, server = await connected(loop, secure=secure)
        loop.network.split = 0.8
        for number in range(50):
            wire.client.write(b"%d." % number)
            wire.server.write(b"%d." % number)
        assert phone.heard == server.heard == []
        await asyncio.sleep(1)
        assert b"".join(phone.heard) == b"".join(server.heard) == b"".join(b"%d." % n for n in range(50))
        assert (wire.client.get_extra_info("ssl_object") is not None) is secure

    run(scene)


def test_every_byte_may_come_alone() -> None:
    async def scene(loop: VirtualLoop) -> None:
        wire, phone, _ = await connected(loop)
        loop.network.crumbs = True
        wire.server.write(b"abc")
        await asyncio.sleep(1)
        assert phone.heard == [b"a", b"b", b"c"]

    run(scene)


def test_a_close_comes_after_what_was_written() -> None:
    async def scene(loop: VirtualLoop) -> None:
        wire, phone, server = await connected(loop)
        wire.client.write(b"bye")
        wire.client.close()
        await asyncio.sleep(1)
        assert (server.heard, server.ended, phone.ended) == ([b"bye"], [None], [None])
        assert loop.network.wires == []

    run(scene)


def test_nobody_is_told_of_a_hole_and_the_server_finds_out_in_time() -> None:
    async def scene(loop: VirtualLoop) -> None:
        wire, phone, server = await connected(loop)
        wire.hole()
        wire.client.write(b"anybody?")
        wire.server.write(b"anybody?")
        await asyncio.sleep(SERVER_NOTICES[0] - 1)
        assert (phone.heard, server.heard, phone.ended, server.ended) == ([], [], [], [])
        await asyncio.sleep(SERVER_NOTICES[1])
        assert [type(error) for error in server.ended] == [TimeoutError]
        assert phone.ended == []

    run(scene)


def test_a_server_that_forgot_a_connection_answers_with_a_reset() -> None:
    async def scene(loop: VirtualLoop) -> None:
        wire, phone, _ = await connected(loop)
        wire.forget()
        await asyncio.sleep(60)
        assert phone.ended == []
        wire.client.write(b"anybody?")
        await asyncio.sleep(1)
        assert [type(error) for error in phone.ended] == [ConnectionResetError]

    run(scene)


@pytest.mark.parametrize(("how", "ends"), [("reset", [ConnectionResetError]), ("silence", [])])
def test_a_message_is_cut_in_its_middle(how: str, ends: list[type[Exception]]) -> None:
    async def scene(loop: VirtualLoop) -> None:
        wire, phone, _ = await connected(loop)
        wire.server.cut = how
        wire.server.write(b"a longer message")
        wire.server.write(b"and another")
        await asyncio.sleep(1)
        assert 0 < len(b"".join(phone.heard)) < len(b"a longer message")
        assert b"a longer message".startswith(b"".join(phone.heard))
        assert [type(error) for error in phone.ended] == ends
        assert wire.server.cut_off.is_set()

    run(scene)


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (Trouble.DNS, socket.gaierror),
        (Trouble.REFUSED, ExceptionGroup),
        (Trouble.UNREACHABLE, ExceptionGroup),
        (Trouble.CONNECT_TIMEOUT, TimeoutError),
        (Trouble.TLS_CERTIFICATE, ssl.SSLCertVerificationError),
        (Trouble.TLS_HANDSHAKE, ssl.SSLError),
        (Trouble.TLS_CLOSED, ConnectionResetError),
        (Trouble.ACCEPTED_THEN_SILENT, TimeoutError),
    ],
)
def test_a_proxy_in_trouble_fails_as_the_real_loop_would_tell_it(
    trouble: Trouble, error: type[Exception]
) -> None:
    async def scene(loop: VirtualLoop) -> None:
        await connected(loop)
        loop.network.down["sip2"] = trouble
        with pytest.raises(error):
            async with asyncio.timeout(10):
                await loop.create_connection(Ear, "sip2", 5061, ssl=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    run(scene)


def test_nobody_listens_any_more() -> None:
    async def scene(loop: VirtualLoop) -> None:
        listener = await loop.create_server(Ear, "198.51.100.1", 5060)
        assert listener.sockets[0].getsockname() == ("198.51.100.1", 5060)
        listener.close()
        await listener.wait_closed()
        with pytest.raises(ExceptionGroup):
            await loop.create_connection(Ear, "sip1", 5060)

    run(scene)


def test_who_sleeps_hears_it_all_on_waking_up() -> None:
    async def scene(loop: VirtualLoop) -> None:
        wire, phone, _ = await connected(loop)
        wire.server.write(b"one")
        wire.client.sleep(loop.time() + 100)
        wire.server.write(b"two")
        wire.server.close()
        await asyncio.sleep(99)
        assert (phone.heard, phone.ended) == ([], [])
        await asyncio.sleep(2)
        assert b"".join(phone.heard) == b"onetwo"
        assert phone.ended == [None]

    run(scene)


def test_the_end_of_a_connection_waits_for_who_sleeps() -> None:
    async def scene(loop: VirtualLoop) -> None:
        wire, phone, server = await connected(loop)
        wire.client.sleep(loop.time() + 100)
        wire.reset()
        await asyncio.sleep(99)
        assert (len(phone.ended), len(server.ended)) == (0, 1)
        await asyncio.sleep(2)
        assert len(phone.ended) == 1

    run(scene)


def test_timers_are_postponed_in_their_order_and_no_others() -> None:
    async def scene(loop: VirtualLoop) -> None:
        told: list[tuple[str, float]] = []
        began = loop.time()

        def tell(name: str) -> None:
            told.append((name, loop.time() - began))

        held = [loop.call_later(2, tell, "second"), loop.call_later(1, tell, "first")]
        loop.call_later(3, tell, "another")
        loop.postpone(began + 50, lambda timer: timer in held)
        await asyncio.sleep(60)
        assert told == [("another", 3.0), ("first", 50.0), ("second", 50.0)]

    run(scene)


def test_an_error_in_a_callback_ends_the_run() -> None:
    async def scene(loop: VirtualLoop) -> None:
        nothing: list[int] = []
        loop.call_soon(nothing.remove, 1)
        await asyncio.sleep(1)

    with pytest.raises(ValueError, match="not in list"):
        run(scene)
