"""Adding a line in the user interface."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
import voluptuous as vol

from .account.sources import SIGNED_IN, Source, account_of, registers_as, tls_of
from .const import CONF_AUTHORIZATION_ID, CONF_DOMAIN, CONF_SOURCE, DOMAIN, SUBENTRY_CONTACT
from .flows.account_forms import DEVICE_FORM, PRESET_FORMS, AccountForm, Preset, UnusableAccountError, form_of
from .flows.config_forms import CALLS_FORM, PASSWORD_FORM, Problem, flat
from .flows.contact_flow import ContactFlow
from .flows.options_flow import LineOptionsFlow
from .flows.registration_check import RegistrationFailedError, async_check_registration
from .flows.sign_in_flow import SignInFlow
from .softphone import Transport

# Seconds
SHORTEST_PROGRESS: Final = 1.0


class RingCentralConfigFlow(SignInFlow, domain=DOMAIN):
    """Find an account, register with it, choose what happens with calls."""

    VERSION = 1
    MINOR_VERSION = 2

    def __init__(self) -> None:
        """Know nothing yet."""
        super().__init__()
        self._form = ""
        self._check: asyncio.Task[None] | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the flow behind Configure."""
        return LineOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what a line has several of: contacts."""
        return {SUBENTRY_CONTACT: ContactFlow}

    @callback
    @override
    def async_remove(self) -> None:
        """Stop trying when the dialog is closed."""
        super().async_remove()
        if self._check is not None:
            self._check.cancel()

    # Where the account comes from

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which way to an account there is."""
        return self.async_show_menu(step_id="user", menu_options=list(Source))

    async def async_step_device(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the five values of a RingCentral device that is set up by hand."""
        return await self._async_account_step(Source.DEVICE, DEVICE_FORM, user_input)

    async def async_step_sip(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which kind of SIP server it is."""
        return self.async_show_menu(step_id="sip", menu_options=list(Preset))

    async def async_step_asterisk(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for an extension of an Asterisk, or of a FreePBX on top of one."""
        return await self._async_preset_step(Preset.ASTERISK, user_input)

    async def async_step_fritzbox(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for an IP telephone of a FRITZ!Box."""
        return await self._async_preset_step(Preset.FRITZBOX, user_input)

    async def async_step_3cx(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for an extension of a 3CX."""
        return await self._async_preset_step(Preset.THREE_CX, user_input)

    async def async_step_sipgate(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a telephone at sipgate."""
        return await self._async_preset_step(Preset.SIPGATE, user_input)

    async def async_step_other(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for an account at any other SIP server."""
        return await self._async_preset_step(Preset.OTHER, user_input)

    # Changing a line

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin again with what isn't accepted any more."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Go to the form of the line's kind."""
        match self._get_reauth_entry().data[CONF_SOURCE]:
            case Source.BROWSER:
                return await self.async_step_browser_again(user_input)
            case Source.RINGCENTRAL:
                return await self.async_step_sign_in_again(user_input)
            case _:
                return await self.async_step_password(user_input)

    async def async_step_password(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the new password of an account."""
        entry = self._entry()
        if user_input is not None:
            return await self._async_try("password", {**entry.data, **self._take(user_input)})
        return self._ask("password", PASSWORD_FORM, server=entry.data[CONF_DOMAIN])

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the form the line was added with, filled in."""
        data = self._get_reconfigure_entry().data
        if data[CONF_SOURCE] == Source.BROWSER:
            return await self.async_step_browser_again()
        if data[CONF_SOURCE] == Source.RINGCENTRAL:
            return await self.async_step_sign_in_again()
        step_id, form = form_of(data)
        self._typed = form.typed(data)
        return self._ask(step_id, form.schema, guide=form.guide)

    # Trying it, and the end

    async def async_step_register(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Register with the account, and go on when that works."""
        if self._check is None:
            self._check = self.hass.async_create_task(
                _async_check(self.hass, self._data), f"{DOMAIN} registration check"
            )
        if not self._check.done():
            return self.async_show_progress(
                step_id="register", progress_action="register", progress_task=self._check
            )
        check, self._check = self._check, None
        try:
            check.result()
        except RegistrationFailedError as error:
            chosen = self._encrypted and self._data[CONF_SOURCE] in SIGNED_IN
            self._problem = Problem.of_registration(error, encryption_chosen=chosen)
            return self.async_show_progress_done(next_step_id=self._form)
        calls = "calls_encrypted" if self._encrypted else "calls"
        return self.async_show_progress_done(next_step_id="finish" if self._changing else calls)

    async def async_step_finish(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Save what was changed."""
        self._saved = True
        return self.async_update_reload_and_abort(self._entry(), data=self._data)

    async def async_step_calls(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show whose line it is and ask what should happen when somebody calls."""
        return self._calls_step("calls", user_input)

    async def async_step_calls_encrypted(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Do the same, and tell that nobody can listen in."""
        return self._calls_step("calls_encrypted", user_input)

    # Inside

    @property
    @override
    def _changing(self) -> bool:
        """Whether a line is changed, not added."""
        return self.source in {SOURCE_REAUTH, SOURCE_RECONFIGURE}

    @property
    def _encrypted(self) -> bool:
        """Whether the line is, as it is tried."""
        return account_of(self._data).transport is Transport.TLS

    def _calls_step(self, step_id: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Ask what should happen when somebody calls, and add the line."""
        if user_input is not None:
            self._saved = True
            return self.async_create_entry(title=self._title, data=self._data, options=user_input)
        return self.async_show_form(
            step_id=step_id, data_schema=CALLS_FORM, description_placeholders={"line": self._whose}
        )

    @override
    def _entry(self) -> ConfigEntry:
        """Return the entry that is changed."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        return self._get_reconfigure_entry()

    @override
    def _ask(
        self,
        step_id: str,
        form: vol.Schema,
        known: dict[str, Any] | None = None,
        **placeholders: str,
    ) -> ConfigFlowResult:
        """Show a form with what was typed or is known already, and with what went wrong the last time."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(form, self._typed or known),
            errors=self._problem.errors,
            description_placeholders={**placeholders, **self._problem.placeholders},
            last_step=False,
        )

    @override
    def _take(self, user_input: dict[str, Any]) -> dict[str, Any]:
        """Note what was typed, for the form to be shown again with it; return it in plain order."""
        self._typed, self._problem = user_input, Problem()
        return flat(user_input)

    async def _async_preset_step(self, preset: Preset, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Ask for an account at a kind of SIP server."""
        return await self._async_account_step(preset, PRESET_FORMS[preset], user_input)

    async def _async_account_step(
        self, step_id: str, form: AccountForm, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask for an account that is typed in, and try it."""
        if user_input is None:
            return self._ask(step_id, form.schema, guide=form.guide)
        self._take(user_input)
        try:
            data = form.data(user_input)
        except UnusableAccountError as error:
            self._problem = Problem({"base": error.key})
            return self._ask(step_id, form.schema, guide=form.guide)
        if not self._changing:
            # A line that is changed may move to another server and stays the same line.
            await self._async_claim(f"{data[CONF_AUTHORIZATION_ID]}@{data[CONF_DOMAIN]}".lower())
        self._title = self._whose = f"{data[CONF_USERNAME]} ({data[CONF_DOMAIN]})"
        return await self._async_try(step_id, data)

    @override
    async def _async_try(self, form: str, data: dict[str, Any]) -> ConfigFlowResult:
        """Register with what a form brought; it is shown again with what was typed when that fails."""
        if (other := self._line_that_is(data)) is not None:
            return self.async_abort(
                reason="already_configured_device", description_placeholders={"line": other.title}
            )
        self._form, self._data = form, data
        return await self.async_step_register()

    def _line_that_is(self, data: Mapping[str, Any]) -> ConfigEntry | None:
        """Return another line with this account, wherever it came from: only the newest of both would ring."""
        changed = self._entry() if self._changing else None
        others = [
            entry for entry in self._async_current_entries(include_ignore=False) if entry is not changed
        ]
        return next((entry for entry in others if registers_as(entry.data) == registers_as(data)), None)

    @override
    async def _async_claim(self, unique_id: str) -> None:
        """Make sure that a line is added once, and that a changed one is still the same; raises AbortFlow."""
        await self.async_set_unique_id(unique_id)
        if self._changing:
            self._abort_if_unique_id_mismatch()
        else:
            self._abort_if_unique_id_configured()


async def _async_check(hass: HomeAssistant, data: Mapping[str, Any]) -> None:
    """Register for a trial, slowly enough to be seen; raises RegistrationFailedError.

    A browser that hasn't begun to wait yet when the trial ends would wait for ever.
    """
    loop = asyncio.get_running_loop()
    shown_at, failure = loop.time(), None
    try:
        tls = await hass.async_add_executor_job(tls_of, data)
        await async_check_registration(account_of(data), tls)
    except RegistrationFailedError as error:
        failure = error
    await asyncio.sleep(shown_at + SHORTEST_PROGRESS - loop.time())
    if failure is not None:
        raise failure
