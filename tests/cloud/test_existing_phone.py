"""What the device list and a device's sip-info say."""

from typing import Any

import pytest

from custom_components.ringcentral.cloud import ExistingPhone, Provision, Region, SipInfo
from custom_components.ringcentral.cloud.existing_phone import existing_phones, provision_of

RECORD = {
    "id": "802398900001",
    "type": "OtherPhone",
    "name": "Front door",
    "phoneLines": [{"phoneInfo": None}, {"phoneInfo": {"phoneNumber": "+16505550123"}}],
}
SIP_INFO: dict[str, Any] = {
    "domain": "sip.ringcentral.com",
    "outboundProxies": [
        {"region": "NA", "proxy": "sip10.ringcentral.com:5090", "proxyTLS": "sip10.ringcentral.com:5096"},
        {"region": "APAC", "proxy": "sip71.ringcentral.com:5090", "proxyTLS": "sip71.ringcentral.com:5096"},
        {"region": "EMEA", "proxy": "sip40.ringcentral.com:5090", "proxyTLS": "sip40.ringcentral.com:5096"},
        {"region": "MARS", "proxy": "sip99.ringcentral.com:5090", "proxyTLS": "sip99.ringcentral.com:5096"},
    ],
    "userName": "16505550123",
    "password": "s3cret",
    "authorizationId": "802512345678",
}


def proxies(*offered: dict[str, str]) -> dict[str, Any]:
    return SIP_INFO | {"outboundProxies": list(offered)}


def test_the_existing_phones_are_picked_from_all_devices() -> None:
    found = existing_phones([RECORD, RECORD | {"type": "HardPhone"}, {"type": "SoftPhone"}])

    assert found == (ExistingPhone("802398900001", "Front door", "+16505550123"),)


def test_a_phone_may_lack_name_and_number() -> None:
    assert existing_phones([{"id": 7, "type": "OtherPhone"}]) == (ExistingPhone("7", None, None),)


@pytest.mark.parametrize("wrong", [[1], [RECORD | {"id": "../../x"}]])
def test_a_list_that_is_none_is_refused(wrong: list[Any]) -> None:
    with pytest.raises(ValueError):
        existing_phones(wrong)


@pytest.mark.parametrize(
    ("near", "first", "second"),
    [
        (Region.NA, "sip10", "sip40"),
        (Region.EMEA, "sip40", "sip10"),
        (Region.APAC, "sip71", "sip10"),
        (Region.LATAM, "sip10", "sip40"),
    ],
)
def test_the_nearest_proxy_comes_first_and_the_next_stands_in(near: Region, first: str, second: str) -> None:
    provision = provision_of("7", SIP_INFO, near)

    assert provision == Provision(
        device_id="7",
        sip_info=(
            SipInfo(
                username="16505550123",
                password="s3cret",
                authorization_id="802512345678",
                domain="sip.ringcentral.com",
                outbound_proxy=f"{first}.ringcentral.com:5096",
                outbound_proxy_backup=f"{second}.ringcentral.com:5096",
                transport="TLS",
            ),
        ),
        existing=True,
    )


def test_an_encrypted_proxy_far_away_is_better_than_a_plain_one_nearby() -> None:
    offered = proxies({"region": "NA", "proxy": "a:5090"}, {"region": "APAC", "proxyTLS": "b:5096"})

    (info,) = provision_of("7", offered, Region.NA).sip_info
    assert (info.transport, info.outbound_proxy, info.outbound_proxy_backup) == ("TLS", "b:5096", None)


def test_without_encrypted_proxies_plain_ones_are_used() -> None:
    (info,) = provision_of("7", proxies({"region": "NA", "proxy": "a:5090"}), Region.NA).sip_info

    assert (info.transport, info.outbound_proxy) == ("TCP", "a:5090")


def test_who_wants_no_encryption_gets_a_plain_proxy() -> None:
    (info,) = provision_of("7", SIP_INFO, Region.NA, encrypted=False).sip_info

    assert (info.transport, info.outbound_proxy) == ("TCP", "sip10.ringcentral.com:5090")


def test_where_every_proxy_is_encrypted_so_is_the_line() -> None:
    offered = proxies({"region": "NA", "proxyTLS": "a:5096"})

    (info,) = provision_of("7", offered, Region.NA, encrypted=False).sip_info
    assert info.transport == "TLS"


@pytest.mark.parametrize("offered", [[], [{"region": "NA"}], [{"region": "NA", "proxy": "no port"}]])
def test_without_a_proxy_there_is_no_line(offered: list[dict[str, str]]) -> None:
    with pytest.raises(ValueError, match="outboundProxies"):
        provision_of("7", proxies(*offered), Region.NA)


@pytest.mark.parametrize("missing", ["userName", "password", "authorizationId", "domain"])
def test_without_one_of_the_values_there_is_no_line(missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        provision_of("7", {key: value for key, value in SIP_INFO.items() if key != missing}, Region.NA)


def test_what_is_kept_reads_back_the_same() -> None:
    provision = provision_of("7", SIP_INFO, Region.EMEA)

    assert Provision.from_dict(provision.as_dict()) == provision


def test_numbers_and_secrets_stay_out_of_the_reprs() -> None:
    shown = f"{existing_phones([RECORD])} {provision_of('802398900001', SIP_INFO, Region.NA)}"

    for secret in ("802398900001", "16505550123", "s3cret", "802512345678", "Front door"):
        assert secret not in shown
