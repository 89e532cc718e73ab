"""A user's list of blocked numbers in miniature."""

from typing import Any

import pytest

from simulator.blocked_numbers import BlockedNumbers
from simulator.refusals import Refused
from simulator.user import Account

SPAM = "+16505550142"


@pytest.fixture
def blocked() -> BlockedNumbers:
    return BlockedNumbers(Account())


def test_an_entry_is_made_listed_and_taken_away(blocked: BlockedNumbers) -> None:
    entry = blocked.add({"phoneNumber": SPAM, "label": "Spam"})

    assert (entry["phoneNumber"], entry["label"], entry["status"]) == (SPAM, "Spam", "Blocked")
    assert blocked.page({}, "")["records"] == [entry]
    blocked.remove(entry["id"])
    assert blocked.numbers == []


def test_no_id_is_given_twice(blocked: BlockedNumbers) -> None:
    first = blocked.enter(SPAM)
    blocked.remove(first["id"])

    assert blocked.enter(SPAM)["id"] != first["id"]


@pytest.mark.parametrize(
    "body",
    [None, {}, {"phoneNumber": "6505550142"}, {"phoneNumber": "+1555*"}, {"phoneNumber": "+16505550143", "status": "?"}],
)  # fmt: skip
def test_what_is_no_number_is_refused(blocked: BlockedNumbers, body: Any) -> None:
    with pytest.raises(Refused, match="CMN-101"):
        blocked.add(body)


def test_a_number_is_entered_once(blocked: BlockedNumbers) -> None:
    blocked.enter(SPAM)

    with pytest.raises(Refused, match="CMN-101"):
        blocked.add({"phoneNumber": SPAM})


def test_an_entry_that_is_not_there_is_not_found(blocked: BlockedNumbers) -> None:
    with pytest.raises(Refused, match="CMN-102"):
        blocked.remove("541080001")


def test_a_user_may_not_be_allowed_to(blocked: BlockedNumbers) -> None:
    blocked = BlockedNumbers(Account(user_permissions=frozenset()))

    for refused in (
        lambda: blocked.page({}, ""),
        lambda: blocked.add({"phoneNumber": SPAM}),
        lambda: blocked.remove("1"),
    ):
        with pytest.raises(Refused, match="CMN-408"):
            refused()
