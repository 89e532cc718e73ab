"""The REST client as Home Assistant runs it."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..cloud import AccessTokens, AppCredentials, RingCentralClient, region_of
from ..const import CONF_JWT, CONF_SERVER, CONF_SOURCE, USER_AGENT
from .browser_session import EntrySession
from .patience import async_patience
from .sources import Source


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
    app = sign_in.client_id if isinstance(sign_in, AppCredentials) else sign_in.app
    return RingCentralClient(
        async_get_clientsession(hass),
        sign_in,
        user_agent=USER_AGENT,
        near=region_of(hass.config.country, hass.config.time_zone),
        patience=async_patience(hass, sign_in.server, app),
    )


@callback
def async_client_of(hass: HomeAssistant, entry: ConfigEntry) -> RingCentralClient | None:
    """Return a client for the user of a line; None for a line that nobody is signed in for.

    A line that is loaded has one, which is the one to use: of two that refresh a session one would end it.
    """
    match entry.data[CONF_SOURCE]:
        case Source.BROWSER:
            return async_client(hass, EntrySession(hass, entry))
        case Source.RINGCENTRAL:
            return async_client(hass, credentials_of(entry.data))
        case _:
            return None
