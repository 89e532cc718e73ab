"""The pages of a line's options: what each asks, what is wrong with it, and what of it is kept."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    LanguageSelector,
    MediaSelector,
    MediaSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..calls.call_filter import number_pattern
from ..calls.conversion import ConversionError
from ..clips import mp3
from ..const import (
    CONF_ADDRESS_BOOK,
    CONF_ALLOWED_NUMBERS,
    CONF_ANNOUNCEMENT,
    CONF_ANONYMOUS_CALLS,
    CONF_ASK_CONSENT,
    CONF_BLOCK_AT_RINGCENTRAL,
    CONF_BLOCKED_CALLS,
    CONF_BOTH_SIDES,
    CONF_CALL_LOG,
    CONF_CONSENT_QUESTION,
    CONF_EMERGENCY_CALLS,
    CONF_FAVORITES_RING,
    CONF_GREETING,
    CONF_GREETING_MEDIA,
    CONF_IN_MEDIA_FOLDER,
    CONF_KEEP_DAYS,
    CONF_KEEP_MEGABYTES,
    CONF_LINKS,
    CONF_OFFICE_HOURS,
    CONF_RECORDING,
    CONF_RECORDING_BEEP,
    CONF_REPEATS_RING,
    CONF_SILENCE,
    CONF_SMALLER_FILES,
    CONF_SPEECH_TO_TEXT,
    CONF_SUMMARIZER,
    CONF_TEST_NUMBER,
    CONF_THANKS,
    CONF_TRANSCRIBE_CALLS,
    CONF_TRANSCRIPT_LANGUAGE,
    CONF_UNANNOUNCED,
    CONF_VOICEMAIL,
    DEFAULT_KEEP_DAYS,
    DEFAULT_SILENCE,
    RecordingMode,
    Treatment,
)
from ..softphone import InvalidNumberError
from ..softphone.calls.dialing import dialled
from .config_forms import CALLS_FORM, Problem, flat, number_field, seconds_field


class Page(StrEnum):
    """The pages; also the steps of the options flow."""

    CALLS = "calls"
    MACHINE = "machine"
    RECORDING = "recording"
    RECORDINGS = "recordings"
    TRANSCRIPTS = "transcripts"
    CALLERS = "callers"
    CALLING = "calling"
    RINGCENTRAL = "ringcentral"
    """Only for those who are signed in to it."""


def _treatment(key: str) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=[treatment.value for treatment in TREATMENTS[key]],
            mode=SelectSelectorMode.DROPDOWN,
            translation_key=key,
        )
    )


def _switches(*keys: str) -> dict[vol.Marker, BooleanSelector]:
    return {vol.Required(key, default=False): BooleanSelector() for key in keys}


# The first of each is what is done unless something else is chosen.
TREATMENTS: Final = {
    CONF_BLOCKED_CALLS: (Treatment.REJECT, Treatment.SILENT, Treatment.ANSWERING_MACHINE),
    CONF_ANONYMOUS_CALLS: (
        Treatment.RING, Treatment.SILENT, Treatment.ANSWERING_MACHINE, Treatment.REJECT,
    ),
}  # fmt: skip

_RECORDING: Final = SelectSelector(
    SelectSelectorConfig(
        options=[mode.value for mode in RecordingMode],
        mode=SelectSelectorMode.LIST,
        translation_key=CONF_RECORDING,
    )
)
_HOURS: Final = EntitySelector(EntitySelectorConfig(domain=["schedule", "binary_sensor", "input_boolean"]))
_ENGINE: Final = EntitySelector(EntitySelectorConfig(domain="stt"))
_AI: Final = EntitySelector(EntitySelectorConfig(domain="ai_task"))
_WORDS: Final = TextSelector(TextSelectorConfig(multiline=True))
_NUMBERS: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.TEL, multiple=True))
_NUMBER: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.TEL))

FORMS: Final = {
    Page.CALLS: CALLS_FORM.extend({vol.Optional(CONF_OFFICE_HOURS): _HOURS}),
    Page.MACHINE: vol.Schema(
        {
            vol.Optional(CONF_GREETING): _WORDS,
            vol.Optional(CONF_GREETING_MEDIA): MediaSelector(MediaSelectorConfig(accept=["audio/*"])),
            vol.Required(CONF_SILENCE, default=DEFAULT_SILENCE): seconds_field(0, 60, 1),
            vol.Optional(CONF_THANKS): _WORDS,
        }
    ),
    Page.RECORDING: vol.Schema(
        {
            vol.Required(CONF_RECORDING, default=RecordingMode.MESSAGES.value): _RECORDING,
            **_switches(CONF_BOTH_SIDES),
            vol.Optional(CONF_ANNOUNCEMENT): _WORDS,
            **_switches(CONF_UNANNOUNCED, CONF_ASK_CONSENT),
            vol.Optional(CONF_CONSENT_QUESTION): _WORDS,
            vol.Required(CONF_RECORDING_BEEP, default=0): seconds_field(0, 120, 1),
        }
    ),
    Page.RECORDINGS: vol.Schema(
        {
            vol.Required(CONF_KEEP_DAYS, default=DEFAULT_KEEP_DAYS): number_field(0, 3650, "d"),
            vol.Required(CONF_KEEP_MEGABYTES, default=0): number_field(0, 1_000_000, "MB"),
            **_switches(CONF_SMALLER_FILES, CONF_IN_MEDIA_FOLDER, CONF_LINKS),
        }
    ),
    Page.TRANSCRIPTS: vol.Schema(
        {
            vol.Optional(CONF_SPEECH_TO_TEXT): _ENGINE,
            vol.Optional(CONF_TRANSCRIPT_LANGUAGE): LanguageSelector(),
            **_switches(CONF_TRANSCRIBE_CALLS),
            vol.Optional(CONF_SUMMARIZER): _AI,
        }
    ),
    Page.CALLERS: vol.Schema(
        {
            **{
                vol.Required(key, default=first.value): _treatment(key)
                for key, (first, *_) in TREATMENTS.items()
            },
            **_switches(CONF_FAVORITES_RING, CONF_REPEATS_RING),
        }
    ),
    Page.CALLING: vol.Schema(
        {
            vol.Optional(CONF_ALLOWED_NUMBERS): _NUMBERS,
            **_switches(CONF_EMERGENCY_CALLS),
            vol.Optional(CONF_TEST_NUMBER): _NUMBER,
        }
    ),
    Page.RINGCENTRAL: vol.Schema(
        _switches(CONF_ADDRESS_BOOK, CONF_BLOCK_AT_RINGCENTRAL, CONF_VOICEMAIL, CONF_CALL_LOG)
    ),
}

RECORDING_HELP: Final = (
    "https://github.com/ringcentral-homeassistant/ringcentral-homeassistant/blob/main/docs/recording.md"
)

CONF_UNDERSTOOD: Final = "understood"
UNDERSTOOD_FORM: Final = vol.Schema({vol.Required(CONF_UNDERSTOOD, default=False): BooleanSelector()})


def chosen_on(page: Page, options: Mapping[str, Any], user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with what was typed on one page.

    What was emptied or switched off is gone, and so is how blocked and anonymous callers are treated anyway.
    """
    usual: dict[str, object] = {key: first.value for key, (first, *_) in TREATMENTS.items()}
    typed = flat(user_input)
    elsewhere = {key: value for key, value in options.items() if key not in FORMS[page].schema}
    return elsewhere | {
        key: value
        for key, value in typed.items()
        # Nothing at all isn't the number 0.
        if value not in (usual.get(key), "") and value is not False and value != []
    }


def problem_of_numbers(options: Mapping[str, Any], is_emergency: Callable[[str], bool]) -> Problem:
    """Tell which of the numbers of the options is none, or must not be called."""
    try:
        for number in options.get(CONF_ALLOWED_NUMBERS, ()):
            number_pattern(number)
    except vol.Invalid:
        return Problem({CONF_ALLOWED_NUMBERS: "invalid_allowed_number"})
    if (number := options.get(CONF_TEST_NUMBER)) is None:
        return Problem()
    try:
        emergency = is_emergency(dialled(number))
    except InvalidNumberError:
        return Problem({CONF_TEST_NUMBER: "invalid_number"})
    return Problem({CONF_TEST_NUMBER: "emergency_number"} if emergency else {})


async def async_problem_of_mp3(hass: HomeAssistant) -> Problem:
    """Tell whether recordings can't be made smaller here, and why."""
    try:
        await mp3.async_try(hass)
    except ConversionError as error:
        return Problem({CONF_SMALLER_FILES: "no_mp3"}, {"reason": str(error)})
    return Problem()
