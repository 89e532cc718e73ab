"""The order of proxies, the waits between them, and the way back."""

from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.account import Proxy
from custom_components.ringcentral.softphone.events import Cause
from custom_components.ringcentral.softphone.line.route import Loss, Route
from tests.softphone.builders import ACCOUNT

A, B, C = (Proxy(name, 5060) for name in "abc")
ELSEWHERE = Proxy("elsewhere", 5070)
REFUSED = Loss(Cause.REFUSED, "refused")
CLOSED = Loss(Cause.CLOSED, "closed")
SILENT = Loss(Cause.SILENT, "silent")
REDIRECTED = Loss(Cause.REDIRECTED, "moved", 30.0, 302, ELSEWHERE)
SWITCH_BACK = Loss(Cause.SWITCH_BACK, "back")


def refusal(status: int, at_least: float = 30.0) -> Loss:
    return Loss(Cause.REFUSED_REGISTRATION, "no", at_least, status)


def route(*proxies: Proxy, **account: Any) -> Route:
    return Route(replace(ACCOUNT, proxies=proxies or (A, B, C), **account), Random(1))


@pytest.mark.parametrize(
    "cause",
    ["dns", "refused", "unreachable", "timeout", "tls_certificate", "tls", "silent", "closed", "protocol"],
)
def test_a_proxy_that_does_not_serve_hands_over_at_once(cause: str) -> None:
    way = route()
    assert way.lost(Loss(Cause(cause), "x"), 0.0) == 0.0
    assert way.proxy == B


def test_once_around_and_then_the_back_off_decides() -> None:
    way, waits, proxies = route(), [], []
    for _ in range(9):
        proxies.append(way.proxy)
        waits.append(way.lost(REFUSED, 0.0))
    assert proxies == [A, B, C] * 3
    assert waits[:5] == [0.0, 0.0, 0.0, 0.0, 0.0]
    assert 0.8 <= waits[5] <= 1.2
    assert waits[6:8] == [0.0, 0.0]
    assert 1.6 <= waits[8] <= 2.4


def test_a_single_proxy_backs_off_by_itself() -> None:
    way = route(A)
    waits = [way.lost(REFUSED, 0.0) for _ in range(20)]
    assert waits[0] == 0.0
    assert all(wait >= 0.8 for wait in waits[1:])
    assert max(waits) <= 36
    assert way.proxy == A


def test_a_proxy_that_served_and_closed_is_asked_again_first() -> None:
    way = route()
    way.registered(0.0)
    assert way.lost(CLOSED, 100.0) == 0.0
    assert way.proxy == A


def test_a_line_that_held_comes_back_at_once_every_time() -> None:
    way = route(A)
    for start in range(0, 1000, 100):
        way.registered(start)
        way.registered(start + 10)
        assert way.lost(CLOSED, start + 15) == 0.0


def test_a_line_that_is_thrown_out_at_once_backs_off() -> None:
    way = route(A)
    waits = []
    for start in range(0, 400, 100):
        way.registered(start)
        waits.append(way.lost(CLOSED, start + 14))
    assert all(later > earlier for earlier, later in pairwise(waits))


@given(st.integers(0), st.floats(0, 60), st.integers(0, 12))
def test_a_line_that_was_dead_from_the_start_is_tried_again_within_the_minute(
    seed: int, found_after: float, failures: int
) -> None:
    way = Route(replace(ACCOUNT, proxies=(A,)), Random(seed))
    for _ in range(failures):
        way.lost(REFUSED, 0.0)
    way.registered(100.0)

    assert found_after + way.lost(CLOSED, 100.0 + found_after) <= max(52.0, found_after)


@pytest.mark.parametrize(("status", "proxy"), [(503, B), (403, A), (603, A)])
def test_only_the_account_s_error_codes_hand_over(status: int, proxy: Proxy) -> None:
    way = route(error_codes=frozenset({408, 503}))
    wait = way.lost(refusal(status, 75.0), 0.0)
    assert (way.proxy, wait) == (proxy, 0.0 if proxy == B else 75.0)


def test_a_proxy_that_asked_for_time_gets_it_while_others_serve() -> None:
    way = route(error_codes=frozenset({503}))
    way.lost(refusal(503, 600.0), 0.0)
    way.lost(refusal(503, 60.0), 1.0)
    assert way.proxy == C
    assert way.lost(REFUSED, 2.0) == 0.0
    assert way.proxy == C, "the others rest"
    assert 0.8 <= way.lost(REFUSED, 3.0) <= 1.2
    assert way.lost(REFUSED, 61.5) == 0.0
    assert way.proxy == B


def test_the_time_a_proxy_asked_for_is_waited_out_when_all_did() -> None:
    way = route(A, B, error_codes=frozenset({503}))
    way.lost(refusal(503, 600.0), 0.0)
    assert way.lost(refusal(503, 1000.0), 10.0) == 590.0
    assert way.proxy == A


def test_a_redirection_is_followed_once() -> None:
    way = route(A)
    assert way.lost(REDIRECTED, 0.0) == 0.0
    assert way.proxy == ELSEWHERE
    way.lost(REDIRECTED, 1.0)
    assert way.proxy == A
    waits = [way.lost(REDIRECTED, 1.0) for _ in range(4)]
    assert [wait > 0 for wait in waits] == [False, True, False, True]


def test_a_proxy_that_said_no_and_then_closed_gets_the_time_it_asked_for() -> None:
    way = route(A)
    way.registered(0.0)
    way.refused(75.0, 100.0)
    assert way.lost(CLOSED, 110.0) == 65.0


def test_a_proxy_that_was_redirected_to_gets_the_time_it_asks_for() -> None:
    way = route(A, B, error_codes=frozenset({503}))
    there = replace(REDIRECTED, redirect=B)
    way.lost(there, 0.0)
    assert way.proxy == B
    way.lost(refusal(503, 600.0), 1.0)
    assert way.proxy == A
    assert way.lost(there, 2.0) > 0
    assert way.proxy == A


def test_a_place_that_was_redirected_to_and_is_lost_is_left() -> None:
    way = route(A)
    way.lost(REDIRECTED, 0.0)
    way.registered(1.0)
    assert way.lost(CLOSED, 100.0) == 0.0
    assert way.proxy == A


def test_a_place_that_was_redirected_to_and_does_not_answer_is_left_for_the_next_proxy() -> None:
    way = route()
    way.lost(REDIRECTED, 0.0)
    assert way.lost(SILENT, 10.0) == 0.0
    assert way.proxy == B


# The way back


def stand_in(**account: Any) -> Route:
    """A route that failed over to the second proxy at 100 s."""
    way = route(**account)
    way.lost(REFUSED, 99.0)
    way.registered(100.0)
    return way


def test_without_an_interval_a_stand_in_is_kept() -> None:
    assert stand_in().switch_back_at is None


@pytest.mark.parametrize(
    ("interval", "earliest", "latest"), [(0, 160, 220), (300, 400, 700), (3600, 3700, 4600)]
)
def test_the_first_proxy_is_tried_again_after_the_interval(
    interval: float, earliest: float, latest: float
) -> None:
    at = stand_in(switch_back_interval=interval).switch_back_at
    assert at is not None
    assert earliest <= at <= latest


def test_refreshes_do_not_put_it_off() -> None:
    way = stand_in(switch_back_interval=300)
    at = way.switch_back_at
    way.registered(400.0)
    assert way.switch_back_at == at


def test_switching_back_goes_to_the_first_at_once() -> None:
    way = stand_in(switch_back_interval=300)
    assert way.lost(SWITCH_BACK, 700.0) == 0.0
    assert (way.proxy, way.switch_back_at) == (A, None)
    way.registered(701.0)
    assert way.switch_back_at is None


def test_a_first_proxy_that_is_still_away_hands_over_at_once_again() -> None:
    way = stand_in(switch_back_interval=300)
    way.lost(SWITCH_BACK, 700.0)
    assert way.lost(REFUSED, 701.0) == 0.0
    way.registered(702.0)
    assert way.proxy == B
    assert way.switch_back_at is not None
    assert way.switch_back_at >= 1002


def test_the_first_proxy_is_not_tried_before_the_time_it_asked_for() -> None:
    way = route(switch_back_interval=60, error_codes=frozenset({503}))
    way.lost(refusal(503, 3600.0), 0.0)
    way.registered(1.0)
    assert way.switch_back_at == 3600.0


LOSSES = st.sampled_from(
    [REFUSED, CLOSED, SILENT, REDIRECTED, refusal(503), refusal(403, 120.0), refusal(603, 75.0)]
)


@given(st.lists(LOSSES, min_size=60, max_size=60), st.integers(1, 4))
def test_whatever_goes_wrong_the_server_is_not_knocked_at_too_often(losses: list[Loss], count: int) -> None:
    proxies = tuple(Proxy(f"p{number}", 1) for number in range(count))
    way, now, tries = route(*proxies, error_codes=frozenset({503})), 0.0, []
    for loss in losses:
        tries.append(now)
        now += way.lost(loss, now)
    for start in tries:
        # Before the back-off has grown to half a minute: 1 + 2 + 4 + … s, each round once around and a redirection.
        assert len([at for at in tries if start <= at < start + 60]) <= 8 * 2 * count
    assert now > 60
