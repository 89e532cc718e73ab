import asyncio
from dataclasses import replace
import logging
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ringcentral.calls import answering_machine, prompts
from custom_components.ringcentral.calls.conversation import Conversation
from custom_components.ringcentral.calls.voice import Media, Speech
from custom_components.ringcentral.library import ClipQuery, Folder, Library, LibraryError, LibraryFullError
from custom_components.ringcentral.softphone.media import MediaEngine, MediaError, MediaSession
from custom_components.ringcentral.softphone.media.wav import WavFile
from simulator.call import Call
from simulator.caller import Manner, Step
from simulator.clip import ClipDiffersError, check_clip
from simulator.ringcentral import RingCentral
from tests.line import ANNA, LISTENER, SOUNDS, SPEECH, Line, set_up_line, until
from tests.peers.programs import need
from tests.people.test_contact_list import add
from tests.speaker import Speaker, tone

from .test_call_actions import act, refused

NO_ROOM = (
    "Calls and recordings can't be kept at the moment: "
    "There is no room left on the disk for calls and clips; free some space"
)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "custom_components.ringcentral" and record.levelno >= logging.ERROR
    ]


async def test_a_message_is_kept_sample_for_sample(machine: Line) -> None:
    call = await machine.call()
    saved = await machine.told("recording_saved")

    (clip,) = machine.clips
    assert check_clip(clip.read_bytes(), call).endswith("speech 0.25 s of it")
    assert clip.stem == saved["clip"]


async def test_the_caller_hears_the_greeting_and_then_the_beep(machine: Line) -> None:
    call = await machine.call()
    await machine.told("recording_saved")

    heard = b"".join(call.voice.heard)

    assert heard.endswith(SOUNDS.greeting + SOUNDS.beep)
    assert "beep heard" in [text for _, text in call.events]


async def test_nothing_that_is_said_right_after_the_beep_is_lost(machine: Line) -> None:
    call = await machine.call(replace(ANNA, manner=Manner(speech=SPEECH * 4, speak_at_once=True)))
    await machine.told("recording_saved")

    sent = b"".join(packet.payload for packet in call.voice.sent)
    (clip,) = await _clips(machine)
    page = await machine.library.browse([machine.entry.entry_id], ClipQuery(Folder.VOICEMAIL))
    assert page.count == 1
    # What was said during the greeting is not in the clip, and of the rest nothing is missing.
    assert len(sent) - len(SOUNDS.greeting + SOUNDS.beep) - 1600 <= clip * 8000 <= len(sent)


async def _clips(line: Line) -> list[float]:
    totals = await line.library.totals()
    return [total.seconds for total in totals.values()]


async def test_a_line_that_only_tells_never_answers(line: Line) -> None:
    call = await line.call(replace(ANNA, ring_for=0.5))
    await line.told("missed")

    assert (call.answers, line.kinds) == (0, ["incoming", "missed"])
    assert await line.library.totals() == {}


async def test_the_machine_gives_people_time_to_answer(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0.4)
    call = await line.call(LISTENER)
    await until(lambda: "answered" in [text for _, text in call.events])
    times = {text: at for at, text in call.events}
    assert times["answered"] - times["ringing"] == pytest.approx(0.45, abs=0.15)


@pytest.mark.parametrize(("step", "terminal"), [(Step.CANCEL, "missed"), (Step.ANSWERED_ELSEWHERE, "ended")])
async def test_a_call_that_is_over_before_the_machine_answers_leaves_no_clip(
    hass: HomeAssistant, cloud: RingCentral, step: Step, terminal: str
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0.3)
    call = await line.call()
    line.cloud.sip.do(call, step)
    await line.told(terminal)
    await asyncio.sleep(0.4)

    assert (call.answers, line.kinds) == (0, ["incoming", terminal])
    assert await _rows(line) == 0


async def _rows(line: Line) -> int:
    """Return how many clips the library has in whatever state."""
    return await line.library._run(
        lambda shelves: shelves.connection.execute("SELECT count(*) FROM clips").fetchone()[0]
    )


async def test_who_hangs_up_during_the_greeting_is_missed_and_leaves_no_clip(machine: Line) -> None:
    call = await machine.call(replace(LISTENER, while_talking=((0.1, Step.HANG_UP),)))
    missed = await machine.told("missed")
    await machine.cloud.sip.ended(call)
    await machine.hass.async_block_till_done(wait_background_tasks=True)

    assert machine.kinds == ["incoming", "answered", "missed"]
    assert missed["end_reason"] == "remote_hangup"
    assert (await machine.library.calls(machine.entry.entry_id))[0].outcome == "missed"
    assert await _rows(machine) == 0


async def test_who_hangs_up_with_the_beep_leaves_no_clip(machine: Line) -> None:
    with patch.object(MediaSession, "record", side_effect=MediaError):
        call = await machine.call(LISTENER)
        await machine.told("answered")
        await asyncio.sleep(0.5)
        machine.cloud.sip.do(call, Step.HANG_UP)
        await machine.told("ended")
        await machine.hass.async_block_till_done(wait_background_tasks=True)

    assert machine.kinds == ["incoming", "answered", "ended"]
    assert await _rows(machine) == 0


async def test_a_message_has_a_longest_length_and_is_kept(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(
        hass, cloud, answer_mode="answering_machine", answer_after=0, longest_message=0.4
    )
    call = await line.call(LISTENER)
    saved = await line.told("recording_saved")
    await line.cloud.sip.ended(call)

    assert line.of("ended")[0]["end_reason"] == "max_duration"
    assert call.outcome == "phone hung up"
    assert await _clips(line) == [pytest.approx(0.4, abs=0.1)]
    assert max(await _clips(line)) <= 0.4
    assert saved["duration"] == pytest.approx(0.4, abs=0.1)


async def test_silence_is_kept_as_well(machine: Line) -> None:
    call = await machine.call(LISTENER)
    await machine.told("recording_started")
    await asyncio.sleep(0.3)
    machine.cloud.sip.do(call, Step.HANG_UP)
    saved = await machine.told("recording_saved")

    assert saved["duration"] == pytest.approx(0.3, abs=0.15)


async def test_who_sends_no_sound_at_all_leaves_no_clip(machine: Line) -> None:
    call = await machine.call(LISTENER)
    await machine.cloud.sip.until(lambda: "answered" in [text for _, text in call.events])
    call.voice.paused = True
    await machine.told("recording_started")
    machine.cloud.sip.do(call, Step.HANG_UP)
    await machine.told("ended")
    await machine.hass.async_block_till_done(wait_background_tasks=True)

    assert machine.of("recording_saved") == []
    assert await _rows(machine) == 0


async def test_who_puts_the_greeting_on_hold_does_not_keep_the_line_for_ever(machine: Line) -> None:
    with patch.object(answering_machine, "_GREETING_PATIENCE", 0.3):
        call = await machine.call(replace(LISTENER, while_talking=((0.02, Step.HOLD),)))
        ended = await machine.told("ended")
        await machine.cloud.sip.ended(call)

    assert (ended["end_reason"], call.outcome) == ("max_duration", "phone hung up")
    assert machine.of("recording_started") == []
    await machine.hass.async_block_till_done(wait_background_tasks=True)
    assert await _rows(machine) == 0


async def test_two_messages_are_recorded_at_once(machine: Line) -> None:
    first = await machine.call()
    second = await machine.call(replace(LISTENER, manner=Manner(speech=SPEECH[::-1])))
    await machine.told("recording_saved", 2)

    files = {event["caller_name"]: event["clip"] for event in machine.of("recording_saved")}
    paths = {path.stem: path for path in machine.clips}
    assert check_clip(paths[files["Anna Smith"]].read_bytes(), first)
    assert check_clip(paths[files["Hillside School"]].read_bytes(), second)


# What can go wrong


async def test_a_caller_is_not_greeted_when_nothing_can_be_kept(
    machine: Line, caplog: pytest.LogCaptureFixture
) -> None:
    with patch.object(Library, "begin_clip", side_effect=LibraryFullError):
        call = await machine.call(replace(ANNA, ring_for=0.4))
        await machine.told("missed")

    assert (call.answers, machine.kinds) == (0, ["incoming", "missed"])
    (told,) = errors(caplog)
    assert told.startswith(
        "The answering machine did not answer, because a message could not be kept: There is"
    )


async def test_a_caller_who_gives_up_as_the_machine_answers_leaves_no_clip(
    machine: Line, caplog: pytest.LogCaptureFixture
) -> None:
    begin, begun = Library.begin_clip, asyncio.Event()

    async def slowly(*args: object, **kwargs: object) -> object:
        clip = await begin(*args, **kwargs)  # type: ignore[arg-type]  # passed on as it came
        await begun.wait()
        return clip

    with patch.object(Library, "begin_clip", slowly):
        call = await machine.call()
        machine.cloud.sip.do(call, Step.CANCEL)
        await machine.told("missed")
        begun.set()
        await machine.hass.async_block_till_done(wait_background_tasks=True)

    assert (machine.kinds, errors(caplog)) == (["incoming", "missed"], [])
    assert await _rows(machine) == 0


async def test_a_call_without_a_free_port_is_not_answered_and_told(
    machine: Line, caplog: pytest.LogCaptureFixture
) -> None:
    with patch.object(MediaEngine, "open", side_effect=MediaError("No UDP port is free for sound")):
        call = await machine.call(replace(ANNA, ring_for=0.4))
        await machine.told("missed")

    assert call.answers == 0
    assert errors(caplog) == ["The answering machine did not answer: No UDP port is free for sound"]
    assert await _rows(machine) == 0


async def test_a_clip_that_cannot_be_discarded_troubles_nobody(
    machine: Line, caplog: pytest.LogCaptureFixture
) -> None:
    with patch.object(Library, "discard_clip", side_effect=LibraryFullError):
        await machine.call(replace(LISTENER, while_talking=((0.1, Step.HANG_UP),)))
        await machine.told("missed")
        await machine.hass.async_block_till_done(wait_background_tasks=True)

    assert errors(caplog) == []


async def test_a_disk_that_fails_leaves_what_was_said_so_far(
    machine: Line, caplog: pytest.LogCaptureFixture
) -> None:
    call = await machine.call(LISTENER)
    await machine.has_recorded()
    written = asyncio.get_running_loop().time()
    with patch.object(WavFile, "write", side_effect=OSError(28, "No space left on device")):
        await asyncio.sleep(0.2)
        machine.cloud.sip.do(call, Step.HANG_UP)
        saved = await machine.told("recording_saved")

    answered = next(at for at, text in call.events if text == "answered")
    assert 0 < saved["duration"] < written - answered
    assert errors(caplog) == [NO_ROOM]


async def test_a_disk_that_takes_nothing_is_told(machine: Line, caplog: pytest.LogCaptureFixture) -> None:
    with patch.object(WavFile, "write", side_effect=OSError(28, "No space left on device")):
        await machine.call()
        await machine.told("ended")
        await machine.hass.async_block_till_done(wait_background_tasks=True)

    assert errors(caplog) == [NO_ROOM]
    assert machine.of("recording_saved") == []
    assert await _rows(machine) == 0


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (LibraryFullError, []),
        (
            LibraryError,
            [
                "A recording could not be filed; its sound is kept and filed at the next start: "
                + LibraryError.text
            ],
        ),
    ],
)
async def test_a_message_that_cannot_be_filed_now_is_filed_with_the_next_start(
    machine: Line, caplog: pytest.LogCaptureFixture, error: type[LibraryError], told: list[str]
) -> None:
    with patch.object(Library, "finish_clip", side_effect=error):
        call = await machine.call()
        await machine.told("ended")
        await machine.hass.async_block_till_done(wait_background_tasks=True)
    assert errors(caplog) == told
    assert await _clips(machine) == []

    await machine.reload()

    assert await _clips(machine) == [pytest.approx(0.95, abs=0.2)]
    assert check_clip(machine.clips[0].read_bytes(), call)


# When a message is over


async def test_a_message_that_was_left_is_told_with_its_clip(machine: Line) -> None:
    await machine.call()
    message = await machine.told("voicemail")
    saved = machine.of("recording_saved")[0]

    assert machine.kinds[-2:] == ["recording_saved", "voicemail"]
    assert {key: message[key] for key in ("call_id", "clip", "media_content_id", "duration")} == {
        key: saved[key] for key in ("call_id", "clip", "media_content_id", "duration")
    }


async def test_what_the_machine_takes_is_recorded_once(machine: Line) -> None:
    await machine.call(replace(ANNA, manner=Manner(speech=SPEECH * 4)))
    await machine.told("answered")

    assert await refused(machine, "start_recording") == "recording_already"
    await machine.told("voicemail")
    assert machine.kinds.count("recording_started") == 1
    assert len(machine.clips) == 1


async def test_who_stops_the_greeting_has_the_caller_beeped_at_once(machine: Line) -> None:
    choose(machine, greeting="A very long one")
    with patch.object(machine.entry.runtime_data.voice, "render", return_value=b"\xff" * 80_000):
        call = await machine.call()
        await machine.told("answered")
        await asyncio.sleep(0.1)
        await act(machine, "stop")

        left = await machine.told("voicemail", seconds=5)
    assert SOUNDS.beep in b"".join(call.voice.heard)
    # Nobody has told the caller to the end.
    assert machine.of("recording_started")[0]["consent"] == left["consent"] == "none"


async def test_who_speaks_instead_of_the_greeting_has_the_call(machine: Line) -> None:
    call = await machine.call(LISTENER)
    await machine.told("answered")
    (live,) = machine.entry.runtime_data.desk.calls.values()
    speech = b"\x11" * 1600

    assert await Conversation(machine.entry.runtime_data, live).play(speech)
    await until(lambda: speech in b"".join(call.voice.heard))
    assert machine.of("recording_started") == []
    await act(machine, "start_recording")
    assert machine.kinds[-1] == "recording_started"


@pytest.mark.parametrize("fault", [ValueError("no such thing"), KeyError()])
async def test_a_media_source_that_fails_in_its_own_way_costs_no_caller(
    hass: HomeAssistant, cloud: RingCentral, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0, greeting="Hello")
    with patch.object(line.entry.runtime_data.voice, "render", side_effect=fault):
        await line.call()
        await line.told("voicemail")

    assert (str(fault) or type(fault).__name__) in caplog.text


async def test_silence_ends_a_message(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0, silence=0.5)
    talks = replace(ANNA, manner=Manner(speech=SPEECH * 4, stay=True))
    call = await line.call(talks)
    message = await line.told("voicemail")

    assert line.of("ended")[0]["end_reason"] == "silence"
    assert call.outcome == "phone hung up"
    # A second of speech and half a second of silence: it wasn't cut off while somebody spoke.
    assert 1.4 < message["duration"] < 2.2


async def test_who_is_on_hold_is_waited_for(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0, silence=0.5)
    call = await line.call(LISTENER)
    await line.told("recording_started")
    line.cloud.sip.do(call, Step.HOLD)
    await until(lambda: line.state("sensor", "call_state").state == "on_hold")
    await asyncio.sleep(0.8)
    assert line.of("ended") == []

    line.cloud.sip.do(call, Step.RESUME)
    assert (await line.told("ended"))["end_reason"] == "silence"


async def test_silence_of_no_length_ends_nothing(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(
        hass, cloud, answer_mode="answering_machine", answer_after=0, silence=0, longest_message=0.6
    )
    await line.call(LISTENER)

    assert (await line.told("ended"))["end_reason"] == "max_duration"


async def test_a_key_ends_a_message(machine: Line) -> None:
    call = await machine.call(LISTENER)
    started = await machine.told("recording_started")
    keys = machine.entry.runtime_data.reception.machine
    keys.key_pressed("another call", "#")
    keys.key_pressed(started["call_id"], "1")
    await asyncio.sleep(0.3)
    assert machine.of("ended") == []

    keys.key_pressed(started["call_id"], "#")
    await machine.told("voicemail")

    assert machine.of("ended")[0]["end_reason"] == "local_hangup"
    assert call.outcome == "phone hung up"


async def test_who_listens_to_the_call_already_goes_on_hearing_it(machine: Line) -> None:
    heard: list[object] = []
    opened = MediaEngine.open

    def listened_to(engine: MediaEngine) -> MediaSession:
        session = opened(engine)
        session.on_audio = lambda packet, codec: heard.append(codec)
        return session

    with patch.object(MediaEngine, "open", listened_to):
        await machine.call()
        started = await machine.told("recording_started")
        before = len(heard)
        await machine.told("voicemail")

    assert started["clip"]
    assert len(heard) > before


async def test_a_call_that_a_person_answers_is_left_alone(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0.3)
    await line.call(LISTENER)
    await hass.services.async_call("button", "press", {"entity_id": "button.reception_answer"}, blocking=True)
    await asyncio.sleep(0.5)

    assert line.kinds == ["incoming", "answered"]
    assert await _rows(line) == 0


# A greeting of one's own


@pytest.fixture
async def speaker(hass: HomeAssistant, machine: Line, monkeypatch: pytest.MonkeyPatch) -> Speaker:
    monkeypatch.setattr(hass.data["ffmpeg"], "_bin", str(need("ffmpeg")))
    speaker = Speaker()
    await speaker.set_up(hass)
    return speaker


def choose(line: Line, **options: Any) -> None:
    line.hass.config_entries.async_update_entry(line.entry, options={**line.entry.options, **options})


@pytest.mark.usefixtures("speaker")
async def test_a_text_is_spoken_as_the_greeting(machine: Line) -> None:
    choose(machine, greeting="Hello, leave a message")
    greeting = await machine.entry.runtime_data.voice.render(Speech("Hello, leave a message"))

    call = await machine.call()
    await machine.told("voicemail")

    assert greeting + SOUNDS.beep in b"".join(call.voice.heard)


@pytest.mark.usefixtures("speaker")
async def test_a_sound_file_is_played_as_the_greeting(
    hass: HomeAssistant, machine: Line, tmp_path: Path
) -> None:
    (tmp_path / "hello.wav").write_bytes(tone(500.0, 0.2))
    hass.config.media_dirs["local"] = str(tmp_path)
    content_id = "media-source://media_source/local/hello.wav"
    choose(
        machine,
        greeting="Not this",
        greeting_media={"media_content_id": content_id, "media_content_type": "audio/wav"},
    )
    greeting = await machine.entry.runtime_data.voice.render(Media(content_id))

    call = await machine.call()
    await machine.told("voicemail")

    assert greeting + SOUNDS.beep in b"".join(call.voice.heard)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "custom_components.ringcentral" and record.levelno == logging.WARNING
    ]


async def test_an_engine_that_fails_is_told_once_and_callers_are_greeted_all_the_same(
    machine: Line, speaker: Speaker, caplog: pytest.LogCaptureFixture
) -> None:
    choose(machine, greeting="Hello, leave a message")
    speaker.failure = RuntimeError("no credit")
    for times in (1, 2):
        call = await machine.call()
        await machine.told("voicemail", times)
        assert SOUNDS.greeting + SOUNDS.beep in b"".join(call.voice.heard)

    (told,) = warnings(caplog)
    assert told.startswith("Callers hear the greeting that comes with the integration instead of yours: ")
    assert "no credit" in told
    speaker.failure = None
    await machine.call()
    await machine.told("voicemail", 3)
    speaker.failure = RuntimeError("no credit")
    choose(machine, greeting="Something else")
    await machine.call()
    await machine.told("voicemail", 4)
    assert len(warnings(caplog)) == 2


async def test_a_contact_hears_a_greeting_of_its_own(machine: Line, speaker: Speaker) -> None:
    choose(machine, greeting="Hello, leave a message")
    await add(machine, "Anna from school", ANNA.number, greeting="Good morning, Anna")
    voice = machine.entry.runtime_data.voice
    own, usual = [
        await voice.render(Speech(text)) for text in ("Good morning, Anna", "Hello, leave a message")
    ]

    anna = await machine.call()
    await machine.told("voicemail")
    other = await machine.call(replace(ANNA, number="+16505550199"))
    await machine.told("voicemail", 2)

    assert own + SOUNDS.beep in b"".join(anna.voice.heard)
    assert usual + SOUNDS.beep in b"".join(other.voice.heard)
    assert usual not in b"".join(anna.voice.heard)


async def test_one_greeting_that_fails_is_told_of_once_beside_one_that_does_not(
    machine: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    choose(machine, greeting="Hello")
    await add(machine, "Anna from school", ANNA.number, greeting="Good morning, Anna")
    failing = {"Good morning, Anna"}

    async def render(what: Speech) -> bytes:
        if what.message in failing:
            raise ValueError("no credit")
        return b"\x22" * 800

    machine.entry.runtime_data.voice.render = render
    for times, caller in enumerate((ANNA, replace(ANNA, number="+16505550199"), ANNA), 1):
        await machine.call(caller)
        await machine.told("voicemail", times)
    assert len(warnings(caplog)) == 1

    failing.clear()
    await machine.call()
    await machine.told("voicemail", 4)
    assert caplog.text.count("Callers hear again what you have chosen for them") == 1


async def test_nobody_waits_for_an_engine_that_hangs(
    machine: Line, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts, "ENGINE_PATIENCE", 0.1)
    choose(machine, greeting="Hello, leave a message")

    async def never(what: Speech) -> bytes:
        await asyncio.Event().wait()
        return b""

    machine.entry.runtime_data.voice.render = never
    call = await machine.call()
    await machine.told("voicemail")

    assert SOUNDS.greeting + SOUNDS.beep in b"".join(call.voice.heard)
    assert len(warnings(caplog)) == 1


# Thanks for the message


THANKS = Speech("Thank you, goodbye")


async def thanked(line: Line, ending: str) -> Call:
    """Leave a message that is ended in this way, and return the call when it is filed."""
    talks = replace(ANNA, manner=Manner(speech=SPEECH * 4, stay=True))
    call = await line.call(talks)
    started = await line.told("recording_started")
    if ending == "local_hangup":
        await asyncio.sleep(0.3)
        line.entry.runtime_data.reception.machine.key_pressed(started["call_id"], "#")
    await line.told("voicemail")
    return call


@pytest.mark.usefixtures("speaker")
@pytest.mark.parametrize(
    ("ending", "options"),
    [("local_hangup", {}), ("silence", {"silence": 0.5}), ("max_duration", {"longest_message": 0.5})],
)
async def test_who_is_still_there_after_a_message_is_thanked(
    machine: Line, ending: str, options: dict[str, float]
) -> None:
    choose(machine, thanks=THANKS.message, **options)
    thanks = await machine.entry.runtime_data.voice.render(THANKS)

    call = await thanked(machine, ending)

    assert b"".join(call.voice.heard).endswith(thanks)
    assert machine.of("ended")[0]["end_reason"] == ending
    assert machine.kinds[-3:] == ["ended", "recording_saved", "voicemail"]
    assert call.outcome == "phone hung up"


def is_what_was_said(clip: Path, call: Call) -> bool:
    try:
        check_clip(clip.read_bytes(), call)
    except ClipDiffersError:
        return False
    return True


@pytest.mark.usefixtures("speaker")
async def test_the_thanks_are_no_part_of_the_message(machine: Line) -> None:
    choose(machine, thanks=THANKS.message, silence=0.5)
    call = await thanked(machine, "silence")

    (clip,) = machine.clips
    with pytest.raises(ClipDiffersError, match="the end of what was sent"):
        check_clip(clip.read_bytes(), call)
    # The caller goes on sending while nine tenths of a second are spoken: 45 packets.
    del call.voice.sent[-40:]
    while len(call.voice.sent) > 1 and not is_what_was_said(clip, call):
        call.voice.sent.pop()
    assert is_what_was_said(clip, call)
    assert 1.4 < machine.of("voicemail")[0]["duration"] < 2.2


@pytest.mark.usefixtures("speaker")
async def test_who_hangs_up_is_not_thanked(machine: Line) -> None:
    choose(machine, thanks=THANKS.message)
    with patch.object(answering_machine.AnsweringMachine, "_thank") as thank:
        await machine.call()
        await machine.told("voicemail")

    assert thank.call_count == 0


async def test_who_hangs_up_on_the_thanks_has_left_a_message(machine: Line) -> None:
    choose(machine, thanks=THANKS.message)
    with patch.object(machine.entry.runtime_data.voice, "render", return_value=b"\x33" * 80_000):
        call = await machine.call(LISTENER)
        started = await machine.told("recording_started")
        await asyncio.sleep(0.3)
        machine.entry.runtime_data.reception.machine.key_pressed(started["call_id"], "#")
        await until(lambda: b"\x33" * 160 in b"".join(call.voice.heard))
        machine.cloud.sip.do(call, Step.HANG_UP)
        message = await machine.told("voicemail")

    assert machine.of("ended")[0]["end_reason"] == "remote_hangup"
    assert message["duration"] == pytest.approx(0.3, abs=0.15)


async def test_thanks_that_cannot_be_spoken_keep_nobody_on_the_line(
    machine: Line, speaker: Speaker, caplog: pytest.LogCaptureFixture
) -> None:
    choose(machine, thanks=THANKS.message, silence=0.3)
    speaker.failure = RuntimeError("no credit")
    for times in (1, 2):
        await machine.call(LISTENER)
        await machine.told("voicemail", times)

    assert [event["end_reason"] for event in machine.of("ended")] == ["silence"] * 2
    (told,) = warnings(caplog)
    assert told.startswith("Callers are hung up on without your thanks for their message: ")
    assert "no credit" in told


async def test_who_hangs_up_before_the_thanks_are_ready_is_let_go(machine: Line) -> None:
    choose(machine, thanks=THANKS.message)
    made = asyncio.Event()

    async def slowly(what: Speech) -> bytes:
        await made.wait()
        return b"\x33" * 8000

    machine.entry.runtime_data.voice.render = slowly
    call = await machine.call(LISTENER)
    started = await machine.told("recording_started")
    await asyncio.sleep(0.2)
    machine.entry.runtime_data.reception.machine.key_pressed(started["call_id"], "#")
    await asyncio.sleep(0.1)
    machine.cloud.sip.do(call, Step.HANG_UP)
    await machine.told("ended")
    made.set()

    await machine.told("voicemail")
    assert b"\x33" * 160 not in b"".join(call.voice.heard)


async def test_who_is_on_hold_is_not_thanked_for_ever(machine: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering_machine, "_THANKS_PATIENCE", 0.2)
    choose(machine, thanks=THANKS.message, longest_message=1)
    with patch.object(machine.entry.runtime_data.voice, "render", return_value=b"\x33" * 800):
        call = await machine.call(LISTENER)
        await machine.told("recording_started")
        await asyncio.sleep(0.1)
        machine.cloud.sip.do(call, Step.HOLD)
        message = await machine.told("voicemail")

    assert machine.of("ended")[0]["end_reason"] == "max_duration"
    assert message["clip"]


@pytest.mark.usefixtures("speaker")
async def test_a_message_is_kept_when_the_line_goes_during_the_thanks(machine: Line) -> None:
    choose(machine, thanks=THANKS.message, silence=0.3)
    with patch.object(machine.entry.runtime_data.voice, "render", return_value=b"\x33" * 80_000):
        call = await machine.call(LISTENER)
        await until(lambda: b"\x33" * 160 in b"".join(call.voice.heard))
        await machine.hass.config_entries.async_unload(machine.entry.entry_id)

    assert len(machine.clips) == 1
    assert machine.kinds[-2:] == ["recording_saved", "voicemail"]
