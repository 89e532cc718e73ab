"""Requests of ours within a dialog and their final answers (RFC 3261 §17.1, §22): no I/O.

What has no final answer after 64 × T1 never will have one. That it may have to be said again, over UDP, is no concern
of who asks: see `retransmission`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
import math
from typing import Final

from ..sip.digest import Credentials
from ..sip.message import Fields, Request, Response
from .dialog import Dialog
from .proofs import MAX_CHALLENGES, Proofs

# Timers B and F.
TIMEOUT: Final = 32.0

_NO_PROOFS: Final = Proofs()
# For who can't be asked.
_NO_MORE_PROOFS: Final = Proofs(challenges=MAX_CHALLENGES)

# Takes the final answer, None where there was none in time, and the time.
type Answered = Callable[[Response | None, float], None]
# Takes a provisional answer and the time.
type Heard = Callable[[Response, float], None]


@dataclass(slots=True)
class _Pending:
    """A request that waits for its final answer."""

    request: Request
    extra: Fields
    answered: Answered
    give_up_at: float
    proofs: Proofs = _NO_PROOFS
    heard: Heard | None = None
    cancelled: bool = False
    proceeding: bool = False


class ClientTransactions:
    """The requests of ours in one dialog."""

    def __init__(
        self,
        dialog: Dialog,
        *,
        credentials: Credentials,
        token: Callable[[], str],
        send: Callable[[Request], None],
    ) -> None:
        """Ask in a dialog and answer its challenges; token() returns fresh random text."""
        self.credentials = credentials
        self._dialog = dialog
        self._token = token
        self._send = send
        self.invite: Request | None = None
        """The last INVITE."""
        self._pending: list[_Pending] = []
        self._acknowledged: Request | None = None

    @property
    def next_deadline(self) -> float | None:
        """When tick() is due."""
        return min((pending.give_up_at for pending in self._pending), default=None)

    def waits_for(self, method: str) -> bool:
        """Whether a request of this method has no final answer yet."""
        return any(pending.request.method == method for pending in self._pending)

    def ask(
        self,
        method: str,
        now: float,
        answered: Answered,
        extra: Fields = (),
        body: bytes = b"",
        *,
        heard: Heard | None = None,
    ) -> None:
        """Send a request; `answered` takes its final answer, after any challenge is met.

        With `heard`, which takes each provisional answer, the first of them ends the wait for a final one: it may then
        take any time.
        """
        request = self._dialog.request(method, extra, body)
        self._begin(_Pending(request, extra, answered, now + TIMEOUT, heard=heard))

    def cancel(self, now: float) -> None:
        """Take back the INVITE that waits for its answer, as soon as anything is heard of it (§9.1)."""
        for pending in [one for one in self._pending if one.request.method == "INVITE" and not one.cancelled]:
            pending.cancelled = True
            if pending.proceeding:
                self._cancel(pending, now)

    @property
    def proceeding(self) -> Request | None:
        """The INVITE that the other side works on."""
        asked = (one.request for one in self._pending if one.proceeding and one.request.method == "INVITE")
        return next(asked, None)

    def cancel_anew(self, invite: Request, now: float, answered: Answered) -> None:
        """Take back an INVITE that the other side works on, and that was sent over a connection which is gone (§9.1).

        A transaction is known by its branch, over whatever connection to the same server.
        """
        pending = _Pending(invite, (), answered, now + TIMEOUT, cancelled=True, proceeding=True)
        self._pending.append(pending)
        self._cancel(pending, now)

    def receive(self, response: Response, now: float) -> bool:
        """Take a response; False when it answers nothing of ours."""
        pending = next((one for one in self._pending if _answers(response, one.request)), None)
        if pending is None:
            return self._acknowledge_again(response)
        if response.status < 200:
            self._proceed(pending, response, now)
            return True
        self._pending.remove(pending)
        if pending.request.method == "INVITE":
            self.acknowledge(pending.request, response)
        if not self._authorized(pending, response, now):
            pending.answered(response, now)
        return True

    def acknowledge(self, invite: Request, response: Response) -> None:
        """Send the ACK of a final answer to an INVITE of ours."""
        if response.status < 300:
            self._dialog.confirm(response)
            self._acknowledged = self._dialog.acknowledge(invite)
            self._send(self._acknowledged)
        else:
            self._send(self._dialog.acknowledge_failure(invite, response))

    def tick(self, now: float) -> None:
        """Give up what is overdue."""
        for pending in [one for one in self._pending if now >= one.give_up_at]:
            self._pending.remove(pending)
            pending.answered(None, now)

    def forget(self) -> None:
        """Wait for nothing any more: the connection is gone, and the answers with it."""
        self._pending.clear()
        self._acknowledged = None

    def _begin(self, pending: _Pending) -> None:
        self._pending.append(pending)
        if pending.request.method == "INVITE":
            self.invite = pending.request
        self._send(pending.request)

    def _proceed(self, pending: _Pending, response: Response, now: float) -> None:
        first, pending.proceeding = not pending.proceeding, True
        if pending.cancelled and first:
            self._cancel(pending, now)
        if pending.heard is not None and not pending.cancelled:
            pending.give_up_at = math.inf
            pending.heard(response, now)

    def _cancel(self, pending: _Pending, now: float) -> None:
        cancel = self._dialog.cancel(pending.request)
        # Its own final answer is due within 64 × T1, or never comes (§9.1). A CANCEL can't be challenged (§22.1).
        pending.give_up_at = now + TIMEOUT
        self._begin(_Pending(cancel, (), _nothing_more, now + TIMEOUT, _NO_MORE_PROOFS))

    def _acknowledge_again(self, response: Response) -> bool:
        """Repeat the ACK of a repeated 2xx (§13.2.2.4)."""
        ack = self._acknowledged
        if ack is None or not 200 <= response.status < 300 or response.cseq.method != "INVITE":
            return False
        if (response.call_id, response.cseq.number) != (ack.call_id, ack.cseq.number):
            return False
        if response.to.tag != ack.to.tag:
            return False
        self._send(ack)
        return True

    def _authorized(self, pending: _Pending, response: Response, now: float) -> bool:
        """Ask once more with our credentials, where that may help (§22.1)."""
        if pending.cancelled:
            return False
        asked = pending.request
        proofs = pending.proofs.meet(
            response, self.credentials, method=asked.method, uri=asked.uri, cnonce=self._token()[:16]
        )
        if proofs is None:
            return False
        request = self._dialog.request(asked.method, (*proofs.fields, *pending.extra), asked.body)
        self._begin(
            replace(
                pending,
                request=request,
                give_up_at=min(pending.give_up_at, now + TIMEOUT),
                proofs=proofs,
                proceeding=False,
            )
        )
        return True


def _answers(response: Response, request: Request) -> bool:
    return (response.call_id, response.branch, response.cseq) == (
        request.call_id,
        request.branch,
        request.cseq,
    )


def _nothing_more(response: Response | None, now: float) -> None:
    """Whatever a CANCEL is answered: what counts is its INVITE's own answer."""
