"""Where tokens are got and given back, by an app with a secret and by one without."""

import aiohttp
from aiohttp import web
import pytest

from custom_components.ringcentral.cloud import TokenEndpoint, Transport, UnexpectedAnswer, WrongApp
from simulator.rest import Endpoint, RestSimulator

from .conftest import USER_AGENT, Clock

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def transport(session: aiohttp.ClientSession, rest: RestSimulator, clock: Clock) -> Transport:
    return Transport(session, rest.url, user_agent=USER_AGENT, clock=clock, timeout=5)


@pytest.fixture
def form(rest: RestSimulator) -> dict[str, str]:
    return {"grant_type": JWT_GRANT, "assertion": rest.account.jwt}


@pytest.mark.parametrize("secret", ["simulated-client-secret", ""])
async def test_a_session_is_begun_and_ended(
    transport: Transport, rest: RestSimulator, form: dict[str, str], secret: str
) -> None:
    rest.account.client_secret = secret
    endpoint = TokenEndpoint(transport, rest.account.client_id, secret)

    grant = await endpoint.ask(form)
    assert grant.expires_in == 3600
    assert len(rest.sessions) == 1
    assert grant.refresh_token is not None

    await endpoint.revoke(grant.refresh_token)
    assert len(rest.sessions) == 0


async def test_only_a_public_app_names_itself_in_the_form(
    transport: Transport, rest: RestSimulator, form: dict[str, str]
) -> None:
    await TokenEndpoint(transport, rest.account.client_id, rest.account.client_secret).ask(form)
    with pytest.raises(WrongApp):
        await TokenEndpoint(transport, rest.account.client_id, "").ask(form)

    confidential, public = rest.asked(Endpoint.TOKEN)
    assert "client_id" not in confidential.form and "Authorization" in confidential.headers
    assert public.form["client_id"] == rest.account.client_id and "Authorization" not in public.headers


async def test_a_grant_that_has_expired_already_is_unexpected(
    transport: Transport, rest: RestSimulator, form: dict[str, str]
) -> None:
    rest.fail_next(Endpoint.TOKEN, lambda: web.json_response({"access_token": "a", "expires_in": 0}))

    with pytest.raises(UnexpectedAnswer):
        await TokenEndpoint(transport, "id", "secret").ask(form)


async def test_tokens_stay_out_of_the_repr(
    transport: Transport, rest: RestSimulator, form: dict[str, str]
) -> None:
    grant = await TokenEndpoint(transport, rest.account.client_id, rest.account.client_secret).ask(form)

    assert grant.access_token not in repr(grant)
    assert str(grant.refresh_token) not in repr(grant)
