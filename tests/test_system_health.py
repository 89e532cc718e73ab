from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import get_system_health_info

from custom_components.ringcentral.const import DOMAIN

from .line import Line
from .translations import EN


async def test_it_tells_whether_ringcentral_can_be_reached(hass: HomeAssistant, line: Line) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()

    info = await get_system_health_info(hass, DOMAIN)

    assert set(info) == set(EN["system_health"]["info"])
    assert info["lines_registered"] == "1 of 1"
    assert info["proxies"] == f"127.0.0.1:{line.cloud.sip.port} (registered)"
    assert await info["can_reach_server"] == "ok"


async def test_it_tells_of_a_server_that_cannot_be_reached(hass: HomeAssistant, line: Line) -> None:
    await line.cloud.rest.stop()
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()

    info = await get_system_health_info(hass, DOMAIN)

    assert await info["can_reach_server"] == {"type": "failed", "error": "unreachable"}


async def test_without_a_loaded_line_there_is_still_the_server(hass: HomeAssistant, line: Line) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(line.entry.entry_id)

    info = await get_system_health_info(hass, DOMAIN)
    info["can_reach_server"].close()

    assert (info["lines_registered"], info["proxies"]) == ("0 of 0", None)
