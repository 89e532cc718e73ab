"""What is written beside names in the media browser, in the language of the household."""

from collections.abc import Mapping

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN

type Words = Mapping[str, str]
"""What is written beside names and times, by its key in the translations."""


async def async_words(hass: HomeAssistant) -> Words:
    """Return the words in the language of the household: the media browser doesn't tell who browses."""
    prefix = f"component.{DOMAIN}.common."
    texts = await async_get_translations(hass, hass.config.language, "common", [DOMAIN])
    return {key.removeprefix(prefix): text for key, text in texts.items()}
