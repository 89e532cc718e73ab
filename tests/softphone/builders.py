"""Messages as a server sends them, a reader of its own for what is answered, and an agent driven by hand."""

from dataclasses import dataclass
import hashlib
from itertools import count
import re
from typing import Final, Self

from custom_components.ringcentral.softphone.account import Account, Flow, Proxy
from custom_components.ringcentral.softphone.agent import UserAgent
from custom_components.ringcentral.softphone.events import Call, CallChanged, CallEnded, PhoneEvent

USERNAME: Final = "16505550100*101"
PASSWORD: Final = "correct-horse"
AUTHORIZATION_ID: Final = "802398808016"
DOMAIN: Final = "sip.ringcentral.com"
CALLER: Final = "+16505550072"
CALLEE: Final = "+16505550133"
CALL_ID: Final = "c0ffee01"
BRANCH: Final = "z9hG4bKinvite1"
CALLER_TAG: Final = "10.62.25.111-5070-6ce1264681244a"
CONTACT: Final = "sip:+16505550072@10.62.192.70:5091;transport=tcp"

ACCOUNT: Final = Account(USERNAME, PASSWORD, AUTHORIZATION_ID, DOMAIN, (Proxy("sip.example.com", 5090),))
FLOW: Final = Flow("192.168.42.15", 62931)

type Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Wire:
    """A message as it stands on the wire, read without any of the code under test."""

    start: str
    fields: Fields
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name: str) -> str:
        """Return the one value of a header; fails when there are several."""
        (value,) = self.all(name)
        return value

    @property
    def status(self) -> int:
        """The status of a response, 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The method of a request, or of the request that a response answers."""
        return self.get("CSeq").split()[1]

    @property
    def tag(self) -> str:
        """The To tag, "" for none."""
        _, _, tag = self.get("To").partition(";tag=")
        return tag

    @property
    def sdp(self) -> list[str]:
        """The lines of the body."""
        return self.body.decode().removesuffix("\r\n").split("\r\n")


def read_wire(data: bytes) -> list[Wire]:
    """Cut what was sent into messages, keep-alives left out; fails on anything that isn't whole."""
    messages = []
    while data := re.sub(rb"\A(?:\r\n)+", b"", data):
        head, blank, rest = data.partition(b"\r\n\r\n")
        assert blank, head
        start, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        fields = tuple((name, value) for name, _, value in (line.partition(": ") for line in lines))
        (length,) = [int(value) for name, value in fields if name == "Content-Length"]
        assert len(rest) >= length
        messages.append(Wire(start, fields, rest[:length]))
        data = rest[length:]
    return messages


def message(start: str, fields: Fields, body: bytes = b"") -> bytes:
    """Write a message with its Content-Length."""
    lines = [start, *(f"{name}: {value}" for name, value in fields), f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


def sdp_offer(
    media: str = "m=audio 50400 RTP/AVP 111 9 0 18 96 8 109 101",
    address: str = "203.0.113.7",
    attributes: tuple[str, ...] = ("rtpmap:0 pcmu/8000", "rtpmap:101 telephone-event/8000", "sendrecv"),
) -> bytes:
    """Write an offer like RingCentral's."""
    lines = [
        "v=0",
        "o=- 7 8 IN IP4 203.0.113.7",
        "s=SmcSip",
        f"c=IN IP4 {address}",
        "t=0 0",
        media,
        *(f"a={attribute}" for attribute in attributes),
    ]
    return "\r\n".join([*lines, ""]).encode()


OFFER: Final = sdp_offer()


def request(
    method: str,
    *,
    to_tag: str = "",
    body: bytes = b"",
    headers: Fields = (),
    call_id: str = CALL_ID,
    branch: str = BRANCH,
    cseq: int = 31268,
    from_tag: str = CALLER_TAG,
    from_: str = f"<sip:{CALLER}@10.62.192.70>",
    cseq_method: str = "",
) -> bytes:
    """Write a request of the caller's, headers last."""
    fields: Fields = (
        ("Via", f"SIP/2.0/TCP 10.62.192.70:5091;branch={branch}"),
        ("Max-Forwards", "69"),
        ("From", f"{from_};tag={from_tag}"),
        ("To", f"<sip:{USERNAME}@192.168.42.15>" + (f";tag={to_tag}" if to_tag else "")),
        ("Call-ID", call_id),
        ("CSeq", f"{cseq} {cseq_method or method}"),
        ("Contact", f"<{CONTACT}>"),
        *headers,
    )
    if body:
        fields = (*fields, ("Content-Type", "application/sdp"))
    return message(f"{method} sip:{USERNAME}@192.168.42.15:62931;transport=tcp SIP/2.0", fields, body)


def invite(
    body: bytes = OFFER,
    *,
    headers: Fields = (),
    call_id: str = CALL_ID,
    branch: str = BRANCH,
    cseq: int = 31268,
    from_: str = f"<sip:{CALLER}@10.62.192.70>",
) -> bytes:
    """Write an INVITE that begins a call."""
    return request(
        "INVITE", body=body, headers=headers, call_id=call_id, branch=branch, cseq=cseq, from_=from_
    )


def response(
    to: Wire,
    status: int,
    *headers: tuple[str, str],
    reason: str = "Because",
    body: bytes = b"",
    tag: str = "srv",
) -> bytes:
    """Write a server's answer to one of our requests."""
    echoed = tuple((name, to.get(name)) for name in ("Via", "From", "Call-ID", "CSeq"))
    tag = "" if to.tag else f";tag={tag}"
    return message(f"SIP/2.0 {status} {reason}", (*echoed, ("To", f"{to.get('To')}{tag}"), *headers), body)


SDP: Final = ("Content-Type", "application/sdp")
CALLEE_CONTACT: Final = "sip:callee@10.62.192.71:5070"


def picked_up(
    to: Wire, *headers: tuple[str, str], body: bytes = OFFER, tag: str = "srv", status: int = 200
) -> bytes:
    """Write the answer of who takes a call of ours, or with another status what comes before it."""
    return response(
        to, status, ("Contact", f"<{CALLEE_CONTACT}>"), SDP, *headers, reason="OK", body=body, tag=tag
    )


def asked_back(
    to: Wire, method: str, *, body: bytes = b"", cseq: int = 7, tag: str = "srv", headers: Fields = ()
) -> bytes:
    """Write a request of the other side in the dialog that an INVITE of ours began."""
    fields: Fields = (
        ("Via", f"SIP/2.0/TCP 10.62.192.70:5091;branch=z9hG4bK{method}{cseq}"),
        ("From", f"{to.get('To')};tag={tag}"),
        ("To", to.get("From")),
        ("Call-ID", to.get("Call-ID")),
        ("CSeq", f"{cseq} {method}"),
        ("Contact", f"<{CALLEE_CONTACT}>"),
        *headers,
    )
    if body:
        fields = (*fields, SDP)
    return message(f"{method} sip:us@192.168.42.15 SIP/2.0", fields, body)


class Line:
    """An agent, its time and its connection, all by hand."""

    def __init__(self, account: Account = ACCOUNT, flow: Flow = FLOW, now: float = 1000.0) -> None:
        """Begin unconnected."""
        numbers = count(1)
        self.agent = UserAgent(
            account, token=lambda: hashlib.md5(str(next(numbers)).encode(), usedforsecurity=False).hexdigest()
        )
        self.flow = flow
        self.now = now

    def connect(self) -> Wire:
        """Connect; return the first REGISTER."""
        self.agent.connected(self.flow, self.now)
        (register,) = self.sent()
        return register

    def register(self, answering_pings: bool = True) -> Self:
        """Connect and register for ten minutes, to be refreshed after 90 s, or 30 s when pings are not answered."""
        self.receive(response(self.connect(), 200, ("Expires", "600")))
        self.events()
        self.agent._registration.pace(answering_pings, self.now)
        return self

    def reconnect(self, port: int = 62932) -> list[Wire]:
        """Register over the next connection; return what is sent then."""
        self.flow = Flow(self.flow.host, port)
        return self.receive(response(self.connect(), 200, ("Expires", "600")))

    def sent(self) -> list[Wire]:
        """Return what was sent since."""
        return read_wire(self.agent.take_output())

    def events(self) -> list[PhoneEvent]:
        """Return what happened since."""
        return self.agent.take_events()

    def receive(self, *data: bytes) -> list[Wire]:
        """Receive, all in one segment; return what is sent then."""
        self.agent.receive(b"".join(data), self.now)
        return self.sent()

    def advance(self, seconds: float) -> list[Wire]:
        """Let time pass, ticking when it is due; return what was sent meanwhile."""
        end = self.now + seconds
        for _ in range(100_000):
            deadline = self.agent.next_deadline
            if deadline is None or deadline > end:
                break
            self.now = max(self.now, deadline)
            self.agent.tick(self.now)
        else:
            raise RuntimeError("The agent never rests")
        self.now = end
        return self.sent()

    def ring(self, data: bytes = b"") -> tuple[Call, str]:
        """Receive an INVITE; return the call and our To tag."""
        trying, ringing = self.receive(data or invite())
        assert (trying.status, ringing.status) == (100, 180)
        (changed,) = self.events()
        assert isinstance(changed, CallChanged)
        return changed.call, ringing.tag

    def dial(self, number: str = CALLEE, port: int = 40000, ring_for: float = 60.0) -> tuple[Call, Wire]:
        """Place a call; return it and its INVITE."""
        call = self.agent.dial(number, port, self.now, ring_for)
        (invite,) = self.sent()
        assert self.events() == [CallChanged(call)]
        return call, invite

    def answer(self, call: Call, port: int = 40000) -> Wire:
        """Answer; return the 200."""
        self.agent.answer(call.call_id, port, self.now)
        (ok,) = self.sent()
        return ok

    def talk(self, data: bytes = b"", ack: bytes = b"") -> tuple[Call, str]:
        """Take a call and have it acknowledged; return the call and our To tag."""
        call, tag = self.ring(data)
        self.answer(call)
        assert self.receive(ack or request("ACK", to_tag=tag)) == []
        self.events()
        return call, tag

    def end_of(self, events: list[PhoneEvent]) -> CallEnded:
        """Return the one end among some events."""
        (ended,) = [event for event in events if isinstance(event, CallEnded)]
        return ended


HELD: Final = sdp_offer(attributes=("sendonly",))
"""An offer that puts us on hold."""
COMPLETED: Final[Fields] = (("Reason", 'Q.850;cause=16, SIP ;text="x, y"; cause = 200'),)
"""What a CANCEL says of a call that was answered elsewhere."""


def statuses(messages: list[Wire]) -> list[int]:
    """Return the status of each message, 0 of requests."""
    return [message.status for message in messages]


def media_line(message: Wire) -> str:
    """Return the only media line of a message's description."""
    (line,) = [line for line in message.sdp if line.startswith("m=")]
    return line
