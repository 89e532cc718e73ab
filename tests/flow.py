"""A person in front of a configuration flow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
import voluptuous as vol

from custom_components.ringcentral.const import DOMAIN

from .line import Line
from .translations import missing_texts

CALLS: Final = {"answer_mode": "answering_machine", "answer_after": 5, "longest_message": 300}


@dataclass
class Flow:
    """A person in front of a flow; every text that is shown must exist."""

    hass: HomeAssistant
    result: Mapping[str, Any]

    def __post_init__(self) -> None:
        assert missing_texts("config", self.result) == []

    @classmethod
    async def start(cls, hass: HomeAssistant, *choices: str) -> Flow:
        """Begin, and choose from the menus."""
        flow = cls(hass, await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER}))
        for choice in choices or ("ringcentral",):
            await flow.submit({"next_step_id": choice})
        return flow

    async def submit(self, typed: Mapping[str, Any]) -> Mapping[str, Any]:
        """Press the button, and wait while the telephone is tried."""
        flows = self.hass.config_entries.flow
        self.result = await flows.async_configure(self.result["flow_id"], dict(typed))
        return await self.wait()

    async def wait(self) -> Mapping[str, Any]:
        """Wait while the telephone is tried."""
        flows = self.hass.config_entries.flow
        while self.result["type"] is FlowResultType.SHOW_PROGRESS:
            assert missing_texts("config", self.result) == []
            await self.hass.async_block_till_done()
            self.result = await flows.async_configure(self.result["flow_id"])
        assert missing_texts("config", self.result) == []
        return self.result

    @property
    def errors(self) -> dict[str, str]:
        return dict(self.result["errors"])


async def open_page(line: Line, page: str) -> Any:
    """Press Configure of a line, and choose a page."""
    options = line.hass.config_entries.options
    menu = await options.async_init(line.entry.entry_id)
    assert missing_texts("options", menu) == []
    return await options.async_configure(menu["flow_id"], {"next_step_id": page})


async def choose(line: Line, page: str, typed: Mapping[str, Any]) -> Any:
    """Fill a page in and submit it; every text that is shown must exist."""
    form = await open_page(line, page)
    result = await line.hass.config_entries.options.async_configure(form["flow_id"], dict(typed))
    assert missing_texts("options", result) == []
    await line.hass.async_block_till_done()
    return result


def suggested(schema: vol.Schema) -> dict[str, Any]:
    """Return what a form is filled in with, sections unfolded."""
    values: dict[str, Any] = {}
    for key, field in schema.schema.items():
        if isinstance(field, section):
            values[key] = suggested(field.schema)
        elif key.description and "suggested_value" in key.description:
            values[key] = key.description["suggested_value"]
    return values
