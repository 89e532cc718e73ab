"""The clips and their pictures over HTTP, for browsers, players and speakers."""

from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Final
from zlib import crc32

from aiohttp import ETag, hdrs, web
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from ..const import DATA_LIBRARY, DOMAIN
from ..library import Clip, ClipState, LibraryError
from .addresses import AHEAD_QUERY, PICTURE_URL, SOUND_URL, disposition, mime_type
from .links import LINK_QUERY, links_allowed
from .media_items import picture_title
from .mixing import async_sound
from .picture import picture
from .wording import async_words

_CACHE_CONTROL: Final = "private, max-age=3600"
_DRAWING: Final = {
    hdrs.CONTENT_TYPE: "image/svg+xml",
    # Opened by itself it is a page of Home Assistant's own: nothing in it may do anything.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


class ClipView(HomeAssistantView):
    """Serves the sound of a saved clip, or the part of it that is asked for.

    Whoever asks by the ending that the file once had gets it as it is now, and is told what that is.
    """

    url = SOUND_URL
    name = f"api:{DOMAIN}:clip"
    requires_auth = True

    async def get(self, request: web.Request, clip_id: str, ending: str) -> web.StreamResponse:
        """Answer with the clip's file, 304 to who has it, 404 without one, 503 while it can't be read, 403 to links if off.

        Who gets the sound has heard it, but for those who come by a link or say that they fetch it ahead: telephones
        fetch what a notification brings before anybody listens.
        """
        hass = request.app[KEY_HASS]
        clip = await _async_saved(hass, clip_id)
        if isinstance(clip, HTTPStatus):
            return web.Response(status=clip)
        linked = LINK_QUERY in request.query
        if linked and not links_allowed(hass, clip.line_id):
            return web.Response(status=HTTPStatus.FORBIDDEN)
        # Asked here because FileResponse would let its own 403 and 404 be cached as if they were the clip.
        if problem := await hass.async_add_executor_job(_problem, clip.path):
            return web.Response(status=problem)
        listens = request.method == hdrs.METH_GET and not linked and AHEAD_QUERY not in request.query
        if listens and not clip.heard:
            # Whoever can't write it down still hears it.
            with suppress(LibraryError):
                await hass.data[DATA_LIBRARY].mark_heard(clip.id)
        headers: dict[str, str] = {
            hdrs.CONTENT_TYPE: mime_type(clip),
            hdrs.CACHE_CONTROL: _CACHE_CONTROL,
            hdrs.CONTENT_DISPOSITION: disposition(clip),
        }
        return await async_sound(hass, request, clip.path, headers)

    async def head(self, request: web.Request, clip_id: str, ending: str) -> web.StreamResponse:
        """Answer as `get` does; aiohttp leaves the sound out."""
        return await self.get(request, clip_id, ending)


class PictureView(HomeAssistantView):
    """Serves the picture of a saved clip."""

    url = PICTURE_URL
    name = f"api:{DOMAIN}:picture"
    requires_auth = True

    async def get(self, request: web.Request, clip_id: str) -> web.StreamResponse:
        """Answer with the picture as it is now, 304 to who has that, 404 without a clip, 503 while it can't be known."""
        hass = request.app[KEY_HASS]
        clip = await _async_saved(hass, clip_id)
        if isinstance(clip, HTTPStatus):
            return web.Response(status=clip)
        drawn = picture(clip, picture_title(clip, await async_words(hass))).encode()
        tag = ETag(f"{crc32(drawn):08x}")
        known = tag in (request.if_none_match or ())
        response = (
            web.Response(status=HTTPStatus.NOT_MODIFIED)
            if known
            else web.Response(body=drawn, headers=_DRAWING)
        )
        response.etag = tag
        response.headers[hdrs.CACHE_CONTROL] = "private, no-cache"
        return response


async def _async_saved(hass: HomeAssistant, clip_id: str) -> Clip | HTTPStatus:
    """Return a saved clip, or why there is none."""
    if (library := hass.data.get(DATA_LIBRARY)) is None:
        return HTTPStatus.SERVICE_UNAVAILABLE
    try:
        clip = await library.clip(clip_id)
    except LibraryError:
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.NOT_FOUND if clip is None or clip.state is not ClipState.SAVED else clip


def _problem(path: Path) -> HTTPStatus | None:
    """Tell why a file can't be sent; None if it can."""
    try:
        path.open("rb").close()
    except FileNotFoundError, NotADirectoryError:
        return HTTPStatus.NOT_FOUND
    except OSError:
        return HTTPStatus.SERVICE_UNAVAILABLE
    return None
