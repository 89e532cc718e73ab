"""From audio packets to a clip: each on its place, as few writes as possible."""

from typing import Final, Protocol

from .g711 import Codec, transcode
from .rtp import RtpPacket
from .timeline import Timeline

HOLD: Final = 0.5
"""Seconds that audio may wait to be written in one piece with what follows it."""


class Sink(Protocol):
    """What takes the audio of a clip."""

    def write(self, offset: int, data: bytes, channel: int = 0) -> None:
        """Take G.711 codes that start ``offset`` samples into the clip; must not block."""


class Track:
    """One channel of a clip, on its way to the sink."""

    def __init__(self, sink: Sink, channel: int = 0) -> None:
        """Start empty."""
        self._sink = sink
        self._channel = channel
        self._chunks: list[bytes] = []
        self._start = 0
        self._since = 0.0
        self.end = 0
        """The offset at which the last audio put here ends."""

    def put(self, offset: int, codes: bytes, now: float) -> None:
        """Place audio; it reaches the sink with ``flush``, or ``HOLD`` seconds later with ``flush_held``."""
        if offset != self.end:
            self.flush()
            self._start = offset
        if not self._chunks:
            self._since = now
        self._chunks.append(codes)
        self.end = offset + len(codes)

    def flush_held(self, now: float) -> None:
        """Hand over audio that has waited for ``HOLD`` seconds: a write costs more than ten packets."""
        if self._chunks and now - self._since >= HOLD:
            self.flush()

    def flush(self) -> None:
        """Hand the contiguous audio collected so far to the sink, in one piece."""
        if self._chunks:
            self._sink.write(self._start, b"".join(self._chunks), self._channel)
            self._chunks.clear()
            self._start = self.end


class Recorder:
    """One running recording of what is heard.

    Attributes:
        misplaced: packets that had no place: duplicates, too late, beyond the length of the clip.
    """

    def __init__(
        self, sink: Sink, codec: Codec, *, max_samples: int, start: float | None = None, lead: bytes = b""
    ) -> None:
        """Start empty.

        Args:
            sink: takes the audio.
            codec: the law the sink expects, whatever the call changes to.
            max_samples: length at which what is recorded from now on ends.
            start: when that starts; with the first packet unless given.
            lead: µ-law that comes before it; it reaches the sink with the first packet, so that nothing is left of silence.
        """
        self.misplaced = 0
        self._codec = codec
        self._timeline = Timeline(max_samples=max_samples, start=start)
        self._heard = Track(sink)
        self._lead = len(lead)
        self._unwritten = transcode(lead, Codec.PCMU, codec)

    def add(self, packet: RtpPacket, codec: Codec, now: float) -> int | None:
        """Place a packet's audio; return its offset in samples behind the lead, None where it has no place."""
        payload = packet.payload
        offset = self._timeline.place(packet.sequence, packet.timestamp, packet.ssrc, len(payload), now)
        if offset is None:
            self.misplaced += 1
            return None
        if self._unwritten:
            self._heard.put(0, self._unwritten, now)
            self._unwritten = b""
        self._heard.put(self._lead + offset, transcode(payload, codec, self._codec), now)
        return offset

    def flush_held(self, now: float) -> None:
        """Hand over audio that has waited long enough."""
        self._heard.flush_held(now)

    def flush(self) -> None:
        """Hand over the audio collected so far."""
        self._heard.flush()
