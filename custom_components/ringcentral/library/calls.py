"""The table of calls."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from itertools import islice
import sqlite3
from typing import Final

from .database import transaction
from .records import CallQuery, CallRecord, Direction, Missed

MAX_TEXT: Final = 128
"""Characters kept of a number or a name: more than any real one has, whatever the wire says."""


class CallTable:
    """Reads and writes calls, on the thread that owns the connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on an open database."""
        self._connection = connection

    def begin(self, call: CallRecord) -> None:
        """Add a call."""
        with transaction(self._connection):
            self._connection.execute(
                """
                INSERT INTO calls (id, line_id, direction, caller, caller_name, called,
                                   started_at, answered_at, ended_at, outcome, end_reason)
                VALUES (:id, :line_id, :direction, :caller, :caller_name, :called,
                        :started_at, :answered_at, :ended_at, :outcome, :end_reason)
                """,
                {
                    "id": call.id,
                    "line_id": call.line_id,
                    "direction": call.direction,
                    "caller": _kept(call.caller),
                    "caller_name": _kept(call.caller_name),
                    "called": _kept(call.called),
                    "started_at": call.started_at.timestamp(),
                    "answered_at": _seconds(call.answered_at),
                    "ended_at": _seconds(call.ended_at),
                    "outcome": call.outcome,
                    "end_reason": call.end_reason,
                },
            )

    def answer(self, call_id: str, at: datetime) -> None:
        """Note when a call was answered; the first answer counts."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE calls SET answered_at = ? WHERE id = ? AND answered_at IS NULL",
                (at.timestamp(), call_id),
            )

    def end(self, call_id: str, at: datetime, outcome: str, end_reason: str) -> None:
        """Note how a call ended; the first end counts."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE calls SET ended_at = ?, outcome = ?, end_reason = ? WHERE id = ? AND ended_at IS NULL",
                (at.timestamp(), outcome, end_reason, call_id),
            )

    def newest(self, line_id: str, limit: int, query: CallQuery) -> list[CallRecord]:
        """Return the latest calls of a line that are asked for, newest first."""
        rows = self._connection.execute(
            """
            SELECT * FROM calls WHERE line_id = :line_id
                AND (:direction IS NULL OR direction = :direction)
                AND (:outcome IS NULL OR outcome = :outcome)
                AND (:without IS NULL OR outcome IS NOT :without)
                AND (:since IS NULL OR started_at >= :since)
            ORDER BY started_at DESC, rowid DESC
            """,
            {
                "line_id": line_id,
                "direction": query.direction,
                "outcome": query.outcome,
                "without": query.without,
                "since": _seconds(query.since),
            },
        )
        # One row at a time, and no more than it takes.
        with closing(rows):
            calls: Iterator[CallRecord] = map(_call, rows)
            if (of_number := query.of_number) is not None:
                meant = cache(of_number)
                calls = (call for call in calls if call.other is not None and meant(call.other))
            return list(islice(calls, limit))

    def missed(self, line_id: str, since: datetime | None, limit: int) -> Missed:
        """Return how many calls nobody took that ended after a moment, and the latest of them."""
        # Who was turned away for the sake of quiet is news all the same.
        rows = self._connection.execute(
            """
            SELECT *, count(*) OVER () AS count FROM calls
            WHERE line_id = :line_id AND direction = :incoming AND ended_at > :since
            AND (outcome = 'missed' OR end_reason = 'do_not_disturb')
            ORDER BY started_at DESC, rowid DESC LIMIT :limit
            """,
            {
                "line_id": line_id,
                "incoming": Direction.INCOMING,
                "since": since.timestamp() if since else 0.0,
                "limit": limit,
            },
        ).fetchall()
        return Missed(rows[0]["count"] if rows else 0, tuple(map(_call, rows)))


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
    )


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _kept(text: str | None) -> str | None:
    """Bound a text from the wire, and drop what can't be shown or stored."""
    return None if text is None else "".join(filter(str.isprintable, text))[:MAX_TEXT]
