"""One incoming call, from its INVITE to its end (RFC 3261 §9, §13.3): no I/O.

ringing ──answer──▶ accepted ──ACK──▶ confirmed ──BYE──▶ terminated
   │ CANCEL, reject      │ no ACK in 32 s, BYE               ▲
   └─────────────────────┴───────────────────────────────────┘
"""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, override

from .. import sdp
from ..events import Call, CallChanged, CallEvent, CallState, Decline, EndReason, Outcome
from ..rc_message import Command, RcMessage, agent_uri
from ..sip.digest import Credentials
from ..sip.message import Message, Request, Response
from ..sip.reply import reply
from ..transactions.dialog import Dialog
from ..transactions.server_transaction import completed_elsewhere, is_cancel_of, is_merged_with, is_repeat_of
from .call import RING_TIMEOUT, CallMachine, Handler, Phase
from .call_control import OBEYED_WITHIN, CallControl

_COMMANDS: Final = {Decline.REJECT: Command.REJECT, Decline.VOICEMAIL: Command.TO_VOICEMAIL}


class IncomingCall(CallMachine):
    """The state machine of a call that somebody places to us."""

    _UNANSWERED = Outcome.MISSED

    def __init__(
        self,
        call: Call,
        invite: Request,
        dialog: Dialog,
        *,
        rc: RcMessage | None = None,
        own: str,
        require_srtp: bool = False,
        credentials: Credentials,
        token: Callable[[], str],
        now: float,
        send: Callable[[Message], None],
        emit: Callable[[CallEvent], None],
    ) -> None:
        """Take an INVITE to `own`, our URI, and what RingCentral says of its call; token() returns fresh random text.

        With require_srtp no audio goes in the clear. Raises sdp.SdpError when its offer is nothing we can take part in.
        """
        super().__init__(
            call,
            Phase.RINGING,
            dialog,
            require_srtp=require_srtp,
            credentials=credentials,
            token=token,
            ring_until=now + RING_TIMEOUT,
            send=send,
            emit=emit,
        )
        self._invite = invite
        self._rc_session = rc.header.get("SID", "") if rc else ""
        self._control: CallControl | None = None
        if rc is not None and (agent := agent_uri(rc)):
            aside = dialog.aside(agent, own=own)
            self._control = CallControl(rc, aside, credentials=credentials, token=token, send=send)
        self._refuse_at: float | None = None
        self._offer = sdp.parse_offer(invite.body, require_srtp=require_srtp) if invite.body else None
        self._last = reply(invite, 100)

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

    @override
    def hang_up(self, reason: EndReason, now: float) -> None:
        """End the call: decline while it rings, BYE once the caller has acknowledged our answer (§15).

        A 603 may end it for all phones of the account, a 486 for this one only (§21.4.24, §21.6.2).
        """
        if self.phase is Phase.RINGING:
            if reason is EndReason.DO_NOT_DISTURB:
                self.reject(486, Outcome.DECLINED, reason, now)
            else:
                self.reject(603, Outcome.DECLINED, EndReason.DECLINED, now)
            return
        self._end_with_bye(reason, now)

    def decline(self, how: Decline, now: float) -> None:
        """Turn the ringing call down; it is over at once, whatever the server makes of it.

        RingCentral is told by a command where it takes commands (call_control), and then takes the INVITE back. Where it
        takes none, or doesn't obey in OBEYED_WITHIN seconds, the INVITE is refused with 603, also for the voicemail: it
        ends our ringing alone and has the caller go on by the account's rules, while after a 480 RingCentral may ring again.
        """
        assert self.phase is Phase.RINGING
        if how is Decline.BUSY:
            self.reject(486, Outcome.DECLINED, EndReason.BUSY, now)
        elif self._control is None:
            self.reject(603, Outcome.DECLINED, EndReason.DECLINED, now)
        else:
            self._refuse_at = now + OBEYED_WITHIN
            self._control.ask(_COMMANDS[how], now, self._on_disobeyed)
            self._terminate(Outcome.DECLINED, EndReason.DECLINED, now)

    @property
    @override
    def next_deadline(self) -> float | None:
        """When tick() is due."""
        due = [super().next_deadline, self._refuse_at]
        return min((at for at in due if at is not None), default=None)

    @property
    @override
    def settled(self) -> bool:
        """Whether nothing is owed to the other side any more, also no answer to an INVITE that was turned down."""
        return super().settled and self._refuse_at is None

    @override
    def lost(self, now: float) -> None:
        """Go on without the connection the call has been on, once it is answered; what rings can't."""
        self._refuse_at = None
        super().lost(now)

    @override
    def answered(self, response: Response, now: float) -> bool:
        """Take a response; False when it answers nothing of this call's."""
        control = self._control
        return super().answered(response, now) or (control is not None and control.receive(response, now))

    @override
    def tick(self, now: float) -> None:
        """Do what is due."""
        super().tick(now)
        if self._refuse_at is not None and now >= self._refuse_at:
            self._conclude(603)

    def _on_disobeyed(self) -> None:
        if self._refuse_at is not None:
            self._conclude(603)

    def _conclude(self, status: int) -> None:
        """Give the INVITE of a call that was turned down its final answer."""
        self._refuse_at = None
        self._last = self._reply(self._invite, status)
        self._send(self._last)

    @override
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

    def repeat(self) -> None:
        """Answer a repeated INVITE with what was said last."""
        self._send(self._last)

    @override
    def _rang_out(self, now: float) -> None:
        self.reject(480, Outcome.MISSED, EndReason.NO_ANSWER, now)

    def _on_cancel(self, request: Request, now: float) -> None:
        self._send(self._reply(request, 200))
        if completed_elsewhere(request):
            self.reject(487, Outcome.ENDED, EndReason.ANSWERED_ELSEWHERE, now)
        else:
            self.reject(487, Outcome.MISSED, EndReason.CANCELLED, now)

    def _on_late_cancel(self, request: Request, now: float) -> None:
        self._send(self._reply(request, 200))
        if self._refuse_at is not None:
            self._conclude(487)

    def _on_early_update(self, request: Request, now: float) -> None:
        # An offer has to wait until the INVITE's own is answered (RFC 3311 §5.2).
        if request.body:
            self._on_too_early(request, now)
        else:
            self._on_anything(request, now)

    def _on_too_early(self, request: Request, now: float) -> None:
        # An offer before the last INVITE is through (§14.2).
        self._send(self._reply(request, 500, ("Retry-After", "1")))

    _HANDLERS: ClassVar[Mapping[tuple[Phase, str], Handler[IncomingCall]]] = {
        (Phase.RINGING, "CANCEL"): _on_cancel,
        # A BYE in the early dialog is a CANCEL by another name (§15.1.2).
        (Phase.RINGING, "BYE"): _on_cancel,
        (Phase.RINGING, "INVITE"): _on_too_early,
        (Phase.RINGING, "UPDATE"): _on_early_update,
        (Phase.TERMINATED, "CANCEL"): _on_late_cancel,
    }
