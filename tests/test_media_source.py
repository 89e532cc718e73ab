from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSourceItem,
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import translation
from homeassistant.setup import async_setup_component
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.ringcentral.const import DATA_LIBRARY, DOMAIN
from custom_components.ringcentral.library import CallRecord, Direction, Library
from custom_components.ringcentral.media_source import (
    ClipIdentifier,
    DayIdentifier,
    LineIdentifier,
    clip_media_content_id,
    parse_identifier,
)

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
) -> str:
    """Keep a call and its clip, and return the clip's id."""
    call_id = f"call-{started_at.timestamp()}-{line_id}"
    await library.begin_call(
        CallRecord(call_id, line_id, direction, started_at, caller, caller_name, called),
    )
    clip = await library.begin_clip(line_id, started_at, call_id=call_id)
    await library.finish_clip(clip.id, duration)
    return clip.id


async def browse(hass: HomeAssistant, identifier: str = "") -> BrowseMediaSource:
    found = await async_browse_media(hass, f"{ROOT}/{identifier}".removesuffix("/"))
    assert isinstance(found, BrowseMediaSource)
    return found


async def titles(hass: HomeAssistant, identifier: str = "") -> list[str]:
    return [child.title for child in (await browse(hass, identifier)).children or []]


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

    folder = await browse(hass, f"line/{line}")

    assert folder.title == "Front door (5)"
    assert [(day.title, day.media_content_id) for day in folder.children or []] == [
        ("Today (2)", f"{ROOT}/day/{line}/2026-11-22"),
        ("Yesterday (1)", f"{ROOT}/day/{line}/2026-11-21"),
        ("Friday, 20 November 2026 (1)", f"{ROOT}/day/{line}/2026-11-20"),
        ("Saturday, 22 November 2025 (1)", f"{ROOT}/day/{line}/2025-11-22"),
    ]


async def test_a_day_lists_its_clips_newest_first(hass: HomeAssistant, library: Library, line: str) -> None:
    early = await add_clip(library, line, NOON - timedelta(hours=3))
    late = await add_clip(library, line, NOON + timedelta(minutes=3))

    day = await browse(hass, f"day/{line}/2026-11-22")

    assert (day.title, day.children_media_class, day.not_shown) == ("Today (2)", "music", 0)
    assert [(clip.title, clip.media_content_id) for clip in day.children or []] == [
        ("12:03 · Anna Smith · 0:42", f"{ROOT}/clip/{late}"),
        ("09:00 · Anna Smith · 0:42", f"{ROOT}/clip/{early}"),
    ]


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
        ({"caller_name": None}, "+15551234567"),
        ({"caller_name": ""}, "+15551234567"),
        ({"caller_name": None, "caller": None}, "Anonymous"),
        ({"direction": Direction.OUTGOING}, "+15557654321"),
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
    assert await titles(hass, f"line/{line}") == ["Heute (1)", "Yesterday (1)"]


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
    assert await titles(hass, "line/recovered") == ["Today (1)"]
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
    "clip/../../secrets",
    "clip/" + "0" * 32,
    "front-door",
    "../../etc/passwd",
    "\x00",
]


@pytest.mark.parametrize("identifier", JUNK)
async def test_a_folder_nobody_made_is_not_found(hass: HomeAssistant, line: str, identifier: str) -> None:
    with pytest.raises(BrowseError) as caught:
        await browse(hass, identifier.format(line=line))

    assert (caught.value.translation_domain, caught.value.translation_key) == (DOMAIN, "folder_not_found")


@pytest.mark.parametrize("identifier", [*JUNK, "", "line/{line}", "day/{line}/2026-11-22"])
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
        content_id = response["result"]["children"][0]["media_content_id"]
    await client.send_json_auto_id({"type": "media_source/resolve_media", "media_content_id": content_id})
    response = await client.receive_json()

    assert content_id == clip_media_content_id(clip_id)
    assert response["result"]["mime_type"] == "audio/wav"
    assert response["result"]["url"].startswith(f"/api/ringcentral/clip/{clip_id}.wav?authSig=")


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


@given(
    line_id=st.from_regex(r"[0-9A-Za-z_-]{1,40}", fullmatch=True),
    day=st.dates(date(1971, 1, 1), date(9998, 12, 31)),
)
def test_identifiers_come_back_as_they_went(line_id: str, day: date) -> None:
    for identifier in (LineIdentifier(line_id), DayIdentifier(line_id, day), ClipIdentifier(line_id)):
        assert parse_identifier(str(identifier)) == identifier


@given(kind=st.sampled_from(["line", "day", "clip", ""]), rest=st.text(st.characters(codec="utf-8")))
def test_an_identifier_has_one_spelling_or_none(kind: str, rest: str) -> None:
    with suppress(ValueError):
        assert str(parse_identifier(f"{kind}/{rest}")) == f"{kind}/{rest}"
