"""Our side of one call's offers and answers (RFC 3264, RFC 3261 §14): what was described last, and what was agreed."""

from collections.abc import Callable

from . import sdes, sdp


class OfferAnswer:
    """Begins when a call is answered; each change has its version."""

    def __init__(self, local: sdp.LocalMedia, *, require_srtp: bool = False) -> None:
        """Describe our audio at `local`; with require_srtp never in the clear."""
        self.description = b""
        self.agreement: sdp.Agreement | None = None
        self._local = local
        self._require_srtp = require_srtp

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
        return self.description

    def answer(self, offer: sdp.Offer) -> tuple[bytes, sdp.Agreement]:
        """Answer an offer; return the answer and what it agrees to."""
        self.description, self.agreement = sdp.answer(offer, self._local)
        return self.description, self.agreement

    def accept(self, body: bytes) -> sdp.Agreement:
        """Take the answer to our offer; raises sdp.SdpError."""
        self.agreement = sdp.accept_answer(sdp.parse(body), sdp.parse(self.description))
        return self.agreement

    def accept_change(self, body: bytes) -> sdp.Agreement | None:
        """Take the answer to what we described before; None where it changes nothing, or can't be understood."""
        before = self.agreement
        try:
            return None if not body or self.accept(body) == before else self.agreement
        except sdp.SdpError:
            return None

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
