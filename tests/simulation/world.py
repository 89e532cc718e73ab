"""Virtual time, and a network in it that delays, cuts, drops and swallows."""

from collections.abc import Callable
import heapq
from itertools import count
from random import Random

SLOWEST = 0.4


class World:
    """The clock and what is to happen; what happens at the same time happens in the order it was planned."""

    def __init__(self, seed: int) -> None:
        """Begin at zero."""
        self.random = Random(seed)
        self.now = 0.0
        self._numbers = count()
        self._plans: list[tuple[float, int, Callable[[], None]]] = []

    def at(self, time: float, action: Callable[[], None]) -> None:
        """Plan something."""
        heapq.heappush(self._plans, (max(time, self.now), next(self._numbers), action))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Plan something for later."""
        self.at(self.now + seconds, action)

    def run(self, until: float) -> None:
        """Let everything happen."""
        while self._plans and self._plans[0][0] <= until:
            self.now, _, action = heapq.heappop(self._plans)
            action()
        self.now = until


class Pipe:
    """One direction of a connection: bytes come in order, late, and in other pieces than they were sent."""

    def __init__(self, world: World, deliver: Callable[[bytes], None]) -> None:
        """Deliver to somebody."""
        self.broken = False
        self._world = world
        self._deliver = deliver
        self._free_at = 0.0

    def send(self, data: bytes) -> None:
        """Send bytes; a broken pipe swallows them, and what is on its way in it."""
        random = self._world.random
        while data:
            size = random.choice((1, 7, 60, len(data), len(data)))
            piece, data = data[:size], data[size:]
            self._free_at = max(self._free_at, self._world.now + random.uniform(0.005, SLOWEST))
            self._world.at(self._free_at, lambda piece=piece: self._arrive(piece))  # type: ignore[misc]

    def _arrive(self, piece: bytes) -> None:
        if not self.broken:
            self._deliver(piece)
