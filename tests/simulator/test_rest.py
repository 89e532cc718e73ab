"""RingCentral's REST interface in miniature behaves as it is documented."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from aiohttp import web
import pytest
from yarl import URL

from simulator.rest import (
    MAX_SESSIONS,
    PENALTY,
    REFUSALS,
    Account,
    Endpoint,
    RestSimulator,
    SipAccount,
    Trouble,
)

from .conftest import Clock

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TCP = [{"transport": "TCP"}]


class Phone:
    """Speaks to the simulator as plainly as possible."""

    def __init__(self, rest: RestSimulator, session: aiohttp.ClientSession) -> None:
        self.rest, self.session = rest, session
        self.app = aiohttp.encode_basic_auth(rest.account.client_id, rest.account.client_secret)
        self.agent = "Test/1.0"

    async def _ask(self, method: str, path: str, authorization: str, **body: Any) -> tuple[int, Any]:
        headers = {"User-Agent": self.agent, "Authorization": authorization}
        async with self.session.request(method, self.rest.url + path, headers=headers, **body) as response:
            assert response.headers["RCRequestId"]
            return response.status, await response.json(content_type=None)

    async def token(self, **form: str) -> tuple[int, Any]:
        asked = form or {"grant_type": JWT_GRANT, "assertion": self.rest.account.jwt}
        return await self._ask("POST", Endpoint.TOKEN, self.app, data=asked)

    async def revoke(self, token: str) -> tuple[int, Any]:
        return await self._ask("POST", Endpoint.REVOKE, self.app, data={"token": token})

    async def extension(self, token: str) -> tuple[int, Any]:
        return await self._ask("GET", Endpoint.EXTENSION, f"Bearer {token}")

    async def provision(self, token: str, **body: Any) -> tuple[int, Any]:
        return await self._ask("POST", Endpoint.SIP_PROVISION, f"Bearer {token}", json=body)

    async def send(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
        return await self._ask(method, path, f"Bearer {token}", json=body)

    async def get(self, path: str, token: str = "") -> tuple[int, Any]:
        return await self._ask("GET", path, f"Bearer {token}")


@pytest.fixture
async def rest(socket_enabled: None, clock: Clock) -> AsyncIterator[RestSimulator]:
    simulator = RestSimulator(Account(name="Front door"), sip_proxy="127.0.0.1:5099", clock=clock)
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def phone(rest: RestSimulator) -> AsyncIterator[Phone]:
    async with aiohttp.ClientSession() as session:
        yield Phone(rest, session)


@pytest.fixture
async def token(phone: Phone) -> str:
    _, granted = await phone.token()
    return str(granted["access_token"])


def _code(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["errors"][0]["errorCode"]


async def test_a_grant_looks_as_documented(phone: Phone) -> None:
    status, granted = await phone.token()

    assert status == 200
    assert granted["token_type"] == "bearer"
    assert granted["expires_in"] == 3600
    assert granted["scope"] == "ReadAccounts VoipCalling"
    assert granted["owner_id"] == "802398804016"
    assert granted["refresh_token_expires_in"] == 604799
    assert granted["refresh_token"] != granted["access_token"]


async def test_refresh_tokens_are_only_issued_when_the_app_has_them(
    phone: Phone, rest: RestSimulator
) -> None:
    rest.account.refresh_tokens = False

    _, granted = await phone.token()

    assert "refresh_token" not in granted
    assert "refresh_token_expires_in" not in granted


async def test_a_refresh_token_works_once_and_ends_the_old_access_token(phone: Phone) -> None:
    _, first = await phone.token()
    spent = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}

    _, second = await phone.token(**spent)

    assert _code(await phone.token(**spent)) == (400, "OAU-140")
    assert _code(await phone.extension(first["access_token"])) == (401, "OAU-213")
    assert (await phone.extension(second["access_token"]))[0] == 200


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"grant_type": JWT_GRANT, "assertion": "x"}, "OAU-140"),
        ({"grant_type": JWT_GRANT}, "OAU-140"),
        ({"grant_type": "refresh_token"}, "OAU-140"),
        ({"grant_type": "password"}, "OAU-250"),
        ({"assertion": "x"}, "OAU-250"),
    ],
)
async def test_a_bad_grant_is_refused(phone: Phone, form: dict[str, str], code: str) -> None:
    assert _code(await phone.token(**form)) == (400, code)


@pytest.mark.parametrize(
    ("app", "code"), [("", "OAU-123"), ("Bearer x", "OAU-123"), ("Basic eDp5", "OAU-153")]
)
async def test_a_wrong_app_is_refused_in_oauths_words(phone: Phone, app: str, code: str) -> None:
    phone.app = app

    answer = await phone.token()

    assert _code(answer) == (401, code)
    assert answer[1]["error"] == "invalid_client"
    assert answer[1]["error_description"]
    assert _code(await phone.revoke("x")) == (401, code)


async def test_a_token_expires(phone: Phone, token: str, clock: Clock) -> None:
    clock.now += 3599
    assert (await phone.extension(token))[0] == 200

    clock.now += 1
    assert _code(await phone.extension(token)) == (401, "OAU-128")


@pytest.mark.parametrize("key", ["access_token", "refresh_token"])
async def test_revoking_either_token_ends_the_session(phone: Phone, key: str) -> None:
    _, granted = await phone.token()

    assert await phone.revoke(granted[key]) == (200, None)

    assert _code(await phone.extension(granted["access_token"])) == (401, "OAU-213")


async def test_revoking_leaves_other_sessions(phone: Phone, token: str) -> None:
    _, other = await phone.token()

    await phone.revoke(other["access_token"])

    assert (await phone.extension(token))[0] == 200


async def test_one_session_too_many_ends_the_oldest(phone: Phone) -> None:
    granted = [(await phone.token())[1]["access_token"] for _ in range(MAX_SESSIONS + 1)]

    assert [(await phone.extension(token))[0] for token in granted] == [401, *[200] * MAX_SESSIONS]


async def test_sessions_may_be_ended_from_afar(phone: Phone, token: str, rest: RestSimulator) -> None:
    rest.end_sessions()

    assert _code(await phone.extension(token)) == (401, "OAU-213")


async def test_the_extension_looks_as_documented(phone: Phone, token: str, rest: RestSimulator) -> None:
    status, extension = await phone.extension(token)

    assert status == 200
    assert extension == {
        "uri": f"{rest.url}/restapi/v1.0/account/802398804/extension/802398804016",
        "id": 802398804016,
        "account": {"id": "802398804"},
        "extensionNumber": "115",
        "contact": {"firstName": "Front door", "businessPhone": "+17203861294"},
        "name": "Front door",
        "type": "User",
        "status": "Enabled",
    }


async def test_a_missing_permission_is_named_with_an_older_name_of_the_code_at_the_top(
    phone: Phone, token: str, rest: RestSimulator
) -> None:
    rest.account.permissions = frozenset({"VoipCalling"})

    answer = await phone.extension(token)

    assert _code(answer) == (403, "CMN-401")
    assert answer[1]["errorCode"] == "InsufficientPermissions"
    assert answer[1]["permissionName"] == answer[1]["errors"][0]["permissionName"] == "ReadAccounts"
    assert "[ReadAccounts]" in answer[1]["message"]


async def test_a_provision_looks_as_documented(phone: Phone, token: str, rest: RestSimulator) -> None:
    status, provision = await phone.provision(token, device={"computerName": "Home"}, sipInfo=TCP)

    (account,) = rest.sip_accounts
    assert status == 200
    assert provision["device"] == {
        "id": account.authorization_id,
        "type": "SoftPhone",
        "status": "Offline",
        "computerName": "Home",
    }
    assert provision["sipInfo"] == [
        {
            "username": "17203861294*115",
            "password": account.password,
            "authorizationTypes": ["SipDigest"],
            "authorizationId": account.authorization_id,
            "domain": "sip.ringcentral.com",
            "outboundProxy": "127.0.0.1:5099",
            "transport": "TCP",
            "switchBackInterval": 3600,
        }
    ]
    assert account == SipAccount(
        "17203861294*115", account.authorization_id, account.password, "sip.ringcentral.com"
    )
    assert len(account.authorization_id) == 12 and account.authorization_id.isdigit()
    assert provision["sipFlags"]["dscpVoice"] == 46
    assert provision["sipErrorCodes"] == ["408", "503", "502", "504"]
    assert provision["pollingInterval"] == 7200


async def test_a_backup_proxy_is_handed_out_when_there_is_one(
    phone: Phone, token: str, rest: RestSimulator
) -> None:
    rest.sip_proxy_backup = "127.0.0.1:5098"

    _, provision = await phone.provision(token, device={"computerName": "Home"}, sipInfo=TCP)

    assert provision["sipInfo"][0]["outboundProxyBackup"] == "127.0.0.1:5098"


async def test_each_new_device_is_told_once(phone: Phone, clock: Clock) -> None:
    told: list[SipAccount] = []
    other = RestSimulator(clock=clock, on_device=told.append)
    await other.start()
    phone.rest = other
    _, granted = await phone.token()
    _, first = await phone.provision(granted["access_token"], device={"computerName": "Home"}, sipInfo=TCP)
    device = {"computerName": "Home", "id": first["device"]["id"]}
    await phone.provision(granted["access_token"], device=device, sipInfo=TCP)
    await other.stop()

    assert tuple(told) == other.sip_accounts
    assert len(told) == 1


async def test_a_device_that_is_sent_back_stays_the_same(
    phone: Phone, token: str, rest: RestSimulator
) -> None:
    _, first = await phone.provision(token, device={"computerName": "Home"}, sipInfo=TCP)
    device = {"computerName": "Home", "id": first["device"]["id"]}

    assert (await phone.provision(token, device=device, sipInfo=TCP))[1] == first
    assert len(rest.sip_accounts) == 1


async def test_without_a_device_another_is_made(phone: Phone, token: str, rest: RestSimulator) -> None:
    _, first = await phone.provision(token, device={"computerName": "Home"}, sipInfo=TCP)
    _, second = await phone.provision(token, device={"computerName": "Home"}, sipInfo=TCP)

    assert first["sipInfo"][0]["authorizationId"] != second["sipInfo"][0]["authorizationId"]
    assert len(rest.sip_accounts) == 2


@pytest.mark.parametrize(
    ("device_id", "answer"),
    [("1" * 39, (400, "SPR-114")), ("abc", (400, "SPR-118")), ("802398804016", (404, "CMN-102"))],
)
async def test_a_device_nobody_knows_is_rejected(
    phone: Phone, token: str, device_id: str, answer: tuple[int, str]
) -> None:
    device = {"computerName": "Home", "id": device_id}

    assert _code(await phone.provision(token, device=device, sipInfo=TCP)) == answer


async def test_devices_may_be_forgotten(phone: Phone, token: str, rest: RestSimulator) -> None:
    _, first = await phone.provision(token, device={"computerName": "Home"}, sipInfo=TCP)
    rest.forget_devices()
    device = {"computerName": "Home", "id": first["device"]["id"]}

    assert _code(await phone.provision(token, device=device, sipInfo=TCP)) == (404, "CMN-102")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sipInfo": []},
        {"sipInfo": [{}], "device": {"computerName": "Home"}},
        {"sipInfo": [{"transport": "SCTP"}], "device": {"computerName": "Home"}},
        {"sipInfo": TCP},
        {"sipInfo": TCP, "device": {"computerName": ""}},
    ],
)
async def test_tcp_must_be_asked_for_with_a_computers_name(
    phone: Phone, token: str, body: dict[str, Any], rest: RestSimulator
) -> None:
    assert _code(await phone.provision(token, **body)) == (400, "CMN-101")
    assert rest.sip_accounts == ()


async def test_wss_needs_no_computers_name(phone: Phone, token: str) -> None:
    _, provision = await phone.provision(token, sipInfo=[{"transport": "WSS"}])

    assert provision["sipInfo"][0]["transport"] == "WSS"


async def test_a_user_agent_without_a_version_is_refused(phone: Phone, token: str) -> None:
    phone.agent = "Test"

    answer = await phone.provision(token, device={"computerName": "Home"}, sipInfo=TCP)

    assert _code(answer) == (403, "SPR-122")


async def test_provisioning_needs_its_permission_and_a_session(
    phone: Phone, token: str, rest: RestSimulator
) -> None:
    rest.account.permissions = frozenset({"ReadAccounts"})

    assert _code(await phone.provision(token, sipInfo=TCP)) == (403, "CMN-401")
    assert _code(await phone.provision("x", sipInfo=TCP)) == (401, "OAU-213")


@pytest.mark.parametrize("code", sorted(REFUSALS))
async def test_every_documented_error_is_answered_on_demand(
    phone: Phone, token: str, rest: RestSimulator, code: str
) -> None:
    rest.fail_next(Endpoint.EXTENSION, code)

    assert _code(await phone.extension(token)) == (REFUSALS[code].status, code)


async def test_a_fault_lasts_as_often_as_told_and_for_its_endpoint_only(
    phone: Phone, token: str, rest: RestSimulator
) -> None:
    rest.fail_next(Endpoint.EXTENSION, "CMN-203", times=2)

    assert (await phone.token())[0] == 200
    assert [(await phone.extension(token))[0] for _ in range(3)] == [500, 500, 200]


async def test_a_429_closes_its_group_and_each_request_meanwhile_starts_the_penalty_again(
    phone: Phone, token: str, rest: RestSimulator, clock: Clock
) -> None:
    rest.fail_next(Endpoint.EXTENSION, "CMN-301")
    assert _code(await phone.extension(token)) == (429, "CMN-301")

    clock.now += PENALTY - 1
    assert (await phone.extension(token))[0] == 429
    clock.now += PENALTY - 1
    assert (await phone.extension(token))[0] == 429
    assert (await phone.token())[0] == 200
    clock.now += PENALTY
    assert (await phone.extension(token))[0] == 200


async def test_the_penalty_of_signing_in_covers_revoking(phone: Phone, rest: RestSimulator) -> None:
    rest.fail_next(Endpoint.TOKEN, "CMN-301")
    await phone.token()

    assert (await phone.revoke("x"))[0] == 429


async def test_a_429_and_a_503_say_how_long(phone: Phone, rest: RestSimulator) -> None:
    for code in ("CMN-201", "CMN-301"):
        rest.fail_next(Endpoint.EXTENSION, code)
    answers = [await phone.session.get(rest.url + Endpoint.EXTENSION) for _ in range(2)]

    assert [answer.headers["Retry-After"] for answer in answers] == ["30", "60"]


async def test_an_answer_of_ones_own_is_sent(phone: Phone, rest: RestSimulator) -> None:
    rest.fail_next(Endpoint.EXTENSION, lambda: web.json_response({"own": True}, status=418))

    assert await phone.extension("x") == (418, {"own": True})


async def test_garbage_is_no_json(phone: Phone, rest: RestSimulator) -> None:
    rest.fail_next(Endpoint.EXTENSION, Trouble.GARBAGE)

    with pytest.raises(ValueError):
        await phone.extension("x")


async def test_a_dropped_connection_has_no_answer(phone: Phone, rest: RestSimulator) -> None:
    rest.fail_next(Endpoint.TOKEN, Trouble.DROP)

    with pytest.raises(aiohttp.ClientConnectionError):
        await phone.token()


async def test_a_hanging_request_is_logged_without_a_status(phone: Phone, rest: RestSimulator) -> None:
    rest.fail_next(Endpoint.EXTENSION, Trouble.HANG)

    with pytest.raises(TimeoutError):
        await phone.session.get(rest.url + Endpoint.EXTENSION, timeout=aiohttp.ClientTimeout(0.05))

    assert rest.requests[0].status == 0


async def test_an_unknown_path_is_not_found(phone: Phone) -> None:
    assert _code(await phone.get("/restapi/v1.0/account/~")) == (404, "CMN-102")


async def test_requests_are_logged_as_they_came(phone: Phone, token: str, rest: RestSimulator) -> None:
    await phone.provision(token, device={"computerName": "Home"}, sipInfo=TCP)

    first, second = rest.requests
    assert (first.endpoint, first.status, first.json) == (Endpoint.TOKEN, 200, None)
    assert first.form["grant_type"] == JWT_GRANT
    assert (second.endpoint, second.status, second.form) == (Endpoint.SIP_PROVISION, 200, {})
    assert second.json == {"device": {"computerName": "Home"}, "sipInfo": TCP}
    assert second.headers["Authorization"] == f"Bearer {token}"
    assert rest.asked(Endpoint.SIP_PROVISION) == [second]


async def test_it_may_be_stopped_twice_and_started_again_where_it_was(
    phone: Phone, rest: RestSimulator
) -> None:
    port = int(rest.url.rpartition(":")[2])
    await rest.stop()
    await rest.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await phone.token()

    assert await rest.start(port=port) == rest.url
    assert (await phone.token())[0] == 200


async def test_a_browser_is_sent_back_with_a_code(phone: Phone, rest: RestSimulator) -> None:
    query = {
        "response_type": "code",
        "client_id": rest.account.client_id,
        "redirect_uri": rest.account.redirect_uri,
    }
    url = rest.url + Endpoint.AUTHORIZE
    async with phone.session.get(url, params=query, allow_redirects=False) as response:
        where = URL(response.headers["Location"])

    assert (response.status, str(where.with_query(None))) == (302, rest.account.redirect_uri)
    assert where.query.keys() == {"code", "expires_in"}


async def test_an_existing_phone_is_found_in_the_list(phone: Phone, token: str, rest: RestSimulator) -> None:
    device = rest.devices.add_existing("Door", "+16505550123")

    _, listed = await phone.get(Endpoint.DEVICES, token)
    _, info = await phone.get(Endpoint.SIP_INFO.format(device_id=listed["records"][0]["id"]), token)

    assert info["userName"] == device.username
    assert info["outboundProxies"] == [{"region": "NA", "proxy": "127.0.0.1:5099"}]
    assert rest.asked(Endpoint.SIP_INFO)[0].status == 200


async def test_the_proxies_of_the_regions_may_be_told(phone: Phone, token: str, rest: RestSimulator) -> None:
    rest.region_proxies = [{"region": "EMEA", "proxy": "127.0.0.1:5098", "proxyTLS": "127.0.0.1:5096"}]
    rest.devices.add_existing("Door", "+16505550123")
    (device_id,) = rest.devices.existing

    _, info = await phone.get(Endpoint.SIP_INFO.format(device_id=device_id), token)

    assert info["outboundProxies"] == rest.region_proxies


@pytest.mark.parametrize("path", [Endpoint.DEVICES, Endpoint.SIP_INFO.format(device_id="1")])
async def test_devices_are_shown_to_who_is_signed_in_only(phone: Phone, path: str) -> None:
    assert _code(await phone.get(path)) == (401, "OAU-213")


# What belongs to the extension


async def test_contacts_take_a_permission_of_their_own(phone: Phone, rest: RestSimulator, token: str) -> None:
    rest.address_book.add(firstName="Anna")
    assert _code(await phone.get(Endpoint.CONTACTS, token)) == (403, "CMN-401")
    rest.account.permissions |= {"ReadContacts"}

    status, page = await phone.get(f"{Endpoint.CONTACTS}?page=1&perPage=10", token)

    assert (status, page["records"][0]["firstName"]) == (200, "Anna")
    assert page["navigation"]["firstPage"]["uri"] == f"{rest.url}{Endpoint.CONTACTS}?page=1&perPage=10"


async def test_blocking_takes_a_permission_that_reading_does_not(
    phone: Phone, rest: RestSimulator, token: str
) -> None:
    spam = {"phoneNumber": "+16505550142"}
    assert (await phone.get(Endpoint.BLOCKED_NUMBERS, token))[0] == 200
    assert _code(await phone.send("POST", Endpoint.BLOCKED_NUMBERS, token, spam)) == (403, "CMN-401")
    rest.account.permissions |= {"EditExtensions"}

    _, entry = await phone.send("POST", Endpoint.BLOCKED_NUMBERS, token, spam)
    one = f"{Endpoint.BLOCKED_NUMBERS}/{entry['id']}"

    assert await phone.send("DELETE", one, token) == (204, None)
    assert _code(await phone.send("DELETE", one, token)) == (404, "CMN-102")
    assert [request.method for request in rest.asked(Endpoint.BLOCKED_NUMBER)] == ["DELETE", "DELETE"]


async def test_changes_of_the_list_are_limited_apart_from_reading_it(
    phone: Phone, rest: RestSimulator, token: str
) -> None:
    rest.account.permissions |= {"EditExtensions"}
    rest.fail_next(Endpoint.BLOCKED_NUMBERS, "CMN-301")

    assert (await phone.send("POST", Endpoint.BLOCKED_NUMBERS, token, {}))[0] == 429
    assert (await phone.get(Endpoint.BLOCKED_NUMBERS, token))[0] == 200
    assert (await phone.send("DELETE", f"{Endpoint.BLOCKED_NUMBERS}/1", token))[0] == 429
