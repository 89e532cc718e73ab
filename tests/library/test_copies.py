"""A clip's file gives way to another one, and no kill leaves the clip without sound or a file without a clip."""

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
import sqlite3
import subprocess
import sys
import time
from unittest.mock import patch

import pytest

from custom_components.ringcentral.library import (
    RECOVERED_LINE_ID,
    Clip,
    ClipNotFoundError,
    ClipQuery,
    Library,
    LibraryAccessError,
    Purged,
    Retention,
    copies,
)

from .conftest import samples_by_size, write_wav

START = datetime(2026, 11, 21, 17, 3, 11, tzinfo=UTC)
SMALL = b"small"
SAMPLES = 4000
COPY = b"copy" * 1000

# Run by itself, without Home Assistant: records, copies and deletes clips. Before whatever it does next it prints a dot,
# and goes on when it is told.
KILLED = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from library import Library

def step():
    print(end=".", flush=True)
    sys.stdin.buffer.read(1)

def write(path, content):
    with path.open("wb", buffering=0) as file:
        for start in range(0, len(content), 1000):
            step()
            file.write(content[start : start + 1000])

async def main(folder):
    library = Library(folder)
    await library.open()
    for turn in range(1000):
        clip = await library.begin_clip("front-door", datetime.now(UTC))
        await asyncio.to_thread(clip.path.write_bytes, bytes(44 + 2 * 4000))
        await library.finish_clip(clip.id, 0.5)
        await asyncio.to_thread(write, await library.begin_copy(clip.id, ".mp3"), b"copy" * 1000)
        keeping = asyncio.create_task(library.keep_copy(clip.id))
        for _ in range(2):
            step()
            await asyncio.sleep(0)
        await keeping
        if turn % 5 == 4:
            step()
            await library.delete_clip(clip.id)

asyncio.run(main(Path(sys.argv[2])))
"""


async def save(library: Library, *, line_id: str = "front-door", later: float = 0.0) -> Clip:
    clip = await library.begin_clip(line_id, START + timedelta(seconds=later))
    write_wav(clip.path, 8000)
    return await library.finish_clip(clip.id, 1.0)


@pytest.fixture
async def clip(library: Library) -> Clip:
    return await save(library)


async def begin(library: Library, clip: Clip) -> Path:
    copy = await library.begin_copy(clip.id, ".mp3")
    assert copy is not None
    return copy


async def make(library: Library, clip: Clip) -> Path:
    copy = await begin(library, clip)
    copy.write_bytes(SMALL)
    return copy


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("clips/*/*"))


def doomed(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        return [path for (path,) in connection.execute("SELECT path FROM doomed")]


def lose_database(folder: Path) -> None:
    for path in folder.glob("library.db*"):
        path.unlink()


async def test_a_copy_takes_the_place_of_the_clips_file(library: Library, folder: Path, clip: Clip) -> None:
    copy = await make(library, clip)
    assert copy == clip.path.with_suffix(".mp3")

    kept = await library.keep_copy(clip.id)

    assert (kept.path, kept.size) == (copy, len(SMALL))
    assert (kept.duration, kept.envelope) == (clip.duration, clip.envelope)
    assert files(folder) == [copy.name]
    assert doomed(folder) == []
    assert await library.clip(clip.id) == kept


async def test_a_copy_that_is_dropped_leaves_everything_as_it_was(
    library: Library, folder: Path, clip: Clip
) -> None:
    await make(library, clip)

    for _ in range(2):
        await library.drop_copy(clip.id)

    assert files(folder) == [clip.path.name]
    assert doomed(folder) == []
    assert await library.clip(clip.id) == clip


async def test_what_was_kept_is_not_dropped(library: Library, folder: Path, clip: Clip) -> None:
    copy = await make(library, clip)
    await library.keep_copy(clip.id)

    await library.drop_copy(clip.id)

    assert files(folder) == [copy.name]


async def test_a_clip_is_not_copied_onto_itself(library: Library, clip: Clip) -> None:
    assert await library.begin_copy(clip.id, ".wav") is None
    await make(library, clip)
    await library.keep_copy(clip.id)
    assert await library.begin_copy(clip.id, ".mp3") is None


async def test_only_what_is_saved_is_copied(library: Library) -> None:
    recording = await library.begin_clip("front-door", START)
    for clip_id in (recording.id, "unknown"):
        with pytest.raises(ClipNotFoundError):
            await library.begin_copy(clip_id, ".mp3")


async def test_a_clip_that_is_deleted_meanwhile_takes_its_copy_along(
    library: Library, folder: Path, clip: Clip
) -> None:
    await make(library, clip)
    await library.delete_clip(clip.id)
    with pytest.raises(ClipNotFoundError):
        await library.keep_copy(clip.id)

    await library.drop_copy(clip.id)

    assert files(folder) == []
    assert doomed(folder) == []


async def test_nothing_is_kept_that_was_not_made(library: Library, clip: Clip) -> None:
    with pytest.raises(ClipNotFoundError):
        await library.keep_copy(clip.id)
    await begin(library, clip)
    with pytest.raises(LibraryAccessError):
        await library.keep_copy(clip.id)

    assert await library.clip(clip.id) == clip
    assert clip.path.exists()


async def test_a_copy_in_the_making_is_not_swept_away(library: Library, folder: Path, clip: Clip) -> None:
    copy = await make(library, clip)

    assert await library.purge(Retention(), START) == Purged()

    assert copy.exists()
    await library.keep_copy(clip.id)
    assert files(folder) == [copy.name]


async def test_the_copy_of_a_clip_that_is_purged_goes_as_well(
    library: Library, folder: Path, clip: Clip
) -> None:
    await make(library, clip)
    await library.purge(Retention(days=1), START + timedelta(days=2))
    assert await library.clip(clip.id) is None

    await library.drop_copy(clip.id)

    assert files(folder) == []


async def test_a_kill_while_it_is_made_leaves_the_clip_and_nothing_else(
    library: Library, folder: Path, clip: Clip
) -> None:
    await make(library, clip)
    await library.close()
    await library.open()

    assert files(folder) == [clip.path.name]
    assert doomed(folder) == []
    assert await library.clip(clip.id) == clip
    # And it can be made again.
    copy = await make(library, clip)
    assert (await library.keep_copy(clip.id)).path == copy


async def test_a_kill_before_the_first_file_is_deleted_leaves_the_copy_and_nothing_else(
    library: Library, folder: Path, clip: Clip
) -> None:
    copy = await make(library, clip)
    with patch.object(copies, "remove_doomed"):
        await library.keep_copy(clip.id)
    assert files(folder) == sorted([copy.name, clip.path.name])
    await library.close()
    await library.open()

    assert files(folder) == [copy.name]
    found = await library.clip(clip.id)
    assert found is not None and found.path == copy


async def test_a_kill_in_the_midst_of_the_exchange_leaves_the_clip_as_it_was(
    library: Library, folder: Path, clip: Clip
) -> None:
    copy = await make(library, clip)
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        connection.execute(
            "CREATE TRIGGER kill BEFORE UPDATE OF path ON clips BEGIN SELECT raise(ABORT, 'killed'); END"
        )
    with pytest.raises(Exception, match="failed"):
        await library.keep_copy(clip.id)
    assert files(folder) == sorted([copy.name, clip.path.name])
    await library.close()
    await library.open()

    assert files(folder) == [clip.path.name]
    assert await library.clip(clip.id) == clip


async def test_after_a_lost_database_a_clip_has_its_whole_file(library: Library, folder: Path) -> None:
    made, half, whole = [await save(library) for _ in range(3)]
    await make(library, made)
    await library.keep_copy(made.id)
    await make(library, half)
    await library.close()
    lose_database(folder)
    # It hasn't come to be swept away.
    half.path.with_suffix(".mp3").write_bytes(b"half")
    await library.open()
    found = await library.recover(lambda path: 8000 if path.suffix == ".mp3" else samples_by_size(path))

    assert {clip.id: (clip.path.suffix, clip.line_id) for clip in found} == {
        made.id: (".mp3", RECOVERED_LINE_ID),
        half.id: (".wav", RECOVERED_LINE_ID),
        whole.id: (".wav", RECOVERED_LINE_ID),
    }
    assert files(folder) == sorted([f"{made.id}.mp3", f"{half.id}.wav", f"{whole.id}.wav"])


async def test_clips_with_other_files_are_listed_newest_first_once_they_are_over(library: Library) -> None:
    first, second, third = [await save(library, later=later) for later in (0, 10, 20)]
    await save(library, line_id="office")
    await library.begin_clip("front-door", START)
    await make(library, second)
    await library.keep_copy(second.id)

    async def listed(suffix: str, seconds: float) -> list[str]:
        return await library.clips_without("front-door", suffix, START + timedelta(seconds=seconds))

    assert await listed(".mp3", 60) == [third.id, first.id]
    assert await listed(".mp3", 20.9) == [first.id]
    assert await listed(".wav", 60) == [second.id]
    assert await listed(".mp3", 0.9) == []


def killed(folder: Path, steps: int, moment: float | None) -> None:
    """Have clips recorded, copied and deleted, and kill that where it is after so many steps, or a moment later."""
    command = [sys.executable, "-c", KILLED, str(Path(copies.__file__).parents[1]), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"." * (steps - 1))
        for _ in range(steps):
            assert process.stdout.read(1) == b"."
        if moment is not None:
            process.stdin.write(b"." * 3)
            time.sleep(moment)
        process.kill()


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_is_killed_when_each_clip_has_one_whole_file(folder: Path, seed: int) -> None:
    random = Random(seed)
    library = Library(folder)
    for moment in (None, random.uniform(0, 0.003), None):
        await asyncio.to_thread(killed, folder, random.randrange(1, 40), moment)
        await library.open()
        await library.recover(samples_by_size)
        clips = (await library.browse(["front-door"], ClipQuery(), 1000)).items
        await library.close()

        for clip in clips:
            content = clip.path.read_bytes()
            whole = content == COPY if clip.path.suffix == ".mp3" else len(content) == 44 + 2 * SAMPLES
            assert whole and clip.size == len(content)
        assert files(folder) == sorted(clip.path.name for clip in clips)
        assert doomed(folder) == []
        assert {clip.path.suffix for clip in clips} <= {".mp3", ".wav"}
