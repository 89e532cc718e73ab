from collections.abc import Callable, Generator
from datetime import UTC, datetime
from pathlib import Path
import shutil
import sqlite3
from typing import cast
from unittest.mock import Mock, patch

import pytest

from custom_components.ringcentral.library import (
    RECOVERED_LINE_ID,
    Library,
    LibraryAccessError,
    LibraryDamagedError,
    LibraryError,
    LibraryFullError,
    LibraryTooNewError,
    Total,
)
from custom_components.ringcentral.library.database import (
    close_database,
    note_begin,
    open_database,
    transaction,
)
from custom_components.ringcentral.library.schema import MIGRATIONS

from .conftest import samples_by_size, write_wav

START = datetime(2026, 11, 21, 17, 3, 11, tzinfo=UTC)
SETTINGS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "secure_delete": 1,
    "foreign_keys": 1,
    "user_version": len(MIGRATIONS),
}
MIGRATIONS_PATH = "custom_components.ringcentral.library.database.MIGRATIONS"


@pytest.fixture
async def used(folder: Path) -> str:
    """Leave a closed library with one saved clip behind, and give the clip's id."""
    library = Library(folder)
    await library.open()
    clip = await library.begin_clip("front-door", START)
    write_wav(clip.path, 8000)
    await library.finish_clip(clip.id, 1.0)
    await library.close()
    return clip.id


@pytest.fixture
def connection(tmp_path: Path) -> Generator[sqlite3.Connection]:
    connection, _ = open_database(tmp_path / "library.db")
    yield connection
    connection.close()


def pragma(folder: Path, statement: str) -> object:
    connection = sqlite3.connect(folder / "library.db")
    try:
        return connection.execute(f"PRAGMA {statement}").fetchone()
    finally:
        connection.close()


def test_a_fresh_database_is_durable_and_of_the_newest_version(connection: sqlite3.Connection) -> None:
    settings = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in SETTINGS}

    assert settings == SETTINGS


def test_only_an_empty_database_is_fresh(tmp_path: Path) -> None:
    first, fresh = open_database(tmp_path / "library.db")
    first.close()
    second, fresh_again = open_database(tmp_path / "library.db")
    second.close()

    assert (fresh, fresh_again) == (True, False)


def test_a_folder_name_means_nothing_to_sqlite(tmp_path: Path) -> None:
    folder = tmp_path / "100% #1? mode=memory"
    folder.mkdir()
    first, _ = open_database(folder / "library.db")
    first.close()
    second, fresh = open_database(folder / "library.db")
    second.close()

    assert not fresh


async def test_a_database_of_a_newer_version_is_refused_and_left_untouched(folder: Path, used: str) -> None:
    pragma(folder, f"user_version = {len(MIGRATIONS) + 1}")
    before = (folder / "library.db").read_bytes()
    library = Library(folder)

    with pytest.raises(LibraryTooNewError):
        await library.open()

    assert (folder / "library.db").read_bytes() == before
    assert library.set_aside is None


async def test_a_refused_library_opens_once_its_version_is_back(folder: Path, used: str) -> None:
    library = Library(folder)
    pragma(folder, f"user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(LibraryTooNewError):
        await library.open()

    pragma(folder, f"user_version = {len(MIGRATIONS)}")
    await library.open()
    clip = await library.clip(used)
    await library.close()

    assert clip is not None


async def test_a_database_of_an_older_version_is_brought_up_to_date(folder: Path, used: str) -> None:
    with patch(MIGRATIONS_PATH, (*MIGRATIONS, "ALTER TABLE clips ADD COLUMN mood TEXT;")):
        library = Library(folder)
        await library.open()
        clip = await library.clip(used)
        await library.close()

    assert clip is not None
    assert pragma(folder, "user_version") == (len(MIGRATIONS) + 1,)


async def test_a_migration_that_fails_leaves_the_database_as_it_was(folder: Path, used: str) -> None:
    broken = (*MIGRATIONS, "DROP TABLE clips; ALTER TABLE nothing ADD COLUMN x TEXT;")
    with patch(MIGRATIONS_PATH, broken), pytest.raises(LibraryError):
        await Library(folder).open()

    library = Library(folder)
    await library.open()
    clip = await library.clip(used)
    await library.close()

    assert clip is not None
    assert pragma(folder, "user_version") == (len(MIGRATIONS),)


def no_database(path: Path) -> None:
    path.write_bytes(b"This is not a database, and never has been one. " * 200)


def torn_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:6000])


def torn_index(path: Path) -> None:
    """Take an entry out of an index behind SQLite's back: it opens and reads well, but isn't sound."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute(
        "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'calls_by_line') "
        "WHERE name = 'clips_by_line'"
    )
    connection.commit()
    connection.close()


async def reopened(folder: Path) -> Path | None:
    """Open and close the library of a folder, and return the name of what was set aside."""
    library = Library(folder)
    await library.open()
    await library.close()
    return library.set_aside


async def test_a_large_database_is_read_through_only_after_a_run_that_was_not_closed(
    folder: Path, used: str
) -> None:
    torn_index(folder / "library.db")
    with patch("custom_components.ringcentral.library.database.CHECKED_ALWAYS", 0):
        assert await reopened(folder) is None
        connection = sqlite3.connect(folder / "library.db")
        connection.execute("UPDATE run SET clean = 0")
        connection.commit()
        connection.close()
        assert await reopened(folder) is not None


async def test_a_killed_run_is_not_taken_for_a_closed_one(folder: Path, used: str, tmp_path: Path) -> None:
    library = Library(folder)
    await library.open()
    shutil.copytree(folder, tmp_path / "killed")
    await library.close()
    torn_index(tmp_path / "killed" / "library.db")

    with patch("custom_components.ringcentral.library.database.CHECKED_ALWAYS", 0):
        assert await reopened(tmp_path / "killed") is not None


async def test_damage_that_shows_in_a_run_is_looked_for_at_the_next_start(folder: Path, used: str) -> None:
    torn_index(folder / "library.db")
    with patch("custom_components.ringcentral.library.database.CHECKED_ALWAYS", 0):
        library = Library(folder)
        await library.open()
        with pytest.raises(LibraryDamagedError):
            await library._run(lambda _: fail(sqlite3.SQLITE_CORRUPT))
        await library.close()

        assert await reopened(folder) is not None


def fail(code: int) -> None:
    error = sqlite3.DatabaseError()
    error.sqlite_errorcode = code
    raise error


async def test_a_database_that_cannot_be_prepared_is_closed(folder: Path, used: str) -> None:
    library = Library(folder)
    with (
        patch("custom_components.ringcentral.library.store.prepare", side_effect=sqlite3.OperationalError),
        pytest.raises(LibraryError),
    ):
        await library.open()

    await library.open()
    assert await library.clip(used) is not None
    await library.close()


@pytest.mark.parametrize("damage", [no_database, torn_page, cut_short, torn_index])
async def test_a_damaged_database_is_set_aside_and_its_clips_filed_again(
    folder: Path, used: str, damage: Callable[[Path], None]
) -> None:
    damage(folder / "library.db")
    damaged = (folder / "library.db").read_bytes()
    library = Library(folder)

    await library.open()
    recovered = await library.recover(samples_by_size)
    totals = await library.totals()
    await library.close()

    assert library.set_aside is not None
    assert library.set_aside.name.startswith("library.db.broken-2")
    assert library.set_aside.read_bytes() == damaged
    assert [clip.id for clip in recovered] == [used]
    assert totals == {RECOVERED_LINE_ID: Total(1, 1.0)}


async def test_the_journal_goes_aside_with_its_database(folder: Path, used: str) -> None:
    no_database(folder / "library.db")
    (folder / "library.db-wal").write_bytes(b"journal")
    library = Library(folder)

    await library.open()
    await library.close()

    assert library.set_aside is not None
    assert (folder / f"{library.set_aside.name}-wal").read_bytes() == b"journal"


async def test_a_sound_database_is_not_set_aside(library: Library) -> None:
    assert library.set_aside is None


async def test_an_empty_file_is_a_fresh_database(folder: Path, used: str) -> None:
    (folder / "library.db").write_bytes(b"")
    library = Library(folder)

    await library.open()
    recovered = await library.recover(samples_by_size)
    await library.close()

    assert [clip.id for clip in recovered] == [used]
    assert library.set_aside is None


async def test_a_folder_that_cannot_be_made_is_a_matter_of_access(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    library = Library(tmp_path / "file" / "ringcentral")

    with pytest.raises(LibraryAccessError):
        await library.open()


async def test_a_database_that_cannot_be_opened_is_not_set_aside(folder: Path) -> None:
    (folder / "library.db").mkdir(parents=True)
    library = Library(folder)

    with pytest.raises(LibraryAccessError):
        await library.open()

    assert library.set_aside is None
    assert (folder / "library.db").is_dir()


async def test_a_library_that_failed_to_open_can_be_opened_later(folder: Path) -> None:
    (folder / "library.db").mkdir(parents=True)
    library = Library(folder)
    with pytest.raises(LibraryAccessError):
        await library.open()

    (folder / "library.db").rmdir()
    await library.open()
    totals = await library.totals()
    await library.close()

    assert totals == {}


async def test_a_disk_that_fills_up_loses_nothing_already_kept(folder: Path, used: str) -> None:
    library = Library(folder)
    with patch("custom_components.ringcentral.library.store.open_database", open_full_database):
        await library.open()

    with pytest.raises(LibraryFullError):
        await begin_clips(library, 1000)
    clip = await library.clip(used)
    await library.close()

    assert clip is not None


async def test_what_does_not_fit_on_a_full_disk_leaves_what_was_there(folder: Path, used: str) -> None:
    library = Library(folder)
    with patch("custom_components.ringcentral.library.store.open_database", open_full_database):
        await library.open()
    before = await library.clip(used)

    with pytest.raises(LibraryFullError):
        await library.set_transcript(used, "parcel " * 20_000)

    assert before == await library.clip(used)
    assert (await library.search(["front-door"], "parcel")).count == 0
    await library.close()


def failing(code: int) -> sqlite3.Connection:
    """Return a connection whose disk fails to take anything."""
    error = sqlite3.OperationalError()
    error.sqlite_errorcode = code
    return Mock(sqlite3.Connection, execute=Mock(side_effect=error))


def test_a_full_disk_does_not_keep_the_library_from_being_opened() -> None:
    note_begin(failing(sqlite3.SQLITE_FULL))
    with pytest.raises(sqlite3.OperationalError):
        note_begin(failing(sqlite3.SQLITE_IOERR))


def test_a_library_is_closed_whatever_can_be_noted() -> None:
    connection = failing(sqlite3.SQLITE_FULL)
    close_database(connection, damaged=False)
    cast("Mock", connection).close.assert_called_once_with()


async def begin_clips(library: Library, count: int) -> None:
    for _ in range(count):
        await library.begin_clip("front-door", START)


def open_full_database(path: Path) -> tuple[sqlite3.Connection, bool]:
    """Open a database that may not grow by a single page, as on a full disk."""
    connection, fresh = open_database(path)
    connection.execute("PRAGMA max_page_count = 1")
    return connection, fresh


def test_a_transaction_writes_all_or_nothing(connection: sqlite3.Connection) -> None:
    with pytest.raises(RuntimeError):
        fail_after(connection, "PRAGMA user_version = 77")

    assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    assert not connection.in_transaction


def test_a_transaction_that_sqlite_has_ended_itself_raises_the_cause(connection: sqlite3.Connection) -> None:
    with pytest.raises(RuntimeError, match="the cause"):
        fail_after(connection, "ROLLBACK")


def fail_after(connection: sqlite3.Connection, statement: str) -> None:
    with transaction(connection):
        connection.execute(statement)
        raise RuntimeError("the cause")
