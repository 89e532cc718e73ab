"""Whether calls and recordings can be kept: told once when they can't, shown under repairs, and mended by itself.

A line rings whatever its disk does. Nothing that can't be kept now is given up before Home Assistant stops: calls wait in
the library's memory, the sound of a recording that can't be filed lies on the disk, and both are seen to as soon as
anything can be written, which is tried every minute.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
import contextlib
from dataclasses import dataclass
from datetime import datetime
import errno
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_change

from ..const import DOMAIN, LOGGER
from ..later import Later
from ..library import Library, LibraryAccessError, LibraryError, LibraryFullError
from ..softphone.media import SAMPLE_RATE, ClipResult
from .mp3 import repair

RETRY: Final = 60.0
"""Seconds after which a disk that failed is tried again."""
LOW: Final = 500_000_000
"""Bytes that should be free: nearly nine hours of sound, more than any day's calls, and enough to do something about it."""
ENOUGH: Final = LOW + LOW // 5
"""Bytes from which on there is room again, so that nobody is warned anew of every recording."""
HOUR: Final = 5
"""When it is looked for room by night: after what is kept no longer has gone."""
LEARN_MORE: Final = (
    "https://github.com/ringcentral-homeassistant/ringcentral-homeassistant/blob/main/docs/disk.md"
)
_LOW_ISSUE: Final = "library_low"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Cut:
    """What became of the recordings that could not be written to their end: how many, and seconds of them."""

    count: int = 0
    saved: float = 0.0
    lost: float = 0.0

    def with_another(self, result: ClipResult) -> Cut:
        """Return this with one recording more."""
        return Cut(
            self.count + 1,
            self.saved + result.samples / SAMPLE_RATE,
            self.lost + result.lost_samples / SAMPLE_RATE,
        )


class Storage:
    """Keeps an eye on the library, for all lines."""

    def __init__(self, hass: HomeAssistant, library: Library) -> None:
        """Look after a library that isn't open yet."""
        self.library = library
        self._hass = hass
        self._trouble: LibraryError | None = None
        self._low = False
        self._set_aside = library.set_aside
        self._cut = Cut()
        self._waiting: list[Callable[[], Awaitable[object]]] = []
        self._listeners: list[CALLBACK_TYPE] = []
        self._again = Later(hass, "disk", self._try_again)
        self._work: set[asyncio.Task[None]] = set()
        self._checking = False
        self._end_nights: CALLBACK_TYPE = lambda: None
        library.told = self._told

    async def async_open(self) -> None:
        """Open the library, now or as soon as that is possible."""
        self.library.start()
        self._end_nights = async_track_time_change(self._hass, self._by_night, hour=HOUR, minute=0, second=0)
        await self.async_check()

    async def async_close(self) -> None:
        """Close the library, and show nothing more of it."""
        self._end_nights()
        self._again.cancel()
        for task in self._work:
            task.cancel()
        # What waits is filed with the next start.
        with contextlib.suppress(LibraryError):
            await self.library.close()
        self._clear(_LOW_ISSUE)
        if self._trouble is not None:
            self._clear(self._trouble.key)

    @callback
    def async_listen(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener whenever the library works again; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def when_mended(self, filing: Callable[[], Awaitable[object]]) -> None:
        """File something as soon as that is possible; what fails then is to be given here again."""
        self._waiting.append(filing)
        self._again.plan(RETRY)

    @callback
    def cut(self, result: ClipResult) -> None:
        """Take note of a recording that could not be written to its end."""
        assert result.error is not None
        self._cut = self._cut.with_another(result)
        self._broke(LibraryFullError() if result.error.errno in _FULL else LibraryAccessError())

    @callback
    def async_look_for_room(self) -> None:
        """Look whether there is room enough, in the background."""
        self._do(self._look_for_room())

    async def async_check(self) -> None:
        """Find out whether everything can be kept, and file what waits for that."""
        self._checking = True
        try:
            await self.library.check()
            recovered = await self.library.recover(repair)
        except LibraryError:
            # That it failed was told where it did.
            self._again.plan(RETRY)
            return
        finally:
            self._checking = False
            self._tell_set_aside()
        if recovered:
            LOGGER.info("Clips of the last run that could only be filed now: %d", len(recovered))
        self._works()
        waiting, self._waiting = self._waiting, []
        for filing in waiting:
            await filing()
        await self._look_for_room()

    @callback
    def _told(self, error: LibraryError | None) -> None:
        if error is not None:
            self._broke(error)
        elif self._trouble is not None and not self._checking:
            self._try_again()

    def _broke(self, error: LibraryError) -> None:
        before, self._trouble = self._trouble, error
        if before is None:
            LOGGER.error("Calls and recordings can't be kept at the moment: %s", error)
            self._again.plan(RETRY)
        elif before.key != error.key:
            self._clear(before.key)
        self._report(
            error.key,
            ir.IssueSeverity.ERROR,
            recordings=self._cut.count,
            saved=round(self._cut.saved),
            lost=round(self._cut.lost),
        )

    def _works(self) -> None:
        before, self._trouble = self._trouble, None
        cut, self._cut = self._cut, Cut()
        self._again.cancel()
        if before is None:
            return
        self._clear(before.key)
        LOGGER.info(
            "Calls and recordings are kept again; of %d recordings %.1f s were saved meanwhile, and %.1f s were not",
            cut.count,
            cut.saved,
            cut.lost,
        )
        for listener in list(self._listeners):
            listener()

    @callback
    def _by_night(self, now: datetime) -> None:
        self.async_look_for_room()

    async def _look_for_room(self) -> None:
        try:
            free = await self.library.room()
        except LibraryError:
            return
        low = free < (ENOUGH if self._low else LOW)
        if low and not self._low:
            LOGGER.warning("There is hardly any room left for recordings: %d MB", free // _MEGABYTE)
        self._low = low
        if low and self._trouble is None:
            self._report(_LOW_ISSUE, ir.IssueSeverity.WARNING, megabytes=free // _MEGABYTE)
        else:
            self._clear(_LOW_ISSUE)

    def _tell_set_aside(self) -> None:
        if (found := self.library.set_aside) is not None and found != self._set_aside:
            self._set_aside = found
            LOGGER.warning(
                "The list of calls was damaged and has been begun anew; the old one is kept as %s", found.name
            )

    @callback
    def _try_again(self) -> None:
        self._do(self.async_check())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._hass.async_create_background_task(work, f"{DOMAIN} disk")
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    def _report(self, issue: str, severity: ir.IssueSeverity, **figures: int) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue,
            is_fixable=False,
            learn_more_url=LEARN_MORE,
            severity=severity,
            translation_key=issue,
            translation_placeholders={name: str(figure) for name, figure in figures.items()},
        )

    def _clear(self, issue: str) -> None:
        ir.async_delete_issue(self._hass, DOMAIN, issue)
