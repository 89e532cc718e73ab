"""Files that are copied while the library goes on."""

from pathlib import Path
import shutil
import sqlite3
from unittest.mock import patch

import pytest

from custom_components.ringcentral.library import Library, Place, Purged, Retention
from custom_components.ringcentral.library.backup import MARK

from .builders import CALL, START, after, save_call_clip, save_clip
from .conftest import samples_by_size, write_wav


async def with_sound(library: Library, minutes: int) -> str:
    clip = await library.begin_clip("front-door", after(minutes=minutes))
    write_wav(clip.path, 8000)
    await library.finish_clip(clip.id, 1.0)
    return clip.id


def wavs(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("clips/*/*.wav"))


async def test_the_database_stays_as_it_is_however_much_is_written(library: Library, folder: Path) -> None:
    await library.begin_call(CALL)
    await library.hold()
    before, log = (folder / "library.db").read_bytes(), (folder / "library.db-wal").stat().st_size

    for number in range(300):
        await save_call_clip(library, f"held-{number}")

    assert (folder / "library.db").read_bytes() == before
    # Far more than SQLite would leave there by itself.
    assert log == 0 < 1000 * 4096 < (folder / "library.db-wal").stat().st_size

    await library.resume()
    assert (folder / "library.db").read_bytes() != before


async def test_whatever_is_deleted_meanwhile_keeps_its_file_until_later(
    library: Library, folder: Path
) -> None:
    discarded = await library.begin_clip("front-door", START)
    write_wav(discarded.path, 10)
    deleted, old, removed, kept = [await with_sound(library, minutes) for minutes in (1, 2, 3, 500)]
    caller = await save_call_clip(library, "call-2")
    await library.hold()

    await library.discard_clip(discarded.id)
    await library.delete_clip(deleted)
    assert (await library.purge(Retention(days=1), after(days=1, minutes=200))).left == 0
    assert await library.forget(["+16505550142"]) == Purged(calls=1)
    assert [await library.clip(clip) for clip in (discarded.id, deleted, old, removed, caller)] == [None] * 5
    assert len(wavs(folder)) == 5

    await library.resume()
    assert wavs(folder) == [kept]


async def test_a_copy_made_of_the_log_and_the_database_at_different_times_is_one_moment(
    library: Library, folder: Path, tmp_path: Path
) -> None:
    copied = tmp_path / "copied"
    copied.mkdir()
    clips = [await with_sound(library, 1)]
    await library.hold()
    shutil.copy(folder / "library.db", copied)
    clips.append(await with_sound(library, 2))
    shutil.copy(folder / "library.db-wal", copied)
    shutil.copytree(folder / "clips", copied / "clips")
    shutil.copy(folder / MARK, copied)
    clips.append(await with_sound(library, 3))
    for name in ("library.db", "library.db-wal"):
        assert (folder / name).stat().st_size >= (copied / name).stat().st_size
    await library.resume()

    other = Library(copied)
    await other.open()
    await other.recover(samples_by_size)
    found = [clip and clip.state for clip in [await other.clip(clip) for clip in clips]]
    await other.close()

    assert found == ["saved", "saved", None]


async def test_a_mark_of_a_run_that_was_killed_does_no_harm(folder: Path) -> None:
    library = Library(folder)
    await library.open()
    clip, without_sound = (
        await with_sound(library, 1),
        await save_clip(library, "front-door", after(minutes=2)),
    )
    await library.hold()
    doomed = await with_sound(library, 3)
    await library.delete_clip(doomed)
    before = await library.clip(clip)
    await library.close()
    assert (folder / MARK).exists()

    await library.open()
    recovered = await library.recover(samples_by_size)
    found = await library.clip(clip)
    silent = await library.clip(without_sound)
    await library.close()

    assert (recovered, found) == ([], before)
    # Its file was never there.
    assert silent is not None and silent.size is None
    assert wavs(folder) == [clip]
    assert not (folder / MARK).exists()


async def test_what_lies_elsewhere_is_mended_where_it_is_there(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    library = Library(folder, tmp_path / "media")
    library.keep_in("front-door", Place("reception", lambda at: at))
    await library.open()
    torn, missing = [await with_sound(library, minutes) for minutes in (1, 2)]
    await library.hold()
    found = [await library.clip(clip) for clip in (torn, missing)]
    assert found[0] is not None and found[1] is not None
    write_wav(found[0].path, 4000)
    found[1].path.unlink()
    await library.close()

    await library.open()
    recovered = await library.recover(samples_by_size)
    kept = await library.clip(missing)
    await library.close()

    assert [(clip.id, clip.duration, clip.line_id) for clip in recovered] == [(torn, 0.5, "front-door")]
    assert kept == found[1]


@pytest.mark.parametrize("copied", [None, 100])
async def test_a_clip_whose_file_gave_way_to_one_that_was_not_copied_has_it_back(
    folder: Path, copied: int | None
) -> None:
    library = Library(folder)
    await library.open()
    clips = [await with_sound(library, minutes) for minutes in (1, 2, 3)]
    await library.hold()
    found = [await library.clip(clip) for clip in clips]
    with sqlite3.connect(folder / "library.db", autocommit=True) as connection:
        # The first has its former file still, the second none at all, the third a new one that is whole.
        connection.execute("INSERT INTO doomed SELECT path FROM clips WHERE id != ?", (clips[1],))
        connection.execute("UPDATE clips SET path = replace(path, '.wav', '.mp3'), size = 200")
    connection.close()
    for clip, size in zip(found, (copied, None, 200), strict=True):
        assert clip is not None
        if size is not None:
            clip.path.with_suffix(".mp3").write_bytes(bytes(size))
    assert found[1] is not None
    found[1].path.unlink()
    await library.close()

    await library.open()
    recovered = await library.recover(samples_by_size)
    third = await library.clip(clips[2])
    second = await library.clip(clips[1])
    await library.close()

    assert recovered == [found[0]]
    assert second is None
    assert third is not None and third.path.suffix == ".mp3"
    assert wavs(folder) == [clips[0]]


async def test_a_file_that_was_doomed_does_not_come_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(folder)
    await library.open()
    clip = await with_sound(library, 1)
    await library.hold()
    await library.delete_clip(clip)
    await library.close()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        await library.open()
        assert await library.recover(samples_by_size) == []
    assert await library.clip(clip) is None
    await library.resume()
    await library.close()
    assert wavs(folder) == []


async def test_resuming_what_was_never_held_changes_nothing(library: Library) -> None:
    clip = await with_sound(library, 1)
    await library.resume()
    assert await library.clip(clip) is not None


async def test_somebody_reading_the_database_holds_nothing_up(library: Library, folder: Path) -> None:
    await save_clip(library, "front-door", START)
    reader = sqlite3.connect(folder / "library.db", autocommit=True)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM clips").fetchone()
    with patch("custom_components.ringcentral.library.database._BUSY_TIMEOUT", 0):
        await library.hold()
    reader.close()
    await library.resume()


async def test_a_folder_without_room_for_the_mark_is_backed_up_all_the_same(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "touch", lambda _: (_ for _ in ()).throw(OSError))
    await library.hold()
    await library.resume()
