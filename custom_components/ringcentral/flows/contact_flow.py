"""Adding and changing the contacts of a line in the user interface, one by one or from a file."""

from collections.abc import Iterator, Mapping
import re
from types import MappingProxyType
from typing import Any, Final

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import ConfigSubentry, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    FileSelector,
    FileSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..const import (
    CONF_ANSWER_AUTOMATICALLY,
    CONF_BLOCKED,
    CONF_DOOR_STATION,
    CONF_FAVORITE,
    CONF_FILE,
    CONF_GREETING,
    CONF_NUMBERS,
    CONF_OPENING_KEYS,
    CONF_RECORDING,
    SUBENTRY_CONTACT,
    ContactRecording,
)
from ..people.contacts import canonical
from ..people.numbering import Numbering
from ..people.vcard import MAX_SIZE, Card, cards

# More than a household has; each is kept in Home Assistant's configuration.
MAX_CONTACTS: Final = 1000

SECTION_DOOR: Final = "door"
SECTION_CALLS: Final = "calls"

# What can be pressed in a call, with pauses; at least one key.
_KEYS: Final = re.compile(r"(?=,*[^,])[0-9A-D*#,]{1,64}")

CONTACT_FORM: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_NUMBERS): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, multiple=True)
        ),
        vol.Required(CONF_FAVORITE, default=False): BooleanSelector(),
        vol.Required(CONF_BLOCKED, default=False): BooleanSelector(),
        vol.Required(SECTION_DOOR): section(
            vol.Schema(
                {
                    vol.Required(CONF_DOOR_STATION, default=False): BooleanSelector(),
                    vol.Optional(CONF_OPENING_KEYS): TextSelector(),
                }
            ),
            {"collapsed": True},
        ),
        vol.Required(SECTION_CALLS): section(
            vol.Schema(
                {
                    vol.Optional(CONF_GREETING): TextSelector(TextSelectorConfig(multiline=True)),
                    vol.Required(CONF_ANSWER_AUTOMATICALLY, default=False): BooleanSelector(),
                    vol.Required(CONF_RECORDING, default=ContactRecording.AS_LINE.value): SelectSelector(
                        SelectSelectorConfig(
                            options=[choice.value for choice in ContactRecording],
                            mode=SelectSelectorMode.DROPDOWN,
                            translation_key="contact_recording",
                        )
                    ),
                }
            ),
            {"collapsed": True},
        ),
    }
)
FILE_FORM: Final = vol.Schema(
    {vol.Required(CONF_FILE): FileSelector(FileSelectorConfig(accept=".vcf,text/vcard,text/x-vcard"))}
)


class ContactFlow(ConfigSubentryFlow):
    """Ask who it is and under which numbers."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask whether to type one in or to take many from a file."""
        return self.async_show_menu(step_id="user", menu_options=["contact", "import_file"])

    async def async_step_contact(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a new contact."""
        if user_input is not None:
            data = _typed(user_input)
            errors, placeholders = await self._async_problems(data)
            if not errors:
                return self.async_create_entry(title=data[CONF_NAME], data=data)
            return self._ask("contact", _flat(user_input), errors, placeholders)
        return self._ask("contact", {})

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask what is different about a contact."""
        contact = self._get_reconfigure_subentry()
        if user_input is not None:
            data = _typed(user_input)
            errors, placeholders = await self._async_problems(data, contact)
            if not errors:
                return self.async_update_and_abort(
                    self._get_entry(), contact, title=data[CONF_NAME], data=data
                )
            return self._ask("reconfigure", _flat(user_input), errors, placeholders)
        return self._ask("reconfigure", contact.data)

    async def async_step_import_file(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a file with contacts, and add those that aren't there yet."""
        errors: dict[str, str] = {}
        if user_input is not None:
            content = await self.hass.async_add_executor_job(_content, self.hass, user_input[CONF_FILE])
            if content is None:
                errors[CONF_FILE] = "file_too_large"
            elif not (found := await self.hass.async_add_executor_job(cards, content)):
                errors[CONF_FILE] = "no_contacts"
            else:
                return await self._async_add(found)
        return self.async_show_form(step_id="import_file", data_schema=FILE_FORM, errors=errors)

    # Inside

    def _ask(
        self,
        step_id: str,
        known: Mapping[str, Any],
        errors: dict[str, str] | None = None,
        placeholders: Mapping[str, str] | None = None,
    ) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                CONTACT_FORM, {**known, SECTION_DOOR: known, SECTION_CALLS: known}
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_problems(
        self, data: Mapping[str, Any], contact: ConfigSubentry | None = None
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Return what is wrong with a contact as it was typed, by field, and what its text leaves open."""
        if not data[CONF_NAME]:
            return {CONF_NAME: "no_name"}, {}
        if not data[CONF_NUMBERS]:
            return {CONF_NUMBERS: "no_number"}, {}
        if not _KEYS.fullmatch(data.get(CONF_OPENING_KEYS, "1")):
            # No field of a section is marked by itself.
            return {"base": "invalid_opening_keys"}, {}
        numbering = await self._async_numbering()
        taken = self._taken(numbering, besides=contact)
        for number in data[CONF_NUMBERS]:
            if (key := canonical(number, numbering)) is None:
                return {CONF_NUMBERS: "invalid_number"}, {"number": number}
            if key in taken:
                return {CONF_NUMBERS: "already_contact"}, {"number": number, "contact": taken[key]}
        return {}, {}

    async def _async_add(self, found: list[Card]) -> SubentryFlowResult:
        """Add contacts, and tell how many were new."""
        numbering = await self._async_numbering()
        entry, taken = self._get_entry(), self._taken(numbering)
        there = sum(1 for _ in self._contacts())
        added = known = unusable = left = 0
        for card in found:
            keys = {key: number for number in card.numbers if (key := canonical(number, numbering))}
            new = [number for key, number in keys.items() if key not in taken]
            if not keys:
                unusable += 1
            elif not new:
                known += 1
            elif there + added >= MAX_CONTACTS:
                left += 1
            else:
                added += 1
                taken |= dict.fromkeys(keys, card.name)
                data = MappingProxyType({CONF_NAME: card.name, CONF_NUMBERS: new})
                subentry = ConfigSubentry(
                    data=data, subentry_type=SUBENTRY_CONTACT, title=card.name, unique_id=None
                )
                self.hass.config_entries.async_add_subentry(entry, subentry)
        return self.async_abort(
            reason="imported_in_part" if left else "imported",
            description_placeholders={
                "added": str(added),
                "known": str(known),
                "unusable": str(unusable),
                "left": str(left),
                "most": str(MAX_CONTACTS),
            },
        )

    def _contacts(self) -> Iterator[ConfigSubentry]:
        yield from (
            subentry
            for subentry in self._get_entry().subentries.values()
            if subentry.subentry_type == SUBENTRY_CONTACT
        )

    def _taken(self, numbering: Numbering, besides: ConfigSubentry | None = None) -> dict[str, str]:
        """Return whose each number is already."""
        return {
            key: contact.title
            for contact in self._contacts()
            if besides is None or contact.subentry_id != besides.subentry_id
            for number in contact.data[CONF_NUMBERS]
            if (key := canonical(number, numbering)) is not None
        }

    async def _async_numbering(self) -> Numbering:
        return await self.hass.async_add_executor_job(Numbering, self.hass.config.country)


def _flat(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed without the sections around some of it."""
    folded = (SECTION_DOOR, SECTION_CALLS)
    values = {key: value for key, value in user_input.items() if key not in folded}
    return values | {key: value for each in folded for key, value in user_input[each].items()}


def _typed(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed without blanks around it, and without what was left empty or as it is for everybody."""
    values = _flat(user_input)
    numbers = [number.strip() for number in values[CONF_NUMBERS]]
    texts = {
        CONF_OPENING_KEYS: "".join(values.pop(CONF_OPENING_KEYS, "").split()).upper(),
        CONF_GREETING: values.pop(CONF_GREETING, "").strip(),
    }
    recording = values.pop(CONF_RECORDING)
    return {
        **values,
        CONF_NAME: values[CONF_NAME].strip(),
        CONF_NUMBERS: list(dict.fromkeys(number for number in numbers if number)),
        **{key: text for key, text in texts.items() if text},
        **({CONF_RECORDING: recording} if recording != ContactRecording.AS_LINE else {}),
    }


def _content(hass: HomeAssistant, file_id: str) -> bytes | None:
    """Return what is in a file that was uploaded; None for more than any address book has."""
    try:
        with process_uploaded_file(hass, file_id) as path, path.open("rb") as file:
            content = file.read(MAX_SIZE + 1)
    except ValueError:
        # Sent again after it was read; each upload is read once.
        return b""
    return None if len(content) > MAX_SIZE else content
