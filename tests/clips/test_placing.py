"""Recordings in the media folder; what counts is where the sound is."""

import logging
from pathlib import Path
import stat

from homeassistant.components.media_source import async_resolve_media
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ringcentral.clips.media_identifiers import clip_media_content_id
from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.library import LibraryDamagedError
from simulator.ringcentral import RingCentral
from tests.calls.test_call_actions import act, refused
from tests.flow import choose
from tests.line import SPEECH, Line, set_up_line, until
from tests.translations import EN

from .test_clip_actions import keep

CHOSEN = {"keep_days": 30, "keep_megabytes": 0, "in_media_folder": True}


@pytest.fixture(autouse=True)
def media(hass: HomeAssistant, tmp_path: Path) -> Path:
    hass.config.media_dirs = {"local": str(tmp_path / "media")}
    return tmp_path / "media"


def sounds(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*.wav"))


def rename(old: Path, new: Path) -> None:
    old.rename(new)


async def leave_message(line: Line) -> None:
    before = len(line.of("recording_saved"))
    await line.call()
    await line.told("recording_saved", before + 1)
    await until(lambda: line.state("sensor", "call_state").state == "idle")
    await line.hass.async_block_till_done(wait_background_tasks=True)


async def test_new_recordings_are_in_the_media_folder_and_play(
    hass: HomeAssistant, machine: Line, media: Path
) -> None:
    await leave_message(machine)
    (before,) = machine.clips

    assert (await choose(machine, "recordings", CHOSEN))["type"] is FlowResultType.CREATE_ENTRY
    await leave_message(machine)

    assert machine.clips == [before]
    (sound,) = sounds(media)
    clip = await machine.library.clip(machine.of("recording_saved")[-1]["clip"])
    assert clip is not None and clip.path == media / sound
    assert sound.parts[:2] == ("ringcentral", "reception")
    assert sound.name.endswith(f" {clip.id}.wav") and len(sound.name) == 20 + 36
    assert clip.path.stat().st_size > 44 + 2 * len(SPEECH)
    # Other programs are other users.
    assert [stat.S_IMODE(path.stat().st_mode) for path in (clip.path, before)] == [0o644, 0o600]
    played = await async_resolve_media(hass, clip_media_content_id(clip.id), None)
    assert played.path == clip.path

    await machine.reload()
    await leave_message(machine)
    assert len(sounds(media)) == 2
    await choose(machine, "recordings", CHOSEN | {"in_media_folder": False})
    assert "in_media_folder" not in machine.entry.options
    await leave_message(machine)
    assert (len(sounds(media)), len(machine.clips)) == (2, 2)


async def test_another_line_keeps_its_recordings_where_they_were(
    hass: HomeAssistant, machine: Line, media: Path
) -> None:
    await choose(machine, "recordings", CHOSEN)
    other = MockConfigEntry(domain=DOMAIN, title="Office")
    other.add_to_hass(hass)
    hass.config_entries.async_update_entry(other, options={"in_media_folder": False})
    await keep(machine, line_id=other.entry_id)
    assert sounds(media) == []
    await keep(machine, minutes=1)
    assert len(sounds(media)) == 1


async def test_a_media_folder_that_goes_is_done_without_until_it_is_back(
    machine: Line, media: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await choose(machine, "recordings", CHOSEN)
    await leave_message(machine)
    rename(media, media.with_name("unplugged"))

    await leave_message(machine)
    await leave_message(machine)
    assert len(machine.clips) == 2
    told = "Keeping recordings in the media folder of the line Reception"
    assert caplog.text.count(f"{told} failed and is tried again") == 1

    away = machine.of("recording_saved")[0]["clip"]
    assert await refused(machine, "delete_clip", clip=away) == "clip_away"
    rename(media.with_name("unplugged"), media)
    await leave_message(machine)
    assert caplog.text.count(f"{told} works again") == 1
    assert (len(machine.clips), len(sounds(media))) == (2, 2)
    await act(machine, "delete_clip", clip=away)
    assert len(sounds(media)) == 1


@pytest.mark.parametrize("missing", [True, False])
async def test_where_the_library_knows_nothing_of_it_nothing_is_told(
    machine: Line, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, missing: bool
) -> None:
    await choose(machine, "recordings", CHOSEN)

    async def nothing(_: str) -> None:
        if not missing:
            raise LibraryDamagedError

    monkeypatch.setattr(machine.library, "clip", nothing)
    await leave_message(machine)
    assert "media folder" not in caplog.text


@pytest.mark.parametrize("folders", [{}, {"local": "{file}"}])
async def test_a_folder_nothing_can_be_kept_in_is_not_chosen(
    hass: HomeAssistant, cloud: RingCentral, media: Path, folders: dict[str, str]
) -> None:
    line = await set_up_line(hass, cloud)
    file = media.with_name("file")
    await hass.async_add_executor_job(file.write_text, "mine")
    hass.config.media_dirs = {key: value.format(file=file) for key, value in folders.items()}

    form = await choose(line, "recordings", CHOSEN)

    assert form["errors"] == {"in_media_folder": "media_folder_unusable"}
    assert "{reason}" in EN["options"]["error"]["media_folder_unusable"]
    assert form["description_placeholders"]["reason"] in ("No such file or directory", "Not a directory")
    assert "in_media_folder" not in line.entry.options
    # The others can still be saved.
    assert "data" in await choose(line, "recordings", CHOSEN | {"in_media_folder": False})


async def test_without_a_folder_called_local_the_first_one_is_taken(
    hass: HomeAssistant, cloud: RingCentral, tmp_path: Path
) -> None:
    hass.config.media_dirs = {"nas": str(tmp_path / "nas"), "more": str(tmp_path / "more")}
    line = await set_up_line(hass, cloud)
    await choose(line, "recordings", CHOSEN)
    await keep(line)
    assert len(sounds(tmp_path / "nas")) == 1


async def test_without_a_media_folder_recordings_stay_with_the_library(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    hass.config.media_dirs = {}
    line = await set_up_line(hass, cloud, in_media_folder=True)
    await keep(line)
    assert len(line.clips) == 1
