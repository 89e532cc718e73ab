"""A recorded call holds what each side said, each on its channel and when it was said."""

import asyncio
import io
from random import Random
import wave

import audioop
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ringcentral.calls.call_desk import Wanted
from custom_components.ringcentral.calls.conversation import Conversation
from custom_components.ringcentral.library import Clip
from custom_components.ringcentral.softphone.media.g711 import Codec
from simulator.caller import Caller, Manner, Step
from simulator.ringcentral import RingCentral
from simulator.services import Kind
from tests.line import ANNA, SPEECH, Line, set_up_line, until

POLITE = Caller(number="+16505550188", name="Bo", manner=Manner(speech=SPEECH, stay=True))
"""Speaks after the beep."""
FIRST, SECOND, THIRD = (Random(seed).randbytes(4800) for seed in range(3))
"""Six tenths of a second of noise each, in µ-law."""
ALIGNED = 320
"""Samples by which sides may be off, 40 ms."""


@pytest.fixture
async def both(hass: HomeAssistant, cloud: RingCentral) -> Line:
    return await set_up_line(hass, cloud, both_sides=True)


def talking(line: Line) -> Conversation:
    return Conversation(line.entry.runtime_data, line.entry.runtime_data.desk.find(Wanted.ANSWERED))


async def played(talk: Conversation, sound: bytes) -> None:
    assert await talk._session.play(sound)


async def saved(line: Line, clips: int = 1) -> Clip:
    event = await line.told("recording_saved", clips)
    clip = await line.library.clip(event["clip"])
    assert clip is not None
    return clip


def channels(clip: Clip) -> tuple[bytes, bytes]:
    """Return what was heard and what we said."""
    with wave.open(io.BytesIO(clip.path.read_bytes())) as file:
        assert file.getnchannels() == 2
        frames = file.readframes(file.getnframes())
    assert len(frames) // 4 == round(clip.duration * 8000)
    return audioop.tomono(frames, 2, 1, 0), audioop.tomono(frames, 2, 0, 1)


def where(sound: bytes, channel: bytes) -> int:
    """Return at which sample a sound is on a channel, all of it and in one piece."""
    at = channel.find(Codec.PCMU.to_pcm(sound))
    assert at >= 0 and at % 2 == 0
    return at // 2


async def test_what_is_said_and_what_comes_back_at_once_are_side_by_side(both: Line) -> None:
    await both.cloud.sip.serve("*43", Kind.ECHO)
    both.entry.runtime_data.phone.dial("*43")
    await until(lambda: both.state("sensor", "call_state").state == "talking")
    talk = talking(both)
    await talk.record()
    await played(talk, FIRST)
    assert await talk.hold(True)
    await played(talk, SECOND)
    assert await talk.hold(False)
    assert await talk.press("12")
    await played(talk, THIRD)
    await asyncio.sleep(0.2)
    await talk.stop_recording()

    heard, said = channels(await saved(both))
    for sound in (FIRST, THIRD):
        assert abs(where(sound, heard) - where(sound, said)) <= ALIGNED
    # On hold we are heard, and nobody else is.
    begin = where(SECOND, said)
    assert where(FIRST, said) + 4800 <= begin <= where(THIRD, said) - 4800
    assert not any(heard[2 * begin + 2 * ALIGNED : 2 * begin + 2 * len(SECOND)])
    # Nothing but what was said: no keys, and silence while nobody speaks.
    told = Codec.PCMU.to_pcm(both.entry.runtime_data.sounds.recorded)
    assert said.startswith(told)
    rest = said.removeprefix(told)
    for sound in (FIRST, SECOND, THIRD):
        rest = rest.replace(Codec.PCMU.to_pcm(sound), b"")
    assert not any(rest)


async def test_each_side_is_on_its_channel_and_the_ears_get_both(
    both: Line, hass_client: ClientSessionGenerator
) -> None:
    call = await both.call(POLITE)
    talk = Conversation(both.entry.runtime_data, both.entry.runtime_data.desk.find(Wanted.RINGING))
    assert await talk.answer()
    await talk.record()
    asked = FIRST + both.entry.runtime_data.sounds.beep
    await played(talk, asked)
    await until(lambda: SPEECH in b"".join(packet.payload for packet in call.voice.sent))
    await asyncio.sleep(0.2)
    both.cloud.sip.do(call, Step.HANG_UP)

    clip = await saved(both)
    heard, said = channels(clip)
    assert where(SPEECH, heard) >= where(asked, said) + len(asked) - ALIGNED
    assert heard.strip(b"\0") in Codec.PCMU.to_pcm(b"".join(packet.payload for packet in call.voice.sent))
    client = await hass_client()
    answer = await client.get(f"/api/ringcentral/clip/{clip.id}.wav")
    with wave.open(io.BytesIO(await answer.read())) as file:
        assert (file.getnchannels(), file.getnframes()) == (1, len(heard) // 2)
        assert file.readframes(file.getnframes()) == audioop.add(heard, said, 2)


async def test_a_message_holds_only_the_caller(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0, both_sides=True)
    await line.call(ANNA)

    clip = await saved(line)
    with wave.open(io.BytesIO(clip.path.read_bytes())) as file:
        assert file.getnchannels() == 1


async def test_without_having_been_chosen_only_the_caller_is_recorded(line: Line) -> None:
    call = await line.call(POLITE)
    talk = Conversation(line.entry.runtime_data, line.entry.runtime_data.desk.find(Wanted.RINGING))
    assert await talk.answer()
    await talk.record()
    await played(talk, FIRST)
    line.cloud.sip.do(call, Step.HANG_UP)

    clip = await saved(line)
    with wave.open(io.BytesIO(clip.path.read_bytes())) as file:
        assert file.getnchannels() == 1
        assert Codec.PCMU.to_pcm(FIRST) not in file.readframes(file.getnframes())


async def test_what_we_said_is_kept_also_where_nobody_answered_it(both: Line) -> None:
    await both.cloud.sip.serve("*44", Kind.DEAD)
    both.entry.runtime_data.phone.dial("*44")
    await until(lambda: both.state("sensor", "call_state").state == "talking")
    talk = talking(both)
    await talk.record()
    await played(talk, FIRST)
    await talk.stop_recording()

    heard, said = channels(await saved(both))
    assert not any(heard)
    where(FIRST, said)
