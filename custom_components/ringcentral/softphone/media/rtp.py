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


def header_size(datagram: bytes) -> int | None:
    """Return the bytes before the payload: header, contributing sources and extension; None when it isn't RTP.

    None stands for another version, RTCP, and any length that points beyond the datagram. No input raises.
    """
    length = len(datagram)
    if length < _HEADER.size:
        return None
    flags = datagram[0]
    if flags & _VERSION_MASK != _VERSION or _FIRST_RTCP <= datagram[1] & _PAYLOAD_TYPE <= _LAST_RTCP:
        return None
    size = _HEADER.size + 4 * (flags & _CSRC_COUNT)
    if flags & _EXTENDED:
        if size + _EXTENSION.size > length:
            return None
        size += _EXTENSION.size + 4 * _EXTENSION.unpack_from(datagram, size)[1]
    return size if size <= length else None


def parse(datagram: bytes) -> RtpPacket | None:
    """Return the packet in a datagram, or None when it isn't one: see ``header_size``, and padding without sense."""
    start = header_size(datagram)
    if start is None:
        return None
    flags, second, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
    length = len(datagram)
    if flags & _PADDED:
        padding = datagram[-1]
        length -= padding
        if not padding or start > length:
            return None
    payload_type = second & _PAYLOAD_TYPE
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
