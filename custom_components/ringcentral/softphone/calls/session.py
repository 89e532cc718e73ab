"""The session of one answered call: INVITEs, UPDATEs and their ACKs, from both sides (RFC 3261 §14, RFC 3311): no I/O."""

from collections.abc import Callable
from typing import Final

from .. import sdp
from ..events import Hold
from ..sip.message import Fields, Message, Request, Response
from ..sip.reply import ALLOW
from ..transactions.dialog import Dialog
from ..transactions.server_transaction import Unacknowledged
from ..transactions.transaction import ClientTransactions
from .offer_answer import OfferAnswer
from .session_refresh import SessionRefresh
from .session_timer import MIN_SE, SUPPORTED, SessionTimer, too_brief

# By whether we hold the call, and whether they do.
_HOLDS: Final = {
    (False, False): None,
    (True, False): Hold.LOCAL,
    (False, True): Hold.REMOTE,
    (True, True): Hold.BOTH,
}

# Stands for an offer that was turned down.
_UNUSABLE: Final = sdp.Offer((), 0)


class Session:
    """Agrees on audio, and on how long the agreement holds."""

    def __init__(
        self,
        dialog: Dialog,
        transactions: ClientTransactions,
        *,
        require_srtp: bool,
        token: Callable[[], str],
        send: Callable[[Message], None],
        agreed: Callable[[sdp.Agreement], None],
        failed: Callable[[bool, float], None],
    ) -> None:
        """Speak in a dialog; agreed() takes each agreement, token() returns fresh random hexadecimal text.

        failed(reachable, now) is told the end, and whether the other side may still know of the dialog. With require_srtp
        no audio goes in the clear.
        """
        self.unacknowledged: Unacknowledged | None = None
        self.refresh = SessionRefresh(
            transactions,
            owner=dialog.ours,
            token=token,
            description=self._own_description,
            refreshed=self._refreshed,
            refused=self._refused,
            failed=failed,
        )
        self._dialog = dialog
        self._require_srtp = require_srtp
        self._transactions = transactions
        self._media: OfferAnswer | None = None
        self._send = send
        self._agreed = agreed
        self._failed = failed
        self._held: list[Callable[[bool], None]] = []

    @property
    def hold(self) -> Hold | None:
        """Who holds the call whose sound is agreed on."""
        assert self._media is not None
        assert self._media.agreement is not None
        return _HOLDS[self._media.held, not self._media.agreement.direction.sends]

    @property
    def next_deadline(self) -> float | None:
        """When tick() is due."""
        pending = self.unacknowledged
        due = [self.refresh.next_deadline, None if pending is None else pending.next_deadline]
        return min((at for at in due if at is not None), default=None)

    def begin(self, local: sdp.LocalMedia, invite: Request, offer: sdp.Offer | None, now: float) -> Response:
        """Answer the INVITE that asks for the session, our audio at `local`; return the answer."""
        self._media = OfferAnswer(local, require_srtp=self._require_srtp)
        return self._accept(invite, offer, now)

    def propose(self, local: sdp.LocalMedia) -> bytes:
        """Return the offer that asks the other side for a session, our audio at `local`."""
        self._media = OfferAnswer(local, require_srtp=self._require_srtp)
        return self._media.offer()

    def heard_early(self, response: Response) -> None:
        """Take the description in a provisional answer to our INVITE: sound that comes before the answer (RFC 3960)."""
        assert self._media is not None
        if response.content_type == sdp.CONTENT_TYPE and (
            agreement := self._media.accept_change(response.body)
        ):
            self._agreed(agreement)

    def accepted(self, response: Response, now: float) -> None:
        """Take the 2xx to our INVITE; raises sdp.SdpError when we don't understand each other."""
        assert self._media is not None
        before = self._media.agreement
        # Who has described its sound before it answered need not do so again.
        if response.body or before is None:
            agreement = self._media.accept(response.body)
            if agreement != before:
                self._agreed(agreement)
        self.refresh.agreed(SessionTimer.granted(response), now)

    def set_hold(self, holding: bool, now: float, agreed: Callable[[bool], None]) -> None:
        """Hear nothing of the other side from now on, or hear it again (RFC 3264 §8.4).

        agreed() is told whether they go along with it: False also when we want the opposite first, or the call ends.
        Where there is no connection they are asked over the next.
        """
        assert self._media is not None
        if holding is not self._media.holding:
            self._tell_held(False)
            self._media.holding = holding
        self._held.append(agreed)
        if self._media.unsaid:
            self.refresh.change(now)
        elif self._media.held is holding:
            self._tell_held(True)

    def end(self) -> None:
        """Want nothing any more: the call is over."""
        self.refresh.stop()
        self._tell_held(False)

    def invited(self, request: Request, now: float) -> None:
        """Take an INVITE of a session that stands."""
        pending = self.unacknowledged
        if pending is not None and pending.sequence == request.cseq.number:
            self._send(pending.response)
        elif pending is not None:
            # An offer before the last INVITE is through (§14.2).
            self._refuse(request, 500, ("Retry-After", "1"))
        elif self._transactions.waits_for("INVITE"):
            # Two INVITEs met on their way (§14.2).
            self._refuse(request, 491)
        elif (offer := self._renegotiated(request)) is not _UNUSABLE:
            assert self._media is not None
            self._media.change()
            self._accept(request, offer, now)

    def updated(self, request: Request, now: float) -> None:
        """Take an UPDATE of a session that stands, with an offer or as a mere sign of life (RFC 4028 §7.4)."""
        unanswered = self.unacknowledged is not None and self.unacknowledged.offered
        if request.body and (unanswered or self._transactions.waits_for("INVITE")):
            # Our own offer waits for its answer (RFC 3311 §5.2).
            self._refuse(request, 491)
        elif (offer := self._renegotiated(request)) is not _UNUSABLE:
            fields = self._timed(request, now)
            if offer is None:
                self._send(self._dialog.reply(request, 200, fields))
                return
            assert self._media is not None
            self._media.change()
            body, agreement = self._media.answer(offer)
            self._send(self._dialog.reply(request, 200, (*fields, ("Content-Type", sdp.CONTENT_TYPE)), body))
            self._settle(agreement)

    def acknowledged(self, ack: Request) -> Unacknowledged | None:
        """Return what an ACK is for; None when nothing waits for it."""
        pending = self.unacknowledged
        if pending is None or ack.cseq.number != pending.sequence:
            return None
        self.unacknowledged = None
        return pending

    def answered(self, ack: Request, now: float) -> None:
        """Read the answer to our offer from the ACK (§13.2.2.4)."""
        assert self._media is not None
        try:
            self._settle(self._media.accept(ack.body))
        except sdp.SdpError:
            self._failed(True, now)

    def move(self, host: str) -> None:
        """Have our sound at another address from the next description on."""
        if self._media is not None:
            self._media.move(host)

    def tick(self, now: float) -> None:
        """Do what is due."""
        self.refresh.tick(now)
        pending = self.unacknowledged
        if pending is not None and now >= pending.give_up_at:
            self.unacknowledged = None
            self._failed(True, now)
        elif pending is not None and now >= pending.repeat_at:
            self._send(pending.repeated(now))

    def _renegotiated(self, request: Request) -> sdp.Offer | None:
        """Return the new offer of a request, None where it has none, _UNUSABLE after turning it down (§14.2)."""
        if too_brief(request):
            self._refuse(request, 422, ("Min-SE", str(MIN_SE)))
            return _UNUSABLE
        try:
            body = request.body
            offer = sdp.parse_offer(body, require_srtp=self._require_srtp) if body else None
        except sdp.SdpError:
            self._refuse(request, 488)
            return _UNUSABLE
        self._dialog.retarget(request)
        return offer

    def _accept(self, invite: Request, offer: sdp.Offer | None, now: float) -> Response:
        """Say 200 to an INVITE, again and again until it is acknowledged (§13.3.1.4)."""
        assert self._media is not None
        agreement = None
        if offer is None:
            body = self._media.offer()
        else:
            body, agreement = self._media.answer(offer)
        fields = (("Allow", ALLOW), ("Supported", SUPPORTED), *self._timed(invite, now))
        response = self._dialog.reply(invite, 200, (*fields, ("Content-Type", sdp.CONTENT_TYPE)), body)
        self.unacknowledged = Unacknowledged.begin(invite, response, now)
        self._send(response)
        if agreement is not None:
            self._settle(agreement)
        return response

    def _timed(self, request: Request, now: float) -> Fields:
        """Begin the session's next interval; return what our answer says of it (RFC 4028 §9)."""
        timer = SessionTimer.asked(request)
        self.refresh.agreed(timer, now)
        return () if timer is None else timer.answer_fields

    def _refuse(self, request: Request, status: int, *extra: tuple[str, str]) -> None:
        self._send(self._dialog.reply(request, status, extra))

    # INVITEs of ours

    def _own_description(self) -> bytes | None:
        return None if self._media is None or self.unacknowledged is not None else self._media.offer_again()

    def _refreshed(self, response: Response, now: float) -> None:
        assert self._media is not None
        if (agreement := self._media.accept_change(response.body)) is not None:
            self._settle(agreement)
        if self._media.unsaid:
            self.refresh.change(now)

    def _refused(self) -> None:
        assert self._media is not None
        self._media.refused()
        self._tell_held(False)

    def _settle(self, agreement: sdp.Agreement) -> None:
        """Tell what was agreed, and whether we hold the call."""
        assert self._media is not None
        self._agreed(agreement)
        if self._media.held is self._media.holding:
            self._tell_held(True)

    def _tell_held(self, agreed: bool) -> None:
        told, self._held = self._held, []
        for tell in told:
            tell(agreed)
