"""What a caller says, and hears."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from simulator.caller import Log, Manner
from simulator.dialect import Address
from simulator.keys import tones_in
from simulator.presses import KEYS, Press, Way
from simulator.rtp import FRAME, Packet
from simulator.srtp import Stream
from simulator.voice import SILENCE, Voice

BEEP = (Path(__file__).parents[2] / "custom_components" / "ringcentral" / "sounds" / "beep.ulaw").read_bytes()
PHONE = Address("127.0.0.1", 40000)
SPEECH = bytes(range(200)) * 4  # five frames


class Line:
    """A caller's voice, and a clock that steps one frame at a time."""

    def __init__(self, manner: Manner) -> None:
        self.log = Log()
        self.voice = Voice(manner, self.log, Random(1))
        self.now = 0.0
        self.out: list[Packet] = []
        self.to: list[Address] = []
        self.number = 65_530
        self.voice.begin(PHONE, ("0", "101"), 0.0)

    def say(
        self,
        payload: bytes,
        *,
        kind: int = 0,
        number: int | None = None,
        stamp: int | None = None,
        ssrc: int = 9,
        marker: bool = False,
    ) -> None:
        self.number += 1
        sequence = self.number if number is None else number
        timestamp = sequence * FRAME if stamp is None else stamp
        packet = Packet(kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc, payload, marker)
        self.voice.receive(packet.encode(), PHONE, self.now)

    def run(self, frames: int, sound: bytes | None = None) -> None:
        for number in range(frames):
            if sound is not None:
                self.say(sound[number * FRAME : (number + 1) * FRAME] or SILENCE)
            for data, to in self.voice.due(self.now + 0.001):
                packet = Packet.parse(data)
                assert packet
                self.out.append(packet)
                self.to.append(to)
            self.now = round(self.now + 0.02, 6)

    @property
    def said(self) -> list[str]:
        return [text for _, text in self.log.events]


def test_nothing_is_sent_before_the_phone_was_heard() -> None:
    line = Line(Manner())
    line.run(10)

    assert line.out == []

    line.run(3, b"")

    assert len(line.out) == 3
    assert line.to == [PHONE] * 3


def test_without_the_latch_the_described_address_gets_sound_at_once() -> None:
    line = Line(Manner(latch=False))
    line.run(2)
    line.voice.moved(Address("127.0.0.1", 5))
    line.run(1)

    assert line.to == [PHONE, PHONE, Address("127.0.0.1", 5)]


def test_with_the_latch_a_new_description_changes_nothing() -> None:
    line = Line(Manner())
    line.run(1, b"")
    line.voice.moved(Address("127.0.0.1", 5))
    line.run(1)

    assert line.to == [PHONE, PHONE]


def test_packets_are_one_stream() -> None:
    line = Line(Manner(latch=False))
    line.run(5)

    first = line.out[0]
    assert [p.sequence - first.sequence for p in line.out] == [0, 1, 2, 3, 4]
    assert [p.timestamp - first.timestamp for p in line.out] == [0, 160, 320, 480, 640]
    assert {(p.ssrc, p.payload_type, p.payload) for p in line.out} == {(first.ssrc, 0, SILENCE)}


def test_a_late_clock_is_caught_up_with() -> None:
    line = Line(Manner(latch=False))

    assert len(line.voice.due(0.1)) == 6
    assert line.voice.deadline == pytest.approx(0.12)


def test_after_the_beep_the_speech_follows_then_the_end() -> None:
    line = Line(Manner(speech=SPEECH))
    line.run(30, SILENCE * 5 + BEEP)
    line.run(60, b"")

    payloads = [packet.payload for packet in line.out]
    start = payloads.index(SPEECH[:FRAME])
    assert b"".join(payloads[start : start + 5]) == SPEECH
    assert payloads[:start] == [SILENCE] * start
    assert start == 25 + 10
    assert payloads[start + 5 :] == [SILENCE] * 25
    assert line.voice.finished
    assert line.voice.deadline is None
    assert line.said == ["media flows", "beep heard", "speaking", "said everything"]
    assert [sent.payload for sent in line.voice.sent] == payloads
    assert [sent.sequence for sent in line.voice.sent] == [packet.sequence for packet in line.out]


def test_a_beep_counts_although_the_phone_falls_silent_after_it() -> None:
    line = Line(Manner(speech=SPEECH))
    line.run(20, BEEP)
    line.run(20)

    assert "beep heard" in line.said


def test_only_the_first_beep_counts() -> None:
    line = Line(Manner(speech=SPEECH, stay=True))
    line.run(60, BEEP + SILENCE * 3 + BEEP + SILENCE * 3)

    assert line.said.count("beep heard") == 1


def test_who_speaks_at_once_does_not_wait() -> None:
    line = Line(Manner(speech=SPEECH[:170], speak_at_once=True))
    line.run(2, b"")

    assert line.out[0].payload == SPEECH[:FRAME]
    assert line.out[1].payload == SPEECH[FRAME:170].ljust(FRAME, b"\xff")


@pytest.mark.parametrize("latch", [True, False])
def test_patience_ends_without_a_word(latch: bool) -> None:
    line = Line(Manner(speech=SPEECH, max_wait=1.0, latch=latch))
    line.run(49)
    too_early = line.voice.finished
    line.run(3)

    assert (too_early, line.voice.finished) == (False, True)
    assert line.said == ["waited long enough for a beep"]


def test_before_the_phone_was_heard_the_patience_is_the_deadline() -> None:
    assert Line(Manner(max_wait=2.0)).voice.deadline == 2.0
    assert Line(Manner(max_wait=None)).voice.deadline is None
    assert Line(Manner(stay=True)).voice.deadline is None


def test_who_stays_never_ends() -> None:
    line = Line(Manner(speech=SPEECH, speak_at_once=True, stay=True, latch=False, max_wait=0.5))
    line.run(100)

    assert not line.voice.finished
    assert len(line.out) == 100


def test_on_hold_nothing_is_sent_or_heard_but_time_goes_on() -> None:
    line = Line(Manner(latch=False))
    line.run(1, b"")
    line.voice.paused = True
    line.run(3, b"")
    line.voice.paused = False
    line.run(1)

    before, after = line.out
    assert (after.sequence - before.sequence, after.timestamp - before.timestamp) == (1, 4 * FRAME)
    assert len(line.voice.heard) == 1


def test_sound_is_put_in_order_through_the_wrap_and_once() -> None:
    line = Line(Manner())
    for number in (65_534, 65_536, 65_535, 65_536, 65_537):
        line.say(bytes([number & 0xFF]) * FRAME, number=number)

    assert [payload[0] for payload in line.voice.heard] == [254, 255, 0, 1]
    assert line.log.violations == []


def test_keys_are_counted_once_each_and_are_no_sound() -> None:
    line = Line(Manner())
    for stamp, key in ((800, 5), (1600, 5), (2400, 11)):
        for number, frame in enumerate(Press(KEYS[key]).frames()):
            line.say(frame.payload, kind=101, stamp=stamp, marker=number == 0)

    assert line.voice.pressed == [5, 5, 11]
    assert line.voice.heard == []
    assert line.log.violations == []


@pytest.mark.parametrize(
    ("payload", "changes", "violation"),
    [
        (SILENCE, {"kind": 8}, "a payload type that was not agreed"),
        (SILENCE, {"ssrc": 10}, "more than one SSRC"),
        (b"\xff" * 80, {}, "PCMU that is not 20 ms"),
        (SILENCE, {"stamp": 65_531 * FRAME + 1}, "timestamps that do not fit the sequence"),
        (SILENCE, {"stamp": 65_530 * FRAME}, "timestamps that do not fit the sequence"),
    ],
)
def test_a_bad_stream_is_noticed(payload: bytes, changes: dict[str, Any], violation: str) -> None:
    line = Line(Manner())
    line.say(SILENCE)
    line.say(payload, **changes)

    assert line.log.violations == [f"media: {violation}"]


def test_a_gap_in_the_sound_is_no_mistake() -> None:
    line = Line(Manner())
    line.say(SILENCE)
    line.say(SILENCE, stamp=70_000 * FRAME)

    assert line.log.violations == []


def test_what_is_not_rtp_is_noticed_and_opens_nothing() -> None:
    line = Line(Manner())
    line.voice.receive(b"hello", PHONE, 0.0)
    line.run(2)

    assert line.log.violations == ["media: a datagram that is not plain RTP"]
    assert line.out == []


def test_outside_the_call_nobody_listens() -> None:
    line = Line(Manner())
    line.voice.stop()
    line.run(3, b"")

    assert line.voice.heard == []
    assert line.out == []


def test_what_is_not_opened_by_the_agreed_key_is_not_heard() -> None:
    ours, theirs = bytes(range(30)), bytes(range(30, 60))
    scene = Line(Manner(stay=True))
    scene.voice.moved(PHONE, (ours, theirs))
    phone = Stream(theirs)
    plain = Packet(0, 1, FRAME, 9, SILENCE).encode()

    scene.voice.receive(phone.protect(plain), PHONE, 0.0)
    scene.voice.moved(PHONE, (ours, theirs))
    ((sent, _),) = scene.voice.due(0.001)
    assert scene.log.violations == []
    assert len(scene.voice.heard) == 1
    assert (opened := Stream(ours).open(sent)) and Packet.parse(opened)

    scene.voice.receive(plain, PHONE, 0.02)
    assert scene.log.violations == ["media: a datagram that is not plain RTP"]


def test_keys_are_pressed_in_the_place_of_what_is_said() -> None:
    line = Line(Manner(speech=SPEECH, speak_at_once=True, latch=False))
    line.run(2)
    line.voice.press(Press("#", duration=0.06))
    line.voice.press(Press("1", Way.TONES, duration=0.04))
    line.run(12)
    events = [packet for packet in line.out if packet.payload_type == 101]
    sound = [packet.payload for packet in line.out if packet.payload_type == 0]
    assert [packet.payload.hex() for packet in events] == [
        "0b0a00a0", "0b0a0140", "0b8a01e0", "0b8a01e0", "0b8a01e0",
    ]  # fmt: skip
    assert [packet.marker for packet in events] == [True, False, False, False, False]
    assert len({packet.timestamp for packet in events}) == 1
    assert tones_in(b"".join(sound[2:4])) == "1"
    assert b"".join(sound[:2] + sound[4:7]) == SPEECH
    assert [packet.sequence for packet in line.out] == [
        line.out[0].sequence + number & 0xFFFF for number in range(14)
    ]
