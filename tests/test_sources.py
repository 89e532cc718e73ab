"""What a line registers with, whatever it comes from."""

import pytest

from custom_components.ringcentral.softphone import Proxy
from custom_components.ringcentral.sources import account_of, with_port, without_port

SIP_INFO = {
    "username": "user",
    "password": "password",
    "authorizationId": "id",
    "domain": "sip.example.com",
    "outboundProxy": "a.example.com:5090",
    "outboundProxyBackup": "a.example.com:5090",
    "outboundProxyIPv6": "[2001:db8::1]:5090",
    "outboundProxyIPv6Backup": "nonsense",
}


def test_the_stand_ins_come_after_the_first_proxy_and_each_once() -> None:
    account = account_of(
        {"source": "ringcentral", "provision": {"device": {"id": "1"}, "sipInfo": [SIP_INFO]}}
    )

    assert account.proxies == (Proxy("a.example.com", 5090), Proxy("2001:db8::1", 5090))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("fritz.box", "fritz.box:5060"),
        (" fritz.box:5061 ", "fritz.box:5061"),
        ("192.168.1.10", "192.168.1.10:5060"),
        ("[2001:db8::1]", "[2001:db8::1]:5060"),
        ("[2001:db8::1]:5090", "[2001:db8::1]:5090"),
    ],
)
def test_an_address_may_come_without_its_port(address: str, expected: str) -> None:
    assert with_port(address, 5060) == expected


@pytest.mark.parametrize(
    "address", ["", "a b", "a/b", "https://a", "a:0", "a:65536", "a@b", "-a", "2001:db8::1"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError):
        with_port(address, 5060)


def test_a_domain_loses_its_port() -> None:
    assert (without_port("sip.ringcentral.com:5060"), without_port(" fritz.box ")) == (
        "sip.ringcentral.com",
        "fritz.box",
    )
