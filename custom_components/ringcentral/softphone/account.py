"""What a line needs to know to register: the values of a SIP account."""

from dataclasses import dataclass, field
from enum import StrEnum
import re
from typing import Final, Self, override

from .sip.digest import Credentials

_INSTANCE: Final = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SHORTEST_SECRET: Final = 4


class Transport(StrEnum):
    """What carries the messages; the value is that of a URI's transport parameter (RFC 3261 §19.1.1)."""

    TCP = "tcp"
    TLS = "tls"
    UDP = "udp"

    @property
    def default_port(self) -> int:
        """The port of a server that names none (RFC 3261 §19.1.2)."""
        return 5061 if self is Transport.TLS else 5060


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where the connection goes."""

    host: str
    port: int

    @classmethod
    def parse(cls, value: str) -> Self:
        """Parse "host:port" or "[v6]:port"; raises ValueError."""
        host, _, port = value.strip().rpartition(":")
        if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
            raise ValueError("A proxy is written host:port")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))

    @override
    def __str__(self) -> str:
        """Write what parse() reads."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Account:
    """One SIP account; the authorization id, not the user name, answers the server's challenge.

    Raises ValueError for a domain, authorization id or user agent that would break out of its header, for an
    instance id that is none, and when there is no proxy.

    Attributes:
        proxies: where to connect, the best first; the others stand in while it fails.
        require_srtp: whether no audio goes in the clear; without, a call is as secure as its offer.
        instance_id: "urn:uuid:…", the same for ever: tells the server that a new registration takes the place of
            this phone's last one (RFC 5626 §4.1). None: the server is not told.
        switch_back_interval: seconds after which the first proxy is tried again once another is in use. None: stay
            with the other for as long as it serves.
        error_codes: statuses to a REGISTER that mean "try another proxy".
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    authorization_id: str = field(repr=False)
    domain: str
    proxies: tuple[Proxy, ...]
    user_agent: str = "HomeAssistantRingCentral"
    require_srtp: bool = False
    transport: Transport = Transport.TCP
    instance_id: str | None = field(default=None, repr=False)
    switch_back_interval: float | None = None
    error_codes: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        """Keep line breaks and the like out of the messages."""
        if not f"{self.domain}{self.authorization_id}{self.user_agent}".isprintable() or " " in self.domain:
            raise ValueError("An account's values are one line each, its domain one word")
        if not self.proxies:
            raise ValueError("An account has a proxy")
        if self.instance_id is not None and not _INSTANCE.fullmatch(self.instance_id):
            raise ValueError("An instance id is written urn:uuid:…")

    @property
    def proxy(self) -> Proxy:
        """The first proxy."""
        return self.proxies[0]

    @property
    def credentials(self) -> Credentials:
        """What answers a digest challenge."""
        return Credentials(self.authorization_id, self.password)

    @property
    def secrets(self) -> list[str]:
        """What must never be shown; what is as short as an extension hides nothing and would mask half a message."""
        values = (self.password, self.authorization_id, self.username)
        return [value for value in values if len(value) >= _SHORTEST_SECRET]


@dataclass(frozen=True, slots=True)
class Flow:
    """One connection to the proxy, by its own address: what Via, Contact and SDP name (RFC 5626 §2)."""

    host: str
    port: int
    transport: str = "TCP"
    proxy: Proxy | None = None
    """Where it goes."""
    ipv4: str = ""
    """Our IPv4 address where `host` is none: sound goes over IPv4 only."""

    @property
    def reliable(self) -> bool:
        """Whether everything sent arrives, once and in order, for as long as the connection stands."""
        return self.transport != Transport.UDP.upper()

    @property
    def media_host(self) -> str:
        """Where sound is received."""
        return self.ipv4 or self.host

    @property
    def sent_by(self) -> str:
        """host:port, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def via(self, branch: str) -> str:
        """Return a Via for a new request (RFC 3261 §8.1.1.7, RFC 3581)."""
        return f"SIP/2.0/{self.transport} {self.sent_by};rport;branch=z9hG4bK{branch}"
