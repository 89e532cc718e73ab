import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.media_player.browse_media import SearchMediaQuery
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSourceItem,
    Unresolvable,
    async_browse_media,
    async_resolve_media,
    async_search_media,
)
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import translation
from homeassistant.setup import async_setup_component
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.ringcentral.clips import media_items
from custom_components.ringcentral.clips.media_identifiers import (
    CallerIdentifier,
    ClipIdentifier,
    DayIdentifier,
    LineIdentifier,
    Section,
    SectionIdentifier,
    clip_media_content_id,
    parse_identifier,
)
from custom_components.ringcentral.const import DATA_LIBRARY, DOMAIN
from custom_components.ringcentral.library import CallRecord, ClipKind, Direction, Library
from custom_components.ringcentral.media_source import AT_ONCE

ROOT = f"media-source://{DOMAIN}"
NOON = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
"""Noon of a Sunday where the tests' home is, in California."""


@pytest.fixture
async def library(hass: HomeAssistant, tmp_path: Path) -> AsyncGenerator[Library]:
    library = Library(tmp_path / "ringcentral")
    await library.open()
    hass.data[DATA_LIBRARY] = library
    yield library
    await library.close()


@pytest.fixture(autouse=True)
async def media_source(hass: HomeAssistant, library: Library, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(NOON)
    assert await async_setup_component(hass, "media_source", {})
    hass.config.components.add(DOMAIN)


@pytest.fixture
def line(hass: HomeAssistant) -> str:
    return add_line(hass, "Front door")


def add_line(hass: HomeAssistant, title: str, **kwargs: Any) -> str:
    entry = MockConfigEntry(domain=DOMAIN, title=title, **kwargs)
    entry.add_to_hass(hass)
    return entry.entry_id


async def add_clip(
    library: Library,
    line_id: str,
    started_at: datetime = NOON,
    duration: float = 42.0,
    *,
    direction: Direction = Direction.INCOMING,
    caller: str | None = "+15551234567",
    caller_name: str | None = "Anna Smith",
    called: str | None = "+15557654321",
    contact: str | None = None,
    kind: ClipKind = ClipKind.CALL,
    outcome: str = "ended",
    heard: bool = True,
) -> str:
    """Keep a call and its clip, and return the clip's id."""
    call_id = f"call-{started_at.timestamp()}-{line_id}"
    await library.begin_call(
        CallRecord(call_id, line_id, direction, started_at, caller, caller_name, called, contact=contact),
    )
    clip = await library.begin_clip(line_id, started_at, call_id=call_id, kind=kind)
    await library.finish_clip(clip.id, duration)
    await library.end_call(call_id, started_at + timedelta(seconds=duration), outcome, "remote_hangup")
    await library.mark_heard(clip.id, heard)
    return clip.id


async def browse(hass: HomeAssistant, identifier: str = "") -> BrowseMediaSource:
    found = await async_browse_media(hass, f"{ROOT}/{identifier}" if identifier else ROOT)
    assert isinstance(found, BrowseMediaSource)
    return found


async def titles(hass: HomeAssistant, identifier: str = "") -> list[str]:
    return [child.title for child in (await browse(hass, identifier)).children or []]


async def clip_ids(hass: HomeAssistant, identifier: str) -> list[str]:
    found = (await browse(hass, identifier)).children or []
    return [child.media_content_id.removeprefix(f"{ROOT}/clip/") for child in found]


async def searched(
    client: MockHAClientWebSocket, text: str, identifier: str = "", **filters: Any
) -> list[str]:
    """Search as the frontend does, and return the clips' ids."""
    await client.send_json_auto_id(
        {
            "type": "media_source/search_media",
            "media_content_id": f"{ROOT}/{identifier}" if identifier else ROOT,
            "search_query": text,
            **filters,
        }
    )
    response = await client.receive_json()
    assert response["success"], response
    return [item["media_content_id"].removeprefix(f"{ROOT}/clip/") for item in response["result"]["result"]]


async def test_the_root_lists_the_lines_by_title_with_their_clips_counted(
    hass: HomeAssistant, library: Library
) -> None:
    office = add_line(hass, "office")
    door = add_line(hass, "Front door")
    add_line(hass, "Zoo")
    await add_clip(library, door)
    await add_clip(library, door, NOON - timedelta(days=3))
    await add_clip(library, office)

    assert await titles(hass) == ["Front door (2)", "office (1)", "Zoo (0)"]


async def test_a_single_line_still_has_a_folder_of_its_own(hass: HomeAssistant, line: str) -> None:
    root = await browse(hass)
    (folder,) = root.children or []

    assert (root.title, root.media_content_id) == ("RingCentral", ROOT)
    assert (folder.title, folder.media_content_id) == ("Front door (0)", f"{ROOT}/line/{line}")
    assert (folder.media_class, folder.children_media_class) == ("directory", "directory")
    assert (folder.media_content_type, folder.can_play, folder.can_expand) == ("audio/wav", False, True)


async def test_a_line_lists_its_days_newest_first_in_words(
    hass: HomeAssistant, library: Library, line: str
) -> None:
    await add_clip(library, line, NOON)
    await add_clip(library, line, NOON - timedelta(hours=1))
    await add_clip(library, line, NOON - timedelta(hours=13))
    await add_clip(library, line, NOON - timedelta(days=2))
    await add_clip(library, line, NOON - timedelta(days=365))

    folder = await browse(hass, f"section/{line}/by_day")

    assert folder.title == "By day (4)"
    assert [(day.title, day.media_content_id) for day in folder.children or []] == [
        ("Today (2)", f"{ROOT}/day/{line}/2026-11-22"),
        ("Yesterday (1)", f"{ROOT}/day/{line}/2026-11-21"),
        ("Friday, 20 November 2026 (1)", f"{ROOT}/day/{line}/2026-11-20"),
        ("Saturday, 22 November 2025 (1)", f"{ROOT}/day/{line}/2025-11-22"),
    ]


async def test_a_line_lists_what_people_look_for_in_it(
    hass: HomeAssistant, library: Library, line: str
) -> None:
    await add_clip(library, line, NOON, heard=False)
    await add_clip(library, line, NOON - timedelta(hours=1), kind=ClipKind.VOICEMAIL, outcome="missed")
    await add_clip(library, line, NOON - timedelta(days=1), kind=ClipKind.VOICEMAIL)
    await library.set_favorite(await add_clip(library, line, NOON - timedelta(days=2)), True)
    await add_clip(library, line, NOON - timedelta(days=365), caller="+15550000000", outcome="missed")

    folder = await browse(hass, f"line/{line}")

    assert (folder.title, folder.children_media_class, folder.not_shown) == ("Front door (5)", "directory", 0)
    assert [(section.title, section.media_content_id) for section in folder.children or []] == [
        ("Not heard yet (1)", f"{ROOT}/section/{line}/unheard"),
        ("Today (2)", f"{ROOT}/section/{line}/today"),
        ("Yesterday (1)", f"{ROOT}/section/{line}/yesterday"),
        ("This week (4)", f"{ROOT}/section/{line}/this_week"),
        ("Voicemail (2)", f"{ROOT}/section/{line}/voicemail"),
        ("Missed with a message (2)", f"{ROOT}/section/{line}/missed"),
        ("Favorites (1)", f"{ROOT}/section/{line}/favorites"),
        ("By caller (2)", f"{ROOT}/section/{line}/by_caller"),
        ("By day (4)", f"{ROOT}/section/{line}/by_day"),
    ]


async def test_a_line_shows_only_what_there_is(hass: HomeAssistant, library: Library, line: str) -> None:
    assert await titles(hass, f"line/{line}") == []

    await add_clip(library, line, NOON - timedelta(days=30))
    await add_clip(library, add_line(hass, "Office"), heard=False)

    assert await titles(hass, f"line/{line}") == ["By caller (1)", "By day (1)"]


@pytest.mark.parametrize(
    ("section", "title", "listed"),
    [
        ("unheard", "Not heard yet (2)", ["today", "old"]),
        ("today", "Today (1)", ["today"]),
        ("yesterday", "Yesterday (1)", ["yesterday"]),
        ("this_week", "This week (2)", ["today", "yesterday"]),
        ("voicemail", "Voicemail (1)", ["yesterday"]),
        ("missed", "Missed with a message (2)", ["yesterday", "old"]),
        ("favorites", "Favorites (1)", ["old"]),
    ],
)
async def test_a_section_lists_its_clips_newest_first(
    hass: HomeAssistant, library: Library, line: str, section: str, title: str, listed: list[str]
) -> None:
    old = await add_clip(library, line, NOON - timedelta(days=20), outcome="missed", heard=False)
    clips = {
        await add_clip(library, line, NOON, heard=False): "today",
        await add_clip(
            library, line, NOON - timedelta(days=1), kind=ClipKind.VOICEMAIL, outcome="missed"
        ): "yesterday",
        old: "old",
    }
    await library.set_favorite(old, True)
    await add_clip(library, add_line(hass, "Office"), NOON, heard=False)

    folder = await browse(hass, f"section/{line}/{section}")

    assert (folder.title, folder.children_media_class, folder.not_shown) == (title, "music", 0)
    assert [clips[clip_id] for clip_id in await clip_ids(hass, f"section/{line}/{section}")] == listed


async def test_a_clip_among_those_of_other_days_says_its_day(
    hass: HomeAssistant, library: Library, line: str
) -> None:
    await add_clip(library, line, NOON, heard=False)
    await add_clip(library, line, NOON - timedelta(days=1), heard=False)
    await add_clip(library, line, NOON - timedelta(days=2), heard=False)
    days = [
        "Today · 12:00 · Anna Smith · 0:42",
        "Yesterday · 12:00 · Anna Smith · 0:42",
        "Friday, 20 November 2026 · 12:00 · Anna Smith · 0:42",
    ]

    assert await titles(hass, f"section/{line}/unheard") == days
    assert await titles(hass, f"section/{line}/this_week") == days
    assert await titles(hass, f"caller/{line}/+15551234567") == days
    for section in ("today", "yesterday"):
        assert await titles(hass, f"section/{line}/{section}") == ["12:00 · Anna Smith · 0:42"]


async def test_a_section_that_became_empty_is_still_there(
    hass: HomeAssistant, library: Library, line: str
) -> None:
    clip_id = await add_clip(library, line, heard=False)
    before = await browse(hass, f"section/{line}/unheard")
    await library.mark_heard(clip_id)
    after = await browse(hass, f"section/{line}/unheard")

    assert (before.title, after.title) == ("Not heard yet (1)", "Not heard yet (0)")
    assert not after.children


async def test_callers_are_listed_by_name_or_number_whoever_called_last_first(
    hass: HomeAssistant, library: Library, line: str
) -> None:
    async def called(hours: int, **parties: Any) -> None:
        await add_clip(library, line, NOON - timedelta(hours=hours), **parties)

    await called(1, caller="+1555", caller_name=None)
    await called(2, caller="sip/2 %", caller_name="WIRELESS", contact="Grandma")
    await called(3, caller=None, caller_name="Anonymous caller")
    await called(4, caller="+1555", caller_name="Somebody")
    await called(5, caller="+1777", caller_name="Anna Smith")
    await called(6, direction=Direction.OUTGOING, called="+1888", caller_name="Our line")
    await called(7, direction=Direction.OUTGOING, called=None)
    await add_clip(library, add_line(hass, "Office"), caller="+1999")

    folder = await browse(hass, f"section/{line}/by_caller")
    shown = {
        "+1555 (2)": f"{ROOT}/caller/{line}/+1555",
        "Grandma (1)": f"{ROOT}/caller/{line}/sip%2F2%20%25",
        "Anonymous (2)": f"{ROOT}/caller/{line}",
        "Anna Smith (1)": f"{ROOT}/caller/{line}/+1777",
        "+1888 (1)": f"{ROOT}/caller/{line}/+1888",
    }

    assert (folder.title, folder.children_media_class) == ("By caller (5)", "directory")
    assert [(caller.title, caller.media_content_id) for caller in folder.children or []] == [*shown.items()]
    for title, content_id in shown.items():
        caller = await browse(hass, content_id.removeprefix(f"{ROOT}/"))
        assert (caller.title, f"({len(caller.children or [])})") == (title, title.split()[-1])
        assert caller.children_media_class == "music"


async def test_a_caller_has_the_clips_of_one_line(hass: HomeAssistant, library: Library, line: str) -> None:
    await add_clip(library, add_line(hass, "Office"), NOON)
    early = await add_clip(library, line, NOON - timedelta(hours=3))
    await add_clip(library, line, NOON - timedelta(hours=2), caller="+1555")
    late = await add_clip(library, line, NOON - timedelta(hours=1))

    assert await clip_ids(hass, f"caller/{line}/+15551234567") == [late, early]


async def test_very_many_clips_callers_and_days_are_cut_off_at_the_oldest(
    hass: HomeAssistant, library: Library, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.media_source.MAX_CLIPS", 2)
    monkeypatch.setattr("custom_components.ringcentral.media_source.MAX_FOLDERS", 3)
    for days in range(5):
        await add_clip(library, line, NOON - timedelta(days=days), caller=f"+{days}", caller_name=None)
        await add_clip(library, line, NOON - timedelta(days=days, hours=1), caller="+9", caller_name=None)

    found = {
        name: await browse(hass, f"{name.format(line)}")
        for name in ("section/{}/by_caller", "section/{}/by_day", "section/{}/this_week", "caller/{}/+9")
    }

    assert [(folder.title, len(folder.children or []), folder.not_shown) for folder in found.values()] == [
        ("By caller (6)", 3, 3),
        ("By day (5)", 3, 2),
        ("This week (10)", 2, 8),
        ("+9 (5)", 2, 3),
    ]
    assert [caller.title for caller in found["section/{}/by_caller"].children or []] == [
        "+0 (1)",
        "+9 (5)",
        "+1 (1)",
    ]
    assert [day.title for day in found["section/{}/by_day"].children or []][:2] == [
        "Today (2)",
        "Yesterday (2)",
    ]


async def test_others_get_their_turn_while_a_long_folder_is_prepared(
    hass: HomeAssistant, library: Library, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minutes in range(2 * AT_ONCE + 1):
        await add_clip(library, line, NOON + timedelta(minutes=minutes))
    turns: list[int] = [0]
    prepare = media_items.clip_item

    async def take_turns() -> None:
        while True:
            turns.append(0)
            await asyncio.sleep(0)

    def counted(*args: Any, **kwargs: Any) -> BrowseMediaSource:
        turns[-1] += 1
        return prepare(*args, **kwargs)

    monkeypatch.setattr("custom_components.ringcentral.media_source.clip_item", counted)
    other = asyncio.create_task(take_turns())
    found = await clip_ids(hass, f"day/{line}/2026-11-22")
    other.cancel()

    assert len(found) == 2 * AT_ONCE + 1
    assert [turn for turn in turns if turn] == [AT_ONCE, AT_ONCE, 1]


async def test_a_day_lists_its_clips_newest_first(hass: HomeAssistant, library: Library, line: str) -> None:
    early = await add_clip(library, line, NOON - timedelta(hours=3))
    late = await add_clip(library, line, NOON + timedelta(minutes=3))

    day = await browse(hass, f"day/{line}/2026-11-22")

    assert (day.title, day.children_media_class, day.not_shown) == ("Today (2)", "music", 0)
    assert [(clip.title, clip.media_content_id) for clip in day.children or []] == [
        ("12:03 · Anna Smith · 0:42", f"{ROOT}/clip/{late}"),
        ("09:00 · Anna Smith · 0:42", f"{ROOT}/clip/{early}"),
    ]


async def test_a_day_lasts_from_midnight_to_midnight(
    hass: HomeAssistant, library: Library, line: str
) -> None:
    midnight, next_midnight = NOON - timedelta(hours=12), NOON + timedelta(hours=12)
    await add_clip(library, line, midnight - timedelta(seconds=1))
    first = await add_clip(library, line, midnight)
    last = await add_clip(library, line, next_midnight - timedelta(seconds=1))
    await add_clip(library, line, next_midnight)

    assert await clip_ids(hass, f"day/{line}/2026-11-22") == [last, first]


async def test_a_clip_can_be_played_and_says_it_is_a_wav_file(
    hass: HomeAssistant, library: Library, line: str
) -> None:
    clip_id = await add_clip(library, line)

    (listed,) = (await browse(hass, f"day/{line}/2026-11-22")).children or []
    alone = await browse(hass, f"clip/{clip_id}")

    assert (listed.media_class, listed.media_content_type) == ("music", "audio/wav")
    assert (listed.can_play, listed.can_expand) == (True, False)
    assert alone.as_dict(parent=False) == listed.as_dict(parent=False)


@pytest.mark.parametrize(
    ("parties", "shown"),
    [
        ({}, "Anna Smith"),
        ({"contact": "Grandma"}, "Grandma"),
        ({"caller_name": None}, "+15551234567"),
        ({"caller_name": ""}, "+15551234567"),
        ({"caller_name": None, "caller": None}, "Anonymous"),
        ({"direction": Direction.OUTGOING}, "+15557654321"),
        ({"direction": Direction.OUTGOING, "contact": "Grandma"}, "Grandma"),
        ({"direction": Direction.OUTGOING, "called": None}, "Unknown number"),
    ],
)
async def test_a_clip_is_titled_by_the_other_party(
    hass: HomeAssistant, library: Library, line: str, parties: dict[str, Any], shown: str
) -> None:
    await add_clip(library, line, **parties)

    assert await titles(hass, f"day/{line}/2026-11-22") == [f"12:00 · {shown} · 0:42"]


async def test_titles_are_in_the_language_of_the_household(
    hass: HomeAssistant, library: Library, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = translation._load_translations_files_by_language
    german = {"today": "Heute", "anonymous": "Anonym"}

    def with_german(files: dict[str, dict[str, Path]]) -> dict[str, dict[str, Any]]:
        return load(files) | ({"de": {DOMAIN: {"common": german}}} if "de" in files else {})

    monkeypatch.setattr(translation, "_load_translations_files_by_language", with_german)
    hass.config.language = "de"
    await add_clip(library, line, caller=None, caller_name=None)
    await add_clip(library, line, NOON - timedelta(days=1))

    assert (await browse(hass, f"day/{line}/2026-11-22")).title == "Heute (1)"
    assert await titles(hass, f"day/{line}/2026-11-22") == ["12:00 · Anonym · 0:42"]
    # What nobody has translated yet is English.
    assert await titles(hass, f"section/{line}/by_day") == ["Heute (1)", "Yesterday (1)"]
    assert await titles(hass, f"section/{line}/by_caller") == ["Anonym (1)", "Anna Smith (1)"]
    assert (await titles(hass, f"line/{line}"))[:2] == ["Heute (1)", "Yesterday (1)"]


async def test_days_and_times_are_written_as_the_household_writes_them(
    hass: HomeAssistant, library: Library, line: str
) -> None:
    await add_clip(library, line, NOON - timedelta(days=2))
    written = {
        ("en", "US"): "Friday, November 20, 2026 · 12:00\u202fPM",
        ("de", "AT"): "Freitag, 20. November 2026 · 12:00",
    }

    for (language, country), moment in written.items():
        hass.config.language, hass.config.country = language, country
        day = moment.partition(" · ")[0]
        assert await titles(hass, f"caller/{line}/+15551234567") == [f"{moment} · Anna Smith · 0:42"]
        assert await titles(hass, f"section/{line}/by_day") == [f"{day} (1)"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0:00"), (59.6, "1:00"), (61.0, "1:01"), (3599.0, "59:59"), (3665.0, "1:01:05")],
)
async def test_a_clip_shows_its_length(
    hass: HomeAssistant, library: Library, line: str, seconds: float, shown: str
) -> None:
    await add_clip(library, line, duration=seconds)

    assert await titles(hass, f"day/{line}/2026-11-22") == [f"12:00 · Anna Smith · {shown}"]


async def test_clips_without_a_call_are_of_an_unknown_caller(
    hass: HomeAssistant, library: Library, line: str
) -> None:
    clip = await library.begin_clip(line, NOON)
    await library.finish_clip(clip.id, 5.0)

    assert await titles(hass, f"day/{line}/2026-11-22") == ["12:00 · Unknown caller · 0:05"]


async def test_clips_whose_line_was_lost_have_a_folder_once_there_are_any(
    hass: HomeAssistant, library: Library, line: str
) -> None:
    await add_clip(library, "recovered")

    assert await titles(hass) == ["Front door (0)", "Recovered recordings (1)"]
    assert await titles(hass, "section/recovered/by_day") == ["Today (1)"]
    assert (await browse(hass, "line/recovered")).title == "Recovered recordings (1)"
    assert await titles(hass, "day/recovered/2026-11-22") == ["12:00 · Anna Smith · 0:42"]


async def test_a_day_with_very_many_clips_shows_the_newest(
    hass: HomeAssistant, library: Library, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.media_source.MAX_CLIPS", 2)
    for minutes in range(5):
        await add_clip(library, line, NOON + timedelta(minutes=minutes))

    day = await browse(hass, f"day/{line}/2026-11-22")

    assert (day.title, day.not_shown) == ("Today (5)", 3)
    assert [clip.title[:5] for clip in day.children or []] == ["12:04", "12:03"]


async def test_a_clip_that_is_being_recorded_is_not_there_yet(
    hass: HomeAssistant, library: Library, line: str
) -> None:
    clip = await library.begin_clip(line, NOON)

    assert await titles(hass, f"line/{line}") == []
    with pytest.raises(Unresolvable):
        await async_resolve_media(hass, clip_media_content_id(clip.id), None)


async def test_the_clips_of_a_line_that_is_reconnecting_are_shown(
    hass: HomeAssistant, library: Library
) -> None:
    entry = MockConfigEntry(domain=DOMAIN, title="Front door")
    entry.add_to_hass(hass)
    entry.mock_state(hass, ConfigEntryState.SETUP_RETRY)
    await add_clip(library, entry.entry_id)

    assert await titles(hass) == ["Front door (1)"]


async def test_the_clips_of_a_line_that_is_gone_are_not_shown(hass: HomeAssistant, library: Library) -> None:
    disabled = add_line(hass, "Disabled", disabled_by=ConfigEntryDisabler.USER)
    clip_ids = [await add_clip(library, line_id) for line_id in (disabled, "removed")]

    assert await titles(hass) == []
    for clip_id in clip_ids:
        with pytest.raises(Unresolvable):
            await async_resolve_media(hass, clip_media_content_id(clip_id), None)


async def test_a_clip_resolves_to_its_url_and_file(hass: HomeAssistant, library: Library, line: str) -> None:
    clip_id = await add_clip(library, line)
    clip = await library.clip(clip_id)
    assert clip is not None

    media = await async_resolve_media(hass, clip_media_content_id(clip_id), None)

    assert media.url == f"/api/ringcentral/clip/{clip_id}.wav"
    assert media.mime_type == "audio/wav"
    assert media.path == clip.path


JUNK = [
    "line",
    "line/",
    "line/unknown",
    "day/{line}",
    "day/{line}/yesterday",
    "day/{line}/20261122",
    "day/{line}/2026-W47-7",
    "day/{line}/9999-12-31",
    "day/{line}/0001-01-01",
    "day/unknown/2026-11-22",
    "section/{line}",
    "section/{line}/",
    "section/{line}/everything",
    "section/{line}/TODAY",
    "section/{line}/today/",
    "section/unknown/today",
    "section/unknown/by_day",
    "section/unknown/by_caller",
    "section//today",
    "caller/{line}/../../secrets",
    "caller/{line}/%2e%2e%2fsecrets",
    "caller/{line}/%FF",
    "caller/unknown/+15551234567",
    "caller/unknown",
    "clip/../../secrets",
    "clip/" + "0" * 32,
    "front-door",
    "../../etc/passwd",
    "\x00",
]


STRANGERS = ["caller/{line}", "caller/{line}/", "caller/{line}/+1555"]
"""Folders of callers who never called."""


@pytest.mark.parametrize("identifier", [*JUNK, *STRANGERS])
async def test_a_folder_nobody_made_is_not_found(hass: HomeAssistant, line: str, identifier: str) -> None:
    with pytest.raises(BrowseError) as caught:
        await browse(hass, identifier.format(line=line))

    assert (caught.value.translation_domain, caught.value.translation_key) == (DOMAIN, "folder_not_found")


@pytest.mark.parametrize(
    "identifier", [*JUNK, *STRANGERS, "", "line/{line}", "day/{line}/2026-11-22", "section/{line}/today"]
)
async def test_what_is_no_clip_cannot_be_played(hass: HomeAssistant, line: str, identifier: str) -> None:
    item = MediaSourceItem(hass, DOMAIN, identifier.format(line=line), None)

    with pytest.raises(Unresolvable) as caught:
        await item.async_resolve()

    assert (caught.value.translation_domain, caught.value.translation_key) == (DOMAIN, "clip_not_found")


async def test_a_library_that_is_closed_is_told_to_people(
    hass: HomeAssistant, library: Library, line: str
) -> None:
    await library.close()

    with pytest.raises(BrowseError) as browsing:
        await browse(hass)
    with pytest.raises(Unresolvable) as resolving:
        await async_resolve_media(hass, clip_media_content_id("0" * 32), None)

    assert browsing.value.translation_key == "library_closed"
    assert resolving.value.translation_key == "library_closed"


async def test_an_integration_that_is_not_set_up_is_told_to_people(hass: HomeAssistant, line: str) -> None:
    del hass.data[DATA_LIBRARY]

    with pytest.raises(BrowseError) as caught:
        await browse(hass)

    assert caught.value.translation_key == "library_closed"


async def test_the_media_browser_walks_down_to_a_clip(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, library: Library, line: str
) -> None:
    clip_id = await add_clip(library, line)
    client = await hass_ws_client()
    content_id = ROOT

    for _ in range(3):
        await client.send_json_auto_id({"type": "media_source/browse_media", "media_content_id": content_id})
        response = await client.receive_json()
        assert response["success"]
        assert response["result"]["can_search"]
        content_id = response["result"]["children"][0]["media_content_id"]
    await client.send_json_auto_id({"type": "media_source/resolve_media", "media_content_id": content_id})
    response = await client.receive_json()

    assert content_id == clip_media_content_id(clip_id)
    assert response["result"]["mime_type"] == "audio/wav"
    assert response["result"]["url"].startswith(f"/api/ringcentral/clip/{clip_id}.wav?authSig=")


async def test_searching_finds_clips_of_all_lines_newest_first(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, library: Library, line: str
) -> None:
    old = await add_clip(library, line, NOON - timedelta(days=2))
    recovered = await add_clip(library, "recovered", NOON - timedelta(days=1))
    new = await add_clip(library, add_line(hass, "Office"), NOON)
    other = await add_clip(library, line, NOON - timedelta(hours=2), caller="+1999", caller_name="Bert")
    await library.set_transcript(other, "The parcel is at the neighbour's", "en")
    client = await hass_ws_client()

    assert await searched(client, "anna smi") == [new, recovered, old]
    assert await searched(client, "parcel") == [other]
    assert await searched(client, "1999") == [other]
    assert await searched(client, "Charlie") == []
    assert await searched(client, " ") == []


async def test_what_is_found_says_its_day_and_can_be_played(
    hass: HomeAssistant, library: Library, line: str
) -> None:
    clip_id = await add_clip(library, line, NOON - timedelta(days=2))

    found = await async_search_media(hass, ROOT, SearchMediaQuery(search_query="Anna"))

    (clip,) = found.result
    assert clip.title == "Friday, 20 November 2026 · 12:00 · Anna Smith · 0:42"
    assert clip.media_content_id == clip_media_content_id(clip_id)
    assert (clip.media_class, clip.can_play, clip.can_expand) == ("music", True, False)


@pytest.mark.parametrize(
    "inside",
    [
        "line/{line}",
        "section/{line}/favorites",
        "section/{line}/by_caller",
        "day/{line}/2026-01-01",
        "caller/{line}/+1999",
        "caller/{line}",
        "clip/{clip}",
    ],
)
async def test_searching_inside_a_line_finds_only_its_clips(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    library: Library,
    line: str,
    inside: str,
) -> None:
    mine = await add_clip(library, line)
    await add_clip(library, add_line(hass, "Office"))
    await add_clip(library, "recovered")

    assert await searched(await hass_ws_client(), "Anna", inside.format(line=line, clip=mine)) == [mine]


async def test_searching_does_not_find_the_clips_of_a_line_that_is_gone(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, library: Library
) -> None:
    disabled = add_line(hass, "Disabled", disabled_by=ConfigEntryDisabler.USER)
    for line_id in (disabled, "removed"):
        await add_clip(library, line_id)

    assert await searched(await hass_ws_client(), "Anna") == []
    with pytest.raises(BrowseError) as caught:
        await async_search_media(hass, f"{ROOT}/line/{disabled}", SearchMediaQuery(search_query="Anna"))
    assert caught.value.translation_key == "folder_not_found"


async def test_searching_finds_as_many_as_a_folder_shows(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    library: Library,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.media_source.MAX_CLIPS", 2)
    clips = [await add_clip(library, line, NOON + timedelta(minutes=minutes)) for minutes in range(4)]

    assert await searched(await hass_ws_client(), "Anna") == [clips[3], clips[2]]


async def test_searching_for_something_else_than_sound_finds_nothing(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, library: Library, line: str
) -> None:
    clip_id = await add_clip(library, line)
    client = await hass_ws_client()

    assert await searched(client, "Anna", media_filter_classes=["image", "video"]) == []
    assert await searched(client, "Anna", media_filter_classes=["image", "music"]) == [clip_id]


@pytest.mark.parametrize("identifier", JUNK)
async def test_a_folder_nobody_made_cannot_be_searched(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, line: str, identifier: str
) -> None:
    client = await hass_ws_client()

    await client.send_json_auto_id(
        {
            "type": "media_source/search_media",
            "media_content_id": f"{ROOT}/{identifier.format(line=line)}",
            "search_query": "Anna",
        }
    )
    response = await client.receive_json()

    assert response["error"]["code"] == "search_media_failed"


async def test_searching_a_library_that_is_closed_is_told_to_people(
    hass: HomeAssistant, library: Library, line: str
) -> None:
    await library.close()

    with pytest.raises(BrowseError) as caught:
        await async_search_media(hass, ROOT, SearchMediaQuery(search_query="Anna"))

    assert caught.value.translation_key == "library_closed"


async def test_the_media_browser_is_told_what_is_wrong(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client()

    await client.send_json_auto_id(
        {"type": "media_source/browse_media", "media_content_id": f"{ROOT}/line/no"}
    )
    browsed = await client.receive_json()
    await client.send_json_auto_id(
        {"type": "media_source/resolve_media", "media_content_id": f"{ROOT}/clip/no"}
    )
    resolved = await client.receive_json()

    assert browsed["error"]["code"] == "browse_media_failed"
    assert resolved["error"]["code"] == "resolve_media_failed"


TEXT = st.text(st.characters(codec="utf-8"))


@given(
    line_id=st.from_regex(r"[0-9A-Za-z_-]{1,40}", fullmatch=True),
    day=st.dates(date(1971, 1, 1), date(9998, 12, 31)),
    section=st.sampled_from(Section),
    number=st.none() | TEXT,
)
def test_identifiers_come_back_as_they_went(
    line_id: str, day: date, section: Section, number: str | None
) -> None:
    for identifier in (
        LineIdentifier(line_id),
        SectionIdentifier(line_id, section),
        DayIdentifier(line_id, day),
        CallerIdentifier(line_id, number),
        ClipIdentifier(line_id),
    ):
        assert parse_identifier(str(identifier)) == identifier


@given(number=TEXT)
def test_a_number_stays_one_part_of_its_identifier(number: str) -> None:
    assert str(CallerIdentifier("line", number)).count("/") == 2
    assert str(CallerIdentifier("line", number)).isprintable()


@given(kind=st.sampled_from(["line", "section", "day", "caller", "clip", ""]), rest=TEXT)
def test_an_identifier_has_one_spelling_or_none(kind: str, rest: str) -> None:
    with suppress(ValueError):
        assert str(parse_identifier(f"{kind}/{rest}")) == f"{kind}/{rest}"
