"""One outgoing call, from our INVITE to its end (RFC 3261 §9.1, §13.2, §17.1.1): no I/O.

    calling ──1xx──▶ ringing ──2xx, ACK──▶ confirmed ──BYE──▶ terminated
       │                │ hang up: CANCEL                        ▲
       └────────────────┴──3xx … 6xx, ring time-out──────────────┘

A CANCEL waits for the first provisional answer, and a 2xx that crosses it on its way is acknowledged and hung up. Where
several telephones answer one INVITE the first has the call; the others are hung up as well (§13.2.2.4).
"""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, override

from .. import sdp
from ..account import Proxy
from ..events import Call, CallChanged, CallEvent, CallState, EndReason, Outcome
from ..sip.digest import Credentials
from ..sip.message import Fields, Message, Request, Response
from ..sip.reply import ALLOW
from ..transactions.dialog import Dialog
from ..transactions.server_transaction import LINGER
from ..transactions.transaction import ClientTransactions
from .call import RING_TIMEOUT, CallMachine, Handler, Phase
from .final_status import reason_of
from .session_timer import MIN_SE, SUPPORTED, SessionTimer

# Seconds after which a session that nobody refreshes is over; RFC 4028 §7.1 suggests as much.
SESSION_INTERVAL: Final = 1800
# Telephones that answer beside the one that has the call; a house has no more, and a flood must not pile them up.
MAX_BRANCHES: Final = 16


class OutgoingCall(CallMachine):
    """The state machine of a call that we place."""

    _UNANSWERED = Outcome.ENDED

    def __init__(
        self,
        call: Call,
        dialog: Dialog,
        *,
        require_srtp: bool,
        credentials: Credentials,
        token: Callable[[], str],
        ring_until: float,
        send: Callable[[Message], None],
        emit: Callable[[CallEvent], None],
    ) -> None:
        """Be ready to call; token() returns fresh random text. With require_srtp no audio goes in the clear."""
        super().__init__(
            call,
            Phase.CALLING,
            dialog,
            require_srtp=require_srtp,
            credentials=credentials,
            token=token,
            ring_until=ring_until,
            send=send,
            emit=emit,
        )
        self._token = token
        self._offer = b""
        self._timer = SessionTimer(SESSION_INTERVAL, refreshing=True)
        # The INVITE that has its final answer.
        self._concluded: Request | None = None
        self._branches: dict[str, ClientTransactions] = {}
        # Who has said that it rings there.
        self._ringing_at: set[str] = set()
        # What may ring on at the other side since the connection was lost, and where that went.
        self._abandoned: Request | None = None
        self._abandoned_at: Proxy | None = None

    @property
    @override
    def next_deadline(self) -> float | None:
        """When tick() is due."""
        due = [super().next_deadline, *(branch.next_deadline for branch in self._branches.values())]
        return min((at for at in due if at is not None), default=None)

    @property
    @override
    def settled(self) -> bool:
        """Whether nothing is owed to the other side any more, also no CANCEL, and no BYE to anybody else."""
        farewells = any(branch.waits_for("BYE") for branch in self._branches.values())
        rings = self._abandoned is not None or self._transactions.waits_for("INVITE")
        return super().settled and not rings and not farewells

    def dial(self, local: sdp.LocalMedia, now: float) -> None:
        """Call; our audio is at `local`."""
        self._offer = self._session.propose(local)
        self._emit(CallChanged(self.call))
        self._invite(now)

    @override
    def hang_up(self, reason: EndReason, now: float) -> None:
        """End the call: CANCEL before it is answered (§9.1), BYE after."""
        if self.phase is Phase.CONFIRMED:
            self._end_with_bye(reason, now)
        else:
            self._give_up(reason, now)

    @override
    def lost(self, now: float) -> None:
        """Go on without the connection the call has been on, once it is answered; what rings can't."""
        self._branches.clear()
        if self._concluded is None and (rings := self._transactions.proceeding) is not None:
            self._abandoned, self._abandoned_at = rings, self._dialog.proxy
        super().lost(now)
        if self._abandoned is not None:
            # For longer it rings nowhere.
            self._deadline = now + RING_TIMEOUT

    @override
    def reunite(self, now: float) -> None:
        """Take back what rings on at the other side since the connection was lost; else as any call."""
        invite, self._abandoned = self._abandoned, None
        if invite is None:
            super().reunite(now)
            return
        self._session.refresh.in_touch = True
        self._deadline = now + LINGER
        # Another server knows nothing of it.
        if self._dialog.proxy == self._abandoned_at:
            self._transactions.cancel_anew(invite, now, self._on_final)

    @override
    def answered(self, response: Response, now: float) -> bool:
        """Take a response; False when it answers nothing of this call's."""
        if self._is_from_a_branch(response):
            branch = self._branches.get(response.to.tag)
            return branch.receive(response, now) if branch else self._hang_up_branch(response, now)
        if any(branch.receive(response, now) for branch in self._branches.values()):
            return True
        taken = super().answered(response, now)
        if self.over and not self.settled:
            # What is taken back may still be answered, and the call must be there then.
            self._deadline = now + LINGER
        return taken

    @override
    def tick(self, now: float) -> None:
        """Do what is due."""
        for branch in self._branches.values():
            branch.tick(now)
        if self.over and now >= self._deadline:
            self._abandoned = None
        super().tick(now)

    # Until it is answered

    def _invite(self, now: float) -> None:
        interval = self._timer.interval
        fields: Fields = (
            ("Allow", ALLOW),
            ("Supported", SUPPORTED),
            ("Session-Expires", str(interval)),
            ("Min-SE", str(MIN_SE if interval == SESSION_INTERVAL else interval)),
            ("Content-Type", sdp.CONTENT_TYPE),
        )
        self._transactions.ask("INVITE", now, self._on_final, fields, self._offer, heard=self._on_provisional)

    @override
    def _rang_out(self, now: float) -> None:
        self._give_up(EndReason.NO_ANSWER, now)

    def _give_up(self, reason: EndReason, now: float) -> None:
        self._transactions.cancel(now)
        self._terminate(Outcome.ENDED, reason, now)

    def _on_provisional(self, response: Response, now: float) -> None:
        self.phase = Phase.RINGING
        if response.to.tag and len(self._ringing_at) < MAX_BRANCHES:
            self._ringing_at.add(response.to.tag)
        self._session.heard_early(response)

    def _on_final(self, response: Response | None, now: float) -> None:
        if response is not None and self._interval_too_small(response):
            self._invite(now)
            return
        self._concluded = self._transactions.invite
        if response is not None and response.status < 300:
            self._on_success(response, now)
        elif not self.over:
            unheard = EndReason.NETWORK_ERROR
            reason = unheard if response is None else reason_of(response.status)
            self._terminate(Outcome.ENDED, reason, now)

    def _on_success(self, response: Response, now: float) -> None:
        if self.over:
            # It has crossed our CANCEL (§9.1).
            self._say_bye(now)
            return
        self.phase = Phase.CONFIRMED
        try:
            self._session.accepted(response, now)
        except sdp.SdpError:
            self._end_with_bye(EndReason.NO_CODEC, now)
            return
        self._change(CallState.TALKING)

    def _interval_too_small(self, response: Response) -> bool:
        """Whether to ask once more, for a session as long as a proxy wants it at the least (RFC 4028 §7.3)."""
        if response.status != 422 or self.over or self._timer.interval != SESSION_INTERVAL:
            return False
        self._timer = self._timer.at_least(response)
        return self._timer.interval != SESSION_INTERVAL

    # Others who answer the same INVITE

    def _is_from_a_branch(self, response: Response) -> bool:
        """Whether a 2xx to our first INVITE is of another telephone than the one that has the call."""
        invite = self._concluded
        return (
            invite is not None
            and 200 <= response.status < 300
            and (response.call_id, response.cseq) == (invite.call_id, invite.cseq)
            and response.to.tag != self._dialog.remote_tag
        )

    def _hang_up_branch(self, response: Response, now: float) -> bool:
        assert self._concluded is not None
        if len(self._branches) < MAX_BRANCHES:
            branch = ClientTransactions(
                self._dialog.branch(),
                credentials=self._transactions.credentials,
                token=self._token,
                send=self._send,
            )
            self._branches[response.to.tag] = branch
            branch.acknowledge(self._concluded, response)
            branch.ask("BYE", now, _nothing_more)
        return True

    # What the other side asks before it answers

    def _on_early_bye(self, request: Request, now: float) -> None:
        # Not theirs to send (§15), but they mean to end it; it may ring elsewhere.
        self._send(self._reply(request, 200))
        self._ringing_at.discard(request.from_.tag)
        if not self._ringing_at:
            self._give_up(EndReason.REMOTE_HANGUP, now)

    def _on_early_offer(self, request: Request, now: float) -> None:
        # Our own offer waits for its answer (§14.2, RFC 3311 §5.2).
        self._send(self._reply(request, 491))

    def _on_early_update(self, request: Request, now: float) -> None:
        if request.body:
            self._on_early_offer(request, now)
        else:
            self._on_anything(request, now)

    _HANDLERS: ClassVar[Mapping[tuple[Phase, str], Handler[OutgoingCall]]] = {
        (Phase.CALLING, "BYE"): _on_early_bye,
        (Phase.RINGING, "BYE"): _on_early_bye,
        (Phase.CALLING, "INVITE"): _on_early_offer,
        (Phase.RINGING, "INVITE"): _on_early_offer,
        (Phase.CALLING, "UPDATE"): _on_early_update,
        (Phase.RINGING, "UPDATE"): _on_early_update,
    }


def _nothing_more(response: Response | None, now: float) -> None:
    """Whatever a BYE is answered: the call was never theirs."""
