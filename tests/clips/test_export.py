"""Recordings as a ZIP file; what counts is what is in it."""

import asyncio
from datetime import timedelta
import errno
import io
import json
from pathlib import Path
import threading
from typing import Any
from unittest.mock import patch
from zipfile import ZipFile

from homeassistant.auth.const import GROUP_ID_USER
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
import pytest
from pytest_homeassistant_custom_component.common import MockUser
import voluptuous as vol

from custom_components.ringcentral.clips.archive import Archive
from custom_components.ringcentral.clips.export import zip_path
from custom_components.ringcentral.clips.removed_lines import DATA_REMOVED, RemovedLine
from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.library import Library, LibraryDamagedError
from tests.calls.test_call_actions import act, refused
from tests.line import ANNA, Line
from tests.translations import EN

from .test_clip_actions import BO, START, fail, keep


@pytest.fixture
def media(hass: HomeAssistant, tmp_path: Path) -> Path:
    folder = tmp_path / "share"
    folder.mkdir()
    (tmp_path / "other").mkdir()
    hass.config.allowlist_external_dirs = {str(folder)}
    return folder


@pytest.fixture
def place(media: Path) -> Path:
    return media / "all.zip"


def in_folder(place: Path) -> list[str]:
    return [path.name for path in place.parent.iterdir()]


async def packed(line: Line, place: Path, **data: Any) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Export, and return the response and the files."""
    response = await act(line, "export", path=str(place), **data)
    content = await line.hass.async_add_executor_job(place.read_bytes)
    with ZipFile(io.BytesIO(content)) as zipped:
        assert zipped.testzip() is None
        files = {name: zipped.read(name) for name in zipped.namelist()}
    assert response["bytes"] == len(content)
    assert response["recordings"] == len(files) - 1
    return response, files


async def test_recordings_and_what_is_known_of_them_are_packed(line: Line, place: Path) -> None:
    await line.hass.config.async_set_time_zone("America/New_York")
    anna, bo = await keep(line), await keep(line, BO, minutes=1, outcome="missed")
    await keep(line, minutes=2, outcome=None)
    await line.library.set_transcript(bo, "The parcel is in the garden")

    response, files = await packed(line, place)

    assert response == {"path": str(place), "recordings": 2, "missing": 0, "bytes": response["bytes"]}
    listing = json.loads(files["recordings.json"])
    names = [recording["file"] for recording in listing["recordings"]]
    assert names == ["2026-11-21 12-01-00 anna smith.wav", "2026-11-21 12-00-00 anna smith.wav"]
    for name, clip in zip(names, (bo, anna), strict=True):
        kept = await line.library.clip(clip)
        assert kept is not None and files[name] == kept.path.read_bytes()
    assert [recording["clip"] for recording in listing["recordings"]] == [bo, anna]
    assert listing["recordings"][0]["transcript"] == "The parcel is in the garden"
    assert [call["outcome"] for call in listing["calls"]] == ["missed", "ended"]
    assert [call["clips"][0]["clip"] for call in listing["calls"]] == [bo, anna]


async def test_only_those_asked_for_are_packed(line: Line, media: Path) -> None:
    clips = [await keep(line, minutes=minutes) for minutes in range(4)]
    bo = await keep(line, BO, minutes=4)

    async def chosen(name: str, **data: Any) -> list[str]:
        _, files = await packed(line, media / f"{name}.zip", **data)
        return [each["clip"] for each in json.loads(files["recordings.json"])["recordings"]]

    since = {"since": (START + timedelta(minutes=1)).isoformat()}
    until = {"until": (START + timedelta(minutes=3)).isoformat()}
    assert await chosen("some", **since, **until) == clips[1:3][::-1]
    assert await chosen("bo", number=BO) == [bo]
    assert await chosen("anna", text="smith", number=ANNA.number, **since) == clips[1:][::-1]
    assert await chosen("none", folder="favorites") == []


async def test_many_are_packed_a_page_at_a_time_and_named_apart(
    line: Line, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.clips.export._PAGE", 2)
    monkeypatch.setattr("custom_components.ringcentral.clips.export._AT_ONCE", 2)
    clips = [await keep(line, None, minutes=minutes / 300) for minutes in range(7)]
    browse, pages = Library.browse, []

    async def shifting(*args: Any) -> Any:
        pages.append(args[-1])
        # One goes after it was found, and one comes.
        if len(pages) == 2:
            await line.library.delete_clip(clips[6])
            await keep(line, minutes=1)
        return await browse(*args)

    with patch.object(Library, "browse", shifting):
        response, files = await packed(line, place)

    assert (response["recordings"], response["missing"]) == (6, 1)
    assert set(pages) == {0}
    names = sorted(files)
    assert names[:2] == ["2026-11-21 09-00-00 anna smith (2).wav", "2026-11-21 09-00-00 anna smith (3).wav"]
    listing = json.loads(files["recordings.json"])["recordings"]
    assert [each["clip"] for each in listing] == clips[::-1]
    assert [each["clip"] for each in listing if each["file"] is None] == [clips[6]]


async def test_a_removed_line_can_be_exported(line: Line, place: Path) -> None:
    lost = await keep(line, line_id="gone")
    line.hass.data[DATA_REMOVED].lines = {"gone": RemovedLine("Office", 30, 0)}

    _, files = await packed(line, place, removed_line="Office")

    assert [each["clip"] for each in json.loads(files["recordings.json"])["recordings"]] == [lost]


# Where to


@pytest.mark.parametrize(
    "written", ["", "all.zip", "../all.zip", "/media/all", "/media/all.wav", None, ["/a.zip"]]
)
def test_a_file_has_a_whole_path(written: Any) -> None:
    with pytest.raises(vol.Invalid):
        zip_path(written)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("{media}/../other/all.zip", "export_not_allowed"),
        ("{media}/../share/../other/all.zip", "export_not_allowed"),
        ("{media}/link/all.zip", "export_not_allowed"),
        ("{media}/linked.zip", "export_not_allowed"),
        ("/etc/all.zip", "export_not_allowed"),
        ("{media}/nowhere/all.zip", "export_failed"),
        ("{media}/there.zip", "export_exists"),
        ("{www}/all.zip", "export_public"),
        ("{www}/below/../all.zip", "export_public"),
    ],
)
async def test_it_goes_nowhere_else(line: Line, media: Path, written: str, key: str) -> None:
    await keep(line)
    other, www = media.parent / "other", Path(line.hass.config.path("www"))

    def lay() -> None:
        (media / "there.zip").write_text("mine")
        (other / "linked.zip").write_text("mine")
        (media / "link").symlink_to(other)
        (media / "linked.zip").symlink_to(other / "linked.zip")
        (www / "below").mkdir(parents=True)

    await line.hass.async_add_executor_job(lay)
    line.hass.config.allowlist_external_dirs |= {str(www)}

    assert await refused(line, "export", path=written.format(media=media, www=www)) == key

    def found() -> list[str]:
        return sorted(path.name for folder in (media, other, www) for path in folder.rglob("*"))

    assert await line.hass.async_add_executor_job(found) == [
        "below",
        "link",
        "linked.zip",
        "linked.zip",
        "there.zip",
    ]
    assert (media / "there.zip").read_text() == (other / "linked.zip").read_text() == "mine"


async def test_a_way_round_within_what_is_allowed_leads_there(line: Line, media: Path) -> None:
    await keep(line)
    await line.hass.async_add_executor_job((media / "real").mkdir)
    await line.hass.async_add_executor_job((media / "link").symlink_to, media / "real")
    response, _ = await packed(line, media / "link" / "all.zip")
    assert response["path"] == str(media / "real" / "all.zip")


async def test_a_file_is_replaced_where_that_is_said(line: Line, place: Path) -> None:
    await keep(line)
    await line.hass.async_add_executor_job(place.write_text, "mine")
    response, _ = await packed(line, place, overwrite=True)
    assert response["recordings"] == 1
    assert in_folder(place) == ["all.zip"]


# What goes wrong


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "export_no_room"),
        (OSError(errno.EFBIG, "File too large"), "export_no_room"),
        (PermissionError(errno.EACCES, "Permission denied"), "export_failed"),
    ],
)
@pytest.mark.parametrize("method", ["add", "finish"])
async def test_a_disk_that_fails_is_told_and_nothing_is_left(
    line: Line, place: Path, method: str, error: OSError, key: str
) -> None:
    await keep(line)
    with patch.object(Archive, method, side_effect=error):
        assert await refused(line, "export", path=str(place)) == key
    assert in_folder(place) == []
    assert "{reason}" not in EN["exceptions"]["export_no_room"]["message"]


async def test_without_room_nothing_is_begun(line: Line, place: Path) -> None:
    await keep(line)
    with (
        patch("custom_components.ringcentral.clips.export.shutil.disk_usage") as usage,
        patch.object(Archive, "__init__", side_effect=AssertionError),
    ):
        usage.return_value.free = 100_000_000
        assert await refused(line, "export", path=str(place)) == "export_no_room"


async def test_more_than_a_file_may_have_is_refused(
    line: Line, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.clips.export.MOST_BYTES", 50_000)
    await keep(line)
    assert (await packed(line, place))[0]["recordings"] == 1
    await keep(line, minutes=1)
    assert await refused(line, "export", path=str(place), overwrite=True) == "export_too_big"


@pytest.mark.parametrize("method", ["browse", "calls_of_clips"])
async def test_a_library_that_cannot_be_read_is_told(
    line: Line, place: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    fail(line, monkeypatch, method)
    assert await refused(line, "export", path=str(place)) == LibraryDamagedError.key


async def test_whoever_breaks_it_off_leaves_nothing(line: Line, place: Path) -> None:
    await keep(line)
    begun, go_on, done = asyncio.Event(), threading.Event(), list[str]()
    add, closed = Archive.add, Archive.close

    def slowly(*args: Any) -> set[str]:
        line.hass.loop.call_soon_threadsafe(begun.set)
        go_on.wait(10)
        done.append("packed")
        return add(*args)

    def close(archive: Archive) -> None:
        done.append("closed")
        closed(archive)

    with patch.object(Archive, "add", slowly), patch.object(Archive, "close", close):
        export = asyncio.create_task(act(line, "export", path=str(place)))
        await begun.wait()
        export.cancel()
        line.hass.loop.call_later(0.05, go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await export
    await line.hass.async_block_till_done()

    # Nobody closes a file that is written to.
    assert done == ["packed", "closed"]
    assert in_folder(place) == []


async def test_only_administrators_and_automations_export(
    line: Line, place: Path, hass_admin_user: MockUser
) -> None:
    user = await line.hass.auth.async_create_user("Bo", group_ids=[GROUP_ID_USER])
    with pytest.raises(Unauthorized):
        await line.hass.services.async_call(
            DOMAIN, "export", {"path": str(place)}, blocking=True, context=Context(user_id=user.id)
        )
    assert in_folder(place) == []
