"""Lives many days of a telephone line in virtual time, each from a seed of its own: see script/simulate."""

import argparse
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import suppress
from itertools import count
import math
import multiprocessing
import os
import secrets
import sys
import time

from tests.simulation.life import Record, live

# Seconds from one line about how far it is to the next.
PROGRESS = 60.0


def main() -> int:
    """Run what the command line says; return 1 when anything was not as it must be."""
    parser = argparse.ArgumentParser(prog="script/simulate", description=__doc__)
    parser.add_argument(
        "days", type=float, nargs="?", default=100, help="how many days of a line to live at the least"
    )
    parser.add_argument(
        "--seed", type=int, help="live the life of this seed only, and print everything that happens"
    )
    parser.add_argument(
        "--seconds", type=float, default=math.inf, help="begin no new life after so many seconds"
    )
    parser.add_argument("--first", type=int, help="live the lives from this seed on, instead of fresh ones")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return _replay(arguments.seed)
    first = secrets.randbelow(10**9) if arguments.first is None else arguments.first
    return _run(arguments.days, arguments.seconds, arguments.processes, first)


def _replay(seed: int) -> int:
    record = live(seed)
    print("\n".join(record.timeline))
    print(_sentence(record))
    return bool(record.violations)


def _run(days: float, seconds: float, processes: int, first: int) -> int:
    began = told = time.monotonic()
    # A life's seed alone brings it back.
    seeds = count(first)
    total = Total(first)
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        lives = {pool.submit(live, next(seeds)) for _ in range(processes)}
        while lives:
            done, lives = wait(lives, return_when=FIRST_COMPLETED)
            for record in sorted((life.result() for life in done), key=lambda record: record.seed):
                total.add(record)
                if record.violations:
                    print(_sentence(record), flush=True)
                # A life is a day at the least.
                if total.days + len(lives) < days and time.monotonic() - began < seconds:
                    lives.add(pool.submit(live, next(seeds)))
            if (now := time.monotonic()) - told >= PROGRESS:
                told = now
                print(f"{total.days:.0f} line-days lived", file=sys.stderr, flush=True)
    print("\n".join(total.lines(time.monotonic() - began)))
    return bool(total.violations)


def _sentence(record: Record) -> str:
    found = "".join(f"\n  {text}" for text in record.violations) or " nothing wrong"
    return f"Seed {record.seed}:{found}\n  again with: script/simulate --seed {record.seed}"


class Total:
    """What came of all lives."""

    def __init__(self, first: int) -> None:
        """Begin with none, of seeds from this one on."""
        self.days = 0.0
        self._first = first
        self.violations = 0
        self._lives = self._calls = self._rang = self._answered = 0
        self._faults: Counter[str] = Counter()
        self._longest = (0.0, 0)

    def add(self, record: Record) -> None:
        """Add one."""
        self.days += record.days
        self.violations += len(record.violations)
        self._lives += 1
        self._calls += record.calls
        self._rang += record.rang
        self._answered += record.answered
        self._faults += record.faults
        self._longest = max(self._longest, (record.longest_back, record.seed))

    def lines(self, seconds: float) -> Iterator[str]:
        """Tell it."""
        faults = self._faults.total()
        yield f"{self.days:.1f} line-days in {self._lives} lives from seed {self._first} on, {seconds:.0f} s"
        yield f"{faults} faults, {faults / max(self.days, 1):.0f} a day:"
        yield from (f"  {times:7}  {kind}" for kind, times in sorted(self._faults.items()))
        yield f"{self._calls} calls placed, {self._rang} rang, {self._answered} were answered"
        yield f"longest time back: {self._longest[0]:.1f} s (seed {self._longest[1]})"
        yield f"{self.violations} violations"


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        sys.exit(main())
