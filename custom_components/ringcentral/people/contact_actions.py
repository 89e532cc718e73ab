"""The actions on contacts: what each asks for and does."""

from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..calls.call_actions import ATTR_NUMBER, CALL_SCHEMA
from ..const import CONF_BLOCKED, CONF_NUMBERS, DOMAIN, SUBENTRY_CONTACT
from ..flows.contact_flow import MAX_CONTACTS
from ..lines import async_line
from .contacts import canonical
from .numbering import Numbering

ATTR_NAME: Final = "name"
BLOCK_SCHEMA: Final = CALL_SCHEMA.extend(
    {
        vol.Required(ATTR_NUMBER): vol.All(cv.string, vol.Length(min=1)),
        vol.Optional(ATTR_NAME): vol.All(cv.string, vol.Length(min=1)),
    }
)


async def async_block(action: ServiceCall) -> None:
    """Keep a number away from now on: its contact becomes a blocked one, or it gets one that is.

    Raises ServiceValidationError.
    """
    hass, number = action.hass, action.data[ATTR_NUMBER].strip()
    entry = (await async_line(action)).config_entry
    numbering = await hass.async_add_executor_job(Numbering, hass.config.country)
    if (key := canonical(number, numbering)) is None:
        raise _refusal("number_not_blockable")
    contacts = [found for found in entry.subentries.values() if found.subentry_type == SUBENTRY_CONTACT]
    for contact in contacts:
        if key in {canonical(known, numbering) for known in contact.data[CONF_NUMBERS]}:
            blocked = {**contact.data, CONF_BLOCKED: True}
            hass.config_entries.async_update_subentry(entry, contact, data=blocked)
            return
    if len(contacts) >= MAX_CONTACTS:
        raise _refusal("too_many_contacts")
    name = action.data.get(ATTR_NAME) or numbering.formatted(number)
    data: dict[str, Any] = {CONF_NAME: name, CONF_NUMBERS: [number], CONF_BLOCKED: True}
    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(
            data=MappingProxyType(data), subentry_type=SUBENTRY_CONTACT, title=name, unique_id=None
        ),
    )


def _refusal(reason: str) -> ServiceValidationError:
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=reason)
