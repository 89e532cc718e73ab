"""The person on the phone as a player; what counts is what they heard."""

import asyncio
import gc
import logging
from pathlib import Path
from typing import Any

from homeassistant.components.media_player.const import DATA_COMPONENT
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.ringcentral.calls.voice import Media, louder
from custom_components.ringcentral.softphone import UnknownCallError
from custom_components.ringcentral.softphone.media import MediaError, MediaSession
from simulator.call import Call
from simulator.caller import Step

from .line import LISTENER, Line, until
from .peers.programs import need
from .speaker import ENGINE, Speaker, tone

PLAYER = "media_player.reception_person_on_the_phone"


@pytest.fixture
async def speaker(hass: HomeAssistant, line: Line, monkeypatch: pytest.MonkeyPatch) -> Speaker:
    monkeypatch.setattr(hass.data["ffmpeg"], "_bin", str(need("ffmpeg")))
    speaker = Speaker()
    await speaker.set_up(hass)
    return speaker


@pytest.fixture
def ding(hass: HomeAssistant, line: Line, speaker: Speaker, tmp_path: Path) -> str:
    """Return the identifier of two seconds of sound in the media folder."""
    (tmp_path / "ding.wav").write_bytes(tone(800.0, 2.0))
    hass.config.media_dirs["local"] = str(tmp_path)
    return "media-source://media_source/local/ding.wav"


async def talking(line: Line) -> Call:
    """Be called, and answer."""
    call = await line.call(LISTENER)
    await line.hass.services.async_call(
        "button", "press", {"entity_id": "button.reception_answer"}, blocking=True
    )
    return call


async def act(line: Line, action: str, **data: Any) -> None:
    await line.hass.services.async_call("media_player", action, {"entity_id": PLAYER, **data}, blocking=True)


async def play(line: Line, content_id: str, **data: Any) -> None:
    await act(line, "play_media", media_content_id=content_id, media_content_type="music", **data)


def state(line: Line) -> str:
    return line.state("media_player", "person_on_the_phone").state


def heard(call: Call, sound: bytes) -> bool:
    return sound in b"".join(call.voice.heard)


@pytest.mark.parametrize("platforms", [[Platform.MEDIA_PLAYER]], ids=["media_player"])
async def test_the_entity_is_registered_under_the_line(
    hass: HomeAssistant, line: Line, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, line.entry.entry_id)


@pytest.mark.usefixtures("speaker")
async def test_what_is_spoken_to_it_is_heard_when_the_action_is_over(line: Line) -> None:
    call = await talking(line)
    quiet = len(call.voice.heard)
    await line.hass.services.async_call(
        "tts",
        "speak",
        {"entity_id": ENGINE, "media_player_entity_id": PLAYER, "message": "Come in"},
        blocking=True,
    )

    assert state(line) == "idle"
    # The engine of these tests speaks for a twentieth of a second for each letter.
    await until(lambda: len(call.voice.heard) - quiet >= len("Come in") * 0.05 / 0.02)


async def test_something_that_is_played_goes_on_after_the_action(line: Line, ding: str) -> None:
    call = await talking(line)
    await play(line, ding)

    assert state(line) == "playing"
    sound = await line.entry.runtime_data.voice.render(Media(ding))
    await until(lambda: state(line) == "idle")
    await until(lambda: heard(call, sound))


async def test_playing_is_stopped(line: Line, ding: str) -> None:
    call = await talking(line)
    await play(line, ding)
    await until(lambda: len(call.voice.heard) > 5)
    await act(line, "media_stop")
    await until(lambda: state(line) == "idle")

    assert not heard(call, await line.entry.runtime_data.voice.render(Media(ding)))
    assert line.state("sensor", "call_state").state == "talking"


async def test_it_can_be_quieter(line: Line, ding: str) -> None:
    call = await talking(line)
    await act(line, "volume_set", volume_level=0.5)
    assert line.state("media_player", "person_on_the_phone").attributes["volume_level"] == 0.5
    await play(line, ding, announce=True)

    sound = await line.entry.runtime_data.voice.render(Media(ding))
    await until(lambda: heard(call, louder(sound, 0.5)))


async def test_without_a_call_nobody_hears_it_and_that_is_told(line: Line, ding: str) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await play(line, ding)

    assert error.value.translation_key == "nobody_on_the_line"
    assert state(line) == "idle"


async def test_who_is_only_ringing_hears_nothing_and_stopping_is_no_error(line: Line, ding: str) -> None:
    await line.call(LISTENER)
    await act(line, "media_stop")
    with pytest.raises(ServiceValidationError, match="has to be answered"):
        await play(line, ding)


@pytest.mark.usefixtures("speaker")
async def test_what_cannot_be_played_is_told(line: Line) -> None:
    await talking(line)
    with pytest.raises(HomeAssistantError) as error:
        await play(line, "media-source://media_source/local/none.wav")

    assert error.value.translation_key == "media_not_found"


async def test_only_sound_is_offered(hass: HomeAssistant, line: Line, ding: str, tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "picture.png").write_bytes, b"")
    player = hass.data[DATA_COMPONENT].get_entity(PLAYER)
    assert player is not None

    folder = await player.async_browse_media(None, "media-source://media_source/local/.")

    assert [item.title for item in folder.children or [] if not item.can_expand] == ["ding.wav"]


async def test_a_call_that_ends_before_anything_was_heard_is_told(line: Line, ding: str) -> None:
    call = await talking(line)

    async def hesitate(what: Media) -> bytes:
        line.cloud.sip.do(call, Step.HANG_UP)
        await line.told("ended")
        return b"\xff" * 160

    line.entry.runtime_data.voice.render = hesitate
    with pytest.raises(HomeAssistantError) as error:
        await play(line, ding)

    assert error.value.translation_key == "call_over"


async def test_what_fails_before_anything_was_heard_is_told(
    line: Line, ding: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await talking(line)

    def gone(call_id: str) -> MediaSession:
        raise UnknownCallError(call_id)

    monkeypatch.setattr(line.entry.runtime_data.phone, "session", gone)
    with pytest.raises(HomeAssistantError) as error:
        await play(line, ding)

    assert error.value.translation_key == "call_over"
    assert state(line) == "idle"
    gc.collect()
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_what_fails_later_is_logged_once(
    line: Line, ding: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await talking(line)
    played: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    monkeypatch.setattr(MediaSession, "play", lambda *_: played)
    await play(line, ding)
    assert state(line) == "playing"
    played.set_exception(MediaError("no way there"))
    await until(lambda: state(line) == "idle")
    await line.hass.async_block_till_done(wait_background_tasks=True)
    gc.collect()

    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "no way there" in record.getMessage()
    assert record.exc_info is None
    assert record.name == "custom_components.ringcentral"


async def test_who_hangs_up_while_something_plays_is_no_error(
    line: Line, ding: str, caplog: pytest.LogCaptureFixture
) -> None:
    call = await talking(line)
    await play(line, ding)
    await until(lambda: len(call.voice.heard) > 5)
    line.cloud.sip.do(call, Step.HANG_UP)
    await until(lambda: state(line) == "idle")
    await line.hass.async_block_till_done(wait_background_tasks=True)

    assert [record for record in caplog.records if record.levelno > logging.INFO] == []
