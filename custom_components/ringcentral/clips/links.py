"""Links to recordings for who isn't signed in, as a notification on a telephone: made when asked for, and good for a while."""

from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.util import dt as dt_util

from ..const import CONF_LINKS, DOMAIN
from ..library import Clip
from .addresses import mime_type, sound_path

LINK_QUERY: Final = "link"
"""Told apart by this from the paths of those who are signed in. It is signed as well, and can't be taken away."""

SHORTEST: Final = timedelta(minutes=1)
USUAL: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=7)

# What Apple's notifications take of sound, and of which kinds (UNNotificationAttachment).
_NOTIFICATION_BYTES: Final = 5_000_000
_NOTIFICATION_TYPES: Final = {"audio/wav", "audio/mpeg"}


class Address(StrEnum):
    """By which of Home Assistant's addresses a link is to lead there."""

    EXTERNAL = "external"
    INTERNAL = "internal"


@callback
def links_allowed(hass: HomeAssistant, line_id: str) -> bool:
    """Whether links lead to the recordings of a line; turned off, those that were made before don't either."""
    entry = hass.config_entries.async_get_entry(line_id)
    return entry is not None and bool(entry.options.get(CONF_LINKS, False))


@callback
def link(hass: HomeAssistant, clip: Clip, valid_for: timedelta, address: Address | None) -> dict[str, Any]:
    """Make a link to a clip's sound, and tell about it. Nobody else keeps it.

    Without an address it is the external one, or the internal one where there is no other.

    Raises:
        ServiceValidationError: links aren't allowed, or Home Assistant doesn't know the address.
    """
    if not links_allowed(hass, clip.line_id):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="links_not_allowed")
    try:
        base = get_url(
            hass,
            allow_internal=address is not Address.EXTERNAL,
            allow_external=address is not Address.INTERNAL,
            prefer_external=True,
        )
    except NoURLAvailableError as error:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="address_unknown") from error
    expires = (dt_util.utcnow() + valid_for).replace(microsecond=0)
    path = f"{sound_path(clip)}?{LINK_QUERY}=1"
    kind = mime_type(clip)
    return {
        # Whoever made it may sign out before it is used.
        "url": base + async_sign_path(hass, path, valid_for, use_content_user=True),
        "expires": expires.isoformat(),
        "size": clip.size,
        "mime_type": kind,
        "fits_notification": (
            clip.size is not None and clip.size <= _NOTIFICATION_BYTES and kind in _NOTIFICATION_TYPES
        ),
    }
