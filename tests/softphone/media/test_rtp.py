"""RTP packets are parsed as RFC 3550 draws them, and nothing hostile gets through or raises."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.media.rtp import RtpPacket, build, parse

FIXED = bytes.fromhex("0007 00000064 0000abcd")
PAYLOAD = b"\x11\x22\x33\x44\x55"

packets = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127).filter(lambda pt: not 72 <= pt <= 76),
    marker=st.booleans(),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=400),
)


def test_a_packet_is_built_byte_for_byte() -> None:
    packet = RtpPacket(0, True, 0x1234, 0xDEADBEEF, 0x01020304, b"\xff\xfe")
    assert build(packet) == bytes.fromhex("8080 1234 deadbeef 01020304 fffe")


@given(packets)
def test_what_is_built_parses_back(packet: RtpPacket) -> None:
    assert parse(build(packet)) == packet


@pytest.mark.parametrize(
    ("datagram", "payload"),
    [
        (b"\x80\x00" + FIXED + PAYLOAD, PAYLOAD),
        (b"\x80\x00" + FIXED, b""),
        (b"\x82\x00" + FIXED + b"CSRCcsrc" + PAYLOAD, PAYLOAD),
        (b"\x90\x00" + FIXED + b"\xbe\xde\x00\x01EXT." + PAYLOAD, PAYLOAD),
        (b"\x90\x00" + FIXED + b"\xbe\xde\x00\x00" + PAYLOAD, PAYLOAD),
        (b"\xa0\x00" + FIXED + PAYLOAD + b"\x00\x00\x03", PAYLOAD),
        (b"\xb1\x00" + FIXED + b"CSRC" + b"\x00\x00\x00\x01EXT." + PAYLOAD + b"\x01", PAYLOAD),
        (b"\xa0\x00" + FIXED + b"\x00\x02", b""),
    ],
    ids=["plain", "empty", "csrc", "extension", "empty extension", "padding", "everything", "padding only"],
)
def test_the_payload_is_found_behind_every_kind_of_header(datagram: bytes, payload: bytes) -> None:
    assert parse(datagram) == RtpPacket(0, False, 7, 100, 0xABCD, payload)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"hello",
        b"\x80\x00" + FIXED[:-1],
        b"\x00\x00" + FIXED + PAYLOAD,
        b"\x40\x00" + FIXED + PAYLOAD,
        b"\xc0\x00" + FIXED + PAYLOAD,
        b"\x82\x00" + FIXED + b"CSRCcsr",
        b"\x90\x00" + FIXED + b"\xbe\xde\x00",
        b"\x90\x00" + FIXED + b"\xbe\xde\x00\x02EXT.",
        b"\x90\x00" + FIXED + b"\xbe\xde\xff\xff" + PAYLOAD,
        b"\xa0\x00" + FIXED + PAYLOAD + b"\x00",
        b"\xa0\x00" + FIXED + b"\x00\x00\x04",
        b"\xa0\x00" + FIXED,
        b"\xaf\x00" + FIXED + b"\x00" * 59 + b"\x01",
    ],
    ids=[
        "nothing", "text", "runt", "version 0", "version 1", "version 3", "half a csrc", "half an extension header",
        "extension beyond the end", "endless extension", "no padding length", "padding into the header",
        "padding flag without a byte", "padding into the csrcs",
    ],
)  # fmt: skip
def test_a_datagram_that_lies_about_itself_is_rejected(datagram: bytes) -> None:
    assert parse(datagram) is None


@pytest.mark.parametrize("second", [*range(200, 205), *range(72, 77)])
def test_rtcp_is_rejected(second: int) -> None:
    assert parse(bytes([0x80, second]) + FIXED + PAYLOAD) is None


@pytest.mark.parametrize(
    ("second", "payload_type"), [(71, 71), (77, 77), (199, 71), (205, 77), (0x80, 0), (127, 127)]
)
def test_its_neighbours_are_not(second: int, payload_type: int) -> None:
    packet = parse(bytes([0x80, second]) + FIXED + PAYLOAD)
    assert packet == RtpPacket(payload_type, second > 127, 7, 100, 0xABCD, PAYLOAD)


@given(st.binary(max_size=200))
def test_no_bytes_raise_or_yield_a_payload_that_was_not_in_them(datagram: bytes) -> None:
    packet = parse(datagram)
    assert packet is None or packet.payload in datagram[12:]


@given(st.integers(0x80, 0xBF), st.binary(min_size=10, max_size=90))
def test_no_header_flags_raise(flags: int, rest: bytes) -> None:
    packet = parse(bytes([flags, 0]) + rest)
    assert packet is None or len(packet.payload) <= len(rest) - 10
