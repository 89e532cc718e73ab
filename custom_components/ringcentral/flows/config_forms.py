"""What the configuration flow asks for, and how it says what went wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final, Self

from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET, CONF_PASSWORD
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..account.permissions import console_name
from ..cloud import (
    PRODUCTION_SERVER,
    EncryptionWithdrawn,
    ExistingPhone,
    ExtensionUnusable,
    FeatureUnavailable,
    GrantNotEnabled,
    InvalidServer,
    MissingPermission,
    RateLimited,
    RingCentralError,
    SessionEnded,
    SignInRefused,
    Unreachable,
    WrongApp,
    WrongEnvironment,
    WrongJwt,
)
from ..const import (
    CONF_ANSWER_AFTER,
    CONF_ANSWER_MODE,
    CONF_JWT,
    CONF_LONGEST_MESSAGE,
    CONF_PHONE,
    CONF_SERVER,
    CONF_TRANSPORT,
    DEFAULT_ANSWER_AFTER,
    DEFAULT_LONGEST_MESSAGE,
    LOGGER,
    AnswerMode,
)
from ..softphone import Cause, Transport
from .registration_check import CERTIFICATE_AT_HOME, LOSSES, LOST, RegistrationFailedError

NEW_PHONE: Final = "new"
SECTION_ADVANCED: Final = "advanced"

# The most precise first: an error is told as the first of these it is.
SIGN_IN_ERRORS: Final[tuple[tuple[type[RingCentralError], str], ...]] = (
    (InvalidServer, "invalid_server"),
    (GrantNotEnabled, "jwt_not_enabled"),
    (WrongEnvironment, "wrong_environment"),
    (WrongApp, "wrong_app"),
    (WrongJwt, "wrong_jwt"),
    (SessionEnded, "session_ended"),
    (SignInRefused, "sign_in_refused"),
    (MissingPermission, "missing_permission"),
    (FeatureUnavailable, "feature_unavailable"),
    (RateLimited, "rate_limited"),
    (Unreachable, "cannot_connect"),
    (EncryptionWithdrawn, "encryption_withdrawn"),
    (ExtensionUnusable, "extension_unusable"),
    (RingCentralError, "unexpected_answer"),
)

# What kept an encrypted line of somebody signed in from its server, and how that is told them: nothing that they typed
# is wrong, and it is theirs to go without encryption.
_CERTIFICATE: Final = frozenset({LOSSES[Cause.TLS_CERTIFICATE], CERTIFICATE_AT_HOME})
ENCRYPTION_ERRORS: Final = {
    **dict.fromkeys([LOST, *LOSSES.values()], "encryption_failed"),
    **dict.fromkeys(_CERTIFICATE, "encryption_not_trusted"),
}

_PASSWORD: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))

AUTOMATIC: Final = "automatic"
_ENCRYPTION: Final = SelectSelector(
    SelectSelectorConfig(
        options=[AUTOMATIC, Transport.TCP.value],
        mode=SelectSelectorMode.DROPDOWN,
        translation_key="encryption",
    )
)


def encryption_fields(data: Mapping[str, Any]) -> dict[Any, Any]:
    """Return the choice of encryption, which stays as it is unless it is changed."""
    return {vol.Required(CONF_TRANSPORT, default=data.get(CONF_TRANSPORT, AUTOMATIC)): _ENCRYPTION}


SIGN_IN_FIELDS: Final = {
    vol.Required(CONF_CLIENT_ID): TextSelector(),
    vol.Required(CONF_CLIENT_SECRET): _PASSWORD,
    vol.Required(CONF_JWT): _PASSWORD,
}
SIGN_IN_FORM: Final = vol.Schema(
    {
        **SIGN_IN_FIELDS,
        vol.Required(SECTION_ADVANCED): section(
            vol.Schema({**encryption_fields({}), vol.Required(CONF_SERVER, default=PRODUCTION_SERVER): _URL}),
            {"collapsed": True},
        ),
    }
)


def chosen(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an entry keeps, which names a transport only if it isn't left to RingCentral."""
    return {key: value for key, value in data.items() if (key, value) != (CONF_TRANSPORT, AUTOMATIC)}


def phone_form(phones: Iterable[ExistingPhone], *, new: bool) -> vol.Schema:
    """Return the choice between a new phone, unless there is one already, and those of the user."""
    options = [SelectOptionDict(value=NEW_PHONE, label=NEW_PHONE)] if new else []
    options += [SelectOptionDict(value=phone.id, label=phone_name(phone)) for phone in phones]
    config = SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST, translation_key=CONF_PHONE)
    return vol.Schema({vol.Required(CONF_PHONE, default=options[0]["value"]): SelectSelector(config)})


def phone_name(phone: ExistingPhone) -> str:
    """Return what tells a phone from the user's others."""
    name = phone.name or "Existing Phone"
    return f"{name} (…{phone.number[-4:]})" if phone.number else name


PASSWORD_FORM: Final = vol.Schema({vol.Required(CONF_PASSWORD): _PASSWORD})


def number_field(least: int, most: int, unit: str, step: int = 1) -> vol.All:
    """Return what asks for a whole number of something."""
    config = NumberSelectorConfig(
        min=least, max=most, step=step, mode=NumberSelectorMode.BOX, unit_of_measurement=unit
    )
    return vol.All(NumberSelector(config), vol.Coerce(int))


def seconds_field(least: int, most: int, step: int) -> vol.All:
    """Return what asks for so many seconds."""
    return number_field(least, most, "s", step)


CALLS_FORM: Final = vol.Schema(
    {
        vol.Required(CONF_ANSWER_MODE, default=AnswerMode.ONLY_TELL.value): SelectSelector(
            SelectSelectorConfig(
                options=[mode.value for mode in AnswerMode],
                mode=SelectSelectorMode.LIST,
                translation_key=CONF_ANSWER_MODE,
            )
        ),
        vol.Required(CONF_ANSWER_AFTER, default=DEFAULT_ANSWER_AFTER): seconds_field(0, 120, 1),
        vol.Required(CONF_LONGEST_MESSAGE, default=DEFAULT_LONGEST_MESSAGE): seconds_field(10, 900, 10),
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What a form says went wrong, if anything did."""

    errors: dict[str, str] = field(default_factory=dict)
    placeholders: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_sign_in(cls, error: RingCentralError) -> Self:
        """Tell what kept us from signing in or from getting a device."""
        key = next(key for kind, key in SIGN_IN_ERRORS if isinstance(error, kind))
        LOGGER.debug("Signing in failed: %s", error)
        return cls(
            {"base": key},
            {
                "code": error.error_code or "–",
                "permission": console_name(getattr(error, "permission", None)),
                "seconds": str(ceil(getattr(error, "retry_after", None) or 60)),
            },
        )

    @classmethod
    def of_registration(cls, error: RegistrationFailedError, *, encryption_chosen: bool = False) -> Self:
        """Tell what kept the phone from registering; `encryption_chosen` by us, where the user may decline it."""
        LOGGER.debug("Registering failed: %s (%s)", error.key, error.detail)
        key, detail = error.key, error.detail
        if encryption_chosen and key in ENCRYPTION_ERRORS:
            key, detail = ENCRYPTION_ERRORS[key], detail or "–"
        return cls(
            {"base": key}, {"detail": detail, "host": error.server.host, "port": str(error.server.port)}
        )

    @property
    def is_of_encryption(self) -> bool:
        """Whether it may be gone without encryption."""
        return self.errors.get("base") in {*ENCRYPTION_ERRORS.values(), "encryption_withdrawn"}


def flat(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed without the section around some of it, and without blanks around any of it."""
    values = {**user_input, **user_input.get(SECTION_ADVANCED, {})}
    values.pop(SECTION_ADVANCED, None)
    return {key: _without_blanks(value) for key, value in values.items()}


def _without_blanks(value: Any) -> Any:
    if isinstance(value, list):
        return [stripped for item in value if (stripped := _without_blanks(item)) != ""]
    return value.strip() if isinstance(value, str) else value
