"""Digest authentication, by the examples of its RFCs."""

import re
import time

import pytest

from custom_components.ringcentral.softphone.sip.digest import (
    Challenge,
    Credentials,
    authorization,
    choose_challenge,
    parse_challenge,
)

CREDENTIALS = Credentials("Mufasa", "Circle of Life")
RFC_7616 = Challenge(
    realm="http-auth@example.org",
    nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    algorithm="SHA-256",
    qop=True,
    opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
)
CNONCE_7616 = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def params(value: str) -> dict[str, str]:
    scheme, _, rest = value.partition(" ")
    assert scheme == "Digest"
    return {name: text.strip('"') for name, text in re.findall(r'(\w+)=("[^"]*"|[^, ]+)', rest)}


def test_ringcentral_without_qop() -> None:
    challenge = parse_challenge('Digest realm="sip.example.com", nonce="nonce-123"')
    assert challenge == Challenge("sip.example.com", "nonce-123")
    value = authorization(
        challenge, Credentials("alice", "secret"), method="REGISTER", uri="sip:sip.example.com", cnonce="x"
    )
    assert params(value) == {
        "username": "alice",
        "realm": "sip.example.com",
        "nonce": "nonce-123",
        "uri": "sip:sip.example.com",
        "response": "f0ef3d1e899efd8a08f6a73722838994",
        "algorithm": "MD5",
    }


def test_md5_with_qop_of_rfc_2617() -> None:
    challenge = parse_challenge(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
        ' opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    assert challenge is not None
    value = authorization(
        challenge,
        Credentials("Mufasa", "Circle Of Life"),
        method="GET",
        uri="/dir/index.html",
        cnonce="0a4f113b",
    )
    said = params(value)
    assert said["response"] == "6629fae49393a05397450978507c4ef1"
    assert (said["qop"], said["nc"], said["cnonce"]) == ("auth", "00000001", "0a4f113b")
    assert said["opaque"] == "5ccc069c403ebaf9f0171e9517f40e41"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    challenge = Challenge(RFC_7616.realm, RFC_7616.nonce, algorithm, True, RFC_7616.opaque)
    value = authorization(challenge, CREDENTIALS, method="GET", uri="/dir/index.html", cnonce=CNONCE_7616)
    assert params(value)["response"] == response
    assert params(value)["algorithm"] == algorithm


def test_a_count_is_eight_hexadecimal_digits_and_part_of_the_response() -> None:
    values = [
        params(authorization(RFC_7616, CREDENTIALS, method="GET", uri="/", cnonce="c", count=count))
        for count in (1, 26)
    ]
    assert [value["nc"] for value in values] == ["00000001", "0000001a"]
    assert values[0]["response"] != values[1]["response"]


@pytest.mark.parametrize(
    ("value", "challenge"),
    [
        ('digest REALM="r" , NONCE = n,stale=TRUE', Challenge("r", "n", stale=True)),
        ('Digest realm="a \\"b\\"", nonce="", algorithm=md5', Challenge('a "b"', "")),
        ('Digest realm="r", nonce="n", algorithm="sha-256"', Challenge("r", "n", "SHA-256")),
        ('Digest realm="r, nonce=x", nonce="n", qop="AUTH"', Challenge("r, nonce=x", "n", qop=True)),
        ('Digest realm="r", nonce="n", qop=""', Challenge("r", "n")),
        ('Basic realm="r", nonce="n"', None),
        ('Digest nonce="n"', None),
        ('Digest realm="r"', None),
        ('Digest realm="r", nonce="n", algorithm=MD5-sess', None),
        ('Digest realm="r", nonce="n", qop="auth-int"', None),
        ("", None),
    ],
)
def test_a_challenge_is_read(value: str, challenge: Challenge | None) -> None:
    assert parse_challenge(value) == challenge


def test_the_strongest_challenge_is_chosen() -> None:
    values = ['Digest realm="r", nonce="1"', 'Digest realm="r", nonce="2", algorithm=SHA-256', "Basic x"]
    assert choose_challenge(values) == Challenge("r", "2", "SHA-256")
    assert choose_challenge(["Basic x"]) is None


def test_a_quote_in_a_value_does_not_end_it() -> None:
    value = authorization(
        Challenge('r"\\', "n"), Credentials('a", b="c', "p"), method="REGISTER", uri="sip:x", cnonce="c"
    )
    assert 'username="a\\", b=\\"c", realm="r\\"\\\\"' in value


def test_a_realm_that_is_not_utf_8_is_hashed_as_its_bytes() -> None:
    challenge = parse_challenge(b'Digest realm="\xff", nonce="n"'.decode("utf-8", "surrogateescape"))
    assert challenge is not None
    value = authorization(challenge, CREDENTIALS, method="REGISTER", uri="sip:x", cnonce="c")
    assert 'realm="\udcff"' in value


def test_credentials_do_not_show_themselves() -> None:
    assert repr(CREDENTIALS) == "Credentials()"


@pytest.mark.parametrize(
    "text",
    ["a" * 65_000, "a=" + '"' * 65_000, "a " * 32_000, 'a="\\' * 16_000],
    ids=lambda value: repr(value[:16]),
)
def test_a_hostile_challenge_takes_no_time(text: str) -> None:
    started = time.perf_counter()
    assert parse_challenge(f"Digest {text}") is None
    assert time.perf_counter() - started < 1
