"""What helps to find out why a line doesn't work, fit to be shown to strangers."""

from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .clips.removed_lines import removed_lines
from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .health import CallSound
from .library import LibraryError, Total
from .softphone import TracedMessage

TO_REDACT: Final = frozenset(
    {
        "access_token", "allowed_numbers", "announcement", "authorizationId", "authorization_id", "ca_certificate", "client_id",
        "client_secret", "consent_question", "display_name", "greeting", "greeting_media", "id", "jwt", "password", "refresh_token", "test_number", "thanks", "token", "username",
    }
)  # fmt: skip


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: RingCentralConfigEntry
) -> dict[str, Any]:
    """Return what is known of an entry, and of its line if that is loaded."""
    known = {
        "entry": {
            "state": entry.state.value,
            "data": async_redact_data(entry.data, TO_REDACT),
            "options": async_redact_data(entry.options, TO_REDACT),
        }
    }
    if entry.state is not ConfigEntryState.LOADED:
        return known
    coordinator = entry.runtime_data
    history = coordinator.history
    return known | {
        "line": _line(coordinator),
        "changes": [asdict(change) for change in history.changes],
        "provisionings": [asdict(outcome) for outcome in history.provisionings],
        "messages": [_message(message) for message in history.trace.messages],
        "sounds": [_sound(sound) for sound in history.sounds],
        "library": await _library(coordinator),
    }


def _line(coordinator: RingCentralCoordinator) -> dict[str, Any]:
    data = coordinator.data
    return {
        "health": asdict(data.health),
        "proxy": data.proxy,
        "calls": [{"direction": call.direction, "state": call.state} for call in data.calls],
        "last_call": data.last_call.started_at if data.last_call else None,
        "address_book": len(coordinator.address_book.contacts),
        "blocked_at_ringcentral": len(coordinator.blocking.made),
        "elsewhere": dict(coordinator.history.elsewhere),
    }


def _message(message: TracedMessage) -> dict[str, Any]:
    return {"at": message.at, "way": message.way, "text": message.text.split("\n")}


def _sound(sound: CallSound) -> dict[str, Any]:
    # When something was last heard is told on a clock that says nothing to anybody else.
    statistics = {key: value for key, value in asdict(sound.statistics).items() if key != "last_heard"}
    return {"call_id": sound.call_id, "ended_at": sound.ended_at, **statistics}


async def _library(coordinator: RingCentralCoordinator) -> dict[str, Any]:
    try:
        totals, size = await coordinator.library.totals(), await coordinator.library.room_taken()
    except LibraryError as error:
        return {"error": error.key}
    total = totals.get(coordinator.config_entry.entry_id, Total())
    return {
        "clips": total.count,
        "seconds": round(total.seconds, 1),
        "bytes_of_all_lines": size,
        "removed_lines": len(removed_lines(coordinator.hass)),
    }
