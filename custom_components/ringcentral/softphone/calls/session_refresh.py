"""Keeps one session alive by re-INVITEs of ours: after a lost connection, and for its timer (RFC 4028). No I/O.

    in touch ──connection lost──▶ out of touch ──registered again──▶ asking ──200──▶ in touch
       │  ▲                                                           │   ▲
       └──┘ timer: asking ──200                 491, 5xx, no answer … └───┘ after a pause

RingCentral sends nothing more in a dialog whose connection is gone until an INVITE in it comes over the new one.
"""

from collections.abc import Callable
from typing import Final

from ..sdp import CONTENT_TYPE
from ..sip.message import Fields, Response
from ..transactions.transaction import ClientTransactions
from .session_timer import SUPPORTED, SessionTimer

# How long a call goes on without a line, and then without an answer; the other side may have hung up long ago.
GIVE_UP: Final = 300.0
# Seconds to wait after two INVITEs met (RFC 3261 §14.1), at the least and at the most: whose the Call-ID is waits longer.
OWNER_GLARE_PAUSE: Final = (2.1, 4.0)
GLARE_PAUSE: Final = (0.0, 2.0)
# After any other failure, in seconds; a server may ask for more, within bounds.
FAILURE_PAUSE: Final = 10.0
LONGEST_PAUSE: Final = 60.0
# What says no to a change, and would again.
_UNWANTED: Final = frozenset({403, 415, 488, 603, 606})
# Until an INVITE of theirs is through.
_BUSY_PAUSE: Final = 0.5


class SessionRefresh:
    """Says when a session needs an INVITE of ours, and sees that through."""

    def __init__(
        self,
        transactions: ClientTransactions,
        *,
        owner: bool,
        token: Callable[[], str],
        description: Callable[[], bytes | None],
        refreshed: Callable[[Response, float], None],
        refused: Callable[[], None],
        failed: Callable[[bool, float], None],
    ) -> None:
        """Ask through these transactions; owner says that the Call-ID is ours, token() returns fresh hexadecimal text.

        description() returns our session's, None while there can't be an offer; refreshed(response, now) takes each
        success; refused() that they don't want our change, and will be asked without; failed(reachable, now) is told the end, and whether the other side may still know of the dialog.
        """
        self.in_touch = True
        self._transactions = transactions
        self._glare_pause = OWNER_GLARE_PAUSE if owner else GLARE_PAUSE
        self._token = token
        self._description = description
        self._refreshed = refreshed
        self._refused = refused
        self._failed = failed
        self._stopped = False
        self._changing = False
        self._timer: SessionTimer | None = None
        self._lost_at: float | None = None
        self._ask_at: float | None = None
        self._expires_at: float | None = None

    @property
    def next_deadline(self) -> float | None:
        """When tick() is due."""
        due = [self._give_up_at, self._expires_at, self._ask_at if self._may_ask else None]
        return min((at for at in due if at is not None), default=None)

    def agreed(self, timer: SessionTimer | None, now: float) -> None:
        """Begin the session's interval, or its next (§9)."""
        self._timer = timer
        self._expires_at = None if timer is None else now + timer.expires_after
        if self._lost_at is None and not self._changing:
            self._ask_at = now + timer.refresh_after if timer is not None and timer.refreshing else None

    def lost(self, now: float) -> None:
        """Note that the connection is gone."""
        self.in_touch = False
        if self._lost_at is None and not self._stopped:
            self._lost_at = now

    def reunite(self, now: float) -> None:
        """Ask over the new connection, now that the server knows it.

        However long it took, the other side now has time to answer.
        """
        self.in_touch = True
        self._lost_at = None if self._lost_at is None else now
        self._ask(now)

    def change(self, now: float) -> None:
        """Ask as soon as may be: what we want of the session has changed (RFC 3261 §14.1)."""
        self._changing = True
        self._ask_at = now
        if self._may_ask:
            self._ask(now)

    def stop(self) -> None:
        """Want nothing any more: the call is over."""
        self._stopped = True
        self._timer = self._lost_at = self._ask_at = self._expires_at = None

    def tick(self, now: float) -> None:
        """Do what is due."""
        if any(at is not None and now >= at for at in (self._give_up_at, self._expires_at)):
            self._failed(True, now)
        elif self._may_ask and self._ask_at is not None and now >= self._ask_at:
            self._ask(now)

    @property
    def _give_up_at(self) -> float | None:
        return None if self._lost_at is None else self._lost_at + GIVE_UP

    @property
    def _may_ask(self) -> bool:
        return self.in_touch and not self._transactions.waits_for("INVITE")

    def _ask(self, now: float) -> None:
        body = self._description()
        if body is None:
            self._ask_at = now + _BUSY_PAUSE
            return
        self._ask_at = None
        timer: Fields = self._timer.request_fields if self._timer is not None else ()
        extra = (("Supported", SUPPORTED), *timer, ("Content-Type", CONTENT_TYPE))
        self._transactions.ask("INVITE", now, self._answered, extra, body)

    def _answered(self, response: Response | None, now: float) -> None:
        if self._stopped:
            return
        if response is None:
            # Not the end of a session that may stand: it is the connection that may be dead.
            self._ask_at = now + FAILURE_PAUSE
        elif response.status < 300:
            self._lost_at, self._changing = None, False
            self.agreed(SessionTimer.granted(response), now)
            self._refreshed(response, now)
        elif response.status in {408, 481}:
            self._failed(response.status == 408, now)
        else:
            if response.status == 422 and self._timer is not None:
                self._timer = self._timer.at_least(response)
            elif response.status in _UNWANTED:
                self._refused()
            self._ask_at = now + self._pause(response)

    def _pause(self, response: Response) -> float:
        if response.status == 491:
            shortest, longest = self._glare_pause
            return shortest + (longest - shortest) * int(self._token()[:4], 16) / 0xFFFF
        stated = (response.headers.get("retry-after") or "").partition(";")[0].partition("(")[0].strip()
        if stated.isascii() and stated.isdigit() and len(stated) <= 10:
            return min(max(float(stated), 1.0), LONGEST_PAUSE)
        return FAILURE_PAUSE
