"""Whether somebody says something: sound is told from a quiet line by its energy, packet by packet."""

from typing import Final

import audioop

from .g711 import Codec

AUDIBLE_RMS: Final = 150
"""Of 16-bit samples, -47 dBFS: above the hum of a line, below the end of a word that is spoken softly."""


class SilenceDetector:
    """Knows when something was last to be heard. A line that sends nothing while nobody speaks is silent, too."""

    def __init__(self, now: float) -> None:
        """Begin with a sound at this time, in seconds of any clock."""
        self._last = now

    def listen(self, payload: bytes, codec: Codec, now: float) -> None:
        """Take the next received sound."""
        if audioop.rms(codec.to_pcm(payload), 2) >= AUDIBLE_RMS:
            self._last = now

    def wait(self, now: float) -> None:
        """Have the silence begin anew, as after a call was on hold."""
        self._last = now

    def lasted(self, now: float) -> float:
        """Return for how many seconds nothing was to be heard."""
        return now - self._last
