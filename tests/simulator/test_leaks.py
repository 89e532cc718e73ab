"""What nobody may see, and whether it is seen."""

import pytest

from simulator.caller import Caller
from simulator.leaks import Secret, leaks, secrets_of
from simulator.registrar import Account
from simulator.rest import Account as User, LoggedRequest

CALLER = Caller(number="+16505550142", name="Anna Smith")
REQUEST = LoggedRequest(
    "/restapi/oauth/token",
    {"authorization": "Basic aWQ6c2VjcmV0"},
    {"assertion": "eyJ.jwt", "refresh_token": "r3fresh", "code": "c0de", "token": "t0ken", "grant_type": "x"},
    None,
)
WIRE = (
    b'Authorization: Digest username="802512345678", cnonce="0a4f113b", nc=00000001, response="6629fae4"\r\n'
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"
)
SECRETS = secrets_of(
    (User(),), accounts=(Account(password="p4ss"),), callers=(CALLER,), requests=(REQUEST,), wire=WIRE
)


@pytest.mark.parametrize(
    ("shown", "what"),
    [
        ("the secret is simulated-client-secret.", "a client secret"),
        (User().jwt, "a JWT"),
        ("eyJ.jwt", "a JWT"),
        ("r3fresh", "a refresh token"),
        ("c0de", "an authorization code"),
        ("t0ken", "an access token"),
        ("Basic aWQ6c2VjcmV0", "what a request proves itself with"),
        ("p4ss", "a SIP password"),
        ("802512345678", "an authorization id"),
        ('response="6629fae4"', "a digest response"),
        ("0a4f113b", "a digest cnonce"),
        ("inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20", "an SRTP key"),
        ("call from 6505550142", "a number"),
        ("+16505550142", "a number"),
        ("7203861294", "a number"),
        ("Anna Smith calls", "a caller's name"),
    ],
)
def test_a_secret_is_found_wherever_it_stands(shown: str, what: str) -> None:
    assert leaks({"the log": f"first line\n{shown}\n"}, SECRETS) == [f"{what} in the log, line 2"]


def test_what_is_masked_or_nobodys_secret_is_not_found() -> None:
    shown = (
        'INVITE sip:***42@sip.ringcentral.com\ncnonce=***, response=***, realm="sip", grant_type=x, Anna, 115'
    )

    assert leaks({"the log": shown}, SECRETS) == []


def test_each_place_is_named_and_the_secret_is_not() -> None:
    secret = Secret("a password", "p4ss")
    found = leaks({"the log": "p4ss p4ss", "diagnostics": "\n\n\np4ss", "states": ""}, [secret])

    assert found == ["a password in diagnostics, line 4", "a password in the log, line 1"]
    assert "p4ss" not in repr(secret)


def test_what_does_not_exist_is_no_secret() -> None:
    user = User(client_secret="", main_number="115")
    secrets = secrets_of((user,), requests=[LoggedRequest("/", {}, {}, None)])

    assert {secret.what for secret in secrets} == {"a JWT"}
