import asyncio
from contextlib import closing
from datetime import UTC, datetime
import logging
from pathlib import Path
import sqlite3
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ringcentral.calls.sounds import load_sounds
from custom_components.ringcentral.const import DATA_LIBRARY, DOMAIN
from custom_components.ringcentral.library import Library, LibraryTooNewError
from custom_components.ringcentral.resources import async_acquire, async_release
from custom_components.ringcentral.softphone.media.wav import WavFile

from .test_issues import open_issues


@pytest.fixture
def folder(hass: HomeAssistant) -> Path:
    return Path(hass.config.path(DOMAIN))


def of_a_newer_version(folder: Path) -> None:
    """Leave a database behind that this version doesn't know."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        connection.execute("PRAGMA user_version = 999")


async def killed_over(folder: Path, samples: int) -> str:
    """Leave behind what a run that is killed in the middle of a message does, and return the clip's id."""
    library = Library(folder)
    await library.open()
    clip = await library.begin_clip("line", datetime.now(UTC))
    wav = WavFile(clip.path)
    wav.write(0, bytes(2 * samples))
    wav.close()
    await library.close()
    return clip.id


async def test_users_share_what_is_open_until_the_last_gives_it_back(hass: HomeAssistant) -> None:
    first = await async_acquire(hass)
    second = await async_acquire(hass)
    assert first is second
    assert hass.data[DATA_LIBRARY] is first.library

    await async_release(hass)
    assert await first.library.totals() == {}

    await async_release(hass)
    assert DATA_LIBRARY not in hass.data


async def test_what_was_closed_is_opened_anew(hass: HomeAssistant) -> None:
    first = await async_acquire(hass)
    await async_release(hass)

    second = await async_acquire(hass)

    assert second is not first
    assert await second.library.totals() == {}
    await async_release(hass)


async def test_users_that_come_at_once_open_once(hass: HomeAssistant) -> None:
    with patch.object(Library, "start", autospec=True, side_effect=Library.start) as opened:
        users = await asyncio.gather(*(async_acquire(hass) for _ in range(5)))

    assert opened.call_count == 1
    assert {id(user) for user in users} == {id(users[0])}
    await asyncio.gather(*(async_release(hass) for _ in range(5)))
    assert DATA_LIBRARY not in hass.data


async def test_a_message_the_last_run_was_killed_over_is_filed(
    hass: HomeAssistant, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    clip_id = await killed_over(folder, 4000)

    resources = await async_acquire(hass)

    clip = await resources.library.clip(clip_id)
    assert clip is not None
    assert (clip.state, clip.duration) == ("saved", 0.5)
    assert "Clips of the last run that could only be filed now: 1" in caplog.text
    await async_release(hass)


async def test_a_damaged_library_is_begun_anew_and_keeps_its_sound(
    hass: HomeAssistant, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip_id = await killed_over(folder, 4000)
    (folder / "library.db").write_bytes(b"not a database" * 1000)

    resources = await async_acquire(hass)

    (told,) = [
        record.getMessage()
        for record in caplog.records
        if record.name == "custom_components.ringcentral" and record.levelno >= logging.WARNING
    ]
    assert told.startswith("The list of calls was damaged and has been begun anew")
    assert str(folder) not in told
    assert await resources.library.clip(clip_id) is not None
    await async_release(hass)


async def test_a_library_that_cannot_be_opened_is_told_and_tried_again(
    hass: HomeAssistant, folder: Path
) -> None:
    of_a_newer_version(folder)
    resources = await async_acquire(hass)
    assert set(open_issues(hass)) == {"library_too_new"}
    with pytest.raises(LibraryTooNewError):
        await resources.library.totals()

    (folder / "library.db").unlink()
    assert await resources.library.totals() == {}
    await async_release(hass)
    assert open_issues(hass) == {}


async def test_sounds_that_cannot_be_read_leave_nothing_open(hass: HomeAssistant) -> None:
    with (
        patch("custom_components.ringcentral.resources.load_sounds", side_effect=FileNotFoundError),
        pytest.raises(FileNotFoundError),
    ):
        await async_acquire(hass)

    assert DATA_LIBRARY not in hass.data


def test_the_sounds_are_there_and_as_long_as_they_should_be() -> None:
    sounds = load_sounds()

    assert 2 < len(sounds.greeting) / 8000 < 20
    assert 0.2 <= len(sounds.beep) / 8000 <= 1
    assert 1 < len(sounds.recorded) / 8000 < 5
    assert 2 < len(sounds.consent) / 8000 < 10
    assert 0.1 <= len(sounds.recording_beep) / 8000 <= 0.5
    assert "xff" not in repr(sounds)
