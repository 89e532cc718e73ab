"""What the configuration flow asks for, and how it says what went wrong."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final, Self

from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET, CONF_PASSWORD
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    MediaSelector,
    MediaSelectorConfig,
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

from .call_filter import number_pattern
from .cloud import (
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
from .const import (
    CONF_ADDRESS_BOOK,
    CONF_ALLOWED_NUMBERS,
    CONF_ANONYMOUS_CALLS,
    CONF_ANSWER_AFTER,
    CONF_ANSWER_MODE,
    CONF_BLOCK_AT_RINGCENTRAL,
    CONF_BLOCKED_CALLS,
    CONF_EMERGENCY_CALLS,
    CONF_FAVORITES_RING,
    CONF_GREETING,
    CONF_GREETING_MEDIA,
    CONF_JWT,
    CONF_LONGEST_MESSAGE,
    CONF_OFFICE_HOURS,
    CONF_PHONE,
    CONF_REPEATS_RING,
    CONF_SERVER,
    CONF_SILENCE,
    CONF_TEST_NUMBER,
    CONF_THANKS,
    CONF_TRANSPORT,
    DEFAULT_ANSWER_AFTER,
    DEFAULT_LONGEST_MESSAGE,
    DEFAULT_SILENCE,
    LOGGER,
    AnswerMode,
    Treatment,
)
from .permissions import console_name
from .registration_check import CERTIFICATE_AT_HOME, LOSSES, LOST, RegistrationFailedError
from .softphone import Cause, InvalidNumberError, Transport
from .softphone.dialing import dialled

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


def _seconds(least: int, most: int, step: int) -> vol.All:
    config = NumberSelectorConfig(
        min=least, max=most, step=step, mode=NumberSelectorMode.BOX, unit_of_measurement="s"
    )
    return vol.All(NumberSelector(config), vol.Coerce(int))


CALLS_FORM: Final = vol.Schema(
    {
        vol.Required(CONF_ANSWER_MODE, default=AnswerMode.ONLY_TELL.value): SelectSelector(
            SelectSelectorConfig(
                options=[mode.value for mode in AnswerMode],
                mode=SelectSelectorMode.LIST,
                translation_key=CONF_ANSWER_MODE,
            )
        ),
        vol.Required(CONF_ANSWER_AFTER, default=DEFAULT_ANSWER_AFTER): _seconds(0, 120, 1),
        vol.Required(CONF_LONGEST_MESSAGE, default=DEFAULT_LONGEST_MESSAGE): _seconds(10, 900, 10),
    }
)


def _treatment(key: str) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=[treatment.value for treatment in TREATMENTS[key]],
            mode=SelectSelectorMode.DROPDOWN,
            translation_key=key,
        )
    )


# The first of each is what is done unless something else is chosen.
TREATMENTS: Final = {
    CONF_BLOCKED_CALLS: (Treatment.REJECT, Treatment.SILENT, Treatment.ANSWERING_MACHINE),
    CONF_ANONYMOUS_CALLS: (
        Treatment.RING, Treatment.SILENT, Treatment.ANSWERING_MACHINE, Treatment.REJECT,
    ),
}  # fmt: skip

_LET_THROUGH: Final = (CONF_FAVORITES_RING, CONF_REPEATS_RING)
_MACHINE_FIELDS: Final = {
    vol.Optional(CONF_GREETING): TextSelector(TextSelectorConfig(multiline=True)),
    vol.Optional(CONF_GREETING_MEDIA): MediaSelector(MediaSelectorConfig(accept=["audio/*"])),
    vol.Required(CONF_SILENCE, default=DEFAULT_SILENCE): _seconds(0, 60, 1),
    vol.Optional(CONF_THANKS): TextSelector(TextSelectorConfig(multiline=True)),
}
_HOURS: Final = EntitySelector(EntitySelectorConfig(domain=["schedule", "binary_sensor", "input_boolean"]))
OPTIONS_FORM: Final = CALLS_FORM.extend(
    {
        vol.Optional(CONF_OFFICE_HOURS): _HOURS,
        **_MACHINE_FIELDS,
        **{
            vol.Required(key, default=first.value): _treatment(key) for key, (first, *_) in TREATMENTS.items()
        },
        **{vol.Required(key, default=False): BooleanSelector() for key in _LET_THROUGH},
        vol.Optional(CONF_ALLOWED_NUMBERS): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, multiple=True)
        ),
        vol.Required(CONF_EMERGENCY_CALLS, default=False): BooleanSelector(),
        vol.Optional(CONF_TEST_NUMBER): TextSelector(TextSelectorConfig(type=TextSelectorType.TEL)),
    }
)
SIGNED_IN_OPTIONS: Final = (CONF_ADDRESS_BOOK, CONF_BLOCK_AT_RINGCENTRAL)
"""What RingCentral does only for those who are signed in to it."""
SIGNED_IN_OPTIONS_FORM: Final = OPTIONS_FORM.extend(
    {vol.Required(key, default=False): BooleanSelector() for key in SIGNED_IN_OPTIONS}
)
MAY_BE_EMPTY: Final = (
    CONF_OFFICE_HOURS,
    CONF_GREETING,
    CONF_GREETING_MEDIA,
    CONF_THANKS,
    *_LET_THROUGH,
    CONF_ALLOWED_NUMBERS,
    CONF_EMERGENCY_CALLS,
    CONF_TEST_NUMBER,
    *SIGNED_IN_OPTIONS,
)
"""The options that are gone when they are emptied, or switched off."""

CONF_UNDERSTOOD: Final = "understood"
EMERGENCY_FORM: Final = vol.Schema({vol.Required(CONF_UNDERSTOOD, default=False): BooleanSelector()})


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

    @classmethod
    def of_numbers(cls, options: Mapping[str, Any], is_emergency: Callable[[str], bool]) -> Self:
        """Tell which of the numbers of the options is none, or must not be called."""
        try:
            for number in options.get(CONF_ALLOWED_NUMBERS, ()):
                number_pattern(number)
        except vol.Invalid:
            return cls({CONF_ALLOWED_NUMBERS: "invalid_allowed_number"})
        return cls._of_test_number(options, is_emergency)

    @classmethod
    def _of_test_number(cls, options: Mapping[str, Any], is_emergency: Callable[[str], bool]) -> Self:
        """Tell what keeps the number of the options, if there is one, from being called by a test."""
        if (number := options.get(CONF_TEST_NUMBER)) is None:
            return cls()
        try:
            emergency = is_emergency(dialled(number))
        except InvalidNumberError:
            return cls({CONF_TEST_NUMBER: "invalid_number"})
        return cls({CONF_TEST_NUMBER: "emergency_number"} if emergency else {})

    @property
    def is_of_encryption(self) -> bool:
        """Whether it may be gone without encryption."""
        return self.errors.get("base") in {*ENCRYPTION_ERRORS.values(), "encryption_withdrawn"}


def without_usual_treatments(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options without the treatments that are done anyway."""
    usual = {key: first.value for key, (first, *_) in TREATMENTS.items()}
    return {key: value for key, value in options.items() if value != usual.get(key)}


def flat(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed without the section around some of it, and without blanks around any of it."""
    values = {**user_input, **user_input.get(SECTION_ADVANCED, {})}
    values.pop(SECTION_ADVANCED, None)
    return {key: _without_blanks(value) for key, value in values.items()}


def _without_blanks(value: Any) -> Any:
    if isinstance(value, list):
        return [stripped for item in value if (stripped := _without_blanks(item)) != ""]
    return value.strip() if isinstance(value, str) else value
