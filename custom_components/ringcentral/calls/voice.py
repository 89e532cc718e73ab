"""What is said to a person on the telephone: text, or any media of Home Assistant."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import audioop
from homeassistant.components import media_source, tts
from homeassistant.components.media_player.browse_media import async_process_play_media_url
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from ..const import DOMAIN
from ..softphone.media import SAMPLE_RATE
from .conversion import ConversionError, NoFfmpegError, async_to_ulaw

# Seconds that an engine may take to speak.
PATIENCE: Final = 60.0
# Bytes of sound that are kept for the next time, 17 minutes.
KEPT: Final = 8 * 1024 * 1024

_TTS: Final = "tts"
# Anything else is turned into MP3 first, which doesn't get better by it.
_TELEPHONE: Final[dict[str, str | int]] = {
    tts.ATTR_PREFERRED_FORMAT: "wav",
    tts.ATTR_PREFERRED_SAMPLE_RATE: SAMPLE_RATE,
    tts.ATTR_PREFERRED_SAMPLE_CHANNELS: 1,
    tts.ATTR_PREFERRED_SAMPLE_BYTES: 2,
}
_SPOKEN_MEDIA: Final = "media-source://tts/"


@dataclass(frozen=True, slots=True)
class Speech:
    """A text to be spoken; without an engine by the one Home Assistant prefers, and in its language."""

    message: str = field(repr=False)
    engine: str | None = None
    language: str | None = None
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """Something to be played: a media-source:// identifier, or an address of the web or of Home Assistant itself."""

    content_id: str = field(repr=False)


class Voice:
    """Turns what is to be said into 8 kHz µ-law, and keeps what was said last."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin with nothing kept."""
        self._hass = hass
        self._kept: OrderedDict[object, bytes] = OrderedDict()

    async def render(self, what: Speech | Media) -> bytes:
        """Return its sound; raises a translated HomeAssistantError that says what is in the way, and what to do."""
        if isinstance(what, Speech):
            return await self._speech(what)
        if what.content_id.startswith(_SPOKEN_MEDIA):
            spoken = tts.async_get_media_source_audio(self._hass, what.content_id)
            return await self._converted((await _answer(spoken, "text-to-speech"))[1])
        if media_source.is_media_source_id(what.content_id):
            return await self._media(what.content_id)
        return await self._converted(self._address(what.content_id))

    async def _speech(self, speech: Speech) -> bytes:
        engine = self._engine(speech.engine)
        if (kept := self._recall(speech, engine)) is not None:
            return kept
        options = {**_TELEPHONE, **({tts.ATTR_VOICE: speech.voice} if speech.voice else {})}
        spoken = await _answer(self._spoken(engine, speech, options), engine)
        if not spoken:
            raise _failed("tts_failed", engine=engine, reason="it said nothing")
        return self._keep(await self._converted(spoken), speech, engine)

    def _engine(self, wanted: str | None) -> str:
        engine = (
            tts.async_resolve_engine(self._hass, wanted) if _TTS in self._hass.config.components else None
        )
        if engine is None:
            raise _failed("tts_unknown", engine=wanted) if wanted else _failed("tts_missing")
        return engine

    async def _spoken(self, engine: str, speech: Speech, options: dict[str, str | int]) -> bytes:
        stream = tts.async_create_stream(self._hass, engine, speech.language, options)
        stream.async_set_message(speech.message)
        return b"".join([chunk async for chunk in stream.async_stream_result()])

    async def _media(self, content_id: str) -> bytes:
        try:
            media = await media_source.async_resolve_media(self._hass, content_id, None)
        except (BrowseError, media_source.MediaSourceError) as error:
            raise _failed("media_not_found", reason=str(error)) from error
        if media.path is None:
            return await self._converted(self._address(media.url))
        path = Path(media.path)
        try:
            made = await self._hass.async_add_executor_job(path.stat)
        except OSError as error:
            raise _failed("media_not_found", reason=error.strerror or "") from error
        key = (path, made.st_mtime_ns, made.st_size)
        kept = self._recall(*key)
        return kept if kept is not None else self._keep(await self._converted(str(path)), *key)

    def _address(self, url: str) -> str:
        """Return where a URL leads; nothing but the web, so that nobody hears the files of the system."""
        address = async_process_play_media_url(self._hass, url) if url else ""
        if not address.startswith(("http://", "https://")):
            raise _failed("media_not_found", reason="it is neither in a media source nor a web address")
        return address

    async def _converted(self, source: str | bytes) -> bytes:
        try:
            return await async_to_ulaw(self._hass, source)
        except NoFfmpegError as error:
            raise _failed("ffmpeg_missing", reason=str(error)) from error
        except ConversionError as error:
            raise _failed("media_unreadable", reason=str(error)) from error

    def _recall(self, *key: object) -> bytes | None:
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
        return kept

    def _keep(self, ulaw: bytes, *key: object) -> bytes:
        self._kept[key] = ulaw
        while sum(map(len, self._kept.values())) > KEPT:
            self._kept.popitem(last=False)
        return ulaw


def louder(ulaw: bytes, factor: float) -> bytes:
    """Return sound at another volume; what would be too loud is cut off."""
    if factor == 1:
        return ulaw
    return audioop.lin2ulaw(audioop.mul(audioop.ulaw2lin(ulaw, 2), 2, factor), 2)


async def _answer[T](speaking: Awaitable[T], engine: str) -> T:
    """Return what an engine made; raises HomeAssistantError that names it and its reason."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await speaking
    except TimeoutError as error:
        raise _failed("tts_failed", engine=engine, reason=f"no answer in {PATIENCE:.0f} s") from error
    except Exception as error:
        # Engines raise whatever the libraries they are made of do.
        raise _failed("tts_failed", engine=engine, reason=str(error) or type(error).__name__) from error


def _failed(key: str, **placeholders: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
