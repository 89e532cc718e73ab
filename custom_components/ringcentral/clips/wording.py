"""What is written beside names in the media browser, in the language of the household."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN
from .dates import Dates, dates_of


@dataclass(frozen=True, slots=True)
class Words:
    """What is written beside names, by its key in the translations, and how days and times are written."""

    texts: Mapping[str, str]
    dates: Dates

    def __getitem__(self, key: str) -> str:
        """Return a text."""
        return self.texts[key]


async def async_words(hass: HomeAssistant) -> Words:
    """Return the words in the language of the household: the media browser doesn't tell who browses."""
    prefix = f"component.{DOMAIN}.common."
    language, country = hass.config.language, hass.config.country
    texts = await async_get_translations(hass, language, "common", [DOMAIN])
    return Words(
        {key.removeprefix(prefix): text for key, text in texts.items()},
        await hass.async_add_executor_job(dates_of, language, country),
    )
