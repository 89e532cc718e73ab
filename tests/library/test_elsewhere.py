"""Calls and clips that are kept elsewhere too."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.ringcentral.library import (
    ELSEWHERE,
    CallQuery,
    CallRecord,
    ClipQuery,
    Direction,
    Folder,
    Library,
)

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LINE = "front-door"
MISSED = CallRecord(
    "call-1", LINE, Direction.INCOMING, START, caller="+1", ended_at=START, outcome="missed", end_reason="x"
)


async def calls(library: Library, query: CallQuery | None = None) -> dict[str, tuple[str | None, str | None]]:
    found = await library.calls(LINE, query=query)
    return {call.id: (call.remote_id, call.outcome) for call in found}


async def test_a_call_is_linked_and_keeps_how_it_ended(library: Library) -> None:
    await library.begin_call(MISSED)

    await library.link_call("call-1", "s-1")

    assert await calls(library) == {"call-1": ("s-1", "missed")}


async def test_a_call_that_ended_otherwise_is_no_missed_one_any_more(library: Library) -> None:
    await library.begin_call(MISSED)
    clip = await library.begin_clip(LINE, START, call_id="call-1")
    await library.finish_clip(clip.id, 1.0)

    await library.link_call("call-1", "s-1", outcome="ended", end_reason="answered_elsewhere")

    (call,) = await library.calls(LINE)
    assert (call.outcome, call.end_reason, call.ended_at) == ("ended", "answered_elsewhere", START)
    assert (await library.missed(LINE, None)).count == 0
    assert (await library.browse([LINE], ClipQuery(Folder.MISSED))).count == 0


async def test_two_calls_are_never_called_the_same(library: Library) -> None:
    await library.begin_call(replace(MISSED, remote_id="s-1"))
    await library.begin_call(replace(MISSED, id="call-2"))

    await library.link_call("call-2", "s-1", outcome="ended", end_reason="y")

    assert await calls(library) == {"call-1": ("s-1", "missed"), "call-2": (None, "ended")}


async def test_the_last_call_is_one_that_rang_here(library: Library) -> None:
    await library.begin_call(MISSED)
    await library.begin_call(
        replace(MISSED, id=f"{ELSEWHERE}call-9", started_at=START + timedelta(hours=1), remote_id="s-9")
    )

    last = await library.last_call(LINE)

    assert last is not None and last.id == "call-1"
    assert list(await calls(library, CallQuery(here=True))) == ["call-1"]
    assert len(await calls(library)) == 2


@pytest.mark.parametrize(
    ("asked", "found"), [(["m-1"], ["m-1"]), (["m-1", "m-3", "m-9"], ["m-1"]), ([], []), (["m-2"], [])]
)
async def test_clips_are_found_by_what_they_are_called_elsewhere(
    library: Library, asked: list[str], found: list[str]
) -> None:
    ours = await library.begin_clip(LINE, START, remote_id="m-1")
    await library.finish_clip(ours.id, 1.0)
    await library.begin_clip(LINE, START, remote_id="m-2")
    others = await library.begin_clip("back-door", START, remote_id="m-3")
    await library.finish_clip(others.id, 1.0)

    clips = await library.remote_clips(LINE, asked)

    assert list(clips) == found
    assert all(clips[name].id == ours.id for name in found)


async def test_what_was_never_finished_makes_room_for_another_try(library: Library) -> None:
    before = await library.begin_clip(LINE, START, remote_id="m-1")
    before.path.write_bytes(b"half of it")
    others = await library.begin_clip(LINE, START)

    again = await library.begin_clip(LINE, START, remote_id="m-1")

    assert await library.clip(before.id) is None and not before.path.exists()
    assert await library.clip(others.id) is not None and again.id != before.id


async def test_calls_of_a_stretch_of_time_are_found(library: Library) -> None:
    for hour in range(4):
        await library.begin_call(
            replace(MISSED, id=f"call-{hour}", started_at=START + timedelta(hours=hour), remote_id=None)
        )

    found = await calls(
        library, CallQuery(since=START + timedelta(hours=1), until=START + timedelta(hours=2))
    )

    assert list(found) == ["call-2", "call-1"]


async def test_a_call_may_end_otherwise_and_keep_its_name(library: Library) -> None:
    await library.begin_call(replace(MISSED, remote_id="s-1", outcome="ended"))

    await library.link_call("call-1", outcome="missed", end_reason="voicemail")

    assert await calls(library) == {"call-1": ("s-1", "missed")}
