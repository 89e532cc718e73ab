"""Times the library as people meet it: `python -m benchmarks.browsing`.

A real Home Assistant with a line whose library holds 100,000 calls and 20,000 clips, as `benchmarks.library` makes them, and
before that one with a hundredth of it. Every folder of the media browser is opened, clips are searched, calls and clips are
listed by the actions. Printed are milliseconds: the median of 20 runs, and the most CPU time that a single step of the
event loop took in them; and how long the line takes to be set up, the median of 5.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
import gc
from math import nan
from pathlib import Path
import sqlite3
from statistics import median
import sys
from tempfile import TemporaryDirectory
from time import perf_counter, thread_time
from typing import Any, Final
from unittest.mock import patch

from aiohttp import ThreadedResolver
from homeassistant.components.media_player.browse_media import BrowseMedia, SearchMediaQuery
from homeassistant.components.media_source import (
    DOMAIN as MEDIA_SOURCE,
    async_browse_media,
    async_search_media,
)
from homeassistant.core import HomeAssistant
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_test_home_assistant

from custom_components.ringcentral.const import DOMAIN
from simulator.ringcentral import RingCentral
from tests.line import Line, add_line, until

from .library import fill

TARGET: Final = 50.0
TARGET_LOOP: Final = 10.0
TARGET_SETUP: Final = 200.0
_SIZES: Final = (0.01, 1.0)
_RUNS: Final = 20
_SETUPS: Final = 5

type Work = Callable[[], Awaitable[Any]]


class Loop:
    """The most CPU time that a single step of an event loop takes, in ms."""

    longest = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Time every step meanwhile."""
        run = asyncio.Handle._run  # noqa: SLF001

        def timed(handle: asyncio.Handle) -> None:
            begin = thread_time()
            run(handle)
            self.longest = max(self.longest, 1000 * (thread_time() - begin))

        with patch.object(asyncio.Handle, "_run", timed):
            yield


async def _works(hass: HomeAssistant) -> dict[str, Work]:
    """Return what is timed, by name."""
    root = f"media-source://{DOMAIN}"

    def browse(content_id: str) -> Work:
        return lambda: async_browse_media(hass, content_id)

    def search(text: str) -> Work:
        return lambda: async_search_media(hass, root, SearchMediaQuery(search_query=text))

    def action(name: str, **data: Any) -> Work:
        return lambda: hass.services.async_call(DOMAIN, name, data, blocking=True, return_response=True)

    (line,) = (await async_browse_media(hass, root)).children or ()
    folders: list[BrowseMedia] = [*((await async_browse_media(hass, line.media_content_id)).children or ())]
    return {
        "the lines": browse(root),
        "a line": browse(line.media_content_id),
        **{f"  {folder.title.partition(' (')[0]}": browse(folder.media_content_id) for folder in folders},
        "search: chlo": search("chlo"),
        "search: garden invo": search("garden invo"),
        "search: 5550042": search("5550042"),
        "get_calls": action("get_calls"),
        "get_calls, missed": action("get_calls", outcome="missed"),
        "get_clips": action("get_clips"),
    }


async def timed(work: Work) -> float:
    """Return the milliseconds that something takes."""
    begin = perf_counter()
    await work()
    return 1000 * (perf_counter() - begin)


async def measured(share: float) -> dict[str, tuple[float, float]]:
    """Return the median and the longest step of everything, in ms, with a share of the full library."""
    figures: dict[str, tuple[float, float]] = {}
    with TemporaryDirectory() as folder:
        async with async_test_home_assistant(config_dir=folder) as hass, RingCentral() as cloud, _addresses():
            hass.data.pop(DATA_CUSTOM_COMPONENTS)
            assert await async_setup_component(hass, MEDIA_SOURCE, {})
            line = Line(hass, cloud, await add_line(hass, cloud))
            line_id = line.entry.entry_id
            assert await hass.config_entries.async_setup(line_id)
            await until(lambda: line.registered)
            await hass.config_entries.async_unload(line_id)
            _fill(Path(folder) / DOMAIN / "library.db", share, line_id)
            figures["setting the line up"] = await _setting_up(hass, line_id)
            await until(lambda: line.registered)
            # What was needed to get here is no business of the questions.
            gc.collect()
            gc.freeze()
            for name, work in (await _works(hass)).items():
                loop = Loop()
                with loop.watched():
                    taken = [await timed(work) for _ in range(_RUNS)]
                figures[name] = (median(taken), loop.longest)
            await hass.config_entries.async_unload(line_id)
            await hass.async_stop(force=True)
    return figures


class _Resolver(ThreadedResolver):
    """As Home Assistant wants it."""

    async def real_close(self) -> None:
        """End it."""
        await self.close()


@asynccontextmanager
async def _addresses() -> AsyncIterator[None]:
    """Find hosts without Zeroconf, which would open the network."""
    with patch("homeassistant.helpers.aiohttp_client._async_make_resolver", return_value=_Resolver()):
        yield


async def _setting_up(hass: HomeAssistant, line_id: str) -> tuple[float, float]:
    taken, loop = [], Loop()
    for _ in range(_SETUPS):
        with loop.watched():
            taken.append(await timed(lambda: hass.config_entries.async_setup(line_id)))
            await hass.async_block_till_done()
        if len(taken) < _SETUPS:
            await hass.config_entries.async_unload(line_id)
    return median(taken), loop.longest


def _fill(path: Path, share: float, line_id: str) -> None:
    fill(path, share)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE calls SET line_id = ?", (line_id,))
        connection.execute("UPDATE clips SET line_id = ?", (line_id,))
    connection.close()


async def main() -> None:
    """Print the table."""
    columns = [await measured(share) for share in _SIZES]
    print(f"{'ms: median, longest step':32}" + "".join(f"{share:>16.0%}" for share in _SIZES))
    for name, (taken, longest) in columns[-1].items():
        target = TARGET_SETUP if name.startswith("setting") else TARGET
        row = "".join("{:>8.1f}{:>8.1f}".format(*column.get(name, (nan, nan))) for column in columns)
        print(
            f"{name:32}{row}{'  too slow' * (taken > target)}{'  holds the loop' * (longest > TARGET_LOOP)}"
        )


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
