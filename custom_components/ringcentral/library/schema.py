"""The tables, and how an older database comes to have them.

Moments are seconds since 1970 in UTC, durations seconds, paths relative to the library's folder.
A change is a new script at the end of `MIGRATIONS`; the ones before it stay as they are.
"""

from typing import Final

_CALLS_AND_CLIPS: Final = """
CREATE TABLE calls (
    id TEXT PRIMARY KEY,
    line_id TEXT NOT NULL,
    direction TEXT NOT NULL,
    caller TEXT,
    caller_name TEXT,
    called TEXT,
    started_at REAL NOT NULL,
    answered_at REAL,
    ended_at REAL,
    outcome TEXT,
    end_reason TEXT
) STRICT;
CREATE INDEX calls_by_line ON calls (line_id, started_at);

CREATE TABLE clips (
    id TEXT PRIMARY KEY,
    line_id TEXT NOT NULL,
    call_id TEXT REFERENCES calls (id) ON DELETE SET NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at REAL NOT NULL,
    duration REAL NOT NULL DEFAULT 0,
    path TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX clips_by_line ON clips (line_id, state, started_at, duration);
CREATE INDEX clips_by_call ON clips (call_id);
"""

MIGRATIONS: Final[tuple[str, ...]] = (_CALLS_AND_CLIPS,)
"""The script at index n brings a database of version n to version n + 1."""
