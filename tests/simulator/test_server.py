"""The exchange on real sockets, with a scripted phone on the other end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, override

import pytest

from simulator.caller import Caller, Manner, Step
from simulator.dialect import Address, Dialect
from simulator.digest import Scheme
from simulator.exchange import NotRegisteredError
from simulator.registrar import Account
from simulator.rtp import FRAME, Packet
from simulator.server import Server
from simulator.voice import SILENCE
from simulator.wire import Framer, Message

from .fake_phone import authorization, register, respond, sdp

pytestmark = pytest.mark.usefixtures("socket_enabled")

BEEP = (Path(__file__).parents[2] / "custom_components" / "ringcentral" / "sounds" / "beep.ulaw").read_bytes()
SPEECH = bytes(range(1, 251)) * 16  # half a second
OPEN = Account(scheme=Scheme.OPEN)


class Ear(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.packets: list[Packet] = []

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        packet = Packet.parse(data)
        assert packet
        self.packets.append(packet)


class Phone:
    """A phone that does what the test says, line by line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._framer = Framer()
        self._messages: list[Message] = []
        self.reads = 0

    def send(self, message: Message | bytes) -> None:
        self._writer.write(message if isinstance(message, bytes) else message.encode())

    async def next(self) -> Message:
        while not self._messages:
            data = await asyncio.wait_for(self._reader.read(65_536), 5)
            assert data, "the server hung up"
            self.reads += 1
            self._messages += [item for item in self._framer.feed(data) if isinstance(item, Message)]
        return self._messages.pop(0)

    async def raw(self) -> bytes:
        return await asyncio.wait_for(self._reader.read(65_536), 5)

    async def register(self, account: Account) -> None:
        self.send(register(account))
        assert (await self.next()).status == 100
        refusal = await self.next()
        assert refusal.status == 401
        nonce = (refusal.get("Www-Authenticate") or "").split('nonce="')[1][:-1]
        self.send(register(account, number=2, authorization=authorization(account, nonce)))
        assert [(await self.next()).status for _ in range(2)] == [100, 200]


@asynccontextmanager
async def phone_at(server: Server) -> AsyncIterator[Phone]:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    yield Phone(reader, writer)
    writer.close()
    await writer.wait_closed()


def media_of(invite: Message) -> Address:
    port = invite.body.split(b"m=audio ")[1].split()[0]
    return Address("127.0.0.1", int(port))


async def test_a_message_is_left_after_the_beep_sample_for_sample() -> None:
    account = Account(provisioned=True)
    told: list[str] = []
    async with (
        Server((account,), tell=lambda _call, _at, text: told.append(text)) as server,
        phone_at(server) as phone,
    ):
        await phone.register(account)
        await server.registered()
        call = await server.call(caller=Caller(manner=Manner(speech=SPEECH)))
        invite = await phone.next()
        phone.send(respond(invite, 180))
        loop = asyncio.get_running_loop()
        transport, ear = await loop.create_datagram_endpoint(Ear, local_addr=("127.0.0.1", 0))
        phone.send(respond(invite, 200, body=sdp(40000)))
        assert (await phone.next()).method == "ACK"
        for number in range(len(BEEP) // FRAME + 1):
            payload = BEEP[number * FRAME : (number + 1) * FRAME] or SILENCE
            packet = Packet(0, number, number * FRAME, 5, payload)
            transport.sendto(packet.encode(), ("127.0.0.1", media_of(invite).port))
        bye = await phone.next()
        phone.send(respond(bye, 200))
        await server.ended(call)
        transport.close()

    assert bye.method == "BYE"
    assert [(p.sequence, p.timestamp, p.payload) for p in ear.packets] == call.voice.sent
    assert SPEECH in b"".join(packet.payload for packet in ear.packets)
    assert b"".join(call.voice.heard) == BEEP + SILENCE
    assert told == [text for _, text in call.events]
    assert told == [
        "calling",
        "ringing",
        "answered",
        "media flows",
        "beep heard",
        "speaking",
        "said everything",
        "hangs up",
        "caller hung up",
    ]
    assert server.violations == []


async def test_sound_is_paced_by_the_clock() -> None:
    async with Server((OPEN,)) as server, phone_at(server) as phone:
        phone.send(register(OPEN))
        await server.registered(OPEN)
        call = await server.call(
            OPEN, Caller(manner=Manner(speech=SILENCE * 10, speak_at_once=True, latch=False))
        )
        await phone.next(), await phone.next()
        phone.send(respond(await phone.next(), 200, body=sdp(40000)))
        await server.until(lambda: call.state == "leaving")
        answered = {text: at for at, text in call.events}["answered"]
        left = call.events[-1][0]

    assert len(call.voice.sent) == 35
    assert 0.69 < left - answered < 2


async def test_several_callers_at_once_have_a_port_each() -> None:
    async with Server((OPEN,)) as server, phone_at(server) as phone:
        phone.send(register(OPEN))
        await server.registered()
        await phone.next(), await phone.next()
        calls = [await server.call() for _ in range(3)]
        invites = [await phone.next() for _ in calls]
        for invite in invites:
            phone.send(respond(invite, 486))
        await server.until(lambda: all(call.ended for call in calls))

    ports = {media_of(invite).port for invite in invites}
    assert len(ports) == 3
    assert not [port for port in ports if port % 2]
    assert {call.outcome for call in server.calls} == {"refused: 486"}
    assert server.violations == []


async def test_a_caller_gives_up_on_command() -> None:
    async with Server((OPEN,)) as server, phone_at(server) as phone:
        phone.send(register(OPEN))
        await server.registered()
        await phone.next(), await phone.next()
        call = await server.call(dialect=Dialect(offer=False, vias=3))
        invite = await phone.next()
        phone.send(respond(invite, 180))
        await server.until(lambda: call.rang)
        server.do(call, Step.ANSWERED_ELSEWHERE)
        phone.send(respond(await phone.next(), 200))
        phone.send(respond(invite, 487))
        assert (await phone.next()).method == "ACK"
        await server.ended(call)

    assert call.violations == []


async def test_segments_arrive_apart() -> None:
    async with Server((OPEN,)) as server, phone_at(server) as phone:
        server.faults.segment, server.faults.segment_gap = 200, 0.05
        phone.send(register(OPEN))

        assert [(await phone.next()).status for _ in range(2)] == [100, 200]
        assert phone.reads > 2


async def test_a_dropped_phone_notices_and_cannot_be_called() -> None:
    async with Server((OPEN,)) as server, phone_at(server) as phone:
        phone.send(register(OPEN))
        await server.registered()
        await phone.next(), await phone.next()
        call = await server.call()
        await phone.next()
        server.drop()

        assert await phone.raw() == b""
        assert call.outcome == "connection lost"
        with pytest.raises(NotRegisteredError):
            await server.call()


async def test_a_phone_that_leaves_ends_its_calls() -> None:
    async with Server((OPEN,)) as server:
        async with phone_at(server) as phone:
            phone.send(register(OPEN))
            await server.registered()
            call = await server.call()
        await server.ended(call)

    assert call.outcome == "connection lost"


async def test_closing_the_server_in_the_middle_of_everything_leaves_nothing_behind() -> None:
    accounts = (OPEN, Account(username="16505550124", scheme=Scheme.OPEN))
    async with Server(accounts) as server, phone_at(server) as one, phone_at(server) as two:
        one.send(register(accounts[0], call_id="a"))
        two.send(register(accounts[1], call_id="b"))
        await server.registered(accounts[0])
        await server.registered(accounts[1])
        server.faults.glue = 5.0
        calls = [await server.call(account) for account in accounts]
        await server.__aexit__()

    assert [call.outcome for call in calls] == ["connection lost"] * 2


async def test_an_account_may_come_later() -> None:
    late = Account(username="16505550124", scheme=Scheme.OPEN)
    async with Server(()) as server, phone_at(server) as phone:
        server.add(late)
        phone.send(register(late))
        await server.registered(late)

    assert server.accounts == (late,)


async def test_waiting_has_an_end() -> None:
    async with Server() as server:
        with pytest.raises(TimeoutError):
            await server.registered(timeout=0.01)


async def test_only_even_ports_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Server((OPEN,)) as server, phone_at(server) as phone:
        phone.send(register(OPEN))
        await server.registered()
        monkeypatch.setattr("simulator.server._PORT_TRIES", 0)

        with pytest.raises(OSError, match="no even UDP port"):
            await server.call()
