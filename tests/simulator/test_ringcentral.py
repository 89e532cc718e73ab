"""RingCentral as a household sees it."""

from pathlib import Path

from aiohttp import ClientSession, encode_basic_auth
import pytest

from simulator.exchange import NotRegisteredError
from simulator.rest import Account as User, Endpoint
from simulator.ringcentral import RingCentral
from tests.authority import Authority

pytestmark = pytest.mark.usefixtures("socket_enabled")

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


async def provision(cloud: RingCentral, *transports: str) -> dict[str, str]:
    """Sign in as the user and return how to register a new device, over TCP unless told otherwise."""
    app = cloud.app
    async with ClientSession(app["advanced"]["server"], headers={"User-Agent": "Test/1.0"}) as session:
        basic = {"Authorization": encode_basic_auth(app["client_id"], app["client_secret"])}
        form = {"grant_type": _JWT_GRANT, "assertion": app["jwt"]}
        async with session.post(Endpoint.TOKEN, data=form, headers=basic) as response:
            token = (await response.json())["access_token"]
        sip_info = [{"transport": transport} for transport in transports or ("TCP",)]
        body = {"device": {"computerName": "Test"}, "sipInfo": sip_info}
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


async def test_tls_is_offered_beside_tcp_where_there_is_a_certificate(tmp_path: Path) -> None:
    async with RingCentral(tls=Authority().server(tmp_path)) as cloud:
        secure, plain = await provision(cloud, "TLS", "TCP"), await provision(cloud, "TCP")

        assert (secure["transport"], secure["outboundProxy"]) == ("TLS", f"127.0.0.1:{cloud.sip.tls_port}")
        assert (plain["transport"], plain["outboundProxy"]) == ("TCP", f"127.0.0.1:{cloud.sip.port}")


async def test_without_a_certificate_there_is_tcp_only() -> None:
    async with RingCentral() as cloud:
        assert (await provision(cloud, "TLS", "TCP"))["transport"] == "TCP"
