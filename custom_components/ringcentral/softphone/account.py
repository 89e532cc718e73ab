"""What a line needs to know to register: the values of a SIP account."""

from dataclasses import dataclass, field
from typing import Self

from .sip.digest import Credentials


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


@dataclass(frozen=True, slots=True)
class Account:
    """One SIP account; the authorization id, not the user name, answers the server's challenge.

    With require_srtp no audio goes in the clear; without, a call is as secure as its offer.
    Raises ValueError for a domain, authorization id or user agent that would break out of its header.
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    authorization_id: str = field(repr=False)
    domain: str
    proxy: Proxy
    user_agent: str = "HomeAssistantRingCentral"
    require_srtp: bool = False

    def __post_init__(self) -> None:
        """Keep line breaks and the like out of the messages."""
        if not f"{self.domain}{self.authorization_id}{self.user_agent}".isprintable() or " " in self.domain:
            raise ValueError("An account's values are one line each, its domain one word")

    @property
    def credentials(self) -> Credentials:
        """What answers a digest challenge."""
        return Credentials(self.authorization_id, self.password)


@dataclass(frozen=True, slots=True)
class Flow:
    """One connection to the proxy, by its own address: what Via, Contact and SDP name (RFC 5626 §2)."""

    host: str
    port: int
    transport: str = "TCP"

    @property
    def sent_by(self) -> str:
        """host:port, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def via(self, branch: str) -> str:
        """Return a Via for a new request (RFC 3261 §8.1.1.7, RFC 3581)."""
        return f"SIP/2.0/{self.transport} {self.sent_by};rport;branch=z9hG4bK{branch}"
