"""What becomes of what was said on a line that was removed, through Home Assistant's repairs."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from homeassistant.components.media_source import async_browse_media
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ringcentral.clips.removed_lines import (
    DATA_REMOVED,
    Left,
    RemovedLine,
    async_setup_removed_lines,
)
from custom_components.ringcentral.const import DATA_LIBRARY, DOMAIN
from custom_components.ringcentral.diagnostics import async_get_config_entry_diagnostics
from custom_components.ringcentral.library import Library, LibraryAccessError, LibraryFullError
from simulator.ringcentral import RingCentral
from tests.calls.test_call_actions import act, refused
from tests.clips.test_clip_actions import forget, keep, listed
from tests.clips.test_keeping import file_clip, let_it_be_night
from tests.line import ANNA, Line, add_line, until
from tests.translations import EN, missing_texts

TEXTS = EN["issues"]["line_removed"]["fix_flow"]


@pytest.fixture
async def repairs(
    hass: HomeAssistant, line: Line, hass_client: ClientSessionGenerator
) -> TestClient[Any, Any]:
    assert await async_setup_component(hass, "repairs", {})
    return await hass_client()


@pytest.fixture
async def office(line: Line, cloud: RingCentral) -> Line:
    """Return another line, that stays."""
    office = Line(line.hass, cloud, await add_line(line.hass, cloud, name="Office"))
    assert await line.hass.config_entries.async_setup(office.entry.entry_id)
    await until(lambda: office.registered)
    return office


async def remove(line: Line) -> str:
    await line.hass.config_entries.async_remove(line.entry.entry_id)
    return str(line.entry.entry_id)


def questions(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return what is asked, by its id."""
    return {
        issue.issue_id: issue
        for issue in ir.async_get(hass).issues.values()
        if issue.translation_key == "line_removed" and issue.active
    }


async def ask(repairs: TestClient[Any, Any], line_id: str) -> dict[str, Any]:
    """Open the question about a line."""
    data = {"handler": DOMAIN, "issue_id": f"line_removed_{line_id}"}
    response = await repairs.post("/api/repairs/issues/fix", json=data)
    assert response.status == HTTPStatus.OK
    return dict(await response.json())


async def answer(repairs: TestClient[Any, Any], line_id: str, decision: str) -> dict[str, Any]:
    """Open the question and answer it."""
    flow = await ask(repairs, line_id)
    assert missing_texts("line_removed", flow) == []
    response = await repairs.post(
        f"/api/repairs/issues/fix/{flow['flow_id']}", json={"next_step_id": decision}
    )
    assert response.status == HTTPStatus.OK
    return dict(await response.json())


@pytest.fixture(autouse=True)
def known_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EN["config_subentries"], "line_removed", TEXTS)


async def test_a_removed_line_is_asked_about_and_deleted(
    hass: HomeAssistant, line: Line, office: Line, repairs: TestClient[Any, Any]
) -> None:
    await keep(line)
    others = await keep(office, minutes=1)
    removed = await remove(line)

    (issue,) = questions(hass).values()
    assert issue.is_fixable and issue.is_persistent
    assert (
        EN["issues"]["line_removed"]["title"]
        .format(**issue.translation_placeholders or {})
        .endswith("Reception?")
    )
    assert len(line.clips) == 2
    flow = await ask(repairs, removed)
    assert flow["description_placeholders"] == {"line": "Reception", "recordings": "1", "calls": "1"}

    done = await answer(repairs, removed, "delete")

    assert done["type"] == "create_entry"
    assert questions(hass) == {}
    assert [path.stem for path in line.clips] == [others]
    assert await line.library.count_calls(removed) == 0
    assert hass.data[DATA_REMOVED].lines == {}
    await async_setup_removed_lines(hass)
    assert hass.data[DATA_REMOVED].lines == {}


async def test_what_is_kept_is_browsed_listed_and_deleted_under_its_former_name(
    hass: HomeAssistant, line: Line, office: Line, repairs: TestClient[Any, Any]
) -> None:
    assert await async_setup_component(hass, "media_source", {})
    first, second = await keep(line), await keep(line, minutes=1)
    mine = await keep(office, minutes=2)
    removed = await remove(line)

    assert (await answer(repairs, removed, "keep"))["type"] == "create_entry"
    assert questions(hass) == {}

    async def titles(identifier: str = "") -> list[str]:
        found = await async_browse_media(hass, f"media-source://{DOMAIN}{identifier}")
        return [child.title for child in found.children or []]

    assert await titles() == ["Office (1)", "Reception, removed (2)"]
    assert await titles(f"/line/{removed}") == ["Not heard yet (2)", "By caller (1)", "By day (1)"]
    assert await listed(office) == [mine]
    # Counted, and not by name.
    diagnostics = await async_get_config_entry_diagnostics(hass, office.entry)
    assert diagnostics["library"]["removed_lines"] == 1 and "Reception" not in str(diagnostics["library"])
    assert await listed(office, removed_line=" reception ") == [second, first]
    assert await listed(office, removed_line="Reception", text="smith", limit=1) == [second]
    calls = (await act(office, "get_calls", removed_line="Reception"))["calls"]
    assert [call["clips"][0]["clip"] for call in calls] == [second, first]
    assert await refused(office, "get_clips", removed_line="Hall") == "removed_line_unknown"
    assert await refused(office, "get_calls", removed_line="Hall") == "removed_line_unknown"

    await act(office, "set_favorite", clip=first)
    await act(office, "mark_heard", clip=first)
    found = await office.library.clip(first)
    assert found is not None and found.favorite and found.heard
    await act(office, "delete_clip", clip=first)
    assert await listed(office, removed_line="Reception") == [second]
    assert await forget(hass, str(ANNA.number)) == {"clips": 2, "calls": 3}
    assert await titles() == ["Office (0)"]


async def test_who_has_not_decided_is_asked_again_after_a_restart(
    hass: HomeAssistant, line: Line, office: Line, repairs: TestClient[Any, Any]
) -> None:
    await keep(line)
    removed = await remove(line)
    hass.data.pop(DATA_REMOVED)
    ir.async_delete_issue(hass, DOMAIN, f"line_removed_{removed}")

    await async_setup_removed_lines(hass)
    assert set(questions(hass)) == {f"line_removed_{removed}"}

    await answer(repairs, removed, "keep")
    await async_setup_removed_lines(hass)
    assert questions(hass) == {}
    assert hass.data[DATA_REMOVED].lines == {removed: RemovedLine("Reception", 30, 0, decided=True)}


async def test_a_line_that_has_left_nothing_is_not_asked_about(hass: HomeAssistant, line: Line) -> None:
    await remove(line)
    assert questions(hass) == {}
    assert hass.data[DATA_REMOVED].lines == {}
    assert DATA_LIBRARY not in hass.data


async def test_calls_alone_are_worth_a_question(hass: HomeAssistant, line: Line) -> None:
    clip = await keep(line)
    await line.library.delete_clip(clip)
    removed = await remove(line)
    assert len(questions(hass)) == 1
    assert await hass.data[DATA_REMOVED].async_left(removed) == Left(0, 1)


async def test_also_the_last_line_is_asked_about(
    hass: HomeAssistant, line: Line, repairs: TestClient[Any, Any]
) -> None:
    clip = await keep(line)
    removed = await remove(line)
    assert DATA_LIBRARY not in hass.data
    assert [path.stem for path in line.clips] == [clip]
    with pytest.raises(ServiceValidationError) as error:
        await act(line, "get_clips", removed_line="Reception")
    assert error.value.translation_key == "no_line"

    await answer(repairs, removed, "delete")

    assert line.clips == []
    assert DATA_LIBRARY not in hass.data


async def test_where_the_integration_is_not_loaded_the_question_has_an_explanation(
    hass: HomeAssistant, line: Line, repairs: TestClient[Any, Any]
) -> None:
    await keep(line)
    removed = await remove(line)
    hass.config.components.remove(DOMAIN)

    flow = await ask(repairs, removed)

    assert flow["step_id"] == "confirm"
    assert set(flow["description_placeholders"]) == {"line"}
    assert "no RingCentral line is left" in TEXTS["step"]["confirm"]["description"]


@pytest.mark.parametrize("method", ["browse", "count_calls"])
async def test_a_library_that_cannot_be_read_is_asked_about_all_the_same(
    hass: HomeAssistant,
    line: Line,
    repairs: TestClient[Any, Any],
    caplog: pytest.LogCaptureFixture,
    method: str,
) -> None:
    with patch.object(Library, method, side_effect=LibraryAccessError):
        removed = await remove(line)
        flow = await ask(repairs, removed)

    assert "What is kept of the removed line Reception could not be read: The library's folder" in caplog.text
    assert hass.config_entries.async_entries(DOMAIN) == []
    assert DATA_LIBRARY not in hass.data
    assert (flow["type"], flow["reason"]) == ("abort", "library_failed")
    assert flow["description_placeholders"]["reason"].startswith("The library's folder can't be used")
    assert len(questions(hass)) == 1


async def test_what_cannot_be_deleted_can_be_tried_again(
    hass: HomeAssistant, line: Line, repairs: TestClient[Any, Any]
) -> None:
    await keep(line)
    removed = await remove(line)

    with patch.object(Library, "remove_line", side_effect=LibraryFullError):
        failed = await answer(repairs, removed, "delete")

    assert (failed["type"], failed["reason"]) == ("abort", "library_failed")
    assert failed["reason"] in TEXTS["abort"]
    assert len(questions(hass)) == 1
    await answer(repairs, removed, "delete")
    assert line.clips == []


async def test_files_that_stay_are_told_and_deleted_later(
    hass: HomeAssistant,
    line: Line,
    office: Line,
    repairs: TestClient[Any, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await keep(line)
    removed = await remove(line)
    with patch("custom_components.ringcentral.library.shelf.Path.unlink", side_effect=PermissionError):
        assert (await answer(repairs, removed, "delete"))["type"] == "create_entry"

    assert "Files that can't be deleted at the moment: 1" in caplog.text
    assert len(line.clips) == 1
    await act(office, "purge")
    assert line.clips == []


async def test_what_is_kept_goes_when_its_time_is_over(
    hass: HomeAssistant, line: Line, office: Line, repairs: TestClient[Any, Any]
) -> None:
    old = await file_clip(line, 27)
    favorite = await file_clip(line, 400, favorite=True)
    call_of_old = await keep(line)
    removed = await remove(line)
    assert await office.library.clip(call_of_old) is not None

    await let_it_be_night(hass)
    assert [await office.library.clip(clip.id) is not None for clip in (old, favorite)] == [True, True]
    assert len(questions(hass)) == 1

    await office.library.delete_clip(favorite.id)
    with patch(
        "custom_components.ringcentral.clips.removed_lines.dt_util.utcnow",
        return_value=dt_util.utcnow() + timedelta(days=31),
    ):
        assert await act(office, "purge") == {"recordings": 2, "calls": 1, "megabytes": 0.0}

    # Of a line that nobody shows not even the latest call is left.
    assert await office.library.count_calls(removed) == 0
    assert questions(hass) == {}
    assert hass.data[DATA_REMOVED].lines == {}


async def test_a_question_about_what_has_gone_by_itself_answers_itself(
    hass: HomeAssistant, line: Line, office: Line, repairs: TestClient[Any, Any]
) -> None:
    await keep(line)
    removed = await remove(line)
    hass.data[DATA_REMOVED].lines = {}

    assert (await ask(repairs, removed))["type"] == "create_entry"
    assert questions(hass) == {}


async def test_of_two_of_a_name_the_latest_is_meant(hass: HomeAssistant, line: Line) -> None:
    removed = hass.data[DATA_REMOVED]
    removed.lines = {"a": RemovedLine("Home", 30, 0), "b": RemovedLine("home", 30, 0)}
    assert (removed.meant("HOME"), removed.meant("Office")) == ("b", None)
