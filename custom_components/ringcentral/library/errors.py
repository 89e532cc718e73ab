"""What can go wrong in the library, and the one place where it is told apart.

LibraryError
├── ClipAwayError            the folder in which the clip lies isn't there
├── ClipInUseError           the clip is being recorded
├── ClipNotFoundError        the library holds no such clip
├── LibraryAccessError       the folder or the database can't be read or written
│   └── LibraryGoneError     the folder isn't where it was
├── LibraryClosedError       not open, or closed already
├── LibraryDamagedError      the database is damaged
├── LibraryFullError         no room left on the disk
└── LibraryTooNewError       written by a newer version; left untouched

No text of theirs holds a number, a name or a value from the database.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import errno
import sqlite3
from typing import ClassVar, Final


class LibraryError(Exception):
    """The library of calls and clips could not do what was asked.

    `key` names the error for translations.
    """

    key: ClassVar[str] = "library_failed"
    text: ClassVar[str] = "The library of calls and clips failed; the log of the system may tell why"

    def __init__(self) -> None:
        """Say what happened, in the words of the class."""
        super().__init__(self.text)


class ClipAwayError(LibraryError):
    """The folder for other programs, in which the clip lies, isn't there."""

    key = "clip_away"
    text = "The media folder in which the clip lies isn't there; see whether its disk is plugged in"


class ClipInUseError(LibraryError):
    """The clip is being recorded."""

    key = "clip_in_use"
    text = "The clip is still being recorded; delete it when the recording has ended"


class ClipNotFoundError(LibraryError):
    """The library holds no such clip."""

    key = "clip_not_found"
    text = "The clip is not in the library any more"


class LibraryAccessError(LibraryError):
    """The folder or the database can't be read or written."""

    key = "library_no_access"
    text = "The library's folder can't be used; check its permissions and that its disk is mounted"


class LibraryGoneError(LibraryAccessError):
    """The folder was there before, and isn't now."""

    key = "library_gone"
    text = "The library's folder is gone; plug its disk in again, or restart to begin a new library"


class LibraryClosedError(LibraryError):
    """The library is not open."""

    key = "library_closed"
    text = "The library of calls and clips is not open"


class LibraryDamagedError(LibraryError):
    """The database is damaged."""

    key = "library_damaged"
    text = "The library's database is damaged; a new one is begun within a minute"


class LibraryFullError(LibraryError):
    """No room is left for calls and clips."""

    key = "library_full"
    text = "There is no room left on the disk for calls and clips; free some space"


class LibraryTooNewError(LibraryError):
    """The database was written by a newer version, and has been left as it was."""

    key = "library_too_new"
    text = "The library was written by a newer version; install that version again to open it"


_BY_SQLITE_CODE: Final[dict[int, type[LibraryError]]] = {
    sqlite3.SQLITE_CANTOPEN: LibraryAccessError,
    sqlite3.SQLITE_CORRUPT: LibraryDamagedError,
    sqlite3.SQLITE_FULL: LibraryFullError,
    sqlite3.SQLITE_IOERR: LibraryAccessError,
    sqlite3.SQLITE_NOTADB: LibraryDamagedError,
    sqlite3.SQLITE_PERM: LibraryAccessError,
    sqlite3.SQLITE_READONLY: LibraryAccessError,
}
_BY_ERRNO: Final[dict[int | None, type[LibraryError]]] = {
    errno.EDQUOT: LibraryFullError,
    errno.ENOSPC: LibraryFullError,
}
_PRIMARY_CODE: Final = 0xFF
"""Extended SQLite result codes carry the primary one in their low byte."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn what SQLite and the file system raise into a `LibraryError`."""
    try:
        yield
    except sqlite3.Error as err:
        code = getattr(err, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE
        kind = _BY_SQLITE_CODE.get(code, LibraryError)
        raise kind from err
    except OSError as err:
        kind = _BY_ERRNO.get(err.errno, LibraryAccessError)
        raise kind from err
