"""Numbers that the phone may call, and one such call: it is held against the rules. Messages, sound and the time in and out."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from .caller import Log
from .dialect import Address, Dialect, Direction
from .dialog import Headers
from .digest import Secret, accepts, challenges, nonce_of
from .keys import KeyListener
from .negotiation import Negotiation
from .presses import Press
from .registrar import Account
from .rtp import FRAME, FRAME_SECONDS, PCMU, TELEPHONE_EVENT, Packet
from .srtp import Stream
from .strict import check_request, check_response
from .wire import Message, param, reply, request, tag_of, uri_of

# A kilohertz at the level of one milliwatt, µ-law (ITU-T G.711 table 5).
MILLIWATT = bytes.fromhex("1e0b0b1e9e8b8b9e") * (FRAME // 8)
ANSWER_AFTER = 0.1  # seconds of ringing
PATIENCE = 5.0  # seconds for an ACK


class Kind(StrEnum):
    """What a number does."""

    ECHO = "echo"  # sends back what it hears
    MILLIWATT = "milliwatt"  # sends a steady tone
    DEAD = "dead"  # answers, and sends nothing
    BUSY = "busy"
    UNANSWERED = "unanswered"  # rings for ever
    FOREIGN = "foreign"  # has no codec of ours


_REFUSALS = {Kind.BUSY: 486, Kind.FOREIGN: 488}


@dataclass(frozen=True, slots=True)
class Service:
    """One number and where its sound is."""

    number: str
    kind: Kind
    media: Address


class ServiceCall:
    """One call of the phone to a service; what is to be sent is in `outbox`."""

    def __init__(
        self, account: Account, service: Service, invite: Message, *, signalling: Address, random: Random
    ) -> None:
        """Take the first INVITE with `received`."""
        self.service = service
        self.call_id = invite.call_id
        self.outbox: list[Message] = []
        self.log = Log()
        self.keys = KeyListener(self.log)
        self.ended = False
        self.outcome = ""
        self.heard = 0  # packets
        self.sound = bytearray()  # PCMU of those, as they came
        self._account = account
        self._contact = f"sip:{service.number}@{signalling.host}:{signalling.port};transport=tcp"
        self._tag = f"{random.getrandbits(64):016x}"
        self._nonce = f"{random.getrandbits(128):032x}"
        self._ssrc = random.getrandbits(32)
        self._sequence = random.getrandbits(16)
        self._negotiation = Negotiation(Dialect(), service.media, random.randrange(1000, 9000))
        self._streams: tuple[Stream, Stream] | None = None
        self._sent_by = f"{signalling.host}:{signalling.port}"
        self._asked: Message | None = None
        self._own_cseq = 0
        self._rings = False
        self._invite: Message | None = None
        self._cseq = -1
        self._answer_at: float | None = None
        self._ack_by: float | None = None
        self._final = 0
        self._next: float | None = None

    @property
    def violations(self) -> list[str]:
        """What the phone did against the rules."""
        return self.log.violations

    @property
    def deadline(self) -> float | None:
        """When `due` wants to be called next."""
        times = [] if self.ended else [self._answer_at, self._ack_by, self._next]
        return min((at for at in times if at is not None), default=None)

    def received(self, message: Message, now: float) -> None:
        """Take a message of this call from the phone."""
        if not message.is_request:
            if self._asked is None:
                self.log.wrong(f"{message.status} to {message.method}: nothing was asked")
            else:
                self.log.wrong(*check_response(self._asked, message, None))
                if message.method == "BYE":
                    self._end("hangs up", now)
            return
        method = message.method
        if method not in {"ACK", "CANCEL"}:
            self.log.wrong(*check_request(message, last_cseq=self._cseq))
            self._cseq = message.cseq[0]
        handlers = {
            "INVITE": self._invited,
            "ACK": self._acknowledged,
            "CANCEL": self._cancelled,
            "BYE": self._hung_up,
            "INFO": self._told,
        }
        if method in handlers:
            handlers[method](message, now)
        else:
            self.log.wrong(f"{method}: not asked for")
            self.outbox.append(reply(message, 405, tag=self._tag))

    @property
    def rings(self) -> bool:
        """Whether the phone was told that it rings."""
        return self._rings

    @property
    def held(self) -> bool:
        """Whether the phone holds the call."""
        theirs = self._negotiation.theirs
        return theirs is not None and theirs.direction in {Direction.SEND, Direction.NONE}

    def hang_up(self) -> None:
        """Let the service end the call; the phone's answer is taken."""
        self._ask("BYE")

    def press(self, press: Press) -> None:
        """Let somebody press a key at that number; only the ways of the signalling are known here."""
        asked = press.info
        assert asked is not None
        self._ask(*asked)

    def _ask(self, method: str, headers: Headers = (), body: bytes = b"") -> None:
        assert self._invite is not None
        self._own_cseq += 1
        self._asked = request(
            method,
            uri_of(self._invite.get("Contact") or ""),
            (
                ("Via", f"SIP/2.0/TCP {self._sent_by};branch=z9hG4bK{self._tag}{self._own_cseq}"),
                ("Max-Forwards", "69"),
                ("From", f"{self._invite.get('To')};tag={self._tag}"),
                ("To", self._invite.get("From") or ""),
                ("Call-ID", self.call_id),
                ("CSeq", f"{self._own_cseq} {method}"),
                *headers,
            ),
            body,
        )
        self.outbox.append(self._asked)

    def lost(self, now: float) -> None:
        """The connection to the phone is gone."""
        self._end("connection lost", now)

    def due(self, now: float) -> list[tuple[bytes, Address]]:
        """Do what the time asks for; returns the datagrams to send."""
        if self._answer_at is not None and now >= self._answer_at:
            self._answer_at = None
            self._answer(now)
        if self._ack_by is not None and now >= self._ack_by:
            self.log.wrong(f"no ACK of {self._final}")
            self._end("not acknowledged", now)
        datagrams = []
        theirs = self._negotiation.theirs
        while theirs and self._next is not None and self._next <= now:
            self._next += FRAME_SECONDS
            self._sequence += 1
            packet = Packet(PCMU, self._sequence & 0xFFFF, self._sequence * FRAME, self._ssrc, MILLIWATT)
            datagrams.append((self._protected(packet), theirs.address))
        return datagrams

    def hear(self, data: bytes, source: Address, now: float = 0.0) -> list[tuple[bytes, Address]]:
        """Listen to a datagram; returns what comes back."""
        opened = self._streams[1].open(data) if self._streams else data
        packet = Packet.parse(opened) if opened is not None else None
        if packet is None or packet.payload_type not in {PCMU, 8, 101}:
            self.log.wrong("media: not the RTP that was agreed")
            return []
        self.heard += 1
        if packet.payload_type == TELEPHONE_EVENT:
            self.keys.event(packet, now)
        elif packet.payload_type == PCMU:
            self.sound += packet.payload
        if self.service.kind is not Kind.ECHO or self.ended or self._final != 200:
            return []
        echo = Packet(
            packet.payload_type, packet.sequence, packet.timestamp, self._ssrc, packet.payload, packet.marker
        )
        return [(self._protected(echo), source)]

    def _protected(self, packet: Packet) -> bytes:
        return self._streams[0].protect(packet.encode()) if self._streams else packet.encode()

    def _invited(self, message: Message, now: float) -> None:
        first, self._invite = self._invite is None, message
        if self._final == 200:
            self._negotiate_again(message, now)
            return
        self._check_invite(message)
        self.outbox.append(reply(message, 100))
        proof = message.get("Proxy-Authorization")
        if proof is None:
            if not first:
                self.log.wrong("INVITE: the challenge is not answered")
            challenge = challenges(self._account.scheme, self._account.domain, self._nonce)
            self._say(407, now, *(("Proxy-Authenticate", value) for value in challenge))
            return
        secret = Secret(self._account.authorization_id, self._account.password, self._account.domain)
        proven = nonce_of(proof) == self._nonce and accepts(
            proof, scheme=self._account.scheme, secret=secret, method="INVITE", uri=message.uri
        )
        if not proven:
            self._say(403, now)
        elif self.service.kind in _REFUSALS:
            self._say(_REFUSALS[self.service.kind], now)
        else:
            self._rings = True
            self._negotiation.take(message, self.log, answers=False)
            if self._negotiation.keys is not None:
                ours, theirs = self._negotiation.keys
                self._streams = Stream(ours), Stream(theirs)
            self.outbox.append(
                reply(message, 180, tag=self._tag, headers=(("Contact", f"<{self._contact}>"),))
            )
            if self.service.kind is not Kind.UNANSWERED:
                self._answer_at = now + ANSWER_AFTER

    def _negotiate_again(self, message: Message, now: float) -> None:
        """Take an INVITE within the call: whether we are held, for one."""
        self.log.wrong(*([] if message.uri == self._contact else ["INVITE: Request-URI is not our Contact"]))
        self._negotiation.take(message, self.log, answers=False)
        described = (("Contact", f"<{self._contact}>"), ("Content-Type", "application/sdp"))
        self._say(200, now, *described, body=self._negotiation.answer())

    def _check_invite(self, message: Message) -> None:
        domain, username = self._account.domain, self._account.username
        rules = {
            "Request-URI is not the number's": message.uri != f"sip:{self.service.number}@{domain}",
            "To is not whom it is for": uri_of(message.get("To") or "") != message.uri,
            "To has a tag": tag_of(message.get("To") or "") is not None,
            "From is not the account's": uri_of(message.get("From") or "") != f"sip:{username}@{domain}",
            "no Contact": not uri_of(message.get("Contact") or "").startswith("sip:"),
            "no Allow": not message.get("Allow"),
            "no session timer": "timer" not in (message.get("Supported") or ""),
            "Session-Expires below Min-SE": int(message.get("Session-Expires") or 90)
            < int(message.get("Min-SE") or 90),
        }
        self.log.wrong(*(f"INVITE: {text}" for text, broken in rules.items() if broken))

    def _answer(self, now: float) -> None:
        expires = (("Require", "timer"), ("Session-Expires", "1800;refresher=uas"))
        described = (("Contact", f"<{self._contact}>"), *expires, ("Content-Type", "application/sdp"))
        self._say(200, now, *described, body=self._negotiation.answer())

    def _say(self, status: int, now: float, *headers: tuple[str, str], body: bytes = b"") -> None:
        """Send a final answer, which must be acknowledged."""
        assert self._invite is not None
        self._final, self._ack_by = status, now + PATIENCE
        self.outbox.append(reply(self._invite, status, tag=self._tag, headers=headers, body=body))

    def _acknowledged(self, message: Message, now: float) -> None:
        assert self._invite is not None
        success = self._final == 200
        branches = [param(one.vias[0], "branch") for one in (message, self._invite)]
        rules = {
            "nothing to acknowledge": self._ack_by is None,
            "another number than the INVITE's": message.cseq[0] != self._invite.cseq[0],
            "another transaction": (branches[0] == branches[1]) is success,
            "Request-URI": message.uri != (self._contact if success else self._invite.uri),
            "To tag is not ours": tag_of(message.get("To") or "") != self._tag,
            "From changed": message.get("From") != self._invite.get("From"),
        }
        self.log.wrong(*(f"ACK of {self._final}: {text}" for text, broken in rules.items() if broken))
        self._ack_by = None
        if success:
            sounds = self.service.kind is Kind.MILLIWATT and not self.held
            self._next = now if sounds else None
        elif self._final != 407:
            self._end(f"refused: {self._final}", now)

    def _cancelled(self, message: Message, now: float) -> None:
        assert self._invite is not None
        same = ("Via", "From", "To", "Call-ID")
        rules = {
            f"{name} is not the INVITE's": message.get(name) != self._invite.get(name) for name in same
        } | {"another number than the INVITE's": message.cseq[0] != self._invite.cseq[0]}
        self.log.wrong(*(f"CANCEL: {text}" for text, broken in rules.items() if broken))
        self.outbox.append(reply(message, 200, tag=self._tag))
        if self._final in {0, 407}:
            self._answer_at = None
            self._say(487, now)

    def _told(self, message: Message, now: float) -> None:
        self.keys.told(message, now)
        self.outbox.append(reply(message, 200, tag=self._tag))

    def _hung_up(self, message: Message, now: float) -> None:
        rules = {
            "no call to hang up": self._final != 200,
            "Request-URI is not our Contact": message.uri != self._contact,
            "To tag is not ours": tag_of(message.get("To") or "") != self._tag,
        }
        self.log.wrong(*(f"BYE: {text}" for text, broken in rules.items() if broken))
        self.outbox.append(reply(message, 200, tag=self._tag))
        self._end("phone hung up", now)

    def _end(self, outcome: str, now: float) -> None:
        if not self.ended:
            self.ended, self.outcome = True, outcome
            self._answer_at = self._ack_by = self._next = None
            self.keys.over()
            self.log.note(now, outcome)
