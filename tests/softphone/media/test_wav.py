"""A clip is a WAV file at every moment of its making."""

import errno
import io
import os
from pathlib import Path
import stat
import wave

import audioop
import pytest

from custom_components.ringcentral.softphone.media.wav import MAX_SAMPLES, WavFile, repair_wav, wav_header

EMPTY_HEADER = bytes.fromhex(
    "52494646 24000000 57415645 666d7420 10000000 0100 0100 401f0000 803e0000 0200 1000 64617461 00000000"
)
TONE = b"\x01\x02" * 100


def play(path: Path) -> bytes:
    """Return the audio as a player without mercy for wrong sizes sees it."""
    with wave.open(io.BytesIO(path.read_bytes())) as reader:
        assert reader.getparams()[:3] == (1, 2, 8000)
        frames: bytes = reader.readframes(reader.getnframes())
        assert len(frames) == 2 * reader.getnframes()
        return frames


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "clips").mkdir()
    return tmp_path / "clips" / "2026" / "clip.wav"


@pytest.fixture
def finished(path: Path) -> Path:
    clip = WavFile(path)
    clip.write(0, TONE)
    clip.close()
    return path


def test_a_new_file_is_an_empty_wav_for_its_owner_only(path: Path) -> None:
    clip = WavFile(path)
    assert path.read_bytes() == EMPTY_HEADER
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    clip.close()


def test_it_plays_after_every_write(path: Path) -> None:
    clip = WavFile(path)
    for count in range(1, 5):
        clip.write((count - 1) * 100, TONE)
        assert play(path) == TONE * count
    clip.close()
    assert play(path) == TONE * 4
    assert clip.samples == clip.written == 400


def test_what_was_never_written_is_silence(path: Path) -> None:
    clip = WavFile(path)
    clip.write(300, TONE)
    assert play(path) == bytes(600) + TONE
    clip.write(100, TONE)
    assert play(path) == bytes(200) + TONE + bytes(200) + TONE
    assert (clip.samples, clip.written) == (400, 200)
    clip.close()


def test_writing_nothing_changes_nothing(path: Path) -> None:
    clip = WavFile(path)
    clip.write(100, b"")
    assert path.read_bytes() == EMPTY_HEADER
    clip.close()


def test_a_file_without_audio_is_removed(path: Path) -> None:
    WavFile(path).close()
    assert not path.exists()


def test_nothing_is_made_in_the_place_of_a_disk_that_is_gone(path: Path) -> None:
    path.parent.parent.rmdir()
    with pytest.raises(FileNotFoundError):
        WavFile(path)
    assert not path.parent.parent.exists()


def test_an_existing_file_is_never_touched(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        WavFile(path)
    assert path.read_bytes() == b"precious"


def test_a_file_that_was_deleted_meanwhile_is_reported(path: Path) -> None:
    clip = WavFile(path)
    clip.write(0, TONE)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        clip.close()
    assert clip.samples == clip.written == 0


def test_a_disk_full_from_the_start_leaves_no_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pwrite", lambda *_: 0)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        WavFile(path)
    assert not path.exists()


def test_what_fits_on_a_full_disk_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = WavFile(path)
    clip.write(0, TONE)
    real = os.pwrite

    def small_disk(fd: int, data: bytes, position: int) -> int:
        return real(fd, bytes(data)[: max(0, 300 - position)], position)

    monkeypatch.setattr(os, "pwrite", small_disk)
    with pytest.raises(OSError) as full:
        clip.write(100, TONE)
    assert full.value.errno == errno.ENOSPC
    assert play(path) == TONE + TONE[:56]
    assert (clip.samples, clip.written) == (128, 128)
    with pytest.raises(OSError):
        clip.write(500, TONE)
    assert clip.samples == 128
    clip.close()


def test_writes_the_kernel_takes_in_parts_are_completed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = WavFile(path)
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, position: real(fd, bytes(data)[:48], position))
    clip.write(0, TONE)
    clip.close()
    assert play(path) == TONE


def test_the_longest_clip_fills_the_sizes_of_the_format() -> None:
    assert 36 + 2 * MAX_SAMPLES <= 0xFFFFFFFF < 36 + 2 * (MAX_SAMPLES + 1)


@pytest.mark.parametrize("sizes", [0, 1_000_000], ids=["too small", "too big"])
def test_wrong_sizes_are_repaired_from_the_length_of_the_file(finished: Path, sizes: int) -> None:
    whole = finished.read_bytes()
    with finished.open("r+b") as file:
        os.pwrite(file.fileno(), sizes.to_bytes(4, "little"), 4)
        os.pwrite(file.fileno(), sizes.to_bytes(4, "little"), 40)
    assert repair_wav(finished) == 100
    assert finished.read_bytes() == whole


def test_audio_behind_the_sizes_is_found_and_half_a_sample_left_alone(finished: Path) -> None:
    with finished.open("ab") as file:
        file.write(b"\x07\x08\x09")
    assert repair_wav(finished) == 101
    assert finished.read_bytes()[44:] == TONE + b"\x07\x08\x09"
    assert repair_wav(finished) == 101


def test_a_cut_file_keeps_what_is_left(finished: Path) -> None:
    os.truncate(finished, 44 + 50)
    assert repair_wav(finished) == 25
    assert play(finished) == TONE[:50]


def test_a_file_that_is_right_is_not_touched(finished: Path) -> None:
    os.utime(finished, (1, 1))
    assert repair_wav(finished) == 100
    assert finished.stat().st_mtime == 1


def test_a_header_without_audio_is_no_samples(path: Path) -> None:
    clip = WavFile(path)
    assert repair_wav(path) == 0
    clip.close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        EMPTY_HEADER[:43],
        bytes(100),
        b"RIFX" + EMPTY_HEADER[4:] + TONE,
        EMPTY_HEADER[:24] + b"\x80\x3e" + EMPTY_HEADER[26:] + TONE,
        EMPTY_HEADER[:36] + b"LIST" + EMPTY_HEADER[40:] + TONE,
    ],
    ids=["empty", "too short", "zeros", "not RIFF", "16 kHz", "another chunk"],
)
def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.wav"
    path.write_bytes(content)
    assert repair_wav(path) is None
    assert path.read_bytes() == content


def test_a_file_that_is_not_there_cannot_be_repaired(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        repair_wav(tmp_path / "none.wav")


def sides(path: Path) -> tuple[bytes, bytes]:
    """Return the two channels of a file, as a player without mercy for wrong sizes sees them."""
    with wave.open(io.BytesIO(path.read_bytes())) as reader:
        assert reader.getparams()[:3] == (2, 2, 8000)
        frames = reader.readframes(reader.getnframes())
        assert len(frames) == 4 * reader.getnframes()
    return audioop.tomono(frames, 2, 1, 0), audioop.tomono(frames, 2, 0, 1)


OTHER = b"\xff\x80" * 100


def test_each_side_stays_on_its_channel_whatever_the_other_does(path: Path) -> None:
    clip = WavFile(path, 2)
    clip.write(0, TONE, 0)
    assert sides(path) == (TONE, bytes(200))
    clip.write(50, OTHER, 1)
    assert sides(path) == (TONE + bytes(100), bytes(100) + OTHER)
    clip.write(300, TONE, 1)
    clip.write(350, OTHER, 0)
    clip.write(25, OTHER, 0)
    clip.close()
    left = TONE[:50] + OTHER + bytes(450) + OTHER
    right = bytes(100) + OTHER + bytes(300) + TONE + bytes(100)
    assert sides(path) == (left, right)
    assert (clip.samples, clip.written) == (450, 500)


def test_the_loudest_samples_of_both_sides_are_kept_exactly(path: Path) -> None:
    loudest = b"\x00\x80\xff\x7f"
    clip = WavFile(path, 2)
    clip.write(0, loudest, 1)
    clip.write(0, loudest, 0)
    clip.close()
    assert sides(path) == (loudest, loudest)


def test_what_fits_of_both_sides_on_a_full_disk_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = WavFile(path, 2)
    clip.write(0, TONE, 0)
    real = os.pwrite

    def small_disk(fd: int, data: bytes, position: int) -> int:
        return real(fd, bytes(data)[: max(0, 501 - position)], position)

    monkeypatch.setattr(os, "pwrite", small_disk)
    with pytest.raises(OSError):
        clip.write(50, OTHER, 1)
    left, right = sides(path)
    assert (left, right) == (TONE + bytes(28), bytes(100) + OTHER[:128])
    assert (clip.samples, clip.written) == (114, 164)


def test_a_file_of_both_sides_is_repaired(path: Path) -> None:
    clip = WavFile(path, 2)
    clip.write(0, TONE, 0)
    clip.close()
    with path.open("ab") as file:
        file.write(b"\x01\x00\x02\x00" * 10 + b"\x01\x00\x02")
    assert repair_wav(path) == 110
    assert sides(path) == (TONE + b"\x01\x00" * 10, bytes(200) + b"\x02\x00" * 10)


@pytest.mark.parametrize("channels", [0, 3])
def test_a_file_of_other_channels_is_none_of_ours(path: Path, channels: int) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(wav_header(100, channels) + TONE)
    assert repair_wav(path) is None
