"""The address book that a line's user has at RingCentral: read now and then, and kept for when it can't be.

It is read only where that was chosen. What was read last is kept in a file of its own, so that names are known from the
start; the file goes when the choice is taken back, and with the entry.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from random import Random
from typing import Any, Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.const import CONF_NAME
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.storage import Store

from ..cloud import RingCentralClient, RingCentralError
from ..const import CONF_ADDRESS_BOOK, CONF_NUMBERS, DOMAIN, LOGGER
from ..later import Later
from ..log_once import Outage
from .contacts import Contact

# Seconds
READ_EVERY: Final = 86400.0
# RingCentral counts reading an address book among its dearest requests.
AGAIN_AFTER: Final = 3600.0
# So that the lines that were started together don't stay together.
JITTER: Final = 0.2

_VERSION: Final = 1


class AddressBook:
    """Knows whom the user of one line has in the address book."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, client: RingCentralClient | None) -> None:
        """Know nobody yet; without a client there is nobody to ask."""
        self.contacts: tuple[Contact, ...] = ()
        self._hass = hass
        self._entry = entry
        self._client = client
        self._store = _store(hass, entry)
        self._outage = Outage("Reading RingCentral's address book", entry.title)
        self._random = Random()  # noqa: S311 - nothing secret, only a jitter
        self._on = self._wanted
        self._changed: CALLBACK_TYPE = lambda: None
        self._task: asyncio.Task[None] | None = None
        self._next = Later(hass, "address book", self._due)

    @property
    def _wanted(self) -> bool:
        return self._client is not None and bool(self._entry.options.get(CONF_ADDRESS_BOOK))

    async def async_load(self) -> None:
        """Know whom the address book had when it was last read."""
        if self._client is None:
            return
        if not self._on:
            # It may have been switched off while the line was.
            await self._store.async_remove()
            return
        try:
            kept = await self._store.async_load()
        except HomeAssistantError as error:
            LOGGER.warning("What was kept of RingCentral's address book can't be read: %s", error)
            return
        self.contacts = await self._hass.async_add_executor_job(_contacts, kept)

    @callback
    def async_follow(self, changed: CALLBACK_TYPE) -> None:
        """Read it now, and once a day, until the entry is unloaded; `changed` hears of other contacts."""
        if self._client is None:
            return
        self._changed = changed
        self._entry.async_on_unload(self._next.cancel)
        self._entry.async_on_unload(
            async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed)
        )
        self._on = self._wanted
        if self._on:
            self._work(partial(self._async_read, self._client))

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry is not self._entry or self._client is None or self._wanted is self._on:
            return
        self._on = self._wanted
        self._next.cancel()
        self._work(partial(self._async_read, self._client) if self._on else self._async_forget)

    @callback
    def _plan(self, delay: float) -> None:
        self._next.plan(delay * self._random.uniform(1, 1 + JITTER))

    @callback
    def _due(self) -> None:
        if self._client is not None:
            self._work(partial(self._async_read, self._client))

    @callback
    def _work(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do one thing at a time; what was asked for last counts."""
        before = self._task
        self._task = self._entry.async_create_background_task(
            self._hass, _after(before, work), f"{DOMAIN} address book"
        )

    async def _async_read(self, client: RingCentralClient) -> None:
        try:
            found = await client.address_book()
        except RingCentralError as error:
            await client.rest()
            self._outage.broke(error)
            self._plan(max(AGAIN_AFTER, getattr(error, "retry_after", None) or 0.0))
            return
        await client.rest()
        self._outage.works()
        self._plan(READ_EVERY)
        contacts = tuple(Contact(person.name, person.numbers) for person in found)
        if contacts != self.contacts:
            self.contacts = contacts
            self._changed()
            await self._store.async_save(_kept(contacts))

    async def _async_forget(self) -> None:
        self.contacts = ()
        self._changed()
        await self._store.async_remove()


async def async_remove_address_book(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Keep nothing of the address book of a line that is removed."""
    await _store(hass, entry).async_remove()


def _store(hass: HomeAssistant, entry: ConfigEntry) -> Store[dict[str, Any]]:
    key = f"{DOMAIN}.address_book.{entry.entry_id}"
    return Store(hass, _VERSION, key, private=True, atomic_writes=True)


async def _after(before: asyncio.Task[None] | None, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    if before is not None and not before.done():
        before.cancel()
        await asyncio.wait([before])
    await work()


def _kept(contacts: tuple[Contact, ...]) -> dict[str, Any]:
    return {
        "contacts": [{CONF_NAME: contact.name, CONF_NUMBERS: list(contact.numbers)} for contact in contacts]
    }


def _contacts(kept: dict[str, Any] | None) -> tuple[Contact, ...]:
    """Return the contacts of a file; none of one that somebody else has written."""
    try:
        return tuple(Contact.of(contact) for contact in (kept or {})["contacts"]) if kept else ()
    except KeyError, TypeError, AttributeError:
        return ()
