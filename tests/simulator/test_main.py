"""`python -m simulator`."""

import asyncio
from collections.abc import Coroutine
import runpy
import sys

import pytest

from simulator.__main__ import DIALECTS, arguments, call_around, main, show
from simulator.dialect import Dialect
from simulator.registrar import Account
from simulator.server import Server
from simulator.speech import CALLERS

from .fake_phone import register, respond
from .test_exchange import MEDIA, connected
from .test_server import OPEN, phone_at

pytestmark = pytest.mark.usefixtures("socket_enabled")


def test_the_command_line_has_defaults() -> None:
    options = arguments([])

    assert (options.sip_port, options.every) == (5090, 60)
    assert options.username == Account().username


async def test_somebody_else_calls_each_time() -> None:
    async with Server((OPEN,)) as server, phone_at(server) as phone:
        phone.send(register(OPEN))
        await server.registered()
        await phone.next(), await phone.next()
        task = asyncio.create_task(call_around(server, 0.01))
        for _ in range(7):
            phone.send(respond(await phone.next(), 486))
            assert (await phone.next()).method == "ACK"
        task.cancel()
        await asyncio.wait([task])

    assert [call.caller for call in server.calls[:7]] == [*CALLERS, CALLERS[0]]
    assert [call.dialect for call in server.calls[:6]] == list(DIALECTS)


async def test_the_timeline_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ports: list[int] = []

    async def call_once(server: Server, every: float) -> None:
        ports.append(server.port)
        async with phone_at(server) as phone:
            await phone.register(server.accounts[0])
            call = await server.call(caller=CALLERS[0])
            phone.send(respond(await phone.next(), 486))
            await server.ended(call)

    monkeypatch.setattr("simulator.__main__.call_around", call_once)
    await main(arguments(["--sip-port", "0"]))

    first, *lines = capsys.readouterr().out.splitlines()
    assert first == f"RingCentral in miniature: TCP 127.0.0.1:{ports[0]}, domain sip.ringcentral.com"
    assert [line[11:] for line in lines] == [
        "PARCEL SERVICE       calling",
        "PARCEL SERVICE       refused: 486",
    ]


def test_a_line_says_when_who_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    exchange = connected()
    call = exchange.call(OPEN, CALLERS[0], MEDIA, 10.0, Dialect(anonymous=True))

    show(call, 12.345, "ringing")

    assert capsys.readouterr().out == "   2.35 s  Anonymous            ringing\n"


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
def test_an_interrupt_ends_it_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    def interrupted(coroutine: Coroutine[None, None, None]) -> None:
        started.append(coroutine.__qualname__)
        coroutine.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(asyncio, "run", interrupted)
    monkeypatch.setattr(sys, "argv", ["simulator"])
    runpy.run_module("simulator", run_name="__main__")

    assert started == ["main"]
