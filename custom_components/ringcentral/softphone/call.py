"""One incoming call, from its INVITE to its end (RFC 3261 §9, §13, §14, §15): no I/O.

    ringing ──answer──▶ accepted ──ACK──▶ confirmed ──BYE──▶ terminated
       │ CANCEL, reject      │ no ACK in 32 s, BYE               ▲
       └─────────────────────┴───────────────────────────────────┘

`_HANDLERS` says which request is taken in which phase, `_ANY_PHASE` the rest; any other method is not allowed.
A terminated call stays for a while, so that what is still on its way finds its dialog.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
import re
from typing import ClassVar, Final

from . import sdp
from .dialog import Dialog
from .events import Call, CallChanged, CallEnded, CallEvent, CallState, EndReason, MediaAgreed, Outcome
from .sip.address import split_list
from .sip.message import Message, Request, Response
from .sip.reply import ALLOW, reply

# RFC 3261 §17.1.1.1 and §13.3.1.4.
T1: Final = 0.5
T2: Final = 4.0
ACK_TIMEOUT: Final = 64 * T1
# Nobody lets a telephone ring for longer (RFC 3261 timer C is three minutes as well).
RING_TIMEOUT: Final = 180.0
# How long a terminated call is remembered (timer H).
LINGER: Final = 64 * T1

_CAUSE_200: Final = re.compile(r";\s*cause\s*=\s*200\b", re.IGNORECASE)


class Phase(StrEnum):
    """Where the INVITE's transaction and dialog stand."""

    RINGING = "ringing"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


# Stands for an offer that was turned down.
_UNUSABLE: Final = sdp.Offer((), 0)

type _Handler = Callable[[IncomingCall, Request, float], None]


@dataclass(slots=True)
class _Unacknowledged:
    """A 200 that is repeated until its ACK comes; `offered` says that the ACK must bring the answer."""

    sequence: int
    response: Response
    offered: bool
    repeat_at: float
    give_up_at: float
    interval: float = T1


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
        now: float,
        send: Callable[[Message], None],
        emit: Callable[[CallEvent], None],
    ) -> None:
        """Take an INVITE, and the session RingCentral names in it ("" for none).

        With require_srtp no audio goes in the clear. Raises sdp.SdpError when its offer is nothing we can take part in.
        """
        self.call = call
        self.phase = Phase.RINGING
        self._dialog = dialog
        self._invite = invite
        self._rc_session = rc_session
        self._require_srtp = self._secure = require_srtp
        self._offer = self._offer_of(invite)
        self._send = send
        self._emit = emit
        self._last = reply(invite, 100)
        self._local: sdp.LocalMedia | None = None
        self._unacknowledged: _Unacknowledged | None = None
        self._bye_owed = False
        self._deadline = now + RING_TIMEOUT

    @property
    def next_deadline(self) -> float | None:
        """When tick() is due."""
        pending = self._unacknowledged
        if pending is not None:
            return min(pending.repeat_at, pending.give_up_at)
        return None if self.phase is Phase.CONFIRMED else self._deadline

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
        self._local = local
        self.phase = Phase.ACCEPTED
        self._last = self._accept(self._invite, self._offer, now)
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
        self._bye_owed = True
        self._terminate(Outcome.ENDED, reason, now)
        if self._unacknowledged is None:
            self._say_bye()

    def lost(self, now: float) -> None:
        """End the call: the connection it came on is gone."""
        self._unacknowledged, self._bye_owed = None, False
        if not self.over:
            outcome = Outcome.MISSED if self.phase is Phase.RINGING else Outcome.ENDED
            self._terminate(outcome, EndReason.NETWORK_ERROR, now)

    def is_cancel(self, request: Request) -> bool:
        """Whether a CANCEL is for the INVITE of this call (§9.2)."""
        ours = self._invite
        return (request.call_id, request.branch, request.cseq.number) == (
            ours.call_id,
            ours.branch,
            ours.cseq.number,
        )

    def is_repeat(self, request: Request) -> bool:
        """Whether an INVITE is the one that began this call, once more (§17.2.3)."""
        return (request.call_id, request.branch, request.cseq) == (
            self._invite.call_id,
            self._invite.branch,
            self._invite.cseq,
        )

    def is_merged(self, request: Request) -> bool:
        """Whether an INVITE is the one that began this call, come another way (§8.2.2.2)."""
        return (request.call_id, request.from_.tag, request.cseq) == (
            self._invite.call_id,
            self._invite.from_.tag,
            self._invite.cseq,
        )

    def concerns(self, call_id: str, rc_session: str) -> bool:
        """Whether a call-control message is about this call."""
        return self._invite.call_id == call_id or (self._rc_session == rc_session != "")

    def in_dialog(self, request: Request) -> bool:
        """Whether a request is of this call's dialog."""
        return self._dialog.matches(request)

    def repeat(self) -> None:
        """Answer a repeated INVITE with what was said last."""
        self._send(self._last)

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
        pending = self._unacknowledged
        if pending is not None and now >= pending.give_up_at:
            self._never_acknowledged(now)
        elif pending is not None and now >= pending.repeat_at:
            self._send(pending.response)
            pending.interval = min(2 * pending.interval, T2)
            pending.repeat_at = now + pending.interval
        elif self.phase is Phase.RINGING and now >= self._deadline:
            self.reject(480, Outcome.MISSED, EndReason.NO_ANSWER, now)

    def forgettable(self, now: float) -> bool:
        """Whether nothing of this call can still be on its way."""
        return self.settled and now >= self._deadline

    # What the other side asks

    def _on_cancel(self, request: Request, now: float) -> None:
        self._send(self._reply(request, 200))
        if _completed_elsewhere(request):
            self.reject(487, Outcome.ENDED, EndReason.ANSWERED_ELSEWHERE, now)
        else:
            self.reject(487, Outcome.MISSED, EndReason.CANCELLED, now)

    def _on_bye(self, request: Request, now: float) -> None:
        self._send(self._reply(request, 200))
        self._unacknowledged = None
        self._terminate(Outcome.ENDED, EndReason.REMOTE_HANGUP, now)

    def _on_late_bye(self, request: Request, now: float) -> None:
        self._send(self._reply(request, 200))
        self._unacknowledged, self._bye_owed = None, False

    def _on_ack(self, request: Request, now: float) -> None:
        pending = self._unacknowledged
        if pending is None or request.cseq.number != pending.sequence:
            return
        self._unacknowledged = None
        if self.over:
            self._say_bye()
            return
        self.phase = Phase.CONFIRMED
        if pending.offered:
            self._answered(request, now)

    def _on_invite(self, request: Request, now: float) -> None:
        pending = self._unacknowledged
        if pending is not None and pending.sequence == request.cseq.number:
            self._send(pending.response)
        elif pending is not None:
            self._on_too_early(request, now)
        elif (offer := self._renegotiated(request)) is not _UNUSABLE:
            self._accept(request, offer, now)

    def _on_update(self, request: Request, now: float) -> None:
        if not request.body:
            self._on_anything(request, now)
        elif self._unacknowledged is not None and self._unacknowledged.offered:
            # Our own offer waits for its answer (RFC 3311 §5.2).
            self._send(self._reply(request, 491))
        elif (offer := self._renegotiated(request)) is not _UNUSABLE:
            assert offer is not None and self._local is not None
            body, agreement = sdp.answer(offer, self._local)
            self._send(self._reply(request, 200, ("Content-Type", sdp.CONTENT_TYPE), body=body))
            self._agreed(agreement)

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

    # Offers and answers

    def _offer_of(self, request: Request) -> sdp.Offer | None:
        """Return the offer of a request, None where it has none; raises sdp.SdpError."""
        return sdp.parse_offer(request.body, require_srtp=self._require_srtp) if request.body else None

    def _renegotiated(self, request: Request) -> sdp.Offer | None:
        """Return the new offer of a request, None where we are to make one, _UNUSABLE after turning it down (§14.2)."""
        assert self._local is not None
        try:
            offer = self._offer_of(request)
        except sdp.SdpError:
            self._send(self._reply(request, 488))
            return _UNUSABLE
        self._dialog.retarget(request)
        self._local = self._local.next_version()
        return offer

    def _accept(self, invite: Request, offer: sdp.Offer | None, now: float) -> Response:
        """Say 200 to an INVITE, again and again until it is acknowledged (§13.3.1.4)."""
        assert self._local is not None
        agreement = None
        if offer is None:
            body = sdp.offer(self._local, secure=self._secure)
        else:
            body, agreement = sdp.answer(offer, self._local)
        response = self._reply(invite, 200, ("Allow", ALLOW), ("Content-Type", sdp.CONTENT_TYPE), body=body)
        self._unacknowledged = _Unacknowledged(
            invite.cseq.number, response, offer is None, repeat_at=now + T1, give_up_at=now + ACK_TIMEOUT
        )
        self._send(response)
        if agreement is not None:
            self._agreed(agreement)
        return response

    def _answered(self, ack: Request, now: float) -> None:
        """Read the answer to our offer from the ACK (§13.2.2.4)."""
        assert self._local is not None
        try:
            self._agreed(sdp.accept_answer(sdp.parse(ack.body), self._local, secure=self._secure))
        except sdp.SdpError:
            self.hang_up(EndReason.NETWORK_ERROR, now)

    def _agreed(self, agreement: sdp.Agreement) -> None:
        # A call that is secure stays so where the other side leaves the offer to us.
        self._secure = self._require_srtp or agreement.srtp is not None
        self._emit(MediaAgreed(self.call.call_id, agreement))
        if self.call.state is not CallState.RINGING:
            self._change(CallState.TALKING if agreement.direction.sends else CallState.ON_HOLD)

    # The end

    def _never_acknowledged(self, now: float) -> None:
        self._unacknowledged = None
        if self.over:
            self._say_bye()
        else:
            self.hang_up(EndReason.NETWORK_ERROR, now)

    def _say_bye(self) -> None:
        self._bye_owed = False
        self._send(self._dialog.request("BYE"))

    def _terminate(self, outcome: Outcome, reason: EndReason, now: float) -> None:
        self.phase = Phase.TERMINATED
        self._deadline = now + LINGER
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


def _completed_elsewhere(request: Request) -> bool:
    """Whether a CANCEL says that another phone took the call (RFC 3326 §3.1)."""
    return any(
        value.partition(";")[0].strip().upper() == "SIP" and _CAUSE_200.search(value)
        for line in request.headers.get_all("Reason")
        for value in split_list(line)
    )
