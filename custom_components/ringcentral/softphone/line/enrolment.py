"""The line's registration, whichever account it is for: also across a change of accounts. No I/O.

The new account registers over the same connection. An address of record of its own registers at once, beside the
former's being given back; where both share one address, the former's goes first: it would take the new one with it.
"""

from collections.abc import Callable
from typing import Final

from ..account import Account, Flow
from ..events import LineEvent, MailboxChanged, ProvisioningAsked, Unregistered
from ..rc_message import tells_of_message
from ..sip.message import Request, Response
from .registration import Registration, RegistrationState

_UNUSED: Final = frozenset({RegistrationState.IDLE, RegistrationState.UNREGISTERING})


class Enrolment:
    """The registration in force, and the former account's until it is given back."""

    def __init__(
        self,
        account: Account,
        *,
        token: Callable[[], str],
        send: Callable[[Request], None],
        emit: Callable[[LineEvent], None],
        busy: Callable[[], bool],
    ) -> None:
        """Work for an account; the functions are those of Registration."""
        self._account = account
        self._token = token
        self._send = send
        self._emit = emit
        self._busy = busy
        self._flow: Flow | None = None
        self._former: Registration | None = None
        self._held: Unregistered | None = None
        self._current = self._registration()

    @property
    def state(self) -> RegistrationState:
        """Where the registration in force stands."""
        return self._current.state

    @property
    def next_deadline(self) -> float | None:
        """When tick() is due."""
        due = [self._current.next_deadline, self._former.next_deadline if self._former else None]
        return min((at for at in due if at is not None), default=None)

    @property
    def address_of_record(self) -> str:
        """The line's own address."""
        return self._current.address_of_record

    def contact(self, flow: Flow) -> str:
        """Return where this connection is reached."""
        return self._current.contact(flow)

    def begin(self, flow: Flow, now: float) -> None:
        """Register over a new connection."""
        self._flow = flow
        self._current.begin(flow, now)

    def change_account(self, account: Account, now: float) -> None:
        """Register another account, or the same with another password, in place of the one there is."""
        before, self._account = self._account, account
        former, self._current = self._current, self._registration()
        if self._flow is None or former.state in _UNUSED:
            return
        if former.granted and _device(before) != _device(account):
            self._former = former
            former.end(now)
            if _address(before) == _address(account):
                return
        self._current.begin(self._flow, now)

    def check(self, now: float) -> bool:
        """Refresh the registration at once; False when there is none, or it is being refreshed already."""
        return self._current.check(now)

    def pace(self, answering: bool, now: float) -> None:
        """Refresh as often as it takes."""
        self._current.pace(answering, now)

    def end(self, now: float) -> None:
        """Give the registration back, where there is one, and the former account's as well."""
        self._flow = None
        self._current.end(now)

    def lost(self) -> None:
        """Forget everything of a connection that is gone."""
        self._flow = self._former = self._held = None
        self._current.lost()

    def tick(self, now: float) -> None:
        """Do what is due."""
        if self._former is not None:
            self._former.tick(now)
            self._part(self._former, now)
        self._current.tick(now)

    def receive(self, response: Response, now: float) -> bool:
        """Take a response; False when it isn't one that is waited for."""
        if self._former is not None and self._former.receive(response, now):
            self._part(self._former, now)
            return True
        return self._current.receive(response, now)

    def told(self, request: Request) -> None:
        """Take note of what the server says outside any call.

        NOTIFY `check-sync`, with or without `;reboot=…`; NOTIFY `message-summary` (RFC 3842), asked for or not; and
        RingCentral's own word for the same.
        """
        if not self._current.granted:
            return
        event = (request.headers.get("Event") or "").partition(";")[0].strip().lower()
        notified = event if request.method == "NOTIFY" else ""
        if notified == "check-sync":
            self._emit(ProvisioningAsked())
        elif notified == "message-summary" or (
            request.method == "MESSAGE" and tells_of_message(request.body)
        ):
            self._emit(MailboxChanged())

    def _part(self, former: Registration, now: float) -> None:
        """Go on without the former account once nothing more is to be had of it."""
        if former.next_deadline is not None:
            return
        self._former = None
        if self._held is not None:
            self._emit(self._held)
            self._held = None
        if self._flow is not None and self._current.state is RegistrationState.IDLE:
            self._current.begin(self._flow, now)

    def _registration(self) -> Registration:
        def emit(event: LineEvent) -> None:
            # What becomes of the former account is nobody's concern any more.
            if registration is not self._current:
                return
            if isinstance(event, Unregistered) and self._former is not None:
                # The connection must last until both are given back.
                self._held = event
                return
            self._emit(event)

        registration = Registration(
            self._account, token=self._token, send=self._send, emit=emit, busy=self._busy
        )
        return registration


def _address(account: Account) -> tuple[str, str]:
    return account.username, account.domain


def _device(account: Account) -> tuple[str, str, str]:
    return *_address(account), account.authorization_id
