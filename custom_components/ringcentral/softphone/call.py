"""One incoming call, from its INVITE to its end (RFC 3261 §9, §13, §14, §15): no I/O.

    ringing ──answer──▶ accepted ──ACK──▶ confirmed ──BYE──▶ terminated
       │ CANCEL, reject      │ no ACK in 32 s, BYE               ▲
       └─────────────────────┴───────────────────────────────────┘

`_HANDLERS` says which request is taken in which phase, `_ANY_PHASE` the rest; any other method is not allowed.
A terminated call stays for a while, so that what is still on its way finds its dialog.
An answered call outlives its connection: `lost`, `move` to the next one, `reunite` once we are registered over it.
"""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import ClassVar, Final

from . import sdp
from .account import Flow
from .dialog import Dialog
from .events import Call, CallChanged, CallEnded, CallEvent, CallState, EndReason, MediaAgreed, Outcome
from .server_transaction import ACK_TIMEOUT, completed_elsewhere, is_cancel_of, is_merged_with, is_repeat_of
from .session import Session
from .session_refresh import GIVE_UP
from .sip.digest import Credentials
from .sip.message import Message, Request, Response
from .sip.reply import reply
from .transaction import ClientTransactions

# Nobody lets a telephone ring for longer (RFC 3261 timer C is three minutes as well).
RING_TIMEOUT: Final = 180.0
# How long a terminated call is remembered (timer H).
LINGER: Final = ACK_TIMEOUT


class Phase(StrEnum):
    """Where the INVITE's transaction and dialog stand."""

    RINGING = "ringing"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


_TALKING: Final = frozenset({Phase.ACCEPTED, Phase.CONFIRMED})

type _Handler = Callable[[IncomingCall, Request, float], None]


class IncomingCall:
    """The state machine of one call."""

    def __init__(
        self,
        call: Call,
        invite: Request,
        dialog: Dialog,
        *,
        rc_session: str,
        require_srtp: bool = False,
        credentials: Credentials,
        token: Callable[[], str],
        now: float,
        send: Callable[[Message], None],
        emit: Callable[[CallEvent], None],
    ) -> None:
        """Take an INVITE, and the session RingCentral names in it ("" for none); token() returns fresh random text.

        With require_srtp no audio goes in the clear. Raises sdp.SdpError when its offer is nothing we can take part in.
        """
        self.call = call
        self.phase = Phase.RINGING
        self._dialog = dialog
        self._invite = invite
        self._rc_session = rc_session
        self._offer = sdp.parse_offer(invite.body, require_srtp=require_srtp) if invite.body else None
        self._send = send
        self._emit = emit
        self._last = reply(invite, 100)
        self._bye_owed = False
        self._deadline = now + RING_TIMEOUT
        self._transactions = ClientTransactions(dialog, credentials=credentials, token=token, send=send)
        self._session = Session(
            dialog,
            self._transactions,
            require_srtp=require_srtp,
            token=token,
            send=send,
            agreed=self._on_agreed,
            failed=self._on_session_failed,
        )

    @property
    def next_deadline(self) -> float | None:
        """When tick() is due."""
        due = [
            self._transactions.next_deadline,
            self._session.next_deadline,
            None if self.phase in _TALKING else self._deadline,
        ]
        return min((at for at in due if at is not None), default=None)

    @property
    def over(self) -> bool:
        """Whether the call is terminated; it only lingers for what is still on its way."""
        return self.phase is Phase.TERMINATED

    @property
    def settled(self) -> bool:
        """Whether nothing is owed to the other side any more."""
        return self.over and not self._bye_owed

    def ring(self) -> None:
        """Tell the caller that it rings, and everybody here too."""
        self._send(self._last)
        self._last = self._reply(self._invite, 180)
        self._send(self._last)
        self._emit(CallChanged(self.call))

    def answer(self, local: sdp.LocalMedia, now: float) -> None:
        """Answer the ringing call; our audio is at `local`."""
        assert self.phase is Phase.RINGING
        self.phase = Phase.ACCEPTED
        self._last = self._session.begin(local, self._invite, self._offer, now)
        self._change(CallState.TALKING)

    def reject(self, status: int, outcome: Outcome, reason: EndReason, now: float) -> None:
        """Turn the ringing call down."""
        assert self.phase is Phase.RINGING
        self._last = self._reply(self._invite, status)
        self._send(self._last)
        self._terminate(outcome, reason, now)

    def hang_up(self, reason: EndReason, now: float) -> None:
        """End the call: decline while it rings, BYE once the caller has acknowledged our answer (§15)."""
        if self.phase is Phase.RINGING:
            self.reject(603, Outcome.DECLINED, EndReason.DECLINED, now)
            return
        self._end_with_bye(reason, now)

    def lost(self, now: float) -> None:
        """Go on without the connection the call came on, once it is answered; what rings can't."""
        # What it had on its way is gone: the new INVITE on the next connection stands for every ACK (§14).
        self._session.unacknowledged = None
        if self.phase is Phase.RINGING:
            self._terminate(Outcome.MISSED, EndReason.NETWORK_ERROR, now)
        elif self.phase is Phase.ACCEPTED:
            self.phase = Phase.CONFIRMED
        self._bye_owed = self._bye_owed or self._transactions.waits_for("BYE")
        if self._bye_owed and self._session.refresh.in_touch:
            self._deadline = now + GIVE_UP
        self._session.refresh.lost(now)
        self._transactions.forget()

    def move(self, flow: Flow, contact: str) -> None:
        """Speak over a new connection, on which the server doesn't know us yet."""
        self._dialog.move(flow, contact)

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
        return is_cancel_of(self._invite, request)

    def is_repeat(self, request: Request) -> bool:
        """Whether an INVITE is the one that began this call, once more."""
        return is_repeat_of(self._invite, request)

    def is_merged(self, request: Request) -> bool:
        """Whether an INVITE is the one that began this call, come another way."""
        return is_merged_with(self._invite, request)

    def concerns(self, call_id: str, rc_session: str) -> bool:
        """Whether a call-control message is about this call."""
        return self._invite.call_id == call_id or (self._rc_session == rc_session != "")

    def in_dialog(self, request: Request) -> bool:
        """Whether a request is of this call's dialog."""
        return self._dialog.matches(request)

    def repeat(self) -> None:
        """Answer a repeated INVITE with what was said last."""
        self._send(self._last)

    def answered(self, response: Response, now: float) -> bool:
        """Take a response; False when it answers nothing of this call's."""
        return self._transactions.receive(response, now)

    def receive(self, request: Request, now: float) -> None:
        """Take a request of this call's dialog, or the CANCEL of its INVITE."""
        handler = self._HANDLERS.get((self.phase, request.method)) or self._ANY_PHASE.get(request.method)
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
        if self.phase is Phase.RINGING and now >= self._deadline:
            self.reject(480, Outcome.MISSED, EndReason.NO_ANSWER, now)
        elif self.over and now >= self._deadline:
            self._bye_owed = False

    def forgettable(self, now: float) -> bool:
        """Whether nothing of this call can still be on its way."""
        return self.settled and now >= self._deadline

    # What the other side asks

    def _on_cancel(self, request: Request, now: float) -> None:
        self._send(self._reply(request, 200))
        if completed_elsewhere(request):
            self.reject(487, Outcome.ENDED, EndReason.ANSWERED_ELSEWHERE, now)
        else:
            self.reject(487, Outcome.MISSED, EndReason.CANCELLED, now)

    def _on_bye(self, request: Request, now: float) -> None:
        self._send(self._reply(request, 200))
        self._session.unacknowledged = None
        self._terminate(Outcome.ENDED, EndReason.REMOTE_HANGUP, now)

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

    def _on_early_update(self, request: Request, now: float) -> None:
        # An offer has to wait until the INVITE's own is answered (RFC 3311 §5.2).
        if request.body:
            self._on_too_early(request, now)
        else:
            self._on_anything(request, now)

    def _on_anything(self, request: Request, now: float) -> None:
        self._send(self._reply(request, 200))

    def _on_too_early(self, request: Request, now: float) -> None:
        # An offer before the last INVITE is through (§14.2).
        self._send(self._reply(request, 500, ("Retry-After", "1")))

    def _on_too_late(self, request: Request, now: float) -> None:
        self._send(self._reply(request, 481))

    # What the session tells

    def _on_agreed(self, agreement: sdp.Agreement) -> None:
        self._emit(MediaAgreed(self.call.call_id, agreement))
        if self.call.state is not CallState.RINGING:
            self._change(CallState.TALKING if agreement.direction.sends else CallState.ON_HOLD)

    def _on_session_failed(self, reachable: bool, now: float) -> None:
        if self.over:
            self._say_bye(now)
        elif reachable:
            self._end_with_bye(EndReason.NETWORK_ERROR, now)
        else:
            self._terminate(Outcome.ENDED, EndReason.NETWORK_ERROR, now)

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
        self._bye_owed = False
        self._deadline = now + LINGER
        self._transactions.ask("BYE", now, _nothing_more)

    def _terminate(self, outcome: Outcome, reason: EndReason, now: float) -> None:
        self.phase = Phase.TERMINATED
        self._deadline = now + LINGER
        self._session.refresh.stop()
        self._emit(CallEnded(self.call, outcome, reason))

    def _change(self, state: CallState) -> None:
        if state is not self.call.state:
            self.call = replace(self.call, state=state)
            self._emit(CallChanged(self.call))

    def _reply(self, request: Request, status: int, *extra: tuple[str, str], body: bytes = b"") -> Response:
        return self._dialog.reply(request, status, extra, body)

    # Which request is taken in which phase, and by what

    _HANDLERS: ClassVar[dict[tuple[Phase, str], _Handler]] = {
        (Phase.RINGING, "CANCEL"): _on_cancel,
        # A BYE in the early dialog is a CANCEL by another name (§15.1.2).
        (Phase.RINGING, "BYE"): _on_cancel,
        (Phase.RINGING, "INVITE"): _on_too_early,
        (Phase.RINGING, "UPDATE"): _on_early_update,
        (Phase.ACCEPTED, "BYE"): _on_bye,
        (Phase.CONFIRMED, "BYE"): _on_bye,
        (Phase.TERMINATED, "BYE"): _on_late_bye,
        (Phase.TERMINATED, "INVITE"): _on_too_late,
        (Phase.TERMINATED, "UPDATE"): _on_too_late,
    }
    _ANY_PHASE: ClassVar[dict[str, _Handler]] = {
        "ACK": _on_ack,
        # Too late for a final answer to be taken back (§9.2).
        "CANCEL": _on_anything,
        "INVITE": _on_invite,
        "UPDATE": _on_update,
        "INFO": _on_anything,
        "MESSAGE": _on_anything,
        "NOTIFY": _on_anything,
        "OPTIONS": _on_anything,
    }


def _nothing_more(response: Response | None, now: float) -> None:
    """Whatever a BYE is answered: the call is over."""
