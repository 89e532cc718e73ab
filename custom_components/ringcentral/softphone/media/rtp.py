"""RTP packets: bytes in, values out, and back (RFC 3550 §5.1)."""

from struct import Struct
from typing import Final, NamedTuple

_HEADER: Final = Struct("!BBHII")
_EXTENSION: Final = Struct("!HH")

_VERSION: Final = 0x80
_VERSION_MASK: Final = 0xC0
_PADDED: Final = 0x20
_EXTENDED: Final = 0x10
_CSRC_COUNT: Final = 0x0F
_MARKER: Final = 0x80
_PAYLOAD_TYPE: Final = 0x7F

# RTCP packet types 200-204 read as RTP are these payload types with the marker set (RFC 5761 §4).
_FIRST_RTCP: Final = 72
_LAST_RTCP: Final = 76


# A named tuple, not a dataclass: one is built for every packet of every call, at a third of the price.
class RtpPacket(NamedTuple):
    """One RTP packet; the list of contributing sources and the header extension are not kept."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(datagram: bytes) -> RtpPacket | None:
    """Return the packet in a datagram, or None when it isn't one.

    None stands for another version, RTCP, and any length (CSRC list, extension, padding) that points beyond
    the datagram. No input raises.
    """
    length = len(datagram)
    if length < _HEADER.size:
        return None
    flags, second, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
    payload_type = second & _PAYLOAD_TYPE
    if flags & _VERSION_MASK != _VERSION or _FIRST_RTCP <= payload_type <= _LAST_RTCP:
        return None
    start = _HEADER.size
    if flags != _VERSION:
        start += 4 * (flags & _CSRC_COUNT)
        if flags & _EXTENDED:
            if start + _EXTENSION.size > length:
                return None
            start += _EXTENSION.size + 4 * _EXTENSION.unpack_from(datagram, start)[1]
        if flags & _PADDED:
            padding = datagram[-1]
            if not padding:
                return None
            length -= padding
        if start > length:
            return None
    return RtpPacket(payload_type, second >= _MARKER, sequence, timestamp, ssrc, datagram[start:length])


def build(packet: RtpPacket) -> bytes:
    """Return the datagram of a packet: no contributing sources, extension or padding."""
    return (
        _HEADER.pack(
            _VERSION,
            packet.payload_type | (_MARKER if packet.marker else 0),
            packet.sequence,
            packet.timestamp,
            packet.ssrc,
        )
        + packet.payload
    )
