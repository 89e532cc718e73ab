"""An entry of an earlier version, after an update."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest

from simulator.ringcentral import RingCentral

from .line import add_line

BEFORE = {"answer_mode": "answering_machine", "greeting": "Hello"}


@pytest.mark.parametrize(
    ("chosen", "recording"),
    [({}, "on_demand"), ({"record_calls": False}, "on_demand"), ({"record_calls": True}, "incoming")],
)
async def test_what_was_recorded_is_recorded_still(
    hass: HomeAssistant, cloud: RingCentral, chosen: dict[str, Any], recording: str
) -> None:
    entry = await add_line(hass, cloud)
    hass.config_entries.async_update_entry(entry, options=BEFORE | chosen, minor_version=1)

    assert await hass.config_entries.async_setup(entry.entry_id)

    assert dict(entry.options) == BEFORE | {"recording": recording}
    assert (entry.version, entry.minor_version) == (1, 2)


async def test_an_entry_of_a_later_version_is_left_alone(hass: HomeAssistant, cloud: RingCentral) -> None:
    entry = await add_line(hass, cloud)
    hass.config_entries.async_update_entry(entry, version=2)

    assert not await hass.config_entries.async_setup(entry.entry_id)

    assert entry.state is ConfigEntryState.MIGRATION_ERROR
