"""G.711: the two companding laws of the telephone network, 8 kHz, one byte a sample."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

import audioop

SAMPLE_RATE: Final = 8000
"""Samples a second of both laws."""


class _Law(NamedTuple):
    payload_type: int
    silence: int
    decode: Callable[[bytes, int], bytes]
    encode: Callable[[bytes, int], bytes]


class Codec(StrEnum):
    """A G.711 law under its RTP encoding name (RFC 3551 §4.5.14)."""

    PCMU = "PCMU"
    PCMA = "PCMA"

    @property
    def payload_type(self) -> int:
        """The static RTP payload type (RFC 3551 §6)."""
        return _LAWS[self].payload_type

    @property
    def silence(self) -> bytes:
        """The code of the quietest positive sample, one byte."""
        return bytes((_LAWS[self].silence,))

    def to_pcm(self, data: bytes) -> bytes:
        """Return 16-bit little-endian PCM, two bytes for each code."""
        return _LAWS[self].decode(data, 2)

    def from_pcm(self, pcm: bytes) -> bytes:
        """Return one code for each sample of 16-bit little-endian PCM."""
        return _LAWS[self].encode(pcm, 2)


# audioop works in the byte order of the machine; Home Assistant runs on little-endian ones only.
_LAWS: Final = {
    Codec.PCMU: _Law(0, 0xFF, audioop.ulaw2lin, audioop.lin2ulaw),
    Codec.PCMA: _Law(8, 0xD5, audioop.alaw2lin, audioop.lin2alaw),
}

_TRANSCODED: Final = {
    (source, target): target.from_pcm(source.to_pcm(bytes(range(256))))
    for source in Codec
    for target in Codec
    if source is not target
}


def transcode(data: bytes, source: Codec, target: Codec) -> bytes:
    """Return the codes of one law as codes of the other; unchanged when the laws are the same."""
    return data if source is target else data.translate(_TRANSCODED[source, target])


def mixed(ulaw: bytes, other: bytes) -> bytes:
    """Return two µ-law sounds at once, as long as the longer; what is too loud is cut off."""
    length = max(len(ulaw), len(other))
    one, two = (Codec.PCMU.to_pcm(sound.ljust(length, Codec.PCMU.silence)) for sound in (ulaw, other))
    return Codec.PCMU.from_pcm(audioop.add(one, two, 2))
