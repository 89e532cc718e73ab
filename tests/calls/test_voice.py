"""What is said on the telephone: text and media become sound, or an error that names what is in the way."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components.media_source.models import PlayMedia
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest

from custom_components.ringcentral.calls import voice as voice_module
from custom_components.ringcentral.calls.voice import Media, Speech, Voice
from tests.peers.programs import need
from tests.speaker import ENGINE, Speaker, tone
from tests.translations import EN


@pytest.fixture
async def voice(hass: HomeAssistant) -> Voice:
    """Return the voice of a Home Assistant with ffmpeg and a media folder, but nobody who speaks."""
    hass.config.media_dirs = {"local": hass.config.path("media")}
    program = str(need("ffmpeg"))
    assert await async_setup_component(hass, "ffmpeg", {"ffmpeg": {"ffmpeg_bin": program}})
    assert await async_setup_component(hass, "media_source", {})
    return Voice(hass)


@pytest.fixture
async def speaker(hass: HomeAssistant, voice: Voice) -> Speaker:
    speaker = Speaker()
    await speaker.set_up(hass)
    return speaker


def put(hass: HomeAssistant, name: str, sound: bytes) -> Media:
    """Put a file into the media folder."""
    file = Path(hass.config.path("media", name))
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(sound)
    return Media(f"media-source://media_source/local/{name}")


def told(error: HomeAssistantError) -> tuple[str | None, str]:
    """Return the key of an error, and its text as a person reads it."""
    text: str = EN["exceptions"][error.translation_key]["message"]
    return error.translation_key, text.format(**(error.translation_placeholders or {}))


async def refused(voice: Voice, what: Speech | Media) -> tuple[str | None, str]:
    with pytest.raises(HomeAssistantError) as raised:
        await voice.render(what)
    return told(raised.value)


async def test_a_text_is_spoken_by_the_engine_there_is(voice: Voice, speaker: Speaker) -> None:
    sound = await voice.render(Speech("Come in"))

    assert abs(len(sound) - 0.35 * 8000) <= 8
    ((message, language, options),) = speaker.said
    assert (message, language) == ("Come in", "en-US")
    assert "voice" not in options


async def test_engine_language_and_voice_are_the_users_choice(voice: Voice, speaker: Speaker) -> None:
    await voice.render(Speech("Herein", ENGINE, "de-DE", "anna"))

    ((message, language, options),) = speaker.said
    assert (message, language, options["voice"]) == ("Herein", "de-DE", "anna")


async def test_what_was_said_is_kept(voice: Voice, speaker: Speaker) -> None:
    first = await voice.render(Speech("Hello"))
    speaker.failure = RuntimeError("out of voice")

    assert await voice.render(Speech("Hello")) is first
    with pytest.raises(HomeAssistantError):
        await voice.render(Speech("Hello", voice="anna"))


async def test_only_so_much_is_kept(voice: Voice, speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_module, "KEPT", 10_000)
    first = await voice.render(Speech("0123456789"))
    second = await voice.render(Speech("9876543210"))
    assert await voice.render(Speech("0123456789")) is first
    await voice.render(Speech("abcdefghij"))

    assert await voice.render(Speech("0123456789")) is first
    assert await voice.render(Speech("9876543210")) is not second


async def test_a_failing_engine_is_named_with_its_reason(voice: Voice, speaker: Speaker) -> None:
    speaker.failure = RuntimeError("the service is out of credit")

    key, text = await refused(voice, Speech("Hello"))

    assert key == "tts_failed"
    assert ENGINE in text
    assert "the service is out of credit" in text


async def test_an_engine_that_says_nothing_has_failed(voice: Voice, speaker: Speaker) -> None:
    speaker.silent = True

    key, text = await refused(voice, Speech("Hello"))

    assert key == "tts_failed"
    assert ENGINE in text


async def test_an_engine_that_takes_for_ever_has_failed(
    hass: HomeAssistant, voice: Voice, speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_module, "PATIENCE", 0.0)

    assert (await refused(voice, Speech("Hello")))[0] == "tts_failed"
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_a_language_it_does_not_speak_is_told(voice: Voice, speaker: Speaker) -> None:
    key, text = await refused(voice, Speech("Bonjour", language="fr-FR"))

    assert key == "tts_failed"
    assert "fr-FR" in text


async def test_nobody_who_speaks_is_told(hass: HomeAssistant, voice: Voice) -> None:
    assert (await refused(voice, Speech("Hello")))[0] == "tts_missing"
    assert await async_setup_component(hass, "tts", {})
    assert (await refused(voice, Speech("Hello")))[0] == "tts_missing"


async def test_an_engine_that_is_not_there_is_told(voice: Voice, speaker: Speaker) -> None:
    key, text = await refused(voice, Speech("Hello", "tts.gone"))

    assert key == "tts_unknown"
    assert "tts.gone" in text


async def test_a_file_of_the_media_folder_is_played_and_kept(hass: HomeAssistant, voice: Voice) -> None:
    media = put(hass, "ding.wav", tone(800.0, 0.5))

    first = await voice.render(media)
    assert abs(len(first) - 4000) <= 8
    assert await voice.render(media) is first
    put(hass, "ding.wav", tone(800.0, 1.0))
    assert abs(len(await voice.render(media)) - 8000) <= 8


async def test_what_the_media_browser_speaks_is_played(voice: Voice, speaker: Speaker) -> None:
    sound = await voice.render(Media(f"media-source://tts/{ENGINE}?message=Hello"))

    # It comes as MP3, whose first and last frames are filled up.
    assert 2000 <= len(sound) <= 3000
    speaker.failure = RuntimeError("no")
    assert (await refused(voice, Media(f"media-source://tts/{ENGINE}?message=Bye")))[0] == "tts_failed"


@pytest.mark.parametrize(
    "content_id",
    [
        "media-source://media_source/local/gone.wav",
        "media-source://nobody/at/home",
        "file:///etc/passwd",
        "concat:/etc/passwd",
        "",
    ],
)
async def test_what_is_not_media_is_refused(voice: Voice, content_id: str) -> None:
    key, text = await refused(voice, Media(content_id))

    assert key == "media_not_found"
    assert "passwd" not in text


async def test_a_file_without_sound_is_told(hass: HomeAssistant, voice: Voice) -> None:
    assert (await refused(voice, put(hass, "empty.mp3", b"")))[0] == "media_unreadable"


@pytest.mark.parametrize("url", ["https://example.com/song.mp3", "/api/tts_proxy/abc.mp3"])
async def test_a_web_address_is_left_to_ffmpeg(hass: HomeAssistant, voice: Voice, url: str) -> None:
    hass.config.internal_url = "http://192.0.2.1:8123"
    asked: list[Any] = []

    async def convert(_: HomeAssistant, source: str | bytes) -> bytes:
        asked.append(source)
        return b"sound"

    with (
        patch.object(voice_module, "async_to_ulaw", convert),
        patch(
            "homeassistant.components.media_source.async_resolve_media",
            return_value=PlayMedia(url, "audio/mpeg"),
        ),
    ):
        await voice.render(Media(url))
        await voice.render(Media("media-source://radio/one"))

    full = url if url.startswith("https") else f"http://192.0.2.1:8123{url}"
    assert asked == [full, full]


async def test_without_ffmpeg_it_is_told(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "ffmpeg", {"ffmpeg": {"ffmpeg_bin": "/nowhere/ffmpeg"}})

    assert (await refused(Voice(hass), Media("https://example.com/song.mp3")))[0] == "ffmpeg_missing"
