"""Fixtures for clips over HTTP."""

from collections.abc import AsyncGenerator
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.ringcentral.clips.views import ClipView
from custom_components.ringcentral.const import DATA_LIBRARY
from custom_components.ringcentral.library import Library


@pytest.fixture
async def library(hass: HomeAssistant, tmp_path: Path) -> AsyncGenerator[Library]:
    """Return a library whose clips are served; no line is set up."""
    library = Library(tmp_path / "ringcentral")
    await library.open()
    hass.data[DATA_LIBRARY] = library
    assert await async_setup_component(hass, "http", {})
    hass.http.register_view(ClipView())
    yield library
    await library.close()
