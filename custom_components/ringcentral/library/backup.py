"""A copy of the library that somebody else makes, file by file, while calls go on.

Meanwhile the database's own file stays as it is and what is written is appended to its log, so that a copy of both holds
what was so at some moment, and no file goes away. Nothing waits for that. What a copy can't help is mended when it is
opened: it is known by a mark that is there while copies are made.
"""

from contextlib import suppress
from pathlib import Path
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

    What lies in the folder for other programs may be no part of the copy, so its rows stay where a file is missing.
    """
    if not (folder / MARK).exists():
        return
    saved = connection.execute(
        "SELECT number, path, size FROM clips WHERE state = 'saved' AND size > 0 AND path LIKE '%.wav'"
    ).fetchall()
    torn = [(row["number"],) for row in saved if _is_torn(shelf, row["path"], row["size"])]
    with transaction(connection):
        connection.executemany("UPDATE clips SET state = 'interrupted' WHERE number = ?", torn)
    refile(connection, shelf)
    with suppress(OSError):
        (folder / MARK).unlink()


def _is_torn(shelf: Shelf, path: str, size: int) -> bool:
    """Tell whether a file is shorter than its row says, or missing where it can't be anywhere else."""
    try:
        return (shelf / path).stat().st_size < size
    except OSError:
        return path.startswith(f"{CLIPS_FOLDER}/")
