from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from custom_components.ringcentral.library import (
    CallerClips,
    ClipKind,
    ClipQuery,
    Direction,
    Folder,
    Library,
    Page,
    Period,
    bounds,
    midnight,
)

from .builders import CALL, START, after, save_call_clip, save_clip

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
async def ids(library: Library) -> dict[str, str]:
    """Fill the library with clips of each kind, and give their ids by what they are."""
    ids = {
        "missed": await save_call_clip(library, "1", "+15550001", minutes=1, outcome="missed"),
        "message": await save_call_clip(library, "2", "+15550001", minutes=2, kind=ClipKind.VOICEMAIL),
        "favorite": await save_call_clip(library, "3", "+15550003", minutes=3),
        "anonymous": await save_call_clip(library, "4", None, minutes=4, name="Anonymous"),
        "office": await save_call_clip(library, "5", "+15550001", minutes=5, line_id="office"),
    }
    await library.set_favorite(ids["favorite"], True)
    await library.mark_heard(ids["message"])
    await library.begin_clip("front-door", after(minutes=9))
    return ids


@pytest.mark.parametrize(
    ("lines", "query", "expected"),
    [
        (["front-door"], ClipQuery(), ["anonymous", "favorite", "message", "missed"]),
        (["front-door", "office"], ClipQuery(), ["office", "anonymous", "favorite", "message", "missed"]),
        (["office"], ClipQuery(), ["office"]),
        ([], ClipQuery(), []),
        (["garage"], ClipQuery(), []),
        (["front-door"], ClipQuery(Folder.FAVORITES), ["favorite"]),
        (["front-door"], ClipQuery(Folder.VOICEMAIL), ["message"]),
        (["front-door"], ClipQuery(Folder.MISSED), ["missed"]),
        (["front-door"], ClipQuery(Folder.UNHEARD), ["anonymous", "favorite", "missed"]),
        (["front-door"], ClipQuery(other="+15550001"), ["message", "missed"]),
        (["front-door"], ClipQuery(Folder.UNHEARD, other="+15550001"), ["missed"]),
        (["front-door"], ClipQuery(other="%"), []),
        (["front-door"], ClipQuery(anonymous=True), ["anonymous"]),
        (["front-door"], ClipQuery(of_number=lambda number: number.endswith("1")), ["message", "missed"]),
        (
            ["front-door", "office"],
            ClipQuery(of_number=lambda number: number.startswith("+1")),
            ["office", "favorite", "message", "missed"],
        ),
        (["front-door"], ClipQuery(Folder.FAVORITES, of_number=lambda _: True), ["favorite"]),
        (["front-door"], ClipQuery(of_number=lambda _: False), []),
        (["front-door"], ClipQuery(since=after(minutes=3)), ["anonymous", "favorite"]),
        (["front-door"], ClipQuery(until=after(minutes=3)), ["message", "missed"]),
        (["front-door"], ClipQuery(Folder.UNHEARD, after(minutes=2), after(minutes=4)), ["favorite"]),
    ],
)
async def test_the_clips_that_are_asked_for_are_listed_and_counted(
    library: Library, ids: dict[str, str], lines: list[str], query: ClipQuery, expected: list[str]
) -> None:
    page = await library.browse(lines, query)
    assert [clip.id for clip in page.items] == [ids[name] for name in expected]
    assert page.count == len(expected)

    second = await library.browse(lines, query, 1, 1)
    assert [clip.id for clip in second.items] == [ids[name] for name in expected[1:2]]
    assert second.count == len(expected)
    assert await library.browse(lines, query, 0) == Page((), len(expected))
    assert await library.browse(lines, query, 5, 100) == Page((), len(expected))


async def test_a_clip_moves_between_folders_as_it_changes(library: Library, ids: dict[str, str]) -> None:
    await library.set_favorite(ids["favorite"], False)
    await library.mark_heard(ids["missed"])

    lines = ["front-door"]
    assert (await library.browse(lines, ClipQuery(Folder.FAVORITES), 0)).count == 0
    assert (await library.browse(lines, ClipQuery(Folder.UNHEARD), 0)).count == 2


@pytest.mark.parametrize("ends_first", [True, False])
async def test_a_message_is_missed_whenever_its_call_ends(library: Library, ends_first: bool) -> None:
    await library.begin_call(CALL)
    if ends_first:
        await library.end_call("call-1", after(seconds=9), "missed", "cancelled")
    clip = await library.begin_clip("front-door", START, call_id="call-1")
    if not ends_first:
        await library.end_call("call-1", after(seconds=9), "missed", "cancelled")
    await library.finish_clip(clip.id, 1.0)

    assert [c.id for c in (await library.browse(["front-door"], ClipQuery(Folder.MISSED))).items] == [clip.id]


async def test_clips_of_one_moment_are_listed_last_kept_first(library: Library) -> None:
    saved = [await save_clip(library, "front-door", START) for _ in range(5)]

    pages = [await library.browse(["front-door"], ClipQuery(), 2, offset) for offset in (0, 2, 4)]
    assert [clip.id for page in pages for clip in page.items] == saved[::-1]


async def test_callers_are_listed_with_their_clips_latest_first(
    library: Library, ids: dict[str, str]
) -> None:
    await save_call_clip(library, "6", "+15550001", minutes=6, name="Anna S.", contact="Anna")

    page = await library.callers(["front-door"])
    assert page == Page(
        (
            CallerClips("+15550001", "Anna S.", "Anna", 3, after(minutes=6)),
            CallerClips(None, None, None, 1, after(minutes=4)),
            CallerClips("+15550003", None, None, 1, after(minutes=3)),
        ),
        3,
    )
    assert await library.callers(["front-door"], 1, 1) == Page(page.items[1:2], 3)
    assert await library.callers(["front-door"], 9, 9) == Page((), 3)
    assert (await library.callers(["front-door", "office"], 1)).items[0].count == 4
    assert await library.callers([]) == Page()


async def test_who_was_called_goes_by_the_number_that_was_called(library: Library) -> None:
    await library.begin_call(replace(CALL, direction=Direction.OUTGOING, caller_name="Our line"))
    clip = await library.begin_clip("front-door", START, call_id="call-1")
    await library.finish_clip(clip.id, 1.0)

    (caller,) = (await library.callers(["front-door"])).items
    assert (caller.number, caller.name) == ("+15557654321", None)


@pytest.mark.parametrize(
    ("period", "now", "since", "until"),
    [
        (Period.TODAY, (2026, 11, 26, 12), date(2026, 11, 26), date(2026, 11, 27)),
        (Period.TODAY, (2026, 11, 26, 23, 30), date(2026, 11, 27), date(2026, 11, 28)),
        (Period.YESTERDAY, (2026, 11, 26, 12), date(2026, 11, 25), date(2026, 11, 26)),
        (Period.WEEK, (2026, 11, 26, 12), date(2026, 11, 23), date(2026, 11, 30)),
        (Period.WEEK, (2026, 11, 23, 0), date(2026, 11, 23), date(2026, 11, 30)),
        (Period.WEEK, (2026, 11, 29, 22), date(2026, 11, 23), date(2026, 11, 30)),
        (Period.WEEK, (2026, 11, 29, 23), date(2026, 11, 30), date(2026, 12, 7)),
    ],
)
def test_periods_are_those_of_the_home(
    period: Period, now: tuple[int, int, int, int], since: date, until: date
) -> None:
    assert bounds(period, datetime(*now, tzinfo=UTC), BERLIN) == (
        midnight(since, BERLIN),
        midnight(until, BERLIN),
    )


def test_a_day_is_as_long_as_the_clocks_make_it() -> None:
    since, until = bounds(Period.TODAY, datetime(2026, 10, 25, 12, tzinfo=UTC), BERLIN)
    assert until.timestamp() - since.timestamp() == 25 * 3600
