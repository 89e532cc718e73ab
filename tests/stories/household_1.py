"""What the stories about the door, missed calls and music share: pages, blueprints, a mobile phone, media players."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
import re
import shutil
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
from pytest_homeassistant_custom_component.common import MockConfigEntry

_REPOSITORY: Final = Path(__file__).parents[2]
BLUEPRINTS: Final = _REPOSITORY / "blueprints" / "automation" / "ringcentral"
MY_LINK: Final = (
    "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
    "https%3A%2F%2Fgithub.com%2Fringcentral-homeassistant%2Fringcentral-homeassistant"
    "%2Fblob%2Fmain%2Fblueprints%2Fautomation%2Fringcentral%2F"
)


def text_of(page: str) -> str:
    """Return a story's page."""
    return (_REPOSITORY / "docs" / "stories" / f"{page}.md").read_text()


async def follow_page(hass: HomeAssistant, page: str) -> None:
    """Set up exactly the automation of a story's page."""
    [yaml] = re.findall(r"```yaml\n(.*?)```", text_of(page), re.DOTALL)
    automation = parse_yaml(yaml)
    assert isinstance(automation, dict)
    await _set_up(hass, automation)


async def use_blueprint(hass: HomeAssistant, blueprint: str, **inputs: Any) -> None:
    """Make an automation of a blueprint, as the dialog for it would."""
    folder = hass.config.path("blueprints/automation/ringcentral")
    await hass.async_add_executor_job(shutil.copytree, BLUEPRINTS, folder)
    await _set_up(hass, {"use_blueprint": {"path": f"ringcentral/{blueprint}.yaml", "input": inputs}})


async def turns() -> None:
    """Let Home Assistant do what it can do at once, without waiting for automations that wait."""
    for _ in range(100):
        await asyncio.sleep(0)


async def _set_up(hass: HomeAssistant, automation: dict[str, Any]) -> None:
    assert await async_setup_component(hass, "automation", {"automation": {"alias": "story", **automation}})
    await hass.async_block_till_done()
    state = hass.states.get("automation.story")
    assert state is not None and state.state == "on", "the automation is not valid"


@dataclass
class Mobile:
    """A mobile phone with the companion app, and what was pushed to it."""

    device: str
    pushed: list[dict[str, Any]] = field(default_factory=list)


@asynccontextmanager
async def mobile(hass: HomeAssistant) -> AsyncGenerator[Mobile]:
    """Have a mobile phone, known as `notify.mobile_app_pixel`, whose push service is on loopback."""
    pushed: list[dict[str, Any]] = []

    async def push(request: web.Request) -> web.Response:
        pushed.append(await request.json())
        return web.json_response({}, status=201)

    app = web.Application()
    app.router.add_post("/push", push)
    async with TestServer(app) as server:
        assert await async_setup_component(hass, "mobile_app", {})
        registration = {
            "app_data": {"push_token": "token", "push_url": str(server.make_url("/push"))},
            "app_id": "io.homeassistant.companion", "app_name": "Home Assistant", "app_version": "2026.10",
            "device_id": "pixel", "device_name": "Pixel", "manufacturer": "Google", "model": "Pixel",
            "os_name": "Android", "os_version": "17", "supports_encryption": False,
            "user_id": "anna", "webhook_id": "webhook",
        }  # fmt: skip
        entry = MockConfigEntry(domain="mobile_app", title="Pixel", data=registration)
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        [device] = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        yield Mobile(device.id, pushed)


class Players:
    """Media players that do as they are told, with what they were told."""

    def __init__(self, hass: HomeAssistant, **states: str) -> None:
        """Have players, each in a state."""
        self._hass = hass
        self.told: list[tuple[str, str]] = []
        for name, state in states.items():
            hass.states.async_set(f"media_player.{name}", state)
        for service, state in {"media_pause": "paused", "media_play": "playing"}.items():
            hass.services.async_register("media_player", service, self._obey(service, state))

    def _obey(self, service: str, state: str) -> Any:
        async def obey(call: ServiceCall) -> None:
            for entity_id in call.data["entity_id"]:
                self.told.append((service, entity_id))
                self._hass.states.async_set(entity_id, state)

        return obey
