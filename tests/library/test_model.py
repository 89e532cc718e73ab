"""Random use of the library beside a plain model of it: what both say must never differ."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
import sqlite3

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.ringcentral.library import (
    Clip,
    ClipKind,
    ClipQuery,
    ClipState,
    Folder,
    Library,
    Retention,
    Total,
)

from .builders import CALL, after

LINES = ("front-door", "office")
CALLERS = ("+16505550142", "+16505550143", None)
NAMES = ("Anna", "Bert Anna", None)
WORDS = ("anna", "bert", "parcel", "garden", "0142", "555", "anna parcel")
NOW = after(days=10)


@dataclass
class Kept:
    """A clip as the model knows it, and the call it is of."""

    clip_id: str
    line: str
    hours: int
    caller: str | None
    name: str | None
    kind: ClipKind
    outcome: str
    saved: bool = False
    favorite: bool = False
    heard: bool = False
    transcript: str = ""
    size: int = 0

    @property
    def words(self) -> str:
        """All that is to be found of it, but for the number that was called."""
        return f"{self.name or ''} {self.transcript}".casefold()

    def holds(self, word: str) -> bool:
        """Whether a word is found in it; those of the test are not part of one another."""
        return word in f"{self.caller} {CALL.called}" if word.isdigit() else word in self.words


@dataclass
class Model:
    """What the library is to hold: clips in the order they were begun."""

    clips: list[Kept] = field(default_factory=list)

    def listed(self, meant: Callable[[Kept], bool] = lambda _: True) -> list[str]:
        """Return the ids of the saved clips that are meant, newest first."""
        chosen = [(kept.hours, at, kept) for at, kept in enumerate(self.clips) if kept.saved and meant(kept)]
        return [kept.clip_id for *_, kept in sorted(chosen, key=lambda item: item[:2], reverse=True)]


FOLDERS: dict[Folder, Callable[[Kept], bool]] = {
    Folder.ALL: lambda kept: True,
    Folder.FAVORITES: lambda kept: kept.favorite,
    Folder.VOICEMAIL: lambda kept: kept.kind is ClipKind.VOICEMAIL,
    Folder.MISSED: lambda kept: kept.outcome == "missed",
    Folder.UNHEARD: lambda kept: not kept.heard,
}

type Step = tuple[str, int, int]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "record",
                "record",
                "record",
                "favorite",
                "hear",
                "write",
                "delete",
                "purge",
                "forget",
                "restart",
            ]
        ),
        st.integers(0, 2**12),
        st.integers(0, 2**12),
    ),
    min_size=1,
    max_size=25,
)


class Life:
    """A library and its model, to which the same happens."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.model = Model()
        self.numbers = count()

    async def record(self, a: int, b: int) -> None:
        """Keep a call with a clip; every fourth is recorded on."""
        line, caller, name = LINES[a % 2], CALLERS[b % 3], NAMES[a % 3]
        kind, outcome = (ClipKind.CALL, ClipKind.VOICEMAIL)[b % 2], ("missed", "ended")[a // 2 % 2]
        hours, call_id = b % 200, f"call-{next(self.numbers)}"
        call = replace(
            CALL, id=call_id, line_id=line, caller=caller, caller_name=name, started_at=after(hours=hours)
        )
        await self.library.begin_call(call)
        clip = await self.library.begin_clip(line, after(hours=hours), call_id=call_id, kind=kind)
        kept = Kept(clip.id, line, hours, caller, name, kind, outcome)
        self.model.clips.append(kept)
        await self.library.end_call(call_id, after(hours=hours, seconds=9), outcome, "remote_hangup")
        clip.path.write_bytes(bytes(44 + 2 * (a % 50)))
        if a % 4:
            saved = await self.library.finish_clip(clip.id, 1.0)
            kept.saved, kept.size = True, saved.size or 0

    async def favorite(self, a: int, b: int) -> None:
        if kept := self.some(a):
            kept.favorite = bool(b % 2)
            await self.library.set_favorite(kept.clip_id, kept.favorite)

    async def hear(self, a: int, b: int) -> None:
        if kept := self.some(a):
            kept.heard = bool(b % 3)
            await self.library.mark_heard(kept.clip_id, kept.heard)

    async def write(self, a: int, b: int) -> None:
        if kept := self.some(a):
            kept.transcript = ("parcel", "garden parcel", "")[b % 3]
            await self.library.set_transcript(kept.clip_id, kept.transcript, "en")

    async def delete(self, a: int, _: int) -> None:
        if (kept := self.some(a)) and kept.saved:
            await self.library.delete_clip(kept.clip_id)
            self.model.clips.remove(kept)

    async def purge(self, a: int, b: int) -> None:
        days, most, keep = (3, None)[a % 2], (150, None)[b % 2], bool(b // 2 % 2)
        purged = await self.library.purge(Retention(days, most, keep), NOW)
        victims = [kept for kept in self.oldest() if not (keep and kept.favorite)]
        gone = [kept for kept in victims if days is not None and kept.hours < 24 * (10 - days)]
        for kept in victims:
            too_much = most is not None and sum(k.size for k in self.oldest() if k not in gone) > most
            if too_much and kept not in gone:
                gone.append(kept)
        self.model.clips = [kept for kept in self.model.clips if kept not in gone]
        assert (purged.count, purged.bytes, purged.left) == (len(gone), sum(k.size for k in gone), 0)

    async def forget(self, a: int, _: int) -> None:
        number = CALLERS[a % 2]
        assert number is not None
        await self.library.forget([number])
        self.model.clips = [kept for kept in self.model.clips if kept.caller != number or self.recorded(kept)]

    async def restart(self, _a: int, _b: int) -> None:
        """Close and open; what was being recorded is lost, as its file says."""
        await self.library.close()
        await self.library.open()
        await self.library.recover(lambda path: None)
        self.model.clips = [kept for kept in self.model.clips if kept.saved]

    @staticmethod
    def recorded(kept: Kept) -> bool:
        return not kept.saved

    def oldest(self) -> list[Kept]:
        return sorted((kept for kept in self.model.clips if kept.saved), key=lambda kept: kept.hours)

    def some(self, a: int) -> Kept | None:
        return self.model.clips[a % len(self.model.clips)] if self.model.clips else None


async def compare(life: Life, folder: Path) -> None:
    """Ask the library all there is to ask."""
    library, model = life.library, life.model
    for name, meant in FOLDERS.items():
        page = await library.browse(LINES, ClipQuery(name), 1000)
        assert ids(page.items) == model.listed(meant)
        assert page.count == len(page.items)
        few = await library.browse(LINES[:1], ClipQuery(name), 2, 1)
        on_line = model.listed(partial(on_first_line, meant))
        assert (ids(few.items), few.count) == (on_line[1:3], len(on_line))
    for text in WORDS:
        found = await library.search(LINES, text, 1000)
        assert ids(found.items) == model.listed(partial(holds_all, text.split()))
    saved = [kept for kept in model.clips if kept.saved]
    callers = await library.callers(LINES, 1000)
    assert {caller.number: caller.count for caller in callers.items} == {
        number: sum(kept.caller == number for kept in saved) for number in {kept.caller for kept in saved}
    }
    assert await library.totals() == {
        line: Total(clips, float(clips))
        for line in LINES
        if (clips := sum(kept.line == line for kept in saved))
    }
    assert files(folder) == {kept.clip_id for kept in model.clips}
    everything = [await library.clip(kept.clip_id) for kept in model.clips]
    assert [clip and (clip.favorite, clip.heard, clip.state is ClipState.SAVED) for clip in everything] == [
        (kept.favorite, kept.heard, kept.saved) for kept in model.clips
    ]


def on_first_line(meant: Callable[[Kept], bool], kept: Kept) -> bool:
    return kept.line == LINES[0] and meant(kept)


def holds_all(words: list[str], kept: Kept) -> bool:
    return all(map(kept.holds, words))


def files(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("clips/*/*.wav")}


def ids(clips: tuple[Clip, ...]) -> list[str]:
    return [clip.id for clip in clips]


@asynccontextmanager
async def opened(folder: Path) -> AsyncGenerator[Library]:
    library = Library(folder)
    await library.open()
    try:
        yield library
    finally:
        await library.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_the_library_and_a_plain_model_of_it_never_differ(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    folder = tmp_path_factory.mktemp("library")
    async with opened(folder) as library:
        life = Life(library)
        for name, a, b in steps:
            step: Callable[[int, int], Awaitable[None]] = getattr(life, name)
            await step(a, b)
        await compare(life, folder)
    connection = sqlite3.connect(folder / "library.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("SELECT count(*) FROM doomed").fetchone() == (0,)
    connection.close()
