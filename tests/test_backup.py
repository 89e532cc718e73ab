"""What a backup of Home Assistant holds; what counts is what is found where it is restored."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
import sqlite3
from typing import Any
from unittest.mock import patch
import wave

from homeassistant.backup_restore import RestoreBackupFileContent, _extract_backup
from homeassistant.components.backup import async_get_manager
from homeassistant.components.backup.manager import CoreBackupReaderWriter
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ringcentral.backup import LONGEST, async_post_backup, async_pre_backup
from custom_components.ringcentral.const import DATA_LIBRARY, DOMAIN
from custom_components.ringcentral.library import Library, LibraryFullError
from custom_components.ringcentral.library.backup import MARK
from custom_components.ringcentral.resources import async_acquire, async_release
from custom_components.ringcentral.softphone.media import repair_wav
from simulator.caller import Step
from tests.calls.test_call_actions import act
from tests.clips.test_clip_actions import keep
from tests.line import LISTENER, TERMINAL, Line, until


@pytest.fixture
def folder(hass: HomeAssistant) -> Path:
    return Path(hass.config.path(DOMAIN))


async def back_up(hass: HomeAssistant, during: Callable[[], None] = lambda: None) -> Path:
    """Have Home Assistant make a backup, doing something in its midst, in its thread, and return the file."""
    assert await async_setup_component(hass, "backup", {})
    await hass.async_block_till_done()
    write = CoreBackupReaderWriter._mkdir_and_generate_backup_contents

    def written(*args: Any) -> tuple[Path, int]:
        during()
        return write(*args)

    with patch.object(CoreBackupReaderWriter, "_mkdir_and_generate_backup_contents", written):
        await async_get_manager(hass).async_create_backup(
            agent_ids=["backup.local"],
            include_addons=None,
            include_all_addons=False,
            include_database=True,
            include_folders=None,
            include_homeassistant=True,
            name="Test",
            password=None,
        )
    await hass.async_block_till_done()
    (file,) = Path(hass.config.path("backups")).glob("*.tar")  # noqa: ASYNC240 - a test may wait
    return file


async def restored(hass: HomeAssistant, backup: Path, to: Path) -> Library:
    """Restore a backup as the next start would, and open the library that is in it."""
    await hass.async_add_executor_job(to.mkdir)
    content = RestoreBackupFileContent(backup, None, False, True, True)
    await hass.async_add_executor_job(_extract_backup, to, content)
    with closing(sqlite3.connect(to / DOMAIN / "library.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    library = Library(to / DOMAIN)
    await library.open()
    await library.recover(repair_wav)
    return library


def seconds(path: Path) -> float:
    """Return how long a file plays."""
    with wave.open(str(path)) as wav:
        return float(wav.getnframes() / wav.getframerate())


async def all_of(library: Library, line: Line) -> dict[str, float]:
    """Return how long each clip of a library plays, by its id; all rows and files must agree."""
    clips = [clip for path in line.clips if (clip := await library.clip(path.stem)) is not None]
    assert all(abs(seconds(clip.path) - clip.duration) < 0.05 for clip in clips)
    return {clip.id: clip.duration for clip in clips}


async def test_what_was_said_is_in_the_backup_and_plays(
    hass: HomeAssistant, machine: Line, tmp_path: Path
) -> None:
    await machine.call()
    await machine.told("recording_saved")
    await until(lambda: bool(TERMINAL & {*machine.kinds}))
    await hass.async_block_till_done()
    (clip,) = [path.stem for path in machine.clips]

    library = await restored(hass, await back_up(hass), tmp_path / "restored")

    found = await library.clip(clip)
    call = await library.last_call(machine.entry.entry_id)
    await library.close()
    assert found is not None and found.path.is_relative_to(tmp_path / "restored")
    assert found.path.read_bytes() == machine.clips[0].read_bytes()
    assert found.caller_name == "Anna Smith"
    assert found.duration == pytest.approx(seconds(found.path))
    assert call is not None and call.outcome == "ended"


async def test_a_call_goes_on_and_is_recorded_while_a_backup_is_made(
    hass: HomeAssistant, machine: Line, folder: Path, tmp_path: Path
) -> None:
    before = await keep(machine)
    loop, called = hass.loop, []

    async def be_called() -> None:
        size = (folder / "library.db").stat().st_size, (folder / "library.db").read_bytes()
        await machine.call()
        await machine.told("recording_saved")
        await machine.library.delete_clip(before)
        assert size == ((folder / "library.db").stat().st_size, (folder / "library.db").read_bytes())
        called.append(len(machine.clips))

    backup = await back_up(hass, lambda: asyncio.run_coroutine_threadsafe(be_called(), loop).result(20))
    await until(lambda: len(machine.clips) == 1)

    # Neither was the file gone while the backup was made, nor is it left afterwards.
    assert called == [2]
    assert not (folder / MARK).exists()
    assert machine.clips[0].stem != before
    library = await restored(hass, backup, tmp_path / "restored")
    assert set(await all_of(library, machine)) == {machine.clips[0].stem}
    await library.close()


async def test_a_recording_that_is_being_made_is_in_the_backup_as_far_as_it_had_come(
    hass: HomeAssistant, line: Line, tmp_path: Path
) -> None:
    call = await line.call(LISTENER)
    await act(line, "answer", record=True)
    await line.has_recorded()
    (recording,) = [path.stem for path in line.clips]

    backup = await back_up(hass)
    saved = await act(line, "stop_recording")
    line.cloud.sip.do(call, Step.HANG_UP)
    await line.told("ended")
    await hass.async_block_till_done()

    assert saved["clip"] == recording
    library = await restored(hass, backup, tmp_path / "restored")
    found = await library.clip(recording)
    call_there = await library.last_call(line.entry.entry_id)
    await library.close()
    assert found is not None and found.state == "saved" and found.line_id == line.entry.entry_id
    assert found.duration == pytest.approx(seconds(found.path))
    assert 0 < found.duration <= seconds(line.clips[0])
    assert call_there is not None and call_there.end_reason == "network_error"


async def test_a_backup_taken_apart_by_what_went_on_is_mended_where_it_is_restored(
    hass: HomeAssistant, machine: Line, folder: Path, tmp_path: Path
) -> None:
    whole, torn, unfiled, gone = [await keep(machine, minutes=minutes) for minutes in range(4)]
    backup = await back_up(hass)
    to = tmp_path / "restored"
    await hass.async_add_executor_job(to.mkdir)
    content = RestoreBackupFileContent(backup, None, False, True, True)
    await hass.async_add_executor_job(_extract_backup, to, content)
    assert (to / DOMAIN / MARK).exists()
    month = next((to / DOMAIN / "clips").iterdir())
    sound = (month / f"{torn}.wav").read_bytes()
    (month / f"{torn}.wav").write_bytes(sound[: 44 + 16000])
    (month / f"{gone}.wav").unlink()
    with closing(sqlite3.connect(to / DOMAIN / "library.db", autocommit=True)) as connection:
        connection.execute("DELETE FROM clips WHERE id = ?", (unfiled,))

    library = Library(to / DOMAIN)
    await library.open()
    await library.recover(repair_wav)

    found = [await library.clip(clip) for clip in (whole, torn, unfiled, gone)]
    await library.close()
    assert [clip and (clip.state, clip.duration, clip.line_id) for clip in found] == [
        ("saved", 2.04, machine.entry.entry_id),
        ("saved", 1.0, machine.entry.entry_id),
        ("saved", 2.0, "recovered"),
        None,
    ]
    assert not (to / DOMAIN / MARK).exists()


async def test_a_backup_that_never_ends_holds_nothing_up_for_long(
    hass: HomeAssistant, machine: Line, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = await keep(machine)
    await async_pre_backup(hass)
    await machine.library.delete_clip(clip)
    assert len(machine.clips) == 1

    async_fire_time_changed(hass, dt_util.utcnow() + LONGEST)
    await hass.async_block_till_done(wait_background_tasks=True)
    await until(lambda: not machine.clips)

    assert "A backup began 2:00:00 ago and has not ended" in caplog.text
    await async_post_backup(hass)
    assert not (folder / MARK).exists()


async def test_a_backup_begun_again_lasts_as_long_as_any(
    hass: HomeAssistant, machine: Line, folder: Path
) -> None:
    await async_pre_backup(hass)
    await async_pre_backup(hass)
    assert (folder / MARK).exists()

    await async_post_backup(hass)
    assert not (folder / MARK).exists()
    # Nobody else is left who would keep the library open.
    await hass.config_entries.async_unload(machine.entry.entry_id)
    assert DATA_LIBRARY not in hass.data


async def test_the_library_stays_open_while_its_last_line_is_unloaded(
    hass: HomeAssistant, machine: Line, folder: Path
) -> None:
    await keep(machine)
    await async_pre_backup(hass)
    log = (folder / "library.db-wal").stat().st_size

    await hass.config_entries.async_unload(machine.entry.entry_id)
    assert (folder / "library.db-wal").stat().st_size >= log

    await async_post_backup(hass)
    assert DATA_LIBRARY not in hass.data


async def test_without_a_line_there_is_nothing_to_hold(hass: HomeAssistant, folder: Path) -> None:
    await async_pre_backup(hass)
    await async_post_backup(hass)
    assert not await hass.async_add_executor_job(folder.exists)


@pytest.mark.parametrize("error", [LibraryFullError(), TimeoutError()])
async def test_a_library_that_fails_holds_no_backup_up(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    resources = await async_acquire(hass)
    with patch.object(resources.library, "hold", side_effect=error):
        await async_pre_backup(hass)
    with patch.object(resources.library, "resume", side_effect=error):
        await async_post_backup(hass)

    assert "could not be prepared for a backup" in caplog.text
    assert "did not go on as usual" in caplog.text
    assert (str(error) or "it is busy") in caplog.text
    await async_release(hass)
    assert DATA_LIBRARY not in hass.data


async def test_a_busy_library_is_not_waited_for_for_ever(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.backup._PATIENCE", 0.01)
    resources = await async_acquire(hass)
    await resources.library.begin_clip("line", datetime.now(UTC))
    never = asyncio.Event()
    with patch.object(resources.library, "hold", never.wait):
        await async_pre_backup(hass)

    assert "it is busy" in caplog.text
    await async_post_backup(hass)
    await async_release(hass)
