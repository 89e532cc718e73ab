"""A speech-to-text engine that needs no network: it understands whatever it is told to."""

import asyncio
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import Final, override

from homeassistant.components import stt
from homeassistant.components.stt.const import DATA_COMPONENT
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

ENGINE: Final = "stt.listener"


@dataclass
class Listener:
    """What the engine understands, in turn and then for ever the last; an error is raised, None its own way to fail."""

    understands: list[str | Exception | None] = field(default_factory=lambda: ["Hello"])
    rates: tuple[int, ...] = (16000,)
    languages: tuple[str, ...] = ("en-US", "de-DE")
    heard: list[tuple[str, int, bytes]] = field(default_factory=list)
    """Language, samples a second and sound of each time."""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared, it takes for ever."""

    def __post_init__(self) -> None:
        """Be quick, unless a test wants otherwise."""
        self.go_on.set()

    async def set_up(self, hass: HomeAssistant) -> stt.SpeechToTextEntity:
        """Have Home Assistant know the engine as ENGINE."""
        assert await async_setup_component(hass, stt.DOMAIN, {})
        entity = _Entity(self)
        await hass.data[DATA_COMPONENT].async_add_entities([entity])
        return entity


class _Entity(stt.SpeechToTextEntity):
    _attr_name = "Listener"
    supported_formats = [stt.AudioFormats.WAV]
    supported_codecs = [stt.AudioCodecs.PCM]
    supported_bit_rates = [stt.AudioBitRates.BITRATE_16]
    supported_channels = [stt.AudioChannels.CHANNEL_MONO]

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    @property
    @override
    def supported_languages(self) -> list[str]:
        return [*self._listener.languages]

    @property
    @override
    def supported_sample_rates(self) -> list[stt.AudioSampleRates]:
        return [*map(stt.AudioSampleRates, self._listener.rates)]

    @override
    async def async_process_audio_stream(
        self, metadata: stt.SpeechMetadata, stream: AsyncIterable[bytes]
    ) -> stt.SpeechResult:
        listener = self._listener
        sound = b"".join([chunk async for chunk in stream])
        listener.heard.append((metadata.language, int(metadata.sample_rate), sound))
        await listener.go_on.wait()
        understood = listener.understands[0]
        if len(listener.understands) > 1:
            del listener.understands[0]
        if isinstance(understood, Exception):
            raise understood
        if understood is None:
            return stt.SpeechResult(None, stt.SpeechResultState.ERROR)
        return stt.SpeechResult(understood, stt.SpeechResultState.SUCCESS)
