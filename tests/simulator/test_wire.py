"""The simulator's reader and writer of SIP."""

from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from simulator.wire import Framer, KeepAlive, Message, WireError, param, reply, request, tag_of, uri_of

OPTIONS = (
    b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP one;branch=z9hG4bK1, SIP/2.0/UDP two\r\n"
    b"v: SIP/2.0/UDP three\r\nf: <sip:c@d>;tag=1\r\nt: <sip:a@b>\r\ni: 42\r\nCSEQ: 7 OPTIONS\r\n"
    b"Subject : folded\r\n over lines\r\nl: 3\r\n\r\nabc"
)


def frames(data: bytes) -> list[Message | KeepAlive]:
    return list(Framer().feed(data))


def test_a_request_is_read_with_compact_folded_and_spaced_headers() -> None:
    message = Message.parse(OPTIONS)

    assert message.is_request
    assert (message.method, message.uri, message.cseq) == ("OPTIONS", "sip:a@b", (7, "OPTIONS"))
    assert message.vias == ["SIP/2.0/TCP one;branch=z9hG4bK1", "SIP/2.0/UDP two", "SIP/2.0/UDP three"]
    assert message.get("Subject") == "folded over lines"
    assert message.call_id == "42"
    assert message.body == b"abc"


def test_a_response_is_read() -> None:
    message = Message.parse(b"SIP/2.0 486 Busy Here\r\nCSeq: 3 INVITE\r\n\r\n")

    assert not message.is_request
    assert (message.status, message.reason, message.method) == (486, "Busy Here", "INVITE")


def test_missing_headers_read_as_nothing() -> None:
    message = Message.parse(b"SIP/2.0 200 OK\r\n\r\n")

    assert (message.cseq, message.call_id, message.vias, message.get("To")) == ((-1, ""), "", [], None)


@pytest.mark.parametrize(
    "data",
    [
        b"OPTIONS sip:a@b SIP/2.0\r\n",
        b"HELLO\r\n\r\n",
        b"SIP/2.0 99 No\r\n\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\nno colon\r\n\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\nSubject: \xff\r\n\r\n",
    ],
)
def test_what_is_not_sip_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        Message.parse(data)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_messages_and_keep_alives_are_found_in_any_segments(size: int) -> None:
    stream = b"\r\n\r\n" + OPTIONS + b"\r\n" + OPTIONS + OPTIONS
    framer = Framer()

    found = [
        item for start in range(0, len(stream), size) for item in framer.feed(stream[start : start + size])
    ]

    one = Message.parse(OPTIONS)
    assert found == [KeepAlive.PING, one, KeepAlive.PONG, one, one]


@given(cuts=st.lists(st.integers(0, len(OPTIONS) * 2), max_size=8))
def test_the_cuts_of_a_stream_never_matter(cuts: list[int]) -> None:
    stream = OPTIONS * 2
    edges = [0, *sorted(cuts), len(stream)]
    framer = Framer()

    found = [item for a, b in pairwise(edges) for item in framer.feed(stream[a:b])]

    assert found == frames(stream)
    assert len(found) == 2


@pytest.mark.parametrize(
    "lengths",
    [
        "",
        "Content-Length: 1\r\nl: 2\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 9999999\r\n",
        "l: ٣\r\n",
    ],
)
def test_a_body_of_unknown_length_breaks_the_stream(lengths: str) -> None:
    with pytest.raises(WireError):
        frames(f"OPTIONS sip:a@b SIP/2.0\r\n{lengths}\r\n".encode())


def test_headers_without_an_end_break_the_stream() -> None:
    with pytest.raises(WireError):
        frames(b"x" * 70_000)


def test_what_is_written_is_read_back() -> None:
    message = request("INFO", "sip:a@b", [("Subject", "näh"), ("CSeq", "1 INFO")], b"\r\n\r\nbody")

    (back,) = frames(message.encode())

    assert isinstance(back, Message)
    assert back.headers == (*message.headers, ("Content-Length", "8"))
    assert back.body == message.body


def test_a_reply_echoes_every_via_in_order_and_tags_to() -> None:
    answer = reply(Message.parse(OPTIONS), 200, tag="mine", headers=[("Server", "x")], body=b"b")

    assert answer.vias == Message.parse(OPTIONS).vias
    assert answer.get("To") == "<sip:a@b>;tag=mine"
    assert answer.get("From") == "<sip:c@d>;tag=1"
    assert answer.start == "SIP/2.0 200 OK"


def test_a_reply_keeps_a_tag_that_is_there() -> None:
    within = request("BYE", "sip:a@b", [("To", "<sip:a@b>;tag=old")])

    assert reply(within, 481, tag="new").get("To") == "<sip:a@b>;tag=old"


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        ('"a;tag=no" <sip:a@b;tag=no>;tag=yes', "tag", "yes"),
        ("sip:a@b;Expires=60;ob", "expires", "60"),
        ("<sip:a@b>;ob", "ob", ""),
        ("<sip:a@b;ob>", "ob", None),
        ('SIP;text="x"', "text", "x"),
    ],
)
def test_parameters_are_those_outside_the_brackets(value: str, name: str, expected: str | None) -> None:
    assert param(value, name) == expected


def test_addresses_are_taken_apart() -> None:
    assert uri_of('"A" <sip:a@b;x=y>;tag=1') == "sip:a@b;x=y"
    assert uri_of("sip:a@b;tag=1") == "sip:a@b"
    assert tag_of("sip:a@b;tag=1") == "1"
