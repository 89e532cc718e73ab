"""Recordings of a line turned into smaller files where that is chosen: some minutes after they were made, or by night."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_change
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..calls.conversion import ConversionError, NoFfmpegError
from ..const import DOMAIN
from ..coordinator import RingCentralCoordinator
from ..later import Later
from ..library import ClipNotFoundError, Library, LibraryError
from ..log_once import Outage
from ..models import CallEvent, CallEventType
from .mp3 import SUFFIX, async_make_copy

WAIT: Final = timedelta(minutes=10)
"""Until then who listens, or writes down what was said, has the recording as it was made."""

# After what is kept no longer is gone.
HOUR: Final = 4
_MOMENT: Final = 5.0
"""Seconds; what is planned comes no sooner than what it is for."""

_SHORTEST: Final = 1.0
"""Seconds; there is nothing to be gained by less."""

DATA_TURN: Final[HassKey[asyncio.Lock]] = HassKey(f"{DOMAIN}_smaller_files")
"""Held by the line whose recordings are being made smaller: one at a time is enough for a small machine."""


class SmallerFiles:
    """Makes the recordings of one line smaller."""

    def __init__(self, line: RingCentralCoordinator) -> None:
        """Do nothing yet."""
        self._line = line
        self._later = Later(line.hass, "smaller files", self._begin)
        self._planned = False
        self._latest: datetime | None = None
        self._outage = Outage("Making recordings smaller", line.name)
        self._turn = line.hass.data.setdefault(DATA_TURN, asyncio.Lock())

    @callback
    def async_start(self) -> None:
        """Look after what is recorded from now on, and every night after what is left, until the entry is unloaded."""
        line = self._line
        minute = Random(line.config_entry.entry_id).randrange(60)  # noqa: S311 - nothing secret, only a spread
        for unfollow in (
            line.async_listen_to_calls(self._follow),
            async_track_time_change(line.hass, self._at_night, hour=HOUR, minute=minute, second=0),
            self._later.cancel,
        ):
            line.config_entry.async_on_unload(unfollow)
        self._plan()

    @callback
    def _follow(self, event: CallEvent) -> None:
        if event.type is CallEventType.RECORDING_SAVED:
            self._latest = dt_util.utcnow()
            self._plan()

    @callback
    def _plan(self, seconds: float = WAIT.total_seconds() + _MOMENT) -> None:
        if self._line.choices.smaller_files and not self._planned:
            self._planned = True
            self._later.plan(seconds)

    @callback
    def _at_night(self, now: datetime) -> None:
        self._begin()

    @callback
    def _begin(self) -> None:
        self._later.cancel()
        self._planned = False
        line = self._line
        line.config_entry.async_create_background_task(line.hass, self._run(), f"{DOMAIN} smaller files")

    async def _run(self) -> None:
        async with self._turn:
            try:
                await self._make_all()
            except (LibraryError, NoFfmpegError) as error:
                self._outage.broke(error)
        # What was recorded less than so long ago has its turn later.
        if self._latest is not None and (left := self._latest + WAIT - dt_util.utcnow()) > timedelta(0):
            self._plan(left.total_seconds() + _MOMENT)

    async def _make_all(self) -> None:
        line, failed = self._line, None
        if not line.choices.smaller_files:
            return
        until = dt_util.utcnow() - WAIT
        for clip_id in await line.library.clips_without(line.config_entry.entry_id, SUFFIX, until):
            try:
                await _make(line.hass, line.library, clip_id)
            except NoFfmpegError:
                raise
            except ConversionError as error:
                failed = error
            except ClipNotFoundError:
                # Deleted meanwhile.
                continue
        if failed is None:
            self._outage.works()
        else:
            self._outage.broke(failed)


async def _make(hass: HomeAssistant, library: Library, clip_id: str) -> None:
    clip = await library.clip(clip_id)
    if (
        clip is None
        or clip.duration < _SHORTEST
        or (copy := await library.begin_copy(clip_id, SUFFIX)) is None
    ):
        return
    try:
        await async_make_copy(hass, clip.path, copy, clip.duration)
        await library.keep_copy(clip_id)
    finally:
        # What was kept stays; what can't be dropped now goes with the next start.
        with suppress(LibraryError):
            await library.drop_copy(clip_id)
