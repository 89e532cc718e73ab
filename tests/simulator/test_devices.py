"""The phones of an extension: which are listed, and what registers them."""

import pytest

from simulator.devices import Devices, Proxies
from simulator.refusals import Refused
from simulator.user import Account, SipAccount

PROXIES = [{"region": "NA", "proxy": "127.0.0.1:5090"}]


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def told() -> list[SipAccount]:
    return []


@pytest.fixture
def devices(account: Account, told: list[SipAccount]) -> Devices:
    return Devices(account, told.append)


def test_an_existing_phone_is_listed_and_has_its_values(devices: Devices, told: list[SipAccount]) -> None:
    phone = devices.add_existing("Door", "+16505550123")

    (record,) = devices.page({}, "")["records"]
    assert (record["type"], record["name"]) == ("OtherPhone", "Door")
    assert record["phoneLines"][0]["phoneInfo"]["phoneNumber"] == "+16505550123"
    assert devices.sip_info(record["id"], PROXIES) == {
        "domain": "sip.ringcentral.com",
        "outboundProxies": PROXIES,
        "userName": "16505550123",
        "password": phone.password,
        "authorizationId": phone.authorization_id,
    }
    assert told == [phone]
    assert not phone.provisioned


def test_a_provisioned_device_is_not_listed(devices: Devices, told: list[SipAccount]) -> None:
    devices.provision(
        {"device": {"computerName": "Home"}, "sipInfo": [{"transport": "TCP"}]},
        {"TCP": Proxies("127.0.0.1:5090")},
    )

    assert devices.page({}, "")["records"] == []
    assert [device.provisioned for device in told] == [True]


def test_only_an_existing_phone_shows_its_values(devices: Devices) -> None:
    devices.show("HardPhone", "Desk", "+16505550124")
    (record,) = devices.page({}, "")["records"]

    with pytest.raises(Refused, match="CMN-102"):
        devices.sip_info(record["id"], PROXIES)


def test_each_needs_a_permission_of_the_user(devices: Devices, account: Account) -> None:
    account.user_permissions = frozenset()

    with pytest.raises(Refused, match="CMN-408") as listing:
        devices.page({}, "")
    with pytest.raises(Refused, match="CMN-408") as reading:
        devices.sip_info("1", PROXIES)

    assert [caught.value.permission for caught in (listing, reading)] == [
        "ReadUserDevices",
        "ReadCompanyDevices",
    ]


def test_each_transport_is_answered_with_its_own_proxy_where_it_is_served(devices: Devices) -> None:
    body = {"device": {"computerName": "Home"}, "sipInfo": [{"transport": "TLS"}, {"transport": "TCP"}]}
    proxies = {"TCP": Proxies("a:5090", "b:5090"), "TLS": Proxies("a:5096")}

    both = devices.provision(body, proxies)["sipInfo"]
    one = devices.provision(body, {"TCP": Proxies("a:5090")})["sipInfo"]

    assert [(info["transport"], info["outboundProxy"]) for info in both] == [
        ("TLS", "a:5096"),
        ("TCP", "a:5090"),
    ]
    assert [info.get("outboundProxyBackup") for info in both] == [None, "b:5090"]
    assert [info["transport"] for info in one] == ["TCP"]


def test_a_transport_that_is_not_served_is_refused(devices: Devices) -> None:
    with pytest.raises(Refused, match="CMN-101"):
        devices.provision(
            {"device": {"computerName": "Home"}, "sipInfo": [{"transport": "TLS"}]},
            {"TCP": Proxies("a:5090")},
        )
