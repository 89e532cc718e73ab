"""Who is where: the registrar (RFC 3261 §10.3) in RingCentral's manner."""

from dataclasses import dataclass, field
from enum import Enum
from random import Random
import re
from typing import override

from .digest import Scheme, Secret, accepts, challenges, nonce_of
from .wire import Message, param, reply, uri_of

_NONCE_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@dataclass(frozen=True, slots=True)
class Account:
    """A line that may register, and how the server treats it."""

    username: str = field(default="16505550123*115", repr=False)
    password: str = field(default="s3cret", repr=False)
    authorization_id: str = field(default="802512345678", repr=False)
    domain: str = "sip.ringcentral.com"
    name: str = "Home"
    provisioned: bool = False  # a device made by sip-provision: its calls carry P-rc
    scheme: Scheme = Scheme.RINGCENTRAL
    granted: int = 60  # most seconds a registration is granted
    other_contacts: tuple[str, ...] = ()  # listed in every 200 as well: the other instances of this extension

    @override
    def __hash__(self) -> int:
        """The accounts of a server differ in these already."""
        return hash((self.username, self.authorization_id))

    @property
    def number(self) -> str:
        """The main number: the user name up to the extension."""
        return self.username.partition("*")[0]


@dataclass(frozen=True, slots=True)
class Binding:
    """Where an account is reached."""

    contact: str = field(repr=False)  # URI, without the angle brackets
    link: int  # the connection it registered over
    expires: float  # on the clock the registrar is given
    call_id: str = field(default="", repr=False)


class RegisterFault(Enum):
    """A final answer that every REGISTER gets while the fault is set: status, reason, more headers."""

    UNAVAILABLE = (503, "Service Unavailable", ())
    TOO_MANY_CONTACTS = (603, "Too Many Contacts", ())
    TOO_BRIEF = (423, "Interval Too Brief", (("Min-Expires", "1800"),))
    BAD_REQUEST = (400, "Bad Request", ())
    WRONG_PASSWORD = (401, "Unauthorized", ())  # challenges for ever


@dataclass(frozen=True, slots=True)
class Refusal:
    """Any other final answer to every REGISTER."""

    status: int
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Registrar:
    """The accounts and their bindings. Requests and the time in, responses out."""

    def __init__(self, accounts: tuple[Account, ...], random: Random) -> None:
        """Know the accounts; draw nonces and tags from `random`."""
        self.accounts = accounts
        self.fault: RegisterFault | Refusal | None = None
        self.shortest = 0  # seconds that must be asked for
        self.stale = 0.0  # how many nonces have run out when they are used
        self._random = random
        self._bindings: dict[Account, dict[str, Binding]] = {}
        self._nonces: dict[str, str] = {}  # Call-ID → the nonce it was challenged with

    def binding(self, account: Account, now: float) -> Binding | None:
        """Where the account's calls go: its newest live registration."""
        entries = self._bindings.get(account)
        if not entries:
            return None
        return next((entry for entry in reversed(entries.values()) if entry.expires > now), None)

    def forget(self, link: int) -> None:
        """Drop what was registered over a connection that is gone."""
        for account, entries in self._bindings.items():
            self._bindings[account] = {uri: entry for uri, entry in entries.items() if entry.link != link}

    def answer(self, request: Message, link: int, now: float) -> list[Message]:
        """Answer a REGISTER: `100 Trying`, then the final response."""
        tag = f"{self._random.getrandbits(64):016x}"
        trying = reply(request, 100)
        account = self._account(request)
        if account is None:
            return [trying, reply(request, 404, tag=tag)]
        if self.fault and self.fault is not RegisterFault.WRONG_PASSWORD:
            fault = Refusal(*self.fault.value) if isinstance(self.fault, RegisterFault) else self.fault
            return [trying, _refused(request, fault, tag)]
        if any(0 < _asked(request, contact) < self.shortest for contact in request.all("Contact")):
            brief = Refusal(423, headers=(("Min-Expires", str(self.shortest)),))
            return [trying, _refused(request, brief, tag)]
        if account.scheme is not Scheme.OPEN and (refusal := self._refusal(account, request, tag)):
            return [trying, refusal]
        return [trying, self._bind(account, request, link, now, tag)]

    def _account(self, request: Message) -> Account | None:
        address = uri_of(request.get("To") or "")
        named = [one for one in self.accounts if address == f"sip:{one.username}@{one.domain}"]
        # The devices of an extension share its address; which one it is shows in who it says it is.
        proof = request.get("Authorization") or ""
        return next(
            (one for one in named if f'"{one.authorization_id}"' in proof), named[-1] if named else None
        )

    def _refusal(self, account: Account, request: Message, tag: str) -> Message | None:
        """The 401 or 403 of a request that may not pass."""
        header = request.get("Authorization")
        nonce = self._nonces.pop(request.call_id, None)
        answered = header is not None and nonce is not None and nonce_of(header) == nonce
        stale = answered and self._random.random() < self.stale
        if header is None or not answered or stale or self.fault:
            fresh = self._nonces[request.call_id] = "".join(self._random.choices(_NONCE_ALPHABET, k=32))
            asked = [
                ("Www-Authenticate", value + ", stale=true" * stale)
                for value in challenges(account.scheme, account.domain, fresh)
            ]
            return reply(request, 401, tag=tag, headers=asked)
        secret = Secret(account.authorization_id, account.password, account.domain)
        if accepts(header, scheme=account.scheme, secret=secret, method="REGISTER", uri=request.uri):
            return None
        return reply(request, 403, tag=tag)

    def _bind(self, account: Account, request: Message, link: int, now: float, tag: str) -> Message:
        entries = self._bindings.setdefault(account, {})
        listed = [("Contact", contact) for contact in account.other_contacts]
        for contact in request.all("Contact"):
            uri = uri_of(contact)
            seconds = min(_asked(request, contact), account.granted)
            entries.pop(uri, None)
            if seconds:
                entries[uri] = Binding(uri, link, now + seconds, request.call_id)
                listed.append(("Contact", f"<{uri}>;expires={seconds}"))
        return reply(request, 200, tag=tag, headers=listed)


def _refused(request: Message, refusal: Refusal, tag: str) -> Message:
    return reply(request, refusal.status, reason=refusal.reason, tag=tag, headers=refusal.headers)


def _asked(request: Message, contact: str) -> int:
    """Seconds the phone asks for: of the contact, else of the request, else an hour (RFC 3261 §10.2.1.1)."""
    for value in (param(contact, "expires"), request.get("Expires")):
        if value is not None and re.fullmatch(r"\d{1,9}", value, re.ASCII):
            return int(value)
    return 3600
