"""The ear for the beep."""

from pathlib import Path

import pytest

from simulator.beep import BeepDetector, decode, is_tone
from simulator.rtp import FRAME

SOUNDS = Path(__file__).parents[2] / "custom_components" / "ringcentral" / "sounds"
BEEP = (SOUNDS / "beep.ulaw").read_bytes()
GREETING = (SOUNDS / "greeting.ulaw").read_bytes()
QUIET = b"\xff" * FRAME


def heard_at(sound: bytes) -> list[int]:
    """The frames at which a beep was heard to end."""
    detector = BeepDetector()
    frames = [sound[start : start + FRAME] for start in range(0, len(sound), FRAME)]
    return [number for number, frame in enumerate(frames) if detector.feed(frame, number * 0.02)]


def test_codes_are_the_samples_of_the_standard() -> None:
    assert decode(bytes([0x00, 0x80, 0x7F, 0xFF, 0xF0, 0x0F])) == [-32124, 32124, 0, 0, 120, -16764]


def test_the_project_s_beep_is_heard_when_it_ends() -> None:
    assert heard_at(QUIET * 5 + BEEP + QUIET * 5) == [25]


@pytest.mark.parametrize("offset", [1, 40, 80, 159])
def test_a_beep_need_not_start_with_a_packet(offset: int) -> None:
    assert len(heard_at(QUIET[:offset] + BEEP + QUIET * 3)) == 1


def test_talk_is_no_beep() -> None:
    assert heard_at(GREETING) == []


def test_a_blip_is_no_beep() -> None:
    assert heard_at(BEEP[: 7 * FRAME] + QUIET) == []
    assert heard_at(BEEP[: 8 * FRAME] + QUIET) == [8]


def test_silence_nothing_and_other_tones_are_no_tone() -> None:
    assert not is_tone([])
    assert not is_tone(decode(QUIET))
    assert not is_tone(decode(BEEP[FRAME : 2 * FRAME]), hertz=1300)
    assert is_tone(decode(BEEP[FRAME : 2 * FRAME]))


def test_a_beep_also_ends_when_nothing_follows() -> None:
    detector = BeepDetector()
    for number in range(20):
        assert not detector.feed(BEEP[number * FRAME : (number + 1) * FRAME], number * 0.02)

    assert not detector.silence(0.4)
    assert detector.silence(0.5)
    assert not detector.silence(0.6)
