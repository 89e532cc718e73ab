"""Choices that need something of RingCentral: whether it allows them is tried when they are made."""

from collections.abc import Awaitable, Callable, Mapping
from math import ceil
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant

from ..cloud import (
    MissingPermission,
    NotAllowed,
    RateLimited,
    RingCentralClient,
    RingCentralError,
    SignInRefused,
    Unreachable,
)
from ..const import CONF_ADDRESS_BOOK, CONF_BLOCK_AT_RINGCENTRAL, CONF_CALL_LOG, CONF_VOICEMAIL, LOGGER
from ..flows.config_forms import Problem
from .permissions import console_name
from .rest import async_client_of

_TRIALS: Final[dict[str, Callable[[RingCentralClient], Awaitable[object]]]] = {
    CONF_ADDRESS_BOOK: RingCentralClient.try_address_book,
    CONF_BLOCK_AT_RINGCENTRAL: RingCentralClient.blocked_numbers,
    CONF_CALL_LOG: RingCentralClient.try_call_log,
    CONF_VOICEMAIL: RingCentralClient.try_voicemail,
}
# The most precise first.
_ERRORS: Final[tuple[tuple[type[RingCentralError], str], ...]] = (
    (SignInRefused, "signed_out"),
    (MissingPermission, "missing_permission"),
    (NotAllowed, "not_allowed"),
    (RateLimited, "rate_limited"),
    (Unreachable, "cannot_connect"),
    (RingCentralError, "unexpected_answer"),
)


async def async_try_choices(hass: HomeAssistant, entry: ConfigEntry, options: Mapping[str, Any]) -> Problem:
    """Tell what keeps RingCentral from doing what is switched on only now."""
    new = [key for key in _TRIALS if options.get(key) and not entry.options.get(key)]
    if not new or (client := _client(hass, entry)) is None:
        return Problem()
    try:
        for key in new:
            try:
                await _TRIALS[key](client)
            except RingCentralError as error:
                LOGGER.debug("Trying %s failed: %s", key, error)
                return _problem(key, error)
    finally:
        # In one session: signing in is what RingCentral allows the fewest of.
        await client.rest()
    return Problem()


def _problem(key: str, error: RingCentralError) -> Problem:
    return Problem(
        {key: next(text for kind, text in _ERRORS if isinstance(error, kind))},
        {
            "code": error.error_code or "–",
            "permission": console_name(getattr(error, "permission", None)),
            "seconds": str(ceil(getattr(error, "retry_after", None) or 60)),
        },
    )


def _client(hass: HomeAssistant, entry: ConfigEntry) -> RingCentralClient | None:
    """Return the one the line uses, if there is one."""
    if entry.state is ConfigEntryState.LOADED:
        client: RingCentralClient | None = entry.runtime_data.client
        return client
    return async_client_of(hass, entry)
