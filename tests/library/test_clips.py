from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.ringcentral.library import (
    ClipInUseError,
    ClipKind,
    ClipNotFoundError,
    ClipState,
    Consent,
    Day,
    Direction,
    Library,
    LibraryError,
    Total,
)

from .builders import CALL, START, after, of_day, save_clip
from .conftest import write_wav


async def test_a_clip_gets_an_id_and_a_place_in_its_month(library: Library, folder: Path) -> None:
    clip = await library.begin_clip("front-door", START)

    assert len(clip.id) == 32
    assert clip.path == folder / "clips" / "2026-11" / f"{clip.id}.wav"
    assert clip.path.parent.is_dir()
    assert not clip.path.exists()
    assert (clip.state, clip.duration, clip.started_at) == (ClipState.RECORDING, 0.0, START)


async def test_the_month_is_that_of_utc(library: Library) -> None:
    new_year = datetime(2027, 1, 1, 0, 30, tzinfo=ZoneInfo("Asia/Tokyo"))

    clip = await library.begin_clip("front-door", new_year)

    assert clip.path.parent.name == "2026-12"
    assert clip.started_at == new_year


async def test_a_clip_carries_the_parties_of_its_call(library: Library) -> None:
    await library.begin_call(CALL)

    clip = await library.begin_clip("front-door", START, call_id="call-1")

    assert (clip.call_id, clip.direction) == ("call-1", Direction.INCOMING)
    assert (clip.caller, clip.caller_name, clip.called) == ("+15551234567", "Anna Smith", "+15557654321")


async def test_the_last_clip_of_a_line_is_its_latest_saved_one(library: Library) -> None:
    assert await library.last_clip("front-door") is None
    await save_clip(library, "front-door", START)
    latest = await save_clip(library, "front-door", after(minutes=2))
    await save_clip(library, "garage", after(minutes=3))
    await library.begin_clip("front-door", after(minutes=4))

    last = await library.last_clip("front-door")

    assert last is not None and last.id == latest


async def test_a_clip_may_be_of_no_call(library: Library) -> None:
    clip = await library.begin_clip("front-door", START)

    assert (clip.call_id, clip.direction, clip.caller) == (None, None, None)


async def test_a_clip_of_an_unknown_call_is_refused(library: Library) -> None:
    with pytest.raises(LibraryError):
        await library.begin_clip("front-door", START, call_id="never-begun")


async def test_a_finished_clip_is_saved_with_its_duration(library: Library) -> None:
    begun = await library.begin_clip("front-door", START)

    saved = await library.finish_clip(begun.id, 42.5)

    assert saved == replace(begun, state=ClipState.SAVED, duration=42.5)
    assert await library.clip(begun.id) == saved


async def test_a_saved_clip_knows_its_size_and_how_loud_it_is(library: Library) -> None:
    clip = await library.begin_clip("front-door", START, kind=ClipKind.VOICEMAIL, consent=Consent.GREETED)
    write_wav(clip.path, 800)

    saved = await library.finish_clip(clip.id, 0.1)

    assert (saved.kind, saved.consent) == (ClipKind.VOICEMAIL, Consent.GREETED)
    saved = await library.finish_clip(clip.id, 2.0, consent=Consent.NONE)
    assert saved.consent is Consent.NONE
    assert (saved.size, saved.peak, saved.rms, saved.envelope) == (1644, 0.0, 0.0, bytes(100))


async def test_a_clip_whose_file_is_no_sound_is_saved_with_its_size_alone(library: Library) -> None:
    clip = await library.begin_clip("front-door", START)
    clip.path.write_bytes(b"RIFF")

    saved = await library.finish_clip(clip.id, 0.1)

    assert (saved.state, saved.size, saved.peak, saved.envelope) == (ClipState.SAVED, 4, None, None)


async def test_a_clip_becomes_a_favourite_and_is_heard_and_neither_again(library: Library) -> None:
    clip_id, other = (
        await save_clip(library, "front-door", START),
        await save_clip(library, "front-door", START),
    )

    changed = await library.set_favorite(clip_id, True)
    heard = await library.mark_heard(clip_id)
    assert (changed.favorite, changed.heard, heard.favorite, heard.heard) == (True, False, True, True)
    assert await library.clip(clip_id) == heard

    await library.set_favorite(clip_id, False)
    again = await library.mark_heard(clip_id, False)
    assert (again.favorite, again.heard) == (False, False)
    untouched = await library.clip(other)
    assert untouched is not None and not untouched.favorite and not untouched.heard


async def test_a_transcript_is_kept_bounded_and_fit_to_be_shown(library: Library) -> None:
    clip_id = await save_clip(library, "front-door", START)

    clip = await library.set_transcript(clip_id, "Hello\nthere\x00\udc80", "en-US\u202e")
    assert (clip.transcript, clip.language) == ("Hello there  ", "en-US")
    long = await library.set_transcript(clip_id, "x" * 300_000)
    assert long.transcript == "x" * 200_000 and long.language is None
    summed_up = await library.set_transcript(clip_id, "Hello there", "en", "A\ngreeting " * 300)
    assert summed_up.summary == ("A greeting " * 300)[:2000]
    anew = await library.set_transcript(clip_id, "Hello, dear", "en")
    assert (anew.transcript, anew.summary) == ("Hello, dear", None)
    gone = await library.set_transcript(clip_id, None)
    assert (gone.transcript, gone.language) == (None, None)


async def test_what_is_gone_cannot_be_changed(library: Library) -> None:
    for change in (
        library.set_favorite("0" * 32, True),
        library.mark_heard("0" * 32),
        library.set_transcript("0" * 32, "Hello"),
    ):
        with pytest.raises(ClipNotFoundError):
            await change


async def test_a_clip_is_deleted_with_its_file_but_not_while_it_is_recorded(library: Library) -> None:
    clip = await library.begin_clip("front-door", START)
    write_wav(clip.path, 800)

    with pytest.raises(ClipInUseError):
        await library.delete_clip(clip.id)
    assert clip.path.exists()

    await library.finish_clip(clip.id, 0.1)
    await library.delete_clip(clip.id)
    await library.delete_clip(clip.id)
    assert await library.clip(clip.id) is None
    assert not clip.path.exists()


async def test_a_discarded_clip_leaves_neither_row_nor_file(library: Library) -> None:
    clip = await library.begin_clip("front-door", START)
    other = await library.begin_clip("front-door", START)
    clip.path.write_bytes(b"RIFF")
    other.path.write_bytes(b"RIFF")

    await library.discard_clip(clip.id)

    assert await library.clip(clip.id) is None
    assert not clip.path.exists()
    assert await library.clip(other.id) == other
    assert other.path.exists()


async def test_discarding_twice_or_without_a_file_is_no_error(library: Library) -> None:
    clip = await library.begin_clip("front-door", START)

    await library.discard_clip(clip.id)
    await library.discard_clip(clip.id)

    assert await library.clip(clip.id) is None


async def test_a_clip_that_is_gone_cannot_be_finished(library: Library) -> None:
    with pytest.raises(ClipNotFoundError):
        await library.finish_clip("0" * 32, 1.0)


async def test_a_file_that_cannot_be_deleted_keeps_its_row(library: Library) -> None:
    clip = await library.begin_clip("front-door", START)
    clip.path.mkdir()

    with pytest.raises(LibraryError):
        await library.discard_clip(clip.id)

    assert await library.clip(clip.id) == clip


async def test_days_are_the_homes_own(library: Library) -> None:
    late = await save_clip(library, "front-door", datetime(2026, 11, 22, 4, 30, tzinfo=UTC), 3.0)
    early = await save_clip(library, "front-door", datetime(2026, 11, 22, 5, 30, tzinfo=UTC), 4.0)
    later = await save_clip(library, "front-door", datetime(2026, 11, 22, 9, 0, tzinfo=UTC), 0.5)
    new_york = ZoneInfo("America/New_York")

    assert await library.days("front-door", new_york) == [
        Day(date(2026, 11, 22), Total(2, 4.5)),
        Day(date(2026, 11, 21), Total(1, 3.0)),
    ]
    assert [clip.id for clip in await of_day(library, date(2026, 11, 22), new_york)] == [
        later,
        early,
    ]
    assert [clip.id for clip in await of_day(library, date(2026, 11, 21), new_york)] == [late]
    assert await library.days("front-door", UTC) == [Day(date(2026, 11, 22), Total(3, 7.5))]
    assert [day.date.day for day in await library.days("front-door", new_york, limit=1)] == [22]
    assert [day.date.day for day in await library.days("front-door", new_york, limit=5, offset=1)] == [21]


async def test_a_day_begins_with_its_midnight_and_ends_before_the_next(library: Library) -> None:
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    first = await save_clip(library, "front-door", midnight)
    await save_clip(library, "front-door", midnight + timedelta(days=1))

    second = await save_clip(library, "front-door", midnight + timedelta(hours=1))

    assert [clip.id for clip in await of_day(library, midnight.date(), UTC)] == [second, first]
    assert [day.total.count for day in await library.days("front-door", UTC)] == [1, 2]


async def test_clips_of_one_moment_are_listed_last_kept_first(library: Library) -> None:
    first = await save_clip(library, "front-door", START, 9.0)
    second = await save_clip(library, "front-door", START, 1.0)
    third = await save_clip(library, "front-door", START, 5.0)

    listed = await of_day(library, START.date(), UTC)

    assert [clip.id for clip in listed] == [third, second, first]


async def test_only_saved_clips_of_the_line_are_listed(library: Library) -> None:
    await library.begin_clip("front-door", START)
    await save_clip(library, "office", START, 5.0)

    assert await library.days("front-door", UTC) == []
    assert await of_day(library, START.date(), UTC) == ()
    assert await library.totals() == {"office": Total(1, 5.0)}


async def test_totals_add_up_each_line(library: Library) -> None:
    await save_clip(library, "office", START, 5.0)
    await save_clip(library, "office", after(days=40), 2.5)
    await save_clip(library, "front-door", START, 1.0)

    assert await library.totals() == {"office": Total(2, 7.5), "front-door": Total(1, 1.0)}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    starts=st.lists(
        st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
        min_size=1,
        max_size=12,
    ),
    zone=st.sampled_from(
        ["Europe/Berlin", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia", "America/Havana"]
    ),
)
async def test_every_clip_is_found_on_exactly_the_day_it_is_counted_on(
    tmp_path_factory: pytest.TempPathFactory, starts: list[datetime], zone: str
) -> None:
    library = Library(tmp_path_factory.mktemp("library"))
    await library.open()
    try:
        saved = [await save_clip(library, "front-door", start) for start in starts]
        days = await library.days("front-door", ZoneInfo(zone))
        listed = [await of_day(library, day.date, ZoneInfo(zone)) for day in days]
    finally:
        await library.close()

    assert [len(clips) for clips in listed] == [day.total.count for day in days]
    clips = [clip for clips in listed for clip in clips]
    assert sorted(clip.id for clip in clips) == sorted(saved)
    assert [clip.started_at for clip in clips] == sorted(starts, reverse=True)


async def test_a_removed_line_leaves_nothing_behind(library: Library) -> None:
    await library.begin_call(CALL)
    await library.begin_call(replace(CALL, id="call-2", line_id="office"))
    gone = await library.begin_clip("front-door", START, call_id="call-1")
    without_file = await library.begin_clip("front-door", START)
    kept = await library.begin_clip("office", START, call_id="call-2")
    write_wav(gone.path, 8000)
    write_wav(kept.path, 8000)

    await library.remove_line("front-door")

    assert await library.calls("front-door") == []
    assert [await library.clip(clip.id) for clip in (gone, without_file)] == [None, None]
    assert not gone.path.exists()
    assert await library.clip(kept.id) == kept
    assert kept.path.exists()
    assert len(await library.calls("office")) == 1


async def test_the_clips_of_calls_are_found_oldest_first(library: Library) -> None:
    ids = ["call-1", "call-2", "100%", "elsewhere"]
    clips = []
    for number, call_id in enumerate(ids):
        await library.begin_call(replace(CALL, id=call_id))
        for seconds in (20 - number, 0 - number):
            clip = await library.begin_clip("front-door", after(seconds=seconds), call_id=call_id)
            clips.append(await library.finish_clip(clip.id, 2.0))
    await library.begin_clip("front-door", START, call_id="call-1")

    found = await library.clips_of_calls(["call-2", "call-1", "never"])
    assert [clip.id for clip in found] == [clips[at].id for at in (3, 1, 2, 0)]
    assert [clip.id for clip in await library.clips_of_calls(["100%"])] == [clips[5].id, clips[4].id]
    assert await library.clips_of_calls(["%", "call-_", "' OR 1=1"]) == []
    assert await library.clips_of_calls([]) == []
