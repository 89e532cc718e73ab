"""How long a line's recordings and calls are kept: what is older, or takes too much room, is deleted every night."""

from datetime import datetime, timedelta
from random import Random
from typing import Final

from homeassistant.core import ServiceCall, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later, async_track_time_change
from homeassistant.util import dt as dt_util

from ..calls.call_actions import CALL_SCHEMA, Response
from ..const import DOMAIN, LOGGER
from ..coordinator import RingCentralCoordinator
from ..library import LibraryError, Purged, Retention
from ..line_options import MEGABYTE, LineOptions
from ..lines import async_line
from .removed_lines import DATA_REMOVED

# When nobody is on the phone, most nights.
HOUR: Final = 3
# After a start, which may have come after a night without one.
SOON: Final = timedelta(minutes=10)

PURGE_SCHEMA: Final = CALL_SCHEMA


class Keeping:
    """Keeps one line to what was chosen for it."""

    def __init__(self, line: RingCentralCoordinator) -> None:
        """Look after the library's share of a line."""
        self._line = line
        self._failed = False

    @callback
    def async_start(self) -> None:
        """Delete what is kept no longer soon, and every night from now on, until the entry is unloaded."""
        line = self._line
        # So that several lines don't do it at the same moment.
        minute = Random(line.config_entry.entry_id).randrange(60)  # noqa: S311 - nothing secret, only a spread
        for unfollow in (
            async_call_later(line.hass, SOON, self._purge),
            async_track_time_change(line.hass, self._purge, hour=HOUR, minute=minute, second=0),
        ):
            line.config_entry.async_on_unload(unfollow)

    async def _purge(self, now: datetime) -> None:
        try:
            await async_purge(self._line)
        except LibraryError as error:
            if not self._failed:
                LOGGER.warning("Old recordings of the line %s can't be deleted: %s", self._line.name, error)
            self._failed = True
            return
        if self._failed:
            LOGGER.info("Old recordings of the line %s are deleted again", self._line.name)
        self._failed = False


async def async_purge(line: RingCentralCoordinator) -> Purged:
    """Delete what is kept no longer, of the line and of lines that were removed; raises LibraryError."""
    purged = await line.library.purge(_retention(line.choices, line.config_entry.entry_id), dt_util.utcnow())
    if purged != Purged():
        line.async_look_up()
    return purged + await line.hass.data[DATA_REMOVED].async_purge(line.library)


async def async_purge_now(action: ServiceCall) -> Response:
    """Delete what is kept no longer without waiting for the night, and tell how much that was."""
    line = await async_line(action)
    try:
        purged = await async_purge(line)
    except LibraryError as error:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=error.key) from error
    return {
        "recordings": purged.count,
        "calls": purged.calls,
        "megabytes": round(purged.bytes / MEGABYTE, 1),
    }


def _retention(choices: LineOptions, line_id: str) -> Retention:
    return Retention(
        days=choices.keep_days or None,
        most_bytes=choices.keep_megabytes * MEGABYTE or None,
        line_id=line_id,
    )
