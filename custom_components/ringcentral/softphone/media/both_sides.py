"""A recording of both sides of a call: what is heard on the left, what we say on the right, each when it was.

What is heard has the far end's clock: a packet says itself where it belongs. What we say has ours. The two are brought
together by the packets that arrive: each shows when, by our clock, its place on the other one's was. The network can
only delay a packet, so the shortest way there lately is believed, and a clock that runs slower is followed gently.
"""

from typing import Final, override

from .g711 import SAMPLE_RATE, Codec, transcode
from .recorder import Recorder, Sink, Track
from .rtp import RtpPacket

HEARD: Final = 0
"""The channel of what is heard."""
SAID: Final = 1
"""The channel of what we say."""

LEAK: Final = 0.005
"""Seconds a second by which the shortest way may grow: far more than clocks differ, far less than packets are late."""

SLACK: Final = 160
"""Samples (20 ms) by which what we say may be off before it is put elsewhere: in one piece it sounds better."""


class BothSides(Recorder):
    """One running recording of a conversation. It starts at once, whoever is heard first."""

    def __init__(
        self, sink: Sink, codec: Codec, *, max_samples: int, start: float, lead: bytes = b""
    ) -> None:
        """Start empty, at a time in seconds on the clock of all that follows.

        Args:
            sink: takes the audio of both channels.
            codec: the law the sink expects, whatever the call changes to.
            max_samples: length at which what is recorded from now on ends.
            start: now.
            lead: µ-law that we have said before, and that the clip begins with.
        """
        super().__init__(sink, codec, max_samples=max_samples, start=start)
        self._max_samples = max_samples
        self._said = Track(sink, SAID)
        self._lead = len(lead)
        if lead:
            self._said.put(0, transcode(lead, Codec.PCMU, codec), start)
        # When the clip began, by our clock, as far as the packets show.
        self._began = start
        self._shown_at: float | None = None

    @override
    def add(self, packet: RtpPacket, codec: Codec, now: float) -> int | None:
        offset = super().add(packet, codec, now)
        if offset is not None:
            began = now - offset / SAMPLE_RATE
            if self._shown_at is not None:
                began = min(began, self._began + LEAK * (now - self._shown_at))
            self._began = began
            self._shown_at = now
        return offset

    def say(self, ulaw: bytes, at: float) -> None:
        """Place a frame of ours that is sent at a time, in the order of those times."""
        said = self._said
        offset = self._lead + round((at - self._began) * SAMPLE_RATE)
        if abs(offset - said.end) <= SLACK:
            offset = said.end
        if self._lead <= offset <= self._lead + self._max_samples - len(ulaw):
            said.put(offset, transcode(ulaw, Codec.PCMU, self._codec), at)

    @override
    def flush_held(self, now: float) -> None:
        super().flush_held(now)
        self._said.flush_held(now)

    @override
    def flush(self) -> None:
        super().flush()
        self._said.flush()
