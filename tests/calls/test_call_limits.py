"""Whom automations may call, and how often."""

from dataclasses import dataclass
from typing import Any

from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.ringcentral.calls.call_limits import MOST_CALLS, WITHIN, CallLimits
from custom_components.ringcentral.line_options import LineOptions
from custom_components.ringcentral.people.callers import Callers
from custom_components.ringcentral.people.contacts import ContactBook
from custom_components.ringcentral.people.numbering import Numbering
from custom_components.ringcentral.softphone import InvalidNumberError


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def callers() -> Callers:
    callers, numbering = Callers(), Numbering("US")
    callers.learn(ContactBook((), numbering), numbering)
    return callers


def limits(callers: Callers, *allowed: str, clock: Clock | None = None) -> CallLimits:
    return held_to({"allowed_numbers": list(allowed)}, callers, clock)


def held_to(options: dict[str, Any], callers: Callers, clock: Clock | None = None) -> CallLimits:
    return CallLimits(callers, lambda: LineOptions.of(options), clock or Clock())


def refusal(limits: CallLimits, number: str) -> str | None:
    try:
        limits.admit(number)
    except ServiceValidationError as error:
        return error.translation_key
    return None


@pytest.mark.parametrize("number", ["+16505550101", "101", "*43", "anna"])
def test_unless_something_is_chosen_everybody_may_be_called(callers: Callers, number: str) -> None:
    assert refusal(limits(callers), number) is None


@pytest.mark.parametrize("number", ["+1 650 555-0101", "(650) 555-0101", "16505550101", "101", "Anna"])
def test_who_was_chosen_may_be_called_however_the_number_is_written(callers: Callers, number: str) -> None:
    assert refusal(limits(callers, "+1 650 555 01*", "101", "anna"), number) is None


@pytest.mark.parametrize("number", ["+19005550101", "1016505550101", "+16505560101", "102", "bo"])
def test_nobody_else_may_be_called(callers: Callers, number: str) -> None:
    assert refusal(limits(callers, "+1 650 555 01*", "101", "anna"), number) == "number_not_allowed"


def test_before_any_country_is_known_a_number_is_what_it_says() -> None:
    assert refusal(limits(Callers(), "+1650*"), "+16505550101") is None
    assert refusal(limits(Callers(), "+1650*"), "6505550101") == "number_not_allowed"


def test_what_is_no_number_is_told_as_such(callers: Callers) -> None:
    with pytest.raises(InvalidNumberError):
        limits(callers, "+1650*").admit("what?")


def test_no_more_calls_are_placed_in_an_hour_than_a_household_needs(callers: Callers) -> None:
    clock = Clock()
    limited = limits(callers, clock=clock)
    for _ in range(MOST_CALLS):
        assert refusal(limited, "101") is None
        limited.count()
        clock.now += 1

    assert refusal(limited, "101") == "too_many_calls_placed"
    clock.now = 1000.0 + WITHIN - 1
    assert refusal(limited, "101") == "too_many_calls_placed"
    clock.now = 1000.0 + WITHIN
    assert refusal(limited, "101") is None
    limited.count()
    assert refusal(limited, "101") == "too_many_calls_placed"


@pytest.mark.parametrize("number", ["911", "112", "9 911"])
def test_help_may_be_called_only_where_that_is_chosen(callers: Callers, number: str) -> None:
    assert held_to({"emergency_calls": True}, callers).lets_help_be_called(number)
    assert not held_to({}, callers).lets_help_be_called(number)


@pytest.mark.parametrize("number", ["110", "+16505550101", "anna"])
def test_other_numbers_are_no_help_whatever_is_chosen(callers: Callers, number: str) -> None:
    assert not held_to({"emergency_calls": True}, callers).lets_help_be_called(number)


def test_before_any_country_is_known_every_country_s_help_is_help() -> None:
    assert held_to({"emergency_calls": True}, Callers()).lets_help_be_called("110")
