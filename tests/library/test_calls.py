from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.ringcentral.library import CallRecord, Direction, Library, LibraryError, Missed

START = datetime(2026, 11, 21, 17, 3, 11, 250_000, UTC)
CALL = CallRecord(
    id="call-1",
    line_id="front-door",
    direction=Direction.INCOMING,
    started_at=START,
    caller="+15551234567",
    caller_name="Anna Smith",
    called="+15557654321",
)


def after(**kwargs: float) -> datetime:
    return START + timedelta(**kwargs)


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
