"""What automations do with recordings; what counts is what is in the library and on the disk afterwards."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from homeassistant.auth.const import GROUP_ID_USER
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized, UnknownUser
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockUser
import voluptuous as vol

from custom_components.ringcentral.clips.clip_actions import clip_id
from custom_components.ringcentral.const import DATA_LIBRARY, DOMAIN
from custom_components.ringcentral.library import (
    RECOVERED_LINE_ID,
    CallRecord,
    ClipKind,
    Direction,
    LibraryDamagedError,
    Purged,
)
from simulator.caller import Step
from simulator.ringcentral import RingCentral
from tests.calls.test_call_actions import TALKER, act, refused
from tests.library.conftest import write_wav
from tests.line import ANNA, LISTENER, Line, add_line, until
from tests.people.test_contact_list import add, give_up

START: Final = datetime(2026, 11, 21, 17, tzinfo=UTC)
BO: Final = str(TALKER.number)
NO_CLIP: Final = "0123456789abcdef" * 2


async def keep(
    line: Line,
    caller: str | None = ANNA.number,
    *,
    minutes: float = 0,
    outcome: str | None = "ended",
    kind: ClipKind = ClipKind.CALL,
    line_id: str | None = None,
    direction: Direction = Direction.INCOMING,
) -> str:
    """Keep a call and a clip of it that lasts two seconds, and return the clip's id; without an outcome it goes on."""
    line_id = line_id or line.entry.entry_id
    at = START + timedelta(minutes=minutes)
    ends = (caller, "+17203861294")
    here, there = ends if direction is Direction.INCOMING else ends[::-1]
    call = CallRecord(f"call-{line_id}-{minutes}", line_id, direction, at, here, "Anna Smith", there)
    await line.library.begin_call(call)
    clip = await line.library.begin_clip(line_id, at, call_id=call.id, kind=kind)
    await line.hass.async_add_executor_job(write_wav, clip.path, 16000)
    if outcome is not None:
        await line.library.finish_clip(clip.id, 2.04)
        await line.library.end_call(call.id, at + timedelta(seconds=3), outcome, "remote_hangup")
    return clip.id


async def listed(line: Line, **data: Any) -> list[str]:
    """Return the ids of the clips on the list, which is whole unless only a part of it is asked for."""
    response = await act(line, "get_clips", **data)
    ids = [clip["clip"] for clip in response["clips"]]
    assert {"limit", "offset"} & data.keys() or response["count"] == len(ids)
    return ids


async def as_user(line: Line, user: User | None, action: str, **data: Any) -> None:
    """Do something for a person, or for one who has been deleted."""
    target = {"entity_id": f"event.{line.entry.title.lower()}_call"} if "clip" in data else {}
    context = Context(user_id=user.id if user else "0" * 32)
    await line.hass.services.async_call(DOMAIN, action, data | target, blocking=True, context=context)


async def forget(hass: HomeAssistant, number: str | int) -> dict[str, Any]:
    response = await hass.services.async_call(
        DOMAIN, "forget_number", {"number": number}, blocking=True, return_response=True
    )
    return dict(response or {})


# Listing


async def test_a_recording_is_listed_with_all_that_is_known_of_it(line: Line) -> None:
    await line.hass.config.async_update(country="US")
    await line.hass.async_block_till_done()
    call = await line.call(TALKER)
    await act(line, "answer", record=True)
    await asyncio.sleep(0.3)
    saved = await act(line, "stop_recording")
    line.cloud.sip.do(call, Step.HANG_UP)
    await line.told("ended")
    await line.hass.async_block_till_done()
    await line.library.set_transcript(saved["clip"], "Is anybody there?", "en", "A question")

    response = await act(line, "get_clips")

    (clip,) = response["clips"]
    started_at = datetime.fromisoformat(clip.pop("started_at"))
    assert abs(datetime.now(UTC) - started_at) < timedelta(minutes=1)
    assert (response["count"], clip) == (
        1,
        {
            "clip": saved["clip"],
            "media_content_id": saved["media_content_id"],
            "call_id": line.events[0]["call_id"],
            "duration": saved["duration"],
            "size": line.clips[0].stat().st_size,
            "kind": "call",
            "direction": "incoming",
            "caller": BO,
            "caller_name": "Bo",
            "caller_formatted": "(650) 555-0188",
            "called": line.events[0]["called"],
            "called_formatted": "(720) 386-1294",
            "favorite": False,
            "heard": False,
            "transcript": "Is anybody there?",
            "consent": "announced",
            "summary": "A question",
            "language": "en",
        },
    )


async def test_a_recording_without_a_call_is_listed_as_well(line: Line) -> None:
    begun = await line.library.begin_clip(line.entry.entry_id, START)
    await line.library.finish_clip(begun.id, 2.0)

    (clip,) = (await act(line, "get_clips"))["clips"]

    assert (clip["clip"], clip["started_at"], clip["duration"]) == (begun.id, START.isoformat(), 2.0)
    unknown = (
        "call_id",
        "direction",
        "caller",
        "caller_formatted",
        "called",
        "size",
        "transcript",
        "summary",
    )
    assert [clip[key] for key in unknown] == [None] * len(unknown)


async def test_only_those_asked_for_are_listed_newest_first(line: Line) -> None:
    await add(line, "Anna from school", "(650) 555-0142")
    anna = await keep(line, minutes=1)
    missed = await keep(line, BO, minutes=2, outcome="missed", kind=ClipKind.VOICEMAIL)
    nobody = await keep(line, None, minutes=3)
    placed = await keep(line, ANNA.number, minutes=4, direction=Direction.OUTGOING)
    await keep(line, minutes=5, line_id="another-line")
    await keep(line, minutes=6, outcome=None)
    await line.library.set_favorite(anna, True)
    await line.library.mark_heard(nobody)
    await line.library.set_transcript(missed, "The parcel is in the garden")
    await line.hass.config.async_update(country="US")
    await line.hass.async_block_till_done()

    assert await listed(line) == await listed(line, folder="all") == [placed, nobody, missed, anna]
    assert await listed(line, folder="favorites") == [anna]
    assert await listed(line, folder="voicemail") == await listed(line, folder="missed") == [missed]
    assert await listed(line, folder="unheard") == [placed, missed, anna]
    assert await listed(line, since=(START + timedelta(minutes=3)).isoformat()) == [placed, nobody]
    assert await listed(line, number="(650) 555-0142") == [placed, anna]
    assert await listed(line, number=["+1650*"], folder="unheard") == [placed, missed, anna]
    assert await listed(line, contact="anna FROM school") == [placed, anna]
    assert await listed(line, contact="Anna from school", folder="favorites") == [anna]
    assert await listed(line, text=" PARCEL gard") == [missed]
    assert await listed(line, text="smith", number=BO) == [missed]
    assert await listed(line, text="smith", folder="favorites") == [anna]
    assert await listed(line, text="...") == []
    assert await listed(line, text=" ", contact="", number=[]) == [placed, nobody, missed, anna]


@pytest.mark.parametrize("data", [{}, {"text": "smith"}, {"number": "+1650*"}])
async def test_a_long_list_is_read_in_parts(line: Line, data: dict[str, Any]) -> None:
    clips = [await keep(line, minutes=minutes) for minutes in range(22)][::-1]

    assert await listed(line, limit=1, **data) == clips[:1]
    assert await listed(line, limit=5, offset=20, **data) == clips[20:]
    assert await listed(line, limit=1000, offset=0, **data) == clips
    response = await act(line, "get_clips", **data)
    assert (len(response["clips"]), response["count"]) == (20, 22)
    assert await act(line, "get_clips", offset=1_000_000_000, **data) == {"clips": [], "count": 22}


@pytest.mark.parametrize(
    "data",
    [
        {"folder": "%"},
        {"number": "%"},
        {"contact": {"name": "Anna"}},
        {"since": "yesterday"},
        {"text": ["parcel"]},
        {"limit": 0},
        {"limit": 1001},
        {"offset": -1},
        {"offset": 10**30},
    ],
)
async def test_what_makes_no_sense_is_told(line: Line, data: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await act(line, "get_clips", **data)


@pytest.mark.parametrize(("data", "method"), [({}, "browse"), ({"text": "parcel"}, "search")])
async def test_a_list_that_cannot_be_read_is_told(
    line: Line, monkeypatch: pytest.MonkeyPatch, data: dict[str, Any], method: str
) -> None:
    fail(line, monkeypatch, method)
    assert await refused(line, "get_clips", **data) == "library_damaged"


def fail(line: Line, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    async def damaged(*_: Any) -> None:
        raise LibraryDamagedError

    monkeypatch.setattr(line.hass.data[DATA_LIBRARY], method, damaged)


# Which recording


@pytest.mark.parametrize(
    "written",
    [
        NO_CLIP,
        f" {NO_CLIP}\n",
        NO_CLIP.upper(),
        f"media-source://ringcentral/clip/{NO_CLIP}",
        12345678901234567890123456789012,
    ],
)
def test_a_recording_is_named_by_either_id(written: Any) -> None:
    assert clip_id(written) == (NO_CLIP if isinstance(written, str) else str(written))


@pytest.mark.parametrize(
    "written",
    [
        "",
        None,
        True,
        [NO_CLIP],
        {"media_content_id": NO_CLIP},
        NO_CLIP[:-1],
        f"{NO_CLIP}0",
        f"{NO_CLIP}\n{NO_CLIP}",
        f"{NO_CLIP[:-1]}g",
        f"../{NO_CLIP}",
        f"media-source://ringcentral/{NO_CLIP}",
        f"media-source://ringcentral/line/{NO_CLIP}",
        f"media-source://media_source/clip/{NO_CLIP}",
        f"media-source://ringcentral/clip/{NO_CLIP}/x",
    ],
)
@pytest.mark.parametrize("action", ["set_favorite", "mark_heard", "delete_clip"])
async def test_what_names_no_recording_is_refused(line: Line, action: str, written: Any) -> None:
    with pytest.raises(vol.Invalid):
        await act(line, action, clip=written)


@given(st.text() | st.text("0123456789abcdef", min_size=31, max_size=33))
def test_no_other_text_names_a_recording(text: str) -> None:
    try:
        found = clip_id(text)
    except vol.Invalid:
        return
    assert len(found) == 32 and set(found) <= set("0123456789abcdef")
    assert found in text.lower()


@pytest.mark.parametrize("action", ["set_favorite", "mark_heard", "delete_clip"])
async def test_a_recording_of_nobody_or_of_another_line_is_not_found(line: Line, action: str) -> None:
    others = await keep(line, line_id="another-line")
    before = await line.library.clip(others)

    assert await refused(line, action, clip=NO_CLIP) == "clip_not_found"
    assert await refused(line, action, clip=others) == "clip_not_found"

    assert await line.library.clip(others) == before and before is not None and before.path.exists()


@pytest.mark.parametrize("action", ["set_favorite", "mark_heard", "delete_clip"])
async def test_what_the_library_cannot_do_is_told(
    line: Line, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    kept = await keep(line)
    fail(line, monkeypatch, action)
    assert await refused(line, action, clip=kept) == "library_damaged"


# Marking


async def marks(line: Line, clip: str) -> tuple[bool, bool]:
    """Return whether a clip is a favorite, and whether it was heard."""
    found = await line.library.clip(clip)
    assert found is not None
    return found.favorite, found.heard


async def test_a_recording_is_marked_and_unmarked(line: Line) -> None:
    kept, other = await keep(line), await keep(line, minutes=1)

    await act(line, "set_favorite", clip=kept)
    assert await marks(line, kept) == (True, False)
    await act(line, "mark_heard", clip=f"media-source://ringcentral/clip/{kept}")
    assert await marks(line, kept) == (True, True)
    await act(line, "set_favorite", clip=kept, favorite=False)
    assert await marks(line, kept) == (False, True)
    await act(line, "mark_heard", clip=kept, heard="off")
    assert await marks(line, kept) == (False, False)
    assert await marks(line, other) == (False, False)


@pytest.mark.parametrize(("action", "mark"), [("set_favorite", "favorite"), ("mark_heard", "heard")])
async def test_the_line_knows_of_a_mark_on_its_latest_recording(line: Line, action: str, mark: str) -> None:
    kept = await keep(line)
    await act(line, action, clip=kept)
    await line.hass.async_block_till_done()
    assert getattr(line.entry.runtime_data.data.last_clip, mark) is True


# Deleting


async def test_a_recording_is_deleted_with_its_file_and_shown_no_more(line: Line) -> None:
    first, second = await keep(line), await keep(line, minutes=1)
    line.entry.runtime_data.async_look_up()
    await line.hass.async_block_till_done()
    shown = line.state("sensor", "last_recording").state
    assert shown == (START + timedelta(minutes=1)).isoformat()

    await act(line, "delete_clip", clip=second)
    await line.hass.async_block_till_done()

    assert line.state("sensor", "last_recording").state == START.isoformat()
    assert await listed(line) == [first]
    assert [path.stem for path in line.clips] == [first]
    assert len((await act(line, "get_calls"))["calls"]) == 2
    assert await refused(line, "delete_clip", clip=second) == "clip_not_found"


async def test_a_recording_that_is_being_made_stays(line: Line) -> None:
    call = await line.call(LISTENER)
    await act(line, "answer", record=True)
    await until(lambda: len(line.clips) == 1)
    recording = line.clips[0].stem

    assert await refused(line, "delete_clip", clip=recording) == "clip_in_use"

    await asyncio.sleep(0.2)
    assert (await act(line, "stop_recording"))["clip"] == recording
    line.cloud.sip.do(call, Step.HANG_UP)
    await line.told("ended")
    await act(line, "delete_clip", clip=recording)
    assert line.clips == []


async def test_only_administrators_and_automations_delete(line: Line, hass_admin_user: MockUser) -> None:
    first, second = await keep(line), await keep(line, minutes=1)
    user = await line.hass.auth.async_create_user("Bo", group_ids=[GROUP_ID_USER])

    for action, data in (("delete_clip", {"clip": first}), ("forget_number", {"number": ANNA.number})):
        with pytest.raises(Unauthorized):
            await as_user(line, user, action, **data)
        with pytest.raises(UnknownUser):
            await as_user(line, None, action, **data)
    assert await listed(line) == [second, first]

    await as_user(line, hass_admin_user, "delete_clip", clip=first)
    assert await listed(line) == [second]
    await as_user(line, hass_admin_user, "forget_number", number=ANNA.number)
    assert await listed(line) == []


async def test_anybody_may_mark_a_recording(line: Line) -> None:
    kept = await keep(line)
    user = await line.hass.auth.async_create_user("Bo", group_ids=[GROUP_ID_USER])

    await as_user(line, user, "set_favorite", clip=kept)
    await as_user(line, user, "mark_heard", clip=kept)

    assert await marks(line, kept) == (True, True)


# Forgetting


async def test_a_number_is_forgotten_on_all_lines(line: Line, cloud: RingCentral) -> None:
    await give_up(line, await line.call(ANNA))
    other = Line(line.hass, cloud, await add_line(line.hass, cloud, name="Office"))
    assert await line.hass.config_entries.async_setup(other.entry.entry_id)
    await until(lambda: other.registered)
    await keep(line)
    bo = await keep(line, BO, minutes=-1)
    await keep(other, minutes=1)
    await keep(line, minutes=2, line_id="disabled-line")
    await keep(line, minutes=3, direction=Direction.OUTGOING)
    for each in (line, other):
        each.entry.runtime_data.async_look_up()
    await line.hass.async_block_till_done()
    assert line.state("sensor", "missed_calls").state == "1"

    assert await forget(line.hass, "+1 650 555 0142") == {"clips": 4, "calls": 5}
    await line.hass.async_block_till_done()

    assert [path.stem for path in line.clips] == await listed(line) == [bo]
    assert line.state("sensor", "missed_calls").state == "0"
    assert line.state("sensor", "last_recording").state == (START - timedelta(minutes=1)).isoformat()
    assert other.state("sensor", "last_recording").state == "unknown"
    assert [call["caller"] for call in (await act(line, "get_calls"))["calls"]] == [BO]
    assert await forget(line.hass, ANNA.number or "") == {"clips": 0, "calls": 0}


@pytest.mark.parametrize(
    "written", ["+16505550142", "(650) 555-0142", "650.555.0142", " 1 650 555 0142 ", 16505550142, 6505550142]
)
async def test_a_number_is_the_same_however_it_is_written(line: Line, written: str | int) -> None:
    line.hass.config.country = "US"
    for minutes, number in enumerate(("+16505550142", "16505550142", "6505550142", "(650) 555-0142")):
        await keep(line, number, minutes=minutes)
    other = await keep(line, "+16505550143", minutes=9)

    assert await forget(line.hass, written) == {"clips": 4, "calls": 4}

    assert await listed(line) == [other]


@pytest.mark.parametrize(
    ("country", "written", "same"),
    [
        ("US", "+49 30 123456", ["+4930123456", "004930123456", "01149 30 123456"]),
        ("US", "011 49 30 123456", ["+4930123456", "004930123456", "0114930123456"]),
        ("DE", "0049 30 123456", ["+4930123456", "004930123456", "030123456", "030 / 12 34 56"]),
        (None, "0049 30 123456", ["+4930123456", "004930123456"]),
        (None, "+49 30 123456", ["+4930123456", "004930123456"]),
    ],
)
async def test_a_number_is_the_same_with_a_plus_and_with_what_is_dialled_for_it(
    line: Line, country: str | None, written: str, same: list[str]
) -> None:
    line.hass.config.country = country
    for minutes, number in enumerate(same):
        await keep(line, number, minutes=minutes)
    other = await keep(line, "+49301234567", minutes=9)

    assert await forget(line.hass, written) == {"clips": len(same), "calls": len(same)}

    assert await listed(line) == [other]


async def test_two_zeros_before_an_extension_are_part_of_it(line: Line) -> None:
    line.hass.config.country = None
    kept = await keep(line, "123", minutes=1)
    await keep(line, "00123", minutes=2)

    assert await forget(line.hass, "00123") == {"clips": 1, "calls": 1}
    assert await listed(line) == [kept]


async def test_what_was_found_again_without_its_line_can_be_deleted(line: Line) -> None:
    clip = await keep(line, line_id=RECOVERED_LINE_ID)
    await act(line, "set_favorite", clip=clip)
    await act(line, "delete_clip", clip=clip)

    assert await line.library.clip(clip) is None


@pytest.mark.parametrize(("written", "gone"), [("101", ["101"]), ("Front-Door", ["front-door"])])
async def test_an_extension_is_forgotten_and_nobody_else(
    line: Line, written: str, gone: Sequence[str]
) -> None:
    for minutes, number in enumerate(("101", "1010", "+16505550101", "front-door", None)):
        await keep(line, number, minutes=minutes)

    assert await forget(line.hass, written) == {"clips": 1, "calls": 1}

    left = {clip["caller"] for clip in (await act(line, "get_clips"))["clips"]}
    assert left == {"101", "1010", "+16505550101", "front-door", None} - {*gone}


@pytest.mark.parametrize("written", ["*", "+1650*", "+1 650 555 0142 *", "10*", "some body", " ", "%"])
async def test_only_a_whole_number_is_forgotten(line: Line, written: str) -> None:
    kept = await keep(line)

    with pytest.raises(ServiceValidationError) as error:
        await forget(line.hass, written)

    assert error.value.translation_key == "number_not_forgettable"
    assert str(error.value) != error.value.translation_key
    assert await listed(line) == [kept]


@pytest.mark.parametrize("number", ["", None, ["101"]])
async def test_a_number_to_forget_is_a_text(line: Line, number: Any) -> None:
    with pytest.raises(vol.Invalid):
        await forget(line.hass, number)


async def test_a_call_that_goes_on_is_not_forgotten(line: Line) -> None:
    call = await line.call(ANNA)

    assert await forget(line.hass, str(ANNA.number)) == {"clips": 0, "calls": 0}

    await give_up(line, call)
    await line.hass.async_block_till_done()
    assert await forget(line.hass, str(ANNA.number)) == {"clips": 0, "calls": 1}


async def test_who_is_forgotten_is_not_the_last_caller_any_more(line: Line) -> None:
    await give_up(line, await line.call(LISTENER))
    await give_up(line, await line.call(ANNA))
    assert line.state("sensor", "last_caller").state == "Anna Smith"

    await forget(line.hass, str(ANNA.number))
    assert line.state("sensor", "last_caller").state == "Hillside School"
    # Somebody else's going changes nothing.
    await forget(line.hass, "+1 720 555 0000")
    assert line.state("sensor", "last_caller").state == "Hillside School"

    await forget(line.hass, str(LISTENER.number))
    assert line.state("sensor", "last_caller").state == "unknown"
    await forget(line.hass, str(LISTENER.number))


async def test_who_calls_while_another_is_forgotten_is_shown(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    await give_up(line, await line.call(ANNA))
    read = line.library.last_call

    async def slowly(*wanted: Any, **without: Any) -> CallRecord | None:
        found = await read(*wanted, **without)
        await line.call(LISTENER)
        return found

    monkeypatch.setattr(line.library, "last_call", slowly)
    await forget(line.hass, str(ANNA.number))

    assert line.state("sensor", "last_caller").state == "Hillside School"


async def test_without_a_line_nothing_is_forgotten(line: Line) -> None:
    await line.hass.config_entries.async_unload(line.entry.entry_id)

    with pytest.raises(ServiceValidationError) as error:
        await forget(line.hass, str(ANNA.number))

    assert error.value.translation_key == "no_line"


async def test_files_that_stay_behind_are_told_and_deleted_later(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(line)
    line.entry.runtime_data.async_look_up()
    await line.hass.async_block_till_done()

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        with pytest.raises(HomeAssistantError) as error:
            await forget(line.hass, str(ANNA.number))
    await line.hass.async_block_till_done()

    assert error.value.translation_key == "files_not_deleted"
    assert str(error.value).startswith("Files that could not be deleted: 1.")
    assert (await listed(line), len(line.clips)) == ([], 1)
    assert line.state("sensor", "last_recording").state == "unknown"

    assert await forget(line.hass, str(ANNA.number)) == {"clips": 0, "calls": 0}
    assert line.clips == []


async def test_forgetting_that_fails_half_way_shows_what_is_left(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await keep(line)
    line.entry.runtime_data.async_look_up()
    await line.hass.async_block_till_done()

    async def half(_: Any) -> Purged:
        await line.library.delete_clip(kept)
        raise LibraryDamagedError

    monkeypatch.setattr(line.hass.data[DATA_LIBRARY], "forget", half)
    with pytest.raises(HomeAssistantError) as error:
        await forget(line.hass, str(ANNA.number))
    await line.hass.async_block_till_done()

    assert error.value.translation_key == "library_damaged"
    assert line.state("sensor", "last_recording").state == "unknown"
