"""The REST client as Home Assistant runs it."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .cloud import AccessTokens, AppCredentials, RingCentralClient, region_of
from .const import CONF_JWT, CONF_SERVER, USER_AGENT


def credentials_of(data: Mapping[str, Any]) -> AppCredentials:
    """Return what an entry's data, or a form's, signs in with; raises InvalidServer."""
    return AppCredentials(
        client_id=data[CONF_CLIENT_ID],
        client_secret=data[CONF_CLIENT_SECRET],
        jwt=data[CONF_JWT],
        server=data[CONF_SERVER],
    )


@callback
def async_client(hass: HomeAssistant, sign_in: AppCredentials | AccessTokens) -> RingCentralClient:
    """Return a client for what signs in, which knows where this Home Assistant is."""
    near = region_of(hass.config.country, hass.config.time_zone)
    return RingCentralClient(async_get_clientsession(hass), sign_in, user_agent=USER_AGENT, near=near)
