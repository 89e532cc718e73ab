"""RingCentral as a household sees it."""

from aiohttp import ClientSession, encode_basic_auth
import pytest

from simulator.exchange import NotRegisteredError
from simulator.rest import Account as User, Endpoint
from simulator.ringcentral import RingCentral

pytestmark = pytest.mark.usefixtures("socket_enabled")

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


async def provision(cloud: RingCentral) -> dict[str, str]:
    """Sign in as the user and return how to register a new device."""
    app = cloud.app
    async with ClientSession(app["advanced"]["server"], headers={"User-Agent": "Test/1.0"}) as session:
        basic = {"Authorization": encode_basic_auth(app["client_id"], app["client_secret"])}
        form = {"grant_type": _JWT_GRANT, "assertion": app["jwt"]}
        async with session.post(Endpoint.TOKEN, data=form, headers=basic) as response:
            token = (await response.json())["access_token"]
        body = {"device": {"computerName": "Test"}, "sipInfo": [{"transport": "TCP"}]}
        bearer = {"Authorization": f"Bearer {token}"}
        async with session.post(Endpoint.SIP_PROVISION, json=body, headers=bearer) as response:
            return (await response.json())["sipInfo"][0]  # type: ignore[no-any-return]  # JSON


async def test_what_the_user_types_signs_in_and_provisions() -> None:
    async with RingCentral() as cloud:
        info = await provision(cloud)

        assert info["outboundProxy"] == f"127.0.0.1:{cloud.sip.port}"


async def test_a_provisioned_device_is_an_account_of_the_registrar() -> None:
    async with RingCentral(User(name="Office")) as cloud:
        info = await provision(cloud)
        (account,) = cloud.sip.accounts

        assert (account.username, account.password, account.authorization_id, account.domain) == (
            info["username"],
            info["password"],
            info["authorizationId"],
            info["domain"],
        )
        assert (account.name, account.provisioned) == ("Office", True)


async def test_each_device_is_an_account_of_its_own() -> None:
    async with RingCentral() as cloud:
        infos = [await provision(cloud) for _ in range(2)]

        assert [account.password for account in cloud.sip.accounts] == [info["password"] for info in infos]


async def test_a_device_that_has_not_registered_cannot_be_called() -> None:
    async with RingCentral() as cloud:
        await provision(cloud)

        with pytest.raises(NotRegisteredError):
            await cloud.call()
        with pytest.raises(TimeoutError):
            await cloud.registered(timeout=0.01)


async def test_two_households_do_not_disturb_each_other() -> None:
    async with RingCentral() as one, RingCentral() as other:
        await provision(one)

        assert (len(one.sip.accounts), len(other.sip.accounts)) == (1, 0)
        assert one.rest.url != other.rest.url
