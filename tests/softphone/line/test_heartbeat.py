"""Pings, pongs, and what a server's silence means."""

import pytest

from custom_components.ringcentral.softphone.line.heartbeat import (
    DATAGRAM_PING_INTERVAL,
    PING_INTERVAL,
    PONG_TIMEOUT,
    Heartbeat,
)


class Pulse:
    """A heartbeat and the pings it sent."""

    def __init__(self) -> None:
        self.pings = 0
        self.heart = Heartbeat(self._ping, 100.0)

    def _ping(self) -> None:
        self.pings += 1


@pytest.fixture
def pulse() -> Pulse:
    return Pulse()


def test_a_dead_connection_is_found_within_45_seconds() -> None:
    assert PING_INTERVAL + PONG_TIMEOUT < 45
    assert 25 <= PING_INTERVAL <= 30


def test_a_ping_is_sent_when_it_is_due(pulse: Pulse) -> None:
    assert pulse.heart.next_deadline == 128.0
    assert pulse.heart.tick(127.9)
    assert pulse.pings == 0
    assert pulse.heart.tick(128.0)
    assert (pulse.pings, pulse.heart.next_deadline) == (1, 156.0)


def test_a_server_that_never_answers_pings_is_not_held_to_it(pulse: Pulse) -> None:
    for second in range(100, 1000):
        assert pulse.heart.tick(second)
    assert not pulse.heart.answered


def test_a_server_that_answered_once_has_to_answer(pulse: Pulse) -> None:
    pulse.heart.tick(128.0)
    pulse.heart.pong(130.0)
    assert pulse.heart.answered
    assert pulse.heart.tick(156.0)
    assert pulse.heart.next_deadline == 166.0
    assert pulse.heart.tick(165.9)
    assert not pulse.heart.tick(166.0)
    assert pulse.heart.next_deadline == 184.0


def test_a_server_that_goes_on_answering_lives(pulse: Pulse) -> None:
    for beat in range(1, 20):
        assert pulse.heart.tick(100 + 28.0 * beat)
        pulse.heart.pong(105 + 28.0 * beat)
    assert pulse.heart.answered


@pytest.mark.parametrize("at", [120.0, 138.1])
def test_what_comes_without_a_ping_is_no_pong(pulse: Pulse, at: float) -> None:
    pulse.heart.tick(min(at, 128.0))
    pulse.heart.pong(at)
    assert not pulse.heart.answered


def test_one_pong_too_many_and_none_counts_any_more(pulse: Pulse) -> None:
    pulse.heart.tick(128.0)
    pulse.heart.pong(128.1)
    pulse.heart.pong(128.2)
    assert not pulse.heart.answered
    pulse.heart.tick(156.0)
    pulse.heart.pong(157.0)
    assert not pulse.heart.answered
    assert pulse.heart.tick(170.0)


def test_a_router_hears_of_us_twice_before_it_forgets_where_datagrams_go() -> None:
    assert 2 * DATAGRAM_PING_INTERVAL < 30
    pings: list[None] = []
    heart = Heartbeat(lambda: pings.append(None), 100.0, reliable=False)
    for _ in range(2):
        assert heart.tick(heart.next_deadline)
    assert (len(pings), heart.next_deadline) == (2, 100.0 + 3 * DATAGRAM_PING_INTERVAL)
