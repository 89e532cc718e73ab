"""A call's sound comes from one address, and nobody can push in."""

from collections.abc import Sequence

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.media.errors import MediaError
from custom_components.ringcentral.softphone.media.rtp import RtpPacket
from custom_components.ringcentral.softphone.media.source import (
    MAX_CANDIDATES,
    MAX_HELD,
    QUIET_AFTER,
    Address,
    RemoteSource,
    reachable,
)

SDP: Address = ("198.51.100.1", 4000)
NAT: Address = ("203.0.113.9", 61000)
EVIL: Address = ("192.0.2.66", 6666)


def packet(sequence: int, ssrc: int = 1) -> RtpPacket:
    return RtpPacket(0, False, sequence & 0xFFFF, sequence * 160, ssrc, b"\xff")


def feed(
    source: RemoteSource, address: Address, sequences: Sequence[int], *, ssrc: int = 1, at: float = 0
) -> list[int]:
    """Return the sequence numbers that were believed."""
    return [kept.sequence for seq in sequences for kept in source.accept(address, packet(seq, ssrc), at)]


def test_the_negotiated_address_is_believed_at_once() -> None:
    assert feed(RemoteSource(SDP), SDP, [7]) == [7]


@pytest.mark.parametrize(("count", "locked"), [(0, False), (3, False), (4, True)])
def test_the_negotiated_address_is_locked_after_four(count: int, locked: bool) -> None:
    source = RemoteSource(SDP)
    feed(source, SDP, range(count))
    assert source.locked is locked


def test_the_negotiated_address_needs_no_perfect_order() -> None:
    source = RemoteSource(SDP)
    assert feed(source, SDP, [9, 3, 30, 4]) == [9, 3, 30, 4]
    assert source.locked


@pytest.mark.parametrize(
    ("sequences", "delivered"),
    [
        ([1, 2, 3], []),
        ([1, 2, 3, 4], [1, 2, 3, 4]),
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
        ([65534, 65535, 0, 1], [65534, 65535, 0, 1]),
        ([1, 2, 2, 3, 3, 4], [1, 2, 3, 4]),
        ([1, 2, 4, 5, 6], []),
        ([1, 2, 4, 5, 6, 7], [1, 2, 4, 5, 6, 7]),
        ([2, 1, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]),
    ],
    ids=["three", "four", "five", "wrap", "duplicates", "loss", "loss, then four", "swap, then four"],
)
def test_another_address_is_learned_by_four_consecutive_packets_and_loses_none(
    sequences: list[int], delivered: list[int]
) -> None:
    source = RemoteSource(SDP)
    assert feed(source, NAT, sequences) == delivered
    assert source.locked is bool(delivered)


def test_four_packets_of_two_streams_are_not_four_of_one() -> None:
    source = RemoteSource(SDP)
    assert feed(source, NAT, [1, 2], ssrc=1) == []
    assert feed(source, NAT, [3, 4], ssrc=2) == []
    assert feed(source, NAT, [5, 6], ssrc=2) == [3, 4, 5, 6]


def test_four_packets_of_two_addresses_are_not_four_of_one() -> None:
    source = RemoteSource(SDP)
    assert feed(source, NAT, [1, 2]) == feed(source, EVIL, [3, 4]) == []
    assert feed(source, NAT, [3, 4]) == [1, 2, 3, 4]


def test_the_port_is_part_of_the_address() -> None:
    source = RemoteSource(SDP)
    feed(source, SDP, range(4))
    assert feed(source, (SDP[0], SDP[1] + 2), range(4, 20)) == []


@pytest.mark.parametrize(("locked", "other"), [(SDP, NAT), (NAT, SDP), (NAT, EVIL)])
def test_once_locked_nobody_else_is_heard(locked: Address, other: Address) -> None:
    source = RemoteSource(SDP)
    feed(source, locked, range(4))
    assert feed(source, other, range(4, 100), at=60) == []
    assert feed(source, locked, [4], at=60) == [4]


def test_a_locked_address_may_change_its_stream() -> None:
    source = RemoteSource(SDP)
    feed(source, NAT, range(4))
    assert feed(source, NAT, [900], ssrc=77) == [900]


def test_nobody_is_learned_while_the_negotiated_address_sends() -> None:
    source = RemoteSource(SDP)
    feed(source, SDP, [1])
    assert feed(source, EVIL, range(50), at=QUIET_AFTER - 0.01) == []
    assert source.target == SDP


def test_another_is_learned_when_the_negotiated_address_falls_silent_early() -> None:
    source = RemoteSource(SDP)
    feed(source, SDP, [1])
    assert feed(source, NAT, range(4), at=QUIET_AFTER) == [0, 1, 2, 3]
    assert source.target == NAT


def test_a_word_from_the_negotiated_address_undoes_all_probation() -> None:
    source = RemoteSource(SDP)
    feed(source, EVIL, [1, 2, 3])
    feed(source, SDP, [1])
    assert feed(source, EVIL, [4], at=QUIET_AFTER) == []
    assert not source.locked


def test_we_send_to_the_negotiated_address_until_another_is_learned() -> None:
    source = RemoteSource(SDP)
    feed(source, NAT, range(3))
    assert source.target == SDP
    feed(source, NAT, [3])
    assert source.target == NAT


def test_without_a_negotiated_address_we_send_nowhere_but_learn() -> None:
    source = RemoteSource()
    assert source.target is None
    assert feed(source, NAT, range(4)) == [0, 1, 2, 3]
    assert source.target == NAT


def test_renegotiating_the_same_address_keeps_what_was_learned() -> None:
    source = RemoteSource(SDP)
    feed(source, NAT, range(4))
    source.negotiate(SDP)
    assert source.target == NAT


def test_renegotiating_another_address_learns_anew() -> None:
    source = RemoteSource(SDP)
    feed(source, NAT, range(4))
    source.negotiate(EVIL)
    assert (source.locked, source.target) == (False, EVIL)
    assert feed(source, EVIL, range(3)) == [0, 1, 2]
    assert not source.locked


def test_renegotiating_forgets_who_was_on_probation_and_who_was_heard() -> None:
    source = RemoteSource(SDP)
    feed(source, SDP, range(3))
    source.negotiate(("198.51.100.2", 4000))
    assert feed(source, NAT, range(4)) == [0, 1, 2, 3]
    halfway = RemoteSource(SDP)
    feed(halfway, NAT, range(3))
    halfway.negotiate(None)
    assert feed(halfway, NAT, [3]) == []


def test_strangers_on_probation_are_bounded_and_the_longest_unheard_goes() -> None:
    source = RemoteSource(SDP)
    feed(source, NAT, [1])
    crowd = [("192.0.2.1", port) for port in range(1, MAX_CANDIDATES)]
    assert [feed(source, stranger, [1]) for stranger in crowd] == [[]] * len(crowd)
    feed(source, NAT, [2])
    feed(source, EVIL, [1])
    assert feed(source, crowd[0], [2, 3, 4]) == []
    assert feed(source, NAT, [3, 4]) == [1, 2, 3, 4]


def test_what_is_held_for_a_stranger_is_bounded() -> None:
    source = RemoteSource()
    every_other = list(range(0, 4 * MAX_HELD, 2))
    assert feed(source, NAT, every_other) == []
    newest = every_other[-1]
    assert feed(source, NAT, [newest + 1, newest + 2, newest + 3])[-4:] == list(range(newest, newest + 4))
    assert source.locked


def test_no_more_than_the_bound_is_delivered_at_once() -> None:
    source = RemoteSource()
    feed(source, NAT, range(0, 4 * MAX_HELD, 2))
    newest = 4 * MAX_HELD - 2
    delivered = feed(source, NAT, range(newest + 1, newest + 4))
    assert len(delivered) == MAX_HELD


strangers = st.tuples(st.sampled_from([NAT, EVIL]), st.integers(0, 8), st.integers(1, 2), st.floats(0, 0.02))


@given(st.lists(strangers, max_size=60))
def test_an_attacker_is_never_heard_once_the_call_is_locked(
    attack: list[tuple[Address, int, int, float]],
) -> None:
    source = RemoteSource(SDP)
    feed(source, SDP, range(4))
    assert all(source.accept(address, packet(seq, ssrc), at) == () for address, seq, ssrc, at in attack)
    assert source.target == SDP


@given(st.lists(st.lists(strangers, max_size=20), min_size=1, max_size=6))
def test_nobody_else_is_learned_while_the_negotiated_address_sends(
    bursts: list[list[tuple[Address, int, int, float]]],
) -> None:
    source = RemoteSource(SDP)
    heard = []
    for turn, burst in enumerate(bursts):
        heard += feed(source, SDP, [turn], at=turn * 0.02)
        intruders = [source.accept(who, packet(seq, ssrc), turn * 0.02 + at) for who, seq, ssrc, at in burst]
        assert intruders == [()] * len(burst)
    assert heard == list(range(len(bursts)))
    assert source.target == SDP


@given(st.lists(strangers, max_size=60))
def test_only_one_stranger_is_ever_believed(attack: list[tuple[Address, int, int, float]]) -> None:
    source = RemoteSource(SDP)
    believed = {who for who, seq, ssrc, at in attack if source.accept(who, packet(seq, ssrc), at)}
    assert believed == {source.target} - {SDP}


@pytest.mark.parametrize(
    ("named", "address"),
    [(None, None), (SDP, SDP), (("0.0.0.0", 4000), None), (("198.51.100.1", 0), None)],
)
def test_hold_and_nothing_are_no_address(named: Address | None, address: Address | None) -> None:
    assert reachable(named) == address


@pytest.mark.parametrize("host", ["media.example.com", "2001:db8::1", "", "198.51.100"])
def test_what_would_need_a_lookup_is_refused_without_being_repeated(host: str) -> None:
    with pytest.raises(MediaError, match="isn't an IPv4 address") as refused:
        reachable((host, 4000))
    assert "example" not in str(refused.value)
