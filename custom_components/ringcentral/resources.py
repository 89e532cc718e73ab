"""What all lines share while any is loaded: the library, one media clock and one thread that writes clips."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .calls.sounds import Sounds, load_sounds
from .calls.voice import Voice
from .clips.media_folder import media_folder
from .clips.storage import Storage
from .const import DATA_LIBRARY, DOMAIN
from .library import Library
from .softphone.media import ClipWriter, MediaEngine


@dataclass(slots=True)
class Resources:
    """Open as long as it has users."""

    library: Library
    storage: Storage
    writer: ClipWriter
    media: MediaEngine
    sounds: Sounds
    voice: Voice
    users: int = 0


@dataclass(slots=True)
class _Desk:
    """Where resources are lent from, one at a time."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    resources: Resources | None = None


DATA_DESK: Final[HassKey[_Desk]] = HassKey(f"{DOMAIN}_desk")


async def async_acquire(hass: HomeAssistant) -> Resources:
    """Lend the resources, opening them for their first user; the library opens when its disk lets it."""
    desk = hass.data.setdefault(DATA_DESK, _Desk())
    async with desk.lock:
        if desk.resources is None:
            desk.resources = await _async_open(hass)
        desk.resources.users += 1
        return desk.resources


async def async_release(hass: HomeAssistant) -> None:
    """Take the resources back, closing them after their last user."""
    desk = hass.data[DATA_DESK]
    async with desk.lock:
        resources = desk.resources
        assert resources is not None
        resources.users -= 1
        if resources.users > 0:
            return
        desk.resources = None
        del hass.data[DATA_LIBRARY]
        await resources.media.close()
        await hass.async_add_executor_job(resources.writer.close)
        await resources.storage.async_close()


async def _async_open(hass: HomeAssistant) -> Resources:
    sounds = await hass.async_add_executor_job(load_sounds)
    library = Library(Path(hass.config.path(DOMAIN)), media_folder(hass))
    storage = Storage(hass, library)
    await storage.async_open()
    writer = ClipWriter()
    hass.data[DATA_LIBRARY] = library
    return Resources(library, storage, writer, MediaEngine(writer), sounds, Voice(hass))
