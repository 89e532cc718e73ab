"""What automations do in a call; what counts is what the caller heard."""

import asyncio
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.ringcentral.calls.voice import Media, Speech, louder
from custom_components.ringcentral.const import DATA_LIBRARY, DOMAIN
from custom_components.ringcentral.library import LibraryFullError
from custom_components.ringcentral.softphone.media import MediaEngine, MediaError
from simulator.call import Call
from simulator.caller import Caller, Manner, Step
from simulator.ringcentral import RingCentral
from tests.line import ANNA, LISTENER, SPEECH, Line, set_up_line, until
from tests.peers.programs import need
from tests.speaker import Speaker, tone

TALKER = Caller(number="+16505550188", name="Bo", manner=Manner(speech=SPEECH, speak_at_once=True, stay=True))


@pytest.fixture
async def speaker(hass: HomeAssistant, line: Line, monkeypatch: pytest.MonkeyPatch) -> Speaker:
    monkeypatch.setattr(hass.data["ffmpeg"], "_bin", str(need("ffmpeg")))
    speaker = Speaker()
    await speaker.set_up(hass)
    return speaker


async def act(line: Line, action: str, **data: Any) -> dict[str, Any]:
    """Do something, and return the response."""
    target = {"entity_id": f"event.{line.entry.title.lower()}_call"}
    quiet = line.hass.services.supports_response(DOMAIN, action) is SupportsResponse.NONE
    response = await line.hass.services.async_call(
        DOMAIN, action, data, blocking=True, target=target, return_response=not quiet
    )
    return dict(response or {})


async def refused(line: Line, action: str, **data: Any) -> str:
    with pytest.raises(HomeAssistantError) as error:
        await act(line, action, **data)
    assert error.value.translation_domain == DOMAIN
    assert str(error.value) != error.value.translation_key
    return str(error.value.translation_key)


async def heard(call: Call, sound: bytes) -> None:
    """Wait until the caller has heard exactly this, whatever silence is around it."""
    frames = sound.ljust(-(-len(sound) // 160) * 160, b"\xff")
    await until(lambda: frames in b"".join(call.voice.heard))


async def said(line: Line, text: str) -> bytes:
    voice = line.entry.runtime_data.voice
    return bytes(await voice.render(Speech(text)))


async def test_a_call_is_answered(line: Line) -> None:
    call = await line.call(LISTENER)

    response = await act(line, "answer")

    assert response == {
        "answered": True,
        "completed": None,
        "dtmf_sent": None,
        "call_id": line.of("incoming")[0]["call_id"],
        "end_reason": None,
    }
    await until(lambda: call.answers == 1)
    assert line.state("sensor", "call_state").state == "talking"


@pytest.mark.usefixtures("speaker")
async def test_answering_speaking_and_hanging_up_is_one_step(line: Line) -> None:
    call = await line.call(LISTENER)

    response = await act(line, "answer", message="Come in", hang_up=True)

    assert (response["answered"], response["completed"]) == (True, True)
    assert response["end_reason"] == "local_hangup"
    await heard(call, await said(line, "Come in"))
    assert line.kinds == ["incoming", "answered", "ended"]
    assert call.violations == []


async def test_a_voice_that_fails_leaves_the_call_ringing(line: Line, speaker: Speaker) -> None:
    call = await line.call(LISTENER)
    speaker.failure = RuntimeError("no credit")

    assert await refused(line, "answer", message="Come in") == "tts_failed"

    assert call.answers == 0
    assert line.state("sensor", "call_state").state == "ringing"


async def test_a_caller_who_gives_up_at_that_moment_is_no_error(line: Line, speaker: Speaker) -> None:
    call = await line.call(LISTENER)
    asked = asyncio.Event()

    async def hesitate(what: Speech) -> bytes:
        asked.set()
        await until(lambda: "missed" in line.kinds)
        return b"\xff" * 160

    line.entry.runtime_data.voice.render = hesitate
    answering = asyncio.create_task(act(line, "answer", message="Come in", record=True, hang_up=True))
    await asked.wait()
    line.cloud.sip.do(call, Step.CANCEL)

    response = await answering
    assert (response["answered"], response["completed"]) == (False, None)
    assert response["end_reason"] == "cancelled"
    assert line.clips == []


@pytest.mark.usefixtures("speaker")
async def test_what_is_played_is_heard_as_often_as_wanted(line: Line) -> None:
    call = await line.call(LISTENER)
    await act(line, "answer")

    response = await act(line, "play", message="Hi", repeat=3)

    assert (response["completed"], response["end_reason"]) == (True, None)
    once = await said(line, "Hi")
    once = once.ljust(-(-len(once) // 160) * 160, b"\xff")
    await until(lambda: b"".join(call.voice.heard).count(once) == 3)


@pytest.mark.usefixtures("speaker")
async def test_it_can_be_louder(line: Line) -> None:
    call = await line.call(LISTENER)
    await act(line, "answer")
    await act(line, "play", message="Hi", volume=50)

    await heard(call, louder(await said(line, "Hi"), 0.5))


@pytest.mark.usefixtures("speaker")
async def test_a_caller_who_hangs_up_has_not_heard_it_all(line: Line) -> None:
    call = await line.call(LISTENER)
    await act(line, "answer")
    playing = asyncio.create_task(act(line, "play", message="A very long story" * 20))
    await until(lambda: len(call.voice.heard) > 10)
    line.cloud.sip.do(call, Step.HANG_UP)

    response = await playing
    assert (response["completed"], response["end_reason"]) == (False, "remote_hangup")


@pytest.mark.usefixtures("speaker")
async def test_playing_is_stopped(line: Line) -> None:
    call = await line.call(LISTENER)
    await act(line, "answer")
    playing = asyncio.create_task(act(line, "play", message="A very long story" * 20))
    await until(lambda: len(call.voice.heard) > 10)
    await act(line, "stop")

    assert (await playing)["completed"] is False
    assert line.state("sensor", "call_state").state == "talking"


@pytest.mark.usefixtures("speaker")
async def test_an_automation_that_is_stopped_falls_silent(line: Line) -> None:
    call = await line.call(LISTENER)
    await act(line, "answer")
    playing = asyncio.create_task(act(line, "play", message="A very long story" * 20))
    await until(lambda: len(call.voice.heard) > 10)
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    session = line.entry.runtime_data.phone.session(line.of("incoming")[0]["call_id"])

    assert session._playout.playing is False


async def test_a_call_is_declined_and_hung_up(line: Line) -> None:
    await line.call(LISTENER)
    assert (await act(line, "hang_up"))["end_reason"] == "declined"
    await line.call(LISTENER)
    await act(line, "answer")
    assert (await act(line, "hang_up"))["end_reason"] == "local_hangup"
    assert line.kinds == ["incoming", "declined", "incoming", "answered", "ended"]


async def test_a_call_is_recorded_until_it_is_enough(line: Line) -> None:
    await line.call(TALKER)
    await act(line, "answer", record=True)
    recording = await line.told("recording_started")
    await asyncio.sleep(0.5)

    response = await act(line, "stop_recording")

    assert response["clip"] == recording["clip"]
    assert response["media_content_id"].endswith(response["clip"])
    assert 0.2 <= response["duration"] <= 1.0
    assert (await line.told("recording_saved"))["clip"] == response["clip"]
    assert len(line.clips) == 1
    await act(line, "start_recording")
    assert await refused(line, "start_recording") == "recording_already"


async def test_a_recording_is_filed_when_the_call_ends(line: Line) -> None:
    call = await line.call(TALKER)
    await act(line, "answer")
    await act(line, "start_recording")
    await asyncio.sleep(0.3)
    line.cloud.sip.do(call, Step.HANG_UP)

    saved = await line.told("recording_saved")
    assert saved["duration"] > 0.1
    assert line.kinds[-2:] == ["ended", "recording_saved"]


async def test_a_recording_ends_when_it_is_long_enough(line: Line) -> None:
    await line.call(TALKER)
    await act(line, "answer")
    await act(line, "start_recording", longest=1)
    first = await line.told("recording_saved")

    await act(line, "start_recording")
    assert (await act(line, "stop_recording"))["clip"] != first["clip"]


async def test_of_somebody_who_says_nothing_there_is_no_recording(line: Line) -> None:
    await line.call(LISTENER)
    await act(line, "answer")
    await act(line, "start_recording")

    assert (await act(line, "stop_recording"))["clip"] is None


async def test_nothing_is_stopped_that_does_not_run(line: Line) -> None:
    await line.call(LISTENER)
    await act(line, "answer")

    assert await refused(line, "stop_recording") == "not_recording"


async def test_a_recording_that_cannot_be_kept_is_refused(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    await line.call(LISTENER)
    await act(line, "answer")

    async def full(*_: Any, **__: Any) -> None:
        raise LibraryFullError

    monkeypatch.setattr(line.hass.data[DATA_LIBRARY], "begin_clip", full)
    assert await refused(line, "start_recording") == "library_full"


async def test_nobody_is_left_on_a_silent_line_where_something_fails(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    await line.call(LISTENER)

    async def full(*_: Any, **__: Any) -> None:
        raise LibraryFullError

    monkeypatch.setattr(line.hass.data[DATA_LIBRARY], "begin_clip", full)
    assert await refused(line, "answer", record=True, hang_up=True) == "library_full"
    assert (await line.told("ended"))["end_reason"] == "local_hangup"


async def test_a_call_that_somebody_else_answers_meanwhile_is_theirs(line: Line) -> None:
    await line.call(LISTENER)

    async def hesitate(what: Speech) -> bytes:
        assert (await act(line, "answer"))["answered"] is True
        return b"\xff" * 160

    line.entry.runtime_data.voice.render = hesitate

    response = await act(line, "answer", message="Come in", hang_up=True)
    assert (response["answered"], response["end_reason"]) == (False, None)
    assert line.state("sensor", "call_state").state == "talking"


async def test_without_a_free_port_nothing_is_answered(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    await line.call(LISTENER)

    def none(_: MediaEngine) -> None:
        raise MediaError("none")

    monkeypatch.setattr(MediaEngine, "open", none)
    assert await refused(line, "answer") == "no_free_port"


async def test_a_sound_file_is_played(line: Line, speaker: Speaker, tmp_path: Path) -> None:
    file = tmp_path / "ding.wav"
    await line.hass.async_add_executor_job(file.write_bytes, tone(800.0, 0.2))
    line.hass.config.media_dirs["local"] = str(tmp_path)
    call = await line.call(LISTENER)
    await act(line, "answer", media="media-source://media_source/local/ding.wav")

    chosen: dict[str, Any] = {
        "media_content_id": "media-source://media_source/local/ding.wav",
        "metadata": {},
    }
    assert (await act(line, "play", media=chosen))["completed"] is True
    await heard(call, await line.entry.runtime_data.voice.render(Media(str(chosen["media_content_id"]))))


# Which call is meant


async def test_without_a_call_there_is_nothing_to_do(line: Line) -> None:
    assert await refused(line, "answer") == "no_call_rings"
    assert await refused(line, "hang_up") == "no_call"
    assert await refused(line, "stop") == "nobody_on_the_line"
    assert await refused(line, "hang_up", call_id="gone") == "call_over"
    await line.call(LISTENER)
    assert await refused(line, "stop") == "nobody_on_the_line"
    assert await refused(line, "stop", call_id=line.of("incoming")[0]["call_id"]) == "nobody_on_the_line"
    await act(line, "answer")
    assert await refused(line, "answer") == "no_call_rings"


async def test_of_several_calls_the_one_that_is_talked_in_is_meant_or_the_one_named(line: Line) -> None:
    first, second = await line.call(LISTENER), await line.call(ANNA)
    assert await refused(line, "answer") == "several_calls"
    ids = [event["call_id"] for event in line.of("incoming")]

    assert (await act(line, "answer", call_id=ids[1]))["call_id"] == ids[1]
    await until(lambda: (first.answers, second.answers) == (0, 1))
    assert (await act(line, "hang_up"))["call_id"] == ids[1]
    assert (await act(line, "hang_up"))["call_id"] == ids[0]


# Which line is meant


async def test_the_only_line_needs_no_target_and_any_of_its_things_is_one(
    hass: HomeAssistant, line: Line
) -> None:
    device = dr.async_entries_for_config_entry(dr.async_get(hass), line.entry.entry_id)[0]
    for target in ({}, {"device_id": device.id}, {"entity_id": ["sensor.reception_call_state"]}):
        with pytest.raises(ServiceValidationError) as error:
            await hass.services.async_call(DOMAIN, "hang_up", target, blocking=True)
        assert error.value.translation_key == "no_call"


async def test_a_target_without_a_line_is_told(hass: HomeAssistant, line: Line) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(DOMAIN, "hang_up", {"entity_id": "light.kitchen"}, blocking=True)

    assert error.value.translation_key == "target_has_no_line"


async def test_of_several_lines_the_one_with_the_call_is_meant(
    hass: HomeAssistant, cloud: RingCentral, line: Line
) -> None:
    other = await set_up_line(hass, cloud, name="Workshop")
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(DOMAIN, "hang_up", {}, blocking=True)
    assert error.value.translation_key == "several_lines"
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(DOMAIN, "hang_up", {"call_id": "gone"}, blocking=True)
    assert error.value.translation_key == "call_over"
    await cloud.call(LISTENER)
    await until(lambda: bool(line.entry.runtime_data.desk.calls or other.entry.runtime_data.desk.calls))
    (call_id,) = {**line.entry.runtime_data.desk.calls, **other.entry.runtime_data.desk.calls}

    await hass.services.async_call(DOMAIN, "hang_up", {"call_id": call_id}, blocking=True)

    await until(lambda: "declined" in line.kinds + other.kinds)


async def test_without_any_line_it_is_told(hass: HomeAssistant, line: Line) -> None:
    assert await hass.config_entries.async_unload(line.entry.entry_id)

    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(DOMAIN, "hang_up", {}, blocking=True)

    assert error.value.translation_key == "no_line"
