"""Fixtures that every test may use."""

from collections.abc import AsyncGenerator, Generator
from pathlib import Path
import re
import ssl
from typing import Any, Final
from unittest.mock import ANY, PropertyMock, patch

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

# Imported first, so that `custom_components` is this checkout's and not the test harness's own.
from custom_components.ringcentral import PLATFORMS
from custom_components.ringcentral.const import DOMAIN
from simulator.gate import Gate
from simulator.ringcentral import RingCentral

from .browser import Browser
from .line import SOUNDS, Line, set_up_line

# A time, or the address of a server on loopback.
_EVER_NEW: Final = re.compile(r"\d{4}-\d\d-\d\dT.*|127\.0\.0\.1:\d+")


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant load the integration under test."""


@pytest.fixture(autouse=True)
def no_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing take longer for people to see it."""
    monkeypatch.setattr("custom_components.ringcentral.config_flow.SHORTEST_PROGRESS", 0)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Leave out of snapshots what is different every time."""

    def steady(data: Any, path: object) -> Any:
        return ANY if isinstance(data, str) and _EVER_NEW.fullmatch(data) else data

    return snapshot.with_defaults(extension_class=HomeAssistantSnapshotExtension, matcher=steady)


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Give each Home Assistant an empty configuration folder."""
    folder = tmp_path / "config"
    folder.mkdir()
    return str(folder)


@pytest.fixture
def platforms() -> list[Platform]:
    """Return the platforms that lines have entities of; snapshots want one at a time."""
    return PLATFORMS


@pytest.fixture
def entity_registry_enabled_by_default() -> Generator[None]:
    """Enable what is disabled until somebody wants it."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        new_callable=PropertyMock(return_value=True),
    ):
        yield


@pytest.fixture
def those_platforms(platforms: list[Platform]) -> Generator[None]:
    """Set lines up with these platforms."""
    with patch("custom_components.ringcentral.PLATFORMS", platforms):
        yield


@pytest.fixture
def gate() -> Gate | None:
    """Return what stands between the phone and RingCentral's SIP server: nothing, unless a test wants it."""
    return None


@pytest.fixture
def tls() -> ssl.SSLContext | None:
    """Return what RingCentral's SIP server proves itself with: nothing, for it offers no TLS unless a test wants it."""
    return None


@pytest.fixture
async def cloud(
    hass: HomeAssistant,
    socket_enabled: None,
    those_platforms: None,
    gate: Gate | None,
    tls: ssl.SSLContext | None,
) -> AsyncGenerator[RingCentral]:
    """Run RingCentral on loopback, with a user whom it holds every rule of SIP against."""
    async with RingCentral(gate=gate, tls=tls) as cloud:
        with patch("custom_components.ringcentral.resources.load_sounds", return_value=SOUNDS):
            yield cloud
            await hass.async_block_till_done()
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            await hass.config_entries.async_unload(entry.entry_id)
    assert cloud.sip.violations == []


@pytest.fixture
async def line(hass: HomeAssistant, cloud: RingCentral) -> Line:
    """Return a registered line that only tells of calls."""
    return await set_up_line(hass, cloud)


@pytest.fixture
async def machine(hass: HomeAssistant, cloud: RingCentral) -> Line:
    """Return a registered line whose answering machine answers at once."""
    return await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0)


@pytest.fixture
async def browser(
    hass: HomeAssistant,
    cloud: RingCentral,
    hass_client_no_auth: ClientSessionGenerator,
    current_request_with_host: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Browser:
    """Return a browser whose user has entered an app."""
    return await Browser.open(hass, cloud, hass_client_no_auth, monkeypatch)
