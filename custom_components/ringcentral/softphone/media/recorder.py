"""From audio packets to a clip: each on its place, as few writes as possible."""

from typing import Final, Protocol

from .g711 import Codec, transcode
from .rtp import RtpPacket
from .timeline import Timeline

HOLD: Final = 0.5
"""Seconds that audio may wait to be written in one piece with what follows it."""


class Sink(Protocol):
    """What takes the audio of a clip."""

    def write(self, offset: int, data: bytes) -> None:
        """Take G.711 codes that start ``offset`` samples into the clip; must not block."""


class Recorder:
    """One running recording.

    Attributes:
        misplaced: packets that had no place: duplicates, too late, beyond the length of the clip.
    """

    def __init__(self, sink: Sink, codec: Codec, *, max_samples: int, lead: bytes = b"") -> None:
        """Start empty; the first packet is the start of the clip, or follows its lead.

        Args:
            sink: takes the audio.
            codec: the law the sink expects, whatever the call changes to.
            max_samples: length at which what is received ends.
            lead: µ-law that comes before it; it reaches the sink with the first packet, so that nothing is left of silence.
        """
        self.misplaced = 0
        self._sink = sink
        self._codec = codec
        self._timeline = Timeline(max_samples=max_samples)
        self._chunks: list[bytes] = []
        self._lead = len(lead)
        self._unwritten = transcode(lead, Codec.PCMU, codec)
        self._start = self._end = self._lead
        self._since = 0.0

    def add(self, packet: RtpPacket, codec: Codec, now: float) -> None:
        """Place a packet's audio; it reaches the sink with ``flush``, or ``HOLD`` seconds later with ``flush_held``."""
        payload = packet.payload
        size = len(payload)
        offset = self._timeline.place(packet.sequence, packet.timestamp, packet.ssrc, size, now)
        if offset is None:
            self.misplaced += 1
            return
        if self._unwritten:
            self._sink.write(0, self._unwritten)
            self._unwritten = b""
        offset += self._lead
        if offset != self._end:
            self.flush()
            self._start = offset
        if not self._chunks:
            self._since = now
        self._chunks.append(transcode(payload, codec, self._codec))
        self._end = offset + size

    def flush_held(self, now: float) -> None:
        """Hand over audio that has waited for ``HOLD`` seconds: a write costs more than ten packets."""
        if self._chunks and now - self._since >= HOLD:
            self.flush()

    def flush(self) -> None:
        """Hand the contiguous audio collected so far to the sink, in one piece."""
        if self._chunks:
            self._sink.write(self._start, b"".join(self._chunks))
            self._chunks.clear()
            self._start = self._end
