import asyncio
from dataclasses import replace
from pathlib import Path
import shutil
from unittest.mock import patch

import pytest

from custom_components.ringcentral.library import (
    Clip,
    ClipQuery,
    ClipState,
    Direction,
    Library,
    Purged,
    Retention,
)

from .builders import CALL, START, after, save_call_clip
from .conftest import samples_by_size, write_wav

NOW = after(days=100)
LINES = ["front-door", "office"]
BYTES = 1644
"""Of a clip of a tenth of a second."""


async def kept(library: Library) -> list[str]:
    return [clip.id for clip in (await library.browse(LINES, ClipQuery(), 1000)).items]


async def file_clip(
    library: Library, days: float, *, favorite: bool = False, line: str = "front-door"
) -> Clip:
    """Keep a clip with a file, that began some days after the start."""
    clip = await library.begin_clip(line, after(days=days))
    write_wav(clip.path, 800)
    await library.finish_clip(clip.id, 0.1)
    return await library.set_favorite(clip.id, favorite)


@pytest.mark.parametrize(
    ("retention", "left", "purged"),
    [
        (Retention(), [0, 1, 2, 3], Purged()),
        (Retention(days=100), [0, 1, 2, 3], Purged()),
        (Retention(days=70), [0, 2, 3], Purged(1, BYTES)),
        (Retention(days=70, keep_favorites=False), [2, 3], Purged(2, 2 * BYTES)),
        (Retention(days=0), [0], Purged(3, 3 * BYTES)),
        (Retention(most_bytes=4 * BYTES), [0, 1, 2, 3], Purged()),
        (Retention(most_bytes=4 * BYTES - 1), [0, 2, 3], Purged(1, BYTES)),
        (Retention(most_bytes=2 * BYTES), [0, 3], Purged(2, 2 * BYTES)),
        (Retention(most_bytes=2 * BYTES, keep_favorites=False), [2, 3], Purged(2, 2 * BYTES)),
        (Retention(most_bytes=0), [0], Purged(3, 3 * BYTES)),
        (Retention(days=70, most_bytes=2 * BYTES), [0, 3], Purged(2, 2 * BYTES)),
        (Retention(days=0, line_id="office"), [0, 2, 3], Purged(1, BYTES)),
        (Retention(days=0, line_id="front-door"), [0, 1], Purged(2, 2 * BYTES)),
        (Retention(most_bytes=2 * BYTES, line_id="front-door"), [0, 1, 3], Purged(1, BYTES)),
        (Retention(most_bytes=BYTES, line_id="office"), [0, 1, 2, 3], Purged()),
    ],
)
async def test_the_oldest_go_first(
    library: Library, retention: Retention, left: list[int], purged: Purged
) -> None:
    clips = [
        await file_clip(library, 0, favorite=True),
        await file_clip(library, 20, line="office"),
        await file_clip(library, 40),
        await file_clip(library, 90),
    ]

    assert await library.purge(retention, NOW) == purged

    assert await kept(library) == [clips[at].id for at in reversed(left)]
    assert [clip.path.exists() for clip in clips] == [at in left for at in range(4)]


async def test_what_is_recorded_or_has_yet_to_be_recovered_stays(folder: Path) -> None:
    library = Library(folder)
    await library.open()
    interrupted = await library.begin_clip("front-door", START)
    await library.close()
    await library.open()
    recording = await library.begin_clip("front-door", START)
    for clip in (recording, interrupted):
        write_wav(clip.path, 800)

    assert await library.purge(Retention(days=0, most_bytes=0, keep_favorites=False), NOW) == Purged()
    assert [clip.path.exists() for clip in (recording, interrupted)] == [True, True]
    await library.close()


async def test_a_clip_whose_size_is_unknown_does_not_go_for_the_sake_of_room(library: Library) -> None:
    unknown = await save_call_clip(library, "1")
    clip = await file_clip(library, 5)

    assert await library.purge(Retention(most_bytes=0), NOW) == Purged(1, BYTES)
    assert await kept(library) == [unknown]
    assert not clip.path.exists()


async def test_more_goes_than_fits_in_one_step(library: Library) -> None:
    clips = [await file_clip(library, day) for day in range(45)]
    for number in range(230):
        await library.begin_call(replace(CALL, id=f"call-{number}", ended_at=START))

    assert await library.purge(Retention(days=58), NOW) == Purged(42, 42 * BYTES, calls=229)
    assert await kept(library) == [clip.id for clip in clips[:41:-1]]


async def test_old_calls_without_a_clip_go_but_the_newest_of_each_line(library: Library) -> None:
    await save_call_clip(library, "with-clip")
    favorite = await library.begin_clip("front-door", START, call_id="with-clip")
    await library.finish_clip(favorite.id, 1.0)
    await library.set_favorite(favorite.id, True)
    for call_id, line, days, ended in (
        ("old", "front-door", 1, True),
        ("goes-on", "front-door", 2, False),
        ("young", "front-door", 60, True),
        ("office-old", "office", 1, True),
        ("office-newest", "office", 2, True),
    ):
        call = replace(CALL, id=call_id, line_id=line, started_at=after(days=days))
        await library.begin_call(call)
        if ended:
            await library.end_call(call_id, after(days=days, minutes=1), "ended", "remote_hangup")

    assert await library.purge(Retention(days=50, line_id="office"), NOW) == Purged(calls=1)
    purged = await library.purge(Retention(days=50), NOW)

    assert purged == Purged(1, 0, calls=1)
    assert [call.id for call in await library.calls("front-door")] == ["young", "goes-on", "with-clip"]
    assert [call.id for call in await library.calls("office")] == ["office-newest"]
    assert await library.purge(Retention(days=50), NOW) == Purged()


async def test_others_get_their_turn_during_a_purge(library: Library) -> None:
    for _ in range(70):
        clip = await library.begin_clip("front-door", START)
        await library.finish_clip(clip.id, 1.0)
    left: list[int] = []

    purging = asyncio.create_task(library.purge(Retention(days=1), NOW))
    while not purging.done():
        left.append((await library.browse(LINES, ClipQuery(), 0)).count)

    assert len(set(left)) >= 3
    assert (await purging).count == 70


async def killed_between_row_and_file(library: Library, folder: Path, copy: Path) -> None:
    """Copy what a kill leaves behind after a row is gone, and before its file is."""
    unlink = Path.unlink

    def copy_first(path: Path, missing_ok: bool = False) -> None:
        if not copy.exists():
            shutil.copytree(folder, copy)
        unlink(path, missing_ok)

    with patch.object(Path, "unlink", copy_first):
        await library.purge(Retention(days=1), NOW)


async def test_a_file_left_by_a_kill_goes_and_never_comes_back_as_a_clip(
    library: Library, folder: Path, tmp_path: Path
) -> None:
    clip = await file_clip(library, 0)
    copy = tmp_path / "copy"
    await killed_between_row_and_file(library, folder, copy)
    file = copy / clip.path.relative_to(folder)
    assert file.exists()

    after_kill = Library(copy)
    await after_kill.open()
    assert await after_kill.recover(samples_by_size) == []
    assert await after_kill.clip(clip.id) is None
    assert not file.exists()
    await after_kill.close()


async def test_a_file_that_cannot_be_deleted_is_counted_and_tried_again(library: Library) -> None:
    stuck, other = await file_clip(library, 0), await file_clip(library, 1)
    stuck.path.unlink()
    (stuck.path / "in the way").mkdir(parents=True)

    assert await library.purge(Retention(days=1), NOW) == Purged(2, 2 * BYTES, left=1)
    assert not other.path.exists()
    assert await library.purge(Retention(), NOW) == Purged(left=1)

    assert await library.forget(["+16505550142"]) == Purged(left=1)

    shutil.rmtree(stuck.path)
    stuck.path.touch()
    assert await library.purge(Retention(), NOW) == Purged()
    assert not stuck.path.exists()


@pytest.mark.parametrize("number", ["+16505550142", "+1 (650) 555-0142", "16505550142"])
async def test_a_caller_is_forgotten_on_all_lines(library: Library, number: str) -> None:
    clip_id = await save_call_clip(library, "1")
    await save_call_clip(library, "2", "+1 650 555 0142", line_id="office")
    await library.begin_call(replace(CALL, id="3", caller="+16505550142", ended_at=START))
    await library.begin_call(
        replace(CALL, id="4", direction=Direction.OUTGOING, called="+16505550142", ended_at=START)
    )
    other = await save_call_clip(library, "5", "+16505550143")
    nobody = await save_call_clip(library, "6", None)
    clip = await library.set_favorite(clip_id, True)
    write_wav(clip.path, 800)

    assert await library.forget([number]) == Purged(2, 0, calls=4)

    assert sorted(await kept(library)) == sorted([other, nobody])
    assert not clip.path.exists()
    assert sorted(call.id for call in await library.calls("front-door")) == ["5", "6"]
    assert await library.calls("office") == []
    assert (await library.search(LINES, "0142")).count == 0
    assert await library.forget([number]) == Purged()


@pytest.mark.parametrize("numbers", [[], [""], ["+"], ["5550142"], ["%"], ["' OR 1=1"]])
async def test_nobody_else_is_forgotten(library: Library, numbers: list[str]) -> None:
    await save_call_clip(library, "1")
    await save_call_clip(library, "2", None)

    assert await library.forget(numbers) == Purged()


async def test_nothing_of_who_is_forgotten_is_left_in_the_file(library: Library, folder: Path) -> None:
    for number in range(30):
        await save_call_clip(library, f"other-{number}", f"+1777000{number:04}", name=f"Somebody {number}")
    clip_id = await save_call_clip(library, "1", "+16505550142", name="Rumpelstiltskin", contact="Imp")
    await library.set_transcript(clip_id, "Tomorrow I brew, the day after is the child mine", "en")

    await library.forget(["+16505550142"])
    await library.close()

    left = (folder / "library.db").read_bytes().lower()
    assert b"somebody 7" in left
    assert [word for word in (b"rumpel", b"stilts", b"brew", b"imp\0", b"6505550142") if word in left] == []


async def test_the_call_that_is_going_on_stays(library: Library) -> None:
    await library.begin_call(CALL)
    assert CALL.caller is not None
    clip = await library.begin_clip("front-door", START, call_id=CALL.id)
    saved = await library.begin_clip("front-door", START, call_id=CALL.id)
    await library.finish_clip(saved.id, 1.0)

    assert await library.forget([CALL.caller]) == Purged(1)

    assert await library.last_call("front-door") == CALL
    assert await library.clip(clip.id) == replace(clip, state=ClipState.RECORDING)


async def test_much_is_forgotten_in_steps(library: Library) -> None:
    for number in range(45):
        await save_call_clip(library, f"with-{number}")
    for number in range(205):
        await library.begin_call(replace(CALL, id=str(number), caller="+16505550142", ended_at=START))

    assert await library.forget(["+16505550142"]) == Purged(45, 0, calls=250)
    assert await library.calls("front-door") == []
