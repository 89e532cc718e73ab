"""What a request is dropped for, and an INVITE turned away for before it can ring (RFC 3261 §8.2.2, §8.2.3, RFC 4028 §6)."""

from typing import Final

from . import sdp
from .dialog import Fields
from .session_timer import MIN_SE, SUPPORTED, too_brief
from .sip.address import split_list
from .sip.message import MalformedMessageError, Request

_ACCEPTED_BODIES: Final = frozenset({"", sdp.CONTENT_TYPE})


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


def _unsupported(invite: Request) -> Fields:
    """Return the extensions an INVITE insists on and we don't have (RFC 3261 §8.2.2.3)."""
    required = (
        [item for item in split_list(value) if item.lower() != SUPPORTED]
        for value in invite.headers.get_all("Require")
    )
    return tuple(("Unsupported", ", ".join(items)) for items in required if items)
