"""One thread writes all clips; the caller never waits and no disk can stop it."""

from collections.abc import Iterator
import errno
import io
import logging
import os
from pathlib import Path
import subprocess
import sys
import threading
import wave

import audioop
import pytest

from custom_components.ringcentral.softphone.media import wav
from custom_components.ringcentral.softphone.media.errors import MediaError
from custom_components.ringcentral.softphone.media.g711 import Codec
from custom_components.ringcentral.softphone.media.wav import MAX_SAMPLES, repair_wav
from custom_components.ringcentral.softphone.media.writer import ClipResult, ClipWriter

VOICE = bytes(range(256))
WAIT = 10


def play(path: Path) -> bytes:
    with wave.open(io.BytesIO(path.read_bytes())) as reader:
        frames: bytes = reader.readframes(reader.getnframes())
        return frames


@pytest.fixture
def writer() -> Iterator[ClipWriter]:
    made = ClipWriter()
    yield made
    assert made.close()


class Stall:
    """Keeps the writing thread busy until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.busy = threading.Event()
        self.go = threading.Event()
        self._pwrite = os.pwrite
        monkeypatch.setattr(os, "pwrite", self._slow)

    def _slow(self, fd: int, data: bytes, position: int) -> int:
        self.busy.set()
        assert self.go.wait(WAIT)
        return self._pwrite(fd, data, position)


@pytest.mark.parametrize("codec", list(Codec))
def test_a_clip_is_what_was_heard(writer: ClipWriter, tmp_path: Path, codec: Codec) -> None:
    path = tmp_path / "new" / "clip.wav"
    clip = writer.begin(path, codec)
    clip.write(0, VOICE)
    clip.write(512, VOICE)
    assert clip.finish().result(WAIT) == ClipResult(path, 768)
    assert play(path) == codec.to_pcm(VOICE) + bytes(512) + codec.to_pcm(VOICE)


def test_a_clip_without_audio_leaves_no_file(writer: ClipWriter, tmp_path: Path) -> None:
    path = tmp_path / "new" / "clip.wav"
    assert writer.begin(path, Codec.PCMU).finish().result(WAIT) == ClipResult(path, 0)
    assert list(tmp_path.iterdir()) == []


def test_finishing_twice_is_finishing_once(writer: ClipWriter, tmp_path: Path) -> None:
    clip = writer.begin(tmp_path / "clip.wav", Codec.PCMU)
    clip.write(0, VOICE)
    assert clip.finish() is clip.finish()
    assert clip.finish().result(WAIT).samples == 256


def test_many_clips_share_one_thread(writer: ClipWriter, tmp_path: Path) -> None:
    before = threading.active_count()
    clips = [writer.begin(tmp_path / f"{n}.wav", Codec.PCMU) for n in range(20)]
    for offset in range(0, 2560, 256):
        for clip in clips:
            clip.write(offset, VOICE)
    assert threading.active_count() == before + 1
    assert [clip.finish().result(WAIT).samples for clip in clips] == [2560] * 20


def test_no_thread_is_started_before_the_first_clip() -> None:
    before = threading.active_count()
    writer = ClipWriter()
    assert threading.active_count() == before
    assert writer.close()


def test_closing_finishes_every_clip(tmp_path: Path) -> None:
    writer = ClipWriter()
    clip = writer.begin(tmp_path / "clip.wav", Codec.PCMU)
    clip.write(0, VOICE)
    assert writer.close()
    assert clip.finish().done()
    assert clip.finish().result() == ClipResult(tmp_path / "clip.wav", 256)


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    writer = ClipWriter()
    writer.begin(tmp_path / "clip.wav", Codec.PCMU)
    assert writer.close()
    assert writer.close()


def test_a_closed_writer_takes_no_clips(tmp_path: Path) -> None:
    writer = ClipWriter()
    writer.close()
    with pytest.raises(MediaError, match="no longer written"):
        writer.begin(tmp_path / "clip.wav", Codec.PCMU)


def test_audio_after_closing_goes_nowhere(tmp_path: Path) -> None:
    writer = ClipWriter()
    clip = writer.begin(tmp_path / "clip.wav", Codec.PCMU)
    writer.close()
    clip.write(0, VOICE)
    assert clip.finish().result(0).samples == 0
    assert list(tmp_path.iterdir()) == []


def test_a_full_queue_drops_audio_and_says_how_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stall = Stall(monkeypatch)
    writer = ClipWriter(queue_limit=3)
    clip = writer.begin(tmp_path / "clip.wav", Codec.PCMU)
    clip.write(0, VOICE)
    assert stall.busy.wait(WAIT)
    for number in range(1, 6):
        clip.write(number * 256, VOICE)
    done = clip.finish()
    stall.go.set()
    assert done.result(WAIT) == ClipResult(tmp_path / "clip.wav", 4 * 256, lost_samples=2 * 256)
    assert writer.close()


def test_a_disk_that_hangs_does_not_hold_closing_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stall = Stall(monkeypatch)
    writer = ClipWriter()
    clip = writer.begin(tmp_path / "clip.wav", Codec.PCMU)
    clip.write(0, VOICE)
    assert stall.busy.wait(WAIT)
    assert not writer.close(timeout=0.01)
    assert "didn't take the last audio" in caplog.text
    stall.go.set()
    assert writer.close()
    assert clip.finish().result(0).samples == 256


@pytest.mark.parametrize("offset", [-1, MAX_SAMPLES - 255, 2**40])
def test_audio_beyond_the_format_is_lost(writer: ClipWriter, tmp_path: Path, offset: int) -> None:
    clip = writer.begin(tmp_path / "clip.wav", Codec.PCMU)
    clip.write(0, VOICE)
    clip.write(offset, VOICE)
    assert clip.finish().result(WAIT) == ClipResult(tmp_path / "clip.wav", 256, lost_samples=256)


def test_a_full_disk_keeps_what_was_written_and_is_told_once(
    writer: ClipWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = os.pwrite

    def small_disk(fd: int, data: bytes, position: int) -> int:
        return real(fd, bytes(data)[: max(0, 44 + 600 - position)], position)

    monkeypatch.setattr(os, "pwrite", small_disk)
    clip = writer.begin(tmp_path / "+16501234567.wav", Codec.PCMU)
    for number in range(4):
        clip.write(number * 256, VOICE)
    result = clip.finish().result(WAIT)
    assert result.error is not None
    assert (result.samples, result.lost_samples, result.error.errno) == (300, 4 * 256 - 300, errno.ENOSPC)
    assert play(tmp_path / "+16501234567.wav") == Codec.PCMU.to_pcm(VOICE + VOICE[:44])
    assert [r.levelno for r in caplog.records if "can't be written" in r.message] == [logging.WARNING]
    assert "6501234567" not in caplog.text + str(result.error) + repr(result)


def test_a_disk_that_has_room_again_is_used_again(
    writer: ClipWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.pwrite
    full = {44 + 512}

    def moody_disk(fd: int, data: bytes, position: int) -> int:
        return 0 if position in full else real(fd, data, position)

    monkeypatch.setattr(os, "pwrite", moody_disk)
    clip = writer.begin(tmp_path / "clip.wav", Codec.PCMU)
    for number in range(3):
        clip.write(number * 256, VOICE)
    result = clip.finish().result(WAIT)
    assert (result.samples, result.lost_samples) == (768, 256)
    assert result.error is not None
    assert play(tmp_path / "clip.wav") == Codec.PCMU.to_pcm(VOICE) + bytes(512) + Codec.PCMU.to_pcm(VOICE)


def test_a_folder_that_cannot_be_made_is_an_error_of_the_clip_alone(
    writer: ClipWriter, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    broken = writer.begin(tmp_path / "file" / "clip.wav", Codec.PCMU)
    sound = writer.begin(tmp_path / "clip.wav", Codec.PCMU)
    broken.write(0, VOICE)
    sound.write(0, VOICE)
    result = broken.finish().result(WAIT)
    assert isinstance(result.error, OSError)
    assert (result.samples, result.lost_samples) == (0, 256)
    assert result.error.filename is None
    assert sound.finish().result(WAIT) == ClipResult(tmp_path / "clip.wav", 256)


def test_permission_denied_is_an_error_of_the_clip(
    writer: ClipWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path))

    monkeypatch.setattr(os, "open", denied)
    clip = writer.begin(tmp_path / "clip.wav", Codec.PCMU)
    clip.write(0, VOICE)
    result = clip.finish().result(WAIT)
    assert isinstance(result.error, PermissionError)
    assert str(tmp_path) not in str(result.error)


def test_a_path_that_cannot_exist_is_an_error_of_the_clip(writer: ClipWriter, tmp_path: Path) -> None:
    clip = writer.begin(tmp_path / "nul\0.wav", Codec.PCMU)
    clip.write(0, VOICE)
    result = clip.finish().result(WAIT)
    assert result.error is not None
    assert result.error.errno == errno.EINVAL


def test_an_existing_file_is_an_error_of_the_clip_and_untouched(writer: ClipWriter, tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(b"precious")
    clip = writer.begin(path, Codec.PCMU)
    clip.write(0, VOICE)
    assert isinstance(clip.finish().result(WAIT).error, FileExistsError)
    assert path.read_bytes() == b"precious"


def test_a_clip_deleted_meanwhile_is_lost_and_said_to_be(writer: ClipWriter, tmp_path: Path) -> None:
    first = writer.begin(tmp_path / "clip.wav", Codec.PCMU)
    first.write(0, VOICE)
    barrier = writer.begin(tmp_path / "barrier.wav", Codec.PCMU)
    barrier.finish().result(WAIT)
    (tmp_path / "clip.wav").unlink()
    result = first.finish().result(WAIT)
    assert isinstance(result.error, FileNotFoundError)
    assert (result.samples, result.lost_samples) == (0, 256)


def test_a_waiter_that_gives_up_does_not_disturb_the_thread(writer: ClipWriter, tmp_path: Path) -> None:
    clip = writer.begin(tmp_path / "clip.wav", Codec.PCMU)
    clip.write(0, VOICE)
    assert not clip.finish().cancel()
    assert clip.finish().result(WAIT).samples == 256


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from media.g711 import Codec
from media.writer import ClipWriter
clip = ClipWriter().begin(Path(sys.argv[2]), Codec.PCMU)
for number, _ in enumerate(sys.stdin):
    clip.write(number * 256, bytes(range(256)))
"""


def test_a_killed_process_leaves_a_clip_that_plays(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    softphone = Path(wav.__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(softphone), str(path)], stdin=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        process.stdin.write(b"\n" * 40)
        process.stdin.flush()
        wait_for_size(path, 44 + 40 * 512)
        process.kill()
        assert process.wait(WAIT) < 0
    whole = Codec.PCMU.to_pcm(VOICE) * 40
    played = play(path)
    assert len(played) >= len(whole) - 512
    assert whole.startswith(played)
    assert repair_wav(path) == 40 * 256
    assert play(path) == whole


def wait_for_size(path: Path, size: int) -> None:
    pause = threading.Event()
    seen = ((path.exists() and path.stat().st_size == size) or pause.wait(0.02) for _ in range(1000))
    assert any(seen)


def test_both_sides_of_a_clip_are_written_each_on_its_channel(writer: ClipWriter, tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    clip = writer.begin(path, Codec.PCMU, channels=2)
    clip.write(0, VOICE)
    clip.write(128, VOICE[::-1], 1)
    assert clip.finish().result(WAIT) == ClipResult(path, 384)
    left, right = Codec.PCMU.to_pcm(VOICE), Codec.PCMU.to_pcm(VOICE[::-1])
    frames = play(path)
    assert audioop.tomono(frames, 2, 1, 0) == left + bytes(256)
    assert audioop.tomono(frames, 2, 0, 1) == bytes(256) + right


@pytest.mark.parametrize("channels", [1, 2])
def test_a_clip_ends_where_its_format_does(writer: ClipWriter, tmp_path: Path, channels: int) -> None:
    clip = writer.begin(tmp_path / "clip.wav", Codec.PCMU, channels=channels)
    clip.write(MAX_SAMPLES // channels - 255, VOICE)
    assert clip.finish().result(WAIT) == ClipResult(tmp_path / "clip.wav", 0, 256)
