"""The library as its thread has it: opened when it is needed, and again after its disk was gone.

A disk may be full, be set read-only or be unplugged, and come back. So nothing is given up: what can't be opened is
opened by the next that is asked for, a folder that was taken away is waited for, and what was told of calls meanwhile
is kept in memory and written with the next that can be.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
import shutil
import sqlite3
from typing import Final

from .backup import look_over
from .calls import CallTable
from .clips import LEAST_ROOM, ClipTable
from .copies import Copies
from .database import close_database, note_use, open_database, set_aside
from .errors import (
    LibraryAccessError,
    LibraryDamagedError,
    LibraryError,
    LibraryFullError,
    LibraryGoneError,
    translated,
)
from .folders import Folders
from .recovery import mark_interrupted, refile
from .retention import sweep
from .search import Search, prepare
from .shelf import CLIPS_FOLDER, Shelf

DATABASE: Final = "library.db"

UNWRITTEN_LIMIT: Final = 1000
"""What is told of calls and kept in memory while it can't be written: some three hundred calls."""

_PRIVATE: Final = 0o700
_PROBE: Final = "probe"


@dataclass(frozen=True, slots=True)
class Shelves:
    """What an open library works with."""

    connection: sqlite3.Connection
    calls: CallTable
    clips: ClipTable
    folders: Folders
    search: Search
    copies: Copies


type Job[T] = Callable[[Shelves], T]


class Store:
    """Does what the library is asked for; all but its making belongs to the library's thread. Raises LibraryErrors.

    Attributes:
        set_aside: the damaged database that was renamed last to begin a fresh one.
    """

    def __init__(self, folder: Path, shelf: Shelf) -> None:
        """Name the folder, and where audio files lie; nothing is touched yet."""
        self.set_aside: Path | None = None
        self._folder = folder
        self._shelf = shelf
        self._path = folder / DATABASE
        self._shelves: Shelves | None = None
        self._file: tuple[int, int] | None = None
        self._tidy = self._begun_anew = False
        self._damaged = False
        self._unwritten: deque[Job[object]] = deque(maxlen=UNWRITTEN_LIMIT)

    def open(self) -> None:
        """Open the database, unless it is: created, brought up to date or replaced; mark what an earlier run left open."""
        self._settle()

    def read[T](self, job: Job[T]) -> T:
        """Do what only looks, also where nothing can be written."""
        return self._do(job, self._ready())

    def write[T](self, job: Job[T]) -> T:
        """Do what changes something, after all that is still to be written."""
        return self._do(job, self._settle())

    def keep(self, job: Job[object]) -> None:
        """Write something, where that fails for the disk's sake later, in the order it was asked for."""
        try:
            self.write(job)
        except LibraryFullError, LibraryAccessError:
            self._unwritten.append(job)
            raise

    def check(self) -> None:
        """Find out whether calls and clips can be kept just now, and keep what waits for that."""
        if self._damaged:
            # Read through anew: what is damaged makes way for a fresh one, the index of words alone for a new index.
            self._check_anew()
            return
        try:
            self._probe()
        except LibraryAccessError:
            # What is open may be of a disk that has been plugged in anew since.
            self._check_anew()

    def room(self) -> int:
        """Return how many bytes are free where clips go."""
        with translated():
            return shutil.disk_usage(self._folder).free

    def close(self) -> None:
        """Write what still can be, and close the database."""
        if self._unwritten:
            with suppress(LibraryError):
                self._settle()
        shelves, self._shelves, self._file, self._tidy = self._shelves, None, None, False
        self._shelf.held = False
        if shelves is not None:
            with translated():
                close_database(shelves.connection, damaged=self._damaged)

    def _do[T](self, job: Job[T], shelves: Shelves) -> T:
        try:
            with translated():
                return job(shelves)
        except LibraryDamagedError:
            # The next start looks closely.
            self._damaged = True
            raise

    def _ready(self) -> Shelves:
        """Return what to work with, opened where it isn't, or isn't what lies in the folder any more."""
        found = self._found()
        if self._shelves is not None and found != self._file:
            self._drop(self._shelves)
            self._shelves = None
        if self._shelves is None:
            if found is None and self._file is not None:
                # Another one in its place would be in the way when it comes back.
                raise LibraryGoneError
            self._shelves = self._opened()
            self._file = self._found()
        return self._shelves

    def _settle(self) -> Shelves:
        """Return what to work with when nothing is left to be written from before."""
        shelves = self._ready()
        if self._begun_anew:
            with translated():
                refile(shelves.connection, self._shelf)
            self._begun_anew = False
        if not self._tidy:
            with translated():
                mark_interrupted(shelves.connection)
                # Before what it may give back is swept away.
                look_over(shelves.connection, self._shelf, self._folder)
                for _ in sweep(shelves.connection, self._shelf):
                    pass
            # Once in a run: from now on clips that are being recorded are its own.
            self._tidy = True
        while self._unwritten:
            try:
                self._do(self._unwritten[0], shelves)
            except LibraryFullError, LibraryAccessError, LibraryDamagedError:
                raise
            except LibraryError:
                # It can't ever be, and mustn't keep others from it.
                pass
            self._unwritten.popleft()
        return shelves

    def _found(self) -> tuple[int, int] | None:
        """Return what tells the file of the database from any other, None where there is none."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _opened(self) -> Shelves:
        with translated():
            self._folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        try:
            shelves = self._connect()
        except LibraryDamagedError:
            with translated():
                self.set_aside = set_aside(self._path)
            shelves = self._connect()
        self._damaged = False
        return shelves

    def _connect(self) -> Shelves:
        with translated():
            connection, fresh = open_database(self._path)
            try:
                # Whether the index is sound isn't looked at, as it can be had again at any time.
                indexed = prepare(connection, anew=self._damaged)
            except BaseException:
                connection.close()
                raise
        clips = ClipTable(connection, self._shelf)
        self._begun_anew |= fresh
        search = Search(connection, clips, indexed)
        copies = Copies(connection, clips, self._shelf)
        return Shelves(connection, CallTable(connection), clips, Folders(connection, clips), search, copies)

    def _probe(self) -> None:
        shelves = self._settle()
        folder = self._folder / CLIPS_FOLDER
        with translated():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _PROBE).write_bytes(bytes(1))
            (folder / _PROBE).unlink()
            note_use(shelves.connection)
        if self.room() < LEAST_ROOM:
            raise LibraryFullError

    def _check_anew(self) -> None:
        before, self._shelves = self._shelves, None
        try:
            self._probe()
        finally:
            if before is not None:
                self._keep_one(before)

    def _keep_one(self, before: Shelves) -> None:
        if self._shelves is not None:
            self._drop(before)
        else:
            # What is there can still be read.
            self._shelves = before

    @staticmethod
    def _drop(shelves: Shelves) -> None:
        """Close what lies there no more, without a look at what lies in its place."""
        with suppress(sqlite3.Error):
            shelves.connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
            shelves.connection.close()
