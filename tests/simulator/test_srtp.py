"""Secure RTP against published vectors."""

import pytest

from simulator.rtp import Packet
from simulator.srtp import MASTER, Stream, attribute, derived, keys_in, keystream

SECRET = bytes.fromhex("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6")


def packet(number: int) -> bytes:
    return Packet(0, number & 0xFFFF, number * 160, 7, b"\x2a" * 160).encode()


def test_the_keystream_is_that_of_rfc_3711_b2() -> None:
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    counter = int("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000", 16)

    assert keystream(key, counter, 32).hex() == (
        "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab"
    )


def test_the_session_keys_are_those_of_rfc_3711_b3() -> None:
    assert derived(SECRET, 0, 16).hex() == "c61e7a93744f39ee10734afe3ff7a087"
    assert derived(SECRET, 2, 14).hex() == "30cbbc08863d8c85d49db34a9ae1"
    assert derived(SECRET, 1, 20).hex() == "cebe321f6ff7716b6fd4ab49af256a156d38baa4"


def test_a_packet_is_that_of_libsrtps_own_check() -> None:
    plain = bytes.fromhex("800f1234decafbadcafebabe") + b"\xab" * 16
    secured = bytes.fromhex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb")

    assert Stream(SECRET).protect(plain) == secured
    assert Stream(SECRET).open(secured) == plain


def test_numbers_may_roll_over_on_the_way() -> None:
    sender, receiver = Stream(SECRET), Stream(SECRET)
    for number in range(65_533, 65_540):
        assert receiver.open(sender.protect(packet(number))) == packet(number)


def test_packets_may_overtake_each_other() -> None:
    sender, receiver = Stream(SECRET), Stream(SECRET)
    secured = [sender.protect(packet(number)) for number in range(65_534, 65_538)]

    for index in (0, 2, 1, 3):
        assert receiver.open(secured[index]) == packet(65_534 + index)


@pytest.mark.parametrize("datagram", [b"", packet(1), packet(1) + bytes(10)])
def test_what_was_not_signed_is_not_opened(datagram: bytes) -> None:
    assert Stream(SECRET).open(datagram) is None


def test_keys_are_told_in_a_line() -> None:
    assert len(SECRET) == MASTER
    body = f"m=audio 4000 RTP/SAVP 0\r\n{attribute(3, SECRET)}\r\na=sendrecv\r\n".encode()

    assert keys_in(body) == (3, SECRET)
    assert keys_in(b"a=crypto:1 AES_CM_256_HMAC_SHA1_80 inline:AAAA\r\n") is None
