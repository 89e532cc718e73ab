"""Home Assistant's backups hold the list of calls and their sound as they were at one moment."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant
from homeassistant.helpers.event import async_call_later
from homeassistant.util.hass_dict import HassKey

from .const import DATA_LIBRARY, DOMAIN, LOGGER
from .library import Library, LibraryError
from .resources import async_acquire, async_release

LONGEST: Final = timedelta(hours=2)
"""After which nobody believes in the backup any more. Nothing waits for it, so that it may take its time."""

# Seconds that a backup waits for what the library is doing.
_PATIENCE: Final = 30


@dataclass(slots=True)
class _Hold:
    """What is held for the backup that is being made."""

    library: Library
    end_timer: CALLBACK_TYPE


DATA_HOLD: Final[HassKey[_Hold]] = HassKey(f"{DOMAIN}_hold")


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Have the library's files fit to be copied; calls are taken, recorded and filed meanwhile.

    A library that can't do that is backed up all the same: SQLite and the next start mend most of what goes wrong.
    """
    if (before := hass.data.pop(DATA_HOLD, None)) is not None:
        before.end_timer()
    elif DATA_LIBRARY in hass.data:
        # Closing it would change its files, so it stays open.
        await async_acquire(hass)
    else:
        return
    library = hass.data[DATA_LIBRARY]

    async def give_up(_: datetime) -> None:
        LOGGER.warning("A backup began %s ago and has not ended; old recordings are deleted again", LONGEST)
        await async_post_backup(hass)

    hass.data[DATA_HOLD] = _Hold(library, async_call_later(hass, LONGEST, HassJob(give_up)))
    await _ask(library.hold, "could not be prepared for a backup")


async def async_post_backup(hass: HomeAssistant) -> None:
    """Delete what was to be deleted meanwhile."""
    if (held := hass.data.pop(DATA_HOLD, None)) is None:
        return
    held.end_timer()
    await _ask(held.library.resume, "did not go on as usual after a backup; it does so with the next start")
    await async_release(hass)


async def _ask(job: Callable[[], Coroutine[Any, Any, None]], otherwise: str) -> None:
    """Have the library do something, and say so where it doesn't; a backup never fails or hangs for that."""
    try:
        async with asyncio.timeout(_PATIENCE):
            await job()
    except (LibraryError, TimeoutError) as error:
        LOGGER.warning("The library of calls and clips %s: %s", otherwise, str(error) or "it is busy")
