"""The table of clips and the audio files beside it."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import groupby
import json
from pathlib import Path
import secrets
import sqlite3
from typing import Final

from .calls import moment
from .database import transaction
from .errors import ClipNotFoundError
from .records import Clip, ClipKind, ClipState, Day, Direction, Total

CLIPS_FOLDER: Final = "clips"

_SELECT: Final = """
SELECT clips.id, clips.line_id, call_id, kind, state, clips.started_at, duration, path,
       direction, caller, caller_name, called
FROM clips LEFT JOIN calls ON calls.id = call_id
"""


class ClipTable:
    """Reads and writes clips, on the thread that owns the connection.

    A file is named by its clip's id alone: nothing a caller sent is ever part of a path.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        """Work on an open database whose audio lies in `folder`."""
        self._connection = connection
        self._folder = folder

    def begin(self, line_id: str, started_at: datetime, call_id: str | None, kind: ClipKind) -> Clip:
        """Add a clip that is being recorded, and make the folder its file will go to."""
        clip_id = secrets.token_hex(16)
        path = f"{CLIPS_FOLDER}/{started_at.astimezone(UTC):%Y-%m}/{clip_id}.wav"
        (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
        with transaction(self._connection):
            self._connection.execute(
                """
                INSERT INTO clips (id, line_id, call_id, kind, state, started_at, path)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                (clip_id, line_id, call_id, kind, ClipState.RECORDING, started_at.timestamp(), path),
            )
        return self._existing(clip_id)

    def save(self, clip_id: str, duration: float) -> Clip:
        """Mark a clip as complete.

        Raises:
            ClipNotFoundError: There is no such clip.
        """
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE clips SET state = ?, duration = ? WHERE id = ?", (ClipState.SAVED, duration, clip_id)
            )
        return self._existing(clip_id)

    def discard(self, clip_id: str) -> None:
        """Delete a clip, the file first so that a failure leaves the row to try again with."""
        if (clip := self.get(clip_id)) is None:
            return
        clip.path.unlink(missing_ok=True)
        with transaction(self._connection):
            self._connection.execute("DELETE FROM clips WHERE id = ?", (clip_id,))

    def remove_line(self, line_id: str) -> None:
        """Delete every clip and call of a line, files first."""
        for (path,) in self._connection.execute("SELECT path FROM clips WHERE line_id = ?", (line_id,)):
            (self._folder / path).unlink(missing_ok=True)
        with transaction(self._connection):
            self._connection.execute("DELETE FROM clips WHERE line_id = ?", (line_id,))
            self._connection.execute("DELETE FROM calls WHERE line_id = ?", (line_id,))

    def get(self, clip_id: str) -> Clip | None:
        """Return a clip in whatever state it is."""
        found = self._clips("WHERE clips.id = ?", clip_id)
        return found[0] if found else None

    def interrupted(self) -> list[Clip]:
        """Return the clips an earlier run left unfinished, oldest first."""
        return self._clips("WHERE state = ? ORDER BY clips.started_at", ClipState.INTERRUPTED)

    def of_day(self, line_id: str, day: date, zone: tzinfo) -> list[Clip]:
        """Return the saved clips of a line that began on a local day, newest first."""
        return self._clips(
            """
            WHERE clips.line_id = ? AND state = ? AND clips.started_at >= ? AND clips.started_at < ?
            ORDER BY clips.started_at DESC, clips.rowid DESC
            """,
            line_id,
            ClipState.SAVED,
            datetime.combine(day, time.min, zone).timestamp(),
            datetime.combine(day + timedelta(days=1), time.min, zone).timestamp(),
        )

    def of_calls(self, call_ids: Collection[str]) -> list[Clip]:
        """Return the saved clips of calls, oldest first."""
        return self._clips(
            """
            WHERE state = ? AND call_id IN (SELECT value FROM json_each(?))
            ORDER BY clips.started_at, clips.rowid
            """,
            ClipState.SAVED,
            json.dumps([*call_ids]),
        )

    def last(self, line_id: str) -> Clip | None:
        """Return the latest saved clip of a line."""
        found = self._clips(
            "WHERE clips.line_id = ? AND state = ? ORDER BY clips.started_at DESC, clips.rowid DESC LIMIT 1",
            line_id,
            ClipState.SAVED,
        )
        return found[0] if found else None

    def days(self, line_id: str, zone: tzinfo) -> list[Day]:
        """Return the local days a line has saved clips of, newest first."""
        rows = self._connection.execute(
            "SELECT started_at, duration FROM clips WHERE line_id = ? AND state = ? ORDER BY started_at DESC",
            (line_id, ClipState.SAVED),
        )
        days = []
        for day, clips in groupby(rows, lambda row: datetime.fromtimestamp(row["started_at"], zone).date()):
            durations = [clip["duration"] for clip in clips]
            days.append(Day(day, Total(len(durations), sum(durations))))
        return days

    def totals(self) -> dict[str, Total]:
        """Return what each line that has saved clips has of them, by its id."""
        rows = self._connection.execute(
            "SELECT line_id, count(*), sum(duration) FROM clips WHERE state = ? GROUP BY line_id",
            (ClipState.SAVED,),
        )
        return {line_id: Total(count, seconds) for line_id, count, seconds in rows}

    def _existing(self, clip_id: str) -> Clip:
        if (clip := self.get(clip_id)) is None:
            raise ClipNotFoundError
        return clip

    def _clips(self, condition: str, *values: str | float) -> list[Clip]:
        return [self._clip(row) for row in self._connection.execute(f"{_SELECT} {condition}", values)]

    def _clip(self, row: sqlite3.Row) -> Clip:
        return Clip(
            id=row["id"],
            line_id=row["line_id"],
            call_id=row["call_id"],
            kind=ClipKind(row["kind"]),
            state=ClipState(row["state"]),
            started_at=moment(row["started_at"]),
            duration=row["duration"],
            path=self._folder / row["path"],
            direction=None if row["direction"] is None else Direction(row["direction"]),
            caller=row["caller"],
            caller_name=row["caller_name"],
            called=row["called"],
        )
