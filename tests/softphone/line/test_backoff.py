"""When to try again."""

from itertools import pairwise
from random import Random
from typing import override

from hypothesis import given, strategies as st

from custom_components.ringcentral.softphone.line.backoff import JITTER, LONGEST, Backoff


class Even(Random):
    """Draws the middle."""

    @override
    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def test_at_once_then_doubling_to_half_a_minute() -> None:
    backoff = Backoff(Even())
    assert [backoff.next_delay() for _ in range(8)] == [0, 1, 2, 4, 8, 16, 30, 30]


def test_a_success_begins_anew() -> None:
    backoff = Backoff(Even())
    assert [backoff.next_delay(), backoff.next_delay()] == [0, 1]
    backoff.reset()
    assert [backoff.next_delay(), backoff.next_delay()] == [0, 1]


@given(st.integers())
def test_jitter_keeps_phones_apart_and_within_bounds(seed: int) -> None:
    backoff = Backoff(Random(seed))
    delays = [backoff.next_delay() for _ in range(2000)]
    assert delays[0] == 0
    assert all(0.8 <= delay <= LONGEST * (1 + JITTER) for delay in delays[1:])
    assert min(delays[10:]) >= LONGEST * (1 - JITTER)
    assert sum(one != other for one, other in pairwise(delays)) > 1990
