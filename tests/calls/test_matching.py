"""Which call of a log is which of ours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.calls.matching import (
    AFTER,
    BEFORE,
    MESSAGE_AFTER,
    call_before,
    call_of_log,
    call_of_message,
    pairs,
    same_number,
)
from custom_components.ringcentral.cloud import LoggedCall
from custom_components.ringcentral.library import CallRecord, Direction

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ANNA, SCHOOL = "+16505550142", "+16505550117"
SECOND = timedelta(seconds=1)


def e164(number: str) -> str | None:
    """Return a number of the United States as E.164."""
    digits = "".join(filter(str.isdigit, number))
    if number.startswith("+"):
        return f"+{digits}"
    return {10: f"+1{digits}", 11: f"+{digits}"}.get(len(digits))


def unknown(number: str) -> str | None:
    """Know no country."""
    return None


def logged(name: str = "log", **changes: object) -> LoggedCall:
    return replace(LoggedCall(name, None, True, NOON, 0, "Missed", caller=ANNA), **changes)  # type: ignore[arg-type]


def ours(name: str = "ours", **changes: object) -> CallRecord:
    return replace(CallRecord(name, "line", Direction.INCOMING, NOON, caller=ANNA), **changes)  # type: ignore[arg-type]


def paired(log: list[LoggedCall], calls: list[CallRecord]) -> dict[str, str]:
    return {name: call.id for name, call in pairs(log, calls, e164).items()}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ANNA, ANNA, True),
        (ANNA, "(650) 555-0142", True),
        (ANNA, "16505550142", True),
        (ANNA, SCHOOL, False),
        ("102", "102", True),
        ("102", "0102", True),
        ("102", "5550102", False),
        ("102", ANNA, False),
        (None, None, True),
        ("", None, True),
        (None, ANNA, False),
        (ANNA, "", False),
        ("anna", "bob", False),
        ("anna", "anna", True),
    ],
)
def test_numbers_are_the_same_however_they_are_written(
    one: str | None, other: str | None, same: bool
) -> None:
    assert same_number(one, other, e164) is same_number(other, one, e164) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ANNA, "6505550142", True),
        (ANNA, "06505550142", True),
        (ANNA, "5550142", True),
        (ANNA, "550142", False),
        (ANNA, "+6505550142", False),
    ],
)
def test_without_a_country_the_last_digits_tell(one: str, other: str, same: bool) -> None:
    assert same_number(one, other, unknown) is same


@pytest.mark.parametrize(
    ("entry", "call", "same"),
    [
        (logged(), ours(), True),
        (logged(), ours(caller=SCHOOL), False),
        (logged(caller=None), ours(caller=None), True),
        (logged(caller=None), ours(), False),
        (logged(), ours(started_at=NOON + AFTER), True),
        (logged(), ours(started_at=NOON + AFTER + SECOND), False),
        (logged(), ours(started_at=NOON - BEFORE), True),
        (logged(), ours(started_at=NOON - BEFORE - SECOND), False),
        (logged(incoming=False, called=ANNA), ours(), False),
        (
            logged(incoming=False, caller="+1720", called=ANNA),
            ours(direction=Direction.OUTGOING, caller="me", called=ANNA),
            True,
        ),
        (logged(session="s-1"), ours(remote_id="s-1", caller=SCHOOL, started_at=NOON - 9 * AFTER), True),
        (logged(session="s-1"), ours(remote_id="s-2"), False),
        (logged(), ours(remote_id="log", caller=SCHOOL), True),
        (logged(message_id="7"), ours(call_of_message("7"), caller=SCHOOL), True),
        (logged(message_id="7"), ours(call_of_message("8"), caller=SCHOOL), False),
        (logged(), ours(call_of_log("log"), caller=SCHOOL), True),
        (logged(), ours(call_of_message(""), caller=SCHOOL), False),
    ],
)
def test_a_call_is_one_of_ours_by_name_or_by_number_and_time(
    entry: LoggedCall, call: CallRecord, same: bool
) -> None:
    assert paired([entry], [call]) == ({"log": call.id} if same else {})


def test_of_several_the_closest_are_one() -> None:
    log = [logged("1"), logged("2", started_at=NOON + 60 * SECOND)]
    calls = [ours("a", started_at=NOON + 58 * SECOND), ours("b", started_at=NOON + 3 * SECOND)]

    assert paired(log, calls) == {"1": "b", "2": "a"}


def test_a_name_goes_before_the_time() -> None:
    log = [logged("1", session="s-1"), logged("2", session="s-2")]
    calls = [ours("a"), ours("b", remote_id="s-1", started_at=NOON + AFTER)]

    assert paired(log, calls) == {"1": "b", "2": "a"}


def test_two_of_one_session_are_not_both_one_call() -> None:
    log = [logged("1", session="s-1"), logged("2", session="s-1")]

    assert paired(log, [ours("a", remote_id="s-1")]) == {"1": "a"}


@given(
    st.lists(st.integers(20, 600), min_size=1, max_size=8),
    st.integers(-9, 9),
    st.data(),
)
def test_calls_of_one_number_are_told_apart(gaps: list[int], skew: int, data: st.DataObject) -> None:
    """Whoever calls again and again, the clocks a little apart: each is itself, whichever of them are known here."""
    starts = [NOON + sum(gaps[:number]) * SECOND for number in range(len(gaps))]
    log = [logged(f"log-{number}", started_at=at) for number, at in enumerate(starts)]
    calls = [ours(f"ours-{number}", started_at=at + skew * SECOND) for number, at in enumerate(starts)]
    here = data.draw(st.lists(st.sampled_from(calls), unique_by=lambda call: call.id))

    found = paired(log, data.draw(st.permutations(here)))

    assert len(set(found.values())) == len(found)
    assert {f"ours-{name.removeprefix('log-')}" for name in found if name[4:] == found[name][5:]} == {
        call.id for call in here
    }
    assert all(later - earlier >= 20 * SECOND for earlier, later in pairwise(starts))


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (ours(), True),
        (ours(started_at=NOON - MESSAGE_AFTER), True),
        (ours(started_at=NOON - MESSAGE_AFTER - SECOND), False),
        (ours(started_at=NOON + BEFORE), True),
        (ours(started_at=NOON + BEFORE + SECOND), False),
        (ours(answered_at=NOON), False),
        (ours(direction=Direction.OUTGOING, called=ANNA), False),
        (ours(caller=SCHOOL), False),
        (ours(caller="650-555-0142"), True),
    ],
)
def test_a_message_is_left_after_a_call_nobody_took(call: CallRecord, found: bool) -> None:
    assert call_before(NOON, ANNA, [call], e164) == (call if found else None)


def test_it_is_left_after_the_last_of_them() -> None:
    calls = [ours(str(minutes), started_at=NOON - timedelta(minutes=minutes)) for minutes in (3, 1, 2)]

    assert call_before(NOON, ANNA, calls, e164) == calls[1]
    assert call_before(NOON, ANNA, [], e164) is None
