"""Deleting what is old, what takes too much room, and what a caller left here.

Each is a row of small steps, so that the library's thread is free for others in between. A row goes before its file:
`doomed` names the files whose rows are gone, so that one left by a kill is deleted by whatever comes next, and never
comes back as a clip.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from functools import partial
import json
import sqlite3
from typing import Final

from .calls import bare
from .database import transaction
from .errors import ClipAwayError
from .records import Purged, Retention
from .shelf import Shelf

_CLIPS_AT_ONCE: Final = 10
_CALLS_AT_ONCE: Final = 100

type _Choice = Callable[[], list[sqlite3.Row]]
"""Returns the next clips to be deleted: their number, path and size."""


def purge(
    connection: sqlite3.Connection, shelf: Shelf, retention: Retention, now: datetime
) -> Iterator[Purged]:
    """Delete what is kept no longer, oldest first, one step at a time; each yields what it deleted."""
    yield from sweep(connection, shelf)
    if retention.days is not None:
        before = (now - timedelta(days=retention.days)).timestamp()
        yield from _drop_clips(connection, shelf, partial(_old, connection, retention, before))
        yield from _drop_calls(connection, retention, before)
    if (most := retention.most_bytes) is not None:
        yield from _drop_clips(connection, shelf, partial(_too_many, connection, retention, most))


def forget(connection: sqlite3.Connection, shelf: Shelf, numbers: Collection[str]) -> Iterator[Purged]:
    """Delete all calls and clips with numbers, one step at a time; what is going on now stays.

    A number is the same however it is punctuated.
    """
    yield from sweep(connection, shelf)
    meant = {bare(number) for number in numbers}
    known = [
        other
        for (other,) in connection.execute("SELECT DISTINCT other FROM calls WHERE other IS NOT NULL")
        if bare(other) in meant
    ]
    yield Purged()
    for other in known:
        yield from _drop_clips(connection, shelf, partial(_of_caller, connection, other))
        while (count := _forget_calls(connection, other)) > 0:
            yield Purged(calls=count)


def remove_line(connection: sqlite3.Connection, shelf: Shelf, line_id: str) -> Iterator[Purged]:
    """Delete all calls and clips of a line, one step at a time."""
    yield from sweep(connection, shelf)
    yield from _drop_clips(connection, shelf, partial(_of_line, connection, line_id))
    while (count := _drop_calls_of_line(connection, line_id)) > 0:
        yield Purged(calls=count)


def sweep(connection: sqlite3.Connection, shelf: Shelf) -> Iterator[Purged]:
    """Delete the files whose clips are gone, and no copies in the making, one step at a time."""
    query = "SELECT path FROM doomed WHERE path NOT IN (SELECT path FROM making)"
    paths = [path for (path,) in connection.execute(query)]
    for at in range(0, len(paths), _CLIPS_AT_ONCE):
        yield Purged(left=remove_doomed(connection, shelf, paths[at : at + _CLIPS_AT_ONCE]))


def _drop_clips(connection: sqlite3.Connection, shelf: Shelf, choose: _Choice) -> Iterator[Purged]:
    while rows := choose():
        numbers = json.dumps([row["number"] for row in rows])
        with transaction(connection):
            connection.execute(
                """
                INSERT OR IGNORE INTO doomed
                SELECT path FROM clips WHERE number IN (SELECT value FROM json_each(?))
                """,
                (numbers,),
            )
            connection.execute(
                "DELETE FROM clips WHERE number IN (SELECT value FROM json_each(?))", (numbers,)
            )
        left = remove_doomed(connection, shelf, [row["path"] for row in rows])
        yield Purged(len(rows), sum(row["size"] or 0 for row in rows), left=left)


def remove_doomed(connection: sqlite3.Connection, shelf: Shelf, paths: list[str]) -> int:
    """Delete doomed files, and return how many could not be; those that are held go later."""
    gone, left = [], 0
    for path in paths:
        try:
            if shelf.unlink(path):
                gone.append(path)
        except OSError, ClipAwayError:
            left += 1
    with transaction(connection):
        connection.execute(
            "DELETE FROM doomed WHERE path IN (SELECT value FROM json_each(?))", (json.dumps(gone),)
        )
    return left


def _old(connection: sqlite3.Connection, retention: Retention, before: float) -> list[sqlite3.Row]:
    return connection.execute(
        """
        SELECT number, path, size FROM clips
        WHERE state = 'saved' AND started_at < :before AND favorite <= :favorite AND (:line IS NULL OR line_id = :line)
        ORDER BY started_at, number LIMIT :most
        """,
        {
            "before": before,
            "favorite": not retention.keep_favorites,
            "line": retention.line_id,
            "most": _CLIPS_AT_ONCE,
        },
    ).fetchall()


def _too_many(connection: sqlite3.Connection, retention: Retention, most: int) -> list[sqlite3.Row]:
    (excess,) = connection.execute(
        "SELECT coalesce(sum(size), 0) - :most FROM clips WHERE state = 'saved' AND (:line IS NULL OR line_id = :line)",
        {"most": most, "line": retention.line_id},
    ).fetchone()
    if excess <= 0:
        return []
    # What has no size would be lost for nothing.
    oldest = connection.execute(
        """
        SELECT number, path, size FROM clips
        WHERE state = 'saved' AND size > 0 AND favorite <= :favorite AND (:line IS NULL OR line_id = :line)
        ORDER BY started_at, number LIMIT :most
        """,
        {"favorite": not retention.keep_favorites, "line": retention.line_id, "most": _CLIPS_AT_ONCE},
    )
    chosen: list[sqlite3.Row] = []
    for row in oldest.fetchall():
        if excess <= 0:
            break
        excess -= row["size"]
        chosen.append(row)
    return chosen


def _of_caller(connection: sqlite3.Connection, other: str) -> list[sqlite3.Row]:
    return connection.execute(
        """
        SELECT clips.number, path, size FROM calls JOIN clips ON clips.call_id = calls.id
        WHERE calls.other = ? AND state != 'recording' LIMIT ?
        """,
        (other, _CLIPS_AT_ONCE),
    ).fetchall()


def _of_line(connection: sqlite3.Connection, line_id: str) -> list[sqlite3.Row]:
    return connection.execute(
        "SELECT number, path, size FROM clips WHERE line_id = ? LIMIT ?", (line_id, _CLIPS_AT_ONCE)
    ).fetchall()


def _drop_calls(connection: sqlite3.Connection, retention: Retention, before: float) -> Iterator[Purged]:
    """Delete the calls before a moment that are over and have no clip, the newest of a line only where it isn't kept."""
    after = (float("-inf"), 0)
    while rows := connection.execute(
        """
        SELECT started_at, rowid FROM calls
        WHERE (started_at, rowid) > (:began, :row) AND started_at < :before AND (:line IS NULL OR line_id = :line)
        ORDER BY started_at, rowid LIMIT :most
        """,
        {
            "began": after[0],
            "row": after[1],
            "before": before,
            "line": retention.line_id,
            "most": _CALLS_AT_ONCE,
        },
    ).fetchall():
        after = tuple(rows[-1])
        with transaction(connection):
            deleted = connection.execute(
                """
                DELETE FROM calls WHERE rowid IN (SELECT value FROM json_each(:rows)) AND ended_at IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM clips WHERE call_id = calls.id)
                AND NOT (:keep_newest AND rowid = (
                    SELECT rowid FROM calls AS newest WHERE newest.line_id = calls.line_id
                    ORDER BY started_at DESC, rowid DESC LIMIT 1
                ))
                """,
                {"rows": json.dumps([row["rowid"] for row in rows]), "keep_newest": retention.keep_newest},
            ).rowcount
        yield Purged(calls=deleted)


def _forget_calls(connection: sqlite3.Connection, other: str) -> int:
    with transaction(connection):
        return connection.execute(
            """
            DELETE FROM calls WHERE rowid IN (
                SELECT rowid FROM calls WHERE other = ? AND ended_at IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM clips WHERE call_id = calls.id) LIMIT ?
            )
            """,
            (other, _CALLS_AT_ONCE),
        ).rowcount


def _drop_calls_of_line(connection: sqlite3.Connection, line_id: str) -> int:
    with transaction(connection):
        return connection.execute(
            "DELETE FROM calls WHERE rowid IN (SELECT rowid FROM calls WHERE line_id = ? LIMIT ?)",
            (line_id, _CALLS_AT_ONCE),
        ).rowcount
