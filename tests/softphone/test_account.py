"""Accounts, proxies and flows."""

from dataclasses import replace
from typing import Any, cast

import pytest

from custom_components.ringcentral.softphone.account import Flow, Proxy, Transport
from tests.softphone.builders import ACCOUNT, AUTHORIZATION_ID, PASSWORD, USERNAME


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("sip10.ringcentral.com:5090", Proxy("sip10.ringcentral.com", 5090)),
        (" 192.0.2.1:65535 ", Proxy("192.0.2.1", 65535)),
        ("[2001:db8::1]:5060", Proxy("2001:db8::1", 5060)),
    ],
)
def test_a_proxy_is_read(text: str, proxy: Proxy) -> None:
    assert Proxy.parse(text) == proxy


@pytest.mark.parametrize(
    "text", ["", "host", ":5060", "host:", "host:0", "host:65536", "host:-1", "host:٣", "host:5 060"]
)
def test_a_proxy_without_host_or_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Proxy.parse(text)


def test_an_account_does_not_show_who_it_is() -> None:
    shown = repr(ACCOUNT) + repr(ACCOUNT.credentials)
    assert not [secret for secret in (USERNAME, PASSWORD, AUTHORIZATION_ID) if secret in shown]


def test_the_authorization_id_answers_challenges() -> None:
    assert ACCOUNT.credentials.username == AUTHORIZATION_ID
    assert ACCOUNT.credentials.password == PASSWORD


@pytest.mark.parametrize("field", ["domain", "authorization_id", "user_agent"])
@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\rb", "a\0", "a\u2028b"])
def test_an_account_that_would_break_out_of_its_header_is_refused_without_showing_it(
    field: str, value: str
) -> None:
    with pytest.raises(ValueError) as error:
        replace(ACCOUNT, **cast(dict[str, Any], {field: value}))
    assert value not in str(error.value)


def test_a_domain_is_one_word() -> None:
    with pytest.raises(ValueError):
        replace(ACCOUNT, domain="a b")
    assert replace(ACCOUNT, user_agent="Home Assistant").user_agent == "Home Assistant"


def test_the_first_proxy_is_the_account_s_proxy() -> None:
    first, second = Proxy("a", 1), Proxy("b", 2)
    assert replace(ACCOUNT, proxies=(first, second)).proxy == first


def test_an_account_has_a_proxy() -> None:
    with pytest.raises(ValueError):
        replace(ACCOUNT, proxies=())


@pytest.mark.parametrize(
    "instance", ["", "urn:uuid:1", 'urn:uuid:0>";x', "00000000-0000-1000-8000-000a95a0e128"]
)
def test_an_instance_id_that_is_none_is_refused(instance: str) -> None:
    with pytest.raises(ValueError):
        replace(ACCOUNT, instance_id=instance)


@pytest.mark.parametrize(("transport", "port"), [(Transport.TCP, 5060), (Transport.TLS, 5061)])
def test_a_transport_has_its_own_port(transport: Transport, port: int) -> None:
    assert transport.default_port == port


@pytest.mark.parametrize(
    ("flow", "via"),
    [
        (Flow("192.0.2.1", 5060), "SIP/2.0/TCP 192.0.2.1:5060;rport;branch=z9hG4bKx"),
        (Flow("2001:db8::1", 5060, "TLS"), "SIP/2.0/TLS [2001:db8::1]:5060;rport;branch=z9hG4bKx"),
    ],
)
def test_a_flow_names_its_own_address(flow: Flow, via: str) -> None:
    assert flow.via("x") == via


def test_what_is_secret_is_named_but_for_what_is_too_short_to_hide() -> None:
    assert ACCOUNT.secrets == [PASSWORD, AUTHORIZATION_ID, USERNAME]
    assert replace(ACCOUNT, username="101", authorization_id="101").secrets == [PASSWORD]


@pytest.mark.parametrize(("transport", "reliable"), [("TCP", True), ("TLS", True), ("UDP", False)])
def test_only_datagrams_may_be_lost(transport: str, reliable: bool) -> None:
    assert Flow("192.0.2.1", 5060, transport).reliable is reliable
