"""The access token: who asks for it, when, and how often."""

import asyncio
from base64 import b64decode
from collections.abc import Mapping
from typing import override

import aiohttp
from aiohttp import web
import pytest

from custom_components.ringcentral.cloud import (
    AppCredentials,
    ExtensionUnusable,
    GrantNotEnabled,
    UnexpectedAnswer,
    Unreachable,
    WrongEnvironment,
    WrongJwt,
)
from custom_components.ringcentral.cloud.answer import Answer
from custom_components.ringcentral.cloud.endpoints import EXTENSION, Endpoint as RestEndpoint
from custom_components.ringcentral.cloud.token import Token, TokenSource
from custom_components.ringcentral.cloud.transport import Transport
from simulator.rest import Endpoint, RestSimulator, Trouble

from .conftest import USER_AGENT, Clock


class GatedTransport(Transport):
    """Holds every request until `gate` opens; `held` counts them."""

    gate: asyncio.Event
    arrived: asyncio.Event
    held: int = 0

    @override
    async def send(
        self,
        endpoint: RestEndpoint,
        *,
        authorization: str | None,
        form: Mapping[str, str] | None = None,
        json: object = None,
    ) -> Answer:
        self.arrived.set()
        self.held += 1
        try:
            await self.gate.wait()
        finally:
            self.held -= 1
        return await super().send(endpoint, authorization=authorization, form=form, json=json)


@pytest.fixture
def transport(session: aiohttp.ClientSession, rest: RestSimulator, clock: Clock) -> GatedTransport:
    gated = GatedTransport(session, rest.url, user_agent=USER_AGENT, clock=clock, timeout=5)
    gated.gate, gated.arrived = asyncio.Event(), asyncio.Event()
    gated.gate.set()
    return gated


@pytest.fixture
def tokens(transport: GatedTransport, credentials: AppCredentials, clock: Clock) -> TokenSource:
    return TokenSource(transport, credentials, clock)


def _grants(rest: RestSimulator) -> list[str]:
    return [request.form["grant_type"].rpartition(":")[2] for request in rest.asked(Endpoint.TOKEN)]


async def _works(transport: Transport, token: Token) -> bool:
    return (await transport.send(EXTENSION, authorization=token.authorization)).ok


async def test_the_jwt_is_granted_a_token_that_works(
    tokens: TokenSource, transport: GatedTransport, rest: RestSimulator
) -> None:
    assert await _works(transport, await tokens.current())

    (request,) = rest.asked(Endpoint.TOKEN)
    assert request.form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": rest.account.jwt,
    }
    scheme, _, pair = request.headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert b64decode(pair).decode() == f"{rest.account.client_id}:{rest.account.client_secret}"


async def test_a_token_is_used_until_a_minute_before_its_end(
    tokens: TokenSource, rest: RestSimulator, clock: Clock
) -> None:
    first = await tokens.current()
    clock.tick(3600 - 60 - 0.5)
    assert await tokens.current() is first

    clock.tick(0.5)
    assert await tokens.current() is not first
    assert _grants(rest) == ["jwt-bearer", "refresh_token"]


async def test_a_short_lived_token_is_used_for_nine_tenths_of_its_life(
    tokens: TokenSource, rest: RestSimulator, clock: Clock
) -> None:
    rest.account.access_token_ttl = 100
    first = await tokens.current()
    clock.tick(89.5)
    assert await tokens.current() is first

    clock.tick(0.5)
    assert await tokens.current() is not first


async def test_each_refresh_token_is_used_once(
    tokens: TokenSource, transport: GatedTransport, rest: RestSimulator, clock: Clock
) -> None:
    await tokens.current()
    clock.tick(3600)
    await tokens.current()
    clock.tick(3600)

    assert await _works(transport, await tokens.current())
    assert _grants(rest) == ["jwt-bearer", "refresh_token", "refresh_token"]


async def test_without_refresh_tokens_the_jwt_is_used_again(
    tokens: TokenSource, transport: GatedTransport, rest: RestSimulator, clock: Clock
) -> None:
    rest.account.refresh_tokens = False
    await tokens.current()
    clock.tick(3600)

    assert await _works(transport, await tokens.current())
    assert _grants(rest) == ["jwt-bearer", "jwt-bearer"]


async def test_an_expired_refresh_token_is_not_even_tried(
    tokens: TokenSource, rest: RestSimulator, clock: Clock
) -> None:
    await tokens.current()
    clock.tick(604799)

    await tokens.current()
    assert _grants(rest) == ["jwt-bearer", "jwt-bearer"]


async def test_a_refresh_token_without_an_end_is_tried(
    tokens: TokenSource, rest: RestSimulator, clock: Clock
) -> None:
    granted = {"access_token": "a", "expires_in": 3600, "refresh_token": "r"}
    rest.fail_next(Endpoint.TOKEN, lambda: web.json_response(granted))
    await tokens.current()
    clock.tick(10**9)

    await tokens.current()
    assert rest.asked(Endpoint.TOKEN)[1].form == {"grant_type": "refresh_token", "refresh_token": "r"}


@pytest.mark.parametrize("code", ["OAU-140", "OAU-251", "OAU-250"])
async def test_a_refused_refresh_falls_back_to_the_jwt(
    tokens: TokenSource, transport: GatedTransport, rest: RestSimulator, clock: Clock, code: str
) -> None:
    await tokens.current()
    clock.tick(3600)
    rest.fail_next(Endpoint.TOKEN, code)

    assert await _works(transport, await tokens.current())
    assert _grants(rest) == ["jwt-bearer", "refresh_token", "jwt-bearer"]


async def test_a_refresh_token_survives_an_outage(
    tokens: TokenSource, rest: RestSimulator, clock: Clock
) -> None:
    await tokens.current()
    clock.tick(3600)
    rest.fail_next(Endpoint.TOKEN, Trouble.DROP)
    with pytest.raises(Unreachable):
        await tokens.current()

    await tokens.current()
    assert _grants(rest) == ["jwt-bearer", "refresh_token", "refresh_token"]


async def test_a_refresh_that_is_answered_with_nonsense_is_not_tried_again(
    tokens: TokenSource, rest: RestSimulator, clock: Clock
) -> None:
    await tokens.current()
    clock.tick(3600)
    rest.fail_next(Endpoint.TOKEN, Trouble.GARBAGE)
    with pytest.raises(UnexpectedAnswer):
        await tokens.current()

    await tokens.current()
    assert _grants(rest) == ["jwt-bearer", "refresh_token", "jwt-bearer"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("OAU-140", WrongJwt),
        ("OAU-251", GrantNotEnabled),
        ("OAU-165", WrongEnvironment),
        ("OAU-142", ExtensionUnusable),
    ],
)
async def test_a_refused_jwt_is_not_repeated(
    tokens: TokenSource, rest: RestSimulator, code: str, kind: type[Exception]
) -> None:
    rest.fail_next(Endpoint.TOKEN, code, times=5)

    with pytest.raises(kind):
        await tokens.current()

    assert len(rest.requests) == 1


@pytest.mark.parametrize(
    "granted",
    [
        {"expires_in": 3600},
        {"access_token": "a"},
        {"access_token": "a", "expires_in": 0},
        {"access_token": "a", "expires_in": -1},
        {"access_token": "a", "expires_in": "soon"},
        {"access_token": "a\nb", "expires_in": 3600},
        {"access_token": "a" * 4097, "expires_in": 3600},
        {"access_token": "a", "expires_in": 3600, "refresh_token": ["r"]},
    ],
)
async def test_a_grant_without_a_usable_token_is_unexpected(
    tokens: TokenSource, rest: RestSimulator, granted: dict[str, object]
) -> None:
    rest.fail_next(Endpoint.TOKEN, lambda: web.json_response(granted))

    with pytest.raises(UnexpectedAnswer) as caught:
        await tokens.current()

    assert caught.value.request_id
    await tokens.current()
    assert _grants(rest) == ["jwt-bearer", "jwt-bearer"]


async def test_callers_that_come_together_share_one_request(tokens: TokenSource, rest: RestSimulator) -> None:
    got = await asyncio.gather(*(tokens.current() for _ in range(5)))

    assert set(got) == {got[0]}
    assert len(rest.requests) == 1


async def test_callers_that_come_together_share_one_failure(tokens: TokenSource, rest: RestSimulator) -> None:
    rest.fail_next(Endpoint.TOKEN, "OAU-140")

    got = await asyncio.gather(*(tokens.current() for _ in range(3)), return_exceptions=True)

    assert [type(error) for error in got] == [WrongJwt] * 3
    assert len(rest.requests) == 1


async def test_a_failure_is_not_kept_for_the_next_caller(tokens: TokenSource, rest: RestSimulator) -> None:
    rest.fail_next(Endpoint.TOKEN, Trouble.DROP)
    with pytest.raises(Unreachable):
        await tokens.current()

    assert await tokens.current()


async def test_a_cancelled_caller_does_not_break_the_others(
    tokens: TokenSource, transport: GatedTransport, rest: RestSimulator
) -> None:
    transport.gate.clear()
    leaving, staying = asyncio.create_task(tokens.current()), asyncio.create_task(tokens.current())
    await transport.arrived.wait()
    leaving.cancel()
    await asyncio.wait([leaving])

    transport.gate.set()

    assert await _works(transport, await staying)
    assert leaving.cancelled()
    assert len(rest.asked(Endpoint.TOKEN)) == 1


async def test_a_sign_in_that_nobody_waits_for_is_given_up(
    tokens: TokenSource, transport: GatedTransport, rest: RestSimulator
) -> None:
    transport.gate.clear()
    callers = [asyncio.create_task(tokens.current()) for _ in range(2)]
    await transport.arrived.wait()
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    await asyncio.sleep(0)
    assert transport.held == 0

    transport.gate.set()

    assert await _works(transport, await tokens.current())
    assert len(rest.asked(Endpoint.TOKEN)) == 1


async def test_a_caller_that_comes_right_after_the_last_was_cancelled_gets_its_own_request(
    tokens: TokenSource, transport: GatedTransport
) -> None:
    transport.gate.clear()
    leaving = asyncio.create_task(tokens.current())
    await transport.arrived.wait()
    leaving.cancel()
    # One turn of the loop: `leaving` has gone, its request has not yet.
    await asyncio.sleep(0)
    coming = asyncio.create_task(tokens.current())
    transport.gate.set()

    assert await _works(transport, await coming)


async def test_a_rejected_token_that_was_replaced_meanwhile_costs_no_request(
    tokens: TokenSource, rest: RestSimulator
) -> None:
    rejected = await tokens.current()
    replacement = await tokens.instead_of(rejected)

    assert await tokens.instead_of(rejected) is replacement
    assert len(rest.asked(Endpoint.TOKEN)) == 2


async def test_forgetting_an_older_token_leaves_the_current_one(tokens: TokenSource) -> None:
    rejected = await tokens.current()
    replacement = await tokens.instead_of(rejected)

    tokens.forget(rejected)

    assert await tokens.current() is replacement


async def test_forgetting_the_current_token_starts_over_with_the_jwt(
    tokens: TokenSource, rest: RestSimulator
) -> None:
    tokens.forget(await tokens.current())

    await tokens.current()

    assert _grants(rest) == ["jwt-bearer", "jwt-bearer"]


async def test_revoking_ends_the_session(
    tokens: TokenSource, transport: GatedTransport, rest: RestSimulator
) -> None:
    token = await tokens.current()

    await tokens.revoke()

    assert not await _works(transport, token)
    assert rest.asked(Endpoint.REVOKE)[0].headers["Authorization"].startswith("Basic ")
    await tokens.current()
    assert _grants(rest) == ["jwt-bearer", "jwt-bearer"]


async def test_revoking_works_without_refresh_tokens(
    tokens: TokenSource, transport: GatedTransport, rest: RestSimulator
) -> None:
    rest.account.refresh_tokens = False
    token = await tokens.current()

    await tokens.revoke()

    assert not await _works(transport, token)


async def test_revoking_without_a_session_sends_nothing(tokens: TokenSource, rest: RestSimulator) -> None:
    await tokens.revoke()

    assert rest.requests == []


@pytest.mark.parametrize("fault", ["CMN-301", "CMN-203", "OAU-123", Trouble.DROP, Trouble.GARBAGE])
async def test_revoking_never_fails(tokens: TokenSource, rest: RestSimulator, fault: str | Trouble) -> None:
    await tokens.current()
    rest.fail_next(Endpoint.REVOKE, fault)

    await tokens.revoke()
    await tokens.revoke()

    assert len(rest.asked(Endpoint.REVOKE)) == 1


async def test_tokens_stay_out_of_the_repr(tokens: TokenSource) -> None:
    token = await tokens.current()

    assert token.value not in repr(token)
