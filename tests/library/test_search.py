from collections.abc import AsyncGenerator
from pathlib import Path
import sqlite3
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.ringcentral.library import ClipQuery, Folder, Library, Page
from custom_components.ringcentral.library.folders import asked_for
from custom_components.ringcentral.library.search import _matching, words_of

from .builders import START, after, save_call_clip, save_clip

WITHOUT = patch("custom_components.ringcentral.library.search.has_word_index", return_value=False)
LINES = ["front-door"]


@pytest.fixture(params=["indexed", "read"])
async def library(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Library]:
    """A library on a SQLite that indexes words, and on one that doesn't."""
    library = Library(folder)
    if request.param == "indexed":
        await library.open()
    else:
        with WITHOUT:
            await library.open()
    yield library
    await library.close()


@pytest.fixture
async def ids(library: Library) -> dict[str, str]:
    ids = {
        "anna": await save_call_clip(
            library, "1", "+1 650 555 0142", minutes=1, name="Anna-Maria Žofie", contact="Grandma"
        ),
        "bert": await save_call_clip(library, "2", "+49 (0)171/1234567", minutes=2, name="Bert O'Hara 100%"),
        "sip": await save_call_clip(library, "3", "door.station", minutes=3, name="山田"),
        "office": await save_call_clip(
            library, "4", "+16505550142", minutes=4, line_id="office", name="Anna"
        ),
        "none": await save_clip(library, "front-door", START),
    }
    await library.set_transcript(ids["bert"], "The parcel is with the neighbours, in the garden.", "en")
    await library.set_transcript(ids["none"], "A parcel for Anna", "en")
    return ids


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anna", ["anna", "none"]),
        ("ANN", ["anna", "none"]),
        ("anna maria", ["anna"]),
        ("maria anna", ["anna"]),
        ("Anna-Maria", ["anna"]),
        ("grandma", ["anna"]),
        ("anna bert", []),
        ("parcel", ["bert", "none"]),
        ("parcel gard", ["bert"]),
        ("parcel anna", ["none"]),
        ("5550142", ["anna"]),
        ("555-0142", ["anna"]),
        ("16505550142", ["anna"]),
        ("+1 650 555 0142", ["anna"]),
        ("(650) 555", ["anna"]),
        ("5550142 grandma", ["anna"]),
        ("5550 grandma", ["anna"]),
        ("1711234567", ["bert"]),
        ("01711234567", ["bert"]),
        ("door.station", ["sip"]),
        ("山", ["sip"]),
        ("  ANNA\t\n  ", ["anna", "none"]),
        ("\u202eanna\u200f", ["anna", "none"]),
        ("an\x00na", ["anna", "none"]),
        ("\udc80anna", ["anna", "none"]),
        ("", []),
        ("   ", []),
        ('"', []),
        ('""" *', []),
        ("*", []),
        ("%", []),
        ("_", []),
        ("\\", []),
        ("O'Hara", ["bert"]),
        ("' OR 1=1 --", []),
        ("NEAR(", []),
        ("NEAR(anna parcel)", []),
        ("names:anna", []),
        ("anna OR bert", []),
        ("-anna", ["anna", "none"]),
        ("x" * 10_000, []),
        ("x " * 10_000, []),
        ("\x00", []),
    ],
)
async def test_words_are_found_whatever_else_is_typed(
    library: Library, ids: dict[str, str], text: str, expected: list[str]
) -> None:
    page = await library.search(LINES, text)

    assert [clip.id for clip in page.items] == [ids[name] for name in expected]
    assert page.count == len(expected)


async def test_accents_may_be_left_out_where_words_are_indexed(folder: Path) -> None:
    library = Library(folder)
    await library.open()
    await save_call_clip(library, "1", name="Žofie")
    assert (await library.search(LINES, "zofie")).count == 1
    await library.close()


async def test_a_search_is_paged(library: Library, ids: dict[str, str]) -> None:
    both = ["front-door", "office"]
    assert [clip.id for clip in (await library.search(both, "anna")).items] == [
        ids[name] for name in ("office", "anna", "none")
    ]
    second = await library.search(both, "anna", 1, 1)
    assert ([clip.id for clip in second.items], second.count) == ([ids["anna"]], 3)
    assert await library.search(both, "anna", 5, 9) == Page((), 3)
    assert await library.search([], "anna") == Page()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (ClipQuery(), ["anna", "none"]),
        (ClipQuery(Folder.FAVORITES), ["anna"]),
        (ClipQuery(Folder.VOICEMAIL), []),
        (ClipQuery(since=after(minutes=1)), ["anna"]),
        (ClipQuery(until=after(minutes=1)), ["none"]),
        (ClipQuery(of_number=lambda number: number == "+1 650 555 0142"), ["anna"]),
        (ClipQuery(of_number=lambda number: number == "door.station"), []),
        (ClipQuery(anonymous=True), ["none"]),
    ],
)
async def test_words_are_looked_for_in_what_is_asked_for(
    library: Library, ids: dict[str, str], query: ClipQuery, expected: list[str]
) -> None:
    await library.set_favorite(ids["anna"], True)

    page = await library.search(LINES, "anna", query=query)

    assert [clip.id for clip in page.items] == [ids[name] for name in expected]
    assert page.count == len(expected)


@pytest.mark.parametrize("folder_of_clips", Folder)
async def test_the_index_is_asked_once_and_not_for_each_clip(folder: Path, folder_of_clips: Folder) -> None:
    library = Library(folder)
    await library.open()
    await library.close()
    connection = sqlite3.connect(folder / "library.db")
    where, values = asked_for(connection, LINES, ClipQuery(folder_of_clips))
    source, condition, sought = _matching(words_of("anna"))
    plan = connection.execute(
        f"EXPLAIN QUERY PLAN SELECT count(*) FROM {source} WHERE {where} AND {condition}", [*values, *sought]
    )
    steps = [row[3] for row in plan]
    connection.close()
    assert steps[0].startswith("SCAN words") and "PRIMARY KEY" in steps[1]


async def test_what_is_found_follows_what_is_known(library: Library, ids: dict[str, str]) -> None:
    await library.set_transcript(ids["bert"], "Nothing of that kind")
    assert (await library.search(LINES, "garden")).count == 0
    assert (await library.search(LINES, "kind")).count == 1
    assert (await library.search(LINES, "bert")).count == 1

    await library.delete_clip(ids["bert"])
    assert await library.search(LINES, "bert") == await library.search(LINES, "kind") == Page()


async def test_what_is_being_recorded_is_not_found(library: Library, ids: dict[str, str]) -> None:
    await library.begin_clip("front-door", START, call_id="1")
    assert (await library.search(LINES, "grandma")).count == 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text() | st.text('"*()^:-+{}ANDORNEAT \x00\u202e'))
async def test_no_text_does_harm(library: Library, text: str) -> None:
    await library.search(LINES, text)


def test_no_more_is_looked_for_than_tells_clips_apart() -> None:
    assert words_of("+1 650-555 anna bo") == [("1", True), ("650555", True), ("anna", False), ("bo", True)]
    assert words_of(" ".join("abcdefghijkl")) == [*((word, False) for word in "abcdefg"), ("h", True)]
    assert words_of("x" * 100) == [("x" * 64, True)]


async def test_what_was_kept_without_an_index_is_found_once_there_is_one(folder: Path) -> None:
    library = Library(folder)
    await library.open()
    await save_call_clip(library, "1", name="Anna")
    await library.close()

    with WITHOUT:
        await library.open()
    await save_call_clip(library, "2", name="Anna")
    assert (await library.search(LINES, "anna")).count == 2
    await library.close()

    await library.open()
    assert (await library.search(LINES, "anna")).count == 2
    await library.close()


async def test_an_index_that_would_not_forget_is_not_used(folder: Path) -> None:
    library = Library(folder)
    with patch.object(sqlite3, "sqlite_version_info", (3, 41, 9)):
        await library.open()
    await save_call_clip(library, "1", name="Joanna")
    assert (await library.search(LINES, "anna")).count == 1
    await library.close()


async def test_the_index_follows_a_call_that_another_program_changes(folder: Path) -> None:
    library = Library(folder)
    await library.open()
    await save_call_clip(library, "1", name="Anna")
    await library.close()
    connection = sqlite3.connect(folder / "library.db")
    with connection:
        connection.execute("UPDATE calls SET contact = 'Granny'")
    connection.close()

    await library.open()
    assert (await library.search(LINES, "granny")).count == (await library.search(LINES, "anna")).count == 1
    await library.close()


async def test_a_vacuum_mixes_nothing_up(folder: Path) -> None:
    library = Library(folder)
    await library.open()
    for number, name in enumerate(("Anna", "Bert", "Chloe")):
        await save_call_clip(library, str(number), name=name)
    (anna,) = (await library.search(LINES, "anna")).items
    (chloe,) = (await library.search(LINES, "chloe")).items
    await library.delete_clip(anna.id)
    await library.close()
    connection = sqlite3.connect(folder / "library.db")
    connection.execute("VACUUM")
    connection.close()

    await library.open()
    assert (await library.search(LINES, "chloe")).items == (chloe,)
    await library.close()
