"""When to try again: at once, then 1, 2, 4 … 30 s, each ± 20 % so that phones don't come back in step."""

from random import Random
from typing import Final

LONGEST: Final = 30.0
JITTER: Final = 0.2


class Backoff:
    """The waits between one success and the next."""

    def __init__(self, random: Random) -> None:
        """Draw the jitter from this source."""
        self._random = random
        self._failures = 0

    def reset(self) -> None:
        """Begin anew after a success."""
        self._failures = 0

    def next_delay(self) -> float:
        """Return the seconds to wait before the next try."""
        wait = min(2.0 ** (self._failures - 1), LONGEST) if self._failures else 0.0
        # Beyond this the wait doesn't grow any more.
        self._failures = min(self._failures + 1, 10)
        return wait * self._random.uniform(1 - JITTER, 1 + JITTER)
