"""The simulator's RTP packets."""

import pytest

from simulator.rtp import Packet, extended


def test_a_packet_is_twelve_bytes_and_its_payload() -> None:
    data = Packet(0, 0x1234, 0x89ABCDEF, 0x01020304, b"xy", marker=True).encode()

    assert data == bytes.fromhex("8080123489abcdef01020304") + b"xy"
    assert Packet.parse(data) == Packet(0, 0x1234, 0x89ABCDEF, 0x01020304, b"xy", marker=True)


@pytest.mark.parametrize("data", [b"hello", b"\x80" * 11, b"\x00" * 20, b"\x90" * 20, b"\xa0" * 20])
def test_other_datagrams_are_not_packets(data: bytes) -> None:
    assert Packet.parse(data) is None


@pytest.mark.parametrize(
    ("sequence", "highest", "expected"),
    [(5, 4, 5), (0, 65535, 65536), (65535, 65536, 65535), (3, 65536 + 65535, 2 * 65536 + 3), (4, 5, 4)],
)
def test_sequence_numbers_count_on_through_the_wrap(sequence: int, highest: int, expected: int) -> None:
    assert extended(sequence, highest) == expected
