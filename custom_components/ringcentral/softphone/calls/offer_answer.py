"""Our side of one call's offers and answers (RFC 3264, RFC 3261 §14): what was described last, and what was agreed."""

from collections.abc import Callable
from dataclasses import replace

from .. import sdes, sdp


class OfferAnswer:
    """Begins when a call is answered; each change has its version."""

    def __init__(self, local: sdp.LocalMedia, *, require_srtp: bool = False) -> None:
        """Describe our audio at `local`; with require_srtp never in the clear."""
        self.description = b""
        self.agreement: sdp.Agreement | None = None
        self.holding = False
        """Whether we want to hear nothing of the other side (RFC 3264 §8.4)."""
        self.held = False
        """Whether that is agreed on."""
        self._said = False
        self._local = local
        self._require_srtp = require_srtp

    @property
    def unsaid(self) -> bool:
        """Whether the other side was not told yet that we hold the call, or do so no longer."""
        return self._said is not self.holding

    def change(self) -> None:
        """Begin a change: the next description is a new version (RFC 3264 §8)."""
        self._local = self._local.next_version()

    def move(self, host: str) -> None:
        """Be reached at another address, and describe the same sound there."""
        if host != self._local.host:
            self._local = self._local.moved(host)
            self.description = sdp.moved(self.description, self._local)

    def offer(self) -> bytes:
        """Return an offer of ours."""
        self.description = sdp.offer(self._local, secure=self._secure)
        if self.holding:
            self.description = sdp.directed(self.description, sdp.Direction.SENDONLY)
        self._said = self.holding
        return self.description

    def offer_again(self) -> bytes:
        """Return what was described last as an offer, changed only if we hold the call, or do so no longer.

        Whoever holds us finds us silent as well, and no longer holding we want everything: it is theirs to go on holding.
        """
        if self.unsaid:
            self.change()
            held_by_them = self.agreement is not None and not self.agreement.direction.sends
            holding = sdp.Direction.INACTIVE if held_by_them else sdp.Direction.SENDONLY
            direction = holding if self.holding else sdp.Direction.SENDRECV
            self.description = sdp.moved(sdp.directed(self.description, direction), self._local)
            self._said = self.holding
        return self.description

    def answer(self, offer: sdp.Offer) -> tuple[bytes, sdp.Agreement]:
        """Answer an offer; return the answer and what it agrees to."""
        self.description, self.agreement = sdp.answer(offer, self._local, holding=self.holding)
        self._said = self.held = self.holding
        return self.description, self.agreement

    def accept(self, body: bytes) -> sdp.Agreement:
        """Take the answer to our offer; raises sdp.SdpError."""
        agreement = sdp.accept_answer(sdp.parse(body), sdp.parse(self.description))
        if self._said:
            # Whoever overlooks that we hold the call isn't heard either.
            agreement = replace(agreement, direction=agreement.direction.held)
        self.agreement, self.held = agreement, self._said
        return agreement

    def accept_change(self, body: bytes) -> sdp.Agreement | None:
        """Take the answer to what we described before; None where it changes nothing, or can't be understood.

        Who agrees that we hold the call, or do so no longer, without a word of its own means just that.
        """
        before, held = self.agreement, self.held
        try:
            self.accept(body)
        except sdp.SdpError:
            if before is not None and held is not self._said:
                self.agreement = replace(before, direction=sdp.direction_of(self.description))
                self.held = self._said
        return None if (self.agreement, self.held) == (before, held) else self.agreement

    def refused(self) -> None:
        """Go back to what was agreed before: the other side doesn't want our change (RFC 3261 §14.1)."""
        self.holding = self.held

    @property
    def _secure(self) -> bool:
        # A call that is secure stays so where the other side leaves the offer to us.
        return self._require_srtp or (self.agreement is not None and self.agreement.srtp is not None)


def fresh_media(host: str, port: int, token: Callable[[], str]) -> sdp.LocalMedia:
    """Return our end of a new call, with SRTP keys of its own; token() is that of the user agent."""
    session_id = int(token()[:8], 16)
    material = bytearray()
    while len(material) < sdes.MATERIAL:
        material += bytes.fromhex(token())
    keys = sdes.draw_keys(bytes(material[: sdes.MATERIAL]))
    return sdp.LocalMedia(host, port, session_id, 1, keys)
