"""What was said in a clip, as a speech-to-text engine of Home Assistant understands it."""

import asyncio
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from homeassistant.components import stt
from homeassistant.components.stt.const import DATA_COMPONENT
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import language as language_util

from ..const import DOMAIN
from .spoken import UnreadableError, pieces_of, read
from .unpacked import async_wav_of

# Seconds that an engine may take for a piece, and for each second in it: small computers are slower than speech.
PATIENCE: Final = 60.0
SLOWNESS: Final = 4.0

# Bytes at a time, as Home Assistant hands over what a microphone hears.
_CHUNK: Final = 4096
# A telephone's 8 kHz said twice is what most engines want; some take it as it is, and some want more of it.
_RATES: Final = (16000, 8000, 22000, 32000, 44100, 48000)


@dataclass(frozen=True, slots=True)
class Words:
    """What was said, empty where nothing was understood, and in which language: a BCP 47 tag the engine knows."""

    text: str = field(repr=False)
    language: str


class EngineMissingError(HomeAssistantError):
    """Home Assistant has no such engine, or not yet."""


class EngineFailedError(HomeAssistantError):
    """The engine didn't do it."""


@callback
def async_spoken_language(hass: HomeAssistant, engine_id: str, language: str | None) -> str | None:
    """Return which of an engine's languages is meant, by default Home Assistant's; None where it doesn't know it.

    Raises:
        EngineMissingError: There is no such engine.
    """
    return _language(hass, _engine(hass, engine_id), language)


async def async_hear(hass: HomeAssistant, path: Path, engine_id: str, language: str | None = None) -> Words:
    """Return what is said in a clip; the language is Home Assistant's where none is given.

    Raises:
        EngineMissingError: There is no such engine.
        EngineFailedError: It failed twice, or took too long twice.
        HomeAssistantError: It doesn't know the language or takes no sound of ours, or the clip can't be read.
    """
    engine = _engine(hass, engine_id)
    if (spoken := _language(hass, engine, language)) is None:
        raise _wrong("stt_language", engine=engine_id, language=language or hass.config.language)
    if (metadata := _metadata(engine, spoken)) is None:
        raise _wrong("stt_format", engine=engine_id)
    rate = int(metadata.sample_rate)
    said = []
    try:
        async with async_wav_of(hass, path) as wav:
            for piece in await hass.async_add_executor_job(pieces_of, wav):
                sound = await hass.async_add_executor_job(read, wav, piece, rate)
                said.append(await _understood(engine, metadata, sound, PATIENCE + SLOWNESS * piece.seconds))
    except UnreadableError as error:
        raise _wrong("clip_unreadable", reason=str(error)) from error
    return Words(" ".join(filter(None, said)), spoken)


def _engine(hass: HomeAssistant, engine_id: str) -> stt.SpeechToTextEntity:
    engine = None
    if DATA_COMPONENT in hass.data:
        engine = stt.async_get_speech_to_text_entity(hass, engine_id)
    if engine is None:
        raise EngineMissingError(
            translation_domain=DOMAIN,
            translation_key="stt_missing",
            translation_placeholders={"engine": engine_id},
        )
    return engine


def _language(hass: HomeAssistant, engine: stt.SpeechToTextEntity, wanted: str | None) -> str | None:
    known = language_util.matches(
        wanted or hass.config.language, engine.supported_languages, country=hass.config.country
    )
    return known[0] if known else None


def _metadata(engine: stt.SpeechToTextEntity, language: str) -> stt.SpeechMetadata | None:
    for rate in _RATES:
        metadata = stt.SpeechMetadata(
            language=language,
            format=stt.AudioFormats.WAV,
            codec=stt.AudioCodecs.PCM,
            bit_rate=stt.AudioBitRates.BITRATE_16,
            sample_rate=stt.AudioSampleRates(rate),
            channel=stt.AudioChannels.CHANNEL_MONO,
        )
        if engine.check_metadata(metadata):
            return metadata
    return None


async def _understood(
    engine: stt.SpeechToTextEntity, metadata: stt.SpeechMetadata, sound: bytes, patience: float
) -> str:
    """Return what an engine understands, which may fail once; raises EngineFailedError."""
    try:
        return await _asked(engine, metadata, sound, patience)
    except EngineFailedError:
        return await _asked(engine, metadata, sound, patience)


async def _asked(
    engine: stt.SpeechToTextEntity, metadata: stt.SpeechMetadata, sound: bytes, patience: float
) -> str:
    try:
        async with asyncio.timeout(patience):
            result = await engine.internal_async_process_audio_stream(metadata, _stream(sound))
    except TimeoutError as error:
        raise _failed(engine, f"no answer in {patience:.0f} s") from error
    except Exception as error:
        # Engines raise whatever the libraries they are made of do.
        raise _failed(engine, str(error) or type(error).__name__) from error
    if result.result != stt.SpeechResultState.SUCCESS:
        raise _failed(engine, "it says no more than that")
    return (result.text or "").strip()


async def _stream(sound: bytes) -> AsyncIterable[bytes]:
    """Hand sound over in chunks, without a header: that is what engines expect, whatever their format is called."""
    for at in range(0, len(sound), _CHUNK):
        yield sound[at : at + _CHUNK]


def _failed(engine: stt.SpeechToTextEntity, reason: str) -> EngineFailedError:
    return EngineFailedError(
        translation_domain=DOMAIN,
        translation_key="stt_failed",
        translation_placeholders={"engine": engine.entity_id, "reason": reason},
    )


def _wrong(key: str, **placeholders: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
