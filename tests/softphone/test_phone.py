"""The signalling shell over a real connection, on loopback."""

import asyncio
from typing import override

import pytest

from custom_components.ringcentral.softphone import agent as agent_module, phone as phone_module
from custom_components.ringcentral.softphone.events import (
    CallEnded,
    FlowFailed,
    LineLost,
    Outcome,
    Registered,
    RegistrationRefused,
    Unregistered,
)
from tests.softphone.builders import invite
from tests.softphone.household import PATIENCE, Household, Server


async def test_it_registers_and_gives_the_registration_back(home: Household) -> None:
    assert home.phone.registered
    first = await home.server.expect("REGISTER")
    host, port = home.server.writers[0].get_extra_info("peername")
    assert f"@{host}:{port};transport=tcp>;expires=600" in first.get("Contact")
    await home.phone.stop()
    last = await home.server.expect("REGISTER")
    assert last.get("Expires") == "0"
    assert isinstance(home.log[-1], Unregistered)
    assert not home.phone.registered


async def test_stopping_twice_or_before_starting_is_nothing(stranger: Household) -> None:
    await stranger.phone.stop()
    stranger.phone.start()
    await stranger.next(Registered)
    await stranger.phone.stop()
    await stranger.phone.stop()
    assert stranger.log == [Registered(600.0), Unregistered()]


async def test_it_can_be_started_again(home: Household) -> None:
    for _ in range(2):
        await home.phone.stop()
        home.phone.start()
        await home.next(Registered)
    await home.phone.stop()
    assert [type(event) for event in home.log] == [Registered, Unregistered] * 3


async def test_a_dropped_line_comes_back_at_once_and_then_backs_off(home: Household) -> None:
    home.server.drop()
    lost = await home.next(LineLost)
    assert lost == LineLost("the connection was closed", 0.0)
    await home.next(Registered)
    home.server.drop()
    assert 0.8 <= (await home.next(LineLost)).retry_after <= 1.2
    assert not home.phone.registered


async def test_a_line_that_held_comes_back_at_once_every_time(
    home: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_module, "STEADY", 0.0)
    for _ in range(3):
        home.server.drop()
        assert (await home.next(LineLost)).retry_after == 0.0
        await home.next(Registered)


async def test_a_refused_connection_is_tried_again(server: Server, stranger: Household) -> None:
    await server.close()
    stranger.phone.start()
    assert (await stranger.next(LineLost)).retry_after == 0.0
    assert 0.8 <= (await stranger.next(LineLost)).retry_after <= 1.2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), "the server doesn't answer"),
        (OSError(113, "No route to host"), "No route to host"),
        (OSError("Multiple exceptions"), "Multiple exceptions"),
        (UnicodeError("label too long"), "the server's name is not a host name"),
    ],
)
async def test_whatever_keeps_it_from_connecting_it_tries_again(
    stranger: Household, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    async def fail(*args: object, **kwargs: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(asyncio.get_running_loop(), "create_connection", fail)
        stranger.phone.start()
        assert await stranger.next(LineLost) == LineLost(reason, 0.0)
    await stranger.next(Registered)


async def test_a_server_that_does_not_accept_is_left_in_time(
    stranger: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_module, "CONNECT_TIMEOUT", 0.01)
    monkeypatch.setattr(
        asyncio.get_running_loop(), "create_connection", lambda *args, **kwargs: asyncio.sleep(60)
    )
    stranger.phone.start()
    assert (await stranger.next(LineLost)).reason == "the server doesn't answer"


async def test_a_refusal_is_told_and_waited_out(server: Server, stranger: Household) -> None:
    server.status = 603
    stranger.phone.start()
    assert await stranger.next(RegistrationRefused) == RegistrationRefused(603, "Because", 75.0)
    assert await stranger.next(LineLost) == LineLost("the server refused to register this phone (603)", 75.0)
    assert not stranger.phone.registered


async def test_a_silent_server_is_left(
    server: Server, stranger: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.softphone.registration.ANSWER_TIMEOUT", 0.02)
    server.registering = False
    stranger.phone.start()
    assert await stranger.next(FlowFailed) == FlowFailed("the server doesn't answer")
    assert await stranger.next(LineLost) == LineLost("the server doesn't answer", 0.0)


async def test_gibberish_costs_the_connection_and_not_the_line(home: Household) -> None:
    home.server.send(b"A sip:b SIP/2.0\r\nl: x\r\n\r\n", invite())
    assert (await home.next(LineLost)).reason == "A Content-Length is not a number in bounds"
    await home.next(Registered)
    assert home.phone.calls == []


async def test_what_comes_after_the_end_of_a_connection_is_dropped(home: Household) -> None:
    connection = home.phone._connection
    assert connection is not None
    connection.pause_writing()
    connection.data_received(invite())
    assert home.phone.calls == []
    assert (await home.next(LineLost)).reason == "the server doesn't take what it is sent"
    home.phone._fail("too late", 60.0)
    await home.next(Registered)


async def test_an_idle_connection_is_pinged(
    server: Server, stranger: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_module, "PING_INTERVAL", 0.01)
    stranger.phone.start()
    async with asyncio.timeout(PATIENCE):
        assert await server.pings.get() == b"\r\n\r\n"


async def test_a_registration_is_refreshed(
    server: Server, stranger: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.softphone.registration.REFRESH_PERIOD", 0.01)
    stranger.phone.start()
    for _ in range(2):
        await stranger.next(Registered)
    assert (await server.expect("REGISTER")).get("CSeq") == "1 REGISTER"
    assert (await server.expect("REGISTER")).get("CSeq") == "2 REGISTER"


async def test_stopping_hangs_up_first(home: Household) -> None:
    call, _ = await home.talk()
    ringing = await home.ring(invite(call_id="second", branch="z9hG4bKsecond"))
    await home.phone.stop()
    await home.server.expect("BYE")
    assert (await home.server.expect("REGISTER")).get("Expires") == "0"
    ends = {event.call.call_id: event.outcome for event in home.log if isinstance(event, CallEnded)}
    assert ends == {call.call_id: Outcome.ENDED, ringing.call_id: Outcome.MISSED}
    assert [session.closed for session in home.media.sessions] == [True]


async def test_stopping_takes_no_longer_than_its_bound(
    home: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_module, "STOP_TIMEOUT", 0.05)
    home.server.registering = False
    started = asyncio.get_running_loop().time()
    await home.phone.stop()
    assert 0.04 < asyncio.get_running_loop().time() - started < 1


async def test_stopping_is_over_when_the_server_closes_first(home: Household) -> None:
    home.server.registering = False
    stopping = asyncio.create_task(home.phone.stop())
    while (await home.server.expect("REGISTER")).get("Expires") != "0":
        pass
    home.server.drop()
    async with asyncio.timeout(1):
        await stopping


class StuckTransport(asyncio.Transport):
    """Never gets rid of what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    @override
    def close(self) -> None:
        self.calls.append("close")

    @override
    def abort(self) -> None:
        self.calls.append("abort")


async def test_a_connection_that_does_not_close_is_aborted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_module, "CLOSE_TIMEOUT", 0.01)
    connection, transport = phone_module._Connection(lambda data: None), StuckTransport()
    connection.connection_made(transport)
    await connection.close()
    assert transport.calls == ["close", "abort"]


async def test_a_connection_is_aborted_even_when_nobody_waits_for_it() -> None:
    connection, transport = phone_module._Connection(lambda data: None), StuckTransport()
    connection.connection_made(transport)
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    assert transport.calls == ["close", "abort"]


async def test_a_reset_is_told_by_its_kind() -> None:
    connection = phone_module._Connection(lambda data: None)
    connection.connection_lost(ConnectionResetError("with the address of somebody"))
    assert await connection.lost == ("ConnectionResetError", 0.0)
