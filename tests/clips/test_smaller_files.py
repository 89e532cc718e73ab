"""Recordings become smaller files where that is chosen, in their own time, and none is lost over it."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import Mock, patch

import audioop
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ringcentral.calls.conversion import ConversionError
from custom_components.ringcentral.clips import mp3, smaller_files
from custom_components.ringcentral.clips.smaller_files import WAIT
from custom_components.ringcentral.later import Later
from custom_components.ringcentral.library import Clip, Library, LibraryAccessError, Retention
from custom_components.ringcentral.softphone.media.wav import wav_header
from simulator.ringcentral import RingCentral
from simulator.speech import CALLERS
from tests.line import ANNA, Line, add_line, set_up_line
from tests.peers.programs import need

SPEECH = audioop.ulaw2lin(CALLERS[0].manner.speech, 2)
SECONDS = len(SPEECH) / 16_000


@pytest.fixture(autouse=True)
async def ffmpeg(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await async_setup_component(hass, "ffmpeg", {})
    monkeypatch.setattr(hass.data["ffmpeg"], "_bin", str(need("ffmpeg")))


@pytest.fixture
async def small(hass: HomeAssistant, cloud: RingCentral) -> Line:
    return await set_up_line(hass, cloud, smaller_files=True)


async def file_clip(line: Line, *, minutes: float = 30, pcm: bytes = SPEECH) -> Clip:
    """File a recording that began so many minutes ago."""
    library = line.library
    clip = await library.begin_clip(line.entry.entry_id, dt_util.utcnow() - timedelta(minutes=minutes))
    clip.path.write_bytes(wav_header(len(pcm) // 2) + pcm)
    return await library.finish_clip(clip.id, len(pcm) / 16_000)


async def now(line: Line, clip: Clip) -> Clip:
    found = await line.library.clip(clip.id)
    assert found is not None
    return found


async def let_it_be(hass: HomeAssistant, when: datetime) -> None:
    async_fire_time_changed(hass, when)
    await hass.async_block_till_done(wait_background_tasks=True)


async def let_it_be_night(hass: HomeAssistant, freezer: FrozenDateTimeFactory | None = None) -> None:
    when = (dt_util.now() + timedelta(days=1)).replace(hour=5, minute=0, second=0)
    if freezer is not None:
        freezer.move_to(when)
    await let_it_be(hass, when)


def files(line: Line) -> list[str]:
    return sorted(path.name for path in Path(line.hass.config.path("ringcentral")).glob("clips/*/*"))


async def test_a_recording_is_made_smaller_by_night(hass: HomeAssistant, small: Line) -> None:
    clip = await file_clip(small)

    await let_it_be_night(hass)

    found = await now(small, clip)
    assert found.path == clip.path.with_suffix(".mp3")
    assert files(small) == [found.path.name]
    assert found.size is not None and clip.size is not None
    assert found.size * 5 < clip.size
    assert (found.duration, found.envelope) == (clip.duration, clip.envelope)


async def test_what_was_not_chosen_is_not_done(hass: HomeAssistant, line: Line) -> None:
    clip = await file_clip(line)

    await let_it_be_night(hass)

    assert await now(line, clip) == clip
    assert files(line) == [clip.path.name]


async def test_what_was_recorded_is_made_smaller_ten_minutes_later_and_played_all_the_same(
    hass: HomeAssistant, cloud: RingCentral, hass_client: ClientSessionGenerator
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0, smaller_files=True)
    await line.call(ANNA)
    saved = await line.told("recording_saved")
    await hass.async_block_till_done()
    clip = await line.library.clip(saved["clip"])
    assert clip is not None

    with patch.multiple(smaller_files, WAIT=timedelta(0), _SHORTEST=0.0):
        await let_it_be(hass, dt_util.utcnow() + WAIT - timedelta(seconds=10))
        assert (await now(line, clip)).path == clip.path
        await let_it_be(hass, dt_util.utcnow() + WAIT + timedelta(seconds=10))

    assert (await now(line, clip)).path.suffix == ".mp3"
    client = await hass_client()
    for ending in ("mp3", "wav"):
        answer = await client.get(f"/api/ringcentral/clip/{clip.id}.{ending}")
        assert answer.headers["Content-Type"] == "audio/mpeg"
        assert (await answer.read()).startswith(b"\xff\xf3")


async def test_what_was_recorded_just_now_waits_for_its_turn_and_puts_nothing_off(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0, smaller_files=True)
    with patch.object(Later, "plan", autospec=True, side_effect=Later.plan) as planned:
        for calls in (1, 2):
            await line.call(ANNA)
            await line.told("recording_saved", calls)
    assert [call for call in planned.call_args_list if call.args[1] >= WAIT.total_seconds()] == []
    before = files(line)

    # As if both had been recorded a moment before the first one's turn.
    with patch.object(smaller_files, "WAIT", timedelta(hours=1)):
        await let_it_be(hass, dt_util.utcnow() + timedelta(minutes=11))
    with patch.multiple(smaller_files, WAIT=timedelta(0), _SHORTEST=0.0):
        await let_it_be(hass, dt_util.utcnow() + timedelta(minutes=59))
        assert files(line) == before
        await let_it_be(hass, dt_util.utcnow() + timedelta(minutes=61))
    assert files(line) == [name.replace(".wav", ".mp3") for name in before]


async def test_one_after_the_other_whichever_line_they_are_of(
    hass: HomeAssistant, cloud: RingCentral, small: Line
) -> None:
    entry = await add_line(hass, cloud, name="Office", smaller_files=True)
    other = Line(hass, cloud, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    clips = [await file_clip(line) for line in (small, other, small)]
    running, most = 0, 0

    async def counted(hass: HomeAssistant, clip: Path, copy: Path, seconds: float) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await mp3.async_make_copy(hass, clip, copy, seconds)
        running -= 1

    with patch.object(smaller_files, "async_make_copy", counted):
        await let_it_be_night(hass)

    assert most == 1
    assert {(await now(small, clip)).path.suffix for clip in clips} == {".mp3"}


async def test_a_recording_that_fails_stays_is_told_once_and_tried_every_night(
    hass: HomeAssistant, small: Line, caplog: pytest.LogCaptureFixture, freezer: FrozenDateTimeFactory
) -> None:
    bad, good = await file_clip(small, pcm=SPEECH[:32_000]), await file_clip(small)

    async def picky(hass: HomeAssistant, clip: Path, copy: Path, seconds: float) -> None:
        await mp3.async_make_copy(hass, clip, copy, seconds)
        if clip == bad.path:
            raise ConversionError("the copy isn't like the recording")

    with patch.object(smaller_files, "async_make_copy", picky):
        for _ in range(2):
            await let_it_be_night(hass, freezer)
    assert await now(small, bad) == bad
    assert files(small) == sorted([bad.path.name, f"{good.id}.mp3"])
    await let_it_be_night(hass, freezer)

    assert files(small) == sorted([f"{bad.id}.mp3", f"{good.id}.mp3"])
    told = [record.message for record in caplog.records if "Making recordings smaller" in record.message]
    assert told == [
        "Making recordings smaller of the line Reception failed and is tried again: the copy isn't like the recording",
        "Making recordings smaller of the line Reception works again",
    ]


async def test_without_ffmpeg_everything_stays(
    hass: HomeAssistant, small: Line, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = [await file_clip(small), await file_clip(small)]
    monkeypatch.setattr(mp3, "get_ffmpeg_manager", lambda _: Mock(binary="/nowhere/ffmpeg"))

    await let_it_be_night(hass)

    assert [await now(small, clip) for clip in clips] == clips
    assert caplog.text.count("Making recordings smaller of the line Reception failed") == 1


async def test_a_library_that_fails_is_told_and_costs_nothing(
    hass: HomeAssistant, small: Line, caplog: pytest.LogCaptureFixture
) -> None:
    clip = await file_clip(small)
    with (
        patch.object(Library, "keep_copy", side_effect=LibraryAccessError),
        patch.object(Library, "drop_copy", side_effect=LibraryAccessError),
    ):
        await let_it_be_night(hass)

    assert await now(small, clip) == clip
    assert caplog.text.count("Making recordings smaller of the line Reception failed") == 1


async def test_what_is_too_short_to_gain_anything_stays(hass: HomeAssistant, small: Line) -> None:
    clip = await file_clip(small, pcm=SPEECH[:15_998])

    await let_it_be_night(hass)

    assert await now(small, clip) == clip


@pytest.mark.parametrize("made", [True, False])
async def test_what_is_deleted_meanwhile_is_no_failure(
    hass: HomeAssistant, small: Line, caplog: pytest.LogCaptureFixture, made: bool
) -> None:
    first, second = await file_clip(small, minutes=20), await file_clip(small)
    begin = Library.begin_copy

    async def deleted(library: Library, clip_id: str, suffix: str) -> Path | None:
        begun = await begin(library, clip_id, suffix) if made else None
        if clip_id == first.id:
            await library.delete_clip(clip_id)
        return begun if made else await begin(library, clip_id, suffix)

    with patch.object(Library, "begin_copy", deleted):
        await let_it_be_night(hass)

    assert files(small) == [f"{second.id}.mp3"]
    assert ("failed" in caplog.text) is made


async def test_a_line_that_is_unloaded_meanwhile_leaves_the_recording_as_it_was(
    hass: HomeAssistant, cloud: RingCentral, small: Line
) -> None:
    other = await add_line(hass, cloud, name="Office")
    assert await hass.config_entries.async_setup(other.entry_id)
    clip = await file_clip(small)
    begun = asyncio.Event()

    async def endless(hass: HomeAssistant, clip: Path, copy: Path, seconds: float) -> None:
        await hass.async_add_executor_job(copy.write_bytes, b"half")
        begun.set()
        await asyncio.Event().wait()

    with patch.object(smaller_files, "async_make_copy", endless):
        when = (dt_util.now() + timedelta(days=1)).replace(hour=5, minute=0, second=0)
        async_fire_time_changed(hass, when)
        async with asyncio.timeout(10):
            await begun.wait()
        assert await hass.config_entries.async_unload(small.entry.entry_id)

    assert await now(small, clip) == clip
    assert files(small) == [clip.path.name]
    await let_it_be_night(hass)
    assert files(small) == [clip.path.name]


async def test_retention_goes_by_the_new_size(hass: HomeAssistant, small: Line) -> None:
    clips = [await file_clip(small, minutes=minutes) for minutes in (60, 50, 40)]
    await let_it_be_night(hass)
    sizes = [(await now(small, clip)).size or 0 for clip in clips]

    purged = await small.library.purge(Retention(most_bytes=sum(sizes)), dt_util.utcnow())
    assert purged.count == 0
    purged = await small.library.purge(Retention(most_bytes=sum(sizes) - 1), dt_util.utcnow())
    assert (purged.count, purged.bytes) == (1, sizes[0])
    assert f"{clips[0].id}.mp3" not in files(small)


async def test_a_smaller_file_is_found_again_after_the_list_of_calls_was_lost(
    hass: HomeAssistant, small: Line
) -> None:
    clip = await file_clip(small)
    await let_it_be_night(hass)
    made = (await now(small, clip)).path
    assert await hass.config_entries.async_unload(small.entry.entry_id)
    await hass.async_add_executor_job(lose, Path(hass.config.path("ringcentral")))

    assert await hass.config_entries.async_setup(small.entry.entry_id)

    found = await now(small, clip)
    assert (found.path, found.size) == (made, made.stat().st_size)
    assert found.duration == pytest.approx(clip.duration, abs=0.15)


def lose(folder: Path) -> None:
    for path in folder.glob("library.db*"):
        path.unlink()
