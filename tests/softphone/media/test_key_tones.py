"""Keys as tones: heard through both laws, softly and in noise, and never in speech."""

import math
from pathlib import Path
from random import Random

import audioop
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ringcentral.softphone.media.g711 import Codec
from custom_components.ringcentral.softphone.media.key_tones import COLUMNS_HZ, ROWS_HZ, KeyEar, key_tones
from custom_components.ringcentral.softphone.media.keys import KEYS
from custom_components.ringcentral.softphone.media.rtp import RtpPacket

KEYPAD = "123A456B789C*0#D"
SPEECH = sorted((Path(__file__).parents[3] / "simulator" / "speech").glob("*.ulaw"))
# The peak of a sine of 0 dBm0.
PEAK = 22_650


def sine(hertz: float, seconds: float, dbm: float) -> list[float]:
    peak = PEAK * 10 ** (dbm / 20)
    return [peak * math.sin(math.tau * hertz * sample / 8000) for sample in range(round(seconds * 8000))]


def pcm(*sounds: list[float]) -> bytes:
    """Mix sounds of the same length."""
    return b"".join(
        max(-32768, min(32767, round(sum(values)))).to_bytes(2, "little", signed=True)
        for values in zip(*sounds, strict=True)
    )


def tones(
    key: str, seconds: float = 0.08, row: float = -9, column: float = -7, off: float = 1.0, noise: float = 0
) -> bytes:
    place = KEYPAD.index(key)
    random = Random(place)
    return pcm(
        sine(ROWS_HZ[place // 4] * off, seconds, row),
        sine(COLUMNS_HZ[place % 4] * off, seconds, column),
        [random.gauss(0, noise) for _ in range(round(seconds * 8000))],
    )


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * 8000))


def heard(sound: bytes, codec: Codec = Codec.PCMU, ear: KeyEar | None = None) -> str:
    ear = ear or KeyEar()
    codes = codec.from_pcm(sound)
    return "".join(
        key
        for start in range(0, len(codes), 160)
        for key in ear.listen(RtpPacket(0, False, 0, start, 42, codes[start : start + 160]), codec)
    )


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("codec", Codec)
def test_what_we_send_is_heard(key: str, codec: Codec) -> None:
    ear = KeyEar()
    sound = Codec.PCMU.to_pcm(key_tones(key, 800)) + silence(0.1)
    assert heard(sound, codec, ear) == key


def test_what_we_send_has_the_level_of_a_telephone() -> None:
    rms = audioop.rms(Codec.PCMU.to_pcm(key_tones("5", 8000)), 2)
    both = 10 * math.log10(10**-0.9 + 10**-0.7)
    assert 20 * math.log10(rms * math.sqrt(2) / PEAK) == pytest.approx(both, abs=0.2)


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize(
    "changes",
    [
        {"row": -30, "column": -30},
        {"row": 0, "column": 0},
        {"row": -8, "column": -12},
        {"row": -16, "column": -8},
        {"off": 1.015},
        {"off": 0.985},
        {"row": -20, "column": -20, "noise": 400},
    ],
    ids=["soft", "loud", "row louder", "column louder", "sharp", "flat", "noisy"],
)
@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_heard_as_it_comes(key: str, codec: Codec, changes: dict[str, float]) -> None:
    assert heard(silence(0.03) + tones(key, **changes) + silence(0.1), codec) == key


@settings(deadline=None)
@given(
    st.text(KEYS, min_size=1, max_size=8), st.integers(0, 400), st.integers(330, 1600), st.integers(400, 1600)
)
def test_each_key_is_heard_once_wherever_and_however_long_it_is(
    keys: str, start: int, down: int, up: int
) -> None:
    pressed = (tones(key, down / 8000) + silence(up / 8000) for key in keys)
    assert heard(silence(start / 8000) + b"".join(pressed)) == keys


@pytest.mark.parametrize("start", range(0, 320, 16))
def test_the_shortest_key_is_heard_wherever_it_falls(start: int) -> None:
    assert heard(silence(start / 8000) + tones("5", 0.04) + silence(0.1)) == "5"


def test_a_click_in_a_key_does_not_make_two_of_it() -> None:
    click = pcm([Random(1).gauss(0, 9000) for _ in range(24)])
    assert heard(tones("5", 0.1) + click + tones("5", 0.1) + silence(0.1)) == "5"


def test_one_key_right_after_another_is_heard() -> None:
    assert heard(tones("5") + tones("6") + silence(0.1)) == "56"


@pytest.mark.parametrize(
    "sound",
    [
        silence(0.5),
        pcm(sine(697, 0.5, -9)),
        pcm(sine(1209, 0.5, -9)),
        pcm(sine(697, 0.5, -9), sine(770, 0.5, -9), sine(1209, 0.5, -9)),
        pcm(sine(697, 0.5, -9), sine(1209, 0.5, -9), sine(1336, 0.5, -9)),
        pcm(sine(697, 0.5, -5), sine(1209, 0.5, -25)),
        pcm(sine(697, 0.5, -25), sine(1209, 0.5, -5)),
        pcm(sine(697, 0.5, -9), sine(1209, 0.5, -9), sine(2418, 0.5, -14)),
        pcm(sine(697, 0.5, -45), sine(1209, 0.5, -45)),
        pcm(sine(350, 0.5, -9), sine(440, 0.5, -9)),
        pcm(sine(480, 0.5, -9), sine(620, 0.5, -9)),
        pcm(sine(730, 0.5, -9), sine(1270, 0.5, -9)),
        tones("5", 0.02) + silence(0.3),
    ],
    ids=[
        "silence", "a row", "a column", "two rows", "two columns", "a loud row", "a loud column", "a harmonic",
        "too soft", "a dial tone", "busy", "between keys", "too short",
    ],
)  # fmt: skip
def test_what_is_no_key_is_none(sound: bytes) -> None:
    assert heard(sound) == ""


@pytest.mark.parametrize("path", SPEECH, ids=lambda path: path.stem)
@pytest.mark.parametrize("codec", Codec)
def test_speech_is_no_key(path: Path, codec: Codec) -> None:
    assert heard(Codec.PCMU.to_pcm(path.read_bytes()), codec) == ""


def test_noise_is_no_key() -> None:
    assert heard(Codec.PCMU.to_pcm(Random(7).randbytes(480_000))) == ""


def listened(*packets: RtpPacket) -> str:
    ear = KeyEar()
    return "".join(key for packet in packets for key in ear.listen(packet, Codec.PCMU))


def test_a_pause_in_which_nothing_is_sent_ends_a_key() -> None:
    code = Codec.PCMU.from_pcm(tones("5", 0.06))
    assert listened(RtpPacket(0, False, 0, 0, 42, code), RtpPacket(0, True, 1, 1280, 42, code)) == "55"


def test_another_source_begins_anew() -> None:
    code = Codec.PCMU.from_pcm(tones("5", 0.06))
    assert listened(RtpPacket(0, False, 0, 0, 42, code), RtpPacket(0, True, 1, 480, 43, code)) == "55"


def test_what_comes_late_is_passed_over() -> None:
    code = Codec.PCMU.from_pcm(tones("5", 0.06))
    later = RtpPacket(0, False, 1, 480, 42, b"\xff" * 480)
    assert listened(later, RtpPacket(0, False, 0, 0, 42, code)) == ""
