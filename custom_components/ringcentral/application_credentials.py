"""The RingCentral app whose users sign in in the browser, as Home Assistant's application credentials keep it."""

import time
from typing import Any, Final, override

from aiohttp import RequestInfo, hdrs
from homeassistant.components.application_credentials import ClientCredential
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import OAuth2TokenRequestConnectionError, OAuth2TokenRequestReauthError
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.config_entry_oauth2_flow import (
    MY_AUTH_CALLBACK_PATH,
    LocalOAuth2ImplementationWithPkce,
    async_get_redirect_uri,
)
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from .account.patience import async_patience
from .cloud import (
    AUTHORIZE,
    PRODUCTION_SERVER,
    REQUEST_TIMEOUT,
    TOKEN,
    RingCentralError,
    SignInRefused,
    TokenEndpoint,
    Transport,
)
from .const import CONSOLE_URL, USER_AGENT

# Who signs in in the browser has an account at RingCentral itself; partners' servers are for those with a JWT.
SERVER: Final = PRODUCTION_SERVER


async def async_get_auth_implementation(
    hass: HomeAssistant, auth_domain: str, credential: ClientCredential
) -> RingCentralApp:
    """Return the app that was entered."""
    return RingCentralApp(hass, auth_domain, credential)


async def async_get_description_placeholders(hass: HomeAssistant) -> dict[str, str]:
    """Return what the form that asks for the app tells of."""
    try:
        redirect_url = async_get_redirect_uri(hass)
    except RuntimeError:
        # Without My Home Assistant the address is the browser's, which isn't known here.
        redirect_url = MY_AUTH_CALLBACK_PATH
    return {"console_url": CONSOLE_URL, "redirect_url": redirect_url}


class RingCentralApp(LocalOAuth2ImplementationWithPkce):
    """Signs in with a code from the browser, and with refresh tokens from then on."""

    def __init__(self, hass: HomeAssistant, auth_domain: str, credential: ClientCredential) -> None:
        """Use an app that was entered."""
        super().__init__(
            hass,
            auth_domain,
            credential.client_id,
            SERVER + AUTHORIZE.target,
            SERVER + TOKEN.target,
            credential.client_secret,
        )
        self.server = SERVER
        self._name = credential.name or credential.client_id
        transport = Transport(
            async_get_clientsession(hass),
            SERVER,
            user_agent=USER_AGENT,
            clock=time.monotonic,
            timeout=REQUEST_TIMEOUT,
            patience=async_patience(hass, SERVER, auth_domain),
        )
        self._endpoint = TokenEndpoint(transport, credential.client_id, credential.client_secret)

    @property
    @override
    def name(self) -> str:
        """What people called it."""
        return self._name

    async def async_revoke(self, token: dict[str, Any]) -> None:
        """End the session of a token as the entry keeps it, as far as RingCentral can be told."""
        await self._endpoint.revoke(token.get("refresh_token") or token["access_token"])

    @override
    async def _token_request(self, data: dict[str, Any]) -> dict[str, Any]:
        """Ask for a grant as RingCentral wants to be asked: an app's secret is no part of its forms.

        Only RingCentral's own refusal says that the user must sign in again; whatever a network or a proxy does
        is for another time.
        """
        form = {key: value for key, value in data.items() if key != "client_id"}
        try:
            grant = await self._endpoint.ask(form)
        except SignInRefused as error:
            raise OAuth2TokenRequestReauthError(
                domain=self.service_domain,
                request_info=_request(self.token_url),
                status=401,
                message=str(error),
            ) from error
        except RingCentralError as error:
            raise OAuth2TokenRequestConnectionError(domain=self.service_domain) from error
        token = {"access_token": grant.access_token, "expires_in": grant.expires_in}
        return token | ({"refresh_token": grant.refresh_token} if grant.refresh_token else {})


def _request(url: str) -> RequestInfo:
    return RequestInfo(URL(url), hdrs.METH_POST, CIMultiDictProxy(CIMultiDict()), URL(url))
