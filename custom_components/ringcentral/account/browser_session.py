"""A session at RingCentral that was begun in the browser, as the REST client wants it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import (
    ImplementationUnavailableError,
    OAuth2TokenRequestBaseError,
    OAuth2TokenRequestReauthError,
    UnknownImplementationError,
)
from homeassistant.helpers.config_entry_oauth2_flow import (
    OAuth2Session,
    async_get_config_entry_implementation,
)
from homeassistant.helpers.event import async_track_time_interval

from .. import application_credentials
from ..application_credentials import RingCentralApp
from ..cloud import RingCentralClient, RingCentralError, SessionEnded, SignInRefused, Token, Unreachable
from ..const import DOMAIN, LOGGER

# A refresh token lapses when it isn't used for a week.
REFRESH_INTERVAL: Final = timedelta(days=1)

_NEVER: Final = float("inf")
# Home Assistant's own key; which app signs the user in.
CONF_IMPLEMENTATION: Final = "auth_implementation"


class NewSession:
    """The session of a configuration flow, which ends before its first token does."""

    def __init__(self, app: RingCentralApp, token: Mapping[str, Any]) -> None:
        """Use what was granted just now."""
        self.server, self.app = app.server, app.domain
        self._app = app
        self._token = dict(token)

    async def current(self) -> Token:
        """Return the token that was granted."""
        return Token(self._token["access_token"], _NEVER)

    async def instead_of(self, rejected: Token) -> Token:
        """Raise SessionEnded: who waited that long begins again."""
        raise SessionEnded

    def forget(self, rejected: Token) -> None:
        """Keep it: there is no other."""

    async def rest(self) -> None:
        """Keep the session: the entry goes on with it."""

    async def revoke(self) -> None:
        """End the session, as far as RingCentral can be told."""
        await self._app.async_revoke(self._token)


class EntrySession:
    """The session of a configuration entry, where its tokens are kept."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Ask for nothing before it is needed: a line registers without."""
        self.server, self.app = application_credentials.SERVER, entry.data[CONF_IMPLEMENTATION]
        self._hass = hass
        self._entry = entry
        self._session: OAuth2Session | None = None

    async def current(self) -> Token:
        """Return a token that hasn't expired.

        Raises:
            SessionEnded: the user must sign in again.
            Unreachable: no token was got for now.
        """
        try:
            if self._session is None:
                app = await async_get_config_entry_implementation(self._hass, self._entry)
                self._session = OAuth2Session(self._hass, self._entry, app)
            await self._session.async_ensure_token_valid()
        except (OAuth2TokenRequestReauthError, UnknownImplementationError) as error:
            raise SessionEnded from error
        except (OAuth2TokenRequestBaseError, ImplementationUnavailableError) as error:
            raise Unreachable from error
        return Token(self._entry.data[CONF_TOKEN]["access_token"], _NEVER)

    async def instead_of(self, rejected: Token) -> Token:
        """Return another token than `rejected`; raises as `current` does."""
        self.forget(rejected)
        return await self.current()

    @callback
    def forget(self, rejected: Token) -> None:
        """Have the token refreshed before it is used again."""
        token = self._entry.data[CONF_TOKEN]
        if token["access_token"] == rejected.value:
            expired = {**self._entry.data, CONF_TOKEN: {**token, "expires_at": 0}}
            self._hass.config_entries.async_update_entry(self._entry, data=expired)

    async def rest(self) -> None:
        """Keep the session: only the user could begin another."""

    async def revoke(self) -> None:
        """End the session, as far as RingCentral can be told."""
        try:
            app = await async_get_config_entry_implementation(self._hass, self._entry)
        except (UnknownImplementationError, ImplementationUnavailableError) as error:
            LOGGER.debug("The session is left to expire: %s", error)
            return
        if isinstance(app, RingCentralApp):
            await app.async_revoke(self._entry.data[CONF_TOKEN])


async def async_last_session(hass: HomeAssistant, entry: ConfigEntry) -> NewSession:
    """Return the session of an entry that is being removed, which can't keep tokens any more; revoke it in the end.

    Raises:
        SessionEnded: it is over already.
        Unreachable: no token was got.
    """
    try:
        app = await async_get_config_entry_implementation(hass, entry)
        token = await app.async_refresh_token(entry.data[CONF_TOKEN])
    except (OAuth2TokenRequestReauthError, UnknownImplementationError) as error:
        raise SessionEnded from error
    except (OAuth2TokenRequestBaseError, ImplementationUnavailableError) as error:
        raise Unreachable from error
    if not isinstance(app, RingCentralApp):
        raise SessionEnded
    return NewSession(app, token)


@callback
def async_keep_signed_in(hass: HomeAssistant, entry: ConfigEntry, client: RingCentralClient) -> None:
    """Use an entry's session now and once a day, until it is unloaded.

    A line that just works asks RingCentral for nothing, and would be signed out when it once has to.
    """

    async def stay_signed_in(now: datetime | None = None) -> None:
        try:
            await client.stay_signed_in()
        except SignInRefused as error:
            LOGGER.debug("Signed out: %s", error)
            entry.async_start_reauth(hass)
        except RingCentralError as error:
            LOGGER.debug("Staying signed in is left for another time: %s", error)

    name = f"{DOMAIN} stays signed in"
    entry.async_create_background_task(hass, stay_signed_in(), name)
    entry.async_on_unload(
        async_track_time_interval(hass, stay_signed_in, REFRESH_INTERVAL, name=name, cancel_on_shutdown=True)
    )
