"""The penalties that RingCentral's servers gave: known for as long as Home Assistant runs, whatever is reloaded."""

from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..cloud import Patience
from ..const import DOMAIN

_DATA: Final[HassKey[dict[tuple[str, str], Patience]]] = HassKey(f"{DOMAIN}_patience")


@callback
def async_patience(hass: HomeAssistant, server: str, app: str) -> Patience:
    """Return what is known of a server's penalties for an app, by the clock of `time.monotonic`."""
    return hass.data.setdefault(_DATA, {}).setdefault((server, app), Patience())
