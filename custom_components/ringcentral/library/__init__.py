"""The calls and clips that are kept: one SQLite database and the audio files beside it."""

from .errors import (
    ClipNotFoundError,
    LibraryAccessError,
    LibraryClosedError,
    LibraryDamagedError,
    LibraryError,
    LibraryFullError,
    LibraryTooNewError,
)
from .library import Library
from .records import (
    RECOVERED_LINE_ID,
    CallQuery,
    CallRecord,
    Clip,
    ClipKind,
    ClipState,
    Day,
    Direction,
    Missed,
    Total,
)

__all__ = [
    "RECOVERED_LINE_ID",
    "CallQuery",
    "CallRecord",
    "Clip",
    "ClipKind",
    "ClipNotFoundError",
    "ClipState",
    "Day",
    "Direction",
    "Library",
    "LibraryAccessError",
    "LibraryClosedError",
    "LibraryDamagedError",
    "LibraryError",
    "LibraryFullError",
    "LibraryTooNewError",
    "Missed",
    "Total",
]
