"""Numbers that are blocked here are blocked at RingCentral as well, where that was chosen.

What is wanted there is compared with what was made there, and the difference is done, a few numbers at a time. Only
entries that were made from here are ever taken away; a file of their own remembers them.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any, Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.storage import Store

from ..account.browser_session import async_last_session
from ..account.rest import async_client, async_client_of
from ..account.sources import Source
from ..cloud import (
    BlockedNumber,
    RateLimited,
    RingCentralClient,
    RingCentralError,
    UnexpectedAnswer,
    label_of,
)
from ..const import CONF_BLOCK_AT_RINGCENTRAL, CONF_SOURCE, DOMAIN, LOGGER
from ..issues import LineIssues
from ..later import Later
from ..log_once import Outage
from .callers import Callers
from .contact_list import ContactList, contacts_of
from .contacts import Contact

# Seconds
# Contacts are changed one by one in forms, and many at once from a file.
SOON: Final = 5.0
AGAIN_AFTER: Final = 900.0
JITTER: Final = 0.2
# RingCentral allows an app 40 requests of this kind in a minute, and punishes whoever asks more often.
AT_ONCE: Final = 20
NEXT_AFTER: Final = 60.0
LONGEST_FAREWELL: Final = 30.0

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Made:
    """An entry of RingCentral's list that was made from here, or is about to be: then it has no id yet."""

    number: str = field(repr=False)
    label: str = field(repr=False)
    id: str | None = field(default=None, repr=False)


class CallerBlocking:
    """Has RingCentral block whom one line's contacts block."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        client: RingCentralClient | None,
        callers: Callers,
        issues: LineIssues,
    ) -> None:
        """Block the contacts of an entry; `callers` know numbers, and without a client there is nobody to ask."""
        self.made: dict[str, Made] = {}
        """What was made, by number."""
        self._hass = hass
        self._entry = entry
        self._client = client
        self._callers = callers
        self._issues = issues
        self._store = _store(hass, entry)
        self._outage = Outage("Blocking numbers at RingCentral", entry.title)
        self._random = Random()  # noqa: S311 - nothing secret, only a jitter
        self._refused: set[str] = set()
        self._wished: object = None
        self._done_for: object = None
        self._task: asyncio.Task[None] | None = None
        self._next = Later(hass, "caller blocking", self._due)

    async def async_load(self) -> None:
        """Remember what was made."""
        if self._client is not None:
            self.made = await _load(self._store)

    @callback
    def async_follow(self, contacts: ContactList) -> None:
        """Compare what is wanted with what was made, now and whenever either changes, until the entry is unloaded."""
        if self._client is None:
            return
        for unfollow in (
            contacts.async_listen(self._changed),
            async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed),
            self._next.cancel,
        ):
            self._entry.async_on_unload(unfollow)
        self._changed()

    # When

    def _wanted(self) -> tuple[tuple[Contact, ...], str | None]:
        """Return who is to be blocked there, and the country their numbers are written in."""
        on = self._entry.options.get(CONF_BLOCK_AT_RINGCENTRAL, False)
        blocked = tuple(contact for contact in contacts_of(self._entry) if contact.blocked) if on else ()
        return blocked, self._hass.config.country

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry is self._entry:
            self._changed()

    @callback
    def _changed(self) -> None:
        if self._wanted() != self._done_for:
            self._next.plan(SOON)

    @callback
    def _due(self) -> None:
        if self._task is not None and not self._task.done():
            self._next.plan(SOON)
        elif self._client is not None:
            self._task = self._entry.async_create_background_task(
                self._hass, self._async_settle(self._client), f"{DOMAIN} caller blocking"
            )

    # What

    async def _async_settle(self, client: RingCentralClient) -> None:
        """Do some of the difference, and see to it that the rest is done."""
        wished = self._wanted()
        contacts, _ = wished
        wanted = await self._hass.async_add_executor_job(numbers_of, contacts, self._callers.e164)
        if wished != self._wished:
            self._wished = wished
            self._refused.clear()
        try:
            done = await self._async_compare(client, wanted) if wanted or self.made else True
        except RingCentralError as error:
            self._failed(error)
            await client.rest()
            return
        await client.rest()
        self._outage.works()
        self._issues.blocking_works()
        if not done:
            self._next.plan(NEXT_AFTER)
            return
        self._done_for = wished
        self._changed()

    async def _async_compare(self, client: RingCentralClient, wanted: dict[str, str]) -> bool:
        """Return whether everything is as it is wanted; raises RingCentralError."""
        listed = await client.blocked_numbers()
        self.made = still_ours(self.made, listed)
        # What somebody entered at RingCentral is theirs, and does already what we would.
        there = {entry.number for entry in listed} | self._refused
        surplus = [made for number, made in self.made.items() if number not in wanted]
        lacking = [
            Made(number, label)
            for number, label in wanted.items()
            if number not in self.made and number not in there
        ]
        now, new = surplus[:AT_ONCE], lacking[: max(0, AT_ONCE - len(surplus))]
        # Before it is made, so that it is known for ours whatever happens meanwhile.
        self.made |= {made.number: made for made in new}
        await self._async_save()
        try:
            for made in now:
                await client.unblock_number(made.id or "")
                del self.made[made.number]
            for made in new:
                await self._async_make(client, made)
        finally:
            await self._async_save()
        return len(surplus) + len(lacking) <= AT_ONCE

    async def _async_make(self, client: RingCentralClient, made: Made) -> None:
        """Block one number; raises RingCentralError unless it is the number that RingCentral doesn't take."""
        try:
            entry = await client.block_number(made.number, made.label)
        except UnexpectedAnswer as error:
            if error.error_code is None:
                raise
            LOGGER.warning("RingCentral doesn't take one of the numbers to block: %s", error)
            del self.made[made.number]
            self._refused.add(made.number)
            return
        self.made[made.number] = replace(made, id=entry.id)

    def _failed(self, error: RingCentralError) -> None:
        self._outage.broke(error)
        self._issues.blocking_failed(error)
        wait = error.retry_after if isinstance(error, RateLimited) else AGAIN_AFTER
        self._next.plan(wait * self._random.uniform(1, 1 + JITTER))

    async def _async_save(self) -> None:
        await self._store.async_save({"made": [asdict(made) for made in self.made.values()]})


async def async_take_back(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Have RingCentral block nobody any more for a line that is removed, as far as that can be done in half a minute."""
    store = _store(hass, entry)
    if made := await _load(store):
        try:
            async with asyncio.timeout(LONGEST_FAREWELL):
                await _async_unblock(hass, entry, made)
        except (RingCentralError, TimeoutError) as error:
            LOGGER.warning(
                "Numbers that the line %s had blocked stay blocked at RingCentral: %s", entry.title, error
            )
    await store.async_remove()


async def _async_unblock(hass: HomeAssistant, entry: ConfigEntry, made: dict[str, Made]) -> None:
    browser = entry.data[CONF_SOURCE] == Source.BROWSER
    client = (
        async_client(hass, await async_last_session(hass, entry)) if browser else async_client_of(hass, entry)
    )
    if client is None:
        return
    try:
        for ours in still_ours(made, await client.blocked_numbers()).values():
            await client.unblock_number(ours.id or "")
    finally:
        await client.revoke()


def numbers_of(contacts: Iterable[Contact], e164: Callable[[str], str | None]) -> dict[str, str]:
    """Return the numbers of contacts that RingCentral can block, with what each is to be called there.

    It knows neither beginnings of numbers nor extensions of another exchange.
    """
    return {
        known: label_of(contact.name)
        for contact in contacts
        for number in contact.numbers
        if (known := e164(number)) is not None
    }


def still_ours(made: dict[str, Made], listed: Iterable[BlockedNumber]) -> dict[str, Made]:
    """Return those of our entries that are still there.

    One whose making wasn't seen to its end is known by its number and label.
    """
    entries = list(listed)
    ids = {entry.id for entry in entries}
    unseen = {(entry.number, entry.label): entry.id for entry in entries}
    found = (
        ours if ours.id is not None else replace(ours, id=unseen.get((ours.number, ours.label)))
        for ours in made.values()
    )
    return {ours.number: ours for ours in found if ours.id in ids}


def _store(hass: HomeAssistant, entry: ConfigEntry) -> Store[dict[str, Any]]:
    key = f"{DOMAIN}.blocked_numbers.{entry.entry_id}"
    return Store(hass, _VERSION, key, private=True, atomic_writes=True)


async def _load(store: Store[dict[str, Any]]) -> dict[str, Made]:
    try:
        kept = await store.async_load()
        return {made["number"]: Made(**made) for made in kept["made"]} if kept else {}
    except (HomeAssistantError, KeyError, TypeError) as error:
        LOGGER.warning("What was blocked at RingCentral is not known any more: %s", type(error).__name__)
        return {}
