"""The clips over HTTP, for browsers, players and speakers."""

from contextlib import suppress
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView
from homeassistant.util import dt as dt_util, slugify

from ..const import DATA_LIBRARY, DOMAIN
from ..library import Clip, ClipState, LibraryError

CLIP_URL: Final = f"/api/{DOMAIN}/clip/{{clip_id}}.wav"
CLIP_MIME_TYPE: Final = "audio/wav"
"""Said everywhere: the type Python guesses for .wav is one that browsers won't play."""

_CACHE_CONTROL: Final = "private, max-age=3600"


class ClipView(HomeAssistantView):
    """Serves a saved clip, or the part of it that is asked for."""

    url = CLIP_URL
    name = f"api:{DOMAIN}:clip"
    requires_auth = True

    async def get(self, request: web.Request, clip_id: str) -> web.StreamResponse:
        """Answer with the clip's file, 404 without one, 503 while the library can't be asked.

        Who gets the sound has heard it.
        """
        hass = request.app[KEY_HASS]
        if (library := hass.data.get(DATA_LIBRARY)) is None:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            clip = await library.clip(clip_id)
        except LibraryError:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        if clip is None or clip.state is not ClipState.SAVED:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        # Asked here because FileResponse would let its own 404 be cached as if it were the clip.
        if not await hass.async_add_executor_job(clip.path.is_file):
            return web.Response(status=HTTPStatus.NOT_FOUND)
        if request.method == hdrs.METH_GET and not clip.heard:
            # Whoever can't write it down still hears it.
            with suppress(LibraryError):
                await library.mark_heard(clip.id)
        return web.FileResponse(
            clip.path,
            headers={
                hdrs.CONTENT_TYPE: CLIP_MIME_TYPE,
                hdrs.CACHE_CONTROL: _CACHE_CONTROL,
                hdrs.CONTENT_DISPOSITION: f'inline; filename="{_file_name(clip)}"',
            },
        )

    async def head(self, request: web.Request, clip_id: str) -> web.StreamResponse:
        """Answer as `get` does; aiohttp leaves the sound out."""
        return await self.get(request, clip_id)


def _file_name(clip: Clip) -> str:
    """Return a name to save the clip by: its local start and the caller's name in plain letters."""
    start = f"{dt_util.as_local(clip.started_at):%Y-%m-%d_%H-%M-%S}"
    return f"{start}_{slugify(clip.caller_name)}.wav" if clip.caller_name else f"{start}.wav"
