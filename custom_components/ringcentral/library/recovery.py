"""Finding again what a killed process or a lost database left behind.

Opening the library marks what an earlier run never finished, and files audio the database knows
nothing of when it had to be begun afresh. `recover` then makes clips of both.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
import sqlite3
from typing import Final

from .clips import ClipTable
from .database import transaction
from .errors import ClipAwayError
from .records import RECOVERED_LINE_ID, Clip, ClipKind, ClipState
from .shelf import Shelf

SAMPLE_RATE: Final = 8000
"""Samples of a clip per second."""

type Repair = Callable[[Path], int | None]
"""Makes a clip's file playable and returns its samples, None for a file that holds no clip."""

_WAV_HEADER: Final = 44
"""Bytes of a WAV file that holds no sound."""

_WAV: Final = ".wav"


def mark_interrupted(connection: sqlite3.Connection) -> None:
    """Close the calls, and mark the clips, that an earlier run left open.

    Such a call ended when it was last heard of, with the reason `network_error`.
    """
    with transaction(connection):
        connection.execute(
            "UPDATE clips SET state = ? WHERE state = ?", (ClipState.INTERRUPTED, ClipState.RECORDING)
        )
        connection.execute(
            """
            UPDATE calls
            SET ended_at = coalesce(answered_at, started_at),
                outcome = iif(answered_at IS NULL AND direction = 'incoming', 'missed', 'ended'),
                end_reason = 'network_error'
            WHERE ended_at IS NULL
            """
        )


def refile(connection: sqlite3.Connection, shelf: Shelf) -> None:
    """Add the clips whose files lie on the shelf and that the database doesn't know, as interrupted ones.

    All that is left of them is the file: its name is the id, and until `recover` knows the
    length, the moment it was last written stands for the start. Of a clip that was being made
    smaller the WAV file is the one that is whole for sure.
    """
    doomed = {path for (path,) in connection.execute("SELECT path FROM doomed")}
    found = [clip for clip in shelf.clips() if clip[1] not in doomed]
    whole = {clip_id for clip_id, _, file in found if file.suffix == _WAV}
    copies = {path for clip_id, path, file in found if clip_id in whole and file.suffix != _WAV}
    with transaction(connection):
        connection.executemany(
            "INSERT OR IGNORE INTO doomed VALUES (?)",
            [(path,) for path in copies],
        )
        connection.executemany(
            """
            INSERT OR IGNORE INTO clips (id, line_id, kind, state, started_at, path)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                (
                    clip_id,
                    RECOVERED_LINE_ID,
                    ClipKind.CALL,
                    ClipState.INTERRUPTED,
                    file.stat().st_mtime,
                    path,
                )
                for clip_id, path, file in found
                if path not in copies
            ],
        )


def recover(connection: sqlite3.Connection, clips: ClipTable, repair: Repair) -> list[Clip]:
    """Repair and save the interrupted clips, and return them, oldest first.

    A clip whose file is missing or silent is discarded; a file `repair` makes nothing of is kept
    beside its place as `<name>.damaged`; one that can't be read now is left for the next start.
    """
    recovered = (_recover(connection, clips, clip, repair) for clip in clips.interrupted())
    return [clip for clip in recovered if clip is not None]


def _recover(connection: sqlite3.Connection, clips: ClipTable, clip: Clip, repair: Repair) -> Clip | None:
    try:
        size = clip.path.stat().st_size
        samples = repair(clip.path)
        if samples is None and size > _WAV_HEADER:
            clip.path.rename(clip.path.with_name(f"{clip.path.name}.damaged"))
    except FileNotFoundError:
        samples = None
    except OSError:
        return None
    if not samples:
        # Where its disk is unplugged it isn't lost: the next start finds it.
        with suppress(OSError, ClipAwayError):
            clips.discard(clip.id)
        return None
    duration = samples / SAMPLE_RATE
    with transaction(connection):
        # Of a refiled clip only the end was known.
        connection.execute(
            "UPDATE clips SET started_at = started_at - ? WHERE id = ? AND line_id = ?",
            (duration, clip.id, RECOVERED_LINE_ID),
        )
        connection.execute(
            "UPDATE calls SET ended_at = max(ended_at, ?) WHERE id = ? AND end_reason = 'network_error'",
            (clip.started_at.timestamp() + duration, clip.call_id),
        )
    return clips.save(clip.id, duration)
