"""A dialog as the called side sees it (RFC 3261 §12): who is at the other end, and how to reach them."""

from collections.abc import Callable, Iterable

from .account import Flow
from .sip.address import NameAddr
from .sip.message import Headers, Request, Response
from .sip.reply import reply


class Dialog:
    """Made from the INVITE that begins it; remembers tags, targets and sequence numbers."""

    def __init__(
        self,
        invite: Request,
        flow: Flow,
        *,
        local_tag: str,
        contact: str,
        user_agent: str,
        token: Callable[[], str],
    ) -> None:
        """Begin the dialog of a request that came over a flow; token() returns fresh random text.

        Raises MalformedMessageError where a header it needs can't be read.
        """
        contacts = invite.contacts
        self._call_id = invite.call_id
        self._local_tag = local_tag
        self._remote_tag = invite.from_.tag
        self._contact = contact
        self._remote_sequence = invite.cseq.number
        self._remote_target = _request_uri(contacts[0] if contacts else invite.from_)
        self._routes = invite.headers.get_all("Record-Route")
        self._local = f"{invite.headers.get('To')};tag={local_tag}"
        self._remote = invite.headers.get("From") or ""
        self._flow = flow
        self._user_agent = user_agent
        self._token = token
        self._sequence = 0

    def matches(self, request: Request) -> bool:
        """Whether a request is of this dialog (§12.2.2)."""
        return (request.call_id, request.to.tag, request.from_.tag) == (
            self._call_id,
            self._local_tag,
            self._remote_tag,
        )

    def in_order(self, request: Request) -> bool:
        """Note a request's sequence number; False when it is older than the last one's (§12.2.2)."""
        if request.cseq.number < self._remote_sequence:
            return False
        self._remote_sequence = request.cseq.number
        return True

    def retarget(self, request: Request) -> None:
        """Take the new remote target of a target refresh request (§12.2.2)."""
        if contacts := request.contacts:
            self._remote_target = _request_uri(contacts[0])

    def request(self, method: str) -> Request:
        """Build the next request to the other side."""
        self._sequence += 1
        fields = [
            ("Via", self._flow.via(self._token())),
            ("Max-Forwards", "70"),
            *(("Route", route) for route in self._routes),
            ("From", self._local),
            ("To", self._remote),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._sequence} {method}"),
            ("Contact", self._contact),
            ("User-Agent", self._user_agent),
        ]
        return Request(Headers(fields), b"", method, self._remote_target)

    def reply(
        self, request: Request, status: int, extra: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> Response:
        """Build a response to a request of this dialog; one that may establish or refresh it says where we are."""
        fields = list(extra)
        if request.method in {"INVITE", "UPDATE"} and 100 < status < 300:
            fields.insert(0, ("Contact", self._contact))
        return reply(
            request,
            status,
            to_tag=self._local_tag,
            extra=[*fields, ("User-Agent", self._user_agent)],
            body=body,
        )


def _request_uri(target: NameAddr) -> str:
    """Return the URI as one word of a request line, whatever blanks its owner left in it."""
    return "%20".join(target.uri.split())
