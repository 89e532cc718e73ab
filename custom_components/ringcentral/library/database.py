"""Opening the database: checked, migrated, or set aside when it is beyond reading."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
import sqlite3
from typing import Final

from .errors import LibraryDamagedError, LibraryTooNewError
from .schema import MIGRATIONS

_BUSY_TIMEOUT: Final = 5.0
"""Seconds to wait for somebody looking into the database with another program."""

CHECKED_ALWAYS: Final = 16 * 1024 * 1024
"""Bytes of a database up to which it is read through at each start; that takes less than a tenth of a second."""

_COMPANIONS: Final = ("", "-wal", "-shm")
"""The files of one SQLite database, by what is appended to its name."""

_TABLES: Final = """
SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL TABLE%'
"""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block wrote, or none of it if the block raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite ends the transaction by itself after some errors, such as a full disk.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def open_database(path: Path) -> tuple[sqlite3.Connection, bool]:
    """Open the database, creating or migrating it, and say whether it is a fresh one.

    Raises:
        LibraryTooNewError: A newer version wrote it; not a byte of it has changed.
        LibraryDamagedError: It can't be read.
        sqlite3.Error: Anything else, such as a disk that fails or is full.
    """
    if path.exists():
        _refuse_newer(path)
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT, autocommit=True)
    try:
        if not _was_closed(connection) or path.stat().st_size <= CHECKED_ALWAYS:
            _refuse_damaged(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # Who is forgotten is to be so in the file as well.
        connection.execute("PRAGMA secure_delete = ON")
        found = _migrate(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.row_factory = sqlite3.Row
        note_begin(connection)
    except BaseException:
        connection.close()
        raise
    return connection, found == 0


def close_database(connection: sqlite3.Connection, *, damaged: bool) -> None:
    """Close the database, and note that it was left in order unless it has shown damage."""
    try:
        if not damaged:
            # Where that fails it is looked at closely, and nothing else comes of it.
            with suppress(sqlite3.Error):
                connection.execute("UPDATE run SET clean = 1")
    finally:
        connection.close()


def set_aside(path: Path) -> Path:
    """Rename a database and its companions so that a fresh one can take the name."""
    broken = path.with_name(f"{path.name}.broken-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
    for suffix in _COMPANIONS:
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(broken.with_name(broken.name + suffix))
    return broken


def _refuse_newer(path: Path) -> None:
    """Look at the version without so much as a journal being replayed into the file."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=_BUSY_TIMEOUT, uri=True)
    try:
        if _version(connection) > len(MIGRATIONS):
            raise LibraryTooNewError
    finally:
        connection.close()


def _refuse_damaged(connection: sqlite3.Connection) -> None:
    """Read every table once: after a run that ended badly, better a slow start than a damaged library discovered in a call.

    What the index of words holds is taken as it is, which is half of the reading: damage in it shows when it is used, and it
    can be built anew.
    """
    for (table,) in connection.execute(_TABLES).fetchall():
        (verdict,) = connection.execute("SELECT quick_check FROM pragma_quick_check(?)", (table,)).fetchone()
        if verdict != "ok":
            raise LibraryDamagedError


def _was_closed(connection: sqlite3.Connection) -> bool:
    """Tell whether the run before closed the database; a new or an older one doesn't know."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'run'").fetchone():
        return False
    (clean,) = connection.execute("SELECT max(clean) FROM run").fetchone()
    return bool(clean)


def note_begin(connection: sqlite3.Connection) -> None:
    """Note that this run has yet to be closed."""
    try:
        note_use(connection)
    except sqlite3.OperationalError as err:
        # On a full disk the line is to work all the same, and its clips to be played.
        if err.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise


def note_use(connection: sqlite3.Connection) -> None:
    """Write that this run isn't closed; also a way to find out whether anything can be written."""
    connection.execute("UPDATE run SET clean = 0")


def _migrate(connection: sqlite3.Connection) -> int:
    """Bring the database to the newest version and return the one it had; each step is all or nothing."""
    found = _version(connection)
    for version, script in enumerate(MIGRATIONS[found:], start=found + 1):
        with transaction(connection):
            connection.executescript(script)
            connection.execute(f"PRAGMA user_version = {version}")
    return found


def _version(connection: sqlite3.Connection) -> int:
    """Return the version of the schema, 0 for an empty database."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    return int(found)
