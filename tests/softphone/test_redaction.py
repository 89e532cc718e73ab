"""What may be shown of a message, and that nothing else is."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.redaction import MAX_TEXT, Redactor
from custom_components.ringcentral.softphone.sip.message import Headers, Message, Request, Response
from tests.softphone.builders import CALLER, OFFER

HEADERS = (
    "Via", "From", "t", "Contact", "P-Asserted-Identity", "Authorization", "WWW-Authenticate", "Call-ID", "User-Agent",
    "Content-Type", "P-rc", "X-Anything",
)  # fmt: skip
KEY = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"


def shown(name: str, value: str, *secrets: str) -> str:
    """Return how a header is shown."""
    redactor = Redactor()
    redactor.hide(*secrets)
    return redactor.redact(Response(Headers([(name, value)]), b"", 200, "OK")).removeprefix(
        f"SIP/2.0 200 OK\n{name}: "
    )


def body_shown(body: bytes, kind: str = "application/sdp") -> list[str]:
    """Return how a body is shown."""
    text = Redactor().redact(Request(Headers([("Content-Type", kind)]), body, "INVITE", "sip:a@b"))
    return text.split("\n")[3:]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"Anna Smith" <sip:+16505550142@10.0.0.1:5091;transport=tcp>;tag=a1', '"***" <sip:***42@10.0.0.1:5091;transport=tcp>;tag=a1'),
        ("Anna <tel:+1(650)555-0142>", '"***" <tel:***42>'),
        ("<sip:anna@example.com>", "<sip:***@example.com>"),
        ("<sip:101@pbx;x=y>;+sip.instance=\"<urn:uuid:1>\"", "<sip:***@pbx>"),
        ("<sip:anonymous@anonymous.invalid>", "<sip:anonymous@anonymous.invalid>"),
        ("<sip:pbx.example.com>", "<sip:pbx.example.com>"),
        ("<sip:a@Anna Smith>", "<sip:***@***>"),
        ("<urn:anna>, <mailto:anna@b>", "<***>, <***>"),
        ("Anna Smith", "***"),
    ],
)  # fmt: skip
def test_an_address_keeps_its_host_and_the_end_of_its_number(value: str, expected: str) -> None:
    assert shown("From", value) == expected


def test_a_uri_that_is_none_is_masked() -> None:
    assert Redactor().redact(Request(Headers(), b"", "INVITE", "16505550142")) == "INVITE *** SIP/2.0"


def test_credentials_keep_only_what_explains_a_refusal() -> None:
    value = (
        'Digest username="8023", realm="sip.ringcentral.com", nonce="XXvrW1", uri="sip:r.com", response="0f1e",'
        ' algorithm=MD5, Secret="x"'
    )
    assert shown("Authorization", value) == (
        "Digest username=***, realm=sip.ringcentral.com, nonce=***, uri=sip:r.com, response=***, algorithm=MD5"
    )
    assert shown("Authorization", "Basic YW5uYTpzZWNyZXQ=") == "***"


def test_headers_that_nobody_has_thought_of_are_masked() -> None:
    assert shown("P-rc", '<Msg><Hdr SID="1"/><Bdy Phn="+16505550142" Nm="Anna"/></Msg>') == "***"
    assert shown("Subject", "Anna calls") == "***"


def test_plain_headers_lose_their_numbers_and_line_breaks() -> None:
    assert shown("User-Agent", "Phone of 16505550142\x1b[0m\x85") == "Phone of ***42?[0m?"
    via = "SIP/2.0/TCP 192.168.42.15:62931;rport=5090;branch=z9hG4bKab1"
    assert shown("Via", via) == via


def test_an_offer_keeps_codecs_and_ports_and_loses_names_and_keys() -> None:
    offer = (
        b"v=0\r\no=anna 7 8 IN IP4 203.0.113.7\r\ns=Anna's phone\r\nc=IN IP4 203.0.113.7\r\nm=audio 50400 RTP/SAVP 0\r\n"
        b"a=rtpmap:0 pcmu/8000\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " + KEY.encode() + b"\r\na=crypto:x\r\n"
        b"a=ice-pwd:secret\r\na=sendrecv\r\na=private\r\nanna"
    )
    assert body_shown(offer) == [
        "v=0",
        "o=*** IN IP4 203.0.113.7",
        "s=***",
        "c=IN IP4 203.0.113.7",
        "m=audio 50400 RTP/SAVP 0",
        "a=rtpmap:0 pcmu/8000",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 ***",
        "a=crypto:***",
        "a=ice-pwd:***",
        "a=sendrecv",
        "a=private",
        "a=***",
    ]
    assert OFFER.decode().split("\r\n")[5] in body_shown(OFFER)


def test_of_other_bodies_their_size_and_command_are_told() -> None:
    assert body_shown(b'<Msg><Hdr Cmd="7" SID="9"/><Bdy Phn="1"/></Msg>', "x-rc/agent") == [
        "(47 bytes, Cmd 7)"
    ]
    assert body_shown(b"Anna\xff", "text/plain") == ["(5 bytes)"]


def test_a_known_secret_is_masked_wherever_it_stands() -> None:
    assert shown("Call-ID", "correct-horse@host", "correct-horse", "") == "***@host"


def test_what_one_mask_leaves_may_not_be_another_secret() -> None:
    assert shown("Call-ID", "abcd", "abcd", "***") == ""


def test_a_huge_message_is_cut_after_it_was_masked() -> None:
    text = shown("Call-ID", "x" * MAX_TEXT + "secret", "secret")
    assert len(text) < MAX_TEXT and text.endswith("…")


def test_a_hostile_message_takes_no_time() -> None:
    for value in ("a" * 60_000, 'a="' * 20_000, "<sip:" * 12_000, "1 " * 30_000):
        for name in HEADERS:
            shown(name, value)


secrets = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=3)
text = st.text(max_size=30)


@st.composite
def messages(draw: st.DrawFn) -> tuple[Message, list[str]]:
    """Make a message that has secrets at every place."""
    hidden = draw(secrets)
    piece = st.one_of(
        text, st.sampled_from(hidden), st.sampled_from(['"', "<sip:", "@", ">", "Digest ", "a=", "=", ";tag=", "\r\n"])
    )  # fmt: skip
    value = st.lists(piece, max_size=6).map("".join)
    headers = Headers(
        draw(st.lists(st.tuples(st.one_of(st.sampled_from(HEADERS), value), value), max_size=5))
    )
    body = draw(value).encode("utf-8", "replace")
    if draw(st.booleans()):
        headers = Headers([*headers.items(), ("Content-Type", "application/sdp")])
    if draw(st.booleans()):
        return Request(headers, body, draw(value), draw(value)), hidden
    return Response(headers, body, 200, draw(value)), hidden


@given(messages())
def test_no_known_secret_survives_whatever_the_message_is(case: tuple[Message, list[str]]) -> None:
    message, hidden = case
    redactor = Redactor()
    redactor.hide(*hidden)
    shown = redactor.redact(message)
    assert [secret for secret in hidden if secret in shown] == []


@given(st.sampled_from(HEADERS), text, text)
def test_no_full_number_survives_in_any_header(name: str, before: str, after: str) -> None:
    assert CALLER[1:] not in shown(name, f"{before}{CALLER}{after}")


@given(
    st.sampled_from(["From", "t", "Contact", "P-Asserted-Identity"]), st.text("Zyx ", min_size=3, max_size=9)
)
def test_no_name_survives_in_an_address(name: str, person: str) -> None:
    assert "Zyx" not in shown(name, f'"Zyx{person}" <sip:Zyx{person}@example.com>')
