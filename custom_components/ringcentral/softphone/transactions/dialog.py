"""A dialog (RFC 3261 §12): who is at the other end, and how to reach them."""

from collections.abc import Callable, Iterable
from copy import copy
from typing import Final, Self

from ..account import Flow, Proxy
from ..sip.address import NameAddr, split_list
from ..sip.message import Fields, Headers, Message, Request, Response
from ..sip.reply import reply

# What the ACK of a failure has of its INVITE.
_ACKNOWLEDGED: Final = frozenset({"Via", "Max-Forwards", "Route", "From"})

# And its CANCEL.
_CANCELLED: Final = _ACKNOWLEDGED | {"To", "Call-ID"}


class Dialog:
    """Remembers tags, targets and sequence numbers; made by the INVITE that begins it, theirs or ours."""

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
        self.ours = False
        """Whether the dialog is begun by us, and its Call-ID ours."""
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

    @classmethod
    def calling(
        cls,
        target: str,
        flow: Flow,
        *,
        own: str,
        local_tag: str,
        contact: str,
        user_agent: str,
        token: Callable[[], str],
        call_id: str = "",
    ) -> Self:
        """Begin the dialog of an INVITE of ours from one URI to another; confirm() then says with whom it is (§12.1.2).

        Without a Call-ID it has one of its own.
        """
        call_id = call_id or token()
        fields = [("From", f"<{target}>"), ("To", f"<{own}>"), ("Call-ID", call_id), ("CSeq", "0 INVITE")]
        # As if they had called us, with no tag and nothing heard of them yet.
        unheard = Request(Headers(fields), b"", "INVITE", own)
        dialog = cls(unheard, flow, local_tag=local_tag, contact=contact, user_agent=user_agent, token=token)
        dialog.ours = True
        return dialog

    @property
    def proxy(self) -> Proxy | None:
        """Where our requests go."""
        return self._flow.proxy

    @property
    def remote_tag(self) -> str:
        """The other side's tag, "" while nobody has answered."""
        return self._remote_tag

    def branch(self) -> Self:
        """Return the same dialog for another who answers the same INVITE of ours (§13.2.2.4)."""
        other = copy(self)
        other.forget_remote()
        return other

    def aside(self, target: str, *, own: str) -> Dialog:
        """Return what speaks to another about the same call, under its Call-ID and outside its dialog."""
        return Dialog.calling(
            target,
            self._flow,
            own=own,
            local_tag=self._token()[:16],
            contact=self._contact,
            user_agent=self._user_agent,
            token=self._token,
            call_id=self._call_id,
        )

    def forget_remote(self) -> None:
        """Not know yet with whom the dialog is."""
        self._remote_tag = ""

    def confirm(self, response: Response) -> None:
        """Take what a 2xx to an INVITE of ours says of the other side; the first says who it is (§12.1.2)."""
        if not self._remote_tag:
            self._remote_tag = response.to.tag
            # What others who rang have asked was numbered by them (§12.1.2).
            self._remote_sequence = 0
            self._remote = response.headers.get("To") or self._remote
            routes = [
                route for line in response.headers.get_all("Record-Route") for route in split_list(line)
            ]
            self._routes = routes[::-1]
        self.retarget(response)

    def matches(self, request: Request) -> bool:
        """Whether a request is of this dialog (§12.2.2); of an early one of ours whoever it comes from."""
        return (request.call_id, request.to.tag, request.from_.tag) == (
            self._call_id,
            self._local_tag,
            self._remote_tag or request.from_.tag,
        )

    def in_order(self, request: Request) -> bool:
        """Note a request's sequence number; False when it is older than the last one's (§12.2.2)."""
        if request.cseq.number < self._remote_sequence:
            return False
        self._remote_sequence = request.cseq.number
        return True

    def retarget(self, message: Message) -> None:
        """Take the new remote target of a target refresh, or of its answer (§12.2)."""
        if contacts := message.contacts:
            self._remote_target = _request_uri(contacts[0])

    def move(self, flow: Flow, contact: str) -> None:
        """Go on over another connection."""
        self._flow = flow
        self._contact = contact

    def request(self, method: str, extra: Fields = (), body: bytes = b"") -> Request:
        """Build the next request to the other side."""
        self._sequence += 1
        return self._build(method, self._sequence, extra, body)

    def cancel(self, invite: Request) -> Request:
        """Build the CANCEL of an INVITE of ours (§9.1)."""
        fields = [(name, value) for name, value in invite.headers.items() if name in _CANCELLED]
        number = invite.cseq.number
        return Request(Headers([*fields, ("CSeq", f"{number} CANCEL")]), b"", "CANCEL", invite.uri)

    def acknowledge(self, invite: Request) -> Request:
        """Build the ACK of a 2xx to an INVITE of ours, with its credentials (§13.2.2.4)."""
        proofs = [(name, invite.headers.get(name)) for name in ("Authorization", "Proxy-Authorization")]
        return self._build("ACK", invite.cseq.number, tuple((name, proof) for name, proof in proofs if proof))

    def acknowledge_failure(self, invite: Request, response: Response) -> Request:
        """Build the ACK of any other final answer to an INVITE of ours (§17.1.1.3)."""
        fields = [(name, value) for name, value in invite.headers.items() if name in _ACKNOWLEDGED]
        fields += [("To", response.headers.get("To") or self._remote)]
        fields += [("Call-ID", self._call_id), ("CSeq", f"{invite.cseq.number} ACK")]
        return Request(Headers(fields), b"", "ACK", invite.uri)

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

    def _build(self, method: str, sequence: int, extra: Fields, body: bytes = b"") -> Request:
        fields = [
            ("Via", self._flow.via(self._token())),
            ("Max-Forwards", "70"),
            *(("Route", route) for route in self._routes),
            ("From", self._local),
            ("To", self._remote),
            ("Call-ID", self._call_id),
            ("CSeq", f"{sequence} {method}"),
            # A MESSAGE begins nothing that could be answered there (RFC 3428 §4).
            *([] if method == "MESSAGE" else [("Contact", self._contact)]),
            *extra,
            ("User-Agent", self._user_agent),
        ]
        return Request(Headers(fields), body, method, self._remote_target)


def _request_uri(target: NameAddr) -> str:
    """Return the URI as one word of a request line, whatever blanks its owner left in it."""
    return "%20".join(target.uri.split())
