"""Adding a line in the user interface."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final, Self, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET
from homeassistant.core import callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .cloud import (
    PRODUCTION_SERVER,
    AppCredentials,
    Extension,
    ExtensionUnusable,
    FeatureUnavailable,
    GrantNotEnabled,
    InvalidServer,
    MissingPermission,
    Provision,
    RateLimited,
    RingCentralClient,
    RingCentralError,
    SignInRefused,
    Unreachable,
    WrongApp,
    WrongEnvironment,
    WrongJwt,
)
from .const import (
    CONF_ANSWER_AFTER,
    CONF_ANSWER_MODE,
    CONF_JWT,
    CONF_LONGEST_MESSAGE,
    CONF_PROVISION,
    CONF_SERVER,
    DEFAULT_ANSWER_AFTER,
    DEFAULT_LONGEST_MESSAGE,
    DOMAIN,
    LOGGER,
    USER_AGENT,
    AnswerMode,
)
from .coordinator import COMPUTER_NAME

SECTION_ADVANCED: Final = "advanced"
CONSOLE_URL: Final = "https://developers.ringcentral.com"

# The most precise first: an error is told as the first of these it is.
_ERRORS: Final[tuple[tuple[type[RingCentralError], str], ...]] = (
    (InvalidServer, "invalid_server"),
    (GrantNotEnabled, "jwt_not_enabled"),
    (WrongEnvironment, "wrong_environment"),
    (WrongApp, "wrong_app"),
    (WrongJwt, "wrong_jwt"),
    (SignInRefused, "sign_in_refused"),
    (MissingPermission, "missing_permission"),
    (FeatureUnavailable, "feature_unavailable"),
    (RateLimited, "rate_limited"),
    (Unreachable, "cannot_connect"),
    (ExtensionUnusable, "extension_unusable"),
    (RingCentralError, "unexpected_answer"),
)

_PASSWORD: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))

_APP_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_CLIENT_ID): TextSelector(),
        vol.Required(CONF_CLIENT_SECRET): _PASSWORD,
        vol.Required(CONF_JWT): _PASSWORD,
        vol.Required(SECTION_ADVANCED): section(
            vol.Schema(
                {
                    vol.Required(CONF_SERVER, default=PRODUCTION_SERVER): TextSelector(
                        TextSelectorConfig(type=TextSelectorType.URL)
                    )
                }
            ),
            {"collapsed": True},
        ),
    }
)

_CALLS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_ANSWER_MODE, default=AnswerMode.ONLY_TELL.value): SelectSelector(
            SelectSelectorConfig(
                options=[mode.value for mode in AnswerMode],
                mode=SelectSelectorMode.LIST,
                translation_key=CONF_ANSWER_MODE,
            )
        ),
        vol.Required(CONF_ANSWER_AFTER, default=DEFAULT_ANSWER_AFTER): vol.All(
            NumberSelector(
                NumberSelectorConfig(
                    min=0, max=120, step=1, mode=NumberSelectorMode.BOX, unit_of_measurement="s"
                )
            ),
            vol.Coerce(int),
        ),
        vol.Required(CONF_LONGEST_MESSAGE, default=DEFAULT_LONGEST_MESSAGE): vol.All(
            NumberSelector(
                NumberSelectorConfig(
                    min=10, max=900, step=10, mode=NumberSelectorMode.BOX, unit_of_measurement="s"
                )
            ),
            vol.Coerce(int),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class _Problem:
    """What the form says went wrong, if anything did."""

    errors: dict[str, str] = field(default_factory=dict)
    placeholders: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: RingCentralError) -> Self:
        """Tell an error in the words of the translations."""
        key = next(key for kind, key in _ERRORS if isinstance(error, kind))
        LOGGER.debug("Signing in failed: %s", error)
        return cls(
            {"base": key},
            {
                "code": error.error_code or "–",
                "permission": getattr(error, "permission", None) or "VoipCalling",
                "seconds": str(ceil(getattr(error, "retry_after", None) or 60)),
            },
        )


class RingCentralConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sign in, provision a device, choose what happens with calls."""

    VERSION = 1

    def __init__(self) -> None:
        """Know nothing yet."""
        self._data: dict[str, Any] = {}
        self._signed_in_with: tuple[AppCredentials, RingCentralClient] | None = None
        self._extension: Extension | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the flow behind Configure."""
        return CallsOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the RingCentral app and sign in with it."""
        problem = _Problem()
        if user_input is not None:
            credentials = _flat(user_input)
            try:
                provision = await self._async_sign_in(credentials, self._abort_if_unique_id_configured)
            except RingCentralError as error:
                problem = _Problem.of(error)
            else:
                self._data = {**credentials, CONF_PROVISION: provision.as_dict()}
                return await self.async_step_calls()
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_APP_SCHEMA, user_input),
            errors=problem.errors,
            description_placeholders={"console_url": CONSOLE_URL, **problem.placeholders},
            last_step=False,
        )

    async def async_step_calls(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show whose line it is and ask what should happen when somebody calls."""
        assert self._extension is not None
        extension = self._extension
        if user_input is not None:
            return self.async_create_entry(title=extension.name, data=self._data, options=user_input)
        return self.async_show_form(
            step_id="calls",
            data_schema=_CALLS_SCHEMA,
            description_placeholders={"name": extension.name, "extension": extension.extension_number or "–"},
            last_step=True,
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin to sign in again: the app or the JWT is not valid any more."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for what signs in, and provision the same device with it."""
        entry = self._get_reauth_entry()
        problem = _Problem()
        if user_input is not None:
            device_id = Provision.from_dict(entry.data[CONF_PROVISION]).device_id
            try:
                provision = await self._async_sign_in(
                    {**entry.data, **user_input}, self._abort_if_unique_id_mismatch, device_id
                )
            except RingCentralError as error:
                problem = _Problem.of(error)
            else:
                return self.async_update_reload_and_abort(
                    entry, data_updates={**user_input, CONF_PROVISION: provision.as_dict()}
                )
        schema = vol.Schema(
            {key: value for key, value in _APP_SCHEMA.schema.items() if key != SECTION_ADVANCED}
        )
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=self.add_suggested_values_to_schema(
                schema, user_input or {CONF_CLIENT_ID: entry.data[CONF_CLIENT_ID]}
            ),
            errors=problem.errors,
            description_placeholders={"console_url": CONSOLE_URL, **problem.placeholders},
        )

    async def _async_sign_in(
        self, data: Mapping[str, Any], abort_if_wrong: Callable[[], None], device_id: str | None = None
    ) -> Provision:
        """Sign in with what was typed and provision a device for the user it belongs to.

        Raises:
            AbortFlow: as abort_if_wrong does, once the flow's unique id is the user's.
            RingCentralError: as drawn there.
        """
        client = self._client(data)
        try:
            self._extension = extension = await client.extension()
            await self.async_set_unique_id(f"{extension.account_id}-{extension.id}")
            abort_if_wrong()
            return await client.provision(COMPUTER_NAME, device_id)
        finally:
            # The credentials of a device outlive the session it was made in.
            await client.revoke()

    def _client(self, data: Mapping[str, Any]) -> RingCentralClient:
        """Return a client for what was typed; raises InvalidServer.

        The same client serves a second try: it knows of a penalty that another request would begin anew.
        """
        credentials = AppCredentials(
            client_id=data[CONF_CLIENT_ID],
            client_secret=data[CONF_CLIENT_SECRET],
            jwt=data[CONF_JWT],
            server=data[CONF_SERVER],
        )
        if self._signed_in_with is None or self._signed_in_with[0] != credentials:
            client = RingCentralClient(async_get_clientsession(self.hass), credentials, user_agent=USER_AGENT)
            self._signed_in_with = credentials, client
        return self._signed_in_with[1]


class CallsOptionsFlow(OptionsFlowWithReload):
    """Change what happens when somebody calls."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask the same question as when the line was added."""
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options, **user_input})
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(_CALLS_SCHEMA, self.config_entry.options),
        )


def _flat(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed without the section around the server."""
    return {
        CONF_CLIENT_ID: user_input[CONF_CLIENT_ID],
        CONF_CLIENT_SECRET: user_input[CONF_CLIENT_SECRET],
        CONF_JWT: user_input[CONF_JWT],
        CONF_SERVER: user_input[SECTION_ADVANCED][CONF_SERVER],
    }
