"""A clip becomes an MP3 file that is the same to the ears, or stays what it is."""

import asyncio
from collections.abc import Callable
import os
from pathlib import Path
from random import Random
import stat
import subprocess
from typing import Any
from unittest.mock import Mock, patch

import audioop
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.ringcentral.calls.conversion import ConversionError, NoFfmpegError
from custom_components.ringcentral.clips import mp3
from custom_components.ringcentral.clips.mp3 import async_make_copy, async_try, repair
from custom_components.ringcentral.softphone.media.wav import wav_header
from simulator.speech import CALLERS
from tests.peers.programs import need

SPEECH = audioop.ulaw2lin(CALLERS[4].manner.speech, 2)
OTHER = audioop.ulaw2lin(CALLERS[1].manner.speech, 2)[: len(SPEECH)]


@pytest.fixture(autouse=True)
async def ffmpeg(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = need("ffmpeg")
    assert await async_setup_component(hass, "ffmpeg", {})
    monkeypatch.setattr(hass.data["ffmpeg"], "_bin", str(program))
    return program


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return save(tmp_path / "clip.wav", SPEECH)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "clip.mp3"


def save(path: Path, pcm: bytes, channels: int = 1) -> Path:
    path.write_bytes(wav_header(len(pcm) // 2 // channels, channels) + pcm)
    return path


def heard(path: Path) -> bytes:
    """Return what a player makes of a file."""
    command = [str(need("ffmpeg")), "-v", "error", "-i", str(path), "-f", "s16le", "-ar", "8000", "-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def file_of(path: Path) -> os.stat_result:
    return path.stat()


def closeness(sound: bytes, to: bytes) -> float:
    """Return how much of a sound is in another one, 0 to 1."""
    return 1 - audioop.rms(audioop.add(sound, audioop.mul(to, 2, -1), 2), 2) / audioop.rms(to, 2)


async def make(hass: HomeAssistant, clip: Path, copy: Path) -> None:
    await async_make_copy(hass, clip, copy, 5.0)


async def test_a_copy_is_the_same_to_the_ears_and_a_fifth_as_large(
    hass: HomeAssistant, clip: Path, copy: Path
) -> None:
    await make(hass, clip, copy)

    sound = await hass.async_add_executor_job(heard, copy)
    assert len(sound) == len(SPEECH)
    assert closeness(sound, SPEECH) > 0.8
    made, was = file_of(copy), file_of(clip)
    assert made.st_size < was.st_size / 5
    assert stat.S_IMODE(made.st_mode) == 0o600


async def test_both_sides_become_one(hass: HomeAssistant, tmp_path: Path, copy: Path) -> None:
    sides = audioop.add(audioop.tostereo(SPEECH, 2, 1, 0), audioop.tostereo(OTHER, 2, 0, 1), 2)
    await make(hass, save(tmp_path / "clip.wav", sides, 2), copy)

    sound = await hass.async_add_executor_job(heard, copy)
    assert closeness(sound, audioop.add(SPEECH, OTHER, 2)) > 0.7


@pytest.mark.parametrize(
    "pcm",
    [
        audioop.ulaw2lin(Random(1).randbytes(24_000), 2),
        bytes(16_000),
        audioop.ulaw2lin(Random(2).randbytes(160), 2),
        (b"\xff\x7f" * 10 + b"\x00\x80" * 10) * 400,
        audioop.mul(SPEECH, 2, 0.01),
    ],
    ids=["noise", "silence", "a packet", "as loud as can be", "faint"],
)
async def test_whatever_is_recorded_can_be_made_smaller(
    hass: HomeAssistant, tmp_path: Path, copy: Path, pcm: bytes
) -> None:
    await make(hass, save(tmp_path / "clip.wav", pcm), copy)
    sound = await hass.async_add_executor_job(heard, copy)
    assert len(sound) == len(pcm)


def blank(path: Path) -> None:
    path.write_bytes(b"")


def shorter(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 700)


def damaged(path: Path) -> None:
    sound = bytearray(path.read_bytes())
    sound[3000:3400] = Random(1).randbytes(400)
    path.write_bytes(sound)


def another(path: Path) -> None:
    other = str(save(path.with_name("other.wav"), OTHER))
    command = [str(need("ffmpeg")), "-v", "error", "-y", "-i", other, *mp3.ENCODER, str(path)]
    subprocess.run(command, check=True)


def missing(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("harm", [blank, shorter, damaged, another, missing])
async def test_a_copy_that_is_not_like_the_clip_is_found_out(
    hass: HomeAssistant, clip: Path, copy: Path, harm: Callable[[Path], None]
) -> None:
    encode = mp3._encode

    async def badly(hass: HomeAssistant, clip: Path, copy: Path, mix: tuple[str, ...]) -> None:
        await encode(hass, clip, copy, mix)
        await hass.async_add_executor_job(harm, copy)

    with patch.object(mp3, "_encode", badly), pytest.raises(ConversionError, match="the copy"):
        await make(hass, clip, copy)


async def test_a_sound_that_is_cut_off_within_a_sample_is_taken_as_far_as_it_goes(
    hass: HomeAssistant, tmp_path: Path, copy: Path
) -> None:
    await make(hass, save(tmp_path / "clip.wav", SPEECH + b"\x01"), copy)


async def test_what_is_no_recording_is_left_alone(hass: HomeAssistant, tmp_path: Path, copy: Path) -> None:
    for content in (b"", b"x" * 100):
        (tmp_path / "clip.wav").write_bytes(content)
        with pytest.raises(ConversionError, match="no recording of ours"):
            await make(hass, tmp_path / "clip.wav", copy)
    with pytest.raises(ConversionError, match="No such file"):
        await make(hass, tmp_path / "gone.wav", copy)


async def test_a_folder_that_cannot_be_written_is_told_without_its_name(
    hass: HomeAssistant, clip: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConversionError) as failed:
        await make(hass, clip, tmp_path / "secret" / "clip.mp3")
    assert "No such file" in str(failed.value) and "secret" not in str(failed.value)


async def test_a_copy_that_cannot_be_forced_to_the_disk_is_none(
    hass: HomeAssistant, clip: Path, copy: Path
) -> None:
    with (
        patch.object(os, "fsync", side_effect=OSError(5, "Input/output error")),
        pytest.raises(ConversionError, match="Input/output error"),
    ):
        await make(hass, clip, copy)


async def test_it_takes_no_longer_than_it_may_and_leaves_no_program_running(
    hass: HomeAssistant, clip: Path, copy: Path
) -> None:
    started: list[asyncio.subprocess.Process] = []
    create = asyncio.create_subprocess_exec

    async def noted(*arguments: str, **pipes: Any) -> asyncio.subprocess.Process:
        # Reads what nobody ever says.
        process = await create("sleep", "60", **pipes)
        started.append(process)
        return process

    with (
        patch.object(asyncio, "create_subprocess_exec", noted),
        patch.multiple(mp3, _PATIENCE=0.0, _PACE=100.0, _TRIAL=0.1),
    ):
        with pytest.raises(ConversionError, match="too long"):
            await make(hass, clip, copy)
        with pytest.raises(ConversionError, match="too long"):
            await async_try(hass)
    assert [process.returncode for process in started] == [-9, -9]


async def test_it_gives_way_to_whatever_else_there_is_to_do(
    hass: HomeAssistant, clip: Path, copy: Path
) -> None:
    with patch.object(os, "setpriority", side_effect=ProcessLookupError) as lowered:
        await make(hass, clip, copy)

    assert [(call.args[0], call.args[2]) for call in lowered.call_args_list] == [(os.PRIO_PROCESS, 19)] * 2


async def test_what_can_be_made_here_is_tried(
    hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path, copy: Path
) -> None:
    await async_try(hass)

    other = tmp_path / "ffmpeg"
    other.write_text("#!/bin/sh\necho \"Unknown encoder 'libmp3lame'\" >&2\nexit 1\n")
    other.chmod(0o755)
    for program, error, reason in (
        (other, ConversionError, "Unknown encoder"),
        (tmp_path / "nothing", NoFfmpegError, "No such file"),
    ):
        monkeypatch.setattr(mp3, "get_ffmpeg_manager", lambda _, program=program: Mock(binary=str(program)))
        with pytest.raises(error, match=reason):
            await async_try(hass)
        with pytest.raises(error, match=reason):
            await make(hass, clip, copy)


async def test_a_file_found_again_tells_its_length(hass: HomeAssistant, clip: Path, copy: Path) -> None:
    await make(hass, clip, copy)

    assert repair(clip) == len(SPEECH) // 2
    assert repair(copy) == pytest.approx(len(SPEECH) // 2, abs=1200)


@pytest.mark.parametrize("content", [b"RIFF", b"", b"\xff"])
def test_a_file_of_another_kind_is_no_clip(copy: Path, content: bytes) -> None:
    copy.write_bytes(content)

    assert repair(copy) is None
