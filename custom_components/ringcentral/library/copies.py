"""Another file for a clip: made beside the first one, and in its place once it is good.

While it is made it is doomed: a kill leaves a file that the next start deletes. When it takes the place of the first one,
that one is doomed in the same transaction. So whatever is killed when, there is one whole file, and the row names it.
"""

from datetime import datetime
from pathlib import Path, PurePosixPath
import sqlite3
from typing import Final

from .clips import ClipTable
from .database import transaction
from .errors import ClipNotFoundError
from .records import Clip, ClipState
from .retention import remove_doomed
from .shelf import Shelf

_IN_THE_MAKING: Final = "CREATE TEMP TABLE making (clip_id TEXT PRIMARY KEY, path TEXT NOT NULL) STRICT"
"""Of this run alone: what is in it isn't swept away."""


class Copies:
    """The files that are being made, on the thread that owns the connection."""

    def __init__(self, connection: sqlite3.Connection, clips: ClipTable, shelf: Shelf) -> None:
        """Begin with none in an open database whose audio lies on `shelf`."""
        connection.execute(_IN_THE_MAKING)
        self._connection = connection
        self._clips = clips
        self._shelf = shelf

    def without(self, line_id: str, suffix: str, until: datetime) -> list[str]:
        """Return the ids of a line's saved clips whose files don't end so and that were over by a moment, newest first."""
        rows = self._connection.execute(
            """
            SELECT id FROM clips WHERE line_id = ? AND state = ? AND started_at + duration <= ?
            AND substr(path, -length(?)) != ? ORDER BY started_at DESC
            """,
            (line_id, ClipState.SAVED, until.timestamp(), suffix, suffix),
        )
        return [clip_id for (clip_id,) in rows]

    def begin(self, clip_id: str, suffix: str) -> Path | None:
        """Return where another file of a clip is to be written, None where the clip's file ends so already.

        Raises:
            ClipNotFoundError: There is no such clip that is saved.
        """
        now = self._path(clip_id)
        path = str(PurePosixPath(now).with_suffix(suffix))
        if path == now:
            return None
        with transaction(self._connection):
            self._connection.execute("INSERT OR IGNORE INTO doomed VALUES (?)", (path,))
            self._connection.execute("INSERT OR REPLACE INTO making VALUES (?, ?)", (clip_id, path))
        return self._shelf / path

    def keep(self, clip_id: str) -> Clip:
        """Have the file that was made take the place of the clip's, which is deleted.

        Raises:
            ClipNotFoundError: The clip was deleted meanwhile, or nothing was made.
        """
        before, made = self._path(clip_id), self._made(clip_id)
        if made is None:
            raise ClipNotFoundError
        size = (self._shelf / made).stat().st_size
        with transaction(self._connection):
            self._connection.execute("INSERT OR IGNORE INTO doomed VALUES (?)", (before,))
            self._connection.execute(
                "UPDATE clips SET path = ?, size = ? WHERE id = ?", (made, size, clip_id)
            )
            self._connection.execute("DELETE FROM doomed WHERE path = ?", (made,))
            self._connection.execute("DELETE FROM making WHERE clip_id = ?", (clip_id,))
        remove_doomed(self._connection, self._shelf, [before])
        clip = self._clips.get(clip_id)
        assert clip is not None
        return clip

    def drop(self, clip_id: str) -> None:
        """Delete what was made and not kept; nothing is no error."""
        if (made := self._made(clip_id)) is not None:
            self._connection.execute("DELETE FROM making WHERE clip_id = ?", (clip_id,))
            remove_doomed(self._connection, self._shelf, [made])

    def _path(self, clip_id: str) -> str:
        row = self._connection.execute(
            "SELECT path FROM clips WHERE id = ? AND state = ?", (clip_id, ClipState.SAVED)
        ).fetchone()
        if row is None:
            raise ClipNotFoundError
        return str(row["path"])

    def _made(self, clip_id: str) -> str | None:
        row = self._connection.execute("SELECT path FROM making WHERE clip_id = ?", (clip_id,)).fetchone()
        return None if row is None else str(row["path"])
