"""The table of clips and the audio files beside it."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from datetime import datetime, time, tzinfo
import errno
from itertools import islice
import json
import os
import secrets
import shutil
import sqlite3
from typing import Final

from .calls import kept, moment
from .database import transaction
from .errors import ClipInUseError, ClipNotFoundError
from .loudness import measure
from .records import RECOVERED_LINE_ID, Clip, ClipKind, ClipState, Consent, Day, Direction, Total
from .shelf import Shelf

LEAST_ROOM: Final = 2_000_000
"""Bytes that must be free for a clip to be begun: two minutes of sound, the longest message that comes as a default."""

_SELECT: Final = """
SELECT clips.*, direction, caller, caller_name, called, contact
FROM clips LEFT JOIN calls ON calls.id = call_id
"""

_SAVE: Final = """
UPDATE clips SET state = 'saved', duration = ?, size = ?, peak = ?, rms = ?, envelope = ?,
    consent = coalesce(?, consent)
WHERE id = ?
"""

MAX_TRANSCRIPT: Final = 200_000
"""Characters kept of what was said: half a day of speech."""

MAX_SUMMARY: Final = 2_000
"""Characters kept of a summary, which is to be a sentence."""


class ClipTable:
    """Reads and writes clips, on the thread that owns the connection.

    A file is named by its clip's id and time alone: nothing a caller sent is ever part of a path.
    """

    def __init__(self, connection: sqlite3.Connection, shelf: Shelf) -> None:
        """Work on an open database whose audio lies on a shelf."""
        self._connection = connection
        self._shelf = shelf

    def begin(
        self,
        line_id: str,
        started_at: datetime,
        call_id: str | None,
        *,
        kind: ClipKind,
        consent: Consent | None = None,
        remote_id: str | None = None,
    ) -> Clip:
        """Add a clip that is being recorded, and make the folder its file will go to.

        What was begun of the same before, and never finished, goes.

        Raises:
            OSError: Hardly anything could be written: nobody should speak to a disk that is full.
        """
        for (unfinished,) in self._connection.execute(
            "SELECT id FROM clips WHERE line_id = ? AND remote_id = ? AND state != ?",
            (line_id, kept(remote_id), ClipState.SAVED),
        ).fetchall():
            self.discard(unfinished)
        clip_id = secrets.token_hex(16)
        path = self._shelf.make_room(line_id, started_at, clip_id)
        folder = (self._shelf / path).parent
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if shutil.disk_usage(folder).free < LEAST_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with transaction(self._connection):
            self._connection.execute(
                """
                INSERT INTO clips (id, line_id, call_id, kind, state, started_at, path, consent, remote_id)
                VALUES (?, ?, ?, ?, 'recording', ?, ?, ?, ?)
                """,
                (clip_id, line_id, call_id, kind, started_at.timestamp(), path, consent, kept(remote_id)),
            )
        return self._existing(clip_id)

    def save(self, clip_id: str, duration: float, consent: Consent | None = None) -> Clip:
        """Mark a clip as complete, with what its file tells, and what was said to the caller after all.

        Raises:
            ClipNotFoundError: There is no such clip.
        """
        file = self._existing(clip_id).path
        self._shelf.show(file)
        size, heard = measure(file)
        figures = (heard.peak, heard.rms, heard.envelope) if heard else (None, None, None)
        return self._change(_SAVE, duration, size, *figures, consent, clip_id)

    def set_favorite(self, clip_id: str, on: bool) -> Clip:
        """Make a clip a favourite, or no longer one."""
        return self._change("UPDATE clips SET favorite = ? WHERE id = ?", on, clip_id)

    def mark_heard(self, clip_id: str, on: bool) -> Clip:
        """Note that somebody has listened to a clip, or is to do so again."""
        return self._change("UPDATE clips SET heard = ? WHERE id = ?", on, clip_id)

    def set_transcript(
        self, clip_id: str, text: str | None, language: str | None, summary: str | None
    ) -> Clip:
        """Keep what was said in a clip; what can't be shown becomes a space."""
        return self._change(
            "UPDATE clips SET transcript = ?, language = ?, summary = ? WHERE id = ?",
            _shown(text, MAX_TRANSCRIPT),
            kept(language),
            _shown(summary, MAX_SUMMARY),
            clip_id,
        )

    def delete(self, clip_id: str) -> None:
        """Delete a clip that is complete, as `discard` does."""
        if (clip := self.get(clip_id)) is not None and clip.state is ClipState.RECORDING:
            raise ClipInUseError
        self.discard(clip_id)

    def discard(self, clip_id: str) -> None:
        """Delete a clip, the file first so that a failure leaves the row to try again with."""
        found = self._connection.execute("SELECT path FROM clips WHERE id = ?", (clip_id,)).fetchone()
        if found is None:
            return
        gone = self._shelf.unlink(found["path"])
        with transaction(self._connection):
            if not gone:
                self._connection.execute("INSERT OR IGNORE INTO doomed VALUES (?)", (found["path"],))
            self._connection.execute("DELETE FROM clips WHERE id = ?", (clip_id,))

    def adopt(self, line_id: str) -> None:
        """Give a line the clips that were found without one."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE clips SET line_id = ? WHERE line_id = ?", (line_id, RECOVERED_LINE_ID)
            )

    def get(self, clip_id: str) -> Clip | None:
        """Return a clip in whatever state it is."""
        found = self._clips("WHERE clips.id = ?", clip_id)
        return found[0] if found else None

    def interrupted(self) -> list[Clip]:
        """Return the clips an earlier run left unfinished, oldest first."""
        return self._clips("WHERE state = ? ORDER BY clips.started_at", ClipState.INTERRUPTED)

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

    def remote(self, line_id: str, remote_ids: Collection[str]) -> dict[str, Clip]:
        """Return those of a line's saved clips that are called this elsewhere, by what they are called there."""
        found = self._clips(
            """
            WHERE clips.line_id = ? AND state = ? AND clips.remote_id IN (SELECT value FROM json_each(?))
            """,
            line_id,
            ClipState.SAVED,
            json.dumps([*remote_ids]),
        )
        return {clip.remote_id: clip for clip in found if clip.remote_id is not None}

    def last(self, line_id: str) -> Clip | None:
        """Return the latest saved clip of a line."""
        found = self._clips(
            "WHERE clips.line_id = ? AND state = ? ORDER BY clips.started_at DESC, clips.rowid DESC LIMIT 1",
            line_id,
            ClipState.SAVED,
        )
        return found[0] if found else None

    def days(self, line_id: str, zone: tzinfo, limit: int | None = None, offset: int = 0) -> list[Day]:
        """Return the local days a line has saved clips of, newest first."""
        return [*islice(self._days(line_id, zone), offset, None if limit is None else offset + limit)]

    def totals(self) -> dict[str, Total]:
        """Return what each line that has saved clips has of them, by its id."""
        rows = self._connection.execute(
            """
            SELECT line_id, count(*), sum(duration) FROM clips INDEXED BY clips_by_line
            WHERE state = ? GROUP BY line_id
            """,
            (ClipState.SAVED,),
        )
        return {line_id: Total(count, seconds) for line_id, count, seconds in rows}

    def room_taken(self) -> int:
        """Return how much room the saved clips take."""
        (found,) = self._connection.execute(
            "SELECT coalesce(sum(size), 0) FROM clips WHERE state = ?", (ClipState.SAVED,)
        ).fetchone()
        return int(found)

    def numbered(self, numbers: Iterable[int]) -> tuple[Clip, ...]:
        """Return clips by their row numbers, newest first."""
        found = self._clips(
            """
            WHERE clips.number IN (SELECT value FROM json_each(?))
            ORDER BY clips.started_at DESC, clips.number DESC
            """,
            json.dumps([*numbers]),
        )
        return tuple(found)

    def _days(self, line_id: str, zone: tzinfo) -> Iterator[Day]:
        """Yield the days, newest first, looking at the calendar once for each of them."""
        rows = self._connection.execute(
            "SELECT started_at, duration FROM clips WHERE line_id = ? AND state = ? ORDER BY started_at DESC",
            (line_id, ClipState.SAVED),
        )
        with closing(rows):
            rows.row_factory = None
            newest = next(rows, None)
            while newest is not None:
                at, seconds = newest
                count, day = 1, datetime.fromtimestamp(at, zone).date()
                begin = datetime.combine(day, time.min, zone).timestamp()
                newest = None
                for row in rows:
                    if row[0] < begin:
                        newest = row
                        break
                    count += 1
                    seconds += row[1]
                yield Day(day, Total(count, seconds))

    def _change(self, statement: str, *values: str | float | bytes | None) -> Clip:
        """Change a clip, whose id is the last value."""
        with transaction(self._connection):
            self._connection.execute(statement, values)
        return self._existing(str(values[-1]))

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
            path=self._shelf / row["path"],
            direction=None if row["direction"] is None else Direction(row["direction"]),
            caller=row["caller"],
            caller_name=row["caller_name"],
            called=row["called"],
            contact=row["contact"],
            size=row["size"],
            peak=row["peak"],
            rms=row["rms"],
            envelope=row["envelope"],
            favorite=bool(row["favorite"]),
            heard=bool(row["heard"]),
            missed=bool(row["missed"]),
            transcript=row["transcript"],
            language=row["language"],
            consent=None if row["consent"] is None else Consent(row["consent"]),
            summary=row["summary"],
            remote_id=row["remote_id"],
        )


def _shown(text: str | None, longest: int) -> str | None:
    if text is None:
        return None
    return "".join(letter if letter.isprintable() else " " for letter in text[:longest])
