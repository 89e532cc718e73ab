from array import array
from math import sqrt
from pathlib import Path
from unittest.mock import patch
import wave

import audioop
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.ringcentral.library.loudness import Loudness, measure


def write(path: Path, samples: list[int], *, channels: int = 1, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(width)
        wav.setframerate(8000)
        wav.writeframes(array("h", samples).tobytes())
    return path


def loudness(path: Path) -> Loudness:
    _, found = measure(path)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("samples", "peak", "rms", "envelope"),
    [
        ([0] * 200, 0.0, 0.0, bytes(100)),
        ([-32768] * 200, 1.0, 1.0, b"\xff" * 100),
        ([32767] * 200, 32767 / 32768, 32767 / 32768, bytes([254]) * 100),
        ([0] * 100 + [16384] * 100, 0.5, 0.5 * sqrt(0.5), bytes(50) + bytes([127]) * 50),
        ([0] * 198 + [0, -16384], 0.5, 0.5 * sqrt(1 / 200), bytes(99) + bytes([127])),
        ([16384], 0.5, 0.5, bytes([127]) * 100),
    ],
)
def test_loudness_is_told_of_full_scale(
    tmp_path: Path, samples: list[int], peak: float, rms: float, envelope: bytes
) -> None:
    found = loudness(write(tmp_path / "clip.wav", samples))

    assert found.peak == peak
    assert found.rms == pytest.approx(rms, abs=1e-4)
    assert found.envelope == envelope


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=700))
def test_every_sample_counts_in_its_own_hundredth(tmp_path: Path, samples: list[int]) -> None:
    found = loudness(write(tmp_path / "clip.wav", samples))

    assert found.peak == max(map(abs, samples)) / 32768
    for part, level in enumerate(found.envelope):
        begin, end = len(samples) * part // 100, len(samples) * (part + 1) // 100
        assert level == max(map(abs, samples[begin : max(end, begin + 1)])) * 255 // 32768


def test_of_both_sides_the_louder_one_shows(tmp_path: Path) -> None:
    quiet_and_loud, loud_and_quiet = [1000, 16384] * 100, [-8192, 1000] * 100

    found = loudness(write(tmp_path / "clip.wav", quiet_and_loud + loud_and_quiet, channels=2))

    assert found.peak == 0.5
    assert found.envelope == bytes([127]) * 50 + bytes([63]) * 50


def test_of_a_long_clip_evenly_spaced_pieces_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.wav", [])
    # Eight hours, of which all is a hole but for one second in the last hundredth: its beginning is a piece's.
    samples = 8 * 3600 * 8000
    with path.open("r+b") as file:
        file.truncate(44 + 2 * samples)
        file.seek(44 + 2 * (samples * 99 // 100))
        file.write(b"\x00\x40" * 8000)
        file.seek(44 + 2 * 8000)
        file.write(b"\x00\x40" * 4000)
    reads: list[int] = []
    loudest = audioop.max

    def counted(pcm: bytes, width: int) -> int:
        reads.append(len(pcm))
        return loudest(pcm, width)

    with patch.object(audioop, "max", counted):
        found = loudness(path)

    assert found.envelope == bytes(99) + bytes([127])
    assert (len(reads), max(reads)) == (1600, 16_000)
    assert found.rms == pytest.approx(0.5 * sqrt(1 / 1600), abs=1e-4)


def test_a_minute_is_read_whole_and_in_pieces(tmp_path: Path) -> None:
    samples = [0] * 1_000_000
    samples[987_654] = 32767

    assert loudness(write(tmp_path / "clip.wav", samples)).envelope == bytes(98) + b"\xfe" + bytes(1)


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00", b"x" * 500]
)
def test_of_what_is_no_sound_only_the_size_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(content)

    assert measure(path) == (len(content), None)


def test_sound_of_another_making_is_not_measured(tmp_path: Path) -> None:
    for channels, width in ((3, 2), (1, 1), (2, 1)):
        path = write(tmp_path / "clip.wav", [1] * 100, channels=channels, width=width)
        assert measure(path)[1] is None
    assert measure(write(tmp_path / "empty.wav", []))[1] is None


def test_a_file_that_was_cut_off_is_measured_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.wav", [16384] * 1000)
    with path.open("r+b") as file:
        file.truncate(44 + 1001)

    assert loudness(path).envelope == bytes([127]) * 100


def test_nothing_is_told_of_a_file_that_is_missing_or_cannot_be_read(tmp_path: Path) -> None:
    assert measure(tmp_path / "clip.wav") == (None, None)
    size, found = measure(tmp_path)
    assert size is not None and found is None
