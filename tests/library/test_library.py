import asyncio
from dataclasses import replace
from pathlib import Path
import sqlite3
import threading
from unittest.mock import patch

import pytest

from custom_components.ringcentral.library import Library, LibraryClosedError, Total
from custom_components.ringcentral.library.database import open_database

from .builders import CALL, START, after, save_clip
from .conftest import write_wav


async def test_numbers_and_names_stay_out_of_reprs(library: Library) -> None:
    await library.begin_call(CALL)
    clip = await library.begin_clip("front-door", START, call_id="call-1")

    shown = repr(await library.last_call("front-door")) + repr(clip)

    assert "5551234567" not in shown
    assert "5557654321" not in shown
    assert "Anna" not in shown


async def test_the_folder_is_private(library: Library, folder: Path) -> None:
    assert permissions(folder) == 0o700


def permissions(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_what_was_kept_is_there_after_reopening(folder: Path) -> None:
    library = Library(folder)
    await library.open()
    await library.begin_call(CALL)
    await library.end_call("call-1", after(seconds=9), "missed", "cancelled")
    clip_id = await save_clip(library, "front-door", START)
    clip = await library.clip(clip_id)
    await library.close()

    await library.open()
    try:
        assert await library.clip(clip_id) == clip
        assert await library.last_call("front-door") == replace(
            CALL, ended_at=after(seconds=9), outcome="missed", end_reason="cancelled"
        )
    finally:
        await library.close()


async def test_a_closed_library_says_so(folder: Path) -> None:
    library = Library(folder)

    with pytest.raises(LibraryClosedError):
        await library.totals()

    await library.open()
    await library.close()
    with pytest.raises(LibraryClosedError):
        await library.begin_call(CALL)
    await library.close()


async def test_opening_an_open_library_changes_nothing(library: Library) -> None:
    clip = await library.begin_clip("front-door", START)

    await asyncio.gather(library.open(), library.open())

    assert await library.clip(clip.id) == clip


async def test_a_cancelled_opening_leaves_a_library_that_opens(folder: Path) -> None:
    library = Library(folder)
    gate = threading.Event()

    def open_late(path: Path) -> tuple[sqlite3.Connection, bool]:
        gate.wait()
        return open_database(path)

    with patch("custom_components.ringcentral.library.store.open_database", open_late):
        opening = asyncio.create_task(library.open())
        await asyncio.sleep(0)
        opening.cancel()
        asyncio.get_running_loop().call_soon(gate.set)
        with pytest.raises(asyncio.CancelledError):
            await opening
    with pytest.raises(LibraryClosedError):
        await library.totals()

    await library.open()
    totals = await library.totals()
    await library.close()

    assert totals == {}


async def test_twenty_tasks_at_once_all_get_what_they_asked_for(library: Library) -> None:
    async def one_call(number: int) -> str:
        call_id = f"call-{number}"
        await library.begin_call(replace(CALL, id=call_id, started_at=after(seconds=number)))
        await library.answer_call(call_id, after(seconds=number + 1))
        clip = await library.begin_clip("front-door", after(seconds=number), call_id=call_id)
        await library.finish_clip(clip.id, float(number))
        await library.end_call(call_id, after(seconds=number + 2), "ended", "local_hangup")
        return clip.id

    ids = await asyncio.gather(*(one_call(number) for number in range(20)))

    assert len(set(ids)) == 20
    assert await library.totals() == {"front-door": Total(20, 190.0)}
    assert [call.ended_at for call in await library.calls("front-door")] == [
        after(seconds=number + 2) for number in reversed(range(20))
    ]


async def test_closing_finishes_what_was_asked_for(folder: Path) -> None:
    library = Library(folder)
    await library.open()
    calls = [
        asyncio.create_task(library.begin_call(replace(CALL, id=f"call-{number}"))) for number in range(40)
    ]
    await asyncio.sleep(0)

    await library.close()

    assert await asyncio.gather(*calls) == [None] * 40
    await library.open()
    assert len(await library.calls("front-door", 1000)) == 40
    await library.close()


async def test_what_a_cancelled_task_asked_for_is_kept(library: Library) -> None:
    gate = threading.Event()
    blocker = asyncio.create_task(library._run(lambda _: gate.wait()))
    task = asyncio.create_task(library.begin_call(CALL))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.set()
    await blocker

    assert await library.last_call("front-door") == CALL


async def test_the_database_is_only_ever_touched_by_its_own_thread(folder: Path) -> None:
    library = Library(folder)
    seen: set[str] = set()
    await library.open()
    clip = await library.begin_clip("front-door", START)
    write_wav(clip.path, 80)
    await library.close()

    def repair(path: Path) -> int:
        seen.add(threading.current_thread().name)
        return 80

    await library.open()
    await library.recover(repair)
    await library.close()

    assert seen == {"ringcentral-library_0"}
    assert "ringcentral-library_0" not in {thread.name for thread in threading.enumerate()}
