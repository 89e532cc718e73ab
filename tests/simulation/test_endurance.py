"""A line with three proxies, through everything that a cloud, a router and a name server do to it."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace

import pytest

from custom_components.ringcentral.softphone.account import Proxy
from tests.simulation.line import Line
from tests.simulation.network import FAILURES, Network
from tests.simulation.server import Server
from tests.simulation.world import World
from tests.softphone.builders import ACCOUNT

HOUR = 3600.0
DAY = 24 * HOUR
# The promise: seconds from the end of the last fault to being able to be called.
BACK = 60.0
MOVE = 5.0
# In any minute: refreshes, challenges and stale nonces; and when all goes wrong, once around and the back-off.
MOST_REGISTERS = 60
MOST_TRIES = 30

PROXIES = tuple(Proxy(f"sip{number}.example.com", 5060) for number in (1, 2, 3))
ENDURING = replace(
    ACCOUNT, proxies=PROXIES, error_codes=frozenset({408, 500, 502, 503, 504}), switch_back_interval=600
)
FAULTS = ("drop", "half-open", "silent", "storm", "proxies", "proxies", "network", "restart")


class Life:
    """A stretch of a line's life: one fault after another, calls in between."""

    def __init__(self, seed: int, length: float) -> None:
        """Plan it."""
        self.world = World(seed)
        self.network = Network()
        self.server = Server(self.world)
        self.server.answering_pings = bool(seed % 2)
        self.line = Line(self.world, self.server, ENDURING, self.network)
        self.length = length
        self.faults = 0
        self.late: list[str] = []
        random = self.world.random
        time = 60.0
        while (time := time + random.uniform(1, 1200)) < length - 1000:
            kind = random.choice(FAULTS)
            lasting = random.choice((1.0, 30.0, 200.0, 800.0)) * random.random()
            if kind in {"drop", "half-open"}:
                # Nobody notices a half-open connection for 40 s; that is the fault's own length.
                lasting = 41.0 if kind == "half-open" else 0.0
            time = self.plan(kind, time, lasting)
        for _ in range(int(length / 600)):
            self.world.at(random.uniform(60, length - 600), self.server.place_call)

    def plan(self, kind: str, time: float, lasting: float) -> float:
        """Plan a fault and the check after it; return when that is."""
        self.faults += 1
        self.world.at(time, lambda: self._begin(kind))
        self.world.at(time + lasting, self._heal)
        self.world.at(time + lasting + BACK, lambda: self._check(f"{kind} of {lasting:.0f} s"))
        return time + lasting + BACK

    def run(self) -> None:
        """Live through it."""
        self.world.run(self.length)

    def _begin(self, kind: str) -> None:
        random, connection = self.world.random, self.line.connection
        match kind:
            case "silent":
                self.server.silent = True
            case "storm":
                self.server.refusing, self.server.status = True, random.choice((408, 500, 503, 504))
            case "proxies":
                for proxy in random.sample(PROXIES, random.choice((1, 2))):
                    self.network.down[proxy] = random.choice(tuple(FAILURES))
            case "network":
                self.network.down = dict.fromkeys(PROXIES, random.choice(tuple(FAILURES)))
            case "restart":
                self.server.up, self.server.holder = False, None
        if connection is None:
            return
        if kind == "half-open" or (kind == "network" and random.random() < 0.5):
            assert self.line.up is not None
            self.line.up.broken = connection.down.broken = True
        elif kind in {"drop", "network", "restart"} or self.line.proxy in self.network.down:
            connection.drop()

    def _heal(self) -> None:
        self.server.up, self.server.silent, self.server.refusing = True, False, False
        self.network.down = {}

    def _check(self, what: str) -> None:
        # Going back to the first proxy is no fault of the line's: it takes a few seconds of its own choosing.
        moving = self.world.now - self.line.moved_at < MOVE
        if not self.line.in_service and not moving:
            self.late.append(f"{what}, not back at {self.world.now:.0f} s")


def busiest_minute(times: Iterable[float]) -> int:
    """Return how many of these times lie within one minute at the most."""
    ordered = sorted(times)
    return max((index + 1 - bisect_left(ordered, time - 60) for index, time in enumerate(ordered)), default=0)


@pytest.mark.parametrize("seed", range(6))
def test_the_line_is_back_a_minute_after_every_fault_at_the_latest(seed: int) -> None:
    life = Life(seed, DAY)
    try:
        life.run()
        assert life.late == []
        assert life.faults > 50
        assert {"refused", "dns", "timeout", "silent", "closed", "switch_back"} <= life.line.causes
        assert busiest_minute(life.server.asked) <= MOST_REGISTERS
        assert busiest_minute(life.line.tries) <= MOST_TRIES
        assert life.line.rang == life.line.ended
    except Exception as error:
        error.add_note(f"The seed of this life is {seed}.")
        raise


@pytest.mark.parametrize("days", [3, 10])
def test_the_line_is_back_after_days_without_a_network(days: int) -> None:
    life = Life(days, HOUR)
    life.length = (days + 1) * DAY
    life.plan("network", HOUR, days * DAY)
    life.run()
    assert life.late == []
    waiting = [time for time in life.line.tries if 2 * HOUR < time < days * DAY]
    assert busiest_minute(waiting) <= 12
    assert len(waiting) > days * DAY / 60
