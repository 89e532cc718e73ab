"""The whole of RingCentral's SIP side without I/O: connections, registrar and calls.

Tell it what happens (`connected`, `received`, `datagram`, `closed`) and when time passes (`due`), each with the time in
seconds on any clock that does not go back; after each, carry out what `outputs` returns and come back at `deadline`.
With the same seed and the same inputs it does the same, byte for byte.
"""

from dataclasses import dataclass
from random import Random
from urllib.parse import unquote

from .call import Call
from .caller import Act, Caller
from .dialect import Address, Dialect
from .dialog import Headers
from .link import Faults, Link
from .registrar import Account, Registrar
from .services import Service, ServiceCall
from .strict import check_request
from .wire import KeepAlive, Message, WireError, reply, request, tag_of, uri_of

_PONG = KeepAlive.PONG.encode()
# Calls that are over and still known, for who looks back and for what is on its way.
KEPT = 500


@dataclass(frozen=True, slots=True)
class Send:
    """One segment for a phone."""

    link: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """Close a phone's connection."""

    link: int


@dataclass(frozen=True, slots=True)
class Datagram:
    """One RTP packet, from the media address of a call."""

    source: Address
    to: Address
    data: bytes


type Output = Send | Close | Datagram


class NotRegisteredError(Exception):
    """The account has no phone to call."""


class Exchange:
    """Registrar and callers behind one address."""

    def __init__(self, accounts: tuple[Account, ...], address: Address, seed: int = 0) -> None:
        """Serve these accounts; `address` is where phones connect to."""
        self.address = address
        self.faults = Faults()
        self.violations: list[str] = []  # of messages that belong to no call
        self._random = Random(seed)
        self._registrar = Registrar(accounts, self._random)
        self._links: dict[int, Link] = {}
        self._calls: dict[str, tuple[Call, int]] = {}  # Call-ID → the call and its link
        self._live: list[Call] = []
        self._services: dict[str, Service] = {}
        self._dialled: dict[str, tuple[ServiceCall, int]] = {}  # as _calls, of those that the phones place
        self._register_cseq: dict[str, int] = {}
        self._notified: set[str] = set()  # Call-IDs whose answer is awaited
        self._outputs: list[Output] = []

    @property
    def deadline(self) -> float | None:
        """When `due` wants to be called next."""
        times = [link.deadline for link in self._links.values()]
        times += [call.deadline for call in self._live]
        times += [call.deadline for call, _ in self._dialled.values()]
        return min((at for at in times if at is not None), default=None)

    @property
    def calls(self) -> list[Call]:
        """The calls that are up and the last KEPT, oldest first."""
        return [call for call, _ in self._calls.values()]

    @property
    def dialled(self) -> list[ServiceCall]:
        """Every call so far that a phone has placed to a service, oldest first."""
        return [call for call, _ in self._dialled.values()]

    def outputs(self) -> list[Output]:
        """What to do now, in order; handed out once."""
        outputs, self._outputs = self._outputs, []
        return outputs

    def add(self, account: Account) -> None:
        """Serve one more account."""
        self._registrar.accounts = (*self._registrar.accounts, account)

    def serve(self, service: Service) -> None:
        """Take calls to a number from now on."""
        self._services[service.number] = service

    def replace(self, account: Account) -> None:
        """Let an account change, its password for one."""
        others = (one for one in self._registrar.accounts if one.username != account.username)
        self._registrar.accounts = (*others, account)

    def is_registered(self, account: Account, now: float) -> bool:
        """Whether the account can be called."""
        return self.link_of(account, now) is not None

    def link_of(self, account: Account, now: float) -> int | None:
        """The connection that the account's calls go to; None when it can't be called."""
        binding = self._registrar.binding(account, now)
        return binding.link if binding is not None and binding.link in self._links else None

    def link_of_call(self, call: Call) -> int:
        """The connection that the phone last spoke over in this call."""
        return self._calls[call.call_id][1]

    def call(
        self, account: Account, caller: Caller, media: Address, now: float, dialect: Dialect | None = None
    ) -> Call:
        """Place a call; `media` is the address its sound comes from and goes to.

        Without a dialect its sound is encrypted where the phone's connection is.

        Raises:
            NotRegisteredError: no phone of this account is connected.
        """
        binding = self._registrar.binding(account, now)
        if binding is None or binding.link not in self._links:
            raise NotRegisteredError
        call = Call(
            account,
            caller,
            dialect or Dialect(secure=self._links[binding.link].secure),
            binding.contact,
            signalling=self.address,
            media=media,
            random=self._random,
            now=now,
        )
        self._calls[call.call_id] = (call, binding.link)
        self._forget_oldest()
        self._live.append(call)
        self._flush(now)
        return call

    def do(self, call: Call, step: Act, now: float) -> None:
        """Let a caller take a step now."""
        call.do(step, now)
        self._flush(now)

    def notify(self, account: Account, event: str, now: float) -> None:
        """Send the account's phone a NOTIFY outside any call.

        Raises:
            NotRegisteredError: no phone of this account is connected.
        """
        self._tell(account, "NOTIFY", (("Event", event), ("Subscription-State", "terminated")), b"", now)

    def message(self, account: Account, command: int, now: float) -> None:
        """Send the account's phone a control message outside any call; raises as `notify` does."""
        body = f'<Msg><Hdr SID="" Req="" From="#1@{account.domain}:5060" To="" Cmd="{command}"/><Bdy/></Msg>'
        self._tell(account, "MESSAGE", (("Content-Type", "x-rc/agent"),), body.encode(), now)

    def _tell(self, account: Account, method: str, extra: Headers, body: bytes, now: float) -> None:
        binding = self._registrar.binding(account, now)
        if binding is None or binding.link not in self._links:
            raise NotRegisteredError
        token = f"{self._random.getrandbits(64):016x}"
        server = f"{self.address.host}:{self.address.port}"
        headers = [
            ("Via", f"SIP/2.0/TCP {server};branch=z9hG4bK{token}"),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{account.domain}>;tag={token}"),
            ("To", f"<sip:{account.username}@{account.domain}>"),
            ("Call-ID", f"notify-{token}"),
            ("CSeq", f"1 {method}"),
            *((("Contact", f"<sip:{server};transport=tcp>"),) if method == "NOTIFY" else ()),
            *extra,
        ]
        self._notified.add(f"notify-{token}")
        self._links[binding.link].send(request(method, binding.contact, headers, body).encode(), now)
        self._flush(now)

    def connected(self, link: int, *, secure: bool = False) -> None:
        """A phone connected, over TLS if `secure`; `link` is any number not in use."""
        self._links[link] = Link(self.faults, secure=secure)

    def closed(self, link: int, now: float) -> None:
        """A phone's connection is gone."""
        if self._links.pop(link, None) is None:
            return
        self._registrar.forget(link)
        for call in self._live:
            if self._calls[call.call_id][1] == link:
                call.lost(now)
        for dialled, by in self._dialled.values():
            if by == link:
                dialled.lost(now)
        self._flush(now)

    def forget(self) -> None:
        """Lose every registration; the connections stay."""
        for link in self._links:
            self._registrar.forget(link)

    def drop(self, account: Account, now: float) -> None:
        """Close the connection that the account is registered over."""
        if (binding := self._registrar.binding(account, now)) and binding.link in self._links:
            self._close(binding.link, now)

    def received(self, link: int, data: bytes, now: float) -> None:
        """Bytes came from a phone."""
        if link not in self._links:
            return
        try:
            for item in self._links[link].framer.feed(data):
                if not self.faults.silent:
                    self._item(link, item, now)
                elif isinstance(item, Message) and item.call_id in self._calls:
                    self._calls[item.call_id][0].unheard()
                if link not in self._links:
                    return
        except WireError as err:
            self._wrong(str(err))
            self._close(link, now)
        self._flush(now)

    def datagram(self, media: Address, data: bytes, source: Address, now: float) -> None:
        """A datagram came to the media address of a call."""
        for call in self._live:
            if call.media == media:
                call.voice.receive(data, source, now)
        for dialled in self.dialled:
            if dialled.service.media == media and not dialled.ended:
                self._outputs += [Datagram(media, to, back) for back, to in dialled.hear(data, source, now)]

    def due(self, now: float) -> None:
        """Time has passed."""
        for call in self._live:
            self._outputs += [Datagram(call.media, to, data) for data, to in call.due(now)]
        for dialled in self.dialled:
            media = dialled.service.media
            self._outputs += [Datagram(media, to, data) for data, to in dialled.due(now)]
        self._flush(now)

    def _item(self, link: int, item: Message | KeepAlive, now: float) -> None:
        if isinstance(item, KeepAlive):
            if item is KeepAlive.PING and self.faults.pong:
                self._links[link].send(_PONG, now)
            return
        if item.call_id in self._calls:
            call, before = self._calls[item.call_id]
            if link != before:
                # A phone that comes back speaks over its new connection.
                self._calls[item.call_id] = (call, link)
                call.unheard()
            call.received(item, now)
            self._post(call, now)
        elif not item.is_request and item.call_id in self._notified and item.status == 200:
            self._notified.discard(item.call_id)
        elif dialled := self._service_call(item, link):
            dialled.received(item, now)
        elif not item.is_request:
            self._wrong(f"{item.status} to {item.method}: belongs to no call")
        elif item.method == "REGISTER":
            self._register(link, item, now)
        elif item.method != "ACK":
            self._wrong(*check_request(item))
            # An INVITE within a call that is not known: of before this server was started, for one.
            known = {"OPTIONS": 200} if tag_of(item.get("To") or "") else {"OPTIONS": 200, "INVITE": 404}
            status = known.get(item.method, 481)
            self._links[link].send(reply(item, status, tag="6f7574").encode(), now)

    def _service_call(self, item: Message, link: int) -> ServiceCall | None:
        """The phone's call to a service that a message belongs to, or begins."""
        if (known := self._dialled.get(item.call_id)) is not None:
            self._dialled[item.call_id] = known[0], link
            return known[0]
        number, _, _ = (item.uri if item.is_request else "").removeprefix("sip:").partition("@")
        service = self._services.get(unquote(number))
        if service is None or item.method != "INVITE" or tag_of(item.get("To") or ""):
            return None
        own = uri_of(item.get("From") or "")
        account = next(
            (one for one in self._registrar.accounts if own == f"sip:{one.username}@{one.domain}"), None
        )
        if account is None:
            return None
        call = ServiceCall(account, service, item, signalling=self.address, random=self._random)
        self._dialled[item.call_id] = call, link
        return call

    def _register(self, link: int, request: Message, now: float) -> None:
        self._wrong(*check_request(request, last_cseq=self._register_cseq.get(request.call_id, -1)))
        self._register_cseq[request.call_id] = request.cseq[0]
        if self.faults.close_on_register:
            self._close(link, now)
            return
        self._registrar.fault = self.faults.register
        self._registrar.shortest, self._registrar.stale = self.faults.shortest, self.faults.stale
        for response in self._registrar.answer(request, link, now):
            self._links[link].send(response.encode(), now)

    def _forget_oldest(self) -> None:
        over = [call_id for call_id, (call, _) in self._calls.items() if call.ended]
        for call_id in over[: max(0, len(over) - KEPT)]:
            self.violations += [
                text for text in self._calls[call_id][0].violations if text not in self.violations
            ]
            del self._calls[call_id]

    def _wrong(self, *texts: str) -> None:
        self.violations += [text for text in texts if text not in self.violations]

    def _close(self, link: int, now: float) -> None:
        self._flush(now)
        self._outputs.append(Close(link))
        self.closed(link, now)

    def _flush(self, now: float) -> None:
        """Move what is due to the outputs, and let go of calls that are over."""
        for call in self._live:
            self._post(call, now)
        for dialled, by in self._dialled.values():
            messages, dialled.outbox = dialled.outbox, []
            if by in self._links and not self.faults.silent:
                for message in messages:
                    self._links[by].send(message.encode(), now)
        if self._live:
            self._live = [call for call in self._live if not call.ended]
        for number, link in self._links.items():
            self._outputs += [Send(number, data) for data in link.due(now)]

    def _post(self, call: Call, now: float) -> None:
        """Give a call's messages to its connection, if that is still there."""
        messages = list(call.outbox)
        call.outbox.clear()
        link = self._links.get(self._calls[call.call_id][1])
        if link is None or self.faults.silent:
            return
        for message in messages:
            link.send(message.encode(), now)
