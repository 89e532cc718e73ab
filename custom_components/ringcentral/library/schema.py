"""The tables, and how an older database comes to have them.

Moments are seconds since 1970 in UTC, durations seconds, paths relative to the library's folder.
What a clip needs of its call to be counted without it is kept with it, by triggers. `doomed` holds files whose clips
are gone, until they are gone as well; `run`, whether the library was closed after its last run. `clip_texts` is what
clips are found by, with every number from each of its digits on, so that any part of it finds it.
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

_BARE: Final = """
replace(replace(replace(replace(replace(replace(replace({0}, ' ', ''), '-', ''), '(', ''), ')', ''), '.', ''), '/', ''), '+', '')
"""
"""A number's digits alone. What has letters in it keeps them, as an account's name does."""

# Implicit row numbers may change in a VACUUM, so clips get one that the index of words can go by.
_CLIPS_TO_BROWSE: Final = """
ALTER TABLE calls ADD COLUMN contact TEXT;
ALTER TABLE calls ADD COLUMN media TEXT;
ALTER TABLE calls ADD COLUMN other TEXT;
UPDATE calls SET other = iif(direction = 'incoming', caller, called);
CREATE INDEX calls_by_outcome ON calls (line_id, outcome, started_at);
CREATE INDEX calls_by_direction ON calls (line_id, direction, started_at);
CREATE INDEX calls_by_other ON calls (other);
CREATE INDEX calls_by_age ON calls (started_at);
CREATE INDEX calls_missed ON calls (line_id, ended_at, started_at)
    WHERE direction = 'incoming' AND (outcome = 'missed' OR end_reason = 'do_not_disturb');
DROP INDEX calls_by_line;
CREATE INDEX calls_by_line ON calls (line_id, started_at, other);

CREATE TABLE numbered_clips (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    line_id TEXT NOT NULL,
    call_id TEXT REFERENCES calls (id) ON DELETE SET NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at REAL NOT NULL,
    duration REAL NOT NULL DEFAULT 0,
    path TEXT NOT NULL UNIQUE,
    size INTEGER,
    peak REAL,
    rms REAL,
    envelope BLOB,
    favorite INTEGER NOT NULL DEFAULT 0,
    heard INTEGER NOT NULL DEFAULT 0,
    transcript TEXT,
    language TEXT,
    consent TEXT,
    other TEXT,
    missed INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO numbered_clips (number, id, line_id, call_id, kind, state, started_at, duration, path, size, other, missed)
    SELECT clips.rowid, clips.id, clips.line_id, call_id, kind, state, clips.started_at, duration, path,
           iif(state = 'saved', 44 + 2 * CAST(round(duration * 8000) AS INTEGER), NULL),
           other, coalesce(outcome = 'missed', 0)
    FROM clips LEFT JOIN calls ON calls.id = call_id;
DROP TABLE clips;
ALTER TABLE numbered_clips RENAME TO clips;
CREATE INDEX clips_by_line ON clips (line_id, state, started_at, duration);
CREATE INDEX clips_by_call ON clips (call_id);
CREATE INDEX clips_by_other ON clips (line_id, state, other, started_at);
CREATE INDEX clips_by_age ON clips (state, started_at, favorite, size);
CREATE INDEX clips_favorite ON clips (line_id, started_at) WHERE state = 'saved' AND favorite = 1;
CREATE INDEX clips_unheard ON clips (line_id, started_at) WHERE state = 'saved' AND heard = 0;
CREATE INDEX clips_missed ON clips (line_id, started_at) WHERE state = 'saved' AND missed = 1;
CREATE INDEX clips_voicemail ON clips (line_id, started_at) WHERE state = 'saved' AND kind = 'voicemail';

CREATE TRIGGER clips_begun AFTER INSERT ON clips WHEN new.call_id IS NOT NULL BEGIN
    UPDATE clips SET (other, missed) = (SELECT other, outcome IS 'missed' FROM calls WHERE id = new.call_id)
    WHERE number = new.number;
END;
CREATE TRIGGER calls_ended AFTER UPDATE OF outcome ON calls BEGIN
    UPDATE clips SET missed = new.outcome IS 'missed' WHERE call_id = new.id;
END;

CREATE TABLE doomed (path TEXT PRIMARY KEY) STRICT;
CREATE TABLE run (clean INTEGER NOT NULL) STRICT;
INSERT INTO run VALUES (0);

CREATE TABLE places (place INTEGER PRIMARY KEY) STRICT;
INSERT INTO places WITH RECURSIVE count (place) AS (SELECT 1 UNION ALL SELECT place + 1 FROM count LIMIT 32)
    SELECT place FROM count;
CREATE VIEW clip_texts AS
    SELECT number, names,
           numbers
           || ' ' || coalesce((SELECT group_concat(substr(caller, place), ' ') FROM places WHERE place <= length(caller)), '')
           || ' ' || coalesce((SELECT group_concat(substr(called, place), ' ') FROM places WHERE place <= length(called)), '')
           AS numbers,
           transcript
    FROM (
        SELECT number,
               coalesce(caller_name, '') || ' ' || coalesce(contact, '') AS names,
               coalesce(caller, '') || ' ' || coalesce(called, '') AS numbers,
               BARE_CALLER AS caller,
               BARE_CALLED AS called,
               coalesce(transcript, '') AS transcript
        FROM clips LEFT JOIN calls ON calls.id = call_id
    );
""".replace("BARE_CALLER", _BARE.format("caller")).replace("BARE_CALLED", _BARE.format("called"))

_KEPT_ELSEWHERE_TOO: Final = """
ALTER TABLE clips ADD COLUMN summary TEXT;
ALTER TABLE clips ADD COLUMN remote_id TEXT;
ALTER TABLE calls ADD COLUMN remote_id TEXT;
CREATE UNIQUE INDEX clips_by_remote ON clips (line_id, remote_id) WHERE remote_id IS NOT NULL;
CREATE UNIQUE INDEX calls_by_remote ON calls (line_id, remote_id) WHERE remote_id IS NOT NULL;
"""

MIGRATIONS: Final[tuple[str, ...]] = (_CALLS_AND_CLIPS, _CLIPS_TO_BROWSE, _KEPT_ELSEWHERE_TOO)
"""The script at index n brings a database of version n to version n + 1."""
