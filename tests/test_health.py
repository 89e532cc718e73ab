from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.health import LineHealth, LineStatus, after, renewed, signed_out
from custom_components.ringcentral.softphone import (
    Cause,
    LineLost,
    PhoneEvent,
    Proxy,
    Registered,
    RegistrationRefused,
    Unregistered,
    ViaRewritten,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEW = LineHealth(NOON)
UP = Registered(60.0)
LOST = LineLost("the connection was closed", 2.0, Cause.CLOSED, Proxy("sip.example.com", 5090))
UNREACHABLE = replace(LOST, cause=Cause.UNREACHABLE)
FORBIDDEN = RegistrationRefused(403, "Forbidden", 120.0)
FULL = RegistrationRefused(603, "Too Many Contacts", 75.0)


def fared(*events: PhoneEvent, health: LineHealth = NEW) -> LineHealth:
    """Return how a line fares after events, a second between them."""
    for number, event in enumerate(events, start=1):
        health = after(health, event, NOON + timedelta(seconds=number))
    return health


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([], "connecting"),
        ([UP], "registered"),
        ([UP, UP], "registered"),
        ([LOST], "connecting"),
        ([UNREACHABLE], "no_network"),
        ([UP, LOST], "connecting"),
        ([UP, UNREACHABLE], "connecting"),
        ([UP, LOST, UNREACHABLE], "no_network"),
        ([UP, LOST, LOST, UP], "registered"),
        ([FORBIDDEN], "refused"),
        ([FORBIDDEN, LOST], "refused"),
        ([FORBIDDEN, LOST, UNREACHABLE], "no_network"),
        ([FULL, LOST], "too_many_devices"),
        ([FULL, LOST, FORBIDDEN], "refused"),
    ],
)
def test_a_status_is_what_happened_last(events: list[PhoneEvent], status: str) -> None:
    assert fared(*events).status == status


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (Cause.DNS, "no_network"),
        (Cause.TIMEOUT, "no_network"),
        (Cause.SILENT, "no_network"),
        (Cause.REFUSED, "refused"),
        (Cause.TLS_CERTIFICATE, "refused"),
        (Cause.TLS, "refused"),
        (Cause.PROTOCOL, "connecting"),
        (Cause.NEW_SERVERS, "connecting"),
    ],
)
def test_only_what_is_the_networks_fault_is_said_to_be(cause: Cause, status: str) -> None:
    health = fared(replace(LOST, cause=cause))

    assert (health.status, health.cause) == (status, LOST.reason)


@pytest.mark.parametrize(
    ("measured", "shown"),
    [
        ([], None),
        ([42.4], 42),
        ([42.4, 50.0, 35.0], 42),
        ([42.4, 60.0], 60),
        ([400.0, 490.0], 400),
        ([400.0, 501.0], 501),
    ],
)
def test_the_round_trip_is_told_anew_only_where_it_makes_a_difference(
    measured: list[float], shown: int | None
) -> None:
    health = fared(*(Registered(60.0, round_trip) for round_trip in measured))
    assert health.round_trip == shown

    assert fared(LOST, health=health).round_trip is None
    assert fared(FORBIDDEN, health=health).round_trip is None
    assert renewed(health, NOON).round_trip is None


def test_a_status_has_the_time_it_began_and_the_next_try() -> None:
    health = fared(UP, LOST, UNREACHABLE, UNREACHABLE)

    assert health.since == NOON + timedelta(seconds=3)
    assert health.next_try == NOON + timedelta(seconds=6)
    assert (health.cause, health.expires) == ("the connection was closed", None)


def test_a_line_that_is_well_has_no_cause_and_no_next_try() -> None:
    health = fared(LOST, UP)

    assert (health.cause, health.next_try) == (None, None)
    assert health.expires == NOON + timedelta(seconds=62)


def test_a_cause_names_no_words_of_the_server() -> None:
    assert fared(RegistrationRefused(403, "Anna may not", 1.0)).cause == "the server answered 403"


def test_only_coming_back_is_counted() -> None:
    assert fared(LOST, UP, UP).reconnects == 0
    assert fared(UP, LOST, LOST, UP, FULL, LOST, UP).reconnects == 2


def test_a_line_that_is_signed_out_stays_so_until_it_registers() -> None:
    out = signed_out(NEW, NOON)

    assert fared(FORBIDDEN, LOST, LOST, health=out).status is LineStatus.SIGNED_OUT
    assert fared(FORBIDDEN, LOST, UP, health=out).status is LineStatus.REGISTERED


def test_what_was_said_of_old_credentials_is_past_with_new_ones() -> None:
    anew = renewed(fared(FORBIDDEN), NOON)

    assert (anew.status, anew.next_try) == (LineStatus.CONNECTING, None)
    assert fared(UNREACHABLE, health=anew).status is LineStatus.NO_NETWORK


@pytest.mark.parametrize("event", [Unregistered(), ViaRewritten()])
def test_what_says_nothing_about_the_line_changes_nothing(event: PhoneEvent) -> None:
    assert after(NEW, event, NOON) is NEW


@given(st.lists(st.sampled_from([UP, LOST, FORBIDDEN, FULL, Unregistered()])))
def test_a_line_that_is_not_registered_has_a_cause_and_says_when_it_is_tried_again(
    events: list[PhoneEvent],
) -> None:
    health = fared(*events)
    told = any(not isinstance(event, Unregistered) for event in events)

    well = health.status is LineStatus.REGISTERED
    assert (health.next_try is None) == (health.cause is None) == (well or not told)
    assert (health.expires is not None) == well


def test_a_line_that_moves_to_another_server_connects() -> None:
    moving = LineLost("redirected", 0.0, Cause.REDIRECTED, Proxy("sip.example.com", 5090))
    redirected = RegistrationRefused(302, "Moved", 0.0, redirect=Proxy("other.example.com", 5090))

    health = after(after(NEW, redirected, NOON), moving, NOON)

    assert health.status is LineStatus.CONNECTING
