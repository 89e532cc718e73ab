"""Links to recordings: what they lead to, for how long, and for whom."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
import re
from typing import Any
from unittest.mock import patch

from audioop import ulaw2lin
from freezegun import freeze_time
from homeassistant.components import persistent_notification
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import voluptuous as vol
from yarl import URL

from custom_components.ringcentral.library import Library
from simulator.ringcentral import RingCentral
from tests.calls.test_call_actions import act, refused
from tests.household import automate
from tests.line import SPEECH, Line, set_up_line, until

from .test_clip_actions import keep

EXTERNAL = "https://home.example.com"
INTERNAL = "http://192.168.1.2:8123"


@pytest.fixture
async def line(hass: HomeAssistant, cloud: RingCentral) -> Line:
    await async_process_ha_core_config(hass, {"external_url": EXTERNAL, "internal_url": INTERNAL})
    return await set_up_line(hass, cloud, links=True)


async def path_of(line: Line, clip: str, **data: Any) -> str:
    """Make a link, and return it without the address it begins with."""
    return URL((await act(line, "clip_url", clip=clip, **data))["url"]).raw_path_qs


async def test_a_link_leads_to_the_recording_and_says_what_that_is(
    line: Line, hass_client_no_auth: ClientSessionGenerator
) -> None:
    clip = await keep(line)

    found = await act(line, "clip_url", clip=f"media-source://ringcentral/clip/{clip}")
    url = URL(found["url"])
    response = await (await hass_client_no_auth()).get(url.raw_path_qs)

    assert (str(url.origin()), url.path) == (EXTERNAL, f"/api/ringcentral/clip/{clip}.wav")
    assert (response.status, response.content_type) == (HTTPStatus.OK, "audio/wav")
    assert len(await response.read()) == found["size"] == line.clips[0].stat().st_size
    assert (found["mime_type"], found["fits_notification"]) == ("audio/wav", True)
    left = datetime.fromisoformat(found["expires"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


async def test_parts_and_headers_can_be_had_by_a_link(
    line: Line, hass_client_no_auth: ClientSessionGenerator
) -> None:
    path = await path_of(line, await keep(line))
    client = await hass_client_no_auth()

    part = await client.get(path, headers={"Range": "bytes=0-3"})

    assert (part.status, await part.read()) == (HTTPStatus.PARTIAL_CONTENT, b"RIFF")
    assert (await client.head(path)).status == HTTPStatus.OK


async def test_what_fetches_a_link_has_not_listened(
    line: Line, hass_client_no_auth: ClientSessionGenerator
) -> None:
    clip = await keep(line)

    await (await hass_client_no_auth()).get(await path_of(line, clip))

    found = await line.library.clip(clip)
    assert found is not None and not found.heard


async def test_links_are_off_until_they_are_allowed(hass: HomeAssistant, line: Line) -> None:
    hass.config_entries.async_update_entry(line.entry, options={})

    assert await refused(line, "clip_url", clip=await keep(line)) == "links_not_allowed"


async def test_links_that_are_allowed_no_longer_lead_nowhere(
    hass: HomeAssistant, line: Line, hass_client_no_auth: ClientSessionGenerator
) -> None:
    path = await path_of(line, await keep(line))
    client = await hass_client_no_auth()

    hass.config_entries.async_update_entry(line.entry, options={"links": False})
    assert (await client.get(path)).status == HTTPStatus.FORBIDDEN
    hass.config_entries.async_update_entry(line.entry, options={"links": True})
    assert (await client.get(path)).status == HTTPStatus.OK


async def test_a_link_to_a_line_that_is_gone_leads_nowhere(
    hass: HomeAssistant, line: Line, hass_client_no_auth: ClientSessionGenerator
) -> None:
    clip = await keep(line)
    found = await line.library.clip(clip)
    assert found is not None
    path = await path_of(line, clip)
    client = await hass_client_no_auth()

    with patch.object(Library, "clip", return_value=replace(found, line_id="gone")):
        assert (await client.get(path)).status == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    ("valid_for", "minutes"), [({"minutes": 1}, 1), ({"days": 7}, 7 * 24 * 60), ("00:10:00", 10), (120, 2)]
)
async def test_a_link_expires_when_it_says(
    line: Line, hass_client_no_auth: ClientSessionGenerator, valid_for: Any, minutes: int
) -> None:
    found = await act(line, "clip_url", clip=await keep(line), valid_for=valid_for)
    expires = datetime.fromisoformat(found["expires"])
    client = await hass_client_no_auth()
    path = URL(found["url"]).raw_path_qs

    with freeze_time(expires - timedelta(seconds=2), tick=True):
        assert (await client.get(path)).status == HTTPStatus.OK
    with freeze_time(expires + timedelta(seconds=2), tick=True):
        assert (await client.get(path)).status == HTTPStatus.UNAUTHORIZED
    assert abs(expires - dt_util.utcnow() - timedelta(minutes=minutes)) < timedelta(seconds=30)


@pytest.mark.parametrize(
    "data",
    [
        {"valid_for": {"seconds": 59}},
        {"valid_for": {"days": 7, "seconds": 1}},
        {"valid_for": {"hours": -1}},
        {"valid_for": "for ever"},
        {"address": "www"},
    ],
)
async def test_a_link_that_cannot_be_is_not_made(line: Line, data: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await act(line, "clip_url", clip=await keep(line), **data)


@pytest.mark.parametrize(
    ("known", "address", "begins"),
    [
        ({"external_url": EXTERNAL, "internal_url": INTERNAL}, {}, EXTERNAL),
        ({"external_url": EXTERNAL, "internal_url": INTERNAL}, {"address": "internal"}, INTERNAL),
        ({"external_url": EXTERNAL, "internal_url": INTERNAL}, {"address": "external"}, EXTERNAL),
        ({"external_url": None, "internal_url": INTERNAL}, {}, INTERNAL),
        ({"external_url": EXTERNAL, "internal_url": None}, {}, EXTERNAL),
    ],
)
async def test_a_link_leads_to_the_address_that_is_wanted(
    hass: HomeAssistant, line: Line, known: dict[str, str | None], address: dict[str, str], begins: str
) -> None:
    await hass.config.async_update(**known)

    found = await act(line, "clip_url", clip=await keep(line), **address)

    assert found["url"].startswith(f"{begins}/api/ringcentral/clip/")


async def test_an_address_that_is_not_known_is_told(hass: HomeAssistant, line: Line) -> None:
    await hass.config.async_update(external_url=None)

    assert await refused(line, "clip_url", clip=await keep(line), address="external") == "address_unknown"


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({"size": 5_000_000}, True),
        ({"size": 5_000_001}, False),
        ({"size": None}, False),
        ({"path": "clip.mp3"}, True),
        ({"path": "clip.ogg"}, False),
    ],
)
async def test_what_a_telephone_cannot_show_is_told(line: Line, changes: dict[str, Any], fits: bool) -> None:
    clip = await line.library.clip(await keep(line))
    assert clip is not None
    if name := changes.pop("path", None):
        changes["path"] = clip.path.with_name(name)

    with patch.object(Library, "clip", return_value=replace(clip, **changes)):
        found = await act(line, "clip_url", clip=clip.id)

    assert found["fits_notification"] is fits


async def test_there_are_links_to_recordings_of_the_line_only(line: Line) -> None:
    other = await keep(line, line_id="another")
    unfinished = await keep(line, minutes=10, outcome=None)

    for clip in (other, unfinished, "0" * 32):
        assert await refused(line, "clip_url", clip=clip) == "clip_not_found"


@pytest.mark.parametrize(
    "clip", ["../../secrets", "a" * 31, f"{'a' * 32}.wav", "media-source://ringcentral/line/x"]
)
async def test_what_is_no_recording_has_no_link(line: Line, clip: str) -> None:
    with pytest.raises(vol.Invalid):
        await act(line, "clip_url", clip=clip)


async def test_a_link_opens_nothing_else(line: Line, hass_client_no_auth: ClientSessionGenerator) -> None:
    clip, other = await keep(line), await keep(line, minutes=10)
    path = await path_of(line, clip)
    client = await hass_client_no_auth()

    for changed in (
        path.replace(clip, other),
        path.replace("?link=1&", "?"),
        path.replace("link=1", "link=2"),
        path.replace(".wav?", ".svg?"),
        re.sub(r"/clip/\w+\.wav", f"/clip/..%2Fclip%2F{clip}.wav", path),
        path.replace("/api/ringcentral/clip/", "/api/states/"),
        path[:-1] + ("A" if path[-1] != "A" else "B") + "A",
        path.partition("&authSig")[0],
    ):
        assert changed != path
        refusals = {HTTPStatus.UNAUTHORIZED, HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}
        assert (await client.get(changed)).status in refusals
    assert (await client.get(path)).status == HTTPStatus.OK


async def test_a_link_is_in_no_log_and_nowhere_kept(
    hass: HomeAssistant,
    line: Line,
    caplog: pytest.LogCaptureFixture,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    caplog.set_level("DEBUG")
    clip = await keep(line)

    found = await act(line, "clip_url", clip=clip)
    await (await hass_client_no_auth()).get(URL(found["url"]).raw_path_qs)
    await hass.async_block_till_done()

    signature = URL(found["url"]).query["authSig"]
    # The test's own server notes who asked for what; Home Assistant's doesn't.
    told = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    assert found["url"] not in str(told) and signature not in str(told)
    assert signature not in str([state.as_dict() for state in hass.states.async_all()])
    assert signature not in str(line.entry.as_dict())
    database = (line.clips[0].parents[2] / "library.db").read_bytes()
    assert signature.encode() not in database


async def test_the_example_of_the_page_sends_a_message_to_a_telephone(
    hass: HomeAssistant, cloud: RingCentral, hass_client_no_auth: ClientSessionGenerator
) -> None:
    await async_process_ha_core_config(hass, {"external_url": EXTERNAL})
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0, links=True)
    page = (Path(__file__).parents[2] / "docs" / "actions.md").read_text("utf-8")
    _, _, section = page.partition("### A link to a recording")
    notified = async_mock_service(hass, "notify", "mobile_app_iphone")
    await automate(hass, section.partition("```yaml\n")[2].partition("```")[0])

    await line.call()
    await until(lambda: bool(notified))

    url = URL(notified[0].data["data"]["attachment"]["url"])
    response = await (await hass_client_no_auth()).get(url.raw_path_qs)
    assert notified[0].data["message"] == "A message from Anna Smith"
    assert (str(url.origin()), response.status) == (EXTERNAL, HTTPStatus.OK)
    assert ulaw2lin(SPEECH[-160:], 2) in await response.read()


async def test_who_comes_by_a_link_that_is_over_is_told_as_a_failed_login(
    hass: HomeAssistant, line: Line, hass_client_no_auth: ClientSessionGenerator
) -> None:
    path = await path_of(line, await keep(line), valid_for={"minutes": 1})
    client = await hass_client_no_auth()

    with freeze_time(dt_util.utcnow() + timedelta(seconds=62), tick=True):
        assert (await client.get(path)).status == HTTPStatus.UNAUTHORIZED
    await hass.async_block_till_done()

    assert "http-login" in persistent_notification._async_get_or_create_notifications(hass)
