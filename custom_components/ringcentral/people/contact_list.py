"""A line's contacts as its entry and RingCentral's address book have them: read when it starts and when they change.

The entry isn't reloaded for them, so that no call is cut off.
"""

from collections.abc import Callable
from dataclasses import dataclass

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..const import DOMAIN, SUBENTRY_CONTACT
from .address_book import AddressBook
from .callers import Callers
from .contacts import Contact, ContactBook
from .numbering import Numbering


@dataclass(frozen=True, slots=True)
class _Known:
    """Who is known: the contacts of the entry, those of the address book, and where their numbers are read."""

    own: tuple[Contact, ...]
    others: tuple[Contact, ...]
    country: str | None


class ContactList:
    """Tells a line's callers who is a contact."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, callers: Callers, address_book: AddressBook
    ) -> None:
        """Read the contacts of an entry for its callers, and after them those of the address book."""
        self._hass = hass
        self._entry = entry
        self._callers = callers
        self._address_book = address_book
        self._read: _Known | None = None
        self._others: ContactBook | None = None
        self._loading = False
        self._listeners: list[CALLBACK_TYPE] = []

    async def async_load(self) -> None:
        """Read the contacts, off the event loop: telling numbers apart takes reading what they look like."""
        before, known = self._read, self._known()
        self._read = known
        same = before is not None and (before.others, before.country) == (known.others, known.country)
        others = self._others if same else None
        book, numbering = await self._hass.async_add_executor_job(_made, known, others)
        self._others = book.others
        self._callers.learn(book, numbering)
        for listener in list(self._listeners):
            listener()

    @callback
    def async_follow(self) -> None:
        """Read them again whenever they or the country change, until the entry is unloaded."""
        self._entry.async_on_unload(
            async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed)
        )
        self._entry.async_on_unload(self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._home_changed))
        self._address_book.async_follow(self._load_again)
        # What has changed since they were read.
        self._load_again()

    @callback
    def async_listen(self, listener: CALLBACK_TYPE) -> Callable[[], None]:
        """Call the listener when other contacts are known; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry is self._entry and change is ConfigEntryChange.UPDATED:
            self._load_again()

    @callback
    def _home_changed(self, event: Event) -> None:
        self._load_again()

    def _known(self) -> _Known:
        return _Known(contacts_of(self._entry), self._address_book.contacts, self._hass.config.country)

    @callback
    def _load_again(self) -> None:
        if not self._loading:
            self._loading = True
            self._entry.async_create_task(self._hass, self._async_load_again(), f"{DOMAIN} contacts", False)

    async def _async_load_again(self) -> None:
        # Many may be added in one turn of the loop; what changes while they are read is read in the next round.
        try:
            while self._known() != self._read:
                await self.async_load()
        finally:
            self._loading = False


def contacts_of(entry: ConfigEntry) -> tuple[Contact, ...]:
    """Return the contacts of a line."""
    return tuple(
        Contact.of(subentry.data)
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_CONTACT
    )


def _made(known: _Known, others: ContactBook | None) -> tuple[ContactBook, Numbering]:
    """Return what finds contacts; reading an address book takes time, and is spared where it was read already."""
    numbering = Numbering(known.country)
    return ContactBook(known.own, numbering, others or ContactBook(known.others, numbering)), numbering
