"""What was said is beside what was heard, where it was said, whatever clock and network the other side has."""

from dataclasses import dataclass, field

import pytest

from custom_components.ringcentral.softphone.media.both_sides import HEARD, SAID, BothSides
from custom_components.ringcentral.softphone.media.g711 import Codec, transcode
from custom_components.ringcentral.softphone.media.recorder import HOLD
from custom_components.ringcentral.softphone.media.rtp import RtpPacket

FRAME = b"\x11" * 160
HOUR = 8000 * 3600
START = 1000.0


@dataclass(slots=True)
class Sides:
    """Takes the pieces of both channels."""

    written: list[tuple[int, int, bytes]] = field(default_factory=list)

    def write(self, offset: int, data: bytes, channel: int = 0) -> None:
        self.written.append((channel, offset, data))

    def starts(self, channel: int) -> list[int]:
        return [offset for side, offset, _ in self.written if side == channel]


def packet(index: int, payload: bytes = FRAME, *, rate: float = 160) -> RtpPacket:
    return RtpPacket(0, False, index & 0xFFFF, round(index * rate), 7, payload)


def recording(max_samples: int = HOUR) -> tuple[Sides, BothSides]:
    sides = Sides()
    return sides, BothSides(sides, Codec.PCMU, max_samples=max_samples, start=START)


def test_the_clip_starts_with_the_recording_whoever_is_heard_first() -> None:
    sides, recorder = recording()
    recorder.say(FRAME, START + 0.1)
    recorder.add(packet(0), Codec.PCMU, START + 0.15)
    recorder.flush()
    assert sides.written == [(HEARD, 1200, FRAME), (SAID, 800, FRAME)]


def test_frames_in_a_row_are_one_piece_and_a_pause_keeps_its_length() -> None:
    sides, recorder = recording()
    for slot in (0, 1, 2, 50, 51):
        recorder.say(bytes([slot]) * 160, START + slot * 0.02)
    recorder.flush()
    assert sides.written == [
        (SAID, 0, bytes(160) + b"\x01" * 160 + b"\x02" * 160),
        (SAID, 8000, b"\x32" * 160 + b"\x33" * 160),
    ]


def test_what_is_said_keeps_beside_what_is_heard_over_a_clock_that_runs_slow_or_fast() -> None:
    for rate in (159.98, 160.02):
        sides, recorder = recording()
        # An hour, in which clocks come apart by half a second.
        for index in range(180_000):
            now = START + 0.01 + index * 0.02
            recorder.add(packet(index, rate=rate), Codec.PCMU, now)
            if index % 25_000 == 24_999:
                recorder.say(FRAME, now)
        recorder.flush()
        beside = [round(index * rate) for index in range(24_999, 180_000, 25_000)]
        off = [said - heard - 80 for said, heard in zip(sides.starts(SAID), beside, strict=True)]
        assert max(map(abs, off)) <= 320, (rate, off)


def test_a_network_that_holds_packets_back_moves_nothing() -> None:
    sides, recorder = recording()
    for index in range(500):
        # Each second half of a second comes late, at once.
        late = 0.5 if index % 50 >= 25 else 0.0
        recorder.add(packet(index), Codec.PCMU, START + index * 0.02 + late)
        if index % 50 == 49:
            recorder.say(FRAME, START + index * 0.02 + late)
    recorder.flush()
    expected = [(index * 160 + 4000) for index in range(49, 500, 50)]
    off = [said - meant for said, meant in zip(sides.starts(SAID), expected, strict=True)]
    assert max(map(abs, off)) <= 40


def test_a_packet_without_a_place_says_nothing_of_the_time() -> None:
    sides, recorder = recording()
    recorder.add(packet(0), Codec.PCMU, START)
    assert recorder.add(packet(0), Codec.PCMU, START + 3) is None
    recorder.say(FRAME, START + 3)
    recorder.flush()
    assert (recorder.misplaced, sides.starts(SAID)) == (1, [24_000])


@pytest.mark.parametrize(("at", "placed"), [(-0.1, []), (0.98, [7840]), (0.99, [])])
def test_what_is_beyond_the_clip_is_not_in_it(at: float, placed: list[int]) -> None:
    sides, recorder = recording(8000)
    recorder.say(FRAME, START + at)
    recorder.flush()
    assert sides.starts(SAID) == placed


def test_the_clip_keeps_its_law() -> None:
    sides = Sides()
    recorder = BothSides(sides, Codec.PCMA, max_samples=HOUR, start=START)
    recorder.say(FRAME, START)
    recorder.flush()
    assert sides.written == [(SAID, 0, transcode(FRAME, Codec.PCMU, Codec.PCMA))]


def test_both_sides_are_held_to_be_written_with_what_follows_but_not_for_long() -> None:
    sides, recorder = recording()
    recorder.say(FRAME, START)
    recorder.add(packet(0), Codec.PCMU, START + 0.1)
    recorder.flush_held(START + HOLD - 0.01)
    assert sides.written == []
    recorder.flush_held(START + HOLD)
    assert [channel for channel, *_ in sides.written] == [SAID]
    recorder.flush_held(START + HOLD + 0.1)
    assert [channel for channel, *_ in sides.written] == [SAID, HEARD]
