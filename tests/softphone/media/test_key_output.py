"""Keys of ours, packet by packet."""

import pytest

from custom_components.ringcentral.softphone.media.g711 import Codec, transcode
from custom_components.ringcentral.softphone.media.key_output import KeyOrder
from custom_components.ringcentral.softphone.media.key_tones import key_tones
from custom_components.ringcentral.softphone.media.keys import KeyWay
from custom_components.ringcentral.softphone.media.playout import Playout
from custom_components.ringcentral.softphone.media.rtp import RtpPacket, parse
from custom_components.ringcentral.softphone.media.srtp import MasterKey, Opener, Sender, Suite

from .test_playout import SILENCE, Scripted, sent, slot

MUSIC = bytes(range(250)) * 32  # fifty frames


class Line:
    """A call that has sent its latch in slots 0 to 4, and who waits for its keys."""

    def __init__(self, *, codec: Codec = Codec.PCMU, events: int | None = 101, sending: bool = True) -> None:
        self.done: list[bool] = []
        self.playout = Playout(origin=1000.0, randomness=Scripted(500, 10_000, 0xCAFE))
        self.negotiate(0, codec=codec, events=events, sending=sending)
        sent(self.playout, 0, 4)

    def negotiate(
        self, at: int, *, codec: Codec = Codec.PCMU, events: int | None = 101, sending: bool = True
    ) -> None:
        self.playout.negotiate(
            codec, codec.payload_type, event_payload_type=events, sending=sending, now=slot(at)
        )

    def press(
        self, keys: str, at: int, *, duration: float = 0.06, gap: float = 0.06, events: bool = True
    ) -> None:
        order = KeyOrder(keys, duration, gap)
        self.playout.press(order.strokes(events=events), slot(at), self.done.append)

    def sent(self, first: int, last: int) -> list[RtpPacket]:
        return [packet for _, packet in sent(self.playout, first, last)]


@pytest.mark.parametrize("keys", ["", "e", "1 2", "a", "+", "5\n", "٣"])
def test_what_is_no_key_is_refused_and_not_repeated(keys: str) -> None:
    with pytest.raises(ValueError, match="Keys are") as refused:
        KeyOrder(keys)
    assert not keys or repr(keys) not in str(refused.value)


@pytest.mark.parametrize("times", [(0.03, 0.1), (0.1, 0.03), (8.1, 0.1), (0.1, 8.1), (float("nan"), 0.1)])
def test_times_that_no_telephone_has_are_refused(times: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"0\.04 to 8"):
        KeyOrder("1", *times)


def test_keys_are_never_shown() -> None:
    order = KeyOrder("90210")
    assert "90210" not in repr(order)
    assert "9" not in repr(order.strokes(events=True)[0])


def test_an_event_is_sent_in_the_stream_of_the_audio() -> None:
    line = Line()
    line.press("#", 10)
    packets = line.sent(5, 15)
    assert {packet.payload_type for packet in packets[:5]} == {101}
    assert {packet.timestamp for packet in packets[:5]} == {10_000 + 160 * 10}
    assert [packet.marker for packet in packets] == [True, False, False, False, False, False]
    assert [packet.sequence for packet in packets] == list(range(505, 511))
    assert {packet.ssrc for packet in packets} == {0xCAFE}
    assert [packet.payload.hex() for packet in packets[:5]] == [
        "0b0600a0", "0b060140", "0b8601e0", "0b8601e0", "0b8601e0",
    ]  # fmt: skip
    assert packets[5] == RtpPacket(0, False, 510, 10_000 + 160 * 15, 0xCAFE, SILENCE)
    assert line.done == [True]


def test_the_shortest_pause_leaves_room_for_the_repeated_end() -> None:
    line = Line()
    line.press("12", 10, duration=0.04, gap=0.04)
    packets = line.sent(10, 17)
    assert [packet.payload.hex() for packet in packets] == [
        "010600a0", "01860140", "01860140", "01860140", "020600a0", "02860140", "02860140", "02860140",
    ]  # fmt: skip
    assert [packet.timestamp - 10_000 for packet in packets] == [1600] * 4 + [2240] * 4


def test_a_comma_is_half_a_second() -> None:
    line = Line()
    line.press("1,2", 10)
    markers = [number for number, packet in sent(line.playout, 10, 60) if packet.marker]
    assert markers == [10, 10 + 6 + 25]


def test_who_waits_is_told_after_the_last_key() -> None:
    line = Line()
    line.press("12", 10)
    line.press("3", 10)
    line.sent(10, 20)
    assert line.done == []
    line.sent(21, 21)
    assert line.done == [True]
    line.sent(22, 27)
    assert line.done == [True, True]


def test_audio_waits_for_the_keys_and_loses_nothing() -> None:
    line = Line()
    line.playout.play(MUSIC, slot(10))
    before = line.sent(10, 19)
    line.press("5", 20)
    keys = line.sent(20, 25)
    after = line.sent(26, 70)
    assert [packet.payload_type for packet in keys] == [101] * 5 + [0]
    assert b"".join(packet.payload for packet in before + after) == MUSIC
    assert [packet.marker for packet in after][:2] == [True, False]
    assert after[0].timestamp == 10_000 + 160 * 26


def test_audio_that_begins_during_a_key_waits_for_its_end() -> None:
    line = Line()
    line.press("5", 10)
    line.sent(10, 11)
    line.playout.play(MUSIC, slot(12))
    assert line.sent(12, 70)[4].payload == MUSIC[:160]


def test_stopping_the_audio_leaves_the_keys() -> None:
    line = Line()
    line.press("5", 10)
    line.playout.stop()
    assert [packet.payload_type for packet in line.sent(10, 15)] == [101] * 5 + [0]


def test_a_late_clock_makes_the_key_longer_and_its_end_stays_the_same() -> None:
    line = Line()
    line.press("5", 10)
    late = [line.playout.due(slot(at)) for at in (10, 30, 31, 32)]
    packets = [packet for datagrams in late for packet in map(parse, datagrams) if packet]
    assert [packet.payload.hex() for packet in packets[:5]] == [
        "050600a0", f"0506{19 * 160:04x}", f"0586{20 * 160:04x}", f"0586{20 * 160:04x}", f"0586{20 * 160:04x}",
    ]  # fmt: skip
    assert {packet.timestamp for packet in packets[:5]} == {10_000 + 1600}


def test_an_event_is_never_longer_than_it_can_tell() -> None:
    line = Line()
    line.press("5", 10, duration=8)
    line.playout.due(slot(10))
    (last, *_) = [packet for datagram in line.playout.due(slot(900)) if (packet := parse(datagram))]
    assert last.payload.hex() == "0506ffff"


@pytest.mark.parametrize("codec", Codec)
def test_tones_are_played_in_the_place_of_the_audio(codec: Codec) -> None:
    line = Line(codec=codec)
    line.press("5", 10, events=False)
    packets = line.sent(10, 15)
    assert {packet.payload_type for packet in packets} == {codec.payload_type}
    assert b"".join(packet.payload for packet in packets[:3]) == transcode(
        key_tones("5", 480), Codec.PCMU, codec
    )
    assert {packet.payload for packet in packets[3:]} == {codec.silence * 160}
    assert line.done == [True]


def test_keys_wait_while_the_call_is_held() -> None:
    line = Line(sending=False)
    line.press("5", 10)
    assert line.done == []
    line.negotiate(300)
    packets = line.sent(300, 312)
    assert [packet.payload_type for packet in packets[:11]] == [0] * 5 + [101] * 5 + [0]


def test_a_renegotiation_does_not_cut_a_key() -> None:
    line = Line()
    line.press("5", 10)
    line.sent(10, 10)
    line.negotiate(11, events=96)
    assert [packet.payload_type for packet in line.sent(11, 14)] == [96] * 4


def test_a_key_whose_way_is_gone_is_not_told_under_a_type_that_means_something_else() -> None:
    line = Line()
    line.press("5", 10)
    line.sent(10, 10)
    line.negotiate(11, events=None)
    assert {(packet.payload_type, packet.payload) for packet in line.sent(11, 14)} == {(0, SILENCE)}
    assert not line.playout.takes_events


def test_at_the_end_of_the_call_who_waits_is_told_so() -> None:
    line = Line()
    line.press("5", 10)
    line.press("6", 10)
    line.sent(10, 11)
    line.playout.release()
    assert line.done == [False, False]
    assert {packet.payload_type for packet in line.sent(12, 20)} == {0}


def test_a_secure_call_encrypts_its_keys() -> None:
    key = MasterKey(Suite.AES_CM_128_HMAC_SHA1_80, bytes(range(30)))
    line = Line()
    line.playout.negotiate(Codec.PCMU, 0, event_payload_type=101, sending=True, now=slot(5), srtp=key)
    line.press("5", 10)
    datagrams = [one for at in range(5, 25) for one in line.playout.due(slot(at))]
    opener = Opener(key)
    plain = [opened for one in datagrams if isinstance(opened := opener.unprotect(one), bytes)]
    packets = [packet for packet in map(parse, plain) if packet]
    assert [packet.payload[:1] for packet in packets if packet.payload_type == 101] == [b"\x05"] * 5
    assert len(Sender(key).protect(plain[-1])) == len(datagrams[-1])


def test_the_way_is_automatic_unless_said() -> None:
    assert KeyOrder("1").way is KeyWay.AUTO
