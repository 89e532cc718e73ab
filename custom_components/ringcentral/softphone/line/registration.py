"""Keeps one SIP registration on one connection (RFC 3261 §10, RFC 5626): no I/O, only messages, times and events.

    idle ──begin──▶ registering ──200──▶ registered ──refresh due──▶ registering …
                        │  ▲                  │
                    401 └──┘ (≤ 3 nonces)     └──end──▶ unregistering ──200──▶ idle
                        └──403, 503, 603 …──▶ refused   (whoever owns the connection waits and begins again)

A request without an answer means that the connection is dead, whatever TCP says. A refusal while calls are up leaves
them the connection: the server is asked again over it, later.
"""

from collections.abc import Callable
from enum import StrEnum
from random import Random
from typing import Final, TypeGuard

from ..account import Account, Flow
from ..events import FlowFailed, LineEvent, Registered, RegistrationRefused, Unregistered, ViaRewritten
from ..party import clean_text
from ..sip.address import escape_user, parse_name_addr
from ..sip.message import Headers, Request, Response
from ..transactions.proofs import Proofs, challenge_of
from .backoff import Backoff
from .redirect import redirect_target

# What RingCentral's SDKs ask for over TCP; it grants 45 to 3,601 s.
REQUESTED_EXPIRES: Final = 600
# No server of ours takes longer to answer on a live connection.
ANSWER_TIMEOUT: Final = 10.0
# RingCentral forgets an idle connection after about two minutes, and so do routers.
REFRESH_PERIOD: Final = 90.0
# Where the server doesn't answer pings, the refresh is what finds a dead connection: within 40 s.
UNPROVEN_REFRESH_PERIOD: Final = 30.0
# The refresh, a challenge and both answers must fit in before the registration runs out.
REFRESH_MARGIN: Final = 2 * ANSWER_TIMEOUT

DEFAULT_RETRY: Final = 30.0
# A server's word is taken for this long; its next one may have come to another opinion.
LONGEST_RETRY: Final = 3600.0
# How long to leave a server alone that said no, in seconds.
_RETRY_AFTER: Final = {
    401: 120.0,  # our password is wrong; asking faster only gets the address banned
    403: 120.0,
    404: 300.0,
    407: 120.0,
    603: 75.0,  # RingCentral's "Too Many Contacts": a slot is free one to two minutes after its owner left
}


class RegistrationState(StrEnum):
    """Where the registration stands."""

    IDLE = "idle"
    REGISTERING = "registering"
    REGISTERED = "registered"
    REFUSED = "refused"
    UNREGISTERING = "unregistering"


class Registration:
    """The registration of one account over one connection."""

    def __init__(
        self,
        account: Account,
        *,
        token: Callable[[], str],
        send: Callable[[Request], None],
        emit: Callable[[LineEvent], None],
        busy: Callable[[], bool],
    ) -> None:
        """Work for an account.

        token() returns fresh random text, send and emit take what comes out, busy() tells whether calls are up.
        """
        self.state = RegistrationState.IDLE
        self.granted = False
        """Whether the server has registered us over this connection."""
        self._account = account
        self._token = token
        self._send = send
        self._emit = emit
        self._busy = busy
        self._flow: Flow | None = None
        self._call_id = ""
        self._from_tag = ""
        self._cseq = 0
        self._expires = REQUESTED_EXPIRES
        self._proofs = Proofs()
        self._asked_at = 0.0
        self._via_rewritten = False
        self._outbound = True
        self._answer_by: float | None = None
        self._refresh_at: float | None = None
        self._period = UNPROVEN_REFRESH_PERIOD
        self._granted_at = 0.0
        self._longest = 0.0
        self._backoff = Backoff(Random(0))  # noqa: S311 - nothing secret, only a jitter

    @property
    def next_deadline(self) -> float | None:
        """When tick() is due."""
        return self._answer_by if self._answer_by is not None else self._refresh_at

    @property
    def address_of_record(self) -> str:
        """The line's own address."""
        return f"sip:{escape_user(self._account.username)}@{self._account.domain}"

    def contact(self, flow: Flow) -> str:
        """Return where this connection is reached: its own end, so that the server answers down the same pipe."""
        user = escape_user(self._account.username)
        return f"<sip:{user}@{flow.sent_by};transport={flow.transport.lower()}>"

    def begin(self, flow: Flow, now: float) -> None:
        """Register over a new connection."""
        self._flow = flow
        self._call_id = self._token()
        self._from_tag = self._token()[:16]
        self._expires = REQUESTED_EXPIRES
        self._period = UNPROVEN_REFRESH_PERIOD
        self._backoff = Backoff(Random(self._token()))  # noqa: S311
        self._via_rewritten = False
        self._outbound = True
        self.granted = False
        self.state = RegistrationState.REGISTERING
        self._register(now)

    def pace(self, answering: bool, now: float) -> None:
        """Refresh as often as it takes: more rarely on a connection that answers pings."""
        period = REFRESH_PERIOD if answering else UNPROVEN_REFRESH_PERIOD
        if period == self._period:
            return
        self._period = period
        if self.state is RegistrationState.REGISTERED and self._refresh_at is not None:
            due = self._granted_at + min(self._longest, period)
            self._refresh_at = due if due > now else min(self._refresh_at, now + period)

    def check(self, now: float) -> bool:
        """Register anew at once instead of when it is due; False where nothing is registered, or is asked already."""
        if self.state is not RegistrationState.REGISTERED:
            return False
        self.state = RegistrationState.REGISTERING
        self._register(now)
        return True

    def end(self, now: float) -> None:
        """Give the registration back, where there is one."""
        if self.state is RegistrationState.UNREGISTERING:
            # It is on its way already, and may yet be challenged.
            return
        asking_again = self.state is RegistrationState.REFUSED and self._refresh_at is not None
        if not asking_again and self.state not in {
            RegistrationState.REGISTERED,
            RegistrationState.REGISTERING,
        }:
            self.state = RegistrationState.IDLE
            self._emit(Unregistered())
            return
        self.state = RegistrationState.UNREGISTERING
        self._expires = 0
        self._register(now)

    def lost(self) -> None:
        """Forget everything of a connection that is gone."""
        self.state = RegistrationState.IDLE
        self.granted = False
        self._flow = self._answer_by = self._refresh_at = None

    def tick(self, now: float) -> None:
        """Do what is due."""
        if self._answer_by is not None and now >= self._answer_by:
            self._answer_by = None
            self._emit(FlowFailed("the server doesn't answer"))
        elif self._refresh_at is not None and now >= self._refresh_at:
            self.state = RegistrationState.REGISTERING
            self._register(now)

    def receive(self, response: Response, now: float) -> bool:
        """Take a response; False when it isn't the one that is waited for."""
        if self._answer_by is None or response.call_id != self._call_id or response.cseq.number != self._cseq:
            return False
        self._look_at_via(response)
        if response.status < 200:
            self._answer_by = now + ANSWER_TIMEOUT
            return True
        self._answer_by = None
        if response.status < 300:
            self._granted(response, now)
        elif response.status in {401, 407}:
            self._challenged(response, now)
        elif response.status == 423 and self._interval_too_brief(response, now):
            pass
        elif response.status == 439 and self._instance and self._outbound:
            # A proxy on the way doesn't know RFC 5626: then without (§4.2.1).
            self._outbound = False
            self._register(now)
        else:
            self._refused(response, now)
        return True

    def _register(self, now: float, proofs: Proofs | None = None) -> None:
        assert self._flow is not None
        self._proofs = proofs or Proofs()
        self._cseq += 1
        self._refresh_at = None
        self._asked_at = now
        self._answer_by = now + ANSWER_TIMEOUT
        own = self.address_of_record
        fields = [
            ("Via", self._flow.via(self._token())),
            ("Max-Forwards", "70"),
            ("From", f"<{own}>;tag={self._from_tag}"),
            ("To", f"<{own}>"),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} REGISTER"),
            ("Contact", f"{self.contact(self._flow)}{self._instance};expires={self._expires}"),
            ("Expires", str(self._expires)),
            # RFC 5626 §4.2.1: without it a registrar takes no notice of the instance.
            *([("Supported", "path, outbound")] if self._instance and self._outbound else []),
            *self._proofs.fields,
            ("User-Agent", self._account.user_agent),
        ]
        self._send(Request(Headers(fields), b"", "REGISTER", f"sip:{self._account.domain}"))

    @property
    def _instance(self) -> str:
        instance = self._account.instance_id
        reg_id = ";reg-id=1" if self._outbound else ""
        return f';+sip.instance="<{instance}>"{reg_id}' if instance else ""

    def _look_at_via(self, response: Response) -> None:
        """Servers add to our Via (`received`, `rport`: RFC 3581), but leave its sent-by alone (RFC 3261 §18.2.1)."""
        assert self._flow is not None
        if self._via_rewritten or response.sent_by in {"", self._flow.sent_by.lower()}:
            return
        self._via_rewritten = True
        self._emit(ViaRewritten())

    def _granted(self, response: Response, now: float) -> None:
        if self.state is RegistrationState.UNREGISTERING:
            self.state = RegistrationState.IDLE
            self._emit(Unregistered())
            return
        expires = self._granted_expires(response)
        self.state = RegistrationState.REGISTERED
        self.granted = True
        self._backoff.reset()
        # Its time runs since the server had the request: an answer may be old, after a suspend for one. A short grant
        # leaves no room for the margin: then at its half.
        self._granted_at, self._longest = self._asked_at, max(expires - REFRESH_MARGIN, expires / 2)
        self._refresh_at = self._granted_at + min(self._longest, self._period)
        assert self._flow is not None
        self._emit(Registered(expires, (now - self._asked_at) * 1000, self._flow.proxy))

    def _granted_expires(self, response: Response) -> float:
        """Read our own contact's expiry: the answer may list other phones of the account as well (§10.3)."""
        assert self._flow is not None
        own = parse_name_addr(self.contact(self._flow))
        assert own is not None
        ours = own.uri.partition(";")[0].lower()
        for contact in response.contacts:
            if contact.uri.partition(";")[0].lower() == ours and _seconds(contact.params.get("expires")):
                return float(contact.params["expires"])
        # A server that rewrites the contact (NAT) names just one; else the header speaks for all.
        if len(response.contacts) == 1 and _seconds(response.contacts[0].params.get("expires")):
            return float(response.contacts[0].params["expires"])
        stated = response.headers.get("expires")
        return float(stated) if stated and _seconds(stated) else float(self._expires)

    def _challenged(self, response: Response, now: float) -> None:
        proofs = self._proofs.meet(
            response,
            self._account.credentials,
            method="REGISTER",
            uri=f"sip:{self._account.domain}",
            cnonce=self._token()[:16],
        )
        if proofs is None:
            self._refused(response, now)
        else:
            self._register(now, proofs)

    def _interval_too_brief(self, response: Response, now: float) -> bool:
        """Ask again for as long as the server wants at the least (§10.2.8), once."""
        minimum = response.headers.get("min-expires")
        if (
            self._expires != REQUESTED_EXPIRES
            or not _seconds(minimum)
            or not self._expires < int(minimum) <= 86400
        ):
            return False
        self._expires = int(minimum)
        self._register(now)
        return True

    def _refused(self, response: Response, now: float) -> None:
        if self.state is RegistrationState.UNREGISTERING:
            self.state = RegistrationState.IDLE
            self._emit(Unregistered())
            return
        self.state = RegistrationState.REFUSED
        self.granted = False
        status, reason = response.status, clean_text(response.reason)
        if self._busy():
            wait = max(self._backoff.next_delay(), _wait(response, 1.0))
            self._refresh_at = now + wait
            self._emit(RegistrationRefused(status, reason, wait, kept=True))
            return
        self._refresh_at = None
        target = redirect_target(response, self._account.transport)
        self._emit(RegistrationRefused(status, reason, _wait(response, DEFAULT_RETRY), redirect=target))


def _wait(response: Response, usual: float) -> float:
    """Return how long to leave the server alone, in seconds."""
    challenge = challenge_of(response)
    # A stale nonce is no word against our password: the server's nonces run out faster than we answer.
    stale = challenge is not None and challenge.stale
    return _stated_wait(response) or (usual if stale else _RETRY_AFTER.get(response.status, usual))


def _stated_wait(response: Response) -> float:
    """Return what Retry-After says, an hour at the most; 0 when it says nothing of use."""
    stated = (response.headers.get("retry-after") or "").partition("(")[0].partition(";")[0].strip()
    return min(float(stated), LONGEST_RETRY) if _seconds(stated) else 0.0


def _seconds(text: str | None) -> TypeGuard[str]:
    return (
        text is not None and len(text) <= 10 and text.isascii() and text.isdigit() and 0 < int(text) < 2**31
    )
