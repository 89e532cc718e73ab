"""A disk that is full, can't be written or is gone: the line goes on, and so does everything as soon as the disk does."""

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from functools import partial
import io
import logging
from pathlib import Path
import sqlite3
from unittest.mock import patch
import wave

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ringcentral.clips import storage
from custom_components.ringcentral.clips.removed_lines import DATA_REMOVED, RemovedLine
from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.library import Library, LibraryDamagedError, LibraryFullError
from custom_components.ringcentral.library.store import Shelves
from simulator.call import Call
from simulator.caller import Manner, Step
from simulator.clip import check_clip
from simulator.ringcentral import RingCentral
from tests.disk import SmallDisk, make_read_only, small_disk
from tests.line import ANNA, SPEECH, Line, add_line, set_up_line, until
from tests.test_issues import open_issues
from tests.translations import EN

TALKER = replace(ANNA, manner=Manner(speech=SPEECH * 40, stay=True))
"""Has ten seconds to say."""
IMPATIENT = replace(ANNA, ring_for=0.4)


@pytest.fixture
def folder(hass_config_dir: str) -> Path:
    return Path(hass_config_dir) / DOMAIN


@pytest.fixture(params=[True, False], ids=["real", "pretended"])
def disk(
    folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Generator[SmallDisk]:
    """Return the small disk that the library is on."""
    monkeypatch.setattr(storage, "LOW", 0)
    monkeypatch.setattr(storage, "ENOUGH", 0)
    with small_disk(folder, real=request.param) as disk:
        yield disk


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged of the disk."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "custom_components.ringcentral"
        and any(
            words in record.getMessage() for words in ("kept at the moment", "kept again", "hardly any room")
        )
    ]


async def after_a_minute(hass: HomeAssistant) -> None:
    """Let the disk be tried again."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=storage.RETRY + 1))
    await hass.async_block_till_done(wait_background_tasks=True)


async def leave_a_message(line: Line, saved: int) -> Call:
    """Leave a message, and wait until it is the so-manieth that is saved."""
    call = await line.call()
    await line.told("recording_saved", saved)
    return call


async def outcomes(line: Line) -> list[str | None]:
    """Return how the calls ended that were filed, oldest first."""
    return [call.outcome for call in reversed(await line.library.calls(line.entry.entry_id))]


async def exact(line: Line, call: Call, clip: str) -> None:
    """Hold a clip against what was said."""
    found = await line.library.clip(clip)
    assert found is not None
    assert check_clip(found.path.read_bytes(), call)


def put_in_the_way(folder: Path) -> None:
    folder.write_text("in the way")


def remove(path: Path) -> None:
    path.unlink()


def move(folder: Path, target: Path) -> None:
    folder.rename(target)


def present(*folders: Path) -> list[bool]:
    return [folder.exists() for folder in folders]


def sound(path: Path) -> bytes:
    with wave.open(io.BytesIO(path.read_bytes())) as file:
        return bytes(file.readframes(file.getnframes()))


async def test_a_disk_that_fills_up_in_a_call_costs_only_what_came_after(
    hass: HomeAssistant, disk: SmallDisk, machine: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = await leave_a_message(machine, 1)

    cut = await machine.call(TALKER)
    await machine.has_recorded(2)
    disk.fill()
    heard = len(cut.voice.sent)
    await until(lambda: len(cut.voice.sent) > heard + 75)
    assert not cut.outcome
    machine.cloud.sip.do(cut, Step.HANG_UP)
    assert (await machine.told("ended", 2))["end_reason"] == "remote_hangup"
    await until(lambda: "library_full" in open_issues(hass))

    missed = await machine.call(IMPATIENT)
    await machine.told("missed")
    assert missed.answers == 0
    await exact(machine, before, machine.of("recording_saved")[0]["clip"])
    await after_a_minute(hass)
    (issue,) = open_issues(hass).values()
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["recordings"] == "1"
    assert int(issue.translation_placeholders["lost"]) >= 1

    disk.free()
    await after_a_minute(hass)
    assert open_issues(hass) == {}
    cut_short = await machine.told("recording_saved", 2)
    clip = await machine.library.clip(cut_short["clip"])
    assert clip is not None
    assert 0 < len(sound(clip.path)) == 16000 * clip.duration
    assert clip.caller == ANNA.number
    await machine.told("voicemail", 2)
    again = await leave_a_message(machine, 3)
    await exact(machine, again, machine.of("recording_saved")[2]["clip"])
    await machine.told("ended", 3)
    await hass.async_block_till_done()
    assert await outcomes(machine) == ["ended", "ended", "missed", "ended"]
    broke, mended = told(caplog)
    assert broke.startswith("Calls and recordings can't be kept at the moment: There is no room left")
    assert mended.startswith("Calls and recordings are kept again; of 1 recordings ")


async def test_a_disk_that_is_freed_in_the_call_goes_on_being_written(
    hass: HomeAssistant, disk: SmallDisk, machine: Line
) -> None:
    call = await machine.call(TALKER)
    await machine.has_recorded()
    disk.fill()
    heard = len(call.voice.sent)
    await until(lambda: len(call.voice.sent) > heard + 75)
    disk.free()
    heard = len(call.voice.sent)
    await until(lambda: len(call.voice.sent) > heard + 75)
    machine.cloud.sip.do(call, Step.HANG_UP)
    saved = await machine.told("recording_saved")

    (clip,) = machine.clips
    assert saved["duration"] > 3
    frames = sound(clip)
    assert any(frames[:8000])
    assert any(frames[-8000:])
    await after_a_minute(hass)
    assert open_issues(hass) == {}


async def test_a_folder_that_cannot_be_written_keeps_nobody_from_calling(
    hass: HomeAssistant, folder: Path, machine: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = await leave_a_message(machine, 1)
    writable = make_read_only(folder)
    try:
        missed = await machine.call(IMPATIENT)
        await machine.told("missed")
        assert missed.answers == 0
        assert set(open_issues(hass)) == {"library_no_access"}
        await after_a_minute(hass)
        assert set(open_issues(hass)) == {"library_no_access"}
        await exact(machine, before, machine.of("recording_saved")[0]["clip"])
    finally:
        writable()

    await after_a_minute(hass)
    assert open_issues(hass) == {}
    call = await leave_a_message(machine, 2)
    await exact(machine, call, machine.of("recording_saved")[1]["clip"])
    await machine.told("ended", 2)
    await hass.async_block_till_done()
    assert await outcomes(machine) == ["ended", "missed", "ended"]
    assert len(told(caplog)) == 2


async def test_a_line_rings_from_the_start_without_a_folder_to_write_to(
    hass: HomeAssistant, folder: Path, cloud: RingCentral, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    put_in_the_way(folder)
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0)
    assert set(open_issues(hass)) == {"library_no_access"}
    await line.call(IMPATIENT)
    await line.told("missed")

    remove(folder)
    await after_a_minute(hass)

    assert open_issues(hass) == {}
    await until(lambda: line.state("sensor", "missed_calls").state == "1")
    call = await leave_a_message(line, 1)
    await exact(line, call, line.of("recording_saved")[0]["clip"])
    assert await outcomes(line) == ["missed", "ended"]
    assert len(told(caplog)) == 2


async def test_a_folder_that_is_unplugged_in_a_call_is_waited_for(
    hass: HomeAssistant, folder: Path, machine: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = await leave_a_message(machine, 1)
    call = await machine.call(TALKER)
    await machine.has_recorded(2)
    away = folder.with_name("away")
    move(folder, away)
    heard = len(call.voice.sent)
    await until(lambda: len(call.voice.sent) > heard + 50)
    machine.cloud.sip.do(call, Step.HANG_UP)
    await machine.told("ended", 2)
    await until(lambda: "library_gone" in open_issues(hass))
    await machine.call(IMPATIENT)
    await machine.told("missed")
    await after_a_minute(hass)
    assert set(open_issues(hass)) == {"library_gone"}
    # What is made in its place would be in its way.
    assert present(folder, away) == [False, True]

    move(away, folder)
    await after_a_minute(hass)

    assert open_issues(hass) == {}
    await machine.told("recording_saved", 2)
    await exact(machine, before, machine.of("recording_saved")[0]["clip"])
    clip = await machine.library.clip(machine.of("recording_saved")[1]["clip"])
    assert clip is not None
    assert len(sound(clip.path)) == 16000 * clip.duration > 16000
    again = await leave_a_message(machine, 3)
    await exact(machine, again, machine.of("recording_saved")[2]["clip"])
    await machine.told("ended", 3)
    await hass.async_block_till_done()
    assert await outcomes(machine) == ["ended", "ended", "missed", "ended"]
    assert len(told(caplog)) == 2


async def test_a_full_disk_is_found_at_the_start(
    hass: HomeAssistant, disk: SmallDisk, cloud: RingCentral
) -> None:
    disk.fill(left=100_000)
    line = await set_up_line(hass, cloud)
    assert set(open_issues(hass)) == {"library_full"}
    await line.call(IMPATIENT)

    await hass.config_entries.async_unload(line.entry.entry_id)
    assert open_issues(hass) == {}


@pytest.mark.parametrize(
    ("free", "warned"),
    [(storage.LOW - 1, True), (storage.LOW, False)],
)
async def test_little_room_is_told_before_there_is_none(
    hass: HomeAssistant, cloud: RingCentral, free: int, warned: bool
) -> None:
    with patch.object(Library, "room", return_value=free):
        await set_up_line(hass, cloud)

    assert set(open_issues(hass)) == ({"library_low"} if warned else set())


async def test_little_room_is_found_when_a_recording_starts_and_told_once(
    hass: HomeAssistant, machine: Line, caplog: pytest.LogCaptureFixture
) -> None:
    with patch.object(Library, "room", return_value=storage.LOW - 1):
        for count in (1, 2):
            await leave_a_message(machine, count)
            await until(lambda: "library_low" in open_issues(hass))

    assert told(caplog) == ["There is hardly any room left for recordings: 499 MB"]


async def test_it_is_looked_for_room_by_night(
    hass: HomeAssistant, line: Line, freezer: FrozenDateTimeFactory
) -> None:
    for free, left in (
        (storage.LOW - 1, {"library_low"}),
        (storage.ENOUGH - 1, {"library_low"}),
        (storage.ENOUGH, set()),
        (storage.ENOUGH - 1, set()),
    ):
        with patch.object(Library, "room", return_value=free):
            await let_it_be_five(hass, freezer)
        assert set(open_issues(hass)) == left
    with patch.object(Library, "room", side_effect=LibraryFullError):
        await let_it_be_five(hass, freezer)


async def let_it_be_five(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    night = dt_util.now().replace(hour=storage.HOUR, minute=1, second=0) + timedelta(days=1)
    freezer.move_to(night)
    async_fire_time_changed(hass, night)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_a_library_that_is_damaged_at_work_is_begun_anew_by_itself(
    hass: HomeAssistant, folder: Path, machine: Line, caplog: pytest.LogCaptureFixture
) -> None:
    first = await leave_a_message(machine, 1)
    await machine.told("ended")
    await hass.async_block_till_done(wait_background_tasks=True)
    with pytest.raises(LibraryDamagedError):
        await machine.library._run(partial(spoil, folder / "library.db"))
    assert set(open_issues(hass)) == {"library_damaged"}

    await after_a_minute(hass)

    assert open_issues(hass) == {}
    assert "begun anew; the old one is kept as library.db.broken-" in caplog.text
    await exact(machine, first, machine.of("recording_saved")[0]["clip"])
    call = await leave_a_message(machine, 2)
    await exact(machine, call, machine.of("recording_saved")[1]["clip"])
    # There is no other line.
    assert (await machine.library.totals())[machine.entry.entry_id].count == 2


async def test_a_line_is_not_given_what_may_be_of_one_that_was_removed(
    hass: HomeAssistant, folder: Path, machine: Line
) -> None:
    hass.data[DATA_REMOVED].lines["gone"] = RemovedLine("Office", 30, 0)
    await leave_a_message(machine, 1)
    await machine.told("ended")
    await hass.async_block_till_done(wait_background_tasks=True)
    with pytest.raises(LibraryDamagedError):
        await machine.library._run(partial(spoil, folder / "library.db"))

    await after_a_minute(hass)

    assert {line: total.count for line, total in (await machine.library.totals()).items()} == {"recovered": 1}


async def test_of_several_lines_none_is_given_what_was_found_again(
    hass: HomeAssistant, folder: Path, cloud: RingCentral
) -> None:
    await add_line(hass, cloud, name="Office")
    machine = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0)
    await leave_a_message(machine, 1)
    await machine.told("ended")
    await hass.async_block_till_done(wait_background_tasks=True)
    with pytest.raises(LibraryDamagedError):
        await machine.library._run(partial(spoil, folder / "library.db"))

    await after_a_minute(hass)

    assert {line: total.count for line, total in (await machine.library.totals()).items()} == {"recovered": 1}


def spoil(path: Path, shelves: Shelves) -> None:
    """Damage a database that is in use, and have that found."""
    shelves.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(bytes([0xA5]) * (path.stat().st_size - 4096))
    error = sqlite3.DatabaseError()
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    raise error


async def test_each_entry_has_words_for_what_it_tells(hass: HomeAssistant) -> None:
    kinds = {key for key in EN["issues"] if key.startswith("library_")}

    assert kinds == {"library_low"} | {key for key in EN["exceptions"] if key.startswith("library_")} - {
        "library_closed"
    }
    for kind in kinds:
        for text in EN["issues"][kind].values():
            assert text.format_map({"recordings": 1, "saved": 2, "lost": 3, "megabytes": 4})
