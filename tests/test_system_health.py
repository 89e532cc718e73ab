from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.library import LibraryDamagedError
from simulator.ringcentral import RingCentral
from tests.clips.test_clip_actions import keep

from .line import Line, set_up_line, until
from .translations import EN


async def test_it_tells_whether_ringcentral_can_be_reached(hass: HomeAssistant, line: Line) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()

    info = await get_system_health_info(hass, DOMAIN)

    assert set(info) == set(EN["system_health"]["info"])
    assert info["lines_registered"] == "1 of 1"
    assert info["proxies"] == f"127.0.0.1:{line.cloud.sip.port} tcp (registered)"
    assert await info["can_reach_server"] == "ok"


async def test_it_tells_how_many_recordings_there_are_and_what_room_they_take(
    hass: HomeAssistant, line: Line
) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()

    async def told() -> tuple[str, str]:
        info = await get_system_health_info(hass, DOMAIN)
        info["can_reach_server"].close()
        return info["recordings"], info["free"]

    assert (await told())[0] == "0 (0.0 MB)"
    await keep(line)
    for minutes in (1, 2):
        await keep(line, minutes=minutes, line_id="removed")
    with patch("custom_components.ringcentral.system_health.shutil.disk_usage") as usage:
        usage.return_value.free = 12_345_678
        assert await told() == ("3 (0.1 MB)", "12 MB")
    with patch.object(line.library, "room_taken", side_effect=LibraryDamagedError):
        assert (await told())[0] is None


async def test_a_server_of_ones_own_is_not_named(hass: HomeAssistant, cloud: RingCentral) -> None:
    signed_in = await set_up_line(hass, cloud)
    account = cloud.sip.accounts[-1]
    data = {
        "source": "sip",
        "username": account.username,
        "password": account.password,
        "authorization_id": account.authorization_id,
        "domain": account.domain,
        "proxy": f"localhost:{cloud.sip.port}",
        "transport": "tcp",
    }
    entry = MockConfigEntry(domain=DOMAIN, title="Home", data=data)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: entry.runtime_data.data.registered)
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()

    info = await get_system_health_info(hass, DOMAIN)
    info["can_reach_server"].close()

    assert info["lines_registered"] == "2 of 2"
    assert (
        info["proxies"]
        == f"{signed_in.cloud.rest.sip_proxy} tcp (registered), :{cloud.sip.port} tcp (registered)"
    )


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

    assert (info["lines_registered"], info["proxies"], info["recordings"]) == ("0 of 0", None, None)
