"""Secure RTP against published vectors, replays, rollovers and forgeries."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.media.rtp import RtpPacket, build
from custom_components.ringcentral.softphone.media.srtp import (
    MASTER_SIZE,
    MAX_STREAMS,
    WINDOW,
    CounterMode,
    Keyring,
    MasterKey,
    Opener,
    Rejection,
    Sender,
    SrtpKeys,
    Suite,
    derive,
    estimate,
)

SECRET = bytes.fromhex("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6")
OTHER = bytes(range(MASTER_SIZE))
KEY = MasterKey(Suite.AES_CM_128_HMAC_SHA1_80, SECRET)

# The packet that libsrtp's driver checks itself with; its key is that of RFC 3711 §B.3.
PLAIN = bytes.fromhex("800f1234decafbadcafebabe") + b"\xab" * 16
SECURE_80 = bytes.fromhex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb")
SECURE_32 = SECURE_80[:-6]


def packet(number: int, ssrc: int = 1, payload: bytes = b"\x2a" * 160) -> bytes:
    """Return the packet with this index."""
    return build(RtpPacket(0, False, number & 0xFFFF, number * 160 & 0xFFFFFFFF, ssrc, payload))


def stream(first: int, last: int, ssrc: int = 1) -> dict[int, tuple[bytes, bytes]]:
    """Return the plain and the secure packets of a sender, by index."""
    sender = Sender(KEY)
    plain = {number: packet(number, ssrc) for number in range(first, last + 1)}
    return {number: (datagram, sender.protect(datagram)) for number, datagram in plain.items()}


def test_the_keystream_is_that_of_the_rfc() -> None:
    # RFC 3711 §B.2
    cipher = CounterMode(
        bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"), bytes.fromhex("f0f1f2f3f4f5f6f7f8f9fafbfcfd")
    )
    # The RFC goes on to block 0xff01; no datagram has so many.
    assert cipher.keystream(0, 0, 48) == bytes.fromhex(
        "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0"
    )
    assert cipher.keystream(0, 0, 33) == cipher.keystream(0, 0, 48)


def test_the_session_keys_are_those_of_the_rfc() -> None:
    # RFC 3711 §B.3
    keys = derive(SECRET)
    assert keys.encryption.hex() == "c61e7a93744f39ee10734afe3ff7a087"
    assert keys.salt.hex() == "30cbbc08863d8c85d49db34a9ae1"
    assert keys.authentication.hex() == "cebe321f6ff7716b6fd4ab49af256a156d38baa4"


@pytest.mark.parametrize(
    ("suite", "secure"),
    [(Suite.AES_CM_128_HMAC_SHA1_80, SECURE_80), (Suite.AES_CM_128_HMAC_SHA1_32, SECURE_32)],
)
def test_a_whole_packet_is_that_of_libsrtp(suite: Suite, secure: bytes) -> None:
    key = MasterKey(suite, SECRET)
    assert Sender(key).protect(PLAIN) == secure
    assert Opener(key).unprotect(secure) == PLAIN


def test_contributing_sources_and_extension_stay_readable() -> None:
    header = bytes.fromhex("91000001 00000002 00000003 11111111 bede0001 10aa0000")
    secure = Sender(KEY).protect(header + b"voice")
    assert secure.startswith(header)
    assert b"voice" not in secure
    assert Opener(KEY).unprotect(secure) == header + b"voice"


def test_a_key_with_a_name_carries_it_before_the_tag() -> None:
    named = MasterKey(KEY.suite, SECRET, b"\x00\x07")
    secure = Sender(named).protect(PLAIN)
    assert secure == SECURE_80[:-10] + b"\x00\x07" + SECURE_80[-10:]
    assert Opener(named).unprotect(secure) == PLAIN
    assert Opener(MasterKey(KEY.suite, SECRET, b"\x00\x08")).unprotect(secure) is Rejection.NOT_AUTHENTIC


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="30 bytes"):
        MasterKey(Suite.AES_CM_128_HMAC_SHA1_80, SECRET[:-1])


def test_keys_do_not_show() -> None:
    shown = repr([SrtpKeys(KEY, MasterKey(KEY.suite, OTHER, b"name")), derive(SECRET)])
    for secret in (
        SECRET,
        OTHER,
        b"name",
        *(getattr(derive(SECRET), part) for part in ("encryption", "salt")),
    ):
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown


@pytest.mark.parametrize("suite", Suite)
@given(data=st.data())
def test_a_packet_with_any_bit_changed_is_not_authentic(suite: Suite, data: st.DataObject) -> None:
    key = MasterKey(suite, SECRET)
    secure = bytearray(Sender(key).protect(PLAIN))
    # Changed flags or type may make it another kind of packet altogether.
    bit = data.draw(st.integers(16, len(secure) * 8 - 1))
    secure[bit // 8] ^= 1 << bit % 8
    opener = Opener(key)
    assert opener.unprotect(bytes(secure)) is Rejection.NOT_AUTHENTIC
    assert opener.unprotect(Sender(key).protect(PLAIN)) == PLAIN


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"hello",
        SECURE_80[:21],
        bytes.fromhex("80c80006") + bytes(34),
        b"\x40" + SECURE_80[1:],
        b"\x8f" + SECURE_80[1:],
        b"\x90\x00" + SECURE_80[2:12] + b"\x00\x00\xff\xff" + bytes(20),
    ],
    ids=["nothing", "text", "no room for a tag", "rtcp", "version 1", "many sources", "long extension"],
)
def test_what_is_no_rtp_is_rejected_as_such(datagram: bytes) -> None:
    assert Opener(KEY).unprotect(datagram) is Rejection.NOT_RTP


@given(st.binary(max_size=200))
def test_no_datagram_of_a_stranger_is_opened(datagram: bytes) -> None:
    assert isinstance(Opener(KEY).unprotect(datagram), Rejection)


def test_a_packet_is_opened_once() -> None:
    opener = Opener(KEY)
    packets = stream(100, 100 + WINDOW)
    for plain, secure in packets.values():
        assert opener.unprotect(secure) == plain
    for _, secure in packets.values():
        assert opener.unprotect(secure) is Rejection.REPLAYED


def test_a_late_packet_is_opened_within_the_window_only() -> None:
    packets = stream(100, 100 + WINDOW)
    opener = Opener(KEY)
    assert opener.unprotect(packets[100 + WINDOW][1]) == packets[100 + WINDOW][0]
    assert opener.unprotect(packets[100][1]) is Rejection.REPLAYED
    assert opener.unprotect(packets[101][1]) == packets[101][0]
    assert opener.unprotect(packets[101][1]) is Rejection.REPLAYED


def test_a_leap_forgets_what_was_seen_before_it() -> None:
    packets = stream(100, 400)
    opener = Opener(KEY)
    for number in (100, 400, 399, 337):
        assert opener.unprotect(packets[number][1]) == packets[number][0]
    assert opener.unprotect(packets[336][1]) is Rejection.REPLAYED


def test_the_order_of_a_rollover_does_not_matter() -> None:
    packets = stream(0xFFF0, 0x10010)
    opener = Opener(KEY)
    for number in (0xFFF0, 0x10001, 0xFFFE, 0x10000, 0xFFFF, 0x10010):
        assert opener.unprotect(packets[number][1]) == packets[number][0]
    assert opener.unprotect(packets[0xFFFF][1]) is Rejection.REPLAYED


def test_a_packet_before_the_first_rollover_is_too_old_to_tell() -> None:
    late = Sender(KEY).protect(packet(0xFFFF))
    opener = Opener(KEY)
    assert opener.unprotect(Sender(KEY).protect(packet(5))) == packet(5)
    assert opener.unprotect(late) is Rejection.REPLAYED


def test_the_rollover_counter_is_authenticated() -> None:
    sender = Sender(KEY)
    first, *_, again = [sender.protect(packet(number)) for number in (7, 0x7000, 0xF000, 0x10007)]
    assert first[:12] == again[:4] + first[4:8] + again[8:12]
    assert first[-10:] != again[-10:]
    assert Opener(KEY).unprotect(again) is Rejection.NOT_AUTHENTIC


def test_a_forgery_does_not_move_the_estimate() -> None:
    packets = stream(0xFFF0, 0xFFF4)
    opener = Opener(KEY)
    opener.unprotect(packets[0xFFF0][1])
    for number in range(0, 0x8000, 0x100):
        assert opener.unprotect(packet(number) + bytes(10)) is Rejection.NOT_AUTHENTIC
    assert opener.unprotect(packets[0xFFF1][1]) == packets[0xFFF1][0]


def test_each_ssrc_is_a_stream_of_its_own() -> None:
    opener = Opener(KEY)
    for ssrc in (1, 2, 0xFFFFFFFF):
        for plain, secure in stream(0xFFFE, 0x10001, ssrc).values():
            assert opener.unprotect(secure) == plain


def test_streams_are_bounded_and_the_one_heard_last_stays() -> None:
    opener = Opener(KEY)
    kept = stream(10, 10 + MAX_STREAMS, ssrc=0)
    for number in range(MAX_STREAMS + 1):
        assert opener.unprotect(kept[10 + number][1]) == kept[10 + number][0]
        plain, secure = stream(5, 5, ssrc=100 + number)[5]
        assert opener.unprotect(secure) == plain
    assert len(opener._streams) == MAX_STREAMS
    assert opener.unprotect(kept[10][1]) is Rejection.REPLAYED


def test_forgeries_open_no_stream() -> None:
    opener = Opener(KEY)
    for ssrc in range(100):
        opener.unprotect(packet(1, ssrc) + bytes(10))
    assert not opener._streams


def test_a_sender_uses_no_index_twice() -> None:
    sender = Sender(KEY)
    sender.protect(packet(60_000))
    # The stream went another way meanwhile: 34,464 would be nearer, but its keystream may be used already.
    assert sender.protect(packet(34_464)) != Sender(KEY).protect(packet(34_464))
    assert sender.protect(packet(34_464)) != sender.protect(packet(34_464))


def under(secret: bytes, number: int) -> bytes:
    return Sender(MasterKey(KEY.suite, secret)).protect(packet(number))


def ring(*secrets: bytes | None) -> Keyring:
    """Return a keyring that took keys one after the other."""
    made = Keyring()
    for secret in secrets:
        made.take(None if secret is None else MasterKey(KEY.suite, secret))
    return made


def test_without_a_key_everything_is_plain() -> None:
    assert ring().unprotect(b"hello") == b"hello"
    assert ring(SECRET, None).unprotect(PLAIN) == PLAIN


def test_with_a_key_nothing_plain_gets_in() -> None:
    assert ring(SECRET).unprotect(packet(1)) is Rejection.NOT_AUTHENTIC


@pytest.mark.parametrize(
    "between", [[SECRET], [None, SECRET], [OTHER, SECRET]], ids=["same", "plain", "other"]
)
def test_a_key_that_comes_again_keeps_what_was_seen(between: list[bytes | None]) -> None:
    keyring = ring(SECRET)
    assert keyring.unprotect(under(SECRET, 1)) == packet(1)
    for secret in between:
        keyring.take(None if secret is None else MasterKey(KEY.suite, secret))
    assert keyring.unprotect(under(SECRET, 1)) is Rejection.REPLAYED
    assert keyring.unprotect(under(SECRET, 2)) == packet(2)


def test_what_is_on_its_way_under_the_old_key_is_opened_until_the_new_one_is_used() -> None:
    keyring = ring(SECRET)
    keyring.unprotect(under(SECRET, 1))
    keyring.take(MasterKey(KEY.suite, OTHER))
    assert keyring.unprotect(under(SECRET, 2)) == packet(2)
    assert keyring.unprotect(under(SECRET, 2)) is Rejection.REPLAYED
    assert keyring.unprotect(b"hello") is Rejection.NOT_RTP
    assert keyring.unprotect(under(OTHER, 3)) == packet(3)
    assert keyring.unprotect(under(SECRET, 4)) is Rejection.NOT_AUTHENTIC
    assert keyring.unprotect(under(OTHER, 5)) == packet(5)


@given(st.integers(0, (1 << 48) - 1), st.integers(-0x7FFF, 0x7FFF))
def test_an_index_is_estimated_right_when_less_than_half_a_round_was_missed(newest: int, step: int) -> None:
    assert estimate(newest, newest + step & 0xFFFF) == newest + step


@given(st.permutations(range(0xFFF0, 0x10010)), st.data())
def test_what_comes_in_any_order_and_twice_is_heard_once(order: list[int], data: st.DataObject) -> None:
    packets = stream(0xFFE0, 0x10010)
    opener = Opener(KEY)
    opener.unprotect(packets[0xFFE0][1])
    again = data.draw(st.lists(st.sampled_from(order), max_size=20))
    opened = [opener.unprotect(packets[number][1]) for number in (*order, *again)]
    assert opened[: len(order)] == [packets[number][0] for number in order]
    assert set(opened[len(order) :]) <= {Rejection.REPLAYED}
