"""Calls in the logbook, each as a sentence."""

from collections.abc import Callable

from homeassistant.components.logbook.const import (
    LOGBOOK_ENTRY_ICON,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.core import Event, HomeAssistant, callback

from .calls.logged_calls import ATTR_NAME, ATTR_WORDS, EVENT_CALL_OVER
from .const import DOMAIN


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str | None]]], None],
) -> None:
    """Say what is to be written for a call that is over."""

    @callback
    def describe(event: Event) -> dict[str, str | None]:
        # Without the entity, which the event itself names: the browser would show its name instead of the caller's.
        return {
            LOGBOOK_ENTRY_NAME: event.data[ATTR_NAME],
            LOGBOOK_ENTRY_MESSAGE: event.data[ATTR_WORDS],
            LOGBOOK_ENTRY_ICON: "mdi:phone-log",
        }

    async_describe_event(DOMAIN, EVENT_CALL_OVER, describe)
