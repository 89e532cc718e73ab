"""What all lines share while any is loaded: the library, one media clock and one thread that writes clips."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.util.hass_dict import HassKey

from .calls.sounds import Sounds, load_sounds
from .calls.voice import Voice
from .const import DATA_LIBRARY, DOMAIN, LOGGER
from .library import Library, LibraryError, LibraryTooNewError
from .softphone.media import ClipWriter, MediaEngine, repair_wav


@dataclass(slots=True)
class Resources:
    """Open as long as it has users."""

    library: Library
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
    """Lend the resources, opening them for their first user; raises ConfigEntryError or ConfigEntryNotReady."""
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
        await resources.library.close()


async def _async_open(hass: HomeAssistant) -> Resources:
    sounds = await hass.async_add_executor_job(load_sounds)
    library = Library(Path(hass.config.path(DOMAIN)))
    try:
        await library.open()
        recovered = await library.recover(repair_wav)
    except LibraryError as error:
        await library.close()
        # A full or missing disk mends itself; what a newer version wrote doesn't.
        failure = ConfigEntryError if isinstance(error, LibraryTooNewError) else ConfigEntryNotReady
        raise failure(translation_domain=DOMAIN, translation_key=error.key) from error
    if library.set_aside is not None:
        LOGGER.warning(
            "The list of calls was damaged and has been begun anew; the old one is kept as %s",
            library.set_aside.name,
        )
    if recovered:
        LOGGER.info("Clips of the last run that could only be filed now: %d", len(recovered))
    writer = ClipWriter()
    hass.data[DATA_LIBRARY] = library
    return Resources(library, writer, MediaEngine(writer), sounds, Voice(hass))
