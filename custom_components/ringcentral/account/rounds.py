"""Something that RingCentral is asked for again and again, as long as that is chosen: when, and what if it fails."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..calls.conversion import ConversionError
from ..cloud import RateLimited, RingCentralClient, RingCentralError, SignInRefused, Unreachable
from ..const import DOMAIN
from ..later import Later
from ..library import LibraryClosedError, LibraryError
from ..log_once import Outage

# Seconds
SOON: Final = 10.0
# RingCentral counts requests by the minute; no two rounds are closer to each other.
NEXT_AFTER: Final = 60.0
# After what only a person can mend, and what is no better in a minute.
AGAIN_AFTER: Final = 3600.0
# So that the lines that were started together don't stay together.
JITTER: Final = 0.2


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for, and how often.

    Attributes:
        option: the choice that it needs.
        what: its name in the log.
        first: seconds from the start of the line; what else asks then is not to be disturbed.
        every: seconds from one round to the next.
        ask: does a round, and returns whether there is more to be done soon.
        failed: hears why a round failed.
        worked: hears that one didn't, or that none is wanted any more.
    """

    option: str
    what: str
    first: float
    every: float
    ask: Callable[[RingCentralClient], Awaitable[bool]]
    failed: Callable[[RingCentralError], None]
    worked: Callable[[], None]


class Rounds:
    """Goes one kind of rounds for one line."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, client: RingCentralClient | None, plan: Plan
    ) -> None:
        """Plan nothing yet; without a client there is nobody to ask."""
        self._hass = hass
        self._entry = entry
        self._client = client
        self._plan = plan
        self._outage = Outage(plan.what, entry.title)
        self._random = Random()  # noqa: S311 - nothing secret, only a jitter
        self._next = Later(hass, plan.what, self._due)
        self._on = False
        self._begun_at = float("-inf")
        self._due_at = float("inf")
        self._task: asyncio.Task[None] | None = None
        self._asked_to_sign_in = False

    @callback
    def async_start(self) -> None:
        """Go the rounds whenever they are chosen, until the entry is unloaded."""
        if self._client is None:
            return
        self._entry.async_on_unload(self._next.cancel)
        self._entry.async_on_unload(
            async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed)
        )
        self._on = self._wanted
        if self._on:
            self._later(self._plan.first)

    @callback
    def async_hurry(self) -> None:
        """Go a round soon: there is news."""
        now = self._hass.loop.time()
        at = max(now + SOON, self._begun_at + NEXT_AFTER)
        # Who tells of news all the time must not put it off all the time.
        if self._on and at < self._due_at:
            self._plan_next(at - now)

    @property
    def _wanted(self) -> bool:
        return bool(self._entry.options.get(self._plan.option))

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry is not self._entry or self._wanted is self._on:
            return
        self._on = self._wanted
        if self._on:
            self._plan_next(SOON)
            return
        self._next.cancel()
        self._plan.worked()

    def _later(self, delay: float) -> None:
        if self._on:
            self._plan_next(delay * self._random.uniform(1, 1 + JITTER))

    def _plan_next(self, delay: float) -> None:
        self._due_at = self._hass.loop.time() + delay
        self._next.plan(delay)

    @callback
    def _due(self) -> None:
        if self._task is not None and not self._task.done():
            # One at a time; it plans what comes after it.
            return
        assert self._client is not None
        self._due_at = float("inf")
        self._begun_at = self._hass.loop.time()
        self._task = self._entry.async_create_background_task(
            self._hass, self._async_go(self._client), f"{DOMAIN} {self._plan.what}"
        )

    async def _async_go(self, client: RingCentralClient) -> None:
        try:
            more = await self._plan.ask(client)
        except (RingCentralError, LibraryError, ConversionError) as error:
            self._failed(error)
        else:
            self._outage.works()
            self._asked_to_sign_in = False
            if self._on:
                self._plan.worked()
            self._later(NEXT_AFTER if more else self._plan.every)
        await client.rest()

    def _failed(self, error: RingCentralError | LibraryError | ConversionError) -> None:
        if isinstance(error, LibraryClosedError):
            # The line is being stopped.
            return
        self._outage.broke(error)
        if isinstance(error, RingCentralError):
            self._plan.failed(error)
        if isinstance(error, SignInRefused) and not self._asked_to_sign_in:
            # Once: who has closed the question isn't asked for ever.
            self._asked_to_sign_in = True
            self._entry.async_start_reauth(self._hass)
        self._later(max(_pause_after(error), self._plan.every))


def _pause_after(error: RingCentralError | LibraryError | ConversionError) -> float:
    match error:
        case RateLimited() | Unreachable():
            return error.retry_after or 0.0
        case LibraryError():
            return 0.0
        case _:
            return AGAIN_AFTER
