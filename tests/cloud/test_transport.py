"""One request: time-out, size limit, and the pauses the server asks for."""

import asyncio
from collections.abc import AsyncIterator, Callable
import socket
from typing import override

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
import pytest

from custom_components.ringcentral.cloud import (
    RateLimited,
    RingCentralError,
    UnexpectedAnswer,
    Unreachable,
    UnreachableCause,
)
from custom_components.ringcentral.cloud.endpoints import EXTENSION, SIP_PROVISION, USUAL_BODY
from custom_components.ringcentral.cloud.transport import Transport
from simulator.rest import Endpoint, RestSimulator, Trouble

from .conftest import USER_AGENT, Clock

SECRET = "Bearer hunter2"

type MakeTransport = Callable[..., Transport]


@pytest.fixture
def make_transport(session: aiohttp.ClientSession, clock: Clock) -> MakeTransport:
    def make(server: str, *, timeout: float = 5, over: aiohttp.ClientSession = session) -> Transport:
        return Transport(over, server, user_agent=USER_AGENT, clock=clock, timeout=timeout)

    return make


@pytest.fixture
def transport(make_transport: MakeTransport, rest: RestSimulator) -> Transport:
    return make_transport(rest.url)


async def _error(transport: Transport) -> RingCentralError:
    with pytest.raises(RingCentralError) as caught:
        await transport.send(EXTENSION, authorization=SECRET)
    return caught.value


def _limited(retry_after: str | None = None) -> Callable[[], web.Response]:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return lambda: web.json_response({"errorCode": "CMN-301"}, status=429, headers=headers)


async def test_a_429_is_told_with_the_seconds_to_wait(transport: Transport, rest: RestSimulator) -> None:
    rest.fail_next(Endpoint.EXTENSION, _limited("90"))

    error = await _error(transport)

    assert isinstance(error, RateLimited)
    assert error.retry_after == 90
    assert error.error_code == "CMN-301"
    assert error.request_id


async def test_nothing_at_all_is_sent_until_the_penalty_is_over(
    transport: Transport, rest: RestSimulator, clock: Clock
) -> None:
    rest.fail_next(Endpoint.EXTENSION, _limited("90"))
    first = await _error(transport)

    clock.tick(89)
    with pytest.raises(RateLimited) as caught:
        await transport.send(SIP_PROVISION, authorization=SECRET, json={})

    assert caught.value.retry_after == 1
    assert caught.value.request_id == first.request_id
    assert len(rest.requests) == 1


async def test_once_the_penalty_is_over_requests_are_sent_again(
    transport: Transport, rest: RestSimulator, clock: Clock
) -> None:
    rest.fail_next(Endpoint.EXTENSION, _limited("60"))
    await _error(transport)

    clock.tick(60)

    assert (await transport.send(EXTENSION, authorization=SECRET)).status == 401
    assert (await transport.send(EXTENSION, authorization=SECRET)).status == 401
    assert len(rest.requests) == 3


@pytest.mark.parametrize("retry_after", [None, "0", "soon"])
async def test_a_429_that_does_not_say_how_long_costs_a_minute(
    transport: Transport, rest: RestSimulator, clock: Clock, retry_after: str | None
) -> None:
    rest.fail_next(Endpoint.EXTENSION, _limited(retry_after))
    first = await _error(transport)
    clock.tick(59)
    second = await _error(transport)

    assert isinstance(first, RateLimited) and first.retry_after == 60
    assert isinstance(second, RateLimited) and second.retry_after == 1


@pytest.mark.parametrize("order", [("90", "30"), ("30", "90")])
async def test_of_two_penalties_the_longer_counts(
    transport: Transport, rest: RestSimulator, clock: Clock, order: tuple[str, str]
) -> None:
    rest.fail_next(Endpoint.EXTENSION, _limited(order[0]))
    rest.fail_next(Endpoint.SIP_PROVISION, _limited(order[1]))
    await asyncio.gather(
        transport.send(EXTENSION, authorization=SECRET),
        transport.send(SIP_PROVISION, authorization=SECRET, json={}),
        return_exceptions=True,
    )

    clock.tick(40)
    error = await _error(transport)

    assert isinstance(error, RateLimited)
    assert error.retry_after == 50
    assert len(rest.requests) == 2


async def test_a_503_that_says_how_long_is_obeyed_likewise(
    transport: Transport, rest: RestSimulator, clock: Clock
) -> None:
    rest.fail_next(Endpoint.EXTENSION, "CMN-201")
    first = await _error(transport)
    clock.tick(20)
    second = await _error(transport)

    assert isinstance(first, Unreachable) and first.retry_after == 30
    assert isinstance(second, Unreachable) and second.retry_after == 10
    assert (first.cause, second.cause) == (UnreachableCause.SERVER, UnreachableCause.SERVER)
    assert (first.error_code, second.error_code) == ("CMN-201", "CMN-201")
    assert len(rest.requests) == 1


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_trouble_of_the_server_does_not_hold_the_next_request_back(
    transport: Transport, rest: RestSimulator, status: int
) -> None:
    rest.fail_next(Endpoint.EXTENSION, lambda: web.Response(status=status, text="<html>"))

    error = await _error(transport)

    assert isinstance(error, Unreachable)
    assert error.cause is UnreachableCause.SERVER
    assert error.retry_after is None
    assert error.request_id
    assert (await transport.send(EXTENSION, authorization=SECRET)).status == 401


async def test_a_retry_after_on_a_500_is_no_pause(transport: Transport, rest: RestSimulator) -> None:
    rest.fail_next(Endpoint.EXTENSION, lambda: web.Response(status=500, headers={"Retry-After": "30"}))
    await _error(transport)

    assert (await transport.send(EXTENSION, authorization=SECRET)).status == 401


async def test_a_server_that_says_nothing_is_given_up_on(
    make_transport: MakeTransport, rest: RestSimulator
) -> None:
    rest.fail_next(Endpoint.EXTENSION, Trouble.HANG)

    error = await _error(make_transport(rest.url, timeout=0.05))

    assert isinstance(error, Unreachable)
    assert error.cause is UnreachableCause.TIMEOUT


async def test_a_dropped_connection_is_unreachable(transport: Transport, rest: RestSimulator) -> None:
    rest.fail_next(Endpoint.SIP_PROVISION, Trouble.DROP, times=5)

    with pytest.raises(Unreachable) as caught:
        await transport.send(SIP_PROVISION, authorization=SECRET, json={})

    assert caught.value.cause is UnreachableCause.CONNECTION
    assert len(rest.requests) == 1


async def test_a_get_whose_connection_is_dropped_is_sent_once_more_by_aiohttp(
    transport: Transport, rest: RestSimulator
) -> None:
    rest.fail_next(Endpoint.EXTENSION, Trouble.DROP, times=5)

    error = await _error(transport)

    assert isinstance(error, Unreachable)
    assert len(rest.requests) == 2


async def test_a_server_that_is_down_is_unreachable(transport: Transport, rest: RestSimulator) -> None:
    await rest.stop()

    error = await _error(transport)

    assert isinstance(error, Unreachable)
    assert error.cause is UnreachableCause.CONNECTION


async def test_a_server_without_tls_is_not_spoken_to(
    make_transport: MakeTransport, rest: RestSimulator
) -> None:
    error = await _error(make_transport(rest.url.replace("http:", "https:")))

    assert isinstance(error, Unreachable)
    assert error.cause is UnreachableCause.TLS
    assert rest.requests == []


class Nowhere(AbstractResolver):
    """Knows no host."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise OSError(None, "Name or service not known")

    @override
    async def close(self) -> None: ...


@pytest.fixture
async def lost_session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Nowhere())) as opened:
        yield opened


async def test_a_name_that_is_not_found_is_told(
    make_transport: MakeTransport, lost_session: aiohttp.ClientSession
) -> None:
    error = await _error(make_transport("https://platform.ringcentral.com", over=lost_session))

    assert isinstance(error, Unreachable)
    assert error.cause is UnreachableCause.DNS


@pytest.mark.parametrize(("size", "fits"), [(USUAL_BODY, True), (USUAL_BODY + 1, False)])
async def test_a_body_is_read_up_to_its_limit(
    transport: Transport, rest: RestSimulator, size: int, *, fits: bool
) -> None:
    rest.fail_next(Endpoint.EXTENSION, lambda: web.Response(body=b"{}".ljust(size)))
    sent = await asyncio.gather(transport.send(EXTENSION, authorization=SECRET), return_exceptions=True)

    assert isinstance(sent[0], UnexpectedAnswer) is not fits


async def test_a_redirect_is_not_followed_with_the_secrets(transport: Transport, rest: RestSimulator) -> None:
    rest.fail_next(
        Endpoint.EXTENSION,
        lambda: web.Response(status=307, headers={"Location": f"{rest.url}{Endpoint.SIP_PROVISION}"}),
    )

    assert (await transport.send(EXTENSION, authorization=SECRET)).status == 307
    assert len(rest.requests) == 1


@pytest.fixture
async def sip_server(socket_enabled: None) -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SIP/2.0 400 Bad Request\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_an_answer_that_is_not_http_is_unexpected(
    make_transport: MakeTransport, sip_server: str
) -> None:
    error = await _error(make_transport(sip_server))

    assert type(error) is UnexpectedAnswer
    assert "not HTTP" in str(error)


async def test_no_error_keeps_the_request_it_came_from(
    make_transport: MakeTransport, sip_server: str
) -> None:
    error = await _error(make_transport(sip_server))

    # aiohttp's own error holds the request's headers, the token among them.
    assert error.__cause__ is None
    assert error.__context__ is None


async def test_an_unreachable_server_keeps_no_request_either(
    transport: Transport, rest: RestSimulator
) -> None:
    await rest.stop()
    error = await _error(transport)

    assert error.__cause__ is None
    assert error.__context__ is None
