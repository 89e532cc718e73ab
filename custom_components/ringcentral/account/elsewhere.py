"""What is remembered of a mailbox and a call log at RingCentral: what of them has been dealt with. Ids only."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER

MAILBOX: Final = "mailbox"
CALL_LOG: Final = "call_log"

MOST_REMEMBERED: Final = 2000
"""Ids; a mailbox holds two hundred messages. What is gone there may come back, and is remembered as well till then."""

_VERSION: Final = 1


@dataclass(slots=True)
class Remembered:
    """What is known of one of them; each item's facts are for who asked to remember them.

    Attributes:
        since: when it was first looked at; what is older is no news.
        until: when it was last looked at.
        items: what has been dealt with, by its id there.
        lost: whether there was more, which can't be read any more.
    """

    since: datetime
    until: datetime
    items: dict[str, dict[str, bool]]
    lost: bool = False

    def forget_all_but(self, names: Container[str]) -> None:
        """Forget what isn't there any more, once there is too much to remember."""
        if len(self.items) > MOST_REMEMBERED:
            self.items = {name: facts for name, facts in self.items.items() if name in names}


class Memory:
    """Remembers in a file of its own, as long as the entry is there."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, of: str) -> None:
        """Remember one of the things above."""
        self._of = of
        self._store = _store(hass, entry, of)
        self._saved: dict[str, Any] | None = None

    async def async_load(self) -> Remembered:
        """Return what is remembered; from now on, where that is nothing."""
        now = dt_util.utcnow()
        lost = False
        try:
            self._saved = await self._store.async_load()
            if self._saved is not None:
                return _read(self._saved)
        except (HomeAssistantError, KeyError, TypeError, ValueError, AttributeError) as error:
            lost = True
            LOGGER.warning(
                "What was known of RingCentral's %s is not known any more: %s", self._of, type(error).__name__
            )
        return Remembered(since=now, until=now, items={}, lost=lost)

    async def async_save(self, known: Remembered) -> None:
        """Remember this, unless it is what is remembered already."""
        kept = {
            "since": known.since.isoformat(),
            "until": known.until.isoformat(),
            "items": {name: dict(facts) for name, facts in known.items.items()},
        }
        if kept != self._saved:
            self._saved = kept
            await self._store.async_save(kept)


async def async_forget_elsewhere(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remember nothing of a line that is removed."""
    for of in (MAILBOX, CALL_LOG):
        await _store(hass, entry, of).async_remove()


def _read(kept: Mapping[str, Any]) -> Remembered:
    """Return what a file has; raises what comes of one that somebody else has written."""
    since, until = (datetime.fromisoformat(kept[name]) for name in ("since", "until"))
    if since.tzinfo is None or until.tzinfo is None:
        raise ValueError("a moment without a zone")
    items = {
        str(name): {fact: bool(it) for fact, it in facts.items()} for name, facts in kept["items"].items()
    }
    return Remembered(since, until, items)


def _store(hass: HomeAssistant, entry: ConfigEntry, of: str) -> Store[dict[str, Any]]:
    key = f"{DOMAIN}.{of}.{entry.entry_id}"
    return Store(hass, _VERSION, key, private=True, atomic_writes=True)
