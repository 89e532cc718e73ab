"""A story's page, as its reader uses it: the automation on it, and the blueprint it links to."""

from pathlib import Path
import re
import shutil
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from custom_components.ringcentral.calls.voice import Speech
from tests.line import Line

REPOSITORY: Final = Path(__file__).parents[2]
PAGES: Final = REPOSITORY / "docs" / "stories"
BLUEPRINTS: Final = Path("blueprints") / "automation"
ON_MAIN: Final = "https://github.com/ringcentral-homeassistant/ringcentral-homeassistant/blob/main/"


def examples(name: str) -> list[str]:
    """Return the automations on a page, in order."""
    return re.findall(r"```yaml\n(.*?)```", (PAGES / f"{name}.md").read_text(), re.DOTALL)


def import_link(name: str) -> Path:
    """Return the path, within the repository, of the blueprint that a page offers to import."""
    [link] = re.findall(
        r"\(https://my\.home-assistant\.io/redirect/blueprint_import/\?(\S+)\)",
        (PAGES / f"{name}.md").read_text(),
    )
    [url] = parse_qs(link)["blueprint_url"]
    assert url.startswith(ON_MAIN) and not urlsplit(url).query
    return Path(url.removeprefix(ON_MAIN))


async def use_blueprint(hass: HomeAssistant, page: str, **inputs: Any) -> None:
    """Import the blueprint of a page, and make an automation of it."""
    path = import_link(page)
    there = Path(hass.config.path(str(path)))
    assert f"  source_url: {ON_MAIN}{path}\n" in (REPOSITORY / path).read_text()
    there.parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / path, there)
    used = {"path": str(path.relative_to(BLUEPRINTS)), "input": inputs}
    automation = {"alias": "example", "use_blueprint": used}
    assert await async_setup_component(hass, "automation", {"automation": automation})
    await hass.async_block_till_done()
    state = hass.states.get("automation.example")
    assert state is not None and state.state == "on", "the blueprint makes no valid automation"


async def speech(line: Line, text: str) -> bytes:
    """Return what a text sounds like on the telephone, in whole packets."""
    sound = bytes(await line.entry.runtime_data.voice.render(Speech(text)))
    return sound.ljust(-(-len(sound) // 160) * 160, b"\xff")
