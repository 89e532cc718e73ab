"""Configure, as who uses it sees it."""

from typing import Any
from unittest.mock import Mock

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.ringcentral.clips import mp3
from simulator.ringcentral import RingCentral
from tests.flow import CALLS, choose, open_page, suggested
from tests.line import LISTENER, Line, set_up_line
from tests.listener import ENGINE, Listener
from tests.peers.programs import need
from tests.translations import missing_texts

FIELDS = {
    "calls": ["answer_mode", "answer_after", "longest_message", "office_hours"],
    "machine": ["greeting", "greeting_media", "silence", "thanks"],
    "recording": [
        "recording",
        "both_sides",
        "announcement",
        "unannounced",
        "ask_consent",
        "consent_question",
        "recording_beep",
    ],
    "recordings": ["keep_days", "keep_megabytes", "smaller_files", "in_media_folder", "links"],
    "transcripts": ["speech_to_text", "transcript_language", "transcribe_calls", "summarizer"],
    "callers": ["blocked_calls", "anonymous_calls", "favorites_ring", "repeats_ring"],
    "calling": ["allowed_numbers", "emergency_calls", "test_number"],
    "ringcentral": ["address_book", "block_at_ringcentral", "voicemail", "call_log"],
}
CALLERS = {
    "blocked_calls": "reject",
    "anonymous_calls": "ring",
    "favorites_ring": False,
    "repeats_ring": False,
}


@pytest.mark.parametrize("page", FIELDS)
async def test_each_page_has_words_for_all_it_asks(hass: HomeAssistant, line: Line, page: str) -> None:
    form = await open_page(line, page)

    assert form["step_id"] == page
    assert missing_texts("options", form) == []
    assert form["data_schema"] is not None
    assert [str(field) for field in form["data_schema"].schema] == FIELDS[page]


async def test_the_options_are_shown_as_they_are_and_take_effect(hass: HomeAssistant, line: Line) -> None:
    before = line.entry.runtime_data
    options = dict(line.entry.options)
    await line.call(LISTENER)
    form = await open_page(line, "calls")
    recording = {"recording": options.pop("recording")}
    assert suggested(form["data_schema"]) == options

    done = await hass.config_entries.options.async_configure(form["flow_id"], CALLS)
    await hass.async_block_till_done()

    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert dict(line.entry.options) == CALLS | recording
    assert line.state("select", "answer_mode").state == "answering_machine"
    # Nobody is hung up on.
    assert line.entry.runtime_data is before
    assert (line.kinds, line.state("sensor", "call_state").state) == (["incoming"], "ringing")


@pytest.mark.parametrize("rules", [{"blocked_calls": "silent"}, {"anonymous_calls": "answering_machine"}, {}])
async def test_only_what_is_unusual_about_a_caller_is_kept(
    hass: HomeAssistant, line: Line, rules: dict[str, str]
) -> None:
    hass.config_entries.async_update_entry(line.entry, options=CALLS | {"blocked_calls": "answering_machine"})

    await choose(line, "callers", CALLERS | rules)

    assert dict(line.entry.options) == CALLS | rules


@pytest.mark.parametrize("wanted", ["favorites_ring", "repeats_ring"])
async def test_who_passes_do_not_disturb_is_kept_only_where_somebody_does(
    hass: HomeAssistant, line: Line, wanted: str
) -> None:
    before = dict(line.entry.options)
    for typed, kept in (({wanted: True}, {wanted: True}), ({}, {}), ({wanted: True}, {wanted: True})):
        await choose(line, "callers", CALLERS | typed)

        assert dict(line.entry.options) == before | kept


async def test_an_engine_is_chosen_that_is_there_and_knows_the_language(
    hass: HomeAssistant, line: Line
) -> None:
    await Listener().set_up(hass)
    before = dict(line.entry.options)

    form = await choose(line, "transcripts", {"speech_to_text": "stt.gone"})
    assert form["errors"] == {"speech_to_text": "engine_missing"}
    flow = form["flow_id"], {"speech_to_text": ENGINE, "transcript_language": "fr"}
    form = await hass.config_entries.options.async_configure(*flow)
    assert missing_texts("options", form) == []
    assert form["errors"] == {"transcript_language": "language_not_spoken"}
    assert dict(line.entry.options) == before

    chosen = {"speech_to_text": ENGINE, "transcript_language": "de", "summarizer": "ai_task.writer"}
    typed = chosen | {"transcribe_calls": True}
    await hass.config_entries.options.async_configure(form["flow_id"], typed)
    assert dict(line.entry.options) == before | typed

    await choose(line, "transcripts", {"transcribe_calls": False})
    assert dict(line.entry.options) == before


async def test_options_that_stay_the_same_do_not_disturb_the_line(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, silence=8)
    before, options = line.entry.runtime_data, dict(line.entry.options)

    await choose(line, "machine", {"silence": 8})

    assert dict(line.entry.options) == options
    assert line.entry.runtime_data is before


@pytest.mark.parametrize(
    ("number", "key"),
    [("911", "emergency_number"), ("0 112", "emergency_number"), ("call me", "invalid_number")],
)
async def test_a_test_number_that_must_not_be_called_is_told(
    hass: HomeAssistant, line: Line, number: str, key: str
) -> None:
    before = dict(line.entry.options)

    form = await choose(line, "calling", {"test_number": number})
    assert form["errors"] == {"test_number": key}
    assert suggested(form["data_schema"]) == {"emergency_calls": False, "test_number": number}
    assert dict(line.entry.options) == before

    await hass.config_entries.options.async_configure(form["flow_id"], {"test_number": " *43 "})
    assert dict(line.entry.options) == before | {"test_number": "*43"}


async def test_a_test_may_call_what_is_an_emergency_number_elsewhere(hass: HomeAssistant, line: Line) -> None:
    await hass.config.async_update(country="US")
    await choose(line, "calling", {"test_number": "110"})
    assert line.entry.options["test_number"] == "110"

    await hass.config.async_update(country=None)
    form = await choose(line, "calling", {"test_number": "110"})
    assert form["errors"] == {"test_number": "emergency_number"}


async def test_emergency_calls_are_allowed_only_by_who_says_so_twice(hass: HomeAssistant, line: Line) -> None:
    options = hass.config_entries.options
    before = dict(line.entry.options)
    form = await choose(line, "calling", {"emergency_calls": True, "test_number": "*43"})
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "emergency_calls")
    assert form["errors"] == {}

    for typed in ({}, {"understood": False}):
        form = await options.async_configure(form["flow_id"], typed)
        assert missing_texts("options", form) == []
        assert form["errors"] == {"understood": "not_understood"}
        assert dict(line.entry.options) == before

    # What was chosen elsewhere meanwhile stays.
    hass.config_entries.async_update_entry(line.entry, options=before | {"do_not_disturb": True})
    done = await options.async_configure(form["flow_id"], {"understood": True})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    allowed = before | {"emergency_calls": True, "test_number": "*43"}
    assert dict(line.entry.options) == allowed | {"do_not_disturb": True}


async def test_people_are_recorded_without_a_word_only_by_who_says_so_twice(
    hass: HomeAssistant, line: Line
) -> None:
    options = hass.config_entries.options
    before = dict(line.entry.options)
    typed = {"recording": "incoming", "unannounced": True, "ask_consent": True, "announcement": " "}
    form = await choose(line, "recording", typed)
    assert (form["type"], form["step_id"], form["errors"]) == (FlowResultType.FORM, "unannounced", {})
    assert missing_texts("options", form) == []

    form = await options.async_configure(form["flow_id"], {"understood": False})
    assert form["errors"] == {"understood": "not_understood"}
    assert dict(line.entry.options) == before

    await options.async_configure(form["flow_id"], {"understood": True})
    chosen = {"recording": "incoming", "unannounced": True, "ask_consent": True, "recording_beep": 0}
    assert dict(line.entry.options) == before | chosen

    # Nobody is asked twice, and it can be taken back.
    await choose(line, "recording", typed | {"recording": "on_demand"})
    assert dict(line.entry.options) == before | chosen | {"recording": "on_demand"}
    await choose(line, "recording", {"recording": "off", "announcement": "Beware", "recording_beep": 15})
    assert dict(line.entry.options) == before | {
        "recording": "off",
        "announcement": "Beware",
        "recording_beep": 15,
    }


async def test_the_page_on_recording_tells_where_there_is_more(hass: HomeAssistant, line: Line) -> None:
    form = await open_page(line, "recording")

    assert form["description_placeholders"]["recording_help"].endswith("/docs/recording.md")


async def test_who_has_allowed_emergency_calls_is_not_asked_again_and_can_forbid_them(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, emergency_calls=True)
    for chosen in (True, False):
        done = await choose(line, "calling", {"emergency_calls": chosen})
        assert done["type"] is FlowResultType.CREATE_ENTRY
        assert ("emergency_calls" in line.entry.options) is chosen


async def test_what_may_be_called_is_numbers_and_their_beginnings(hass: HomeAssistant, line: Line) -> None:
    form = await choose(line, "calling", {"allowed_numbers": ["+1650*", "()"]})
    assert form["errors"] == {"allowed_numbers": "invalid_allowed_number"}

    await hass.config_entries.options.async_configure(
        form["flow_id"], {"allowed_numbers": [" +1 650* ", " "]}
    )
    assert line.entry.options["allowed_numbers"] == ["+1 650*"]


@pytest.mark.parametrize(
    ("page", "typed", "emptied"),
    [
        ("calls", CALLS, {}),
        ("recordings", {"keep_days": 0, "keep_megabytes": 0}, {}),
        ("transcripts", {}, {"transcribe_calls": False}),
        ("machine", {"silence": 0}, {"greeting": " ", "thanks": " "}),
        ("calling", {}, {"test_number": " ", "allowed_numbers": [" "]}),
    ],
)
@pytest.mark.parametrize("left_out", [True, False])
async def test_what_was_chosen_can_be_taken_away_and_the_other_pages_stay(
    hass: HomeAssistant,
    cloud: RingCentral,
    page: str,
    typed: dict[str, Any],
    emptied: dict[str, Any],
    left_out: bool,
) -> None:
    media = {
        "media_content_id": "media-source://media_source/local/hello.mp3",
        "media_content_type": "audio/mpeg",
    }
    chosen = {
        "office_hours": "schedule.office",
        "test_number": "*43",
        "greeting": "Hello!",
        "thanks": "Thank you!",
        "greeting_media": media,
        "allowed_numbers": ["+1650*"],
        "do_not_disturb": True,
        "keep_days": 7,
        "keep_megabytes": 500,
        "speech_to_text": "stt.gone",
        "transcript_language": "de",
        "summarizer": "ai_task.writer",
    }
    line = await set_up_line(hass, cloud, **chosen)
    before = dict(line.entry.options)
    form = await open_page(line, page)
    here = {key: value for key, value in chosen.items() if key in FIELDS[page]}
    assert here
    assert here.items() <= suggested(form["data_schema"]).items()

    await hass.config_entries.options.async_configure(form["flow_id"], typed | ({} if left_out else emptied))

    elsewhere = {key: value for key, value in before.items() if key not in FIELDS[page]}
    assert dict(line.entry.options) == elsewhere | typed


async def test_smaller_files_are_tried_before_they_are_promised(
    hass: HomeAssistant, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {"keep_days": 7, "keep_megabytes": 0, "smaller_files": True}
    before = dict(line.entry.options)
    monkeypatch.setattr(mp3, "get_ffmpeg_manager", lambda _: Mock(binary="/nowhere/ffmpeg"))
    form = await open_page(line, "recordings")

    form = await hass.config_entries.options.async_configure(form["flow_id"], chosen)
    assert form["errors"] == {"smaller_files": "no_mp3"}
    placeholders = form["description_placeholders"]
    assert placeholders is not None and placeholders["reason"] == "No such file or directory"
    assert missing_texts("options", form) == []
    assert suggested(form["data_schema"])["keep_days"] == 7
    assert dict(line.entry.options) == before

    monkeypatch.setattr(mp3, "get_ffmpeg_manager", lambda _: Mock(binary=str(need("ffmpeg"))))
    await hass.config_entries.options.async_configure(form["flow_id"], chosen)
    assert dict(line.entry.options) == before | chosen
    assert line.entry.runtime_data.choices.smaller_files

    form = await open_page(line, "recordings")
    await hass.config_entries.options.async_configure(form["flow_id"], {"keep_days": 7, "keep_megabytes": 0})
    assert dict(line.entry.options) == before | {"keep_days": 7, "keep_megabytes": 0}
