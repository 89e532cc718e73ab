"""The client against a RingCentral on loopback."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
import logging

import aiohttp
from aiohttp import web
import pytest

from custom_components.ringcentral.cloud import (
    AppCredentials,
    EncryptionWithdrawn,
    ExistingPhone,
    Extension,
    ExtensionUnusable,
    FeatureUnavailable,
    MissingPermission,
    Patience,
    RateLimited,
    RingCentralClient,
    RingCentralError,
    SignInRefused,
    SipFlags,
    SipInfo,
    UnexpectedAnswer,
    Unreachable,
    WrongApp,
    WrongJwt,
)
from simulator.rest import Endpoint, RestSimulator, Trouble

from .conftest import USER_AGENT, Clock, MakeClient


async def test_the_extension_is_returned(client: RingCentralClient) -> None:
    assert await client.extension() == Extension(
        id="802398804016",
        account_id="802398804",
        name="Reception",
        extension_number="115",
        status="Enabled",
        main_number="+17203861294",
    )


@pytest.mark.parametrize("status", ["Disabled", "Frozen", "NotActivated", "Unassigned"])
async def test_an_extension_that_is_not_enabled_is_unusable(
    client: RingCentralClient, rest: RestSimulator, status: str
) -> None:
    rest.account.status = status

    with pytest.raises(ExtensionUnusable) as caught:
        await client.extension()

    assert caught.value.request_id


async def test_a_line_is_provisioned(client: RingCentralClient, rest: RestSimulator) -> None:
    rest.sip_proxy, rest.sip_proxy_backup = "127.0.0.1:5091", "127.0.0.1:5092"

    provision = await client.provision("Home")

    (account,) = rest.sip_accounts
    assert provision.sip_info == (
        SipInfo(
            username=account.username,
            password=account.password,
            authorization_id=account.authorization_id,
            domain="sip.ringcentral.com",
            outbound_proxy="127.0.0.1:5091",
            outbound_proxy_backup="127.0.0.1:5092",
            transport="TCP",
            switch_back_interval=3600,
        ),
    )
    assert provision.device_id == account.authorization_id
    assert provision.sip_flags == SipFlags(dscp_enabled=True, dscp_signaling=26, dscp_voice=46, dscp_video=34)
    assert provision.sip_error_codes == (408, 503, 502, 504)
    assert provision.polling_interval == 7200


async def test_provisioning_asks_for_tls_before_tcp_and_names_the_computer(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    await client.provision("Home")

    (request,) = rest.asked(Endpoint.SIP_PROVISION)
    assert request.json == {
        "device": {"computerName": "Home"},
        "sipInfo": [{"transport": "TLS"}, {"transport": "TCP"}],
    }


async def test_a_line_is_encrypted_where_ringcentral_offers_it(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.sip_proxy_tls = "127.0.0.1:5096"

    provision = await client.provision("Home")

    assert provision.encrypted
    assert [(info.transport, info.outbound_proxy) for info in provision.sip_info] == [
        ("TLS", "127.0.0.1:5096"),
        ("TCP", rest.sip_proxy),
    ]


async def test_who_wants_no_encryption_is_not_offered_any(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.sip_proxy_tls = "127.0.0.1:5096"

    provision = await client.provision("Home", encrypted=False)

    assert [info.transport for info in provision.sip_info] == ["TCP"]
    assert asked_for(rest) == [["TCP"]]


def asked_for(rest: RestSimulator) -> list[list[str]]:
    """Return the transports each provisioning asked for."""
    return [
        [info["transport"] for info in request.json["sipInfo"]]
        for request in rest.asked(Endpoint.SIP_PROVISION)
    ]


@pytest.mark.parametrize("code", ["CMN-101", "SPR-129"])
async def test_a_service_that_knows_no_tls_is_asked_for_tcp_alone(
    client: RingCentralClient, rest: RestSimulator, code: str
) -> None:
    rest.fail_next(Endpoint.SIP_PROVISION, code, times=2)

    assert [info.transport for info in (await client.provision("Home")).sip_info] == ["TCP"]
    assert asked_for(rest) == [["TLS", "TCP"], ["TLS"], ["TCP"]]


async def test_a_service_that_wants_one_transport_at_a_time_is_asked_for_tls(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.sip_proxy_tls = "127.0.0.1:5096"
    rest.fail_next(Endpoint.SIP_PROVISION, "CMN-101")

    assert (await client.provision("Home")).encrypted
    assert asked_for(rest) == [["TLS", "TCP"], ["TLS"]]


async def test_a_request_that_is_rejected_in_every_form_is_told(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.fail_next(Endpoint.SIP_PROVISION, "CMN-101", times=5)

    with pytest.raises(UnexpectedAnswer) as caught:
        await client.provision("Home")

    assert caught.value.error_code == "CMN-101"
    assert len(asked_for(rest)) == 3


@pytest.mark.parametrize("fault", ["CMN-203", "CMN-301", "BIL-103"])
async def test_any_other_trouble_does_not_cost_the_encryption(
    client: RingCentralClient, rest: RestSimulator, fault: str
) -> None:
    rest.fail_next(Endpoint.SIP_PROVISION, fault)

    with pytest.raises(RingCentralError):
        await client.provision("Home")

    assert asked_for(rest) == [["TLS", "TCP"]]


async def test_a_way_that_was_not_asked_for_is_not_taken(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    answer = await client.provision("Home")
    (info,) = (replace(info, transport="WSS") for info in answer.sip_info)
    rest.fail_next(
        Endpoint.SIP_PROVISION, lambda: web.json_response(replace(answer, sip_info=(info,)).as_dict())
    )

    with pytest.raises(UnexpectedAnswer):
        await client.provision("Home")


async def test_a_line_that_was_encrypted_is_not_renewed_in_the_clear(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.sip_proxy_tls = "127.0.0.1:5096"
    kept = await client.provision("Home")
    rest.sip_proxy_tls = None

    with pytest.raises(EncryptionWithdrawn):
        await client.renew("Home", kept)
    assert not (await client.renew("Home", kept, encrypted=False)).encrypted


async def test_a_line_in_the_clear_is_encrypted_as_soon_as_that_is_offered(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    kept = await client.provision("Home")
    rest.sip_proxy_tls = "127.0.0.1:5096"

    assert (await client.renew("Home", kept)).encrypted


async def test_the_choice_holds_for_an_existing_phone(client: RingCentralClient, rest: RestSimulator) -> None:
    rest.devices.add_existing("Door", "+16505550123")
    (device_id,) = rest.devices.existing
    rest.sip_proxy_tls = "127.0.0.1:5096"
    kept = await client.existing_phone(device_id)

    assert kept.encrypted
    assert not (await client.existing_phone(device_id, encrypted=False)).encrypted
    assert not (await client.renew("Home", kept, encrypted=False)).encrypted


async def test_a_kept_device_is_provisioned_again_as_it_is(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    first = await client.provision("Home")

    assert await client.provision("Home", first.device_id) == first
    assert rest.asked(Endpoint.SIP_PROVISION)[-1].json["device"]["id"] == first.device_id


@pytest.mark.parametrize("device_id", ["802398804999", "not-a-number", "1" * 39])
async def test_a_device_that_is_not_known_any_more_is_replaced(
    client: RingCentralClient, rest: RestSimulator, device_id: str
) -> None:
    provision = await client.provision("Home", device_id)

    assert provision.device_id == rest.sip_accounts[0].authorization_id
    assert ["id" in request.json["device"] for request in rest.asked(Endpoint.SIP_PROVISION)] == [True, False]


@pytest.mark.parametrize("code", ["SPR-114", "SPR-118", "SPR-130", "CMN-102"])
async def test_a_rejected_device_is_dropped_once_only(
    client: RingCentralClient, rest: RestSimulator, code: str
) -> None:
    rest.fail_next(Endpoint.SIP_PROVISION, code, times=5)

    with pytest.raises(UnexpectedAnswer) as caught:
        await client.provision("Home", "802398804016")

    assert caught.value.error_code == code
    assert len(rest.asked(Endpoint.SIP_PROVISION)) == 2


async def test_without_a_device_a_rejection_is_not_repeated(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.fail_next(Endpoint.SIP_PROVISION, "CMN-102", times=5)

    with pytest.raises(UnexpectedAnswer):
        await client.provision("Home")

    assert len(rest.asked(Endpoint.SIP_PROVISION)) == 1


async def test_another_error_does_not_cost_the_device(client: RingCentralClient, rest: RestSimulator) -> None:
    rest.fail_next(Endpoint.SIP_PROVISION, "BIL-103", times=5)

    with pytest.raises(FeatureUnavailable) as caught:
        await client.provision("Home", "802398804016")

    assert caught.value.feature == "WebPhone"
    assert len(rest.asked(Endpoint.SIP_PROVISION)) == 1


@pytest.mark.parametrize("name", ["ReadAccounts", "VoipCalling"])
async def test_a_missing_permission_is_named(
    client: RingCentralClient, rest: RestSimulator, name: str
) -> None:
    rest.account.permissions -= {name}
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "ReadAccounts": client.extension,
        "VoipCalling": lambda: client.provision("Home"),
    }

    with pytest.raises(MissingPermission) as caught:
        await calls[name]()

    assert caught.value.permission == name
    assert caught.value.error_code == "CMN-401"
    assert caught.value.request_id


@pytest.mark.parametrize(
    ("change", "kind"),
    [({"client_id": "x"}, WrongApp), ({"client_secret": "x"}, WrongApp), ({"jwt": "x"}, WrongJwt)],
)
async def test_a_wrong_credential_is_told_apart_and_tried_once(
    make_client: MakeClient,
    credentials: AppCredentials,
    rest: RestSimulator,
    change: dict[str, str],
    kind: type[Exception],
) -> None:
    with pytest.raises(kind):
        await make_client(replace(credentials, **change)).extension()

    assert [request.endpoint for request in rest.requests] == [Endpoint.TOKEN]


@pytest.mark.parametrize("code", ["OAU-128", "OAU-129", "OAU-149", "OAU-213"])
async def test_a_token_that_died_is_replaced_and_the_call_repeated_once(
    client: RingCentralClient, rest: RestSimulator, code: str
) -> None:
    rest.fail_next(Endpoint.EXTENSION, code)

    assert (await client.extension()).id == "802398804016"

    first, second = rest.asked(Endpoint.EXTENSION)
    assert first.headers["Authorization"] != second.headers["Authorization"]
    assert len(rest.asked(Endpoint.TOKEN)) == 2


async def test_a_second_dead_token_in_a_row_is_an_error(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.fail_next(Endpoint.EXTENSION, "OAU-213", times=5)

    with pytest.raises(UnexpectedAnswer) as caught:
        await client.extension()

    assert caught.value.error_code == "OAU-213"
    assert len(rest.asked(Endpoint.EXTENSION)) == 2


async def test_sessions_ended_from_afar_are_signed_in_again(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    await client.extension()
    rest.end_sessions()

    await client.extension()

    grants = [request.form["grant_type"].rpartition(":")[2] for request in rest.asked(Endpoint.TOKEN)]
    assert grants == ["jwt-bearer", "refresh_token", "jwt-bearer"]


async def test_after_an_unexplained_401_the_next_call_signs_in_anew(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.fail_next(Endpoint.EXTENSION, "CMN-405")
    with pytest.raises(UnexpectedAnswer):
        await client.extension()

    await client.extension()

    grants = [request.form["grant_type"].rpartition(":")[2] for request in rest.asked(Endpoint.TOKEN)]
    assert grants == ["jwt-bearer", "jwt-bearer"]
    assert len(rest.asked(Endpoint.EXTENSION)) == 2


@pytest.mark.parametrize(
    "fault",
    [Trouble.GARBAGE, lambda: web.json_response({}), lambda: web.json_response([])],
    ids=["garbage", "empty", "array"],
)
@pytest.mark.parametrize("endpoint", [Endpoint.TOKEN, Endpoint.EXTENSION, Endpoint.SIP_PROVISION])
async def test_an_answer_without_what_it_must_have_is_unexpected(
    client: RingCentralClient,
    rest: RestSimulator,
    endpoint: Endpoint,
    fault: Trouble | Callable[[], web.Response],
) -> None:
    rest.fail_next(endpoint, fault)
    calls: dict[Endpoint, Callable[[], Awaitable[object]]] = {
        Endpoint.TOKEN: client.extension,
        Endpoint.EXTENSION: client.extension,
        Endpoint.SIP_PROVISION: lambda: client.provision("Home"),
    }

    with pytest.raises(UnexpectedAnswer) as caught:
        await calls[endpoint]()

    assert caught.value.request_id


async def test_every_request_says_who_asks(client: RingCentralClient, rest: RestSimulator) -> None:
    await client.extension()
    await client.revoke()

    assert {request.headers["User-Agent"] for request in rest.requests} == {USER_AGENT}
    assert {request.headers["X-User-Agent"] for request in rest.requests} == {USER_AGENT}


@pytest.mark.parametrize("agent", ["", "HomeAssistant", "Home/x", "Home/1", "Home/1.0\r\nX: y", "Home/1.0 é"])
async def test_a_user_agent_that_ringcentral_could_not_parse_is_refused(
    session: aiohttp.ClientSession, credentials: AppCredentials, agent: str
) -> None:
    with pytest.raises(ValueError, match="user_agent"):
        RingCentralClient(session, credentials, user_agent=agent)


async def test_secrets_and_numbers_reach_neither_log_nor_error(
    client: RingCentralClient, rest: RestSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.ringcentral")
    caught: list[RingCentralError] = []
    await client.extension()
    provision = await client.provision("Home", "802398804999")
    rest.end_sessions()
    rest.fail_next(Endpoint.TOKEN, "OAU-140", times=2)
    with pytest.raises(SignInRefused) as refused:
        await client.extension()
    caught.append(refused.value)
    rest.fail_next(Endpoint.TOKEN, "CMN-301")
    with pytest.raises(RateLimited) as limited:
        await client.extension()
    caught.append(limited.value)

    told = f"{caplog.text} {[(repr(error), str(error)) for error in caught]}"
    account = rest.account
    tokens = [request.headers["Authorization"].partition(" ")[2] for request in rest.requests]
    secrets = [account.client_secret, account.jwt, account.main_number[1:], provision.device_id, *tokens]
    secrets += [provision.sip_info[0].password, "802398804999"]
    assert "OAU-140" in told
    assert [secret for secret in secrets if secret in told] == []


# Existing phones


@pytest.fixture
def device_id(rest: RestSimulator) -> str:
    """Return the id of the user's only Existing Phone."""
    rest.devices.add_existing("Front door", "+16505550123")
    (device_id,) = rest.devices.existing
    return device_id


async def test_the_existing_phones_of_the_user_are_listed(
    client: RingCentralClient, rest: RestSimulator, device_id: str
) -> None:
    rest.devices.show("HardPhone", "Desk", "+16505550100")

    assert await client.existing_phones() == (ExistingPhone(device_id, "Front door", "+16505550123"),)


@pytest.mark.parametrize("fault", ["CMN-401", "CMN-402", "CMN-408", "CMN-102", Trouble.GARBAGE])
async def test_a_list_that_cannot_be_had_is_an_empty_one(
    client: RingCentralClient, rest: RestSimulator, device_id: str, fault: str | Trouble
) -> None:
    rest.fail_next(Endpoint.DEVICES, fault)

    assert await client.existing_phones() == ()


async def test_all_pages_of_the_list_are_read(
    client: RingCentralClient, rest: RestSimulator, device_id: str
) -> None:
    for number in range(250):
        rest.devices.show("HardPhone", f"Desk {number}", f"+1650556{number:04}")
    rest.devices.add_existing("Gate", "+16505550124")

    assert [phone.name for phone in await client.existing_phones()] == ["Front door", "Gate"]
    assert len(rest.asked(Endpoint.DEVICES)) == 3


async def test_a_list_that_makes_no_sense_is_an_empty_one(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.fail_next(Endpoint.DEVICES, lambda: web.json_response({"records": "none"}))

    assert await client.existing_phones() == ()


async def test_a_list_that_nobody_was_asked_for_is_an_error(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.fail_next(Endpoint.DEVICES, "CMN-203")

    with pytest.raises(Unreachable):
        await client.existing_phones()


async def test_an_existing_phone_registers_with_its_own_values(
    client: RingCentralClient, rest: RestSimulator, device_id: str
) -> None:
    provision = await client.existing_phone(device_id)

    phone = rest.devices.existing[device_id]
    (info,) = provision.sip_info
    assert (info.username, info.password, info.authorization_id, info.domain) == (
        phone.username,
        phone.password,
        phone.authorization_id,
        phone.domain,
    )
    assert (provision.existing, provision.device_id) == (True, device_id)


async def test_an_existing_phone_that_may_not_be_seen_is_told(
    client: RingCentralClient, rest: RestSimulator, device_id: str
) -> None:
    rest.account.user_permissions = frozenset()

    with pytest.raises(FeatureUnavailable) as caught:
        await client.existing_phone(device_id)

    assert caught.value.feature == "ReadCompanyDevices"


async def test_sip_info_without_what_it_must_have_is_unexpected(
    client: RingCentralClient, rest: RestSimulator, device_id: str
) -> None:
    rest.region_proxies = [{"region": "NA"}]

    with pytest.raises(UnexpectedAnswer, match="outboundProxies"):
        await client.existing_phone(device_id)


async def test_either_kind_of_device_is_renewed_and_the_session_ended(
    client: RingCentralClient, rest: RestSimulator, device_id: str
) -> None:
    made, read = await client.provision("Home"), await client.existing_phone(device_id)

    assert await client.renew("Home", made) == made
    assert len(rest.sessions) == 0
    assert await client.renew("Home", read) == read
    assert len(rest.sessions) == 0
    assert len(rest.asked(Endpoint.SIP_PROVISION)) == len(rest.asked(Endpoint.SIP_INFO)) == 2


async def test_staying_signed_in_takes_a_token(client: RingCentralClient, rest: RestSimulator) -> None:
    await client.stay_signed_in()

    assert len(rest.sessions) == 1


async def test_a_devices_id_stays_out_of_the_log(
    client: RingCentralClient, device_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.ringcentral")

    await client.existing_phone(device_id)

    told = "\n".join(record.getMessage() for record in caplog.records if "ringcentral" in record.name)
    assert "/sip-info" in told and device_id not in told


async def test_a_client_made_anew_keeps_to_the_penalty_of_the_one_before(
    session: aiohttp.ClientSession, credentials: AppCredentials, rest: RestSimulator, clock: Clock
) -> None:
    patience = Patience()

    def client() -> RingCentralClient:
        return RingCentralClient(session, credentials, user_agent=USER_AGENT, clock=clock, patience=patience)

    rest.fail_next(Endpoint.TOKEN, "CMN-301")
    for _ in range(2):
        with pytest.raises(RateLimited):
            await client().extension()
        clock.tick(20)
    assert len(rest.requests) == 1

    clock.tick(21)
    assert (await client().extension()).name == "Reception"
