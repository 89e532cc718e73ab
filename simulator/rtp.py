"""RTP packets (RFC 3550 §5.1), as plain as they get: no padding, no extension, no contributing sources."""

from dataclasses import dataclass
import struct
from typing import Self

FRAME = 160  # samples, and with PCMU bytes, of one packet
FRAME_SECONDS = 0.02
PCMU = 0
TELEPHONE_EVENT = 101

_HEADER = struct.Struct("!BBHII")


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet; `sequence` is 16 bits, `timestamp` (samples) and `ssrc` 32."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    @classmethod
    def parse(cls, data: bytes) -> Self | None:
        """Read a datagram; None if it is not RTP of the plain kind."""
        if len(data) < _HEADER.size:
            return None
        first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
        if first != 0x80:
            return None
        return cls(second & 0x7F, sequence, timestamp, ssrc, data[_HEADER.size :], bool(second & 0x80))

    def encode(self) -> bytes:
        """The datagram."""
        second = self.payload_type | (0x80 if self.marker else 0)
        return _HEADER.pack(0x80, second, self.sequence, self.timestamp, self.ssrc) + self.payload


def extended(sequence: int, highest: int) -> int:
    """The sequence number without its wrap-around, taken to be the nearest to the highest so far (RFC 3550 A.1)."""
    return highest + ((sequence - highest + 0x8000) & 0xFFFF) - 0x8000
