"""The sounds that come with the project."""

import math
from pathlib import Path

import pytest

from simulator.beep import decode
from simulator.rtp import FRAME
from simulator.speech import CALLERS

SOUNDS = Path(__file__).parents[2] / "custom_components" / "ringcentral" / "sounds"
GREETING = (SOUNDS / "greeting.ulaw").read_bytes()
BEEP = (SOUNDS / "beep.ulaw").read_bytes()
SPEECHES = [caller.manner.speech for caller in CALLERS]


def rms(samples: list[int]) -> float:
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples))


@pytest.mark.parametrize("sound", [*SPEECHES, GREETING])
def test_a_voice_is_whole_packets_of_two_to_eight_seconds(sound: bytes) -> None:
    assert len(sound) % FRAME == 0
    assert 2 * 8000 <= len(sound) <= 8 * 8000


@pytest.mark.parametrize("sound", [*SPEECHES, GREETING])
def test_a_voice_is_loud_and_never_clipped(sound: bytes) -> None:
    samples = decode(sound)

    assert 20_000 < max(map(abs, samples)) < 25_000
    assert 1_500 < rms(samples) < 6_000


def test_everybody_says_something_else_from_another_number() -> None:
    assert len(set(SPEECHES)) == len({caller.number for caller in CALLERS}) == len(CALLERS) >= 4


def test_the_greeting_begins_with_a_fifth_of_a_second_of_silence() -> None:
    assert max(map(abs, decode(GREETING[:1600]))) < 50
    assert 5 * 8000 <= len(GREETING) <= 6 * 8000


def test_the_beep_is_four_tenths_of_a_second_at_minus_ten_decibels() -> None:
    samples = decode(BEEP)

    assert len(samples) == 3200
    assert max(map(abs, samples)) == pytest.approx(32_768 * 10 ** (-10 / 20), rel=0.03)
    assert max(map(abs, samples[:8])) < 1500
    assert max(map(abs, samples[-8:])) < 1500
