"""The signalling shell over a real connection, on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
import ssl
from typing import override

import pytest

from custom_components.ringcentral.softphone import phone as phone_module
from custom_components.ringcentral.softphone.account import Proxy, Transport
from custom_components.ringcentral.softphone.connection import Connection, connect_datagrams
from custom_components.ringcentral.softphone.events import (
    CallEnded,
    Cause,
    FlowFailed,
    LineLost,
    Outcome,
    Registered,
    RegistrationRefused,
    Unregistered,
)
from custom_components.ringcentral.softphone.line import heartbeat, route
from custom_components.ringcentral.softphone.line.route import Loss
from custom_components.ringcentral.softphone.transactions import retransmission
from tests.peers.certificate import write_certificate
from tests.softphone.builders import Wire, invite, read_wire, response
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
    registered, unregistered = stranger.log
    assert isinstance(registered, Registered)
    assert (registered.expires, registered.proxy) == (600.0, stranger.proxy)
    assert 0 < registered.round_trip_ms < 5000
    assert unregistered == Unregistered()


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
    assert lost == LineLost("the connection was closed", 0.0, Cause.CLOSED, home.proxy)
    await home.next(Registered)
    home.server.drop()
    assert 0.8 <= (await home.next(LineLost)).retry_after <= 1.2
    assert not home.phone.registered


async def test_a_line_that_held_comes_back_at_once_every_time(
    home: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "STEADY", 0.0)
    for _ in range(3):
        home.server.drop()
        assert (await home.next(LineLost)).retry_after == 0.0
        await home.next(Registered)


async def test_a_refused_connection_is_tried_again(server: Server, stranger: Household) -> None:
    await server.close()
    stranger.phone.start()
    assert (await stranger.next(LineLost)).retry_after == 0.0
    assert 0.8 <= (await stranger.next(LineLost)).retry_after <= 1.2


async def test_a_refusal_is_told_and_waited_out(server: Server, stranger: Household) -> None:
    server.status = 603
    stranger.phone.start()
    assert await stranger.next(RegistrationRefused) == RegistrationRefused(603, "Because", 75.0)
    assert await stranger.next(LineLost) == LineLost(
        "the server refused to register this phone (603)", 75.0, Cause.TOO_MANY_DEVICES, stranger.proxy
    )
    assert not stranger.phone.registered


async def test_a_silent_server_is_left(
    server: Server, stranger: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.softphone.line.registration.ANSWER_TIMEOUT", 0.02)
    server.registering = False
    stranger.phone.start()
    assert await stranger.next(FlowFailed) == FlowFailed("the server doesn't answer")
    assert await stranger.next(LineLost) == LineLost(
        "the server doesn't answer", 0.0, Cause.SILENT, stranger.proxy
    )


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
    home.phone._fail(Loss(Cause.CLOSED, "too late", 60.0))
    await home.next(Registered)


async def test_an_idle_connection_is_pinged(
    server: Server, stranger: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "PING_INTERVAL", 0.01)
    stranger.phone.start()
    async with asyncio.timeout(PATIENCE):
        assert await server.pings.get() == b"\r\n\r\n"


async def test_a_registration_is_refreshed(
    server: Server, stranger: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "custom_components.ringcentral.softphone.line.registration.UNPROVEN_REFRESH_PERIOD", 0.01
    )
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


# Another proxy, another server


@pytest.fixture
async def second(socket_enabled: None) -> AsyncIterator[Server]:
    server = Server()
    await server.open()
    yield server
    await server.close()


def proxy_of(server: Server) -> Proxy:
    return Proxy("127.0.0.1", server.port)


async def test_a_second_proxy_stands_in_and_the_first_is_gone_back_to_without_a_call(
    server: Server, second: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "SHORTEST_SWITCH_BACK", 0.2)
    home = Household(server, proxy_of(second), switch_back_interval=0, error_codes=frozenset({503}))
    server.status = 503
    server.headers = (("Retry-After", "1"),)
    home.phone.start()
    lost = await home.next(LineLost)
    assert (lost.cause, lost.retry_after, lost.proxy) == (Cause.REFUSED_REGISTRATION, 0.0, home.proxy)
    assert (await home.next(Registered)).proxy == proxy_of(second)
    server.status = 200
    home.server = second
    call = await home.ring()
    await asyncio.sleep(1.2)
    assert not [event for event in home.log[3:] if isinstance(event, LineLost)], "never in a call"
    home.phone.hang_up(call.call_id)
    lost = await home.next(LineLost)
    assert (lost.cause, lost.retry_after) == (Cause.SWITCH_BACK, 0.0)
    assert (await home.next(Registered)).proxy == home.proxy
    await home.phone.stop()


async def test_a_stand_in_is_left_when_its_time_has_come(
    server: Server, second: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "SHORTEST_SWITCH_BACK", 0.01)
    home = Household(server, proxy_of(second), switch_back_interval=0)
    server.drop_all = True
    home.phone.start()
    assert (await home.next(LineLost)).cause is Cause.CLOSED
    await home.next(Registered)
    server.drop_all = False
    assert (await home.next(LineLost)).cause is Cause.SWITCH_BACK
    assert (await home.next(Registered)).proxy == home.proxy
    await home.phone.stop()


async def test_it_goes_where_the_server_sends_it(server: Server, second: Server) -> None:
    home = Household(server)
    server.status = 302
    server.headers = (("Contact", f"<sip:127.0.0.1:{second.port}>"),)
    home.phone.start()
    assert (await home.next(LineLost)).cause is Cause.REDIRECTED
    assert (await home.next(Registered)).proxy == proxy_of(second)
    await home.phone.stop()


async def test_a_refused_refresh_ends_no_call(
    server: Server, stranger: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "custom_components.ringcentral.softphone.line.registration.UNPROVEN_REFRESH_PERIOD", 0.1
    )
    stranger.phone.start()
    await stranger.next(Registered)
    call, _ = await stranger.talk()
    server.status = 500
    assert (await stranger.next(RegistrationRefused)).kept
    states = [stranger.phone.registered]
    assert [known.call_id for known in stranger.phone.calls] == [call.call_id]
    server.status = 200
    await stranger.next(Registered)
    assert [*states, stranger.phone.registered] == [False, True]
    assert not [event for event in stranger.log if isinstance(event, LineLost)]


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    paths = folder / "cert.pem", folder / "key.pem"
    write_certificate(*paths)
    return paths


@pytest.fixture
async def secure(socket_enabled: None, certificate: tuple[Path, Path]) -> AsyncIterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server = Server(context)
    await server.open()
    yield server
    await server.close()


async def test_a_line_over_tls(secure: Server, certificate: tuple[Path, Path]) -> None:
    trusting = ssl.create_default_context(cafile=certificate[0])
    home = Household(secure, transport=Transport.TLS, tls=trusting)
    home.phone.start()
    await home.next(Registered)
    register = await secure.expect("REGISTER")
    assert register.get("Via").startswith("SIP/2.0/TLS 127.0.0.1:")
    assert ";transport=tls>" in register.get("Contact")
    call = await home.ring()
    assert [known.call_id for known in home.phone.calls] == [call.call_id]
    await home.phone.stop()


async def test_a_server_that_cannot_prove_who_it_is_gets_no_word(secure: Server) -> None:
    home = Household(secure, transport=Transport.TLS, tls=ssl.create_default_context())
    home.phone.start()
    lost = await home.next(LineLost)
    assert (lost.cause, lost.retry_after) == (Cause.TLS_CERTIFICATE, 0.0)
    assert lost.reason == "the server's certificate is not valid: self-signed certificate"
    assert (await home.next(LineLost)).retry_after >= 0.8
    await home.phone.stop()
    assert secure.told.empty()


async def test_a_server_that_does_not_speak_tls_is_told_apart(server: Server) -> None:
    home = Household(server, transport=Transport.TLS, tls=ssl.create_default_context())
    home.phone.start()
    server.greeting = b"SIP/2.0 400 What\r\n\r\n"
    assert (await home.next(LineLost)).cause is Cause.TLS
    await home.phone.stop()


async def test_an_account_on_tls_needs_to_know_whom_to_believe(server: Server) -> None:
    with pytest.raises(ValueError):
        Household(server, transport=Transport.TLS)


class DatagramServer(asyncio.DatagramProtocol):
    """Takes registrations over UDP; `deaf` to so many datagrams first."""

    def __init__(self, deaf: int) -> None:
        self.deaf = deaf
        self.heard: list[Wire] = []

    async def open(self) -> Proxy:
        self.transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        return Proxy("127.0.0.1", self.transport.get_extra_info("sockname")[1])

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        (wire,) = read_wire(data)
        self.heard.append(wire)
        if self.deaf:
            self.deaf -= 1
        elif wire.start.startswith("REGISTER"):
            self.transport.sendto(response(wire, 200, ("Expires", "60")), addr)


async def test_a_line_over_udp_registers_though_a_datagram_is_lost(
    stranger: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        retransmission._TIMINGS, retransmission.State.TRYING, retransmission.Timing(32, 0.01, 0.01)
    )
    server = DatagramServer(deaf=1)
    home = Household(stranger.server, proxies=(await server.open(),), transport=Transport.UDP)
    home.phone.start()
    await home.next(Registered)
    first, again = server.heard[:2]
    assert first == again
    assert first.get("Via").startswith("SIP/2.0/UDP 127.0.0.1:")
    await home.phone.stop()
    assert server.heard[-1].get("Expires") == "0"
    assert isinstance(home.log[-1], Unregistered)
    server.transport.close()


async def test_a_connection_in_vain_over_udp_has_the_next_address_tried(
    stranger: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[int] = []

    async def note(proxy: Proxy, received: Callable[[bytes], None], turn: int) -> Connection:
        turns.append(turn)
        return await connect_datagrams(proxy, received, turn)

    monkeypatch.setattr(phone_module, "connect_datagrams", note)
    server = DatagramServer(deaf=0)
    proxy = await server.open()
    server.transport.close()
    home = Household(stranger.server, proxies=(proxy,), transport=Transport.UDP)
    home.phone.start()
    lost = await home.next(LineLost)
    assert (lost.cause, lost.proxy) == (Cause.REFUSED, proxy)
    await home.next(LineLost)
    assert turns == [0, 1]
    await home.phone.stop()
