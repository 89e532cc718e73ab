"""`script/screenshots`: what a person sees, as pictures of a real Home Assistant in Chromium."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import time
from typing import Any, Final

import aiohttp
from playwright.async_api import Locator, Page, async_playwright

from .demo import FOLDER, Timeline
from .home import CHECKOUT, Home, free_port, running
from .ringcentral import RingCentral
from .speech import CALLERS

PICTURES: Final = CHECKOUT / "docs" / "images"
CHROMIUM: Final = "/usr/bin/chromium"
_FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@asynccontextmanager
async def browser(home: Home) -> AsyncIterator[Page]:
    """Open Chromium, signed in to Home Assistant."""
    tokens: dict[str, Any] = {
        **home.token,
        "hassUrl": home.url,
        "clientId": f"{home.url}/",
        "expires": int(time.time() * 1000) + home.token["expires_in"] * 1000,
    }
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        context = await chromium.new_context(viewport={"width": 1180, "height": 820})
        await context.add_init_script(f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(tokens))})")
        yield await context.new_page()
        await chromium.close()


async def shoot(page: Page, name: str) -> None:
    """Take a picture once the page has come to rest."""
    await page.wait_for_timeout(1500)
    await page.screenshot(path=PICTURES / f"{name}.png")


async def configure(page: Page, home: Home, cloud: RingCentral) -> None:
    """Go through the configuration flow by hand, with a mistake on the way."""
    await page.goto(f"{home.url}/config/integrations/dashboard/add?domain=ringcentral")
    await page.get_by_role("button", name="OK").click()
    await page.get_by_text("Where does the telephone number come from?").wait_for()
    await shoot(page, "flow-menu")
    await page.get_by_text("RingCentral, signed in with a JWT").click()
    await page.get_by_text("Sign in to RingCentral").wait_for()
    await shoot(page, "flow-sign-in")
    app = cloud.app
    await _field(page, 0).fill(app["client_id"])
    await _field(page, 1).fill(app["client_secret"])
    await _field(page, 2).fill("not the JWT")
    await page.get_by_text("Advanced", exact=True).click()
    await _field(page, 3).fill(app["advanced"]["server"])
    await page.get_by_role("button", name="Next").click()
    await shoot(page, "flow-error")
    await _field(page, 2).fill(app["jwt"])
    await page.get_by_role("button", name="Next").click()
    await page.get_by_text("What should happen when somebody calls?").wait_for()
    await shoot(page, "flow-calls")
    await page.get_by_text("Answer and record a message").click()
    await page.locator("dialog-data-entry-flow input[type=number]").first.fill("2")
    await page.get_by_role("button", name="Submit").click()


async def look_at_device(page: Page, home: Home) -> None:
    """Open the line's page."""
    (line,) = [device for device in await home.devices() if device["manufacturer"] == "RingCentral"]
    await page.goto(f"{home.url}/config/devices/device/{line['id']}")
    await page.get_by_text("Last caller").wait_for()
    await shoot(page, "device")


async def play_newest_clip(page: Page, home: Home) -> None:
    """Walk through the media browser and play the newest clip."""
    await page.goto(f"{home.url}/media-browser/browser/app,media-source%3A%2F%2Fringcentral")
    await page.locator(".title", has_text="Reception").first.click()
    await page.locator(".title", has_text="Today").first.click()
    await page.get_by_text(CALLERS[4].name).first.click()
    await page.wait_for_timeout(1000)
    await shoot(page, "clip-playing")


async def run() -> None:
    """Take all pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    async with (
        RingCentral(tell=Timeline().call_event) as cloud,
        running(FOLDER, port=free_port(), debug=False) as url,
        aiohttp.ClientSession() as session,
    ):
        home = await Home.onboard(url, session)
        async with browser(home) as page:
            await configure(page, home, cloud)
            await cloud.registered()
            for caller in CALLERS[:4]:
                await cloud.sip.ended(await cloud.call(caller))
            talking = await cloud.call(CALLERS[4])
            await look_at_device(page, home)
            await cloud.sip.ended(talking)
            await play_newest_clip(page, home)


def _field(page: Page, number: int) -> Locator:
    """Return a text field of the open dialog."""
    return page.locator("dialog-data-entry-flow ha-selector-text input").nth(number)


if __name__ == "__main__":
    asyncio.run(run())
