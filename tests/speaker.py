"""A text-to-speech engine that needs no network: what it says is a tone for each letter."""

from dataclasses import dataclass, field
import io
import math
import struct
from typing import Any, Final, override
import wave

from homeassistant.components.tts.const import DATA_COMPONENT, DOMAIN as TTS_DOMAIN
from homeassistant.components.tts.entity import TextToSpeechEntity
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

ENGINE: Final = "tts.speaker"
_RATE: Final = 16000


def tone(frequency: float, seconds: float, rate: int = _RATE) -> bytes:
    """Return a WAV file of a tone."""
    samples = [
        round(9000 * math.sin(2 * math.pi * frequency * at / rate)) for at in range(round(seconds * rate))
    ]
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()


@dataclass
class Speaker:
    """What the engine does, and was asked for."""

    said: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    """Text, language and options of each time."""
    failure: Exception | None = None
    silent: bool = False

    async def set_up(self, hass: HomeAssistant) -> None:
        """Have Home Assistant know the engine as ENGINE."""
        assert await async_setup_component(hass, TTS_DOMAIN, {})
        await hass.data[DATA_COMPONENT].async_add_entities([_Entity(self)])


class _Entity(TextToSpeechEntity):
    _attr_name = "Speaker"
    _attr_unique_id = "speaker"
    _attr_default_language = "en-US"
    _attr_supported_languages = ["en-US", "de-DE"]
    _attr_supported_options = ["voice"]

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker

    @override
    async def async_get_tts_audio(
        self, message: str, language: str, options: dict[str, Any]
    ) -> tuple[str | None, bytes | None]:
        self._speaker.said.append((message, language, dict(options)))
        if self._speaker.failure is not None:
            raise self._speaker.failure
        if self._speaker.silent:
            return "wav", b""
        return "wav", tone(400.0, 0.05 * len(message))
