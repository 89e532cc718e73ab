"""What a call has in common with every other, whoever placed it (RFC 3261 §12, §14, §15): no I/O.

    not answered yet ──▶ confirmed ──BYE──▶ terminated

How it comes to be answered is told in `incoming` and `outgoing`. `_HANDLERS` says which request is taken in which phase,
`_ANY_PHASE` the rest; any other method is not allowed. A terminated call stays for a while, so that what is still on its
way finds its dialog. An answered call outlives its connection: `lost`, `move` to the next one, `reunite` once we are
registered over it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import ClassVar, Final

from .. import sdp
from ..account import Flow
from ..events import (
    Call,
    CallChanged,
    CallEnded,
    CallEvent,
    CallState,
    EndReason,
    Hold,
    KeyTold,
    MediaAgreed,
    Outcome,
)
from ..sip.digest import Credentials
from ..sip.message import Message, Request, Response
from ..transactions.dialog import Dialog
from ..transactions.server_transaction import LINGER
from ..transactions.transaction import ClientTransactions
from .dialing import TransferPendingError
from .key_info import InfoKeys, key_in
from .session import Session
from .session_refresh import GIVE_UP
from .transfer import Transfer

# Nobody lets a telephone ring for longer (RFC 3261 timer C is three minutes as well).
RING_TIMEOUT: Final = 180.0


class UnknownCallError(LookupError):
    """There is no such call, or it is past what was asked of it."""


class Phase(StrEnum):
    """Where the INVITE's transaction and dialog stand."""

    CALLING = "calling"
    """Our INVITE is out, nothing came back."""
    RINGING = "ringing"
    ACCEPTED = "accepted"
    """Our answer waits for its ACK."""
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


_UNANSWERED: Final = frozenset({Phase.CALLING, Phase.RINGING})
TALKING: Final = frozenset({Phase.ACCEPTED, Phase.CONFIRMED})

type Handler[Machine] = Callable[[Machine, Request, float], None]


class CallMachine(ABC):
    """The state machine of one call."""

    _UNANSWERED: ClassVar[Outcome]
    """What a call is that the network ends before it is answered."""
    _HANDLERS: ClassVar[Mapping[tuple[Phase, str], Callable[..., None]]]
    """Which request is taken in which phase, and by what; what is missing is in _ANY_PHASE."""

    def __init__(
        self,
        call: Call,
        phase: Phase,
        dialog: Dialog,
        *,
        require_srtp: bool,
        credentials: Credentials,
        token: Callable[[], str],
        ring_until: float,
        send: Callable[[Message], None],
        emit: Callable[[CallEvent], None],
    ) -> None:
        """Begin a call that nobody has answered yet; token() returns fresh random text.

        With require_srtp no audio goes in the clear.
        """
        self.call = call
        self.phase = phase
        self._dialog = dialog
        self._send = send
        self._emit = emit
        self._bye_owed = self._bye_unheard = False
        self._deadline = ring_until
        self._transactions = ClientTransactions(dialog, credentials=credentials, token=token, send=send)
        self.keys = InfoKeys(self._transactions)
        """The keys of ours that go as INFO requests."""
        self._session = Session(
            dialog,
            self._transactions,
            require_srtp=require_srtp,
            token=token,
            send=send,
            agreed=self._on_agreed,
            failed=self._on_session_failed,
        )
        self._transfer = Transfer(self._transactions, self._on_transferred)

    @property
    def next_deadline(self) -> float | None:
        """When tick() is due."""
        due = [
            self._transactions.next_deadline,
            self._session.next_deadline,
            self._transfer.next_deadline,
            self.keys.next_deadline,
            None if self.phase in TALKING else self._deadline,
        ]
        return min((at for at in due if at is not None), default=None)

    @property
    def over(self) -> bool:
        """Whether the call is terminated; it only lingers for what is still on its way."""
        return self.phase is Phase.TERMINATED

    @property
    def settled(self) -> bool:
        """Whether nothing is owed to the other side any more."""
        return self.over and not (self._bye_owed or self._transactions.waits_for("BYE"))

    @abstractmethod
    def hang_up(self, reason: EndReason, now: float) -> None:
        """End the call, whether it is answered or not."""

    def set_hold(self, holding: bool, now: float, agreed: Callable[[bool], None]) -> None:
        """Hold an answered call, or take it up again; see Session.set_hold."""
        self._session.set_hold(holding, now, agreed)

    def transfer(
        self, target: str, referred_by: str, now: float, finished: Callable[[EndReason], None]
    ) -> None:
        """Hand an answered call on to a URI; see Transfer.ask. Raises TransferPendingError."""
        if self._transfer.pending:
            raise TransferPendingError("The call is being handed on already")
        self._transfer.ask(target, referred_by, now, finished)

    def renew(self, credentials: Credentials) -> None:
        """Answer challenges with these from now on."""
        self._transactions.credentials = credentials

    def lost(self, now: float) -> None:
        """Go on without the connection the call has been on, once it is answered; what rings can't."""
        # What it had on its way is gone: the new INVITE on the next connection stands for every ACK (§14).
        self._session.unacknowledged = None
        if self.phase in _UNANSWERED:
            self._terminate(self._UNANSWERED, EndReason.NETWORK_ERROR, now)
        elif self.phase is Phase.ACCEPTED:
            self.phase = Phase.CONFIRMED
        self._bye_owed = self._bye_owed or self._bye_unheard or self._transactions.waits_for("BYE")
        if self._bye_owed and self._session.refresh.in_touch:
            self._deadline = now + GIVE_UP
        self._session.refresh.lost(now)
        self._transfer.lost()
        self._transactions.forget()
        self.keys.end()

    def move(self, flow: Flow, contact: str) -> None:
        """Speak over a new connection, on which the server doesn't know us yet."""
        self._dialog.move(flow, contact)
        self._session.move(flow.media_host)

    def reunite(self, now: float) -> None:
        """Tell the other side where we are, or that it is over, now that the server knows the new connection."""
        if self._session.refresh.in_touch:
            return
        if self.over:
            self._session.refresh.in_touch = True
            self._say_bye(now)
        else:
            self._session.refresh.reunite(now)

    def is_cancel(self, request: Request) -> bool:
        """Whether a CANCEL is for the INVITE of this call."""
        return False

    def in_dialog(self, request: Request) -> bool:
        """Whether a request is of this call's dialog."""
        return self._dialog.matches(request)

    def answered(self, response: Response, now: float) -> bool:
        """Take a response; False when it answers nothing of this call's."""
        return self._transactions.receive(response, now)

    def receive(self, request: Request, now: float) -> None:
        """Take a request of this call's dialog, or the CANCEL of its INVITE."""
        at_this = self.phase, request.method
        handler = (
            self._HANDLERS.get(at_this) or self._ANSWERED.get(at_this) or self._ANY_PHASE.get(request.method)
        )
        if handler is None:
            self._send(self._reply(request, 405))
            return
        if request.method not in {"ACK", "CANCEL"} and not self._dialog.in_order(request):
            self._send(self._reply(request, 500))
            return
        handler(self, request, now)

    def tick(self, now: float) -> None:
        """Do what is due."""
        self._transactions.tick(now)
        self._session.tick(now)
        self._transfer.tick(now)
        self.keys.tick(now)
        if self.phase in _UNANSWERED and now >= self._deadline:
            self._rang_out(now)
        elif self.over and now >= self._deadline and self._bye_owed and self._session.refresh.in_touch:
            # Our answer will not be acknowledged any more (§15).
            self._session.unacknowledged = None
            self._say_bye(now)
        elif self.over and now >= self._deadline:
            self._bye_owed = False
            # Something later is on its way, and has its own time-out.
            self._deadline = self._deadline if self.settled else now + LINGER

    def forgettable(self, now: float) -> bool:
        """Whether nothing of this call can still be on its way."""
        return self.settled and now >= self._deadline

    @abstractmethod
    def _rang_out(self, now: float) -> None:
        """Give up: nobody has answered."""

    # What the other side asks

    def _on_bye(self, request: Request, now: float) -> None:
        self._send(self._reply(request, 200))
        self._session.unacknowledged = None
        handed_on = self._transfer.accepted
        reason = EndReason.TRANSFERRED if handed_on else EndReason.REMOTE_HANGUP
        self._terminate(Outcome.ENDED, reason, now)

    def _on_notify(self, request: Request, now: float) -> None:
        self._send(self._reply(request, 200))
        self._transfer.notified(request, now)

    def _on_late_bye(self, request: Request, now: float) -> None:
        self._send(self._reply(request, 200))
        self._session.unacknowledged, self._bye_owed = None, False

    def _on_ack(self, request: Request, now: float) -> None:
        answered = self._session.acknowledged(request)
        if answered is None:
            return
        if self.over:
            self._say_bye(now)
            return
        self.phase = Phase.CONFIRMED
        if answered.offered:
            self._session.answered(request, now)

    def _on_invite(self, request: Request, now: float) -> None:
        self._session.invited(request, now)

    def _on_update(self, request: Request, now: float) -> None:
        self._session.updated(request, now)

    def _on_anything(self, request: Request, now: float) -> None:
        self._send(self._reply(request, 200))

    def _on_info(self, request: Request, now: float) -> None:
        self._on_anything(request, now)
        key = key_in(request)
        if key is not None and self.phase in TALKING:
            self._emit(KeyTold(self.call.call_id, key))

    def _on_too_late(self, request: Request, now: float) -> None:
        self._send(self._reply(request, 481))

    # What the session tells

    def _on_agreed(self, agreement: sdp.Agreement) -> None:
        self._emit(MediaAgreed(self.call.call_id, agreement))
        if self.call.state not in {CallState.RINGING, CallState.DIALING}:
            hold = self._session.hold
            self._change(CallState.ON_HOLD if hold else CallState.TALKING, hold)

    def _on_session_failed(self, reachable: bool, now: float) -> None:
        if self.over:
            self._say_bye(now)
        elif reachable:
            self._end_with_bye(EndReason.NETWORK_ERROR, now)
        else:
            self._terminate(Outcome.ENDED, EndReason.NETWORK_ERROR, now)

    def _on_transferred(self, now: float) -> None:
        self._end_with_bye(EndReason.TRANSFERRED, now)

    # The end

    def _end_with_bye(self, reason: EndReason, now: float) -> None:
        """End the call, and say so as soon as may be: after the ACK of our answer, and over a connection (§15)."""
        self._bye_owed = True
        self._terminate(Outcome.ENDED, reason, now)
        if not self._session.refresh.in_touch:
            self._deadline = now + GIVE_UP
        elif self._session.unacknowledged is None:
            self._say_bye(now)

    def _say_bye(self, now: float) -> None:
        self._bye_owed = self._bye_unheard = False
        self._deadline = now + LINGER
        self._transactions.ask("BYE", now, self._bye_answered)

    def _bye_answered(self, response: Response | None, now: float) -> None:
        """Whatever a BYE is answered: the call is over. Where nothing was, the connection may turn out to be dead."""
        if response is None:
            self._bye_unheard = True
            self._deadline = now + LINGER

    def _terminate(self, outcome: Outcome, reason: EndReason, now: float) -> None:
        self.phase = Phase.TERMINATED
        self._deadline = now + LINGER
        self._session.end()
        self._transfer.call_ended(reason)
        self.keys.end()
        self._emit(CallEnded(self.call, outcome, reason))

    def _change(self, state: CallState, hold: Hold | None = None) -> None:
        changed = replace(self.call, state=state, hold=hold)
        if changed != self.call:
            self.call = changed
            self._emit(CallChanged(self.call))

    def _reply(self, request: Request, status: int, *extra: tuple[str, str], body: bytes = b"") -> Response:
        return self._dialog.reply(request, status, extra, body)

    # Which request is taken in which phase, and by what

    _ANSWERED: ClassVar[Mapping[tuple[Phase, str], Handler[CallMachine]]] = {
        (Phase.ACCEPTED, "BYE"): _on_bye,
        (Phase.CONFIRMED, "BYE"): _on_bye,
        (Phase.TERMINATED, "BYE"): _on_late_bye,
        (Phase.TERMINATED, "INVITE"): _on_too_late,
        (Phase.TERMINATED, "UPDATE"): _on_too_late,
    }
    _ANY_PHASE: ClassVar[Mapping[str, Handler[CallMachine]]] = {
        "ACK": _on_ack,
        # Too late for a final answer to be taken back (§9.2).
        "CANCEL": _on_anything,
        "INVITE": _on_invite,
        "UPDATE": _on_update,
        "INFO": _on_info,
        "MESSAGE": _on_anything,
        "NOTIFY": _on_notify,
        "OPTIONS": _on_anything,
    }
