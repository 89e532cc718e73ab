"""Whether RingCentral can be reached, and what recordings take, for Home Assistant's system information."""

from pathlib import Path
import shutil
from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .account.sources import Source, account_of
from .cloud import PRODUCTION_SERVER
from .const import CONF_SERVER, CONF_SOURCE, DATA_LIBRARY, DOMAIN
from .coordinator import RingCentralConfigEntry
from .library import LibraryError
from .line_options import MEGABYTE


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Offer what is known."""
    register.async_register_info(_info)


async def _info(hass: HomeAssistant) -> dict[str, Any]:
    entries: list[RingCentralConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    lines = [entry.runtime_data.data for entry in entries]
    server = next(
        (entry.data[CONF_SERVER] for entry in entries if CONF_SERVER in entry.data), PRODUCTION_SERVER
    )
    registered = sum(line.registered for line in lines)
    return {
        "lines_registered": f"{registered} of {len(lines)}",
        "can_reach_server": system_health.async_check_can_reach_url(hass, server),
        "proxies": ", ".join(map(_proxy, entries)) or None,
        "recordings": await _recordings(hass),
        "free": await hass.async_add_executor_job(_free, Path(hass.config.path())),
    }


async def _recordings(hass: HomeAssistant) -> str | None:
    """Return how many there are, of all lines, and how much room they take; None while that isn't known."""
    if (library := hass.data.get(DATA_LIBRARY)) is None:
        return None
    try:
        totals, size = await library.totals(), await library.room_taken()
    except LibraryError:
        return None
    return f"{sum(total.count for total in totals.values())} ({size / MEGABYTE:.1f} MB)"


def _free(folder: Path) -> str:
    """Return how much room is left where they are, which is below the configuration folder."""
    return f"{shutil.disk_usage(folder).free / MEGABYTE:.0f} MB"


def _proxy(entry: RingCentralConfigEntry) -> str:
    """Return where a line registers, how, and how it fares; of a server of one's own not its name."""
    line, transport = entry.runtime_data.data, account_of(entry.data).transport
    proxy = f":{line.proxy.rpartition(':')[2]}" if entry.data[CONF_SOURCE] == Source.SIP else line.proxy
    return f"{proxy} {transport} ({line.health.status})"
