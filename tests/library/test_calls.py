from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.ringcentral.library import CallQuery, Direction, Library, LibraryError, Missed

from .builders import CALL, START, after


async def test_a_call_is_kept_as_it_was_told(library: Library) -> None:
    await library.begin_call(CALL)

    assert await library.last_call("front-door") == CALL


async def test_a_call_kept_after_its_end_comes_back_whole(library: Library) -> None:
    ended = replace(
        CALL,
        answered_at=after(seconds=4),
        ended_at=after(seconds=46),
        outcome="ended",
        end_reason="remote_hangup",
    )

    await library.begin_call(ended)

    assert await library.last_call("front-door") == ended


async def test_a_call_is_answered_and_ended(library: Library) -> None:
    await library.begin_call(CALL)

    await library.answer_call("call-1", after(seconds=4))
    await library.end_call("call-1", after(seconds=46), "ended", "remote_hangup")

    assert await library.last_call("front-door") == replace(
        CALL,
        answered_at=after(seconds=4),
        ended_at=after(seconds=46),
        outcome="ended",
        end_reason="remote_hangup",
    )


async def test_what_is_known_of_the_contact_and_the_sound_is_kept(library: Library) -> None:
    await library.begin_call(replace(CALL, contact="Anna\x00 at home"))

    await library.end_call("call-1", after(seconds=46), "ended", "remote_hangup", media='{"lost": 3}')

    call = await library.last_call("front-door")
    assert call is not None
    assert (call.contact, call.media) == ("Anna at home", '{"lost": 3}')


@pytest.mark.parametrize(("length", "kept"), [(4096, True), (4097, False)])
async def test_figures_that_are_too_long_are_left_out(library: Library, length: int, kept: bool) -> None:
    await library.begin_call(CALL)
    await library.end_call("call-1", after(seconds=46), "ended", "remote_hangup", media="7" * length)

    call = await library.last_call("front-door")
    assert call is not None and (call.media is not None) is kept


@pytest.mark.parametrize(
    ("answered", "ended", "rang"),
    [(4, 46, 4.0), (4, None, 4.0), (None, 46, 46.0), (None, None, None), (-1, 46, 0.0)],
)
def test_a_call_rings_until_it_is_answered_or_over(
    answered: float | None, ended: float | None, rang: float | None
) -> None:
    call = replace(
        CALL,
        answered_at=None if answered is None else after(seconds=answered),
        ended_at=None if ended is None else after(seconds=ended),
    )
    assert call.ring_seconds == rang


async def test_only_the_first_answer_and_the_first_end_count(library: Library) -> None:
    await library.begin_call(CALL)
    await library.answer_call("call-1", after(seconds=4))
    await library.end_call("call-1", after(seconds=46), "ended", "remote_hangup")

    await library.answer_call("call-1", after(seconds=50))
    await library.end_call("call-1", after(seconds=60), "missed", "network_error")

    call = await library.last_call("front-door")
    assert call is not None
    assert call.answered_at == after(seconds=4)
    assert (call.ended_at, call.outcome, call.end_reason) == (after(seconds=46), "ended", "remote_hangup")


async def test_answering_and_ending_touch_no_other_call(library: Library) -> None:
    await library.begin_call(CALL)

    await library.answer_call("another", after(seconds=4))
    await library.end_call("another", after(seconds=5), "ended", "busy")

    assert await library.last_call("front-door") == CALL


async def test_a_line_without_calls_has_no_last_call(library: Library) -> None:
    await library.begin_call(CALL)

    assert await library.last_call("office") is None


async def test_the_last_call_is_one_that_came(library: Library) -> None:
    await library.begin_call(CALL)
    ours = replace(CALL, id="ours", direction=Direction.OUTGOING, started_at=after(seconds=60))
    await library.begin_call(ours)

    assert await library.last_call("front-door") == CALL
    assert await library.calls("front-door") == [ours, CALL]


async def test_calls_are_listed_newest_first_within_a_line_and_a_limit(library: Library) -> None:
    for number, seconds in enumerate((20, 0, 10, 10)):
        await library.begin_call(replace(CALL, id=f"call-{number}", started_at=after(seconds=seconds)))
    await library.begin_call(replace(CALL, id="elsewhere", line_id="office"))

    assert [call.id for call in await library.calls("front-door")] == ["call-0", "call-3", "call-2", "call-1"]
    assert [call.id for call in await library.calls("front-door", 2)] == ["call-0", "call-3"]


@pytest.fixture
async def log(library: Library) -> Library:
    """A library with five calls, the newest still going on."""
    calls = {
        "missed": (Direction.INCOMING, "+15551234567", "missed"),
        "ended": (Direction.INCOMING, "+15551234567", "ended"),
        "anonymous": (Direction.INCOMING, None, "missed"),
        "ours": (Direction.OUTGOING, "+15550000000", "ended"),
        "now": (Direction.INCOMING, "100%_", None),
    }
    for minute, (call_id, (direction, other, outcome)) in enumerate(calls.items()):
        call = replace(
            CALL, id=call_id, direction=direction, started_at=after(minutes=minute), outcome=outcome
        )
        named = (
            replace(call, caller=other) if direction is Direction.INCOMING else replace(call, called=other)
        )
        await library.begin_call(named)
    return library


@pytest.mark.parametrize(
    ("query", "limit", "expected"),
    [
        (CallQuery(), 9, ["now", "ours", "anonymous", "ended", "missed"]),
        (CallQuery(), 2, ["now", "ours"]),
        (CallQuery(Direction.OUTGOING), 9, ["ours"]),
        (CallQuery(outcome="missed"), 9, ["anonymous", "missed"]),
        (CallQuery(outcome="missed"), 1, ["anonymous"]),
        (CallQuery(outcome="%"), 9, []),
        (CallQuery(outcome="' OR 1=1 --"), 9, []),
        (CallQuery(without="missed"), 9, ["now", "ours", "ended"]),
        (CallQuery(since=START + timedelta(minutes=3)), 9, ["now", "ours"]),
        (CallQuery(since=datetime.min.replace(tzinfo=UTC)), 1, ["now"]),
        (CallQuery(since=datetime.max.replace(tzinfo=UTC)), 9, []),
        (CallQuery(of_number=lambda number: number == "+15551234567"), 9, ["ended", "missed"]),
        (CallQuery(of_number=lambda number: number == "+15551234567"), 1, ["ended"]),
        (CallQuery(of_number=lambda number: number == "+15550000000"), 9, ["ours"]),
        (CallQuery(of_number=lambda number: number == "100%_"), 9, ["now"]),
        (CallQuery(outcome="missed", of_number=lambda number: True), 9, ["missed"]),
    ],
)
async def test_calls_that_are_asked_for_are_listed(
    log: Library, query: CallQuery, limit: int, expected: list[str]
) -> None:
    assert [call.id for call in await log.calls("front-door", limit, query)] == expected


async def test_each_number_is_looked_at_once(log: Library) -> None:
    asked: list[str] = []

    def of_number(number: str) -> bool:
        asked.append(number)
        return True

    await log.calls("front-door", 9, CallQuery(of_number=of_number))
    assert asked == ["100%_", "+15550000000", "+15551234567"]


@pytest.mark.parametrize(
    ("answered", "ended", "duration"),
    [(4, 46.5, 42.5), (None, 46, 0.0), (4, None, None), (None, None, None), (46, 4, 0.0)],
)
def test_a_call_lasts_from_its_answer_to_its_end(
    answered: float | None, ended: float | None, duration: float | None
) -> None:
    call = replace(
        CALL,
        answered_at=None if answered is None else after(seconds=answered),
        ended_at=None if ended is None else after(seconds=ended),
    )
    assert call.duration == duration


async def test_missed_calls_are_those_nobody_took_since_a_moment(library: Library) -> None:
    ends = {
        "early": (0, Direction.INCOMING, "missed", "cancelled"),
        "late": (10, Direction.INCOMING, "missed", "no_answer"),
        "quiet": (20, Direction.INCOMING, "declined", "do_not_disturb"),
        "refused": (30, Direction.INCOMING, "declined", "declined"),
        "talked": (40, Direction.INCOMING, "ended", "remote_hangup"),
        "ours": (50, Direction.OUTGOING, "missed", "no_answer"),
    }
    for name, (minutes, direction, outcome, reason) in ends.items():
        await library.begin_call(
            replace(
                CALL,
                id=name,
                direction=direction,
                started_at=after(minutes=minutes),
                ended_at=after(minutes=minutes, seconds=30),
                outcome=outcome,
                end_reason=reason,
            )
        )
    await library.begin_call(replace(CALL, id="rings", started_at=after(minutes=60)))

    everything = await library.missed("front-door", None)
    since = await library.missed("front-door", after(seconds=30))
    few = await library.missed("front-door", None, limit=1)

    assert [call.id for call in everything.latest] == ["quiet", "late", "early"]
    assert (since.count, [call.id for call in since.latest]) == (2, ["quiet", "late"])
    assert (few.count, [call.id for call in few.latest]) == (3, ["quiet"])
    assert await library.missed("garage", None) == Missed()


async def test_a_call_id_is_used_once(library: Library) -> None:
    await library.begin_call(CALL)

    with pytest.raises(LibraryError):
        await library.begin_call(replace(CALL, caller="+15550000000"))

    assert await library.calls("front-door") == [CALL]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Anna\r\nSmith\x00", "AnnaSmith"),
        ("\u202egnp.exe", "gnp.exe"),
        ("half a \udc80 letter", "half a  letter"),
        ("x" * 5000, "x" * 128),
        ("Žofie 山田", "Žofie 山田"),
        ("", ""),
        (None, None),
    ],
)
async def test_names_from_the_wire_are_bounded_and_stripped(
    library: Library, sent: str | None, kept: str | None
) -> None:
    await library.begin_call(replace(CALL, caller=sent, caller_name=sent, called=sent))

    assert await library.last_call("front-door") == replace(CALL, caller=kept, caller_name=kept, called=kept)
