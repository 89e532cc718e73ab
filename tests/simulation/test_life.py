"""The whole phone against the whole simulator: nothing that goes wrong takes a line away for good."""

from pathlib import Path
import re
import secrets
import subprocess
import sys

import pytest

from tests.simulation.life import live
from tests.simulation.watch import BACK

CHECKOUT = Path(__file__).parents[2]
DAYS, SECONDS = 300, 45


@pytest.mark.timeout(900)
def test_lives_hold_every_promise() -> None:
    """As many as fit into a minute, on every core, from fresh seeds; what went wrong is printed with what replays it."""
    command = [sys.executable, "-m", "tests.simulation", str(DAYS), "--seconds", str(SECONDS)]
    run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    print(run.stdout, run.stderr)

    assert run.returncode == 0, run.stdout + run.stderr
    days = re.search(r"^([\d.]+) line-days", run.stdout, re.MULTILINE)
    faults = re.search(r"faults, (\d+) a day", run.stdout)
    back = re.search(r"longest time back: ([\d.]+) s", run.stdout)
    assert days is not None and float(days[1]) > 0
    assert faults is not None and int(faults[1]) >= 10
    assert back is not None and float(back[1]) <= BACK


def test_a_life_is_the_same_from_the_same_seed() -> None:
    seed = secrets.randbelow(10**9)
    one, other = live(seed), live(seed)

    assert one.timeline == other.timeline
    assert one.digest == other.digest
    assert one.violations == []
