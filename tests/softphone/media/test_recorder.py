"""A recording hands over contiguous audio in one piece, in the law of its clip."""

from dataclasses import dataclass, field

from custom_components.ringcentral.softphone.media.g711 import Codec, transcode
from custom_components.ringcentral.softphone.media.recorder import HOLD, Recorder
from custom_components.ringcentral.softphone.media.rtp import RtpPacket


@dataclass(slots=True)
class Pieces:
    written: list[tuple[int, bytes]] = field(default_factory=list)

    def write(self, offset: int, data: bytes, channel: int = 0) -> None:
        self.written.append((offset, data))


def voice(index: int) -> bytes:
    return bytes([index]) * 160


def packet(index: int) -> RtpPacket:
    return RtpPacket(0, False, index, index * 160, 1, voice(index))


def record(*ticks: tuple[int, ...], max_samples: int = 80_000) -> tuple[list[tuple[int, bytes]], Recorder]:
    pieces = Pieces()
    recorder = Recorder(pieces, Codec.PCMU, max_samples=max_samples)
    for number, tick in enumerate(ticks):
        for index in tick:
            recorder.add(packet(index), Codec.PCMU, number * 0.1)
        recorder.flush()
    return pieces.written, recorder


def test_what_arrives_together_is_one_piece() -> None:
    written, _ = record((0, 1, 2), (3, 4))
    assert written == [(0, voice(0) + voice(1) + voice(2)), (480, voice(3) + voice(4))]


def test_a_gap_parts_two_pieces() -> None:
    written, _ = record((0, 1, 3, 4))
    assert written == [(0, voice(0) + voice(1)), (480, voice(3) + voice(4))]


def test_a_late_packet_is_a_piece_of_its_own() -> None:
    written, _ = record((0, 2, 1, 3))
    assert written == [(0, voice(0)), (320, voice(2)), (160, voice(1)), (480, voice(3))]


def test_a_packet_without_a_place_is_counted_and_interrupts_nothing() -> None:
    written, recorder = record((0, 1, 1, 2), max_samples=480)
    assert written == [(0, voice(0) + voice(1) + voice(2))]
    assert recorder.misplaced == 1


def test_what_was_said_before_comes_first_in_the_law_of_the_clip() -> None:
    pieces, said = Pieces(), voice(9) + voice(8)
    recorder = Recorder(pieces, Codec.PCMA, max_samples=320, lead=said)
    for index in (0, 1, 2):
        recorder.add(packet(index), Codec.PCMA, 0.0)
    recorder.flush()
    assert pieces.written == [(0, transcode(said, Codec.PCMU, Codec.PCMA) + voice(0) + voice(1))]


def test_of_silence_not_even_what_was_said_before_is_left() -> None:
    pieces = Pieces()
    recorder = Recorder(pieces, Codec.PCMU, max_samples=320, lead=voice(9))
    recorder.flush()
    assert pieces.written == []


def test_nothing_heard_writes_nothing() -> None:
    assert record((), ())[0] == []


def test_the_clip_keeps_its_law_when_the_call_changes_its_own() -> None:
    pieces = Pieces()
    recorder = Recorder(pieces, Codec.PCMU, max_samples=8000)
    recorder.add(packet(0), Codec.PCMU, 0.0)
    recorder.add(packet(1), Codec.PCMA, 0.0)
    recorder.flush()
    assert pieces.written == [(0, voice(0) + transcode(voice(1), Codec.PCMA, Codec.PCMU))]


def test_audio_is_held_to_be_written_with_what_follows_but_not_for_long() -> None:
    pieces = Pieces()
    recorder = Recorder(pieces, Codec.PCMU, max_samples=8000)
    recorder.flush_held(9.0)
    recorder.add(packet(0), Codec.PCMU, 10.0)
    recorder.add(packet(1), Codec.PCMU, 10.1)
    recorder.flush_held(10 + HOLD - 0.01)
    assert pieces.written == []
    recorder.flush_held(10 + HOLD)
    recorder.flush_held(10 + 2 * HOLD)
    assert pieces.written == [(0, voice(0) + voice(1))]
    recorder.add(packet(2), Codec.PCMU, 11.0)
    recorder.flush_held(11.1)
    assert len(pieces.written) == 1
