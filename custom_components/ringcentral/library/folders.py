"""The folders people look for clips in: by time, by caller, and what they have in common."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta, tzinfo
import json
from math import inf
import sqlite3
from typing import Final

from .calls import moment
from .clips import ClipTable
from .records import CallerClips, Clip, ClipQuery, Folder, Page, Period

# The words of the indexes, each of which holds no other clips.
_CONDITIONS: Final = {
    Folder.ALL: "state = 'saved'",
    Folder.FAVORITES: "state = 'saved' AND favorite = 1",
    Folder.VOICEMAIL: "state = 'saved' AND kind = 'voicemail'",
    Folder.MISSED: "state = 'saved' AND missed = 1",
    Folder.UNHEARD: "state = 'saved' AND heard = 0",
}

_COUNT_CALLERS: Final = """
SELECT count(*) FROM (SELECT other FROM clips WHERE {lines} AND state = 'saved' GROUP BY other)
"""
# SQLite takes the number from the row that has the maximum.
_CALLERS: Final = """
SELECT heard.other, caller_name, direction, contact, count, latest FROM (
    SELECT other, count(*) AS count, max(started_at) AS latest, number
    FROM clips WHERE {lines} AND state = 'saved' GROUP BY other
    ORDER BY latest DESC, number DESC LIMIT ? OFFSET ?
) AS heard
JOIN clips ON clips.number = heard.number LEFT JOIN calls ON calls.id = clips.call_id
ORDER BY latest DESC, heard.number DESC
"""

_NUMBERS: Final = """
SELECT DISTINCT other FROM clips WHERE {lines} AND state = 'saved' AND other IS NOT NULL
"""

_PERIODS: Final = {
    Period.TODAY: lambda today: (today, today + timedelta(days=1)),
    Period.YESTERDAY: lambda today: (today - timedelta(days=1), today),
    Period.WEEK: lambda today: (
        today - timedelta(days=today.weekday()),
        today + timedelta(days=7 - today.weekday()),
    ),
}


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the moment a local day begins."""
    return datetime.combine(day, time.min, zone)


def bounds(period: Period, now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the moment a period begins in a time zone, and the one it is over."""
    since, until = _PERIODS[period](now.astimezone(zone).date())
    return midnight(since, zone), midnight(until, zone)


def any_of(line_ids: Collection[str]) -> str:
    """Return the condition that a clip is of one of some lines, whose ids are the first values."""
    return f"line_id IN ({', '.join('?' * len(line_ids))})"


def asked_for(
    connection: sqlite3.Connection, line_ids: Collection[str], query: ClipQuery
) -> tuple[str, list[str | float | None]]:
    """Return the condition that a clip is of one of some lines and is asked for, and its values."""
    where = [any_of(line_ids), _CONDITIONS[query.folder], "started_at >= ? AND started_at < ?"]
    values: list[str | float | None] = [
        *line_ids,
        query.since.timestamp() if query.since else -inf,
        query.until.timestamp() if query.until else inf,
    ]
    if query.anonymous or query.other is not None:
        where.append("other IS ?")
        values.append(None if query.anonymous else query.other)
    if query.of_number is not None:
        numbers = connection.execute(_NUMBERS.format(lines=any_of(line_ids)), [*line_ids])
        where.append("other IN (SELECT value FROM json_each(?))")
        values.append(json.dumps([number for (number,) in numbers if query.of_number(number)]))
    return " AND ".join(where), values


class Folders:
    """Reads saved clips a page at a time, on the thread that owns the connection."""

    def __init__(self, connection: sqlite3.Connection, clips: ClipTable) -> None:
        """Work on an open database."""
        self._connection = connection
        self._clips = clips

    def browse(self, line_ids: Collection[str], query: ClipQuery, limit: int, offset: int) -> Page[Clip]:
        """Return the clips of lines that are asked for, newest first."""
        where, values = asked_for(self._connection, line_ids, query)
        chosen = f"FROM clips WHERE {where}"
        (count,) = self._connection.execute(f"SELECT count(*) {chosen}", values).fetchone()
        # Read from the index alone, so that only the rows of the page are looked at.
        rows = self._connection.execute(
            f"SELECT number {chosen} ORDER BY started_at DESC, number DESC LIMIT ? OFFSET ?",
            [*values, limit, offset],
        )
        return Page(self._clips.numbered(number for (number,) in rows), count)

    def callers(self, line_ids: Collection[str], limit: int, offset: int) -> Page[CallerClips]:
        """Return who is heard in the clips of lines, latest first."""
        lines = any_of(line_ids)
        (count,) = self._connection.execute(_COUNT_CALLERS.format(lines=lines), [*line_ids]).fetchone()
        rows = self._connection.execute(_CALLERS.format(lines=lines), [*line_ids, limit, offset])
        return Page(
            tuple(
                CallerClips(
                    number=row["other"],
                    # Of a call from here the name is that of the line.
                    name=row["caller_name"] if row["direction"] == "incoming" and row["other"] else None,
                    contact=row["contact"] if row["other"] else None,
                    count=row["count"],
                    latest=moment(row["latest"]),
                )
                for row in rows
            ),
            count,
        )
