"""What a call sends, packet by packet."""

import random

import pytest

from custom_components.ringcentral.softphone.media.g711 import Codec, mixed, transcode
from custom_components.ringcentral.softphone.media.playout import FRAME, LATCH_PACKETS, MAX_BURST, Playout
from custom_components.ringcentral.softphone.media.rtp import RtpPacket, parse
from custom_components.ringcentral.softphone.media.srtp import MasterKey, Opener, Suite

ORIGIN = 1000.0
SILENCE = b"\xff" * 160
GREETING = bytes(range(250)) * 2  # three frames and 20 samples of a fourth


class Scripted:
    """Random numbers from a list."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = list(numbers)
        self.asked: list[int] = []

    def getrandbits(self, k: int, /) -> int:
        self.asked.append(k)
        return self.numbers.pop(0)


def playout() -> Playout:
    return Playout(origin=ORIGIN, randomness=Scripted(500, 10_000, 0xCAFE))


def slot(number: float) -> float:
    return ORIGIN + number * FRAME


def sent(source: Playout, first: float, last: float) -> list[tuple[int, RtpPacket]]:
    """Return (slot, packet) of all that is sent by a punctual clock from one slot to another."""
    return [(tick, rtp) for tick in range(int(first), int(last) + 1) for rtp in send(source, slot(tick))]


def send(source: Playout, now: float) -> list[RtpPacket]:
    packets = [parse(datagram) for datagram in source.due(now)]
    return [packet for packet in packets if packet is not None]


@pytest.fixture
def latched() -> Playout:
    """A call that has sent its latch in slots 0 to 4."""
    source = playout()
    source.negotiate(Codec.PCMU, 0, sending=True, now=slot(0))
    assert len(sent(source, 0, 4)) == LATCH_PACKETS
    return source


def test_nothing_is_sent_before_something_is_negotiated() -> None:
    source = playout()
    source.play(GREETING, slot(0))
    assert source.next_due is None
    assert source.due(slot(5)) == []
    assert source.playing


def test_a_negotiation_latches_with_five_packets_of_silence_at_20_ms() -> None:
    source = playout()
    source.negotiate(Codec.PCMU, 0, sending=True, now=slot(0))
    assert sent(source, 0, 10) == [
        (number, RtpPacket(0, False, 500 + number, 10_000 + 160 * number, 0xCAFE, SILENCE))
        for number in range(5)
    ]


def test_the_start_of_the_stream_is_random() -> None:
    randomness = Scripted(1, 2, 3)
    Playout(origin=0.0, randomness=randomness)
    assert randomness.asked == [15, 32, 32]


def test_two_calls_do_not_start_alike() -> None:
    seeded = random.Random(7)
    streams = [Playout(origin=0.0, randomness=seeded) for _ in range(2)]
    for stream in streams:
        stream.negotiate(Codec.PCMU, 0, sending=True, now=0.0)
    (one,), (other,) = (send(stream, 0.0) for stream in streams)
    assert {one.ssrc, one.sequence, one.timestamp}.isdisjoint({other.ssrc, other.sequence, other.timestamp})


def test_when_nothing_plays_one_packet_goes_out_every_five_seconds(latched: Playout) -> None:
    packets = sent(latched, 5, 800)
    assert [number for number, _ in packets] == [254, 504, 754]
    assert [p.sequence for _, p in packets] == [505, 506, 507]
    assert [p.timestamp for _, p in packets] == [10_000 + 160 * number for number in (254, 504, 754)]
    assert {p.payload for _, p in packets} == {SILENCE}


def test_the_clock_is_told_when_the_next_packet_is_due(latched: Playout) -> None:
    assert latched.next_due == slot(254)
    latched.play(GREETING, slot(10))
    assert latched.next_due == slot(10)
    latched.due(slot(10))
    assert latched.next_due == slot(11)


def test_a_greeting_is_sent_frame_by_frame_and_its_end_is_filled_with_silence(latched: Playout) -> None:
    latched.play(GREETING, slot(9.4))
    packets = sent(latched, 9, 20)
    assert [number for number, _ in packets] == [10, 11, 12, 13]
    assert b"".join(p.payload for _, p in packets) == GREETING + SILENCE[:140]
    assert [p.timestamp for _, p in packets] == [10_000 + 160 * number for number in (10, 11, 12, 13)]
    assert [p.sequence for _, p in packets] == [505, 506, 507, 508]
    assert not latched.playing


def test_the_first_packet_of_a_greeting_is_marked(latched: Playout) -> None:
    latched.play(GREETING, slot(5))
    assert [p.marker for _, p in sent(latched, 5, 8)] == [True, False, False, False]


def test_it_still_plays_while_its_last_frame_is_unsent(latched: Playout) -> None:
    latched.play(GREETING, slot(5))
    sent(latched, 5, 7)
    assert latched.playing


def test_the_keep_alive_is_counted_from_the_end_of_the_greeting(latched: Playout) -> None:
    latched.play(GREETING, slot(10))
    sent(latched, 10, 13)
    assert latched.next_due == slot(13 + 250)


def test_a_greeting_waits_for_the_latch() -> None:
    source = playout()
    source.play(GREETING, slot(0))
    source.negotiate(Codec.PCMU, 0, sending=True, now=slot(0))
    payloads = [p.payload for _, p in sent(source, 0, 20)]
    assert payloads[:5] == [SILENCE] * 5
    assert b"".join(payloads[5:]) == GREETING + SILENCE[:140]


def test_a_renegotiation_does_not_interrupt_a_greeting(latched: Playout) -> None:
    latched.play(GREETING, slot(5))
    sent(latched, 5, 6)
    latched.negotiate(Codec.PCMU, 0, sending=True, now=slot(6.5))
    packets = sent(latched, 6, 30)
    assert [number for number, _ in packets] == [7, 8, 9, 10, 11]
    assert b"".join(p.payload for _, p in packets) == GREETING[320:] + SILENCE[:140] + SILENCE * 3
    assert not any(p.marker for _, p in packets)


def test_a_renegotiation_in_silence_latches_again(latched: Playout) -> None:
    latched.negotiate(Codec.PCMU, 0, sending=True, now=slot(100))
    assert [number for number, _ in sent(latched, 100, 120)] == [100, 101, 102, 103, 104]


def test_two_negotiations_at_once_do_not_send_twice_in_a_slot(latched: Playout) -> None:
    latched.negotiate(Codec.PCMU, 0, sending=True, now=slot(4))
    assert [p.timestamp for _, p in sent(latched, 4, 5)] == [10_000 + 160 * 5]


def test_an_a_law_call_hears_the_greeting_in_a_law() -> None:
    source = playout()
    source.negotiate(Codec.PCMA, 8, sending=True, now=slot(0))
    source.play(GREETING, slot(0))
    packets = [p for _, p in sent(source, 0, 20)]
    assert {p.payload_type for p in packets} == {8}
    assert packets[0].payload == b"\xd5" * 160
    assert (
        b"".join(p.payload for p in packets[5:])
        == transcode(GREETING, Codec.PCMU, Codec.PCMA) + b"\xd5" * 140
    )


@pytest.mark.parametrize("playing", [GREETING, b""])
def test_while_not_sending_only_the_keep_alive_goes_out(playing: bytes) -> None:
    source = playout()
    source.play(playing, slot(0))
    source.negotiate(Codec.PCMU, 0, sending=False, now=slot(0))
    packets = sent(source, 0, 600)
    assert [number for number, _ in packets] == [0, 250, 500]
    assert {p.payload for _, p in packets} == {SILENCE}


def test_a_greeting_goes_on_where_hold_interrupted_it(latched: Playout) -> None:
    latched.play(GREETING, slot(5))
    sent(latched, 5, 6)
    latched.negotiate(Codec.PCMU, 0, sending=False, now=slot(7))
    assert [p.payload for _, p in sent(latched, 7, 50)] == [SILENCE]
    latched.negotiate(Codec.PCMU, 0, sending=True, now=slot(51))
    packets = [p for _, p in sent(latched, 51, 60)]
    assert [p.payload for p in packets[:5]] == [SILENCE] * 5
    assert b"".join(p.payload for p in packets[5:])[:180] == GREETING[320:]
    assert [p.marker for p in packets] == [False] * 5 + [True, False]


def test_playing_while_held_does_not_hurry_the_keep_alive() -> None:
    source = playout()
    source.negotiate(Codec.PCMU, 0, sending=False, now=slot(0))
    sent(source, 0, 0)
    source.play(GREETING, slot(5))
    assert source.next_due == slot(250)


def test_a_stopped_greeting_sends_no_more_of_itself(latched: Playout) -> None:
    latched.play(GREETING, slot(5))
    sent(latched, 5, 5)
    latched.stop()
    assert not latched.playing
    assert [p.payload for _, p in sent(latched, 6, 100)] == [SILENCE]


def test_another_greeting_replaces_the_first_and_is_marked(latched: Playout) -> None:
    latched.play(GREETING, slot(5))
    sent(latched, 5, 5)
    latched.play(b"\x01" * 160, slot(6))
    assert [(p.payload, p.marker) for _, p in sent(latched, 6, 10)] == [(b"\x01" * 160, True)]


def test_a_tone_lies_over_the_silence_and_goes_with_its_end(latched: Playout) -> None:
    tone = bytes(range(0x10, 0x20)) * 20  # two frames
    latched.overlay(tone, slot(10))
    packets = sent(latched, 10, 300)
    assert [number for number, _ in packets] == [10, 11, 261]
    assert packets[0][1].marker
    assert [rtp.payload for _, rtp in packets] == [tone[:160], tone[160:], SILENCE]
    assert not latched.playing


def test_a_tone_lies_over_what_plays(latched: Playout) -> None:
    tone = b"\x30" * 200
    latched.play(GREETING, slot(10))
    sent(latched, 10, 10)
    latched.overlay(tone, slot(11))
    second, third, fourth = (rtp.payload for _, rtp in sent(latched, 11, 13))
    assert second == mixed(GREETING[160:320], tone[:160]) != GREETING[160:320]
    assert third == mixed(GREETING[320:480], tone[160:]) and third.endswith(GREETING[378:480])
    assert fourth == GREETING[480:].ljust(160, b"\xff")


def test_a_tone_waits_while_the_call_is_on_hold(latched: Playout) -> None:
    latched.negotiate(Codec.PCMU, 0, sending=False, now=slot(10))
    latched.overlay(b"\x30" * 160, slot(11))
    assert [rtp.payload for _, rtp in sent(latched, 10, 100)] == [SILENCE]
    latched.negotiate(Codec.PCMU, 0, sending=True, now=slot(101))
    assert b"\x30" * 160 in [rtp.payload for _, rtp in sent(latched, 101, 110)]


def test_a_slightly_late_clock_catches_up_without_drift(latched: Playout) -> None:
    latched.play(b"\x01" * 160 * 10, slot(5))
    assert [p.timestamp for p in send(latched, slot(7.9))] == [10_000 + 160 * number for number in (5, 6, 7)]
    assert latched.next_due == slot(8)


def test_a_very_late_clock_skips_time_but_no_audio(latched: Playout) -> None:
    latched.play(GREETING, slot(5))
    sent(latched, 5, 5)
    burst = send(latched, slot(100))
    assert len(burst) == MAX_BURST
    assert [p.timestamp for p in burst] == [10_000 + 160 * number for number in (98, 99, 100)]
    assert [p.marker for p in burst] == [True, False, False]
    assert b"".join(p.payload for p in burst) == GREETING[160:] + SILENCE[:140]


def test_a_very_late_clock_sends_one_keep_alive(latched: Playout) -> None:
    assert len(send(latched, slot(5000))) == 1


def test_a_tick_a_hair_early_is_on_time(latched: Playout) -> None:
    latched.play(GREETING, slot(10) - 1e-7)
    assert len(send(latched, slot(10) - 1e-7)) == 1


def test_a_tick_between_two_slots_sends_nothing(latched: Playout) -> None:
    latched.play(GREETING, slot(5))
    sent(latched, 5, 5)
    assert latched.due(slot(5.5)) == []


def test_sequence_and_timestamp_wrap() -> None:
    source = Playout(origin=ORIGIN, randomness=Scripted(0xFFFF, 2**32 - 160, 1))
    source.negotiate(Codec.PCMU, 0, sending=True, now=slot(0))
    packets = [p for _, p in sent(source, 0, 2)]
    assert [p.sequence for p in packets] == [0xFFFF, 0, 1]
    assert [p.timestamp for p in packets] == [2**32 - 160, 0, 160]


def test_hours_of_slots_do_not_drift() -> None:
    source = playout()
    source.negotiate(Codec.PCMU, 0, sending=True, now=slot(0))
    sent(source, 0, 4)
    start = 3_600_000  # 20 hours
    source.play(b"\x01" * 160 * 500, slot(start))
    packets = sent(source, start, start + 600)
    assert [number for number, _ in packets[:500]] == list(range(start, start + 500))


def test_a_secure_stream_goes_on_through_every_renegotiation() -> None:
    ours = [MasterKey(suite, bytes([number]) * 30) for number, suite in enumerate(Suite)]
    openers = [Opener(key) for key in ours]
    source = Playout(origin=ORIGIN, randomness=Scripted(0x7FFF, 0, 0xCAFE))
    heard: list[RtpPacket | None] = []
    for start, which in ((0, 0), (100, 0), (200, 1), (300, 0)):
        source.negotiate(Codec.PCMU, 0, sending=True, now=slot(start), srtp=ours[which])
        for number in range(LATCH_PACKETS):
            for secure in source.due(slot(start + number)):
                opened = openers[which].unprotect(secure)
                assert isinstance(opened, bytes)
                heard.append(parse(opened))
    assert [rtp.sequence for rtp in heard if rtp] == list(range(0x7FFF, 0x7FFF + 4 * LATCH_PACKETS))
    assert {rtp.payload for rtp in heard if rtp} == {SILENCE}


def test_a_call_may_become_plain(latched: Playout) -> None:
    key = MasterKey(Suite.AES_CM_128_HMAC_SHA1_80, bytes(30))
    latched.negotiate(Codec.PCMU, 0, sending=True, now=slot(10), srtp=key)
    assert [len(datagram) for datagram in latched.due(slot(10))] == [182]
    latched.negotiate(Codec.PCMU, 0, sending=True, now=slot(20))
    assert [len(datagram) for datagram in latched.due(slot(20))] == [172]
