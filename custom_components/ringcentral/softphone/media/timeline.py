"""Where a packet's audio belongs: by sequence number and timestamp, not by arrival.

A recording needs no jitter buffer: every packet says where its samples go. ``Timeline`` turns that into an offset from
the first sample placed. Packets out of order land in their place, duplicates are recognised, a lost packet leaves a gap
of its own length, and silence suppression keeps its true length.

Sequence and timestamp are believed while the timestamp stays within ``TOLERANCE`` of the arrival clock. Where it does
not (a sender that restarted, jumped, froze its clock during hold, or handed over to another SSRC) the timeline is
*anchored* anew: the packet follows on directly when that is about when it arrived, else it goes where the arrival
clock says. Nothing is ever placed more than ``TOLERANCE`` ahead of the arrival clock, whatever the sender claims.
"""

from typing import Final

MAX_DROPOUT: Final = 3000
"""Forward jump of the sequence number that is a restart rather than loss (RFC 3550 A.1)."""

MAX_MISORDER: Final = 100
"""Packets by which one may be late and still be placed (RFC 3550 A.1)."""

TOLERANCE: Final = 6.0
"""Seconds a timestamp may differ from the arrival clock: more than a socket's default buffer holds (5.5 s), so that
what waited there through a stall is placed as if nothing had happened."""

CONTIGUOUS: Final = 0.2
"""Seconds within which an anchored packet follows on directly: arrival is only known to a tenth of a second."""

_SEEN_MASK: Final = (1 << MAX_MISORDER + 1) - 1


def _signed(difference: int, bits: int) -> int:
    """Return a difference of two wrapping counters as the nearest signed one."""
    half = 1 << bits - 1
    return (difference + half & (1 << bits) - 1) - half


class Timeline:
    """The sample offsets of one stream, from its first packet on."""

    def __init__(
        self, rate: int = 8000, *, max_samples: int | None = None, start: float | None = None
    ) -> None:
        """Start empty.

        Args:
            rate: samples, and timestamp units, a second.
            max_samples: length beyond which nothing is placed.
            start: when offset 0 is, by the clock of arrivals; with the first packet unless given.
        """
        self._rate = rate
        self._tolerance = round(TOLERANCE * rate)
        self._contiguous = round(CONTIGUOUS * rate)
        self._max_samples = max_samples
        self._started_at = start
        self._end = 0
        # The newest packet, by sequence number.
        self._ssrc = -1
        self._sequence = 0
        self._timestamp = 0
        self._position = 0
        # What may still come late: a bit for each of the last packets seen, and how many there are since the anchor.
        self._seen = 0
        self._since_anchor = 0
        self._anchor = 0
        self._restart_sequence = -1

    @property
    def end(self) -> int:
        """Samples from the start to the end of the audio placed so far."""
        return self._end

    def place(self, seq: int, timestamp: int, ssrc: int, n_samples: int, now: float) -> int | None:
        """Return the offset in samples at which a packet's audio starts, None when it must not be used.

        None stands for a duplicate, a packet late by more than ``MAX_MISORDER`` or from before the first one, the
        first packet after a wild jump of the sequence number, audio beyond ``max_samples``, and a stream that runs
        faster than time.

        Args:
            seq: sequence number, 16 bits.
            timestamp: RTP timestamp, 32 bits.
            ssrc: synchronisation source.
            n_samples: length of the packet's audio.
            now: arrival, in seconds on a monotonic clock.
        """
        if self._started_at is None:
            self._started_at = now
        expected = round((now - self._started_at) * self._rate)
        if ssrc != self._ssrc:
            return self._anchor_at(seq, timestamp, ssrc, n_samples, expected)
        step = _signed(seq - self._sequence, 16)
        if -MAX_MISORDER <= step <= 0:
            return self._place_late(-step, _signed(timestamp - self._timestamp, 32), n_samples)
        if not 0 < step < MAX_DROPOUT:
            if seq != self._restart_sequence:
                self._restart_sequence = seq + 1 & 0xFFFF
                return None
            return self._anchor_at(seq, timestamp, ssrc, n_samples, expected)
        shift = _signed(timestamp - self._timestamp, 32)
        position = self._position + shift
        believable = expected - self._tolerance <= position <= expected + self._tolerance - n_samples
        if shift <= 0 or not believable:
            return self._anchor_at(seq, timestamp, ssrc, n_samples, expected)
        if not self._fits(position + n_samples):
            return None
        self._since_anchor += step
        self._seen = self._seen << step & _SEEN_MASK
        return self._advance(seq, timestamp, n_samples, position)

    def _anchor_at(self, seq: int, timestamp: int, ssrc: int, n_samples: int, expected: int) -> int | None:
        # Nothing is there for the first one to follow on.
        follows = self._ssrc >= 0 and expected - self._end <= self._contiguous
        position = self._end if follows else expected
        if position + n_samples - expected > self._tolerance or not self._fits(position + n_samples):
            return None
        self._ssrc = ssrc
        self._anchor = position
        self._since_anchor = 0
        self._seen = 0
        return self._advance(seq, timestamp, n_samples, position)

    def _advance(self, seq: int, timestamp: int, n_samples: int, position: int) -> int:
        self._sequence = seq
        self._timestamp = timestamp
        self._position = position
        self._seen |= 1
        self._end = max(self._end, position + n_samples)
        return position

    def _place_late(self, behind: int, shift: int, n_samples: int) -> int | None:
        bit = 1 << behind
        position = self._position + shift
        if self._seen & bit or behind > self._since_anchor:
            return None
        if not self._anchor <= position < self._position or position + n_samples > self._end:
            return None
        self._seen |= bit
        return position

    def _fits(self, end: int) -> bool:
        return self._max_samples is None or end <= self._max_samples
