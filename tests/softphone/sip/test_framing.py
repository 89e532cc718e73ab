"""Where one message of the stream ends and the next begins."""

from collections.abc import Iterable
from itertools import pairwise
import time

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.sip.framing import (
    MAX_HEAD,
    MAX_MESSAGE,
    DatagramFramer,
    Frame,
    FramingError,
    KeepAlive,
    StreamFramer,
)

HEAD = b"MESSAGE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=1\r\n"
# Bytes are counted, not characters; a blank line in a body ends nothing.
BODY = "é ✓ \r\n\r\nMESSAGE x\r\n".encode()
LENGTH = str(len(BODY)).encode()


def with_length(header: bytes, body: bytes = BODY) -> bytes:
    """Return a message whose length is said by this header."""
    return HEAD + header + b"\r\nTo: <sip:a@b>\r\n\r\n" + body


MESSAGE = with_length(b"Content-Length: " + LENGTH)
FRAME = Frame(MESSAGE.partition(b"\r\n\r\n")[0], BODY)
EMPTY = with_length(b"l:0", b"")
STREAM = MESSAGE + b"\r\n" + EMPTY + MESSAGE + b"\r\n\r\n" + EMPTY


def feed(segments: Iterable[bytes]) -> list[Frame | KeepAlive]:
    framer = StreamFramer()
    return [item for segment in segments for item in framer.feed(segment)]


def frames(segments: Iterable[bytes]) -> list[Frame]:
    return [item for item in feed(segments) if isinstance(item, Frame)]


@pytest.mark.parametrize(
    "segments",
    [
        pytest.param([MESSAGE], id="one"),
        pytest.param([bytes([byte]) for byte in MESSAGE], id="byte by byte"),
        pytest.param([b"\r\n", MESSAGE], id="pong, then message"),
        pytest.param([b"\r\n" + MESSAGE], id="pong glued to message"),
        pytest.param([b"\r\n\r\n", MESSAGE], id="ping, then message"),
        pytest.param([b"\r\n\r\n\r\n" + MESSAGE], id="ping and pong glued to message"),
        pytest.param([b"\r", b"\n" + MESSAGE], id="pong in two halves"),
    ],
)
def test_a_message_is_found_whatever_stands_before_it(segments: list[bytes]) -> None:
    assert frames(segments) == [FRAME]


def test_two_messages_in_a_segment_with_a_pong_between_are_two() -> None:
    assert feed([MESSAGE + b"\r\n" + MESSAGE]) == [FRAME, KeepAlive.PONG, FRAME]


@pytest.mark.parametrize(
    "header",
    [
        b"content-length: " + LENGTH,
        b"CONTENT-LENGTH:" + LENGTH,
        b"l: " + LENGTH,
        b"L:" + LENGTH + b"  ",
        b"Content-Length : " + LENGTH,
        b"Content-Length\t:\t" + LENGTH,
        b"Content-Length:\r\n " + LENGTH,
        b"Content-Length: \r\n\t \r\n  " + LENGTH + b"\r\n ",
        b"l: " + LENGTH + b"\r\nContent-Length: " + LENGTH,
        b"X: 1\r\n l: 3\r\nl: " + LENGTH,
        b"Subject: l: 3\r\nl: 00" + LENGTH,
    ],
)
def test_a_length_is_read_in_every_spelling(header: bytes) -> None:
    message = with_length(header)
    assert frames([message, MESSAGE]) == [Frame(message[: -len(BODY) - 4], BODY), FRAME]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"X: 1", id="none"),
        pytest.param(b"l: 1\r\nl: 2", id="two that differ"),
        pytest.param(b"l: ", id="empty"),
        pytest.param(b"l: -999", id="negative"),
        pytest.param(b"l: +1", id="signed"),
        pytest.param(b"l: 1 2", id="two numbers"),
        pytest.param(b"l: 1\r\n 2", id="folded in the middle"),
        pytest.param(b"l: 1,1", id="a list"),
        pytest.param(b"l: 0x10", id="hexadecimal"),
        pytest.param(b"l: " + "٣".encode(), id="digits of another script"),
        pytest.param(b"l: 12345678", id="too many digits"),
        pytest.param(b"l: " + b"9" * 9999, id="far too many digits"),
        pytest.param(b"l: 1\rx", id="a bare CR"),
    ],
)
def test_a_message_without_one_clear_length_ends_the_stream(header: bytes) -> None:
    with pytest.raises(FramingError, match="Content-Length"):
        feed([with_length(header)])


def test_a_head_at_its_bound_is_taken_and_one_byte_more_is_not() -> None:
    start = b"A sip:b SIP/2.0\r\nl: 0\r\nX: "
    longest = start + b"x" * (MAX_HEAD - len(start))
    assert feed([longest + b"\r\n\r\n"]) == [Frame(longest, b"")]
    with pytest.raises(FramingError, match="head is longer than 65536"):
        feed([longest + b"x\r\n\r\n"])


def test_a_head_without_an_end_is_not_collected_for_ever() -> None:
    with pytest.raises(FramingError, match="head is longer"):
        feed([b"x" * 1024] * (MAX_HEAD // 1024 + 1))


def test_a_message_at_its_bound_is_taken_and_one_byte_more_is_refused_before_it_comes() -> None:
    head = b"A sip:b SIP/2.0\r\nl: %d"
    # Both lengths have six digits.
    room = MAX_MESSAGE - len(head % 100_000)
    assert frames([head % room, b"\r\n\r\n", b"x" * room]) == [Frame(head % room, b"x" * room)]
    with pytest.raises(FramingError, match="longer than 262144"):
        feed([head % (room + 1) + b"\r\n\r\n"])


def test_a_stream_reads_the_same_split_anywhere() -> None:
    whole = frames([STREAM])
    assert [bool(frame.body) for frame in whole] == [True, False, True, False]
    splits = [(STREAM[:position], STREAM[position:]) for position in range(1, len(STREAM))]
    assert [split for split in splits if frames(split) != whole] == []


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_a_stream_reads_the_same_split_in_any_pieces(cuts: list[int]) -> None:
    borders = [0, *sorted(cuts), len(STREAM)]
    assert frames(STREAM[start:end] for start, end in pairwise(borders)) == frames([STREAM])


@pytest.mark.parametrize(
    "head",
    [
        b"\r\nl: " + b" " * 30_000 + b"x" + b" " * 30_000 + b"\r\n y",
        b"\r\nl:" + b"\r\n " * 20_000 + b"x",
        b"\r\nl" + b" " * 60_000,
        b"\r\nl:\r" * 15_000,
    ],
    ids=lambda value: repr(value[:16]),
)
def test_a_hostile_head_takes_no_time(head: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(FramingError):
        feed([b"A" + head + b"\r\n\r\n"])
    assert time.perf_counter() - started < 1


# Datagrams


HEAD_OF_MESSAGE = MESSAGE.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    ("datagram", "frame"),
    [
        pytest.param(MESSAGE, FRAME, id="a message"),
        pytest.param(b"\r\n\r\n" + MESSAGE, FRAME, id="after a keep-alive"),
        pytest.param(MESSAGE + b"and more", FRAME, id="and more"),
        pytest.param(HEAD + b"\r\n" + BODY, Frame(HEAD.removesuffix(b"\r\n"), BODY), id="without a length"),
        pytest.param(HEAD + b"\r\n", Frame(HEAD.removesuffix(b"\r\n"), b""), id="without a length or a body"),
    ],
)
def test_a_datagram_is_a_message(datagram: bytes, frame: Frame) -> None:
    assert list(DatagramFramer().feed(datagram)) == [frame]


@pytest.mark.parametrize(
    "datagram",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\r\n", id="a keep-alive"),
        pytest.param(b"\r\n\r\n", id="a longer keep-alive"),
        pytest.param(b"\0\0\0\0", id="a keep-alive of Kamailio's"),
        pytest.param(HEAD, id="half a head"),
        pytest.param(MESSAGE[:-1], id="cut off"),
        pytest.param(with_length(b"l: x"), id="no number"),
        pytest.param(with_length(b"l: 1\r\nl: 2"), id="two lengths"),
        pytest.param(b"A" * (MAX_HEAD + 1) + b"\r\n\r\n", id="too long"),
    ],
)
def test_a_datagram_that_holds_no_message_costs_nothing_but_itself(datagram: bytes) -> None:
    framer = DatagramFramer()
    assert list(framer.feed(datagram)) == []
    assert list(framer.feed(MESSAGE)) == [FRAME]


@given(st.binary(max_size=200))
def test_no_datagram_is_too_much(data: bytes) -> None:
    assert len(list(DatagramFramer().feed(data))) <= 1
