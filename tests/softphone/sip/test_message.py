"""Messages: bytes to values and back."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.sip.address import NameAddr
from custom_components.ringcentral.softphone.sip.message import (
    COMPACT_NAMES,
    MAX_HEADERS,
    CSeq,
    Headers,
    MalformedMessageError,
    Request,
    Response,
    parse_message,
)

START = b"INVITE sip:a@b SIP/2.0\r\n"


def parse(*lines: bytes, start: bytes = START) -> Request:
    request = parse_message(start + b"\r\n".join(lines))
    assert isinstance(request, Request)
    return request


def test_a_request_is_read() -> None:
    request = parse_message(START + b"CSeq: 1 INVITE", b"body")
    assert isinstance(request, Request)
    assert (request.method, request.uri, request.body) == ("INVITE", "sip:a@b", b"body")
    assert request.headers.items() == [("CSeq", "1 INVITE")]


def test_a_response_is_read() -> None:
    response = parse_message(b"SIP/2.0 401 Not You\r\nX: y")
    assert isinstance(response, Response)
    assert (response.status, response.reason, response.headers.get("x")) == (401, "Not You", "y")


@pytest.mark.parametrize("compact", COMPACT_NAMES)
def test_a_compact_name_is_its_long_one_in_any_case(compact: str) -> None:
    headers = Headers([(compact, "1"), (compact.upper(), "2"), (COMPACT_NAMES[compact].title(), "3")])
    assert headers.get_all(COMPACT_NAMES[compact]) == ["1", "2", "3"]
    assert headers.get_all(compact) == ["1", "2", "3"]


def test_a_missing_header_is_none() -> None:
    request = parse(b"X: y")
    assert request.headers.get("y") is None
    assert (request.call_id, request.branch, request.content_type, request.contacts) == ("", "", "", [])


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"Subject: a: b", "a: b"),
        (b"s:a", "a"),
        (b"Subject \t:\t a \t", "a"),
        (b"Subject: a\r\n b\r\n\t  c", "a b c"),
        (b"Subject:\r\n \r\n a", "a"),
        (b"SUBJECT:", ""),
        ("Subject: é".encode(), "é"),
        (b"Subject: \xff", "\udcff"),
    ],
)
def test_a_header_is_read_in_every_spelling(line: bytes, value: str) -> None:
    assert parse(line).headers.get("subject") == value


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"INVITE sip:a@b SIP/2.0\nTo: a",
        b"INVITE sip:a@b SIP/2.0\r\nTo: a\rFrom: b",
        b"INVITE sip:a@b SIP/2.0\r\nTo: a\nFrom: b",
        b"INVITE sip:a@b SIP/2.0\r\nTo: a\0",
        b"INVITE sip:a@b SIP/2.0\r\nTo",
        b"INVITE sip:a@b SIP/2.0\r\nT o: a",
        b"INVITE sip:a@b SIP/2.0\r\n: a",
        b"INVITE sip:a@b SIP/2.0\r\n",
        b"INVITE sip:a@b SIP/2.0\r\n folded: start",
        b"INVITE sip:a@b SIP/7.0",
        b"INVITE  sip:a@b SIP/2.0",
        b"INVITE sip:a@b  SIP/2.0",
        b"INVITE sip:a b@c SIP/2.0",
        b"INVITE sip:a@b SIP/2.0 ",
        b" INVITE sip:a@b SIP/2.0",
        b"INV(ITE sip:a@b SIP/2.0",
        "INVITE sip:a@b ſIP/2.0".encode(),
        "INVIT\u212a sip:a@b SIP/2.0".encode(),
        b"SIP/2.0 700 No",
        b"SIP/2.0 99 No",
        b"SIP/2.0 4294967301 No",
        "SIP/2.0 2٠٠ No".encode(),
        b"SIP/2.0  200 OK",
    ],
)
def test_what_is_no_message_is_refused(head: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        parse_message(head)


def test_a_message_may_have_256_headers_and_not_one_more() -> None:
    assert len(parse(*[b"X: y"] * MAX_HEADERS).headers.items()) == MAX_HEADERS == 256
    with pytest.raises(MalformedMessageError, match="too many headers"):
        parse(*[b"X: y"] * (MAX_HEADERS + 1))


def test_typed_headers() -> None:
    request = parse(
        b"v: SIP/2.0/TCP a ; Branch = z9hG4bK1 ;rport, SIP/2.0/TCP b;branch=z9hG4bK2",
        b"i: call",
        b"CSeq: 0009\t invite",
        b"f: <sip:a@b>;tag=1",
        b"t: <sip:c@d>",
        b"m: <sip:e@f>, nonsense, <sip:g@h>",
        b"Contact: sip:i@j",
        b"c: Application/SDP ; charset=utf-8",
    )
    assert request.branch == "z9hG4bK1"
    assert request.call_id == "call"
    assert request.cseq == CSeq(9, "INVITE")
    assert request.from_ == NameAddr("", "sip:a@b", {"tag": "1"})
    assert request.to == NameAddr("", "sip:c@d", {})
    assert [contact.uri for contact in request.contacts] == ["sip:e@f", "sip:g@h", "sip:i@j"]
    assert request.content_type == "application/sdp"


@pytest.mark.parametrize("cseq", [b"", b"INVITE", b"1", b"36893488147419103232 INVITE", "٣ INVITE".encode()])
def test_a_broken_cseq_is_refused(cseq: bytes) -> None:
    with pytest.raises(MalformedMessageError, match="CSeq"):
        _ = parse(b"CSeq: " + cseq).cseq


def test_a_broken_address_is_refused_by_its_name_and_not_its_value() -> None:
    request = parse(b"From: +16505550072", b"X: y")
    with pytest.raises(MalformedMessageError) as error:
        _ = request.from_
    assert str(error.value) == "From is missing or malformed"
    with pytest.raises(MalformedMessageError, match="To is missing"):
        _ = request.to


def test_messages_show_nothing_personal() -> None:
    request = parse(b"To: <sip:+16505550072@b>", b"Authorization: Digest response=abc")
    assert repr(request) == "<Request INVITE>"
    assert repr(request.headers) == "Headers(To, Authorization)"
    assert repr(parse_message(b"SIP/2.0 200 650\r\nTo: 650")) == "<Response 200>"


def test_a_message_is_written_with_the_length_of_its_body_in_bytes() -> None:
    request = Request(Headers([("To", "é")]), "é\r\n".encode(), "INFO", "sip:a")
    assert request.encode() == "INFO sip:a SIP/2.0\r\nTo: é\r\nContent-Length: 4\r\n\r\né\r\n".encode()
    response = Response(Headers([("To", "a")]), b"", 200, "OK")
    assert response.encode() == b"SIP/2.0 200 OK\r\nTo: a\r\nContent-Length: 0\r\n\r\n"


@given(st.binary(max_size=60).filter(lambda value: not set(value) & set(b"\r\n\0")))
def test_any_value_is_echoed_byte_by_byte(value: bytes) -> None:
    request = parse(b"X: " + value)
    assert b"\r\nX: " + value.strip(b" \t") + b"\r\n" in request.encode()


@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_else(head: bytes) -> None:
    for candidate in (head, START + head, b"SIP/2.0 200 OK\r\n" + head):
        try:
            parse_message(candidate)
        except MalformedMessageError:
            continue
