"""Hands one call on to somebody else by REFER (RFC 3515), and follows what becomes of that: no I/O.

idle ──ask──▶ asking ──2xx──▶ accepted ──NOTIFY 2xx, or no word to come──▶ done: we hang up
│                │ ──BYE of theirs──▶ done
└──3xx … 6xx, no answer, NOTIFY ≥ 300──▶ idle again, and the call goes on
"""

from collections.abc import Callable
import re
from typing import Final

from ..events import EndReason
from ..sip.message import Request, Response
from ..transactions.transaction import ClientTransactions
from .final_status import reason_of

# Seconds after which a server that took the REFER and said nothing is not believed (§2.4.4: it tells at once).
FIRST_WORD: Final = 32.0
# And after which nobody picks up any more where it rings.
LAST_WORD: Final = 180.0
# How long a server that says it won't tell has to hang up, before we do (RFC 4488).
FAREWELL: Final = 5.0

_STATUS: Final = re.compile(rb"\s*SIP/2\.0 ([1-6]\d\d)\b", re.IGNORECASE)
_ID: Final = re.compile(r";\s*id\s*=\s*(\d{1,10})\b", re.ASCII | re.IGNORECASE)


class Transfer:
    """One call's transfers, one after the other."""

    def __init__(self, transactions: ClientTransactions, succeeded: Callable[[float], None]) -> None:
        """Ask in the dialog of these transactions; succeeded(now) is to end the call: it is theirs."""
        self.accepted = False
        """Whether the other side has said that it will call whom we named, and not yet what became of that."""
        self._transactions = transactions
        self._succeeded = succeeded
        self._finished: Callable[[EndReason], None] | None = None
        self._sequence: int | None = None
        self._silent = False
        self._give_up_at: float | None = None

    @property
    def pending(self) -> bool:
        """Whether a transfer is under way."""
        return self._finished is not None or self._transactions.waits_for("REFER")

    @property
    def next_deadline(self) -> float | None:
        """When tick() is due."""
        return self._give_up_at

    def ask(self, target: str, referred_by: str, now: float, finished: Callable[[EndReason], None]) -> None:
        """Have the other side call a URI, on behalf of another (RFC 3892), while no transfer is under way.

        finished() takes TRANSFERRED, or why the call is still ours; the reason the call ended for, where it ended first.
        """
        assert not self.pending
        self._finished = finished
        self._sequence = None
        fields = (
            ("Refer-To", f"<{target}>"),
            ("Referred-By", f"<{referred_by}>"),
            ("Accept", "message/sipfrag"),
        )
        self._transactions.ask("REFER", now, self._answered, fields)

    def notified(self, notify: Request, now: float) -> None:
        """Take a NOTIFY of the dialog: how far the call to the other has come (§2.4.5)."""
        event = notify.headers.get("Event") or ""
        named = _ID.search(event)
        if (
            self._finished is None
            or event.partition(";")[0].strip().lower() != "refer"
            # Of a transfer before this one (§2.4.6).
            or (named is not None and self._sequence is not None and int(named[1]) != self._sequence)
        ):
            return
        said = _STATUS.match(notify.body)
        status = int(said[1]) if said else 100
        state = (notify.headers.get("Subscription-State") or "").partition(";")[0].strip().lower()
        if status >= 300:
            self._fail(reason_of(status))
        elif status >= 200 or (state == "terminated" and self.accepted):
            # The last word is no failure: they go on by themselves.
            self._succeeded(now)
        else:
            self._silent = False
            self._give_up_at = now + LAST_WORD

    def lost(self) -> None:
        """Note that the connection is gone: what was not taken yet can't be known to be."""
        if not self.accepted:
            self._fail(EndReason.NETWORK_ERROR)

    def call_ended(self, reason: EndReason) -> None:
        """Follow it no longer: the call is over."""
        self._fail(reason)

    def tick(self, now: float) -> None:
        """Do what is due."""
        if self._give_up_at is None or now < self._give_up_at:
            return
        if self._silent:
            self._succeeded(now)
        else:
            self._fail(EndReason.NO_ANSWER)

    def _answered(self, response: Response | None, now: float) -> None:
        if self._finished is None:
            # A NOTIFY or the end of the call was faster.
            return
        if response is None:
            self._fail(EndReason.NETWORK_ERROR)
        elif response.status >= 300:
            self._fail(reason_of(response.status))
        else:
            self.accepted = True
            self._sequence = response.cseq.number
            self._silent = (response.headers.get("Refer-Sub") or "").strip().lower().startswith("false")
            if self._give_up_at is None:
                self._give_up_at = now + (FAREWELL if self._silent else FIRST_WORD)

    def _fail(self, reason: EndReason) -> None:
        finished, self._finished = self._finished, None
        self.accepted, self._silent, self._give_up_at = False, False, None
        if finished is not None:
            finished(reason)
