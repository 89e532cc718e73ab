"""What a line registers with, whatever it comes from."""

import contextlib
from pathlib import Path
import ssl
from typing import Any

from homeassistant.util.ssl import client_context
import pytest

from custom_components.ringcentral.account.sources import (
    account_of,
    certificates_in,
    registers_as,
    tls_of,
    with_port,
    without_port,
)
from custom_components.ringcentral.softphone import Proxy, Transport
from tests.authority import Authority
from tests.peers.certificate import write_certificate

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


RINGCENTRAL: dict[str, Any] = {
    "source": "ringcentral",
    "provision": {"device": {"id": "1"}, "sipInfo": [SIP_INFO]},
}
TYPED: dict[str, Any] = {
    "source": "sip",
    "username": "620",
    "password": "password",
    "authorization_id": "620",
    "domain": "fritz.box",
    "proxy": "fritz.box:5060",
    "transport": "tcp",
}


@pytest.mark.parametrize("data", [RINGCENTRAL, TYPED], ids=["ringcentral", "sip"])
def test_a_line_is_the_same_instance_for_ever_and_a_trial_is_none(data: dict[str, Any]) -> None:
    instance = account_of(data, "abc").instance_id

    assert instance is not None
    assert instance == account_of(dict(data), "abc").instance_id
    assert instance != account_of(data, "abd").instance_id
    assert account_of(data).instance_id is None


def test_another_device_is_another_instance() -> None:
    other = {**TYPED, "authorization_id": "621"}
    assert account_of(TYPED, "abc").instance_id != account_of(other, "abc").instance_id


def test_what_ringcentral_says_of_bad_proxies_is_known_to_the_line() -> None:
    provision = {**RINGCENTRAL["provision"], "sipErrorCodes": ["408", "599"]}

    assert account_of(RINGCENTRAL).error_codes == {408, 502, 503, 504}
    assert account_of({**RINGCENTRAL, "provision": provision}).error_codes == {408, 599}


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


# Whom a line believes


@pytest.fixture(scope="module", name="authority")
def fixture_authority() -> Authority:
    return Authority()


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> None:
    """Let both sides meet in memory; raises SSLError where one doesn't believe the other."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for side in sides * 3:
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
    assert sides[0].getpeercert(binary_form=True)


def test_a_line_believes_who_everybody_believes() -> None:
    assert tls_of({"verify_certificate": True}) is client_context()
    assert tls_of({}) is client_context()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_an_authority_of_ones_own_is_believed_as_well(
    tmp_path: Path, authority: Authority, host: str
) -> None:
    everybody = client_context().cert_store_stats()["x509_ca"]

    tls = tls_of({"verify_certificate": True, "ca_certificate": authority.certificate})

    shake_hands(tls, authority.server(tmp_path), host)
    assert tls.cert_store_stats()["x509_ca"] == everybody + 1
    assert client_context().cert_store_stats()["x509_ca"] == everybody


def test_an_authority_of_ones_own_vouches_for_the_names_it_wrote_and_no_others(
    tmp_path: Path, authority: Authority
) -> None:
    tls = tls_of({"verify_certificate": True, "ca_certificate": authority.certificate})

    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(tls, authority.server(tmp_path, name="pbx.home.arpa"), "localhost")


def test_another_authority_of_the_same_name_is_not_believed(tmp_path: Path, authority: Authority) -> None:
    tls = tls_of({"verify_certificate": True, "ca_certificate": authority.certificate})

    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(tls, Authority().server(tmp_path), "localhost")


def test_a_certificate_that_vouches_for_itself_can_be_believed(tmp_path: Path) -> None:
    write_certificate(tmp_path / "cert.pem", tmp_path / "key.pem")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")

    tls = tls_of({"ca_certificate": certificates_in((tmp_path / "cert.pem").read_text())})

    shake_hands(tls, server, "localhost")


def test_nobody_is_checked_when_told_so(tmp_path: Path, authority: Authority) -> None:
    tls = tls_of({"verify_certificate": False, "ca_certificate": authority.certificate})

    shake_hands(tls, Authority().server(tmp_path), "elsewhere")


def test_a_private_key_beside_a_certificate_is_not_kept(authority: Authority) -> None:
    pasted = f"Bag Attributes\n{authority.key}{authority.certificate}"

    assert certificates_in(pasted) == authority.certificate


@pytest.mark.parametrize(
    ("before", "after"),
    [("\n", "\r\n"), ("\n", " "), ("\n", "\n    "), ("\n", ""), ("-----B", "\ufeff-----B")],
)
def test_a_certificate_may_be_pasted_in_any_shape(authority: Authority, before: str, after: str) -> None:
    assert certificates_in(authority.certificate.replace(before, after)) == authority.certificate


def test_a_chain_is_kept_whole(authority: Authority) -> None:
    chain = authority.certificate + Authority().certificate

    assert certificates_in(chain) == chain


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "ca.crt",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMIIB…\n-----END CERTIFICATE-----",
    ],
)
def test_what_is_no_certificate_is_refused(pasted: str) -> None:
    with pytest.raises(ValueError):
        certificates_in(pasted)


def test_a_key_alone_is_no_certificate(authority: Authority) -> None:
    with pytest.raises(ValueError):
        certificates_in(authority.key)


def test_half_a_certificate_is_refused(authority: Authority) -> None:
    head, tail = authority.certificate[:300], authority.certificate[-30:]

    with pytest.raises(ValueError):
        certificates_in(head + tail)


@pytest.mark.parametrize("source", ["browser", "ringcentral"])
def test_an_existing_phone_is_encrypted_where_ringcentral_has_that(source: str) -> None:
    info = SIP_INFO | {"transport": "TLS"}
    data = {"source": source, "provision": {"device": {"id": "1", "existing": True}, "sipInfo": [info]}}

    account, tls = account_of(data), tls_of(data)

    assert (account.transport, account.require_srtp) == (Transport.TLS, True)
    assert tls is not None and tls.check_hostname


@pytest.mark.parametrize(
    "data",
    [
        {
            "source": "browser",
            "provision": {"device": {"id": "1"}, "sipInfo": [SIP_INFO | {"domain": "SIP.example.com"}]},
        },
        {"source": "device", "authorization_id": "id", "domain": "Sip.Example.com"},
    ],
)
def test_a_line_is_told_by_its_authorization_id_and_domain(data: dict[str, Any]) -> None:
    assert registers_as(data) == ("id", "sip.example.com")
