"""The phones of an extension: which are listed, and what registers them."""

import pytest

from simulator.devices import Devices
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

    (record,) = devices.records()["records"]
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
        {"device": {"computerName": "Home"}, "sipInfo": [{"transport": "TCP"}]}, "127.0.0.1:5090", None
    )

    assert devices.records()["records"] == []
    assert [device.provisioned for device in told] == [True]


def test_only_an_existing_phone_shows_its_values(devices: Devices) -> None:
    devices.show("HardPhone", "Desk", "+16505550124")
    (record,) = devices.records()["records"]

    with pytest.raises(Refused, match="CMN-102"):
        devices.sip_info(record["id"], PROXIES)


def test_each_needs_a_permission_of_the_user(devices: Devices, account: Account) -> None:
    account.user_permissions = frozenset()

    with pytest.raises(Refused, match="CMN-408") as listing:
        devices.records()
    with pytest.raises(Refused, match="CMN-408") as reading:
        devices.sip_info("1", PROXIES)

    assert [caught.value.permission for caught in (listing, reading)] == [
        "ReadUserDevices",
        "ReadCompanyDevices",
    ]
