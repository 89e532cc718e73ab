"""`script/browse`: Chromium finds a message in Home Assistant's media browser, sees its picture, plays it, and searches for it."""

import asyncio
from base64 import b64decode
from collections.abc import Callable
import sys
from typing import Any, Final

import aiohttp
from playwright.async_api import Page

from .demo import FOLDER, Timeline, add_line
from .home import Home, free_port, running
from .ringcentral import RingCentral
from .screenshots import browser
from .speech import CALLERS

# The frontend's player is an element that is on no page; what is on the page is inside of each other's shadows.
_SCRIPT: Final = """
const Player = window.Audio;
window.players = [];
window.Audio = function (source) {
    const player = new Player(source);
    window.players.push(player);
    return player;
};
window.all = (name, root = document) => [...root.querySelectorAll("*")].flatMap((element) => [
    ...(element.localName === name ? [element] : []),
    ...(element.shadowRoot ? window.all(name, element.shadowRoot) : []),
]);
"""
_LISTED: Final = """
() => window.all("ha-media-browser-thumbnail").map((picture) =>
    picture.shadowRoot?.querySelector(".image")?.style.backgroundImage ?? "")
"""
_PLAYED: Final = """
() => window.players.map((player) => ({
    at: player.currentTime, duration: player.duration, ended: player.ended, error: player.error?.message ?? null,
}))[0]
"""
# A broken picture has no width.
_SHOWN: Final = """
() => window.all("img").find((image) => image.src.includes("/api/ringcentral/clip/"))?.naturalWidth
"""


class NotPlayedError(Exception):
    """A browser didn't show or play what it should."""


async def play(page: Page, timeline: Timeline) -> None:
    """Go to today's messages, look at the picture of the only one, play it, and jump to its end.

    Raises:
        NotPlayedError: the picture isn't shown, or the sound doesn't go on.
    """
    message = page.locator(".title", has_text=CALLERS[0].name).first
    await page.locator(".title", has_text="Reception").first.click()
    await page.locator(".title", has_text="Today").first.click()
    await message.wait_for()
    listed = await _until(page, _LISTED, lambda pictures: pictures and all(pictures))
    drawing = b64decode(listed[0].removeprefix('url("data:image/svg+xml;base64,').removesuffix('")')).decode()
    timeline.tell("Media browser", f"shows {drawing.partition('aria-label=')[2].partition('>')[0]}")
    await message.click()
    began = await _until(page, _PLAYED, lambda player: player and player["at"] > 0)
    later = await _until(page, _PLAYED, lambda player: player["at"] > began["at"] + 0.5)
    timeline.tell("Player", f"{began['at']:.2f} s, {later['at']:.2f} s of {later['duration']:.2f} s")
    await page.evaluate("() => { window.players[0].currentTime = window.players[0].duration - 0.3; }")
    ended = await _until(page, _PLAYED, lambda player: player["ended"])
    timeline.tell("Player", f"jumped to the end, and ended at {ended['at']:.2f} s")
    width = await _until(page, _SHOWN, bool)
    timeline.tell("Player", f"shows the picture, {width} pixels wide")


async def search(page: Page, timeline: Timeline) -> None:
    """Search the line's folder for the beginning of the caller's name, and for somebody who hasn't called.

    Raises:
        NotPlayedError: the first isn't found, or the other one is.
    """
    await page.locator(".title", has_text="Reception").first.click()
    message = page.locator(".title", has_text=CALLERS[0].name)
    for words, wanted in ((CALLERS[0].name[:4].lower(), 1), (CALLERS[1].name, 0)):
        box = page.get_by_placeholder("Search").first
        await box.fill(words)
        await box.press("Enter")
        for _ in range(100):
            if await message.count() == wanted:
                break
            await page.wait_for_timeout(100)
        else:
            raise NotPlayedError(f"A search for {words!r} doesn't find {wanted}")
        timeline.tell("Media browser", f"finds {wanted} by {words!r}")


async def _until(page: Page, script: str, is_so: Callable[[Any], object]) -> Any:
    """Evaluate until what comes is so; raises NotPlayedError with the last of it."""
    found = None
    for _ in range(100):
        found = await page.evaluate(script)
        if is_so(found):
            return found
        await page.wait_for_timeout(100)
    raise NotPlayedError(f"After ten seconds it is still {found}")


async def run() -> None:
    """Be called once, and look at it in a browser."""
    timeline = Timeline()
    async with (
        RingCentral(tell=timeline.call_event) as cloud,
        running(FOLDER, port=free_port(), debug=False) as url,
        aiohttp.ClientSession() as session,
    ):
        home = await Home.onboard(url, session)
        await add_line(home, cloud, timeline, 60)
        await cloud.sip.ended(await cloud.call(CALLERS[0]))
        async with browser(home) as page:
            await page.add_init_script(_SCRIPT)
            browsed = f"{home.url}/media-browser/browser/app,media-source%3A%2F%2Fringcentral"
            await page.goto(browsed)
            await play(page, timeline)
            await page.goto(browsed)
            await search(page, timeline)


if __name__ == "__main__":
    try:
        asyncio.run(run())
    except NotPlayedError as error:
        sys.exit(str(error))
