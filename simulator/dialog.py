"""The server's half of a dialog: numbers and addresses its requests, and waits for the responses (RFC 3261 §12, §17.1)."""

from dataclasses import dataclass
import math
from random import Random

from .caller import Caller, Log
from .dialect import Address, Dialect, Party, from_header
from .registrar import Account
from .strict import check_dialog_request, check_response
from .wire import Message, request, tag_of, uri_of

NO_ANSWER = 32.0  # seconds for any response to an INVITE (64 × T1)
PATIENCE = 5.0  # seconds for the response to any other request

type Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Pending:
    """A request that waits for its response."""

    request: Message
    deadline: float


class Dialog:
    """One dialog. Everything to be sent is in `outbox`, in order."""

    def __init__(
        self,
        account: Account,
        caller: Caller,
        dialect: Dialect,
        target: str,
        *,
        signalling: Address,
        random: Random,
    ) -> None:
        """Make up the identifiers; `target` is the phone's registered Contact."""
        self.outbox: list[Message] = []
        self.call_id = f"{random.getrandbits(128):032x}"
        user = "anonymous" if dialect.anonymous else caller.number
        self.contact = f"sip:{user}@{signalling.host}:{signalling.port};transport=tcp"
        self._tag = f"10.62.25.111-5070-{random.getrandbits(52):013x}"
        self._phone_tag = ""
        self._target = target
        party = Party(caller.number, caller.name)
        self._from = f"{from_header(dialect, party, signalling.host)};tag={self._tag}"
        self._to = f"<sip:{account.username}@{account.domain}>"
        self._sent_by = f"{signalling.host}:{signalling.port}"
        self._hops = dialect.vias
        self._random = random
        self._cseq = random.randrange(1, 40_000)
        self._pending: dict[tuple[int, str], _Pending] = {}
        self.given_up: set[tuple[int, str]] = set()
        """Number and method of what was not answered in time; its response may come yet."""

    @property
    def deadline(self) -> float | None:
        """When the first response is overdue."""
        return min((pending.deadline for pending in self._pending.values()), default=None)

    def overdue(self, now: float) -> list[Message]:
        """The requests that were not answered in time; they are given up."""
        late = [key for key, pending in self._pending.items() if pending.deadline <= now]
        self.given_up.update(late)
        return [self._pending.pop(key).request for key in late]

    def waits_for(self, method: str) -> bool:
        """Whether a request of this method is unanswered."""
        return any(asked == method for _, asked in self._pending)

    def rings(self, invite: Message) -> None:
        """The phone knows of the INVITE: its final response may take any time."""
        self._pending[invite.cseq] = _Pending(invite, math.inf)

    def close(self) -> None:
        """Wait for nothing any more."""
        self._pending.clear()

    # Out

    def ask(
        self, method: str, now: float, headers: Headers = (), body: bytes = b"", *, patience: float = PATIENCE
    ) -> Message:
        """Send a request and wait for its response."""
        self._cseq += 1
        tag = f";tag={self._phone_tag}" if self._phone_tag and method != "MESSAGE" else ""
        message = request(
            method,
            self._target,
            (
                *self._vias(),
                *self._common(self._to + tag, f"{self._cseq} {method}"),
                ("Contact", f"<{self.contact}>"),
                *headers,
            ),
            body,
        )
        self.outbox.append(message)
        self._pending[self._cseq, method] = _Pending(message, now + patience)
        return message

    def cancel(self, invite: Message, now: float, headers: Headers = ()) -> None:
        """CANCEL a request: its top Via, its number (RFC 3261 §9.1)."""
        number = invite.cseq[0]
        message = request(
            "CANCEL",
            invite.uri,
            (("Via", invite.vias[0]), *self._common(self._to, f"{number} CANCEL"), *headers),
        )
        self.outbox.append(message)
        self._pending.pop((number, "INVITE"), None)
        self._pending[number, "CANCEL"] = _Pending(message, now + PATIENCE)

    def acknowledge(self, invite: Message, response: Message, body: bytes = b"") -> None:
        """ACK a 2xx on its own (§13.2.2.4), any other final response within its transaction (§17.1.1.3)."""
        success = response.status < 300
        vias = self._vias() if success else (("Via", invite.vias[0]),)
        content: Headers = (("Content-Type", "application/sdp"),) if body else ()
        common = self._common(response.get("To") or "", f"{invite.cseq[0]} ACK")
        uri = self._target if success else invite.uri
        self.outbox.append(request("ACK", uri, (*vias, *common, *content), body))

    def _vias(self) -> Headers:
        sent_by = [f"TCP {self._sent_by}", *(f"UDP 10.62.25.{hop}:5070" for hop in range(1, self._hops))]
        return tuple(
            ("Via", f"SIP/2.0/{one};branch=z9hG4bK{self._random.getrandbits(64):016x}") for one in sent_by
        )

    def _common(self, to: str, cseq: str) -> Headers:
        return (
            ("Max-Forwards", "69"),
            ("From", self._from),
            ("To", to),
            ("Call-ID", self.call_id),
            ("CSeq", cseq),
        )

    # In

    def answered(self, response: Message, log: Log) -> Message | None:
        """The request that a response belongs to, None if to none; a final one settles it."""
        key = response.cseq
        if not (pending := self._pending.get(key)):
            return None
        self.check(pending.request, response, log)
        if response.status >= 200:
            del self._pending[key]
        return pending.request

    def check(self, asked: Message, response: Message, log: Log) -> None:
        """Hold a response against its request, and learn the phone's tag and address from it."""
        # A CANCEL of what the phone has long finished is answered by nobody in particular (§9.2).
        outside = asked.method == "MESSAGE" or (asked.method, response.status) == ("CANCEL", 481)
        known = None if outside else self._phone_tag
        log.wrong(*check_response(asked, response, known))
        if asked.method != "INVITE":
            return
        if not self._phone_tag and response.status > 100:
            self._phone_tag = tag_of(response.get("To") or "") or ""
        if response.status // 100 == 2:
            self._target = uri_of(response.get("Contact") or "") or self._target

    def retarget(self, message: Message) -> None:
        """Take where the phone says it is now (§12.2.2)."""
        self._target = uri_of(message.get("Contact") or "") or self._target

    def check_request(self, message: Message, log: Log) -> None:
        """Hold a request of the phone against the dialog."""
        log.wrong(
            *check_dialog_request(message, contact=self.contact, local=self._tag, remote=self._phone_tag)
        )
