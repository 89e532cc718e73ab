"""Keeps a line's credentials fresh: when new ones are fetched from RingCentral, and when only signing in helps."""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from random import Random
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..cloud import EncryptionWithdrawn, Provision, RingCentralClient, RingCentralError, SignInRefused
from ..const import CONF_PROVISION, DOMAIN, LOGGER
from ..health import ProvisioningOutcome
from ..softphone import Account, PhoneEvent, ProvisioningAsked, Registered, RegistrationRefused
from .sources import account_of, wants_encryption

# What RingCentral's administrators see as the phone's name.
COMPUTER_NAME: Final = "Home Assistant"

# Statuses that mean: these credentials are of no more use, ask for new ones.
_STALE_CREDENTIALS: Final = frozenset({400, 401, 403, 404, 407})
_WRONG_PASSWORD: Final = frozenset({401, 403, 407})
# The first may be a hiccup of the server's.
_REFUSALS_BEFORE_SIGNING_IN: Final = 2

# Seconds
# Between two provisionings, whatever the server asks for and however often it refuses us.
INTERVAL: Final = 900.0
# RingCentral suggests two hours; a figure that makes no sense must neither flood it nor be never.
SHORTEST_POLLING: Final = 3600.0
LONGEST_POLLING: Final = 7 * 86400.0
# So that the phones that were started together don't stay together.
POLLING_JITTER: Final = 0.2


class Occasion(StrEnum):
    """Why credentials are fetched."""

    REFUSED = "refused"
    """The server doesn't take the ones there are."""
    ASKED = "asked"
    """The server says that there are others."""
    DUE = "due"
    """RingCentral wants to be asked now and then."""


class Provisioning:
    """The credentials of one line: fetched one at a time and in bounds, and signing in asked for once."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        client: RingCentralClient | None,
        account: Account,
        *,
        registered: Callable[[], bool],
        confirmed: Callable[[], None],
        renewed: Callable[[Account], None],
        failed: Callable[[RingCentralError | ValueError], None],
        signed_out: Callable[[], None],
        outcomes: deque[ProvisioningOutcome],
    ) -> None:
        """Look after the account of an entry; without a client there is nobody to fetch new credentials from.

        Args:
            registered: tells whether the line is well; a fetch that fails concerns nobody then.
            confirmed: hears that the credentials there are are the right ones.
            renewed: takes the account that is in force from now on.
            failed: hears why there is none for a line that needs it.
            signed_out: hears that only signing in helps.
            outcomes: takes what is remembered.
        """
        self._hass = hass
        self._entry = entry
        self._client = client
        self._account = account
        self._registered = registered
        self._confirmed = confirmed
        self._renewed = renewed
        self._failed = failed
        self._signed_out = signed_out
        self._outcomes = outcomes
        self._random = Random()  # noqa: S311 - nothing secret, only a jitter
        self._refusals = 0
        self._fetched_since_refusal = False
        self._asked_to_sign_in = False
        self._wanted: Occasion | None = None
        self._begun_at: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._next: asyncio.TimerHandle | None = None
        self._poll: asyncio.TimerHandle | None = None
        self._stopped = False

    @callback
    def async_start(self) -> None:
        """Begin to fetch now and then."""
        self._plan_poll()

    async def async_stop(self) -> None:
        """Fetch nothing any more."""
        self._stopped = True
        for timer in (self._next, self._poll):
            if timer is not None:
                timer.cancel()
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    @callback
    def follow(self, event: PhoneEvent) -> None:
        """Take note of what happened on the line."""
        if self._stopped:
            return
        match event:
            case Registered():
                self._refusals = 0
                self._fetched_since_refusal = self._asked_to_sign_in = False
                if self._wanted is Occasion.REFUSED:
                    self._wanted = None
            case RegistrationRefused(status) if status in _STALE_CREDENTIALS:
                self._refused(status)
            case ProvisioningAsked():
                self._want(Occasion.ASKED)

    def _refused(self, status: int) -> None:
        self._refusals += status in _WRONG_PASSWORD
        helpless = self._client is None or self._fetched_since_refusal
        if helpless and self._refusals >= _REFUSALS_BEFORE_SIGNING_IN:
            self._sign_in()
        self._want(Occasion.REFUSED)

    def _sign_in(self) -> None:
        """Ask the user, and not again before a registration has succeeded: who has said no is not asked for ever."""
        self._signed_out()
        if not self._asked_to_sign_in:
            self._asked_to_sign_in = True
            self._entry.async_start_reauth(self._hass)

    # When

    def _want(self, occasion: Occasion) -> None:
        # A refusal is past once the line registers again, the others aren't.
        if self._wanted in {None, Occasion.REFUSED}:
            self._wanted = occasion
        self._consider()

    def _consider(self) -> None:
        """Fetch what is wanted, or see to it that it is fetched when that may be."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._client is None or self._wanted is None or self._stopped:
            return
        if self._task is not None and not self._task.done():
            return
        now = self._hass.loop.time()
        wait = 0.0 if self._begun_at is None else self._begun_at + INTERVAL - now
        if wait > 0:
            self._next = self._hass.loop.call_later(wait, self._consider)
            return
        occasion, self._wanted, self._begun_at = self._wanted, None, now
        self._task = self._entry.async_create_background_task(
            self._hass, self._fetch(self._client, occasion), f"{DOMAIN} provisioning"
        )
        self._task.add_done_callback(self._done)

    def _done(self, _: asyncio.Task[None]) -> None:
        self._plan_poll()
        self._consider()

    def _plan_poll(self) -> None:
        if self._poll is not None:
            self._poll.cancel()
        if self._client is None or self._stopped:
            return
        interval = Provision.from_dict(self._entry.data[CONF_PROVISION]).polling_interval
        if interval is not None:
            bounded = min(max(interval, SHORTEST_POLLING), LONGEST_POLLING)
            delay = bounded * self._random.uniform(1, 1 + POLLING_JITTER)
            self._poll = self._hass.loop.call_later(delay, self._want, Occasion.DUE)

    # What

    async def _fetch(self, client: RingCentralClient, occasion: Occasion) -> None:
        """Fetch the credentials of the same device, and change over to them."""
        before = self._entry.data[CONF_PROVISION]
        try:
            encrypted = wants_encryption(self._entry.data)
            provision = await client.renew(COMPUTER_NAME, Provision.from_dict(before), encrypted=encrypted)
            # Read only now: asking may have changed the tokens that are kept beside it.
            fresh = {**self._entry.data, CONF_PROVISION: provision.as_dict()}
            account = account_of(fresh, self._entry.entry_id)
        except (RingCentralError, ValueError) as error:
            LOGGER.debug("Provisioning anew failed: %s", error)
            self._note(occasion, f"failed: {type(error).__name__}")
            if occasion is not Occasion.REFUSED and self._registered():
                return
            if isinstance(error, (SignInRefused, EncryptionWithdrawn)):
                self._sign_in()
            else:
                self._failed(error)
            return
        if self._entry.data[CONF_PROVISION] != before:
            # The user has chosen another phone meanwhile, and the line is about to begin anew with that.
            self._note(occasion, "outdated")
            return
        self._hass.config_entries.async_update_entry(self._entry, data=fresh)
        # From here on it is these credentials that are refused or not.
        self._fetched_since_refusal, self._refusals = True, 0
        if account == self._account:
            self._note(occasion, "unchanged")
            self._confirmed()
            return
        self._note(occasion, "renewed")
        self._account = account
        self._renewed(account)

    def _note(self, occasion: Occasion, outcome: str) -> None:
        self._outcomes.append(ProvisioningOutcome(dt_util.utcnow(), occasion, outcome))
