"""How long a line's recordings and calls are kept: what is older, or takes too much room, is deleted every night."""

from contextlib import suppress
from datetime import datetime, timedelta
import math
from random import Random
from typing import Final

from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later, async_track_time_change
from homeassistant.util import dt as dt_util

from ..calls.call_actions import CALL_SCHEMA, Response
from ..const import DOMAIN, LOGGER
from ..coordinator import RingCentralConfigEntry, RingCentralCoordinator
from ..library import RECOVERED_LINE_ID, Library, LibraryError, Purged, Retention
from ..line_options import MEGABYTE, LineOptions
from ..lines import async_line
from .removed_lines import DATA_REMOVED, removed_lines

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
    """Delete what is kept no longer, of the line, of what was found again without one, and of lines that were removed.

    Raises LibraryError.
    """
    now = dt_util.utcnow()
    await async_adopt(line.hass, line.library)
    purged = await line.library.purge(_retention(line.choices, line.config_entry.entry_id), now)
    purged += await line.library.purge(_of_recovered(line.hass), now)
    if purged != Purged():
        line.async_look_up()
    return purged + await line.hass.data[DATA_REMOVED].async_purge(line.library)


async def async_adopt(hass: HomeAssistant, library: Library) -> None:
    """Give what was found again without a line to the only one there is and has been; raises LibraryError."""
    lines = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    if len(lines) == 1 and not removed_lines(hass):
        await library.adopt_recovered(lines[0].entry_id)


async def async_take_up(line: RingCentralCoordinator) -> None:
    """Show what there is once the library works again, and give the line what was found again."""
    with suppress(LibraryError):
        await async_adopt(line.hass, line.library)
    line.async_look_up()


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


def _of_recovered(hass: HomeAssistant) -> Retention:
    """Return how long to keep what was found again: as long as the line that keeps longest, for it may be its own."""
    entries: list[RingCentralConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    choices = [entry.runtime_data.choices for entry in entries]
    days = [chosen.keep_days or math.inf for chosen in choices]
    room = [chosen.keep_megabytes or math.inf for chosen in choices]
    return Retention(
        days=_bounded(max(days, default=math.inf)),
        most_bytes=_bounded(max(room, default=math.inf) * MEGABYTE),
        line_id=RECOVERED_LINE_ID,
    )


def _bounded(limit: float) -> int | None:
    return None if limit == math.inf else int(limit)
