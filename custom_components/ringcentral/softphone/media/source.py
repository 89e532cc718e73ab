"""Which remote address is believed: symmetric, strict RTP.

SDP names an address, but behind a NAT the sound comes from another one, and anyone on the internet may throw packets
at an open port. So the address is learned once and then kept:

- the negotiated address is believed at once, and locked after four packets;
- while the negotiated address is silent, another is learned after four packets with consecutive sequence numbers from
  one SSRC; what it sent until then was held and is delivered with the fourth, so no beginning is lost;
- once an address is locked, everything else is dropped until the call is renegotiated to another address.

Asterisk (``strictrtp``) learns by the same four packets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from .errors import MediaError
from .rtp import RtpPacket

type Address = tuple[str, int]
"""IPv4 address and UDP port, as the socket reports them."""

PROBATION: Final = 4
"""Packets after which an address is locked."""

QUIET_AFTER: Final = 1.0
"""Seconds (50 packet times) after which a negotiated address that isn't locked yet no longer counts as sending."""

MAX_CANDIDATES: Final = 16
"""Addresses on probation at a time; the one unheard for longest makes room."""

MAX_HELD: Final = 50
"""Packets kept for one address on probation (one second)."""


def reachable(named: Address | None) -> Address | None:
    """Return the address that SDP named, None for none, for 0.0.0.0 (an old way to say hold) and for port 0.

    Raises:
        MediaError: it is a name, which would have to be looked up, or not IPv4.
    """
    if named is None:
        return None
    host, port = named
    try:
        address = IPv4Address(host)
    except ValueError:
        raise MediaError("The far end's address for sound isn't an IPv4 address") from None
    return None if address.is_unspecified or not port else (host, port)


@dataclass(slots=True)
class _Candidate:
    """An address on probation: what it sent and how many of the last packets were consecutive."""

    ssrc: int
    newest: int
    run: int
    held: list[RtpPacket]

    def take(self, packet: RtpPacket) -> None:
        step = packet.sequence - self.newest & 0xFFFF
        if step == 0:
            return
        self.run = self.run + 1 if step == 1 else 1
        self.newest = packet.sequence
        self.held.append(packet)
        del self.held[:-MAX_HELD]

    def in_order(self) -> tuple[RtpPacket, ...]:
        return tuple(sorted(self.held, key=lambda packet: (packet.sequence - self.newest - 1) & 0xFFFF))


class RemoteSource:
    """The address a call's sound comes from and goes to."""

    def __init__(self, negotiated: Address | None = None) -> None:
        """Start unlocked, with the address named by the SDP if it named one."""
        self._negotiated = negotiated
        self._locked: Address | None = None
        self._in_a_row = 0
        self._heard_at: float | None = None
        self._candidates: dict[Address, _Candidate] = {}

    @property
    def locked(self) -> bool:
        """Whether one address has been settled on."""
        return self._locked is not None

    @property
    def target(self) -> Address | None:
        """Where to send: the learned address, until then the negotiated one."""
        return self._locked or self._negotiated

    def negotiate(self, negotiated: Address | None) -> None:
        """Take the address of a new offer or answer; an unchanged one keeps what was learned."""
        if negotiated == self._negotiated:
            return
        self._negotiated = negotiated
        self._locked = None
        self._in_a_row = 0
        self._heard_at = None
        self._candidates.clear()

    def accept(self, address: Address, packet: RtpPacket, now: float) -> Sequence[RtpPacket]:
        """Return the packets that are believed now, in order of sequence: none, this one, or those held too.

        Args:
            address: where the packet came from.
            packet: the packet.
            now: seconds on a monotonic clock.
        """
        if self._locked is not None:
            return (packet,) if address == self._locked else ()
        if address == self._negotiated:
            return self._believe(address, packet, now)
        if self._heard_at is not None and now - self._heard_at < QUIET_AFTER:
            return ()
        return self._probe(address, packet)

    def _believe(self, address: Address, packet: RtpPacket, now: float) -> Sequence[RtpPacket]:
        self._candidates.clear()
        self._heard_at = now
        self._in_a_row += 1
        if self._in_a_row >= PROBATION:
            self._locked = address
        return (packet,)

    def _probe(self, address: Address, packet: RtpPacket) -> Sequence[RtpPacket]:
        candidate = self._candidates.pop(address, None)
        if candidate is None or candidate.ssrc != packet.ssrc:
            candidate = _Candidate(packet.ssrc, packet.sequence, 1, [packet])
        else:
            candidate.take(packet)
        if candidate.run >= PROBATION:
            self._locked = address
            self._candidates.clear()
            return candidate.in_order()
        if len(self._candidates) >= MAX_CANDIDATES:
            del self._candidates[next(iter(self._candidates))]
        self._candidates[address] = candidate
        return ()
