"""A clip's picture as browsers get it."""

from datetime import timedelta
from http import HTTPStatus
from unittest.mock import patch
from xml.etree import ElementTree as ET

from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.media_source import BrowseMediaSource, async_browse_media
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.ringcentral.clips.views import PictureView
from custom_components.ringcentral.const import DATA_LIBRARY, DOMAIN
from custom_components.ringcentral.library import Clip, Library, LibraryDamagedError

from .test_views import START, clip, save_clip, url as sound_url

__all__ = ["clip"]


@pytest.fixture(autouse=True)
def view(hass: HomeAssistant, library: Library) -> None:
    hass.http.register_view(PictureView())


def url(clip_id: str) -> str:
    return f"/api/ringcentral/clip/{clip_id}.svg"


async def test_a_picture_is_a_drawing_that_may_do_nothing(
    clip: Clip, hass_client: ClientSessionGenerator
) -> None:
    response = await (await hass_client()).get(url(clip.id))

    assert response.status == HTTPStatus.OK
    assert response.headers["Content-Type"] == "image/svg+xml"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    title = ET.fromstring(await response.text()).findtext("{http://www.w3.org/2000/svg}title")
    assert title == "Saturday, 21 November 2026 · 18:03 · Anna Smith · 0:00 · Not heard yet"


async def test_a_picture_changes_when_the_clip_has_been_heard(
    library: Library, clip: Clip, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    first = await client.get(url(clip.id))
    tag = first.headers["ETag"]

    again = await client.get(url(clip.id), headers={"If-None-Match": tag})
    assert (again.status, await again.read()) == (HTTPStatus.NOT_MODIFIED, b"")
    await library.mark_heard(clip.id)
    changed = await client.get(url(clip.id), headers={"If-None-Match": tag})

    assert changed.status == HTTPStatus.OK
    assert changed.headers["ETag"] != tag
    assert {answer.headers["Cache-Control"] for answer in (first, again, changed)} == {"private, no-cache"}
    assert "Not heard yet" not in await changed.text()


async def test_to_look_at_a_clip_is_not_to_hear_it(
    library: Library, clip: Clip, hass_client: ClientSessionGenerator
) -> None:
    await (await hass_client()).get(url(clip.id))

    found = await library.clip(clip.id)
    assert found is not None and not found.heard


async def test_a_name_that_is_markup_stays_text(
    library: Library, hass_client: ClientSessionGenerator
) -> None:
    clip = await save_clip(library, caller_name="<script>alert('Anna')</script>")

    drawing = await (await hass_client()).get(url(clip.id))

    assert "<script" not in await drawing.text()


async def test_the_media_browser_shows_pictures_to_who_browses(
    hass: HomeAssistant,
    clip: Clip,
    hass_ws_client: WebSocketGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    assert await async_setup_component(hass, "media_source", {})
    hass.config.components.add(DOMAIN)
    MockConfigEntry(domain=DOMAIN, entry_id=clip.line_id).add_to_hass(hass)
    websocket = await hass_ws_client()

    await websocket.send_json_auto_id(
        {
            "type": "media_source/browse_media",
            "media_content_id": f"media-source://{DOMAIN}/day/{clip.line_id}/2026-11-21",
        }
    )
    (item,) = (await websocket.receive_json())["result"]["children"]
    # The frontend's player shows it as an <img>, which has no token.
    response = await (await hass_client_no_auth()).get(item["thumbnail"])

    assert item["thumbnail"].startswith(f"{url(clip.id)}?authSig=")
    assert (response.status, response.content_type) == (HTTPStatus.OK, "image/svg+xml")


async def test_folders_have_no_picture(hass: HomeAssistant, clip: Clip) -> None:
    assert await async_setup_component(hass, "media_source", {})
    hass.config.components.add(DOMAIN)
    MockConfigEntry(domain=DOMAIN, entry_id=clip.line_id).add_to_hass(hass)

    found = await async_browse_media(hass, f"media-source://{DOMAIN}")

    assert isinstance(found, BrowseMediaSource) and found.children
    assert [folder.thumbnail for folder in (found, *found.children)] == [None, None]


async def test_nobody_sees_a_picture_unasked(
    hass: HomeAssistant, clip: Clip, hass_client_no_auth: ClientSessionGenerator
) -> None:
    client = await hass_client_no_auth()
    signed = async_sign_path(hass, url("0" * 32), timedelta(hours=1))
    of_the_sound = async_sign_path(hass, sound_url(clip.id), timedelta(hours=1))

    for asked in (
        url(clip.id),
        signed.replace("0" * 32, clip.id),
        of_the_sound.replace(".wav?", ".svg?"),
        async_sign_path(hass, url(clip.id), timedelta(seconds=-1)),
    ):
        assert (await client.get(asked)).status == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    "path",
    [
        f"/api/ringcentral/clip/{'0' * 32}.svg",
        "/api/ringcentral/clip/..%5Clibrary.svg",
        "/api/ringcentral/clip/%2Fetc%2Fpasswd.svg",
        "/api/ringcentral/clip/{clip_id}%00.svg",
    ],
)
async def test_there_is_no_picture_of_what_is_no_clip(
    clip: Clip, hass_client: ClientSessionGenerator, path: str
) -> None:
    response = await (await hass_client()).get(path.format(clip_id=clip.id))

    assert response.status == HTTPStatus.NOT_FOUND


async def test_there_is_no_picture_of_a_clip_being_recorded(
    library: Library, hass_client: ClientSessionGenerator
) -> None:
    clip = await library.begin_clip("front-door", START)

    assert (await (await hass_client()).get(url(clip.id))).status == HTTPStatus.NOT_FOUND


async def test_without_a_library_pictures_are_unavailable(
    hass: HomeAssistant, library: Library, clip: Clip, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    with patch.object(library, "clip", side_effect=LibraryDamagedError):
        assert (await client.get(url(clip.id))).status == HTTPStatus.SERVICE_UNAVAILABLE
    del hass.data[DATA_LIBRARY]
    assert (await client.get(url(clip.id))).status == HTTPStatus.SERVICE_UNAVAILABLE
