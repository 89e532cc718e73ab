from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
import sqlite3

import pytest

from custom_components.ringcentral.library import (
    CallRecord,
    Clip,
    ClipKind,
    ClipQuery,
    ClipState,
    Direction,
    Folder,
    Library,
    LibraryError,
    Total,
)
from custom_components.ringcentral.library.database import open_database
from custom_components.ringcentral.library.schema import MIGRATIONS

from .builders import CALL, START, after, of_day

QUESTIONS = {
    "SELECT count(*) FROM clips WHERE line_id IN (?) AND state = 'saved'": "clips_by_",
    "SELECT count(*) FROM clips WHERE line_id IN (?) AND state = 'saved' AND favorite = 1": "clips_favorite",
    "SELECT count(*) FROM clips WHERE line_id IN (?) AND state = 'saved' AND heard = 0": "clips_unheard",
    "SELECT count(*) FROM clips WHERE line_id IN (?) AND state = 'saved' AND missed = 1": "clips_missed",
    "SELECT count(*) FROM clips WHERE line_id IN (?) AND state = 'saved' AND kind = 'voicemail'": "clips_voicemail",
    "SELECT count(*) FROM clips WHERE line_id IN (?) AND state = 'saved' AND other IS 'x'": "clips_by_other",
    "SELECT coalesce(sum(size), 0) FROM clips WHERE state = 'saved' OR ?": "clips_by_age",
    "SELECT rowid FROM calls WHERE other = ?": "calls_by_other",
    "SELECT rowid FROM calls WHERE (started_at, rowid) > (1, 1) AND started_at < ? ORDER BY started_at, rowid": "calls_by_age",
}


@pytest.fixture
def old(folder: Path) -> Path:
    """Leave a database of the first version behind, with what there could be in one."""
    folder.mkdir()
    connection = sqlite3.connect(folder / "library.db")
    connection.executescript(MIGRATIONS[0])
    at = START.timestamp()
    connection.executemany(
        "INSERT INTO calls VALUES (?, 'front-door', ?, '+15551234567', 'Anna Smith', '+15557654321', ?, ?, ?, ?, ?)",
        [
            ("talked", "incoming", at, at + 4, at + 46, "ended", "remote_hangup"),
            ("missed", "incoming", at + 60, None, at + 90, "missed", "cancelled"),
            ("ours", "outgoing", at + 120, at + 124, at + 130, "ended", "local_hangup"),
            ("cut off", "incoming", at + 180, at + 182, None, None, None),
        ],
    )
    connection.executemany(
        "INSERT INTO clips VALUES (?, 'front-door', ?, 'call', ?, ?, ?, ?)",
        [
            ("a" * 32, "talked", "saved", at + 4, 42.0, "clips/2026-11/a.wav"),
            ("b" * 32, "missed", "saved", at + 62, 28.0001, "clips/2026-11/b.wav"),
            ("c" * 32, "ours", "saved", at + 124, 6.0, "clips/2026-11/c.wav"),
            ("d" * 32, None, "saved", at + 150, 1.0, "clips/2026-11/d.wav"),
            ("e" * 32, "cut off", "recording", at + 182, 0.0, "clips/2026-11/e.wav"),
        ],
    )
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    return folder


async def test_a_database_of_the_first_version_opens_with_all_it_had(old: Path) -> None:
    library = Library(old)
    await library.open()
    lines = ["front-door"]

    assert [call.id for call in await library.calls("front-door")] == ["cut off", "ours", "missed", "talked"]
    assert (await library.calls("front-door"))[-1] == CallRecord(
        id="talked",
        line_id="front-door",
        direction=Direction.INCOMING,
        started_at=START,
        caller="+15551234567",
        caller_name="Anna Smith",
        called="+15557654321",
        answered_at=after(seconds=4),
        ended_at=after(seconds=46),
        outcome="ended",
        end_reason="remote_hangup",
    )
    assert await library.clip("a" * 32) == Clip(
        id="a" * 32,
        line_id="front-door",
        call_id="talked",
        kind=ClipKind.CALL,
        state=ClipState.SAVED,
        started_at=after(seconds=4),
        duration=42.0,
        path=old / "clips/2026-11/a.wav",
        direction=Direction.INCOMING,
        caller="+15551234567",
        caller_name="Anna Smith",
        called="+15557654321",
        size=672_044,
    )
    interrupted = await library.clip("e" * 32)
    assert interrupted is not None
    assert (interrupted.state, interrupted.size) == (ClipState.INTERRUPTED, None)
    assert await library.totals() == {"front-door": Total(4, 77.0001)}
    assert [clip.id[0] for clip in (await library.browse(lines, ClipQuery())).items] == ["d", "c", "b", "a"]
    assert [clip.size for clip in (await library.browse(lines, ClipQuery(Folder.MISSED))).items] == [448_046]
    assert [(c.number, c.count) for c in (await library.callers(lines)).items] == [
        (None, 1),
        ("+15557654321", 1),
        ("+15551234567", 2),
    ]
    assert (await library.search(lines, "anna")).count == 3
    assert (await library.search(lines, "5551234")).count == 3
    assert len(await of_day(library, date(2026, 11, 21), UTC)) == 4
    await library.close()


async def test_what_comes_after_an_old_database_is_kept_beside_it(old: Path) -> None:
    library = Library(old)
    await library.open()
    clip = await library.begin_clip("front-door", datetime(2026, 11, 22, tzinfo=UTC), call_id="missed")
    await library.finish_clip(clip.id, 1.0)

    assert (await library.browse(["front-door"], ClipQuery(Folder.MISSED))).count == 2
    await library.remove_line("front-door")
    assert await library.totals() == {}
    await library.close()


async def test_what_is_kept_elsewhere_too_is_kept_here_once(library: Library) -> None:
    await library.begin_call(replace(CALL, remote_id="session-7"))
    clip = await library.begin_clip("front-door", START, call_id="call-1", remote_id="message-7")
    await library.finish_clip(clip.id, 1.0)
    await library.begin_clip("back-door", START, remote_id="message-7")

    assert (await library.calls("front-door"))[0].remote_id == "session-7"
    assert clip.remote_id == "message-7"
    with pytest.raises(LibraryError):
        await library.begin_clip("front-door", START, remote_id="message-7")
    await library.begin_call(replace(CALL, id="call-2", remote_id="session-7"))
    await library.begin_call(replace(CALL, id="call-3"))

    named = {call.id: call.remote_id for call in await library.calls("front-door")}
    assert named == {"call-1": "session-7", "call-2": None, "call-3": None}


@pytest.mark.parametrize(("question", "index"), QUESTIONS.items())
def test_nothing_is_looked_for_in_all_there_is(tmp_path: Path, question: str, index: str) -> None:
    connection, _ = open_database(tmp_path / "library.db")
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {question}", ("x",))]
    connection.close()

    assert len(plan) == 1 and f"INDEX {index}" in plan[0]
