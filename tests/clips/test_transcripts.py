"""What callers say is written down, told and found."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
import logging
from typing import Any
from unittest.mock import patch

from homeassistant.components.stt.const import DATA_COMPONENT
from homeassistant.core import CoreState, HomeAssistant, SupportsResponse
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed, async_mock_service

from custom_components.ringcentral.clips.summary import WORTH_IT
from custom_components.ringcentral.clips.transcripts import AGAIN
from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.library import ClipKind, Direction, Library, LibraryFullError
from simulator.caller import Manner, Step
from simulator.ringcentral import RingCentral
from tests.calls.test_call_actions import TALKER, act, refused
from tests.line import ANNA, SPOKEN, Line, set_up_line, until
from tests.listener import ENGINE, Listener
from tests.people.test_contact_list import add

from .test_clip_actions import keep as keep_old
from .test_spoken import sound, write

LONG = "The parcel is in the garden, behind the blue bin. " * 4
AI = "ai_task.writer"


@pytest.fixture
async def listener(hass: HomeAssistant) -> Listener:
    listener = Listener(["The parcel is in the garden"])
    await listener.set_up(hass)
    return listener


async def machine_with(hass: HomeAssistant, cloud: RingCentral, **options: Any) -> Line:
    chosen = {"speech_to_text": ENGINE, "answer_mode": "answering_machine", "answer_after": 0}
    return await set_up_line(hass, cloud, **{**chosen, **options})


@pytest.fixture
async def writing(hass: HomeAssistant, cloud: RingCentral, listener: Listener) -> Line:
    """Return a line whose answering machine answers at once, and whose messages are written down."""
    return await machine_with(hass, cloud)


async def keep(line: Line, hours: float = 1, kind: ClipKind = ClipKind.VOICEMAIL) -> str:
    """Keep a recording of some hours ago in which something is to be heard, and return its id."""
    began = dt_util.utcnow() - timedelta(hours=hours)
    clip = await line.library.begin_clip(line.entry.entry_id, began, kind=kind)
    await line.hass.async_add_executor_job(write, clip.path, sound((2, 0.3)))
    await line.library.finish_clip(clip.id, 2.0)
    return clip.id


async def transcripts(line: Line, *clips: str) -> list[str | None]:
    found = [await line.library.clip(clip) for clip in clips]
    return [clip.transcript if clip else None for clip in found]


def told(caplog: pytest.LogCaptureFixture, what: str) -> list[str]:
    return [record.message for record in caplog.records if record.message.startswith(what)]


async def later(hass: HomeAssistant, seconds: float) -> None:
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
    await hass.async_block_till_done(wait_background_tasks=True)


def issues(hass: HomeAssistant) -> list[str | None]:
    return [entry.translation_key for entry in ir.async_get(hass).issues.values() if entry.domain == DOMAIN]


@pytest.fixture(autouse=True)
def no_exceptions(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.get_records("call") if record.exc_info] == []


async def test_a_message_is_written_down_told_and_found(
    hass: HomeAssistant, writing: Line, listener: Listener
) -> None:
    call = await writing.call(SPOKEN)
    saved = await writing.told("voicemail")
    event = await writing.told("transcribed")

    assert writing.kinds[-3:] == ["recording_saved", "voicemail", "transcribed"]
    assert (saved["transcript"], event["transcript"]) == (None, "The parcel is in the garden")
    assert event["summary"] is None
    same = ("call_id", "clip", "media_content_id", "duration", "caller", "caller_name", "called", "direction")
    assert [event[key] for key in same] == [saved[key] for key in same]
    [(language, rate, heard)] = listener.heard
    assert (language, rate) == ("en-US", 16000)
    assert len(heard) == pytest.approx(2 * (writing.clips[0].stat().st_size - 44), abs=8)
    assert call.voice.finished

    found = await act(writing, "get_clips", text="garden parcel")
    assert [clip["clip"] for clip in found["clips"]] == [saved["clip"]]
    assert (found["clips"][0]["transcript"], found["clips"][0]["language"]) == (event["transcript"], "en-US")
    await until(
        lambda: writing.state("sensor", "last_recording").attributes["transcript"] == event["transcript"]
    )


async def test_nothing_is_sent_to_anybody_unless_that_is_chosen(
    hass: HomeAssistant, machine: Line, listener: Listener
) -> None:
    await machine.call(SPOKEN)
    saved = await machine.told("voicemail")
    await hass.async_block_till_done(wait_background_tasks=True)

    assert listener.heard == []
    assert await transcripts(machine, saved["clip"]) == [None]


async def test_the_message_is_told_and_can_be_played_while_the_engine_thinks(
    hass: HomeAssistant, writing: Line, listener: Listener
) -> None:
    listener.go_on.clear()
    await writing.call(SPOKEN)
    saved = await writing.told("voicemail")
    await until(lambda: len(listener.heard) == 1)
    assert await writing.library.last_clip(writing.entry.entry_id) is not None
    await until(lambda: writing.state("sensor", "last_recording").state != "unknown")

    # Another message waits, and a third is the first to follow.
    older, newer = await keep(writing, 2), await keep(writing, 1)
    listener.go_on.set()
    await writing.told("transcribed", 3)

    assert [event["clip"] for event in writing.of("transcribed")] == [saved["clip"], newer, older]


async def test_who_says_nothing_is_told_without_words(
    hass: HomeAssistant, writing: Line, listener: Listener
) -> None:
    await writing.call(replace(ANNA, manner=Manner(speech=b"\xff" * 2000)))

    event = await writing.told("transcribed")

    assert event["transcript"] == ""
    assert listener.heard == []
    assert await transcripts(writing, event["clip"]) == [""]


@pytest.mark.parametrize("wanted", [True, False])
async def test_calls_are_written_down_only_where_that_is_chosen(
    hass: HomeAssistant, cloud: RingCentral, listener: Listener, wanted: bool
) -> None:
    line = await machine_with(hass, cloud, answer_mode="only_tell", transcribe_calls=wanted)
    call = await line.call(TALKER)
    await act(line, "answer", record=True)
    await line.has_recorded()
    line.cloud.sip.do(call, Step.HANG_UP)
    saved = await line.told("recording_saved")
    await hass.async_block_till_done(wait_background_tasks=True)

    assert (await transcripts(line, saved["clip"]) != [None]) is wanted


async def test_what_a_start_finds_of_the_last_day_is_written_down(
    hass: HomeAssistant, cloud: RingCentral, listener: Listener
) -> None:
    line = await machine_with(hass, cloud, speech_to_text=None)
    old, recent, call = await keep(line, 25), await keep(line, 23), await keep(line, 1, ClipKind.CALL)
    assert await hass.config_entries.async_unload(line.entry.entry_id)
    hass.config_entries.async_update_entry(line.entry, options={"speech_to_text": ENGINE})

    hass.set_state(CoreState.starting)
    await hass.config_entries.async_setup(line.entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert listener.heard == [], "an engine may come later than the line"

    hass.set_state(CoreState.running)
    hass.bus.async_fire("homeassistant_started")
    await line.told("transcribed")
    await hass.async_block_till_done(wait_background_tasks=True)

    assert await transcripts(line, old, recent, call) == [None, "The parcel is in the garden", None]
    assert len(line.of("transcribed")) == 1


async def test_what_is_told_of_an_old_call_is_what_its_numbers_tell_today(
    hass: HomeAssistant, cloud: RingCentral, listener: Listener
) -> None:
    await hass.config.async_update(country="US")
    line = await machine_with(hass, cloud, speech_to_text=None)
    await add(line, "Anna", ANNA.number)
    with patch("tests.clips.test_clip_actions.START", dt_util.utcnow() - timedelta(hours=1)):
        came = await keep_old(line, kind=ClipKind.VOICEMAIL)
        went = await keep_old(line, minutes=1, kind=ClipKind.VOICEMAIL, direction=Direction.OUTGOING)

    hass.config_entries.async_update_entry(line.entry, options={"speech_to_text": ENGINE})
    await line.told("transcribed", 2)

    outgoing, incoming = line.of("transcribed")
    assert (incoming["clip"], outgoing["clip"]) == (came, went)
    assert (incoming["caller"], incoming["caller_formatted"], incoming["is_contact"]) == (
        ANNA.number,
        "(650) 555-0142",
        True,
    )
    assert (outgoing["direction"], outgoing["called"], outgoing["is_contact"]) == (
        "outgoing",
        ANNA.number,
        False,
    )


async def test_an_engine_that_fails_is_told_once_tried_again_and_told_when_it_works(
    hass: HomeAssistant, writing: Line, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    listener.understands = [ValueError("no credit"), None, ValueError("no credit"), None, "At last"]
    first, second = await keep(writing, 2), await keep(writing, 1)
    await writing.call(SPOKEN)
    saved = await writing.told("voicemail")
    await writing.told("transcribed")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await transcripts(writing, saved["clip"], second, first) == [None, None, "At last"]

    await later(hass, AGAIN + 1)

    assert await transcripts(writing, saved["clip"], second, first) == ["At last"] * 3
    [broke, works] = told(caplog, "Transcription")
    assert "no more than that" in broke and "failed and is tried again" in broke
    assert works == "Transcription of the recordings of the line Reception works again"


async def test_what_fails_for_ever_is_tried_less_and_less_often(
    hass: HomeAssistant, writing: Line, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    listener.understands = [None]
    await writing.call(SPOKEN)
    await writing.told("voicemail")
    await hass.async_block_till_done(wait_background_tasks=True)
    tries = [len(listener.heard)]

    for wait in (AGAIN + 1, AGAIN + 1, 4 * AGAIN + 1, 4 * AGAIN + 1):
        await later(hass, wait)
        tries.append(len(listener.heard))

    assert tries == [2, 4, 4, 6, 6]
    assert len(told(caplog, "Transcription")) == 1


async def test_an_engine_that_comes_back_has_its_work_at_once(
    hass: HomeAssistant, writing: Line, listener: Listener
) -> None:
    listener.understands = [None, None, "At last"]
    state = hass.states.get(ENGINE)
    assert state is not None
    await writing.call(SPOKEN)
    saved = await writing.told("voicemail")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(listener.heard) == 2

    hass.states.async_set(ENGINE, "unavailable")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(listener.heard) == 2
    hass.states.async_set(ENGINE, "unknown")
    await writing.told("transcribed")

    assert await transcripts(writing, saved["clip"]) == ["At last"]


async def test_an_engine_that_is_removed_is_a_repair_until_it_is_back(
    hass: HomeAssistant, writing: Line, listener: Listener
) -> None:
    assert issues(hass) == []
    await hass.data[DATA_COMPONENT].async_remove_entity(ENGINE)
    await hass.async_block_till_done()
    assert issues(hass) == ["speech_to_text_missing"]
    [issue] = ir.async_get(hass).issues.values()
    assert issue.translation_placeholders == {"line": "Reception", "engine": ENGINE}
    await writing.lose()
    await until(lambda: writing.registered)
    assert issues(hass) == ["speech_to_text_missing"], "a line that is back brings no engine"

    await writing.call(SPOKEN)
    saved = await writing.told("voicemail")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await transcripts(writing, saved["clip"]) == [None]

    await listener.set_up(hass)
    await writing.told("transcribed")
    assert issues(hass) == []


@pytest.mark.parametrize("chosen", [None, ENGINE])
async def test_choosing_another_engine_or_none_mends_it(
    hass: HomeAssistant, cloud: RingCentral, listener: Listener, chosen: str | None
) -> None:
    line = await machine_with(hass, cloud, speech_to_text="stt.gone")
    assert issues(hass) == ["speech_to_text_missing"]

    hass.config_entries.async_update_entry(line.entry, options={"speech_to_text": chosen})
    await hass.async_block_till_done()

    assert issues(hass) == []


async def test_choosing_something_else_sends_nothing_again(
    hass: HomeAssistant, writing: Line, listener: Listener
) -> None:
    listener.understands = [None]
    await writing.call(SPOKEN)
    await writing.told("voicemail")
    await hass.async_block_till_done(wait_background_tasks=True)

    writing.entry.runtime_data.async_choose("silence", 5)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert len(listener.heard) == 2


async def test_a_line_that_is_unloaded_waits_for_no_engine(
    hass: HomeAssistant, writing: Line, listener: Listener
) -> None:
    listener.go_on.clear()
    await writing.call(SPOKEN)
    await writing.told("voicemail")
    await until(lambda: len(listener.heard) == 1)
    began = hass.loop.time()

    await hass.config_entries.async_unload(writing.entry.entry_id)
    listener.go_on.set()
    hass.states.async_remove(ENGINE)
    hass.states.async_set(ENGINE, "unknown")
    hass.states.async_remove(ENGINE)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert issues(hass) == []
    assert hass.loop.time() - began < 5
    assert writing.of("transcribed") == []
    assert len(listener.heard) == 1

    hass.states.async_set(ENGINE, "unknown")
    await hass.config_entries.async_setup(writing.entry.entry_id)
    await writing.told("transcribed")


async def test_a_clip_that_is_deleted_meanwhile_is_no_error(
    hass: HomeAssistant, writing: Line, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    listener.go_on.clear()
    await writing.call(SPOKEN)
    saved = await writing.told("voicemail")
    await until(lambda: len(listener.heard) == 1)

    await act(writing, "delete_clip", clip=saved["clip"])
    listener.go_on.set()
    await hass.async_block_till_done(wait_background_tasks=True)

    assert writing.of("transcribed") == []
    assert told(caplog, "Transcription") == []


async def test_a_file_that_is_gone_is_told_and_holds_nothing_up(
    hass: HomeAssistant, writing: Line, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    gone = await writing.library.clip(await keep(writing, 1))
    assert gone is not None
    gone.path.unlink()

    await writing.call(SPOKEN)
    await writing.told("transcribed")
    await until(lambda: len(told(caplog, "Transcription")) == 1)

    assert "can't be read" in told(caplog, "Transcription")[0]


async def test_a_library_that_fails_is_left_alone(
    hass: HomeAssistant, writing: Line, listener: Listener
) -> None:
    with patch.object(Library, "browse", side_effect=LibraryFullError):
        await writing.call(SPOKEN)
        await writing.told("voicemail")
        await hass.async_block_till_done(wait_background_tasks=True)

    assert listener.heard == []


async def test_no_log_tells_what_was_said_or_who_called(
    hass: HomeAssistant, writing: Line, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.ringcentral")
    await writing.call(SPOKEN)
    await writing.told("transcribed")

    ours = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components")]
    assert not [text for text in ours if "parcel" in text or "555" in text]


# Summaries


async def test_a_longer_message_is_summed_up(
    hass: HomeAssistant, cloud: RingCentral, listener: Listener
) -> None:
    asked = async_mock_service(
        hass, "ai_task", "generate_data", None, {"data": " It is in the garden. "}, SupportsResponse.ONLY
    )
    listener.understands = [LONG]
    line = await machine_with(hass, cloud, summarizer=AI)

    await line.call(SPOKEN)
    event = await line.told("transcribed")

    assert (event["transcript"], event["summary"]) == (LONG.strip(), "It is in the garden.")
    assert asked[0].data["entity_id"] == AI
    assert asked[0].data["instructions"].endswith(LONG.strip())
    [clip] = (await act(line, "get_clips"))["clips"]
    assert clip["summary"] == "It is in the garden."
    await until(lambda: line.state("sensor", "last_recording").attributes["summary"] == clip["summary"])


async def test_what_is_said_in_a_sentence_needs_no_other(
    hass: HomeAssistant, cloud: RingCentral, listener: Listener
) -> None:
    asked = async_mock_service(hass, "ai_task", "generate_data", None, {"data": "x"}, SupportsResponse.ONLY)
    listener.understands = ["x" * (WORTH_IT - 1)]
    line = await machine_with(hass, cloud, summarizer=AI)

    await line.call(SPOKEN)
    event = await line.told("transcribed")

    assert (event["summary"], asked) == (None, [])


@pytest.mark.parametrize("answer", [{"data": {"no": "text"}}, {"data": "  "}, {}])
async def test_a_summary_that_says_nothing_is_none(
    hass: HomeAssistant, cloud: RingCentral, listener: Listener, answer: dict[str, Any]
) -> None:
    async_mock_service(hass, "ai_task", "generate_data", None, answer, SupportsResponse.ONLY)
    listener.understands = [LONG]
    line = await machine_with(hass, cloud, summarizer=AI)

    await line.call(SPOKEN)
    event = await line.told("transcribed")

    assert (event["transcript"], event["summary"]) == (LONG.strip(), None)


async def test_an_ai_that_fails_costs_no_transcript_and_is_told_once(
    hass: HomeAssistant, cloud: RingCentral, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    # There is no such action at first.
    listener.understands = [LONG]
    line = await machine_with(hass, cloud, summarizer=AI)
    for times in (1, 2):
        await keep(line, times)
    await line.call(SPOKEN)
    await line.told("transcribed", 3)
    assert {event["summary"] for event in line.of("transcribed")} == {None}

    async_mock_service(hass, "ai_task", "generate_data", None, {"data": "Well."}, SupportsResponse.ONLY)
    await line.call(SPOKEN)
    event = await line.told("transcribed", 4)

    assert event["summary"] == "Well."
    [broke, works] = told(caplog, "Summing up")
    assert "The AI gave no summary" in broke
    assert works == "Summing up the recordings of the line Reception works again"


async def test_an_ai_that_takes_for_ever_costs_no_transcript(
    hass: HomeAssistant,
    cloud: RingCentral,
    listener: Listener,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.clips.summary.PATIENCE", 0.01)

    async def think(call: object) -> None:
        await asyncio.Event().wait()

    hass.services.async_register("ai_task", "generate_data", think, supports_response=SupportsResponse.ONLY)
    listener.understands = [LONG]
    line = await machine_with(hass, cloud, summarizer=AI)

    await line.call(SPOKEN)
    event = await line.told("transcribed")

    assert event["summary"] is None
    assert "no answer in 0 s" in told(caplog, "Summing up")[0]


# The action


async def test_an_old_recording_is_written_down_on_demand(
    hass: HomeAssistant, line: Line, listener: Listener
) -> None:
    clip = await keep(line, 1000)

    said = await act(line, "transcribe", clip=clip, engine=ENGINE, language="de")

    assert said == {
        "clip": clip,
        "transcript": "The parcel is in the garden",
        "summary": None,
        "language": "de-DE",
    }
    assert await transcripts(line, clip) == ["The parcel is in the garden"]
    assert line.of("transcribed") == [], "who asks has the answer"


async def test_the_action_goes_by_what_is_chosen_for_the_line(
    hass: HomeAssistant, cloud: RingCentral, listener: Listener
) -> None:
    async_mock_service(hass, "ai_task", "generate_data", None, {"data": "Garden."}, SupportsResponse.ONLY)
    listener.understands = [LONG]
    line = await machine_with(hass, cloud, transcript_language="de", summarizer=AI)
    clip = await keep(line, 1000)

    said = await act(line, "transcribe", clip=f"media-source://ringcentral/clip/{clip}")

    assert (said["language"], said["summary"]) == ("de-DE", "Garden.")


async def test_what_the_action_cannot_do_is_told(hass: HomeAssistant, line: Line, listener: Listener) -> None:
    clip = await keep(line)
    listener.understands = [None]

    assert await refused(line, "transcribe", clip=clip) == "stt_not_chosen"
    assert await refused(line, "transcribe", clip="0" * 32, engine=ENGINE) == "clip_not_found"
    assert await refused(line, "transcribe", clip=clip, engine="stt.gone") == "stt_missing"
    assert await refused(line, "transcribe", clip=clip, engine=ENGINE, language="fr") == "stt_language"
    assert await refused(line, "transcribe", clip=clip, engine=ENGINE) == "stt_failed"
    assert await transcripts(line, clip) == [None]


async def test_a_recording_that_is_being_made_is_not_written_down(
    hass: HomeAssistant, line: Line, listener: Listener
) -> None:
    clip = await line.library.begin_clip(line.entry.entry_id, dt_util.utcnow())

    assert await refused(line, "transcribe", clip=clip.id, engine=ENGINE) == "clip_not_saved"


@pytest.mark.parametrize(("platform", "key"), [("event", "call"), ("sensor", "last_recording")])
async def test_the_history_does_not_keep_what_was_said(
    hass: HomeAssistant, writing: Line, platform: str, key: str
) -> None:
    await writing.call(SPOKEN)
    await writing.told("transcribed")
    await until(lambda: bool(writing.state(platform, key).attributes["transcript"]))

    info = writing.state(platform, key).state_info

    assert info is not None
    assert {"transcript", "summary"} <= info["unrecorded_attributes"]
