"""What people are told and asked before they are recorded; what counts is what they heard and what is kept."""

import asyncio
from typing import Any
from unittest.mock import patch
import wave

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.ringcentral.calls.voice import Speech
from custom_components.ringcentral.softphone.media import Codec
from simulator.call import Call
from simulator.caller import Step
from simulator.presses import Press, Way
from simulator.ringcentral import RingCentral
from tests.line import LISTENER, SOUNDS, Line, set_up_line, until

from .test_call_actions import TALKER, act, heard

OWN = bytes(range(0x18, 0x68)) * 14
ASKS: dict[str, Any] = {"recording": "incoming", "ask_consent": True}


def speak(line: Line, sounds: dict[str, bytes]) -> None:
    """Have the line's voice speak these texts so, and no others."""

    async def render(what: Speech) -> bytes:
        if what.message not in sounds:
            raise HomeAssistantError("The engine is gone")
        return sounds[what.message]

    line.entry.runtime_data.voice.render = render


def begins(line: Line) -> bytes:
    """Return the sound on disk."""
    with wave.open(str(line.clips[0])) as clip:
        return bytes(clip.readframes(clip.getnframes()))


async def saved(line: Line) -> dict[str, Any]:
    """End the call, and return what is told of its recording."""
    await line.has_recorded()
    await act(line, "hang_up")
    return dict(await line.told("recording_saved"))


async def asked(line: Line, sound: bytes = SOUNDS.consent) -> Call:
    """Call, be answered, and hear the question."""
    call = await line.call(TALKER)
    await act(line, "answer")
    await heard(call, sound)
    return call


async def unrecorded(line: Line) -> None:
    """Wait until nobody is told or asked any more, and see that nothing came of it."""
    live = next(iter(line.entry.runtime_data.desk.calls.values()))
    await until(lambda: not live.announcing)
    await line.hass.async_block_till_done()
    assert line.of("recording_started") == []
    assert line.clips == []
    assert line.state("sensor", "call_state").state == "talking"


@pytest.mark.parametrize("recording", ["incoming", "on_demand"])
async def test_the_announcement_comes_first_and_is_kept_in_the_clip(
    hass: HomeAssistant, cloud: RingCentral, recording: str
) -> None:
    line = await set_up_line(hass, cloud, recording=recording)
    call = await line.call(TALKER)
    await act(line, "answer", record=True)
    assert (await line.told("recording_started"))["consent"] == "announced"
    await heard(call, SOUNDS.recorded)

    clip = await saved(line)

    assert clip["consent"] == "announced"
    pcm = begins(line)
    assert pcm.startswith(Codec.PCMU.to_pcm(SOUNDS.recorded))
    assert len(pcm) > 2 * len(SOUNDS.recorded)
    (listed,) = (await act(line, "get_clips"))["clips"]
    (called,) = (await act(line, "get_calls"))["calls"]
    assert listed["consent"] == called["clips"][0]["consent"] == "announced"


async def test_on_demand_tells_what_came_of_it(line: Line) -> None:
    call = await line.call(TALKER)
    await act(line, "answer")

    response = await act(line, "start_recording")

    call_id = line.events[0]["call_id"]
    assert response == {"recording": True, "consent": "announced", "call_id": call_id, "end_reason": None}
    await heard(call, SOUNDS.recorded)


@pytest.mark.parametrize("action", ["answer", "start_recording"])
async def test_an_automation_may_have_told_it_in_another_way(line: Line, action: str) -> None:
    call = await line.call(TALKER)
    await act(line, "answer", **({"record": True, "announce": False} if action == "answer" else {}))
    if action == "start_recording":
        assert (await act(line, "start_recording", announce=False))["consent"] == "none"
    await line.told("recording_started")

    assert (await saved(line))["consent"] == "none"
    assert SOUNDS.recorded not in b"".join(call.voice.heard)


async def test_the_announcement_may_be_left_out(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, recording="incoming", unannounced=True)
    call = await line.call(TALKER)
    await act(line, "answer")
    await line.told("recording_started")

    assert (await saved(line))["consent"] == "none"
    assert SOUNDS.recorded not in b"".join(call.voice.heard)


async def test_an_announcement_of_your_own_is_spoken(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, recording="incoming", announcement="Smile, you are recorded")
    speak(line, {"Smile, you are recorded": OWN})
    call = await line.call(TALKER)
    await act(line, "answer")
    await line.told("recording_started")

    await heard(call, OWN)
    await saved(line)
    assert begins(line).startswith(Codec.PCMU.to_pcm(OWN))


async def test_what_is_said_is_made_while_it_rings(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, announcement="Smile", consent_question="May I?", **ASKS)
    made: list[str] = []

    async def render(what: Speech) -> bytes:
        made.append(what.message)
        if what.message == "May I?":
            raise HomeAssistantError("The engine is gone")
        return OWN

    line.entry.runtime_data.voice.render = render
    call = await line.call(TALKER)
    await until(lambda: made == ["May I?", "Smile"])
    assert call.answers == 0


async def test_an_announcement_that_cannot_be_spoken_is_the_usual_one(
    hass: HomeAssistant, cloud: RingCentral, caplog: pytest.LogCaptureFixture
) -> None:
    line = await set_up_line(hass, cloud, recording="incoming", announcement="Smile")
    speak(line, {})
    call = await line.call(TALKER)
    await act(line, "answer")
    await line.told("recording_started")

    await heard(call, SOUNDS.recorded)
    assert "Callers hear the announcement of a recording that comes with the integration" in caplog.text


async def test_messages_keep_that_a_greeting_asked_for_them(machine: Line) -> None:
    await machine.call()
    assert (await machine.told("voicemail"))["consent"] == "greeted"
    assert machine.of("recording_saved")[0]["consent"] == "greeted"


@pytest.mark.parametrize("way", [Way.RELAY, Way.EVENT])
async def test_who_agrees_is_told_and_recorded(hass: HomeAssistant, cloud: RingCentral, way: Way) -> None:
    line = await set_up_line(hass, cloud, **ASKS)
    call = await asked(line)
    assert line.clips == []
    line.cloud.sip.do(call, Press("1", way))
    assert (await line.told("recording_started"))["consent"] == "agreed"

    assert (await saved(line))["consent"] == "agreed"
    sound = b"".join(call.voice.heard)
    assert sound.index(SOUNDS.consent) < sound.index(SOUNDS.recorded)
    assert begins(line).startswith(Codec.PCMU.to_pcm(SOUNDS.consent + SOUNDS.recorded))
    # It was no key for automations.
    assert line.of("dtmf") == []


async def test_another_key_is_no(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, **ASKS)
    call = await asked(line)
    line.cloud.sip.do(call, Press("2", Way.RELAY))
    await unrecorded(line)

    # A second thought is too late: it's an ordinary key now.
    line.cloud.sip.do(call, Press("1", Way.RELAY))
    assert (await line.told("dtmf"))["digit"] == "1"
    await unrecorded(line)


async def test_no_key_is_no(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, **ASKS)
    with patch("custom_components.ringcentral.calls.consent.AGREE_WITHIN", 0.05):
        await asked(line)
        await unrecorded(line)


async def test_who_hangs_up_on_the_question_is_not_recorded(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, **ASKS)
    call = await asked(line)
    line.cloud.sip.do(call, Step.HANG_UP)
    await line.told("ended")
    await hass.async_block_till_done(wait_background_tasks=True)

    assert line.kinds == ["incoming", "answered", "ended"]
    assert line.clips == []


async def test_who_stops_the_question_has_it_not_recorded(hass: HomeAssistant, cloud: RingCentral) -> None:
    long = bytes(range(0x10, 0x60)) * 400
    line = await set_up_line(hass, cloud, consent_question="May I?", **ASKS)
    speak(line, {"May I?": long})
    call = await asked(line, long[:160])
    await act(line, "stop")
    line.cloud.sip.do(call, Press("1", Way.RELAY))

    await unrecorded(line)


async def test_a_question_of_your_own_is_asked_on_demand_as_well(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(
        hass, cloud, recording="on_demand", ask_consent=True, unannounced=True, consent_question="May I?"
    )
    speak(line, {"May I?": OWN})
    call = await line.call(LISTENER)
    await act(line, "answer")
    starting = asyncio.create_task(act(line, "start_recording"))
    await heard(call, OWN)
    line.cloud.sip.do(call, Press("1", Way.RELAY))

    assert (await starting)["consent"] == "agreed"
    assert SOUNDS.recorded not in b"".join(call.voice.heard)
    await act(line, "stop_recording")

    again = asyncio.create_task(act(line, "start_recording"))
    await until(lambda: b"".join(call.voice.heard).count(OWN) == 2)
    line.cloud.sip.do(call, Press("9", Way.RELAY))
    assert {"recording": False, "consent": None}.items() <= (await again).items()


async def test_digits_are_collected_only_after_the_question(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, **ASKS)
    call = await asked(line)
    collecting = asyncio.create_task(act(line, "collect_digits", digits=1))
    await asyncio.sleep(0)
    line.cloud.sip.do(call, Press("1", Way.RELAY))
    await line.told("recording_started")
    live = next(iter(line.entry.runtime_data.desk.calls.values()))
    await until(lambda: live.listened_to)
    line.cloud.sip.do(call, Press("7", Way.RELAY))

    assert (await collecting)["digits"] == "7"


@pytest.mark.parametrize(("chosen", "beeps"), [({"recording_beep": 0.05}, True), ({}, False)])
async def test_a_beep_tells_now_and_then_that_it_goes_on(
    hass: HomeAssistant, cloud: RingCentral, chosen: dict[str, Any], beeps: bool
) -> None:
    line = await set_up_line(hass, cloud, recording="incoming", **chosen)
    call = await line.call(TALKER)
    await act(line, "answer")
    await line.told("recording_started")
    if beeps:
        await until(lambda: b"".join(call.voice.heard).count(SOUNDS.recording_beep) >= 3)
    else:
        await line.has_recorded()

    await act(line, "stop_recording")
    await heard(call, SOUNDS.recorded)
    after = b"".join(call.voice.heard).count(SOUNDS.recording_beep)
    assert bool(after) is beeps


async def test_a_message_has_no_beeps(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(
        hass, cloud, answer_mode="answering_machine", answer_after=0, recording_beep=0.01
    )
    call = await line.call()
    await line.told("voicemail")

    assert SOUNDS.recording_beep not in b"".join(call.voice.heard)
