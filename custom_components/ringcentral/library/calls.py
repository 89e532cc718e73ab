"""The table of calls."""

from collections.abc import Collection
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from itertools import islice
import json
import sqlite3
from typing import Final

from .database import transaction
from .records import ELSEWHERE, CallQuery, CallRecord, Direction, Missed

MAX_TEXT: Final = 128
"""Characters kept of a number or a name: more than any real one has, whatever the wire says."""

MAX_MEDIA: Final = 4096
"""Characters of what was counted of a call's sound; longer ones are left out, as half of it means nothing."""

_PUNCTUATION: Final = str.maketrans(dict.fromkeys(" -().+/"))

_SELECT: Final = "SELECT * FROM calls WHERE"
_SELECT_OTHER: Final = "SELECT rowid, other FROM calls WHERE"
_NEWEST_FIRST: Final = "ORDER BY started_at DESC, rowid DESC"
_SELECT_NUMBERED: Final = """
SELECT * FROM calls WHERE rowid IN (SELECT value FROM json_each(?)) ORDER BY started_at DESC, rowid DESC
"""
_SELECT_OF_CLIPS: Final = """
SELECT * FROM calls WHERE id IN (SELECT call_id FROM clips WHERE id IN (SELECT value FROM json_each(?)))
ORDER BY started_at DESC, rowid DESC
"""

_CONDITIONS: Final = {
    "direction": "direction = :direction",
    "outcome": "outcome = :outcome",
    "without": "outcome IS NOT :without",
    "here": f"id NOT LIKE '{ELSEWHERE}%'",
    "since": "started_at >= :since",
    "until": "started_at <= :until",
}
"""What each attribute of a query asks of a call; only those given are named, or no index would serve."""

# Who was turned away for the sake of quiet is news all the same. These words are those of the index.
_MISSED: Final = """
FROM calls INDEXED BY calls_missed WHERE line_id = :line_id
AND direction = 'incoming' AND (outcome = 'missed' OR end_reason = 'do_not_disturb') AND ended_at > :since
"""
_COUNT_MISSED: Final = f"SELECT count(*) {_MISSED}"
_LATEST_MISSED: Final = f"SELECT rowid {_MISSED} {_NEWEST_FIRST} LIMIT :limit"


class CallTable:
    """Reads and writes calls, on the thread that owns the connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on an open database."""
        self._connection = connection

    def begin(self, call: CallRecord) -> None:
        """Add a call. One that rings a second time is another call here and the same elsewhere: the first has its name."""
        with transaction(self._connection):
            self._connection.execute(
                """
                INSERT INTO calls (id, line_id, direction, caller, caller_name, called,
                                   started_at, answered_at, ended_at, outcome, end_reason, contact, media, other,
                                   remote_id)
                VALUES (:id, :line_id, :direction, :caller, :caller_name, :called,
                        :started_at, :answered_at, :ended_at, :outcome, :end_reason, :contact, :media, :other,
                        (SELECT :remote_id WHERE NOT EXISTS (
                            SELECT 1 FROM calls WHERE line_id = :line_id AND remote_id = :remote_id
                        )))
                """,
                {
                    "id": call.id,
                    "line_id": call.line_id,
                    "direction": call.direction,
                    "caller": kept(call.caller),
                    "caller_name": kept(call.caller_name),
                    "called": kept(call.called),
                    "started_at": call.started_at.timestamp(),
                    "answered_at": _seconds(call.answered_at),
                    "ended_at": _seconds(call.ended_at),
                    "outcome": call.outcome,
                    "end_reason": call.end_reason,
                    "contact": kept(call.contact),
                    "media": _bounded(call.media),
                    "other": kept(call.other),
                    "remote_id": kept(call.remote_id),
                },
            )

    def answer(self, call_id: str, at: datetime) -> None:
        """Note when a call was answered; the first answer counts."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE calls SET answered_at = ? WHERE id = ? AND answered_at IS NULL",
                (at.timestamp(), call_id),
            )

    def end(self, call_id: str, at: datetime, outcome: str, end_reason: str, media: str | None) -> None:
        """Note how a call ended; the first end counts."""
        with transaction(self._connection):
            self._connection.execute(
                """
                UPDATE calls SET ended_at = ?, outcome = ?, end_reason = ?, media = ?
                WHERE id = ? AND ended_at IS NULL
                """,
                (at.timestamp(), outcome, end_reason, _bounded(media), call_id),
            )

    def link(self, call_id: str, remote_id: str | None, outcome: str | None, end_reason: str | None) -> None:
        """Note what a call is called elsewhere, unless another is called that, and how it ended there, if that is told."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE OR IGNORE calls SET remote_id = coalesce(?, remote_id) WHERE id = ?",
                (kept(remote_id), call_id),
            )
            if outcome is not None:
                self._connection.execute(
                    "UPDATE calls SET outcome = ?, end_reason = ? WHERE id = ?",
                    (outcome, end_reason, call_id),
                )

    def newest(self, line_id: str, limit: int, query: CallQuery) -> list[CallRecord]:
        """Return the latest calls of a line that are asked for, newest first."""
        values = {
            "line_id": line_id,
            "direction": query.direction,
            "outcome": query.outcome,
            "without": query.without,
            "here": query.here or None,
            "since": _seconds(query.since),
            "until": _seconds(query.until),
            "limit": limit,
        }
        where = " AND ".join(
            ["line_id = :line_id", *(text for name, text in _CONDITIONS.items() if values[name] is not None)]
        )
        if (of_number := query.of_number) is None:
            return [
                *map(
                    _call, self._connection.execute(f"{_SELECT} {where} {_NEWEST_FIRST} LIMIT :limit", values)
                )
            ]
        meant = cache(of_number)
        # One row at a time, and no more than it takes.
        with closing(
            self._connection.execute(f"{_SELECT_OTHER} {where} ORDER BY started_at DESC", values)
        ) as rows:
            rows.row_factory = None
            numbers = islice((row for row, other in rows if other is not None and meant(other)), limit)
            return self._numbered([*numbers])

    def of_clips(self, clip_ids: Collection[str]) -> list[CallRecord]:
        """Return the calls of clips, newest first."""
        rows = self._connection.execute(_SELECT_OF_CLIPS, (json.dumps([*clip_ids]),))
        return [*map(_call, rows)]

    def count(self, line_id: str) -> int:
        """Return how many calls of a line there are."""
        (count,) = self._connection.execute(
            "SELECT count(*) FROM calls WHERE line_id = ?", (line_id,)
        ).fetchone()
        return int(count)

    def missed(self, line_id: str, since: datetime | None, limit: int) -> Missed:
        """Return how many calls nobody took that ended after a moment, and the latest of them."""
        values = {"line_id": line_id, "since": since.timestamp() if since else 0.0, "limit": limit}
        (count,) = self._connection.execute(_COUNT_MISSED, values).fetchone()
        latest = [number for (number,) in self._connection.execute(_LATEST_MISSED, values)]
        return Missed(count, tuple(self._numbered(latest)))

    def _numbered(self, numbers: list[int]) -> list[CallRecord]:
        """Return calls by their row numbers, newest first."""
        return [*map(_call, self._connection.execute(_SELECT_NUMBERED, (json.dumps(numbers),)))]


def moment(seconds: float) -> datetime:
    """Return the UTC datetime of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def _call(row: sqlite3.Row) -> CallRecord:
    answered_at, ended_at = row["answered_at"], row["ended_at"]
    return CallRecord(
        id=row["id"],
        line_id=row["line_id"],
        direction=Direction(row["direction"]),
        started_at=moment(row["started_at"]),
        caller=row["caller"],
        caller_name=row["caller_name"],
        called=row["called"],
        answered_at=None if answered_at is None else moment(answered_at),
        ended_at=None if ended_at is None else moment(ended_at),
        outcome=row["outcome"],
        end_reason=row["end_reason"],
        contact=row["contact"],
        media=row["media"],
        remote_id=row["remote_id"],
    )


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def bare(number: str) -> str:
    """Return a number without what it is punctuated with, or all of one that has nothing else."""
    return number.translate(_PUNCTUATION) or number


def kept(text: str | None) -> str | None:
    """Bound a text from the wire, and drop what can't be shown or stored."""
    return None if text is None else "".join(filter(str.isprintable, text))[:MAX_TEXT]


def _bounded(media: str | None) -> str | None:
    return media if media is not None and len(media) <= MAX_MEDIA else None
