"""What a line has to do in the background, and may still have to when it stops: filing calls first of all."""

import asyncio
from collections.abc import Callable, Coroutine
import contextlib
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .library import LibraryError

# Seconds that a stop leaves for a message to be filed.
_TIMEOUT: Final = 5.0


class Filing:
    """The background work of one line."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Begin with none."""
        self._hass = hass
        self._entry = entry
        self._looking = self._look_again = False
        self._work: set[asyncio.Task[Any]] = set()

    def keep(self, filing: Coroutine[Any, Any, None]) -> None:
        """File something in the library; its order is that of the calls of this method."""
        self._track(self._entry.async_create_task(self._hass, self._file(filing), f"{DOMAIN} filing"))

    def look_up(self, look: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Read what has been filed by now; `look` is never run twice at a time, so that what is newest is shown last."""
        self._look_again = True
        if not self._looking:
            self._looking = True
            self._track(self._entry.async_create_task(self._hass, self._look(look), f"{DOMAIN} looking up"))

    def work[T](self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Do something that must not hold up the start of Home Assistant."""
        return self._track(self._entry.async_create_background_task(self._hass, work, f"{DOMAIN} {name}"))

    async def settle(self) -> None:
        """Leave some time for what is under way."""
        if self._work:
            await asyncio.wait(self._work, timeout=_TIMEOUT)

    async def _look(self, look: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            while self._look_again:
                self._look_again = False
                await look()
        finally:
            self._looking = False

    async def _file(self, filing: Coroutine[Any, Any, None]) -> None:
        # That it failed is told where it does, and what is full or gone is written to later.
        with contextlib.suppress(LibraryError):
            await filing

    def _track[T](self, task: asyncio.Task[T]) -> asyncio.Task[T]:
        if not task.done():
            self._work.add(task)
            task.add_done_callback(self._work.discard)
        return task
