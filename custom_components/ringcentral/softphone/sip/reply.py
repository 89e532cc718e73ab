"""Responses to a request (RFC 3261 §8.2.6)."""

from collections.abc import Iterable
from typing import Final

from .message import Headers, Request, Response

# Everything this phone takes part in; anything else is answered 405.
ALLOW: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY, MESSAGE, UPDATE"

REASONS: Final = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    400: "Bad Request",
    405: "Method Not Allowed",
    415: "Unsupported Media Type",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    603: "Decline",
}

_ECHOED: Final = ("Via", "From", "To", "Call-ID", "CSeq")


def reply(
    request: Request,
    status: int,
    *,
    to_tag: str = "",
    extra: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """Build a response: all Vias in order, From, Call-ID and CSeq exactly as received, our tag on To where it has none.

    A provisional or successful answer to an INVITE also carries the Record-Route it came with (§12.1.1).
    """
    fields: list[tuple[str, str]] = []
    for name in _ECHOED:
        values = request.headers.get_all(name)
        if name == "To" and to_tag and not request.to.tag:
            values = [f"{values[0]};tag={to_tag}"]
        fields += [(name, value) for value in values]
    if request.method == "INVITE" and 100 < status < 300:
        fields += [("Record-Route", value) for value in request.headers.get_all("Record-Route")]
    if status == 405:
        fields.append(("Allow", ALLOW))
    return Response(Headers([*fields, *extra]), body, status, REASONS[status])
