"""The switches of a line; what counts is what the caller hears and what is kept."""

import asyncio
from unittest.mock import patch

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.ringcentral.calls.call_desk import Wanted
from custom_components.ringcentral.calls.conversation import Conversation
from custom_components.ringcentral.calls.voice import Speech
from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.library import Library, LibraryFullError
from custom_components.ringcentral.softphone.media import MediaError, MediaSession
from simulator.call import Call
from simulator.caller import Step
from simulator.ringcentral import RingCentral

from .line import ANNA, LISTENER, SOUNDS, Line, set_up_line, until


async def turn(line: Line, switch: str, state: str) -> None:
    await line.hass.services.async_call(
        "switch", f"turn_{state}", {"entity_id": f"switch.reception_{switch}"}, blocking=True
    )


async def answer(line: Line) -> None:
    await line.hass.services.async_call(
        "button", "press", {"entity_id": "button.reception_answer"}, blocking=True
    )


def heard(call: Call, sound: bytes) -> bool:
    return sound in b"".join(call.voice.heard)


@pytest.fixture
async def recorder(hass: HomeAssistant, cloud: RingCentral) -> Line:
    """Return a line that records every call."""
    return await set_up_line(hass, cloud, recording="incoming")


@pytest.mark.parametrize("platforms", [[Platform.SWITCH]], ids=["switch"])
async def test_the_entities_are_registered_under_the_line(
    hass: HomeAssistant, line: Line, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, line.entry.entry_id)


@pytest.mark.parametrize("switch", ["do_not_disturb", "record_calls"])
async def test_a_switch_outlives_a_reload_and_does_not_disturb_the_line(line: Line, switch: str) -> None:
    before = line.entry.runtime_data
    assert line.state("switch", switch).state == "off"

    await turn(line, switch, "on")
    assert line.state("switch", switch).state == "on"
    assert line.entry.runtime_data is before

    await line.reload()
    assert line.state("switch", switch).state == "on"
    await turn(line, switch, "off")
    assert line.state("switch", switch).state == "off"


@pytest.mark.parametrize("chosen", ["off", "messages", "on_demand"])
async def test_the_switch_takes_nothing_for_granted(
    hass: HomeAssistant, cloud: RingCentral, chosen: str
) -> None:
    line = await set_up_line(hass, cloud, recording=chosen)
    await turn(line, "record_calls", "off")
    assert line.state("select", "recording").state == chosen

    await turn(line, "record_calls", "on")
    assert line.state("select", "recording").state == "incoming"
    await turn(line, "record_calls", "off")
    assert line.state("select", "recording").state == "on_demand"


async def test_do_not_disturb_holds_for_the_next_call(line: Line) -> None:
    await turn(line, "do_not_disturb", "on")
    call = await line.cloud.call(ANNA)
    await line.told("declined")
    await line.cloud.sip.ended(call)
    assert call.status == 486

    await turn(line, "do_not_disturb", "off")
    await line.call()


async def test_the_caller_is_told_before_a_call_is_recorded(recorder: Line) -> None:
    call = await recorder.call(LISTENER)
    await answer(recorder)
    await recorder.told("recording_started")

    assert heard(call, SOUNDS.recorded)
    await asyncio.sleep(0.2)
    recorder.cloud.sip.do(call, Step.HANG_UP)
    saved = await recorder.told("recording_saved")
    assert saved["duration"] > 0
    assert recorder.kinds == ["incoming", "answered", "recording_started", "ended", "recording_saved"]


async def test_a_call_is_recorded_once_however_often_it_is_on_hold(recorder: Line) -> None:
    call = await recorder.call(LISTENER)
    await answer(recorder)
    await recorder.told("recording_started")
    recorder.cloud.sip.do(call, Step.HOLD)
    await until(lambda: recorder.state("sensor", "call_state").state == "on_hold")
    recorder.cloud.sip.do(call, Step.RESUME)
    await until(lambda: recorder.state("sensor", "call_state").state == "talking")

    assert recorder.kinds.count("recording_started") == 1


async def test_without_the_switch_nothing_is_recorded(line: Line) -> None:
    call = await line.call(LISTENER)
    await answer(line)
    await asyncio.sleep(0.4)

    assert line.kinds == ["incoming", "answered"]
    assert not heard(call, SOUNDS.recorded)


async def test_what_is_to_be_said_waits_until_the_caller_was_told(recorder: Line) -> None:
    message = bytes(range(0x20, 0x70)) * 10

    async def render(what: Speech) -> bytes:
        return message

    recorder.entry.runtime_data.voice.render = render
    call = await recorder.call(LISTENER)
    response = await recorder.hass.services.async_call(
        DOMAIN,
        "answer",
        {"entity_id": "event.reception_call", "message": "Come in", "record": True},
        blocking=True,
        return_response=True,
    )

    assert response is not None and response["completed"] is True
    await until(lambda: heard(call, message))
    sound = b"".join(call.voice.heard)
    assert sound.index(SOUNDS.recorded) < sound.index(message)
    assert recorder.kinds.count("recording_started") == 1


async def test_who_hangs_up_while_being_told_is_not_recorded(recorder: Line) -> None:
    call = await recorder.call(LISTENER)
    await answer(recorder)
    recorder.cloud.sip.do(call, Step.HANG_UP)
    await recorder.told("ended")
    await recorder.hass.async_block_till_done(wait_background_tasks=True)

    assert recorder.kinds == ["incoming", "answered", "ended"]
    assert recorder.clips == []


async def test_a_message_on_the_answering_machine_is_recorded_only_once(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(
        hass, cloud, answer_mode="answering_machine", answer_after=0, recording="incoming"
    )
    call = await line.call()
    await line.told("voicemail")

    assert line.kinds.count("recording_saved") == 1
    assert not heard(call, SOUNDS.recorded)


async def test_a_call_that_cannot_be_recorded_goes_on_and_is_told(
    recorder: Line, caplog: pytest.LogCaptureFixture
) -> None:
    with patch.object(Library, "begin_clip", side_effect=LibraryFullError):
        call = await recorder.call(LISTENER)
        await answer(recorder)
        await until(lambda: "A call is not recorded" in caplog.text)

    assert "The disk of Home Assistant is full" in caplog.text
    assert recorder.state("sensor", "call_state").state == "talking"
    await until(lambda: heard(call, SOUNDS.recorded))


async def test_what_waits_to_be_said_is_dropped_when_the_caller_hangs_up(recorder: Line) -> None:
    async def render(what: Speech) -> bytes:
        return b"\x20" * 800

    recorder.entry.runtime_data.voice.render = render
    call = await recorder.call(LISTENER)
    await answer(recorder)
    playing = asyncio.create_task(
        recorder.hass.services.async_call(
            DOMAIN,
            "play",
            {"entity_id": "event.reception_call", "message": "Come in"},
            blocking=True,
            return_response=True,
        )
    )
    await asyncio.sleep(0.02)
    recorder.cloud.sip.do(call, Step.HANG_UP)

    response = await playing
    assert response is not None
    assert (response["completed"], response["end_reason"]) == (False, "remote_hangup")


async def test_who_is_gone_before_the_recording_is_no_fault(recorder: Line) -> None:
    call = await recorder.call(LISTENER)
    live = recorder.entry.runtime_data.desk.find(Wanted.RINGING)
    await answer(recorder)
    recorder.cloud.sip.do(call, Step.HANG_UP)
    await recorder.told("ended")

    with pytest.raises(HomeAssistantError) as error:
        await Conversation(recorder.entry.runtime_data, live).record()
    assert error.value.translation_key == "call_over"


async def test_what_records_already_is_told(line: Line) -> None:
    await line.call(LISTENER)
    await answer(line)
    live = line.entry.runtime_data.desk.find(Wanted.ANSWERED)

    with (
        patch.object(MediaSession, "record", side_effect=MediaError("The call is being recorded already")),
        pytest.raises(HomeAssistantError) as error,
    ):
        await Conversation(line.entry.runtime_data, live).record()

    assert error.value.translation_key == "recording_already"
    assert line.clips == []
