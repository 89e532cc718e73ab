"""The pacing of what goes out."""

import pytest

from simulator.link import Faults, Link


def test_a_message_goes_out_whole_and_at_once() -> None:
    link = Link(Faults())
    link.send(b"one", 1.0)
    link.send(b"two", 1.0)

    assert link.deadline == 1.0
    assert link.due(1.0) == [b"one", b"two"]
    assert link.deadline is None


def test_a_message_is_cut_into_segments_that_follow_each_other() -> None:
    link = Link(Faults(segment=4, segment_gap=0.5))
    link.send(b"0123456789", 1.0)

    assert link.due(1.0) == [b"0123"]
    assert link.deadline == 1.5
    assert link.due(2.0) == [b"4567", b"89"]


def test_the_next_message_never_overtakes_segments_that_wait() -> None:
    faults = Faults(segment=1, segment_gap=0.5)
    link = Link(faults)
    link.send(b"ab", 0.0)
    faults.segment = 0
    link.send(b"next", 0.0)

    assert link.due(0.4) == [b"a"]
    assert link.due(0.5) == [b"b", b"next"]


def test_messages_are_glued_together() -> None:
    link = Link(Faults(glue=0.2))
    link.send(b"one", 1.0)
    link.send(b"two", 1.1)

    assert link.due(1.1) == []
    assert link.deadline == pytest.approx(1.2)
    assert link.due(1.2) == [b"onetwo"]


def test_a_slow_server_says_nothing_for_a_while() -> None:
    link = Link(Faults(slow=3.0))
    link.send(b"at last", 1.0)

    assert link.due(3.9) == []
    assert link.due(4.0) == [b"at last"]
