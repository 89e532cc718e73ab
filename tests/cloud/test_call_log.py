"""The call log against a RingCentral on loopback, and records that nobody would expect."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.cloud import LoggedCall, MissingPermission, RingCentralClient
from custom_components.ringcentral.cloud.call_log import logged_calls
from simulator.rest import Endpoint, RestSimulator

MONDAY = datetime(2026, 10, 5, 9, 24, 3, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ANNA = "+16505550142"
RECORD = {
    "id": "CzxYxmjG1000kLUA",
    "telephonySessionId": "s-a0d16e",
    "direction": "Inbound",
    "type": "Voice",
    "startTime": "2026-10-05T09:24:03.000Z",
    "duration": 42,
    "result": "Accepted",
    "from": {"phoneNumber": ANNA, "name": "Anna Smith"},
    "to": {"phoneNumber": "+17203861294"},
    "message": {"id": "402406985008", "type": "VoiceMail"},
}

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(autouse=True)
def allowed(rest: RestSimulator) -> None:
    """Let the app read the call log."""
    rest.account.permissions |= {"ReadCallLog"}


def read(**changes: Any) -> tuple[LoggedCall, ...]:
    return logged_calls([{**RECORD, **changes}])


async def test_calls_are_listed_oldest_first(client: RingCentralClient, rest: RestSimulator) -> None:
    rest.call_log.add("Call connected", number=ANNA, outgoing=True, at=MONDAY + timedelta(hours=1), seconds=7)
    rest.call_log.add("Missed", number=ANNA, name="Anna Smith", at=MONDAY)

    one, two = await client.call_log(LONG_AGO)

    assert (one.incoming, one.started_at, one.caller, one.caller_name, one.result) == (
        True, MONDAY, ANNA, "Anna Smith", "Missed",
    )  # fmt: skip
    assert (two.incoming, two.called, two.caller, two.duration) == (False, ANNA, "+17203861294", 7)
    assert one.session != two.session


async def test_only_what_began_since_a_moment_is_asked_for(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.call_log.add("Missed", at=MONDAY - timedelta(minutes=1))
    rest.call_log.add("Missed", at=MONDAY + timedelta(minutes=1))

    (call,) = await client.call_log(MONDAY)

    assert call.started_at == MONDAY + timedelta(minutes=1)


async def test_all_pages_are_read(client: RingCentralClient, rest: RestSimulator) -> None:
    for minute in range(1001):
        rest.call_log.add("Missed", at=MONDAY + timedelta(minutes=minute))

    assert len(await client.call_log(LONG_AGO)) == 1001
    assert len(rest.asked(Endpoint.CALL_LOG)) == 2


async def test_a_refusal_is_told(client: RingCentralClient, rest: RestSimulator) -> None:
    rest.account.permissions -= {"ReadCallLog"}

    for work in (client.call_log(LONG_AGO), client.try_call_log()):
        with pytest.raises(MissingPermission) as caught:
            await work
        assert caught.value.permission == "ReadCallLog"


def test_a_record_is_read_as_it_is_documented() -> None:
    assert read() == (
        LoggedCall(
            "CzxYxmjG1000kLUA", "s-a0d16e", True, MONDAY, 42, "Accepted",
            caller=ANNA, caller_name="Anna Smith", called="+17203861294", message_id="402406985008",
        ),
    )  # fmt: skip


def test_what_is_not_told_is_none() -> None:
    ((call),) = read(
        **{"from": None, "to": None, "message": None, "telephonySessionId": None, "duration": -1, "result": 5}
    )

    assert (call.caller, call.called, call.message_id, call.session) == (None, None, None, None)
    assert (call.duration, call.result) == (0, "")


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Fax"},
        {"direction": "Sideways"},
        {"direction": None},
        {"id": None},
        {"startTime": "soon"},
        {"startTime": None},
        {"duration": "long"},
        {"message": "x"},
    ],
)
def test_what_is_no_call_is_passed_over(changes: dict[str, Any]) -> None:
    assert read(**changes) == ()


def test_nobody_is_in_a_calls_repr() -> None:
    (call,) = read()

    assert not any(secret in repr(call) for secret in ("555", "Anna", "s-a0d", "1294", "402406985008"))


@given(st.lists(_JSON, max_size=3), st.dictionaries(st.sampled_from([*RECORD]), _JSON, max_size=4))
def test_no_record_does_harm(records: list[Any], changes: dict[str, Any]) -> None:
    logged_calls([*records, {**RECORD, **changes}])
