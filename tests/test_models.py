from datetime import UTC, datetime
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.health import LineHealth
from custom_components.ringcentral.models import CallEvent, CallEventType, LineSnapshot, call_attributes
from custom_components.ringcentral.softphone import Call, CallState, Direction, Outcome, Party

CALL = Call(
    "7b2f", Direction.INCOMING, Party("+16505550142", "Anna"), Party("+17203861294"), CallState.RINGING
)
LIVE = [CallState.RINGING, CallState.DIALING, CallState.TALKING, CallState.ON_HOLD]


def line(**changes: Any) -> LineSnapshot:
    return LineSnapshot(LineHealth(datetime(2026, 11, 22, tzinfo=UTC)), "sip.example.com:5090", **changes)


def call(call_id: str, state: CallState) -> Call:
    return Call(call_id, Direction.INCOMING, Party(), Party(), state)


def test_a_line_without_calls_is_idle() -> None:
    assert (line().state, line().current) == (CallState.IDLE, None)


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["ringing"], "ringing"),
        (["on_hold", "ringing"], "ringing"),
        (["ringing", "talking"], "talking"),
        (["dialing", "ringing"], "ringing"),
        (["on_hold", "dialing"], "dialing"),
    ],
)
def test_a_line_is_in_the_state_of_its_liveliest_call(states: list[str], state: str) -> None:
    calls = tuple(call(str(number), CallState(each)) for number, each in enumerate(states))

    assert line(calls=calls).state == state


@given(st.lists(st.sampled_from(LIVE), min_size=1, max_size=5))
def test_among_equals_the_earliest_call_counts(states: list[CallState]) -> None:
    calls = tuple(call(str(number), state) for number, state in enumerate(states))

    current = line(calls=calls).current

    assert current is not None
    assert current.call_id == str(states.index(current.state))


def test_every_outcome_of_a_call_is_an_event() -> None:
    assert {outcome.value for outcome in Outcome} <= {event.value for event in CallEventType}


@given(st.sampled_from(list(CallEventType)), st.none() | st.floats(0, 1e6), st.none() | st.text())
def test_every_event_has_the_same_attributes(
    kind: CallEventType, duration: float | None, text: str | None
) -> None:
    plain = CallEvent(CallEventType.INCOMING, CALL).attributes("Reception")
    full = CallEvent(kind, CALL, duration, text, text, text).attributes("Reception")

    assert full.keys() == plain.keys()


def test_seconds_are_told_in_tenths() -> None:
    assert CallEvent(CallEventType.ENDED, CALL, duration=4.249).attributes("Reception")["duration"] == 4.2
    assert CallEvent(CallEventType.MISSED, CALL, duration=0.0).attributes("Reception")["duration"] == 0.0


def test_no_call_has_the_same_attributes_as_one() -> None:
    assert call_attributes(None) == dict.fromkeys(call_attributes(CALL))


def test_who_called_is_not_in_what_is_printed() -> None:
    printed = repr(CallEvent(CallEventType.INCOMING, CALL)) + repr(line(calls=(CALL,)))

    assert "6505550142" not in printed
    assert "Anna" not in printed
