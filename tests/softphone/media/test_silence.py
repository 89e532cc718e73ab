from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.media import Codec
from custom_components.ringcentral.softphone.media.silence import AUDIBLE_RMS, SilenceDetector


def square(level: int) -> bytes:
    """Return 20 ms of 16-bit PCM whose RMS is this."""
    return (level.to_bytes(2, "little", signed=True) + (-level).to_bytes(2, "little", signed=True)) * 80


@pytest.mark.parametrize("codec", Codec)
def test_speech_is_told_from_the_hum_of_a_line(codec: Codec) -> None:
    silence = SilenceDetector(0.0)

    silence.listen(codec.from_pcm(square(AUDIBLE_RMS // 2)), codec, 1.0)
    assert silence.lasted(2.0) == 2.0

    silence.listen(codec.from_pcm(square(AUDIBLE_RMS * 2)), codec, 2.0)
    assert silence.lasted(2.5) == 0.5


@pytest.mark.parametrize("codec", Codec)
def test_digital_silence_is_silence(codec: Codec) -> None:
    silence = SilenceDetector(0.0)
    silence.listen(codec.silence * 160, codec, 3.0)
    assert silence.lasted(4.0) == 4.0


def test_a_line_that_sends_nothing_is_silent() -> None:
    assert SilenceDetector(1.0).lasted(9.0) == 8.0


def test_it_can_begin_anew() -> None:
    silence = SilenceDetector(0.0)
    silence.wait(5.0)
    assert silence.lasted(6.0) == 1.0


@given(st.lists(st.booleans(), max_size=50))
def test_it_lasts_since_the_last_sound(spoken: list[bool]) -> None:
    silence = SilenceDetector(0.0)
    loud, quiet = Codec.PCMU.from_pcm(square(3000)), Codec.PCMU.silence * 160
    for at, sound in enumerate(spoken, 1):
        silence.listen(loud if sound else quiet, Codec.PCMU, float(at))

    last = max((at for at, sound in enumerate(spoken, 1) if sound), default=0)
    assert silence.lasted(float(len(spoken))) == len(spoken) - last
