import errno
import sqlite3

import pytest

from custom_components.ringcentral.library import (
    LibraryAccessError,
    LibraryClosedError,
    LibraryDamagedError,
    LibraryError,
    LibraryFullError,
)
from custom_components.ringcentral.library.errors import translated


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("+15551234567")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (sqlite_error(sqlite3.SQLITE_FULL), LibraryFullError),
        (sqlite_error(sqlite3.SQLITE_CORRUPT), LibraryDamagedError),
        (sqlite_error(sqlite3.SQLITE_CORRUPT_INDEX), LibraryDamagedError),
        (sqlite_error(sqlite3.SQLITE_NOTADB), LibraryDamagedError),
        (sqlite_error(sqlite3.SQLITE_IOERR_FSYNC), LibraryAccessError),
        (sqlite_error(sqlite3.SQLITE_READONLY), LibraryAccessError),
        (sqlite_error(sqlite3.SQLITE_CANTOPEN), LibraryAccessError),
        (sqlite_error(sqlite3.SQLITE_PERM), LibraryAccessError),
        (sqlite_error(sqlite3.SQLITE_BUSY), LibraryError),
        (sqlite3.ProgrammingError("+15551234567"), LibraryError),
        (OSError(errno.ENOSPC, "+15551234567"), LibraryFullError),
        (OSError(errno.EDQUOT, "+15551234567"), LibraryFullError),
        (PermissionError(errno.EACCES, "+15551234567"), LibraryAccessError),
    ],
)
def test_each_cause_has_its_error_and_words_of_our_own(cause: Exception, kind: type[LibraryError]) -> None:
    with pytest.raises(LibraryError) as caught, translated():
        raise cause

    assert type(caught.value) is kind
    assert caught.value.__cause__ is cause
    assert str(caught.value) == kind.text


def test_errors_of_the_library_and_of_the_code_pass_unchanged() -> None:
    with pytest.raises(LibraryClosedError), translated():
        raise LibraryClosedError
    with pytest.raises(KeyError), translated():
        raise KeyError


def test_every_error_has_a_key_and_a_text_of_its_own() -> None:
    kinds = [LibraryError, *LibraryError.__subclasses__()]

    assert len({kind.key for kind in kinds}) == len(kinds)
    assert len({kind.text for kind in kinds}) == len(kinds)
