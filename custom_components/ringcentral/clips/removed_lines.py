"""Lines that were removed: what was said on them is kept until somebody decides, and for no longer than before.

Home Assistant asks nothing when an entry is removed, so its repairs ask afterwards.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, LOGGER
from ..library import ClipQuery, Library, LibraryError, Purged, Retention
from ..line_options import MEGABYTE, LineOptions
from ..resources import async_acquire, async_release

LINE_REMOVED: Final = "line_removed"
"""The key of the question's texts, and the beginning of its id."""

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class RemovedLine:
    """What is still known of a line: its name, how long what was said is kept, and whether somebody has decided."""

    name: str
    keep_days: int
    keep_megabytes: int
    decided: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """What there still is of a line."""

    recordings: int
    calls: int


class RemovedLines:
    """The lines that are gone and have left something, by their id; kept in a file of their own."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know of none yet."""
        self._hass = hass
        self._store: Store[dict[str, dict[str, Any]]] = Store(hass, _VERSION, f"{DOMAIN}.removed_lines")
        self.lines: dict[str, RemovedLine] = {}

    async def async_load(self) -> None:
        """Read which there are, and ask again what nobody has answered."""
        kept = await self._store.async_load() or {}
        self.lines = {line_id: RemovedLine(**line) for line_id, line in kept.items()}
        for line_id, line in self.lines.items():
            if not line.decided:
                self._ask(line_id)

    async def async_removed(self, entry: ConfigEntry[Any]) -> None:
        """Keep what was said on a line whose entry was removed, and ask what is to become of it, if there is anything."""
        try:
            left = await self.async_left(entry.entry_id)
        except LibraryError as error:
            LOGGER.warning("What is kept of the removed line %s could not be read: %s", entry.title, error)
            left = None
        if left == Left(0, 0):
            return
        choices = LineOptions.of(entry.options)
        line = RemovedLine(entry.title, choices.keep_days, choices.keep_megabytes)
        await self._async_set(entry.entry_id, line)
        self._ask(entry.entry_id)

    async def async_left(self, line_id: str) -> Left:
        """Return how much there is of a line; raises LibraryError."""
        async with _library(self._hass) as library:
            return await _left(library, line_id)

    async def async_keep(self, line_id: str) -> None:
        """Keep what was said for as long as was chosen for the line."""
        await self._async_set(line_id, replace(self.lines[line_id], decided=True))

    async def async_delete(self, line_id: str) -> Purged:
        """Delete all calls and clips of a line; raises LibraryError."""
        async with _library(self._hass) as library:
            purged = await library.remove_line(line_id)
        await self._async_set(line_id, None)
        return purged

    async def async_purge(self, library: Library) -> Purged:
        """Delete what is kept no longer; a line of which nothing is left is forgotten. Raises LibraryError."""
        purged = Purged()
        for line_id, line in list(self.lines.items()):
            retention = Retention(
                days=line.keep_days or None,
                most_bytes=line.keep_megabytes * MEGABYTE or None,
                line_id=line_id,
                keep_newest=False,
            )
            purged += await library.purge(retention, dt_util.utcnow())
            if await _left(library, line_id) == Left(0, 0):
                await self._async_set(line_id, None)
                ir.async_delete_issue(self._hass, DOMAIN, _issue_id(line_id))
        return purged

    def meant(self, name: str) -> str | None:
        """Return the id of the line of a name, the one that was removed last if there are several."""
        wanted = name.strip().casefold()
        found = [line_id for line_id, line in self.lines.items() if line.name.casefold() == wanted]
        return found[-1] if found else None

    async def _async_set(self, line_id: str, line: RemovedLine | None) -> None:
        others = {key: value for key, value in self.lines.items() if key != line_id}
        self.lines = others if line is None else others | {line_id: line}
        await self._store.async_save({key: asdict(value) for key, value in self.lines.items()})

    @callback
    def _ask(self, line_id: str) -> None:
        name = self.lines[line_id].name
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            _issue_id(line_id),
            data={"line_id": line_id, "line": name},
            is_fixable=True,
            # Also where this was the last line, so that the next start doesn't load the integration.
            is_persistent=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=LINE_REMOVED,
            translation_placeholders={"line": name},
        )


DATA_REMOVED: Final[HassKey[RemovedLines]] = HassKey(f"{DOMAIN}_removed_lines")


def removed_lines(hass: HomeAssistant) -> dict[str, RemovedLine]:
    """Return the lines that are gone and have left something, by their id."""
    return hass.data[DATA_REMOVED].lines if DATA_REMOVED in hass.data else {}


async def async_setup_removed_lines(hass: HomeAssistant) -> None:
    """Remember the lines that are gone."""
    hass.data[DATA_REMOVED] = RemovedLines(hass)
    await hass.data[DATA_REMOVED].async_load()


def _issue_id(line_id: str) -> str:
    return f"{LINE_REMOVED}_{line_id}"


async def _left(library: Library, line_id: str) -> Left:
    clips = await library.browse([line_id], ClipQuery(), limit=0)
    return Left(clips.count, await library.count_calls(line_id))


@asynccontextmanager
async def _library(hass: HomeAssistant) -> AsyncIterator[Library]:
    """Lend the library, whether or not a line is loaded."""
    resources = await async_acquire(hass)
    try:
        yield resources.library
    finally:
        await async_release(hass)
