"""What is asked of a speech-to-text engine, and what becomes of its answer."""

import asyncio
from pathlib import Path
from unittest.mock import patch

import audioop
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_load_integrations
from homeassistant.setup import async_setup_component
import pytest

from custom_components.ringcentral.clips import speech_to_text, unpacked
from custom_components.ringcentral.clips.speech_to_text import (
    EngineFailedError,
    EngineMissingError,
    Words,
    async_hear,
    async_spoken_language,
)
from custom_components.ringcentral.const import DOMAIN
from tests.listener import ENGINE, Listener
from tests.peers.programs import need

from .test_spoken import QUIET, sound, write

SAID = sound((1, 0.3))


@pytest.fixture(autouse=True)
async def texts(hass: HomeAssistant) -> None:
    hass.config.components.add(DOMAIN)
    await async_load_integrations(hass, {DOMAIN})


@pytest.fixture
async def ffmpeg(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    with patch("homeassistant.components.ffmpeg.FFVersion.get_version", return_value="7"):
        assert await async_setup_component(hass, "ffmpeg", {})
    monkeypatch.setattr(hass.data["ffmpeg"], "_bin", str(need("ffmpeg")))


@pytest.fixture
async def listener(hass: HomeAssistant) -> Listener:
    listener = Listener()
    await listener.set_up(hass)
    return listener


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write(tmp_path / "clip.wav", SAID)


async def test_an_engine_is_given_raw_sound_at_its_rate_and_its_own_name_of_the_language(
    hass: HomeAssistant, listener: Listener, clip: Path
) -> None:
    assert await async_hear(hass, clip, ENGINE) == Words("Hello", "en-US")

    [(language, rate, heard)] = listener.heard
    assert (language, rate) == ("en-US", 16000)
    assert len(heard) == pytest.approx(2 * len(SAID), abs=8)
    assert not heard.startswith(b"RIFF")


async def test_an_engine_for_telephones_is_given_every_sample_as_it_came(
    hass: HomeAssistant, listener: Listener, clip: Path
) -> None:
    listener.rates = (8000, 48000)

    await async_hear(hass, clip, ENGINE)

    assert listener.heard == [("en-US", 8000, SAID)]


@pytest.mark.parametrize(
    ("wanted", "home", "spoken"),
    [("de", "en", "de-DE"), (None, "de", "de-DE"), ("en-GB", "de", "en-US"), ("en-US", "de", "en-US")],
)
async def test_the_language_is_the_one_that_fits_best(
    hass: HomeAssistant, listener: Listener, clip: Path, wanted: str | None, home: str, spoken: str
) -> None:
    hass.config.language = home

    assert async_spoken_language(hass, ENGINE, wanted) == spoken
    assert (await async_hear(hass, clip, ENGINE, wanted)).language == spoken
    assert listener.heard[0][0] == spoken


@pytest.mark.parametrize("set_up", [True, False])
async def test_an_engine_that_is_not_there_is_told(hass: HomeAssistant, clip: Path, set_up: bool) -> None:
    if set_up:
        await Listener().set_up(hass)

    with pytest.raises(EngineMissingError, match=r"stt\.gone"):
        await async_hear(hass, clip, "stt.gone")
    with pytest.raises(EngineMissingError):
        async_spoken_language(hass, "stt.gone", None)


async def test_a_language_it_does_not_know_and_sound_it_does_not_take_are_told(
    hass: HomeAssistant, listener: Listener, clip: Path
) -> None:
    assert async_spoken_language(hass, ENGINE, "fr") is None
    with pytest.raises(HomeAssistantError, match=r"stt\.listener.*language fr"):
        await async_hear(hass, clip, ENGINE, "fr")

    listener.rates = (11000,)
    with pytest.raises(HomeAssistantError, match="16 bits"):
        await async_hear(hass, clip, ENGINE)

    assert listener.heard == []


@pytest.mark.parametrize("failure", [None, ValueError("no credit"), TimeoutError()])
async def test_an_engine_may_fail_once(
    hass: HomeAssistant, listener: Listener, clip: Path, failure: Exception | None
) -> None:
    listener.understands = [failure, " Hello \n"]

    assert (await async_hear(hass, clip, ENGINE)).text == "Hello"

    assert listener.heard[0] == listener.heard[1], "the whole of it again"


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(None, "no more than that"), (ValueError("no credit"), "no credit"), (ValueError(), "ValueError")],
)
async def test_an_engine_that_fails_twice_has_failed(
    hass: HomeAssistant, listener: Listener, clip: Path, failure: Exception | None, reason: str
) -> None:
    listener.understands = [failure]

    with pytest.raises(EngineFailedError, match=rf"stt\.listener.*{reason}"):
        await async_hear(hass, clip, ENGINE)

    assert len(listener.heard) == 2


async def test_an_engine_that_takes_for_ever_has_failed(
    hass: HomeAssistant, listener: Listener, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_to_text, "PATIENCE", 0.01)
    monkeypatch.setattr(speech_to_text, "SLOWNESS", 0.01)
    listener.go_on = asyncio.Event()

    with pytest.raises(EngineFailedError, match="no answer in 0 s"):
        await async_hear(hass, clip, ENGINE)


async def test_what_a_long_call_s_pieces_say_is_put_together(
    hass: HomeAssistant, listener: Listener, tmp_path: Path
) -> None:
    listener.understands = ["One", "", "three"]
    clip = write(tmp_path / "long.wav", sound((40, 0.3), (1, QUIET), (40, 0.3), (1, QUIET), (40, 0.3)))

    assert (await async_hear(hass, clip, ENGINE)).text == "One three"

    assert len(listener.heard) == 3


async def test_silence_is_sent_to_nobody(hass: HomeAssistant, listener: Listener, tmp_path: Path) -> None:
    clip = write(tmp_path / "silence.wav", sound((1, QUIET)))

    assert await async_hear(hass, clip, ENGINE) == Words("", "en-US")

    assert listener.heard == []


async def test_a_file_that_is_gone_is_told(hass: HomeAssistant, listener: Listener, tmp_path: Path) -> None:
    with pytest.raises(HomeAssistantError, match="No such file"):
        await async_hear(hass, tmp_path / "gone.wav", ENGINE)


async def packed(wav: Path, kind: str) -> Path:
    """Return a smaller file of the same sound, without the WAV file."""
    smaller = wav.with_suffix(kind)
    command = (str(need("ffmpeg")), "-v", "error", "-i", str(wav), str(smaller))
    assert await (await asyncio.create_subprocess_exec(*command)).wait() == 0
    await asyncio.to_thread(wav.unlink)
    return smaller


@pytest.mark.parametrize("kind", [".mp3", ".flac"])
async def test_a_clip_that_is_kept_smaller_is_unpacked_for_a_while(
    hass: HomeAssistant,
    listener: Listener,
    tmp_path: Path,
    kind: str,
    ffmpeg: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "for_a_while"))
    (tmp_path / "for_a_while").mkdir()
    listener.rates = (8000,)
    both = write(tmp_path / "clip.wav", sound((1, 0.3)), sound((1, QUIET)))
    # As loud as it was: of two channels nothing is mixed.
    loudness = audioop.rms(sound((1, 0.3)), 2)

    assert (await async_hear(hass, await packed(both, kind), ENGINE)).text == "Hello"

    [(_, _, heard)] = listener.heard
    assert audioop.rms(heard[4000:12000], 2) == pytest.approx(loudness, rel=0.1)
    assert [*(tmp_path / "for_a_while").iterdir()] == []


async def test_what_has_no_sound_to_unpack_is_told(
    hass: HomeAssistant, listener: Listener, tmp_path: Path, ffmpeg: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clip.mp3").write_text("Hello")
    with pytest.raises(HomeAssistantError, match="finds no sound"):
        await async_hear(hass, tmp_path / "clip.mp3", ENGINE)

    monkeypatch.setattr(unpacked, "PATIENCE", 0)
    with pytest.raises(HomeAssistantError, match="took longer"):
        await async_hear(hass, tmp_path / "clip.mp3", ENGINE)


async def test_an_ffmpeg_that_does_not_run_is_told(
    hass: HomeAssistant, listener: Listener, tmp_path: Path, ffmpeg: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hass.data["ffmpeg"], "_bin", str(tmp_path / "none"))
    with pytest.raises(HomeAssistantError, match="FFmpeg doesn't run: No such file"):
        await async_hear(hass, tmp_path / "clip.mp3", ENGINE)


def test_nobody_reads_along() -> None:
    assert "secret" not in repr(Words("secret", "en"))
