"""Of all that arrives on a port, only the call's audio gets through."""

from collections.abc import Callable

import pytest

from custom_components.ringcentral.softphone.media.receiver import MAX_PAYLOAD, Drop, Receiver
from custom_components.ringcentral.softphone.media.rtp import RtpPacket, build
from custom_components.ringcentral.softphone.media.source import Address
from custom_components.ringcentral.softphone.media.srtp import MasterKey, Sender, Suite

SDP: Address = ("198.51.100.1", 4000)
NAT: Address = ("203.0.113.9", 61000)
VOICE = b"\x2a" * 160
KEY = MasterKey(Suite.AES_CM_128_HMAC_SHA1_80, bytes(range(30)))


def datagram(sequence: int = 1, *, payload_type: int = 0, payload: bytes = VOICE) -> bytes:
    return build(RtpPacket(payload_type, False, sequence, sequence * 160, 1, payload))


def receiver(
    *, receiving: bool = True, events: int | None = 101, on_event: Callable[[RtpPacket], None] | None = None
) -> Receiver:
    made = Receiver(on_event)
    made.negotiate(SDP, payload_type=0, event_payload_type=events, receiving=receiving)
    return made


def test_audio_of_the_negotiated_type_gets_through() -> None:
    hearing = receiver()
    assert [p.payload for p in hearing.receive(datagram(), SDP, 12.5)] == [VOICE]
    assert (hearing.received, hearing.last_heard, hearing.dropped.total()) == (1, 12.5, 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello", Drop.NOT_RTP),
        (bytes.fromhex("80c80006") + bytes(24), Drop.NOT_RTP),
        (datagram(payload_type=8), Drop.FOREIGN_PAYLOAD),
        (datagram(payload_type=13, payload=b"\x40"), Drop.FOREIGN_PAYLOAD),
        (datagram(payload=b"\x06\x8a\x03\xc0"), Drop.STRAY_PAYLOAD),
        (datagram(payload=b""), Drop.STRAY_PAYLOAD),
        (datagram(payload=b"\xff" * (MAX_PAYLOAD + 1)), Drop.OVERSIZED),
    ],
    ids=["text", "rtcp", "other law", "comfort noise", "dtmf end as audio", "empty", "oversized"],
)
def test_anything_else_is_dropped_under_its_reason(data: bytes, reason: Drop) -> None:
    hearing = receiver()
    assert list(hearing.receive(data, SDP, 0.0)) == []
    assert hearing.dropped == {reason: 1}
    assert hearing.received == 0


@pytest.mark.parametrize("size", [1, 3, 5, 160, MAX_PAYLOAD])
def test_audio_may_have_any_other_length(size: int) -> None:
    assert len(receiver().receive(datagram(payload=b"\xff" * size), SDP, 0.0)) == 1


def test_telephone_events_are_passed_apart() -> None:
    events: list[RtpPacket] = []
    hearing = receiver(on_event=events.append)
    digit = datagram(payload_type=101, payload=b"\x05\x0a\x00\xa0")
    assert list(hearing.receive(digit, SDP, 3.0)) == []
    assert [(e.payload_type, e.payload) for e in events] == [(101, b"\x05\x0a\x00\xa0")]
    assert (hearing.events, hearing.received, hearing.last_heard, hearing.dropped.total()) == (1, 0, 3.0, 0)


def test_telephone_events_nobody_takes_are_only_counted() -> None:
    hearing = receiver()
    hearing.receive(datagram(payload_type=101, payload=b"\x05\x0a\x00\xa0"), SDP, 0.0)
    assert hearing.events == 1


def test_telephone_events_that_were_not_negotiated_are_foreign() -> None:
    hearing = receiver(events=None)
    hearing.receive(datagram(payload_type=101), SDP, 0.0)
    assert (hearing.events, hearing.dropped) == (0, {Drop.FOREIGN_PAYLOAD: 1})


def test_a_stranger_is_dropped_and_not_counted_as_heard() -> None:
    hearing = receiver()
    for sequence in range(4):
        hearing.receive(datagram(sequence), SDP, 1.0)
    assert list(hearing.receive(datagram(9), NAT, 2.0)) == []
    assert (hearing.dropped, hearing.last_heard) == ({Drop.UNKNOWN_SOURCE: 1}, 1.0)


def test_packets_held_until_their_sender_is_believed_end_up_received() -> None:
    hearing = receiver()
    assert [len(hearing.receive(datagram(seq), NAT, 0.0)) for seq in range(5)] == [0, 0, 0, 4, 1]
    assert (hearing.received, hearing.dropped.total()) == (5, 0)


def test_held_packets_are_filtered_like_all_others() -> None:
    events: list[RtpPacket] = []
    hearing = receiver(on_event=events.append)
    hearing.receive(datagram(1, payload_type=101), NAT, 0.0)
    hearing.receive(datagram(2, payload_type=8), NAT, 0.0)
    hearing.receive(datagram(3), NAT, 0.0)
    assert [p.sequence for p in hearing.receive(datagram(4), NAT, 0.0)] == [3, 4]
    assert [e.sequence for e in events] == [1]
    assert +hearing.dropped == {Drop.FOREIGN_PAYLOAD: 1}


def test_audio_is_dropped_while_the_call_is_held_but_its_sender_is_alive() -> None:
    hearing = receiver(receiving=False)
    assert list(hearing.receive(datagram(), SDP, 8.0)) == []
    assert (hearing.dropped, hearing.last_heard) == ({Drop.NOT_RECEIVING: 1}, 8.0)


def test_nothing_is_heard_before_something_is_negotiated() -> None:
    hearing = Receiver()
    assert list(hearing.receive(datagram(), SDP, 0.0)) == []
    assert (hearing.dropped, hearing.last_heard) == ({Drop.NOT_RECEIVING: 1}, None)


def test_a_renegotiation_changes_what_is_audio_and_keeps_the_source() -> None:
    hearing = receiver()
    for sequence in range(4):
        hearing.receive(datagram(sequence), NAT, 0.0)
    hearing.negotiate(SDP, payload_type=8, event_payload_type=None, receiving=True)
    assert list(hearing.receive(datagram(5), NAT, 0.0)) == []
    assert len(hearing.receive(datagram(6, payload_type=8), NAT, 0.0)) == 1


def secure_receiver() -> Receiver:
    made = Receiver()
    made.negotiate(SDP, payload_type=0, event_payload_type=101, receiving=True, srtp=KEY)
    return made


def test_secure_audio_gets_through_once() -> None:
    hearing = secure_receiver()
    secure = Sender(KEY).protect(datagram())
    assert [p.payload for p in hearing.receive(secure, SDP, 12.5)] == [VOICE]
    assert list(hearing.receive(secure, SDP, 13.0)) == []
    assert (hearing.received, hearing.last_heard, hearing.dropped) == (1, 12.5, {Drop.REPLAYED: 1})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (datagram(), Drop.NOT_AUTHENTIC),
        (Sender(KEY).protect(datagram())[:-1] + b"?", Drop.NOT_AUTHENTIC),
        (b"hello", Drop.NOT_RTP),
        (bytes.fromhex("80c80006") + bytes(38), Drop.NOT_RTP),
    ],
    ids=["plain", "forged", "text", "rtcp"],
)
def test_what_is_not_authentic_is_dropped_under_its_reason(data: bytes, reason: Drop) -> None:
    hearing = secure_receiver()
    assert list(hearing.receive(data, SDP, 0.0)) == []
    assert (hearing.dropped, hearing.last_heard) == ({reason: 1}, None)


def test_only_authentic_packets_make_an_address_known() -> None:
    hearing = secure_receiver()
    for sequence in range(10):
        hearing.receive(datagram(sequence), NAT, 0.0)
        hearing.receive(datagram(sequence), SDP, 0.0)
    assert not hearing.source.locked
    sender = Sender(KEY)
    for sequence in range(4):
        heard = hearing.receive(sender.protect(datagram(sequence)), NAT, 0.0)
    assert [p.sequence for p in heard] == [0, 1, 2, 3]
    assert hearing.source.target == NAT


def test_a_renegotiation_under_the_same_key_keeps_what_was_seen() -> None:
    hearing = secure_receiver()
    secure = Sender(KEY).protect(datagram())
    hearing.receive(secure, SDP, 0.0)
    hearing.negotiate(SDP, payload_type=0, event_payload_type=None, receiving=True, srtp=KEY)
    hearing.receive(secure, SDP, 0.0)
    assert hearing.dropped == {Drop.REPLAYED: 1}
