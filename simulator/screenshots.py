"""`script/screenshots`: what a person sees, as pictures of a real Home Assistant in Chromium."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
import json
import time
from typing import Any, Final

import aiohttp
from homeassistant.util.yaml import parse_yaml
from playwright.async_api import Locator, Page, async_playwright

from .authority import Authority
from .demo import FOLDER, Timeline
from .digest import Scheme
from .home import CHECKOUT, Home, free_port, running
from .registrar import Account
from .ringcentral import RingCentral
from .server import Server
from .services import Kind
from .speech import CALLERS

PICTURES: Final = CHECKOUT / "docs" / "images"
CHROMIUM: Final = "/usr/bin/chromium"
BROWSER: Final = "RingCentral, signed in with your browser"
JWT: Final = "RingCentral, signed in with a JWT"
OTHERS: Final = "Another provider or telephone exchange"
ECHO: Final = "*43"
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


async def begin(page: Page, home: Home, *ways: str) -> None:
    """Open the configuration flow and go down its menus."""
    await page.goto(f"{home.url}/config/integrations/dashboard/add?domain=ringcentral")
    await page.get_by_role("button", name="OK").click()
    for way in ways:
        await page.get_by_text(way, exact=True).click()


async def look_at_ways(page: Page, home: Home) -> None:
    """Look at the menus, and at what is asked for on the way to each kind of number."""
    await begin(page, home)
    await page.get_by_text("Where does the telephone number come from?").wait_for()
    await shoot(page, "flow-menu")
    await page.get_by_text(BROWSER, exact=True).click()
    await page.get_by_text("Add application credentials", exact=True).click()
    await page.get_by_text("developer console").wait_for()
    await shoot(page, "flow-browser")
    await begin(page, home, OTHERS)
    await page.get_by_text("Which exchange or provider is it?").wait_for()
    await shoot(page, "flow-sip")
    await begin(page, home, OTHERS, "FRITZ!Box")
    await page.get_by_text("Step by step").wait_for()
    await shoot(page, "flow-fritzbox")


async def configure(page: Page, home: Home, cloud: RingCentral) -> None:
    """Go through the configuration flow by hand, with a mistake on the way."""
    await begin(page, home, JWT)
    await page.get_by_text("Sign in to RingCentral").wait_for()
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
    await page.get_by_text("Which phone is Home Assistant to be?").wait_for()
    await shoot(page, "flow-phone")
    await page.get_by_role("button", name="Next").click()
    await page.get_by_text("What should happen when somebody calls?").wait_for()
    await shoot(page, "flow-calls")
    await page.get_by_text("Answer and record a message").click()
    await page.locator("dialog-data-entry-flow input[type=number]").first.fill("2")
    await page.get_by_role("button", name="Submit").click()
    await page.get_by_role("button", name="Finish").wait_for()


async def add_extension(page: Page, home: Home, server: Server, authority: Authority) -> None:
    """Add an extension of an exchange whose certificate nobody knows, until its authority is pasted."""
    await begin(page, home, OTHERS, "Asterisk or FreePBX")
    await page.get_by_text("Step by step").wait_for()
    await shoot(page, "flow-asterisk")
    account = server.accounts[0]
    await _field(page, 0).fill(f"{server.host}:{server.port}")
    await _field(page, 1).fill(account.username)
    await _field(page, 2).fill(account.password)
    await page.locator("dialog-data-entry-flow ha-selector-select").first.click()
    await page.get_by_text("Encrypted (TLS and SRTP)", exact=True).click()
    await page.get_by_role("button", name="Next").click()
    await page.get_by_text("could not prove who it is").wait_for()
    await shoot(page, "flow-certificate")
    await page.get_by_text("Advanced", exact=True).click()
    await page.locator("dialog-data-entry-flow textarea").first.fill(authority.pem)
    await page.get_by_role("button", name="Next").click()
    await page.get_by_text("What should happen when somebody calls?").wait_for()
    await page.get_by_role("button", name="Submit").click()
    await page.get_by_role("button", name="Finish").wait_for()


async def open_device(page: Page, home: Home) -> None:
    """Open the line's page."""
    (line,) = [device for device in await home.devices() if device["manufacturer"] == "RingCentral"]
    await page.goto(f"{home.url}/config/devices/device/{line['id']}")
    await page.get_by_text("Last caller").wait_for()


async def look_at_device(page: Page, home: Home) -> None:
    """Look at the line while somebody calls."""
    await open_device(page, home)
    await shoot(page, "device")


async def look_at_tablet(page: Page, home: Home, cloud: RingCentral) -> None:
    """Look at a dashboard on the wall while the door station calls."""
    entries = await home.get("/api/config/config_entries/entry?domain=ringcentral")
    flows = "/api/config/config_entries/subentries/flow"
    flow = await home.post(flows, {"handler": [entries[0]["entry_id"], "contact"]})
    await home.post(f"{flows}/{flow['flow_id']}", {"next_step_id": "contact"})
    door = {"door_station": True, "opening_keys": "9"}
    contact = {"name": "Front door", "numbers": [CALLERS[4].number], "favorite": False, "blocked": False}
    calls = {"answer_automatically": False}
    await home.post(f"{flows}/{flow['flow_id']}", contact | {"door": door, "calls": calls})
    story = (CHECKOUT / "docs" / "stories" / "wall-tablet.md").read_text()
    card = parse_yaml(story.partition("```yaml\n")[2].partition("```")[0])
    async with home.websocket() as websocket:
        await websocket.command("lovelace/dashboards/create", url_path="wall-tablet", title="Hallway")
        views = {"views": [{"title": "Hallway", "cards": [card]}]}
        await websocket.command("lovelace/config/save", url_path="wall-tablet", config=views)
    await page.goto(f"{home.url}/wall-tablet/0")
    ringing = await cloud.call(CALLERS[4])
    await page.get_by_text("We are coming").wait_for()
    await shoot(page, "tablet")
    await cloud.sip.ended(ringing)


async def look_at_contact(page: Page, home: Home) -> None:
    """Look at what is asked about a contact."""
    await page.goto(f"{home.url}/config/integrations/integration/ringcentral")
    await page.get_by_text("Add contact").first.click()
    await page.get_by_text("A new contact", exact=True).click()
    await page.get_by_text("Add Telephone number").first.wait_for()
    await shoot(page, "contact")


async def look_at_options(page: Page, home: Home) -> None:
    """Look at what can be configured."""
    await page.goto(f"{home.url}/config/integrations/integration/ringcentral")
    await page.get_by_role("button", name="Configure").first.click()
    await page.get_by_text("Calls that are placed from here").wait_for()
    await shoot(page, "options")


async def look_at_blueprint(page: Page, home: Home) -> None:
    """Look at what the blueprint for an intercom asks."""
    blueprint = (CHECKOUT / "blueprints" / "automation" / "ringcentral" / "intercom_gate.yaml").read_text()
    name = "Telephone: the intercom opens the gate"
    async with home.websocket() as websocket:
        path = "ringcentral/intercom_gate.yaml"
        await websocket.command("blueprint/save", domain="automation", path=path, yaml=blueprint)
    await page.goto(f"{home.url}/config/blueprint/dashboard")
    await page.get_by_text(name).first.click()
    await page.get_by_text("Number of the intercom").first.wait_for()
    await shoot(page, "blueprint")


async def look_at_automation(page: Page, home: Home) -> None:
    """Look at an automation that answers, as its editor shows it."""
    call = {"entity_id": "event.reception_call"}
    gate = {
        "alias": "Gate",
        "triggers": [{"trigger": "ringcentral.call_started_ringing", "target": call}],
        "actions": [
            {
                "action": "ringcentral.answer",
                "target": call,
                "data": {"message": "Please come in.", "dtmf": "9", "hang_up": True},
            }
        ],
    }
    await home.post("/api/config/automation/config/gate", gate)
    await page.goto(f"{home.url}/config/automation/edit/gate")
    await page.get_by_text("Answer a call").first.click()
    await page.get_by_text("Rarely needed").first.wait_for()
    await shoot(page, "automation")


async def look_at_test(page: Page, home: Home, cloud: RingCentral) -> None:
    """Test the line with a call to an echo, and look at what came of it."""
    await cloud.sip.serve(ECHO, Kind.ECHO)
    entries = await home.get("/api/config/config_entries/entry?domain=ringcentral")
    line = entries[0]["entry_id"]
    await home.post("/api/services/ringcentral/test_line", {"config_entry_id": line, "number": ECHO})
    await open_device(page, home)
    await page.get_by_text("Test the line").last.scroll_into_view_if_needed()
    await shoot(page, "line-test")


async def look_at_repairs(page: Page, home: Home) -> None:
    """Look at what only a person can mend."""
    await page.goto(f"{home.url}/config/repairs")
    await page.get_by_text("certificate is not valid").click()
    await shoot(page, "repairs")


async def play_newest_clip(page: Page, home: Home) -> None:
    """Walk through the media browser and play the newest clip."""
    await page.goto(f"{home.url}/media-browser/browser/app,media-source%3A%2F%2Fringcentral")
    await page.locator(".title", has_text="Reception").first.click()
    await page.locator(".title", has_text="Today").first.click()
    await page.get_by_text(CALLERS[4].name).first.click()
    # What the pointer is over looks different.
    await page.mouse.move(700, 600)
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
            await look_at_ways(page, home)
            cloud.rest.devices.add_existing("Front door", "+17205550107")
            await configure(page, home, cloud)
            await cloud.registered()
            for caller in CALLERS[:4]:
                await cloud.sip.ended(await cloud.call(caller))
            await look_at_test(page, home, cloud)
            talking = await cloud.call(CALLERS[4])
            await look_at_device(page, home)
            await cloud.sip.ended(talking)
            await play_newest_clip(page, home)
            await look_at_tablet(page, home, cloud)
            await look_at_contact(page, home)
            await look_at_options(page, home)
            await look_at_blueprint(page, home)
            await look_at_automation(page, home)
            await look_at_exchange(page, home)


async def look_at_exchange(page: Page, home: Home) -> None:
    """Add an extension of an exchange, and let the exchange's certificate expire."""
    authority = Authority()
    account = Account(username="230", authorization_id="230", domain="127.0.0.1", scheme=Scheme.QOP)
    async with Server((account,), tls=authority.server(FOLDER)) as server:
        await add_extension(page, home, server, authority)
    expired = authority.server(FOLDER, expires_in=-timedelta(days=1))
    async with Server((account,), port=server.port, tls=expired):
        await look_at_repairs(page, home)


def _field(page: Page, number: int) -> Locator:
    """Return a text field of the open dialog."""
    return page.locator("dialog-data-entry-flow ha-selector-text input").nth(number)


if __name__ == "__main__":
    asyncio.run(run())
