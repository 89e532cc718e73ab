"""A copy of the library that somebody else makes, file by file, while calls go on.

Meanwhile the database's own file stays as it is and what is written is appended to its log, so that a copy of both holds
what was so at some moment, and no file goes away. Nothing waits for that. What a copy can't help is mended when it is
opened: it is known by a mark that is there while copies are made.
"""

from contextlib import suppress
from pathlib import Path, PurePosixPath
import sqlite3
from typing import Final

from .database import transaction
from .recovery import refile
from .shelf import CLIPS_FOLDER, Shelf

MARK: Final = "backup"
"""The name of the mark in the library's folder."""

_PAGES: Final = 1000
"""Of the log, after which SQLite takes it over into the database; its own default."""


def hold(connection: sqlite3.Connection, shelf: Shelf, folder: Path) -> None:
    """Let the files of the library be copied from now on."""
    shelf.held = True
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    # Whoever reads the database with another program keeps the log from being emptied, and no harm is done.
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with suppress(OSError):
        (folder / MARK).touch()


def resume(connection: sqlite3.Connection, shelf: Shelf, folder: Path) -> None:
    """Go on as usual; what was to be deleted meanwhile still has to be."""
    shelf.held = False
    (folder / MARK).unlink(missing_ok=True)
    connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES}")
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def look_over(connection: sqlite3.Connection, shelf: Shelf, folder: Path) -> None:
    """Have a copy's clips and files agree, so that `recover` mends them: a file may be older than its row, or newer.

    Before anything is swept. What lies in the folder for other programs may be no part of the copy, so its rows stay where a file is missing.
    """
    if not (folder / MARK).exists():
        return
    before = {PurePosixPath(path).stem: path for (path,) in connection.execute("SELECT path FROM doomed")}
    saved = connection.execute("SELECT number, path, size FROM clips WHERE state = 'saved' AND size > 0")
    with transaction(connection):
        for row in saved.fetchall():
            _mend(connection, shelf, row, before.get(PurePosixPath(row["path"]).stem))
    refile(connection, shelf)
    with suppress(OSError):
        (folder / MARK).unlink()


def _mend(connection: sqlite3.Connection, shelf: Shelf, row: sqlite3.Row, before: str | None) -> None:
    """Have a clip looked at whose file isn't the one its row means; one that gave way to it meanwhile is as good."""
    path, size = row["path"], _size(shelf / row["path"])
    if size >= row["size"]:
        return
    if before is not None and _size(shelf / before) >= 0:
        path = before
        connection.execute("DELETE FROM doomed WHERE path = ?", (before,))
    elif not (path.endswith(".wav") if size >= 0 else path.startswith(f"{CLIPS_FOLDER}/")):
        return
    connection.execute(
        "UPDATE clips SET path = ?, state = 'interrupted' WHERE number = ?", (path, row["number"])
    )


def _size(file: Path) -> int:
    """Return the bytes of a file, -1 where there is none."""
    try:
        return file.stat().st_size
    except OSError:
        return -1
