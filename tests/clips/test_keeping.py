"""What is old, or takes too much room, goes by night."""

from datetime import timedelta
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ringcentral.clips.keeping import SOON
from custom_components.ringcentral.library import RECOVERED_LINE_ID, Clip, Library, LibraryFullError
from simulator.ringcentral import RingCentral
from tests.library.conftest import write_wav
from tests.line import Line, add_line, set_up_line, until

SAMPLES = 8000
BYTES = 44 + 2 * SAMPLES


async def file_clip(line: Line, days: float, *, favorite: bool = False, line_id: str | None = None) -> Clip:
    """File a clip of a second that is so many days old."""
    library, began = line.library, dt_util.utcnow() - timedelta(days=days)
    clip = await library.begin_clip(line_id or line.entry.entry_id, began)
    write_wav(clip.path, SAMPLES)
    await library.finish_clip(clip.id, 1.0)
    return await library.set_favorite(clip.id, favorite)


async def left(line: Line, *clips: Clip) -> list[bool]:
    """Return which of the clips are there still, each with its file."""
    found = [await line.library.clip(clip.id) is not None for clip in clips]
    assert found == [clip.path.exists() for clip in clips]
    return found


async def let_it_be_night(hass: HomeAssistant, freezer: FrozenDateTimeFactory | None = None) -> None:
    """Let the hour come in which it happens; with the clock, where more than one night is to pass."""
    until = (dt_util.now() + timedelta(days=1)).replace(hour=4, minute=0, second=0)
    if freezer is not None:
        freezer.move_to(until)
    async_fire_time_changed(hass, until)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_what_is_older_than_a_month_goes_by_night_and_favorites_stay(
    hass: HomeAssistant, line: Line
) -> None:
    clips = [
        await file_clip(line, 27),
        await file_clip(line, 31),
        await file_clip(line, 400, favorite=True),
    ]

    await let_it_be_night(hass)

    assert await left(line, *clips) == [True, False, True]


async def test_what_a_night_has_missed_goes_soon_after_the_start(hass: HomeAssistant, line: Line) -> None:
    clip = await file_clip(line, 31)

    async_fire_time_changed(hass, dt_util.utcnow() + SOON - timedelta(minutes=1))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await left(line, clip) == [True]

    async_fire_time_changed(hass, dt_util.utcnow() + SOON + timedelta(seconds=1))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await left(line, clip) == [False]


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [
        ({"keep_days": 0}, [True, True, True]),
        ({"keep_days": 3}, [False, False, True]),
        ({"keep_days": 0, "keep_megabytes": 1}, [True, True, True]),
    ],
)
async def test_it_is_as_chosen(
    hass: HomeAssistant, cloud: RingCentral, chosen: dict[str, int], kept: list[bool]
) -> None:
    line = await set_up_line(hass, cloud, **chosen)
    clips = [await file_clip(line, 5000), await file_clip(line, 4), await file_clip(line, 0.5)]

    await let_it_be_night(hass)

    assert await left(line, *clips) == kept


@pytest.mark.parametrize(
    ("here", "there", "kept"),
    [
        ({"keep_days": 3}, {"keep_days": 10}, [True, False]),
        ({"keep_days": 0}, {"keep_days": 3}, [True, True]),
        ({"keep_days": 3}, {"keep_days": 3}, [False, False]),
        ({"keep_days": 0, "keep_megabytes": 1}, {"keep_days": 0}, [True, True]),
    ],
)
async def test_what_was_found_again_is_kept_as_long_as_any_line_keeps_its_own(
    hass: HomeAssistant,
    cloud: RingCentral,
    here: dict[str, int],
    there: dict[str, int],
    kept: list[bool],
) -> None:
    line = await set_up_line(hass, cloud, **here)
    other = Line(hass, cloud, await add_line(hass, cloud, name="Office", **there))
    assert await hass.config_entries.async_setup(other.entry.entry_id)
    await until(lambda: other.registered)
    clips = [await file_clip(line, days, line_id=RECOVERED_LINE_ID) for days in (5, 20)]

    await let_it_be_night(hass)

    assert await left(line, *clips) == kept


async def purge(line: Line) -> object:
    return await line.hass.services.async_call(
        "ringcentral",
        "purge",
        blocking=True,
        return_response=True,
        target={"entity_id": "event.reception_call"},
    )


async def test_the_action_tells_how_much_it_was(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, keep_days=0, keep_megabytes=1)
    # 70 clips of 16 kB are more than a megabyte.
    clips = [await file_clip(line, day) for day in range(70)]
    line.entry.runtime_data.async_look_up()
    await until(lambda: line.state("sensor", "last_recording").state != "unknown")

    gone = 70 - 1_000_000 // BYTES
    assert await purge(line) == {
        "recordings": gone,
        "calls": 0,
        "megabytes": round(gone * BYTES / 1_000_000, 1),
    }
    assert await left(line, clips[-1], clips[0]) == [False, True]

    hass.config_entries.async_update_entry(line.entry, options={"keep_days": 1})
    await file_clip(line, 3)
    await purge(line)
    assert await purge(line) == {"recordings": 0, "calls": 0, "megabytes": 0.0}


async def test_the_last_recording_is_looked_up_when_it_is_gone(hass: HomeAssistant, line: Line) -> None:
    await file_clip(line, 40)
    line.entry.runtime_data.async_look_up()
    await until(lambda: line.state("sensor", "last_recording").state != "unknown")

    await purge(line)

    await until(lambda: line.state("sensor", "last_recording").state == "unknown")


async def test_a_disk_that_fails_is_told_once_and_once_when_it_is_well(
    hass: HomeAssistant, line: Line, caplog: pytest.LogCaptureFixture, freezer: FrozenDateTimeFactory
) -> None:
    with patch.object(Library, "purge", side_effect=LibraryFullError):
        for _ in range(2):
            await let_it_be_night(hass, freezer)
        with pytest.raises(HomeAssistantError) as failed:
            await purge(line)
    for _ in range(2):
        await let_it_be_night(hass, freezer)

    told = [record.message for record in caplog.records if "Old recordings" in record.message]
    assert len(told) == 2
    assert told[0].startswith("Old recordings of the line Reception can't be deleted: ")
    assert told[1] == "Old recordings of the line Reception are deleted again"
    assert failed.value.translation_key == LibraryFullError.key


async def test_a_line_that_is_gone_deletes_nothing_any_more(hass: HomeAssistant, line: Line) -> None:
    with patch.object(Library, "purge") as purged:
        await hass.config_entries.async_unload(line.entry.entry_id)
        await let_it_be_night(hass)

    purged.assert_not_called()
