"""What a request is dropped for, an INVITE turned away for before it can ring, and what is of no call (RFC 3261 §8.2.2, §8.2.3, RFC 4028 §6)."""

from typing import Final

from .. import sdp
from ..events import EndReason
from ..sip.address import split_list
from ..sip.message import Fields, MalformedMessageError, Request
from ..sip.reply import ALLOW
from .session_timer import MIN_SE, SUPPORTED, too_brief

# The offers that are good ones and not for us.
UNTAKEN: Final[dict[type[sdp.SdpError], EndReason]] = {
    sdp.NoCommonCodecError: EndReason.NO_CODEC,
    sdp.PlainOfferError: EndReason.SRTP_REQUIRED,
}
_ACCEPTED_BODIES: Final = frozenset({"", sdp.CONTENT_TYPE})


_ABILITIES: Final = (("Allow", ALLOW), ("Accept", sdp.CONTENT_TYPE), ("Supported", SUPPORTED))
_ALWAYS_OK: Final = frozenset({"MESSAGE"})
_OK_OUTSIDE_DIALOG: Final = frozenset({"OPTIONS", "NOTIFY", "MESSAGE"})
_NEEDS_DIALOG: Final = frozenset({"BYE", "INFO", "UPDATE", "CANCEL"})


def require_answerable(request: Request) -> None:
    """Make sure that a request can be answered at all; raises MalformedMessageError."""
    if not request.call_id or not request.headers.get("via"):
        raise MalformedMessageError("Call-ID or Via is missing")
    if request.cseq.method != request.method:
        raise MalformedMessageError("CSeq names another method")
    _ = request.from_, request.to


def refusal(invite: Request) -> tuple[int, Fields] | None:
    """Return the status and the headers of the answer to an INVITE that asks for what we don't have."""
    if unsupported := _unsupported(invite):
        return 420, unsupported
    if too_brief(invite):
        return 422, (("Min-SE", str(MIN_SE)),)
    if invite.body and invite.content_type not in _ACCEPTED_BODIES:
        return 415, (("Accept", sdp.CONTENT_TYPE),)
    return None


def answer_outside(request: Request) -> tuple[int, Fields]:
    """Return the status and the headers of the answer to a request of no call of ours."""
    method, tagged = request.method, bool(request.to.tag)
    extra = _ABILITIES if method == "OPTIONS" else ()
    if method in _ALWAYS_OK or (method in _OK_OUTSIDE_DIALOG and not tagged):
        return 200, extra
    return 481 if tagged or method in _NEEDS_DIALOG else 405, extra


def _unsupported(invite: Request) -> Fields:
    """Return the extensions an INVITE insists on and we don't have (RFC 3261 §8.2.2.3)."""
    required = (
        [item for item in split_list(value) if item.lower() != SUPPORTED]
        for value in invite.headers.get_all("Require")
    )
    return tuple(("Unsupported", ", ".join(items)) for items in required if items)
