"""Where audio files lie; whatever the database says, no path leads elsewhere."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
import sqlite3
from unittest.mock import patch

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.library import (
    RECOVERED_LINE_ID,
    Clip,
    ClipAwayError,
    Library,
    LibraryError,
    Place,
    Retention,
)
from custom_components.ringcentral.library.shelf import Shelf

from .builders import START, after, save_clip
from .conftest import samples_by_size, write_wav

EST = timezone(timedelta(hours=-5))
PLACE = Place("reception", lambda at: at.astimezone(EST))


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media" / "ringcentral"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
async def elsewhere(folder: Path, media: Path) -> Library:
    library = Library(folder, media)
    library.keep_in("front-door", PLACE)
    await library.open()
    return library


def unplug(media: Path) -> Path:
    """Take the folder away, as a disk that is pulled out does, and return where it is now."""
    return media.rename(media.with_name("unplugged"))


def plug(unplugged: Path, media: Path) -> None:
    unplugged.rename(media)


def files(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file()]


def spoil(media: Path, how: str) -> None:
    if how == "gone":
        media.rmdir()
    elif how == "a file":
        (media / "reception").write_text("mine")


async def record(library: Library, line: str = "front-door", at: datetime = START) -> Clip:
    clip = await library.begin_clip(line, at)
    write_wav(clip.path, 8000)
    return await library.finish_clip(clip.id, 1.0)


async def test_clips_of_a_line_go_where_it_is_said_named_by_time(
    elsewhere: Library, folder: Path, media: Path
) -> None:
    late = await record(elsewhere, at=datetime(2026, 12, 1, 3, 4, 5, tzinfo=UTC))
    other = await record(elsewhere, "office")
    elsewhere.keep_in("front-door", None)
    elsewhere.keep_in("front-door", None)
    again = await record(elsewhere)

    assert late.path == media / f"reception/2026-11/2026-11-30 22-04-05 {late.id}.wav"
    assert other.path == folder / f"clips/2026-11/{other.id}.wav"
    assert again.path.parent == other.path.parent
    assert [elsewhere.shelf.is_elsewhere(clip.path) for clip in (late, other)] == [True, False]
    # Those there are stay where they are, also for a run that wants none there.
    await elsewhere.close()
    library = Library(folder, media)
    await library.open()
    assert await library.clip(late.id) == late
    await library.delete_clip(late.id)
    assert not late.path.exists()
    await library.close()


@pytest.mark.parametrize("broken", ["gone", "a file", "read-only"])
async def test_a_folder_that_cannot_be_used_is_done_without(
    elsewhere: Library, folder: Path, media: Path, broken: str
) -> None:
    spoil(media, broken)
    with patch("os.access", lambda path, _: broken != "read-only" or not path.is_relative_to(media)):
        clip = await record(elsewhere)
    await elsewhere.close()

    assert clip.path.is_relative_to(folder)
    # A disk may be plugged in there again, and would hide what was written in its stead.
    assert (media in media.parent.iterdir()) is (broken != "gone")


async def test_what_is_kept_no_longer_goes_from_there_as_well(elsewhere: Library, media: Path) -> None:
    old, young = await record(elsewhere), await record(elsewhere, at=after(days=2))
    await elsewhere.purge(Retention(days=1), after(days=2))
    assert [clip.path.exists() for clip in (old, young)] == [False, True]

    await elsewhere.remove_line("front-door")
    assert files(media) == []
    await elsewhere.close()


async def test_a_disk_that_is_unplugged_keeps_nothing_for_good(elsewhere: Library, media: Path) -> None:
    first, second = await record(elsewhere), await record(elsewhere, at=after(seconds=1))
    unplugged = unplug(media)
    told: list[LibraryError | None] = []
    elsewhere.told = told.append

    with pytest.raises(ClipAwayError):
        await elsewhere.delete_clip(first.id)
    # The library is in order.
    assert told == []
    assert await elsewhere.clip(first.id) == first
    purged = await elsewhere.purge(Retention(days=1), after(days=2))
    assert (purged.count, purged.left) == (2, 2)

    plug(unplugged, media)
    assert first.path.exists() and second.path.exists()
    assert (await elsewhere.purge(Retention(days=1), after(days=2))).left == 0
    assert not first.path.exists() and not second.path.exists()
    await elsewhere.close()


async def test_a_recording_on_a_disk_that_is_unplugged_waits_for_it(
    elsewhere: Library, folder: Path, media: Path
) -> None:
    killed = await elsewhere.begin_clip("front-door", START)
    write_wav(killed.path, 8000)
    await elsewhere.close()
    unplugged = unplug(media)

    library = Library(folder, media)
    await library.open()
    assert await library.recover(samples_by_size) == []
    plug(unplugged, media)
    (recovered,) = await library.recover(samples_by_size)
    await library.close()

    assert (recovered.id, recovered.duration) == (killed.id, 1.0)


async def test_clips_there_outlive_their_database(elsewhere: Library, folder: Path, media: Path) -> None:
    clips = [await record(elsewhere), await record(elsewhere, "office")]
    await elsewhere.close()
    write_wav(media / "reception" / "2026-11" / "holiday.wav", 800)
    (folder / "library.db").unlink()

    library = Library(folder, media)
    await library.open()
    recovered = await library.recover(samples_by_size)
    await library.close()

    assert {clip.id: clip.path for clip in recovered} == {clip.id: clip.path for clip in clips}
    assert {clip.line_id for clip in recovered} == {RECOVERED_LINE_ID}


async def test_a_disk_without_permissions_will_do(
    elsewhere: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refuse)
    assert (await record(elsewhere)).duration == 1.0
    await elsewhere.close()


@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(["..", ".", "/", "media:", "clips", "a", ""]), max_size=8).map("/".join)
)
def test_no_path_leads_elsewhere(path: str) -> None:
    shelf = Shelf(Path("/own"), Path("/media/ringcentral"))
    for each in (path, f"media:{path}", f"/{path}", f"media:/{path}"):
        parts = (shelf / each).parts
        assert ".." not in parts[1:] or parts[-1] == ".."
        assert parts[:2] == ("/", "own") or parts[:3] == ("/", "media", "ringcentral")
        assert parts[:-1].count("..") == 0


@pytest.mark.parametrize(
    "path",
    [
        "../secrets.yaml",
        "clips/../../secrets.yaml",
        "/config/secrets.yaml",
        "media:../secrets.yaml",
        "media:/config/secrets.yaml",
        "media:a/../../../secrets.yaml",
    ],
)
async def test_a_forged_row_leads_nowhere(elsewhere: Library, folder: Path, media: Path, path: str) -> None:
    clip = await save_clip(elsewhere, "office", START)
    secrets = [folder.parent / "secrets.yaml", media.parent / "secrets.yaml"]
    for secret in secrets:
        secret.write_text("mine")
    with sqlite3.connect(folder / "library.db", autocommit=True) as connection:
        connection.execute("UPDATE clips SET path = ? WHERE id = ?", (path, clip))
    connection.close()

    forged = await elsewhere.clip(clip)
    assert forged is not None and forged.path in (folder / "secrets.yaml", media / "secrets.yaml")
    await elsewhere.delete_clip(clip)

    assert [secret.read_text() for secret in secrets] == ["mine", "mine"]
    await elsewhere.close()


@pytest.mark.parametrize("folder_name", ["..", "../..", "a/b", "/etc", ""])
async def test_a_place_is_one_name(elsewhere: Library, media: Path, folder_name: str) -> None:
    elsewhere.keep_in("front-door", Place(folder_name, PLACE.local))
    clip = await record(elsewhere)
    assert clip.path.is_relative_to(media) and clip.path.resolve().is_relative_to(media)
    assert await elsewhere.clip(clip.id) == clip
    await elsewhere.close()
