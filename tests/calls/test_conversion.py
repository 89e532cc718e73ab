"""Any sound becomes µ-law, by a real ffmpeg."""

import asyncio
from pathlib import Path
from typing import Any

import audioop
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.ringcentral.calls import conversion
from custom_components.ringcentral.calls.conversion import (
    ConversionError,
    NoFfmpegError,
    async_to_pcm,
    async_to_ulaw,
)
from tests.peers.programs import need
from tests.speaker import tone


@pytest.fixture
async def ffmpeg(hass: HomeAssistant) -> str:
    program = str(need("ffmpeg"))
    assert await async_setup_component(hass, "ffmpeg", {"ffmpeg": {"ffmpeg_bin": program}})
    return program


def loudness(ulaw: bytes) -> int:
    return audioop.rms(audioop.ulaw2lin(ulaw, 2), 2)


@pytest.mark.usefixtures("ffmpeg")
async def test_a_file_and_its_bytes_sound_the_same(hass: HomeAssistant, tmp_path: Path) -> None:
    sound = tone(440.0, 1.0, 44100)
    file = tmp_path / "a tone.wav"
    file.write_bytes(sound)

    from_file, from_bytes = await async_to_ulaw(hass, str(file)), await async_to_ulaw(hass, sound)

    assert from_file == from_bytes
    assert abs(len(from_file) - 8000) <= 8
    assert 5500 < loudness(from_file) < 7000


@pytest.mark.usefixtures("ffmpeg")
@pytest.mark.parametrize("source", [b"", b"no sound at all", "/nowhere/at/all.mp3"])
async def test_what_has_no_sound_says_why(hass: HomeAssistant, source: str | bytes) -> None:
    with pytest.raises(ConversionError) as raised:
        await async_to_ulaw(hass, source)

    assert str(raised.value)
    assert "nowhere" not in str(raised.value)


@pytest.mark.usefixtures("ffmpeg")
async def test_a_song_without_end_is_cut(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "LONGEST", 1)

    assert abs(len(await async_to_ulaw(hass, tone(440.0, 3.0))) - 8000) <= 8


@pytest.mark.usefixtures("ffmpeg")
async def test_a_message_becomes_what_recordings_are_made_of(hass: HomeAssistant) -> None:
    sound = await async_to_pcm(hass, tone(440.0, 0.5, 44100))

    assert abs(len(sound) - 8000) <= 16 and 5500 < audioop.rms(sound, 2) < 7000
    with pytest.raises(ConversionError):
        await async_to_pcm(hass, b"no sound at all")


async def test_without_ffmpeg_it_is_told(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "ffmpeg", {"ffmpeg": {"ffmpeg_bin": "/nowhere/ffmpeg"}})

    with pytest.raises(NoFfmpegError, match="No such file"):
        await async_to_ulaw(hass, b"anything")


async def test_what_takes_too_long_is_ended(
    hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper = tmp_path / "ffmpeg"
    sleeper.write_text("#!/bin/sh\n[ $1 = -version ] && exec echo ffmpeg version 7.1\nexec sleep 600\n")
    sleeper.chmod(0o755)
    assert await async_setup_component(hass, "ffmpeg", {"ffmpeg": {"ffmpeg_bin": str(sleeper)}})
    monkeypatch.setattr(conversion, "PATIENCE", 0.05)
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def noted(*arguments: str, **options: Any) -> asyncio.subprocess.Process:
        process = await start(*arguments, **options)
        started.append(process)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)

    with pytest.raises(ConversionError, match="longer than"):
        await async_to_ulaw(hass, "anything")

    (process,) = started
    assert process.returncode is not None
