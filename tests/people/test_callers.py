from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ringcentral.const import Treatment
from custom_components.ringcentral.people.callers import REPEAT_WITHIN, Caller, Callers
from custom_components.ringcentral.people.contacts import Contact, ContactBook
from custom_components.ringcentral.people.numbering import Numbering
from custom_components.ringcentral.softphone import Call, CallState, Direction, Party

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
US = Numbering("US")
ANNA = "+16505550142"
MOST = 40


def call(
    number: str | None = ANNA,
    call_id: str = "7b2f",
    direction: Direction = Direction.INCOMING,
    state: CallState = CallState.RINGING,
) -> Call:
    return Call(call_id, direction, Party(number, "ANNA S"), Party("+17203861294"), state)


@pytest.fixture(name="callers")
def fixture_callers() -> Callers:
    callers = Callers()
    book = ContactBook(
        [Contact("Anna", (ANNA,), favorite=True), Contact("Spam", ("+1900*",), blocked=True)], US
    )
    callers.learn(book, US)
    return callers


def test_a_contact_goes_by_the_name_it_has_here(callers: Callers) -> None:
    met = callers.meet(call(), {}, NOW)

    assert callers.named(call()).caller == Party(ANNA, "Anna")
    assert met.attributes() == {
        "caller_formatted": "(650) 555-0142",
        "called_formatted": "(720) 386-1294",
        "is_contact": True,
        "is_favorite": True,
        "is_blocked": False,
        "is_door_station": False,
        "is_anonymous": False,
        "is_repeat": False,
    }


def test_a_stranger_goes_by_the_name_the_network_says(callers: Callers) -> None:
    callers.meet(call("+16505550199"), {}, NOW)

    assert callers.named(call("+16505550199")).caller.name == "ANNA S"


def test_before_anybody_is_known_calls_are_calls() -> None:
    callers = Callers()

    assert callers.meet(call(), {}, NOW) == Caller(formatted=ANNA, called_formatted="+17203861294")
    assert not callers.has_door_station


def test_a_call_of_ours_has_no_caller_to_know(callers: Callers) -> None:
    met = callers.meet(call(direction=Direction.OUTGOING), {"anonymous_calls": "reject"}, NOW)

    assert (met.contact, met.is_anonymous, met.treatment) == (None, False, Treatment.RING)


@pytest.mark.parametrize(
    ("number", "options", "treatment"),
    [
        (ANNA, {"blocked_calls": "silent", "anonymous_calls": "reject"}, "ring"),
        ("+19005550100", {}, "reject"),
        ("+19005550100", {"blocked_calls": "silent"}, "silent"),
        ("+19005550100", {"blocked_calls": "answering_machine"}, "answering_machine"),
        (None, {}, "ring"),
        (None, {"anonymous_calls": "reject"}, "reject"),
        (None, {"anonymous_calls": "answering_machine", "blocked_calls": "silent"}, "answering_machine"),
    ],
)
def test_the_options_say_what_is_done_about_a_caller(
    callers: Callers, number: str | None, options: dict[str, Any], treatment: str
) -> None:
    assert callers.meet(call(number), options, NOW).treatment == treatment


@pytest.mark.parametrize(
    ("missed", "later", "repeat"),
    [
        (True, REPEAT_WITHIN, True),
        (True, REPEAT_WITHIN + timedelta(seconds=1), False),
        (False, timedelta(1), False),
    ],
)
def test_who_calls_again_soon_after_nobody_answered_is_told(
    callers: Callers, missed: bool, later: timedelta, repeat: bool
) -> None:
    callers.meet(call(), {}, NOW)
    callers.ended(call(), NOW, unanswered=missed)

    assert callers.meet(call(call_id="8c3e"), {}, NOW + later).is_repeat is repeat
    assert not callers.meet(call("+16505550199", "9d4f"), {}, NOW + later).is_repeat


def test_nobody_knows_whether_an_anonymous_caller_calls_again(callers: Callers) -> None:
    callers.ended(call(None), NOW, unanswered=True)

    assert not callers.meet(call(None, "8c3e"), {}, NOW).is_repeat


def test_who_called_is_known_for_a_while_after_the_call_and_as_long_as_it_lasts(callers: Callers) -> None:
    callers.meet(call(call_id="long"), {}, NOW)
    for number in range(MOST):
        callers.meet(call(call_id=str(number)), {}, NOW)
        callers.ended(call(call_id=str(number)), NOW, unanswered=False)

    assert callers.of("long").contact is not None
    assert callers.of(str(MOST - 1)).contact is not None
    assert callers.of("0") == Caller()


def test_what_rings_for_its_caller_alone_is_not_shown_until_it_is_answered(callers: Callers) -> None:
    callers.meet(call("+19005550100"), {"blocked_calls": "silent"}, NOW)
    talking = call("+19005550100", state=CallState.TALKING)

    assert not callers.shows(call("+19005550100"))
    assert callers.shows(talking)
