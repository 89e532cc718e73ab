"""The steps of the configuration flow in which somebody signs in to RingCentral and chooses a phone."""

from abc import abstractmethod
from collections.abc import Mapping
import logging
from typing import Any, cast, override

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.const import CONF_CLIENT_ID, CONF_TOKEN
from homeassistant.core import callback
from homeassistant.helpers.config_entry_oauth2_flow import AbstractOAuth2FlowHandler
import voluptuous as vol

from ..account.browser_session import NewSession
from ..account.provisioning import COMPUTER_NAME
from ..account.rest import async_client, credentials_of
from ..account.sources import Source, wants_encryption
from ..application_credentials import RingCentralApp
from ..cloud import (
    AppCredentials,
    ExistingPhone,
    Extension,
    NotAllowed,
    Provision,
    RingCentralClient,
    RingCentralError,
)
from ..const import CONF_PHONE, CONF_PROVISION, CONF_SOURCE, CONSOLE_URL, DOMAIN, LOGGER
from .config_forms import (
    NEW_PHONE,
    SIGN_IN_FIELDS,
    SIGN_IN_FORM,
    Problem,
    chosen,
    encryption_fields,
    phone_form,
)

CONF_IMPLEMENTATION = "implementation"


class SignInFlow(AbstractOAuth2FlowHandler):
    """Sign in with a JWT or in the browser, and find out which phone Home Assistant is to be."""

    DOMAIN = DOMAIN

    def __init__(self) -> None:
        """Know nobody yet."""
        super().__init__()
        self._data: dict[str, Any] = {}
        self._title = ""
        self._whose = ""
        self._typed: dict[str, Any] | None = None
        self._problem = Problem()
        self._saved = False
        self._client: RingCentralClient | None = None
        self._credentials: AppCredentials | None = None
        self._extension: Extension | None = None
        self._phones: dict[str, ExistingPhone] = {}
        self._made: str | None = None
        self._transport: dict[str, Any] = {}

    @property
    @override
    def logger(self) -> logging.Logger:
        """Where signing in in the browser is logged."""
        return LOGGER

    @callback
    @override
    def async_remove(self) -> None:
        """Sign out unless a line goes on with the session."""
        if self._client is not None and not self._saved:
            self.hass.async_create_background_task(self._client.revoke(), f"{DOMAIN} sign-out")

    # What the flow has for all its ways to an account

    @property
    @abstractmethod
    def _changing(self) -> bool:
        """Whether a line is changed, not added."""

    @abstractmethod
    def _entry(self) -> ConfigEntry:
        """Return the entry that is changed."""

    @abstractmethod
    def _ask(
        self, step_id: str, form: vol.Schema, known: dict[str, Any] | None = None, **placeholders: str
    ) -> ConfigFlowResult:
        """Show a form with what is known, and with what went wrong the last time."""

    @abstractmethod
    def _take(self, user_input: dict[str, Any]) -> dict[str, Any]:
        """Note what was typed and return it in plain order."""

    @abstractmethod
    async def _async_try(self, form: str, data: dict[str, Any]) -> ConfigFlowResult:
        """Register with what a form brought."""

    @abstractmethod
    async def _async_claim(self, unique_id: str) -> None:
        """Make sure that a line is added once, and that a changed one is still the same; raises AbortFlow."""

    # Signing in

    async def async_step_browser(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Go to RingCentral's own page, with the app that was entered."""
        return await self.async_step_pick_implementation()

    async def async_step_browser_again(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Go there again with the app the line was added with."""
        if user_input is None:
            return self._ask("browser_again", vol.Schema(encryption_fields(self._entry().data)))
        self._transport = user_input
        return await self.async_step_pick_implementation(
            {CONF_IMPLEMENTATION: self._entry().data["auth_implementation"]}
        )

    @override
    async def async_oauth_create_entry(self, data: dict[str, Any]) -> ConfigFlowResult:
        """Go on with whoever signed in."""
        session = NewSession(cast(RingCentralApp, self.flow_impl), data[CONF_TOKEN])
        self._client = async_client(self.hass, session)
        if "refresh_token" not in data[CONF_TOKEN]:
            return self.async_abort(
                reason="no_refresh_token", description_placeholders={"console_url": CONSOLE_URL}
            )
        known = self._entry().data if self._changing else {CONF_SOURCE: Source.BROWSER}
        self._data = chosen({**known, **data, **self._transport})
        return await self.async_step_signed_in({})

    async def async_step_signed_in(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Get the phone of who signed in in the browser; say what kept us from that, for another try."""
        if user_input is not None:
            data = chosen({**self._data, **self._take(user_input)})
            if (result := await self._async_go_on("signed_in", data)) is not None:
                return result
        return self._ask("signed_in", vol.Schema(self._encryption_fields()))

    async def async_step_ringcentral(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the RingCentral app and a JWT, and sign in with them."""
        if user_input is not None:
            data = chosen({CONF_SOURCE: Source.RINGCENTRAL, **self._take(user_input)})
            if (result := await self._async_go_on("ringcentral", data)) is not None:
                return result
        return self._ask("ringcentral", SIGN_IN_FORM, console_url=CONSOLE_URL)

    async def async_step_sign_in_again(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for another JWT, and get new credentials for the same device with it."""
        entry = self._entry()
        if user_input is not None:
            data = chosen({**entry.data, **self._take(user_input)})
            if (result := await self._async_go_on("sign_in_again", data)) is not None:
                return result
        known = {CONF_CLIENT_ID: entry.data[CONF_CLIENT_ID]}
        form = vol.Schema({**SIGN_IN_FIELDS, **encryption_fields(entry.data)})
        return self._ask("sign_in_again", form, known, console_url=CONSOLE_URL)

    # Which phone

    async def async_step_phone(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether to be a new phone or one the user has already."""
        if user_input is not None:
            taken = self._take(user_input)
            choice = taken.pop(CONF_PHONE)
            self._data = chosen({**self._data, **taken})
            try:
                provision = await self._async_provision(choice)
            except NotAllowed as error:
                LOGGER.debug("The phone may not be used: %s", error)
                key = "phone_not_allowed"
                self._problem = (
                    Problem.of_sign_in(error) if choice == NEW_PHONE else Problem({CONF_PHONE: key})
                )
            except RingCentralError as error:
                self._problem = Problem.of_sign_in(error)
            else:
                return await self._async_try("phone", {**self._data, CONF_PROVISION: provision.as_dict()})
        form = phone_form(self._phones.values(), new=self._is_free(None))
        return self._ask("phone", form.extend(self._encryption_fields()))

    # Inside

    async def _async_go_on(self, form: str, data: dict[str, Any]) -> ConfigFlowResult | None:
        """Get the phone of whoever signed in, or ask which; None when the form must say what went wrong.

        Raises:
            AbortFlow: the phone is a line already, or the line is another's.
        """
        try:
            self._data = data
            client = self._client_for(data)
            self._extension = extension = await client.extension()
            if self._changing:
                provision = await self._async_renew(client)
            else:
                phones = await client.existing_phones()
                self._phones = {phone.id: phone for phone in phones if self._is_free(phone.id)}
                if self._phones:
                    return await self.async_step_phone()
                provision = await self._async_provision(NEW_PHONE)
        except RingCentralError as error:
            self._problem = Problem.of_sign_in(error)
            return None
        number = extension.extension_number
        self._whose = f"{extension.name} ({number})" if number else extension.name
        return await self._async_try(form, {**data, CONF_PROVISION: provision.as_dict()})

    async def _async_renew(self, client: RingCentralClient) -> Provision:
        """Return new credentials for the device of the line that is changed."""
        kept = Provision.from_dict(self._entry().data[CONF_PROVISION])
        await self._async_claim(self._unique_id_of(kept.device_id if kept.existing else None))
        return await client.renew(COMPUTER_NAME, kept, encrypted=wants_encryption(self._data))

    async def _async_provision(self, choice: str) -> Provision:
        """Return what registers the phone that was chosen, which no other line is."""
        client, extension = cast(RingCentralClient, self._client), cast(Extension, self._extension)
        phone, encrypted = self._phones.get(choice), wants_encryption(self._data)
        await self._async_claim(self._unique_id_of(phone.id if phone else None))
        if phone is not None:
            provision = await client.existing_phone(phone.id, encrypted=encrypted)
        else:
            # The same one again when it couldn't register the last time.
            provision = await client.provision(COMPUTER_NAME, self._made, encrypted=encrypted)
            self._made = provision.device_id
        self._title = (phone and phone.name) or extension.name
        self._whose = self._title
        await client.rest()
        return provision

    def _encryption_fields(self) -> dict[Any, Any]:
        """Return the choice of encryption where that stands in the way or was declined already, else nothing."""
        asked = self._problem.is_of_encryption or not wants_encryption(self._data)
        return encryption_fields(self._data) if asked else {}

    def _unique_id_of(self, device_id: str | None) -> str:
        """Return the unique id of a line on one of the user's devices, or on a new one."""
        extension = cast(Extension, self._extension)
        return "-".join(filter(None, (extension.account_id, extension.id, device_id)))

    def _is_free(self, device_id: str | None) -> bool:
        unique_id = self._unique_id_of(device_id)
        return all(
            entry.unique_id != unique_id for entry in self._async_current_entries(include_ignore=False)
        )

    def _client_for(self, data: Mapping[str, Any]) -> RingCentralClient:
        """Return the client that is signed in in the browser, or one for what was typed; raises InvalidServer.

        The same client serves a second try: it knows of a penalty that another request would begin anew.
        """
        if data[CONF_SOURCE] == Source.BROWSER:
            return cast(RingCentralClient, self._client)
        credentials = credentials_of(data)
        if self._client is None or self._credentials != credentials:
            self._client, self._credentials = async_client(self.hass, credentials), credentials
        return self._client
