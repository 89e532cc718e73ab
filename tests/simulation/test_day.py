"""A day in the life of a line, with all that goes wrong in it."""

import pytest

from tests.simulation.line import Line
from tests.simulation.server import Server
from tests.simulation.world import World

DAY = 24 * 3600.0
# A silence is noticed at the next refresh or ping (30 s) and its answer's time-out (10 s); then at most half a minute and
# its jitter of back-off, and the registration itself over a slow network.
RECOVERY = 30 + 10 + 36 + 14
FAULTS = ("drop", "drop", "silence", "hole", "down", "refusal")


class Day:
    """One simulated day."""

    def __init__(self, seed: int) -> None:
        """Plan the faults and the calls."""
        self.world = World(seed)
        self.server = Server(self.world)
        self.server.answering_pings = bool(seed % 2)
        self.line = Line(self.world, self.server)
        self.late: list[str] = []
        self.faults = 0
        random = self.world.random
        time = 60.0
        while (time := time + random.uniform(400, 2400)) < DAY - 600:
            kind = random.choice(FAULTS)
            length = random.uniform(0, 200) if kind in {"silence", "down", "refusal"} else 0.0
            self.world.at(time, lambda kind=kind: self._begin(kind))  # type: ignore[misc]
            self.world.at(time + length, self._relieve)
            self.world.at(time + length + RECOVERY, lambda kind=kind: self._check(kind))  # type: ignore[misc]
            time += length + RECOVERY
        for _ in range(300):
            self.world.at(random.uniform(60, DAY - 600), self.server.place_call)
        self.world.at(60, lambda: self._check("start"))

    def run(self) -> None:
        """Live through it."""
        self.world.run(DAY)

    def _begin(self, kind: str) -> None:
        self.faults += 1
        connection = self.line.connection
        match kind:
            case "silence":
                self.server.silent = True
            case "refusal":
                self.server.refusing = True
            case "down":
                self.server.up = False
        if kind in {"down", "drop"} and connection is not None:
            connection.drop()
        elif kind == "hole" and self.line.up is not None and connection is not None:
            # A router has forgotten the connection: nothing comes through, and nobody says so.
            self.line.up.broken = connection.down.broken = True

    def _relieve(self) -> None:
        self.server.up, self.server.silent, self.server.refusing = True, False, False

    def _check(self, kind: str) -> None:
        if not self.line.in_service:
            self.late.append(f"{kind} at {self.world.now:.0f} s")


@pytest.mark.parametrize("seed", range(6))
def test_the_line_is_back_in_service_after_everything_that_goes_wrong(seed: int) -> None:
    day = Day(seed)
    try:
        day.run()
        assert day.late == []
        assert day.faults > 20
        assert day.line.connections > 10
        assert day.server.placed > 150
        assert day.server.refreshes > 10
        assert len(day.line.rang) > day.server.placed * 0.9
        assert day.line.rang == day.line.ended
        assert day.line.agent._calls == {}
        assert day.line.agent.quiet
    except Exception as error:
        error.add_note(f"The seed of this day is {seed}.")
        raise


def test_a_day_is_the_same_from_the_same_seed() -> None:
    days = [Day(4711), Day(4711)]
    for day in days:
        day.run()
    one, other = [(day.line.connections, day.server.placed, sorted(day.line.ended)) for day in days]
    assert one == other
