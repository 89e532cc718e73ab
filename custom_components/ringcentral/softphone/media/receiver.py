"""The way in: datagrams become the audio packets of the call, everything else is counted."""

from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

from .loss import Loss
from .rtp import RtpPacket, parse
from .source import Address, RemoteSource
from .srtp import Keyring, MasterKey, Rejection

MAX_PAYLOAD: Final = 4096
"""Bytes of audio believed in one packet: half a second."""

# RingCentral repeats the end of a DTMF digit under the payload type of the audio.
_STRAY_LENGTHS: Final = frozenset({0, 4})


class Drop(StrEnum):
    """Why a datagram didn't become audio."""

    NOT_RTP = "not_rtp"
    UNKNOWN_SOURCE = "unknown_source"
    FOREIGN_PAYLOAD = "foreign_payload"
    STRAY_PAYLOAD = "stray_payload"
    OVERSIZED = "oversized"
    NOT_RECEIVING = "not_receiving"
    NOT_AUTHENTIC = "not_authentic"
    REPLAYED = "replayed"


class Receiver:
    """What one call has agreed to hear, from whom.

    Attributes:
        source: the address that is believed.
        received: audio packets accepted.
        samples: length of their audio.
        loss: counts the packets that never came.
        events: telephone-event packets accepted.
        dropped: datagrams by reason; those held while an address is on probation count until it is believed.
        last_heard: when something was last accepted, in seconds on the caller's clock.
    """

    def __init__(self, on_event: Callable[[RtpPacket], None] | None = None) -> None:
        """Start deaf until something is negotiated.

        Args:
            on_event: takes each telephone-event packet (RFC 4733), repeats included.
        """
        self.source = RemoteSource()
        self.received = 0
        self.samples = 0
        self.loss = Loss()
        self.events = 0
        self.dropped: Counter[Drop] = Counter()
        self.last_heard: float | None = None
        self._on_event = on_event
        self._payload_type: int | None = None
        self._event_payload_type: int | None = None
        self._receiving = False
        self._keyring = Keyring()

    @property
    def deaf(self) -> bool:
        """Whether nothing has been negotiated yet."""
        return self._payload_type is None

    def negotiate(
        self,
        remote: Address | None,
        *,
        payload_type: int,
        event_payload_type: int | None,
        receiving: bool,
        srtp: MasterKey | None = None,
    ) -> None:
        """Take what an offer and answer agreed on, and the key of secure packets.

        An unchanged address keeps the source that was learned, an unchanged key what was seen under it.
        """
        self.source.negotiate(remote)
        self._payload_type = payload_type
        self._event_payload_type = event_payload_type
        self._receiving = receiving
        self._keyring.take(srtp)

    def receive(self, datagram: bytes, address: Address, now: float) -> Sequence[RtpPacket]:
        """Return the audio packets that a datagram brings: mostly one, none, or those held back until now.

        Telephone events go to ``on_event`` instead.
        """
        # Before anything is learned of it: a stranger's packet says nothing about where the far end is.
        opened = self._keyring.unprotect(datagram)
        if isinstance(opened, Rejection):
            self.dropped[Drop(opened)] += 1
            return ()
        packet = parse(opened)
        if packet is None:
            self.dropped[Drop.NOT_RTP] += 1
            return ()
        if self.deaf:
            self.dropped[Drop.NOT_RECEIVING] += 1
            return ()
        believed = self.source.accept(address, packet, now)
        if len(believed) == 1:
            return believed if self._is_audio(packet, now) else ()
        self.dropped[Drop.UNKNOWN_SOURCE] += 1 - len(believed)
        return [held for held in believed if self._is_audio(held, now)]

    def _is_audio(self, packet: RtpPacket, now: float) -> bool:
        self.last_heard = now
        self.loss.note(packet.sequence, packet.ssrc)
        if packet.payload_type != self._payload_type:
            self._take_other(packet)
            return False
        size = len(packet.payload)
        if size in _STRAY_LENGTHS:
            self.dropped[Drop.STRAY_PAYLOAD] += 1
        elif size > MAX_PAYLOAD:
            self.dropped[Drop.OVERSIZED] += 1
        elif not self._receiving:
            self.dropped[Drop.NOT_RECEIVING] += 1
        else:
            self.received += 1
            self.samples += size
            return True
        return False

    def _take_other(self, packet: RtpPacket) -> None:
        if packet.payload_type != self._event_payload_type:
            self.dropped[Drop.FOREIGN_PAYLOAD] += 1
            return
        self.events += 1
        if self._on_event is not None:
            self._on_event(packet)
