"""Times the library: `python -m benchmarks.library`.

A library of 100,000 calls and 20,000 clips, of which one in ten has a transcript, is made in a temporary folder, and one of
1 % and of 10 % of that. The clips are rows only. Printed are milliseconds: the median of 50
runs of each question, asked the way the integration asks it, event loop and thread included; and the median of 5 for opening,
after a run that was closed and after one that was killed, in milliseconds of processor time: whatever else the machine does
at a start.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
import sqlite3
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Final
from zoneinfo import ZoneInfo

from custom_components.ringcentral.library import (
    CallQuery,
    ClipQuery,
    Direction,
    Folder,
    Library,
    Period,
    Retention,
    bounds,
    midnight,
)

TARGET: Final = 50.0
TARGET_OPENING: Final = 200.0
_CALLS: Final = 100_000
_CLIPS: Final = 20_000
_SIZES: Final = (0.01, 0.1, 1.0)
_RUNS: Final = 50
_OPENINGS: Final = 5
_NOW: Final = datetime(2026, 11, 26, 12, tzinfo=UTC)
_YEARS: Final = 5 * 365
_ZONE: Final = ZoneInfo("America/New_York")
_LINE: Final = "front-door"
_ONE_DAY: Final = ClipQuery(
    since=midnight((_NOW - timedelta(days=30)).date(), _ZONE),
    until=midnight((_NOW - timedelta(days=29)).date(), _ZONE),
)
_NAMES: Final = ("Anna", "Bert", "Chloe", "Dmitri", "Emma", "Farid", "Greta", "Hugo", "Ines", "Jonas")
_WORDS: Final = (
    "parcel",
    "garden",
    "invoice",
    "school",
    "doctor",
    "please",
    "call",
    "back",
    "tomorrow",
    "keys",
)

type Question = Callable[[], Awaitable[object]]


def fill(path: Path, share: float) -> None:
    """Add calls and clips to the database of a closed library, spread over five years."""
    random = Random(7)
    calls, clips = int(_CALLS * share), int(_CLIPS * share)
    connection = sqlite3.connect(path)
    numbers = [f"+1650555{n:04}" for n in range(max(calls // 50, 1))]
    starts = sorted((_NOW - timedelta(days=_YEARS * random.random())).timestamp() for _ in range(calls))
    with connection:
        for at, start in enumerate(starts):
            number = random.choice(numbers)
            outcome = random.choice(("missed", "ended", "ended", "declined"))
            name = f"{_NAMES[int(number[-1])]} {number[-4:-1]}son"
            answered = start + 9 if outcome == "ended" else None
            connection.execute(
                """
                INSERT INTO calls (id, line_id, direction, caller, caller_name, called, started_at,
                                   answered_at, ended_at, outcome, end_reason, other)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                (f"call-{at}", _LINE, "incoming", number, name, "+16505550000", start,
                 answered, start + 60, outcome, "remote_hangup", number),
            )  # fmt: skip
        for at, call in enumerate(random.sample(range(calls), clips)):
            said = " ".join(random.choices(_WORDS, k=40)) if at % 10 == 0 else None
            connection.execute(
                """
                INSERT INTO clips (id, line_id, call_id, kind, state, started_at, duration, path, size, peak, rms,
                                   envelope, favorite, heard, transcript)
                VALUES (?, ?, ?, ?, 'saved', ?, 30, ?, 480044, 0.5, 0.1, ?, ?, ?, ?)
                """,
                (f"{at:032x}", _LINE, f"call-{call}", random.choice(("call", "voicemail")), starts[call],
                 f"clips/2026-01/{at:032x}.wav", bytes(100), at % 20 == 0, at % 5 > 0, said),
            )  # fmt: skip
    connection.close()


def questions(library: Library) -> dict[str, Question]:
    """Return what is timed, by name."""
    lines = [_LINE]
    since, until = bounds(Period.WEEK, _NOW, _ZONE)
    favorites, everything = ClipQuery(Folder.FAVORITES), ClipQuery()
    return {
        "totals": library.totals,
        "days": lambda: library.days(_LINE, _ZONE),
        "days, the first 50": lambda: library.days(_LINE, _ZONE, limit=50),
        "one day's clips": lambda: library.browse([_LINE], _ONE_DAY, 200),
        "this week": lambda: library.browse(lines, ClipQuery(since=since, until=until)),
        "all, the first 50": lambda: library.browse(lines, everything),
        "all, 50 in the middle": lambda: library.browse(lines, everything, 50, _CLIPS // 2),
        "all of two lines": lambda: library.browse([_LINE, "office"], everything),
        "by caller": lambda: library.callers(lines),
        "one caller's": lambda: library.browse(lines, ClipQuery(other="+16505550007")),
        "favourites": lambda: library.browse(lines, favorites),
        "voicemail": lambda: library.browse(lines, ClipQuery(Folder.VOICEMAIL)),
        "missed with a message": lambda: library.browse(lines, ClipQuery(Folder.MISSED)),
        "not heard": lambda: library.browse(lines, ClipQuery(Folder.UNHEARD)),
        "search: chlo": lambda: library.search(lines, "chlo"),
        "search: garden invo": lambda: library.search(lines, "garden invo"),
        "search: 5550042": lambda: library.search(lines, "5550042"),
        "search: 1 (in all)": lambda: library.search(lines, "1"),
        "calls, outcome busy (none)": lambda: library.calls(_LINE, 100, CallQuery(outcome="busy")),
        "calls, missed": lambda: library.calls(_LINE, 100, CallQuery(Direction.INCOMING, "missed")),
        "calls, of a number (none)": lambda: library.calls(_LINE, 100, CallQuery(of_number=lambda _: False)),
        "missed, since an hour": lambda: library.missed(_LINE, _NOW - timedelta(hours=1)),
        "missed, ever": lambda: library.missed(_LINE, None),
    }


async def timed(question: Question) -> float:
    """Return the milliseconds a question takes."""
    begin = perf_counter()
    await question()
    return 1000 * (perf_counter() - begin)


async def opening(folder: Path, *, killed: bool) -> float:
    """Return the milliseconds of the processor that it takes to open the library."""
    taken = []
    for _ in range(_OPENINGS):
        if killed:
            connection = sqlite3.connect(folder / "library.db")
            with connection:
                connection.execute("UPDATE run SET clean = 0")
            connection.close()
        library = Library(folder)
        begin = process_time()
        await library.open()
        taken.append(1000 * (process_time() - begin))
        await library.close()
    return median(taken)


async def held_by_purge(library: Library) -> tuple[float, float]:
    """Return the longest and the median time that somebody else waits while a tenth of the clips is purged, in ms."""
    purging = asyncio.create_task(library.purge(Retention(days=_YEARS * 0.9), _NOW))
    waits = []
    while not purging.done():
        waits.append(await timed(lambda: library.clip("none")))
    purged = await purging
    print(f"  purged: {purged}")
    return max(waits), median(waits)


async def measured(folder: Path, share: float) -> dict[str, float]:
    """Return the milliseconds of everything for a library of a share of the full size."""
    library = Library(folder)
    await library.open()
    await library.close()
    fill(folder / "library.db", share)
    print(f"{share:.0%}: {(folder / 'library.db').stat().st_size / 2**20:.0f} MiB")
    figures = {
        "opening, closed before": await opening(folder, killed=False),
        "opening, killed before": await opening(folder, killed=True),
    }
    await library.open()
    for name, question in questions(library).items():
        figures[name] = median([await timed(question) for _ in range(_RUNS)])
    longest, usual = await held_by_purge(library)
    figures |= {"a question during a purge": usual, "the longest of those": longest}
    await library.close()
    return figures


async def main() -> None:
    """Print the table."""
    columns = []
    for share in _SIZES:
        with TemporaryDirectory() as folder:
            columns.append(await measured(Path(folder) / "ringcentral", share))
    print(f"{'median, ms':32}" + "".join(f"{share:>9.0%}" for share in _SIZES))
    for name, full in columns[-1].items():
        target = TARGET_OPENING if name.startswith("opening") else TARGET
        row = "".join(f"{column[name]:>9.2f}" for column in columns)
        print(f"{name:32}{row}{'  too slow' if full > target else ''}")


if __name__ == "__main__":
    asyncio.run(main())
