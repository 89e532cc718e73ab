"""A library whose disk comes and goes."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
import sqlite3
from unittest.mock import patch

import pytest

from custom_components.ringcentral.library import (
    ClipNotFoundError,
    ClipState,
    Library,
    LibraryAccessError,
    LibraryClosedError,
    LibraryDamagedError,
    LibraryError,
    LibraryFullError,
    LibraryGoneError,
)
from custom_components.ringcentral.library.store import UNWRITTEN_LIMIT
from tests.disk import SmallDisk, make_read_only, small_disk

from .builders import CALL, START, after
from .conftest import samples_by_size, write_wav

AWAY = "away"
NOTE_USE = "custom_components.ringcentral.library.store.note_use"


@pytest.fixture
def disk(folder: Path) -> Generator[SmallDisk]:
    """Return the small disk that the library is on."""
    with small_disk(folder) as disk:
        yield disk


@pytest.fixture
def reports(library: Library) -> list[str | None]:
    """Return what the library tells, by the errors' keys."""
    told: list[str | None] = []
    library.told = lambda error: told.append(error.key if error else None)
    return told


def take_away(folder: Path) -> None:
    folder.rename(folder.with_name(AWAY))


def bring_back(folder: Path, name: str = AWAY) -> None:
    folder.with_name(name).rename(folder)


def put_in_the_way(folder: Path) -> None:
    folder.write_text("in the way")


def remove(path: Path) -> None:
    path.unlink()


def present(path: Path) -> bool:
    return path.exists()


async def call_ids(library: Library) -> list[str]:
    return [call.id for call in reversed(await library.calls("front-door", 10_000))]


def numbered(number: int) -> str:
    return f"call-{number:05}"


async def begin(library: Library, number: int) -> None:
    await library.begin_call(replace(CALL, id=numbered(number), started_at=after(seconds=number)))


async def test_what_is_started_opens_with_its_first_use(folder: Path) -> None:
    library = Library(folder)
    with pytest.raises(LibraryClosedError):
        await library.totals()
    library.start()
    library.start()

    assert await library.totals() == {}

    await library.close()
    with pytest.raises(LibraryClosedError):
        await library.totals()


async def test_what_cannot_be_opened_is_tried_again_with_each_use(folder: Path) -> None:
    put_in_the_way(folder)
    library = Library(folder)
    library.start()
    for _ in range(2):
        with pytest.raises(LibraryAccessError):
            await library.totals()
    with pytest.raises(LibraryAccessError):
        await begin(library, 1)

    remove(folder)

    await library.check()
    assert await call_ids(library) == [numbered(1)]
    await library.close()


async def test_calls_of_a_time_without_a_disk_are_kept_in_their_order(library: Library, folder: Path) -> None:
    take_away(folder)
    for number in range(3):
        with pytest.raises(LibraryGoneError):
            await begin(library, number)
    with pytest.raises(LibraryGoneError):
        await library.answer_call(numbered(1), after(seconds=5))
    with pytest.raises(LibraryGoneError):
        await library.end_call(numbered(1), after(seconds=9), "ended", "local_hangup")
    assert not present(folder)

    bring_back(folder)
    # A clip needs its call.
    clip = await library.begin_clip("front-door", START, call_id=numbered(2))

    assert await call_ids(library) == [numbered(number) for number in range(3)]
    call = (await library.calls("front-door"))[1]
    assert (call.answered_at, call.ended_at) == (after(seconds=5), after(seconds=9))
    assert clip.caller == CALL.caller


async def test_what_can_never_be_written_keeps_nothing_from_it(library: Library, folder: Path) -> None:
    await begin(library, 0)
    take_away(folder)
    for number in range(2):
        with pytest.raises(LibraryGoneError):
            await begin(library, number)
    bring_back(folder)

    await library.check()

    assert await call_ids(library) == [numbered(0), numbered(1)]


async def test_there_is_an_end_to_what_is_kept_in_memory(library: Library, folder: Path) -> None:
    take_away(folder)
    for number in range(UNWRITTEN_LIMIT + 2):
        with pytest.raises(LibraryGoneError):
            await begin(library, number)
    bring_back(folder)

    await library.check()

    assert await call_ids(library) == [numbered(number) for number in range(2, UNWRITTEN_LIMIT + 2)]


async def test_a_folder_that_comes_back_is_the_one_that_went(library: Library, folder: Path) -> None:
    clip = await library.begin_clip("front-door", START)
    await begin(library, 1)
    take_away(folder)
    with pytest.raises(LibraryGoneError):
        await library.clip(clip.id)
    with pytest.raises(LibraryGoneError):
        await library.check()
    with pytest.raises(LibraryError):
        await library.room()
    bring_back(folder)

    found = await library.clip(clip.id)

    # It is still being recorded: it is of this run.
    assert found is not None
    assert found.state is ClipState.RECORDING
    assert await call_ids(library) == [numbered(1)]


async def test_another_library_in_its_place_is_opened_as_it_is(library: Library, folder: Path) -> None:
    await begin(library, 1)
    other = Library(folder.with_name("other"))
    await other.open()
    await begin(other, 2)
    await other.close()
    take_away(folder)
    bring_back(folder, "other")

    assert await call_ids(library) == [numbered(2)]
    await library.close()

    # What was taken away is whole.
    away = Library(folder.with_name(AWAY))
    await away.open()
    assert await call_ids(away) == [numbered(1)]
    await away.close()


async def test_what_could_not_be_written_until_the_end_is_tried_then(folder: Path) -> None:
    library = Library(folder)
    await library.open()
    take_away(folder)
    with pytest.raises(LibraryGoneError):
        await begin(library, 1)
    bring_back(folder)
    await library.close()

    await library.open()
    assert await call_ids(library) == [numbered(1)]
    take_away(folder)
    with pytest.raises(LibraryGoneError):
        await begin(library, 2)
    await library.close()


async def test_a_disk_without_room_for_a_message_is_full(disk: SmallDisk, library: Library) -> None:
    await library.check()
    disk.fill(left=1_900_000)

    with pytest.raises(LibraryFullError):
        await library.begin_clip("front-door", START)
    with pytest.raises(LibraryFullError):
        await library.check()
    assert await library.room() < 2_000_000
    # A call takes little.
    await begin(library, 1)

    disk.free()
    await library.check()
    await library.begin_clip("front-door", START)


async def test_a_folder_that_cannot_be_written_can_still_be_read(library: Library, folder: Path) -> None:
    clip = await library.begin_clip("front-door", START)
    write_wav(clip.path, 8000)
    await library.finish_clip(clip.id, 1.0)
    writable = make_read_only(folder)
    try:
        with pytest.raises(LibraryAccessError):
            await library.begin_clip("front-door", START)
        for _ in range(2):
            with pytest.raises(LibraryAccessError):
                await library.check()
        assert await library.clip(clip.id) is not None
    finally:
        writable()

    await library.check()
    await library.begin_clip("front-door", START)


async def test_a_connection_that_fails_is_made_anew(library: Library) -> None:
    await begin(library, 1)
    error = sqlite3.OperationalError()
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR

    with patch(NOTE_USE, side_effect=[error, None]):
        await library.check()
    assert await call_ids(library) == [numbered(1)]

    with patch(NOTE_USE, side_effect=error), pytest.raises(LibraryAccessError):
        await library.check()
    assert await call_ids(library) == [numbered(1)]


async def test_what_an_earlier_run_left_is_marked_once_there_is_room_for_it(folder: Path) -> None:
    earlier = Library(folder)
    await earlier.open()
    clip = await earlier.begin_clip("front-door", START)
    write_wav(clip.path, 8000)
    await earlier.close()
    library = Library(folder)
    library.start()
    with patch(
        "custom_components.ringcentral.library.store.mark_interrupted",
        side_effect=OSError(28, "No space left on device"),
    ):
        with pytest.raises(LibraryFullError):
            await library.check()
        assert await library.clip(clip.id) is not None

    now = await library.begin_clip("front-door", START)

    assert [found.id for found in await library.recover(samples_by_size)] == [clip.id]
    found = await library.clip(now.id)
    assert found is not None
    assert found.state is ClipState.RECORDING
    await library.close()


async def test_clips_whose_list_is_lost_are_filed_once_there_is_room_for_it(folder: Path) -> None:
    earlier = Library(folder)
    await earlier.open()
    clip = await earlier.begin_clip("front-door", START)
    write_wav(clip.path, 8000)
    await earlier.close()
    remove(folder / "library.db")
    library = Library(folder)
    library.start()
    with (
        patch(
            "custom_components.ringcentral.library.store.refile",
            side_effect=OSError(28, "No space left on device"),
        ),
        pytest.raises(LibraryFullError),
    ):
        await library.check()

    assert [found.id for found in await library.recover(samples_by_size)] == [clip.id]
    await library.close()


async def test_it_is_told_what_fails_and_what_could_be_written(
    library: Library, folder: Path, reports: list[str | None]
) -> None:
    await library.totals()
    with pytest.raises(ClipNotFoundError):
        await library.mark_heard("0" * 32)
    assert reports == []

    await begin(library, 1)
    take_away(folder)
    with pytest.raises(LibraryGoneError):
        await library.totals()
    bring_back(folder)
    await library.totals()
    await library.check()

    assert reports == [None, "library_gone", None]


async def spoil_words(library: Library) -> None:
    """Damage the index of words, and nothing else."""
    await library._run(
        lambda shelves: shelves.connection.execute("UPDATE words_data SET block = x'ffffffffffff'")
    )


async def say(library: Library) -> str:
    """Keep a clip in which something was said, and return its id."""
    clip = await library.begin_clip("front-door", START)
    write_wav(clip.path, 8000)
    await library.finish_clip(clip.id, 1.0)
    await library.set_transcript(clip.id, "the parcel is with the neighbours")
    return clip.id


async def found(library: Library) -> list[str]:
    return [clip.id for clip in (await library.search(["front-door"], "parcel")).items]


async def test_an_index_of_words_that_is_damaged_is_built_anew_and_nothing_else(library: Library) -> None:
    clip = await say(library)
    await spoil_words(library)
    with pytest.raises(LibraryDamagedError):
        await found(library)

    await library.check()

    assert await found(library) == [clip]
    assert library.set_aside is None


async def test_an_index_of_words_does_not_keep_a_library_from_being_opened(folder: Path) -> None:
    library = Library(folder)
    await library.open()
    clip = await say(library)
    await spoil_words(library)
    await library.close()

    await library.open()
    with pytest.raises(LibraryDamagedError):
        await found(library)
    await library.check()

    assert await found(library) == [clip]
    assert library.set_aside is None
    await library.close()
