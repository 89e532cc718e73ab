"""Our own sound, told from every other."""

import math
from random import Random

import pytest

from custom_components.ringcentral.softphone.media.g711 import Codec, transcode
from custom_components.ringcentral.softphone.media.tones import Ear, Heard, signal

SILENCE = b"\xff" * 8000


def heard(ulaw: bytes, codec: Codec = Codec.PCMU, size: int = 160) -> Heard:
    ear = Ear()
    for start in range(0, len(ulaw), size):
        ear.listen(ulaw[start : start + size], codec)
    return ear.heard


def tone(hertz: float, seconds: float, amplitude: int = 8000) -> bytes:
    samples = (
        round(amplitude * math.sin(math.tau * hertz * sample / 8000)) for sample in range(int(seconds * 8000))
    )
    return Codec.PCMU.from_pcm(b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples))


def noise(seconds: float) -> bytes:
    return Random(7).randbytes(int(seconds * 8000))


def test_the_signal_has_its_length_and_goes_on_as_it_began() -> None:
    long = signal(15)
    assert len(long) == 15 * 8000
    assert long[48000:96000] == long[:48000] == signal(6)
    assert signal(1.5) == long[:12000]


@pytest.mark.parametrize("delay", [0, 1, 79, 160, 4000, 12345])
@pytest.mark.parametrize("size", [80, 160, 240])
def test_an_echo_is_heard_however_late_and_however_cut(delay: int, size: int) -> None:
    assert heard((SILENCE * 2)[:delay] + signal(3), size=size) is Heard.BOTH_WAYS


@pytest.mark.parametrize("start", [0, 1000, 20_000, 47_000])
def test_an_echo_may_begin_at_any_place_of_the_signal(start: int) -> None:
    assert heard(signal(10)[start : start + 24_000]) is Heard.BOTH_WAYS


def test_an_echo_after_an_announcement_is_heard_also_when_some_of_it_is_lost() -> None:
    echo = signal(4)
    holed = b"".join(echo[start : start + 160] for start in range(0, len(echo), 160) if start % 4800)
    assert heard(noise(2) + echo) is Heard.BOTH_WAYS
    assert heard(holed) is not Heard.NOTHING


def test_an_echo_in_the_other_law_is_heard() -> None:
    assert heard(transcode(signal(3), Codec.PCMU, Codec.PCMA), Codec.PCMA) is Heard.BOTH_WAYS


def test_a_faint_echo_is_one() -> None:
    quiet = Codec.PCMU.from_pcm(bytes(signal_at(0.05)))
    assert heard(quiet) is Heard.BOTH_WAYS


def signal_at(factor: float) -> bytes:
    pcm = memoryview(Codec.PCMU.to_pcm(signal(3))).cast("h")
    return b"".join(round(sample * factor).to_bytes(2, "little", signed=True) for sample in pcm)


@pytest.mark.parametrize("hertz", [1000, 1004, 1020])
def test_a_steady_reference_tone_is_a_milliwatt(hertz: float) -> None:
    assert heard(tone(hertz, 3)) is Heard.REFERENCE


@pytest.mark.parametrize(
    "sound",
    [noise(5), tone(600, 5), tone(440, 5), tone(1150, 2) + tone(600, 2), signal(1), tone(1004, 1)],
    ids=["noise", "one of ours", "a dial tone", "two of ours", "too little", "a beep"],
)
def test_other_sounds_are_not_ours(sound: bytes) -> None:
    assert heard(sound + SILENCE) is Heard.OTHER


@pytest.mark.parametrize("sound", [b"", SILENCE * 3, tone(700, 0.1), tone(1000, 3, amplitude=20)])
def test_next_to_nothing_is_nothing(sound: bytes) -> None:
    assert heard(sound + SILENCE) is Heard.NOTHING


def test_once_heard_it_stays_so() -> None:
    assert heard(signal(3) + noise(3)) is Heard.BOTH_WAYS
