"""Blocking numbers against a RingCentral on loopback."""

from typing import Any

from aiohttp import web
import pytest

from custom_components.ringcentral.cloud import (
    BlockedNumber,
    MissingPermission,
    NotAllowed,
    RingCentralClient,
    UnexpectedAnswer,
    label_of,
)
from simulator.rest import Endpoint, RestSimulator

SPAM = "+16505550142"


@pytest.fixture(autouse=True)
def allowed(rest: RestSimulator) -> None:
    """Let the app change what belongs to the extension."""
    rest.account.permissions |= {"EditExtensions"}


async def test_a_number_is_blocked_listed_and_let_through_again(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    entry = await client.block_number(SPAM, "Spam")

    assert list(rest.blocked.records.values()) == [
        {"id": entry.id, "phoneNumber": SPAM, "label": "Spam", "status": "Blocked"}
    ]
    assert await client.blocked_numbers() == (entry,)
    await client.unblock_number(entry.id)
    assert await client.blocked_numbers() == ()


async def test_all_pages_of_the_list_are_read(client: RingCentralClient, rest: RestSimulator) -> None:
    for number in range(1001):
        rest.blocked.enter(f"+1650{number:07}")

    assert len(await client.blocked_numbers()) == 1001


async def test_an_entry_that_is_gone_already_is_as_good(client: RingCentralClient) -> None:
    await client.unblock_number("541080001")


async def test_a_refusal_is_told(client: RingCentralClient, rest: RestSimulator) -> None:
    entry = rest.blocked.enter(SPAM)
    rest.account.permissions -= {"EditExtensions"}

    for change in (client.block_number("+16505550143", ""), client.unblock_number(entry["id"])):
        with pytest.raises(MissingPermission) as caught:
            await change
        assert caught.value.permission == "EditExtensions"
    assert rest.blocked.numbers == [SPAM]


async def test_a_user_who_may_not_see_the_list_is_told(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.account.user_permissions = frozenset()

    with pytest.raises(NotAllowed):
        await client.blocked_numbers()


@pytest.mark.parametrize(
    "answer", [{}, {"id": "../../x", "phoneNumber": SPAM}, {"id": 7, "phoneNumber": 0.5}]
)
async def test_an_entry_that_makes_no_sense_is_unexpected(
    client: RingCentralClient, rest: RestSimulator, answer: dict[str, Any]
) -> None:
    rest.fail_next(Endpoint.BLOCKED_NUMBERS, lambda: web.json_response(answer))

    with pytest.raises(UnexpectedAnswer):
        await client.block_number(SPAM, "Spam")


async def test_entries_that_make_no_sense_are_passed_over(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    records = [None, {"id": "x", "phoneNumber": SPAM}, {"id": 7}, {"id": 7, "phoneNumber": SPAM, "label": 5}]
    rest.fail_next(Endpoint.BLOCKED_NUMBERS, lambda: web.json_response({"records": records}))

    assert await client.blocked_numbers() == (BlockedNumber("7", SPAM, ""),)


@pytest.mark.parametrize(
    ("name", "label"), [("Spam\n  caller", "Spam caller"), ("S" * 100, "S" * 64), (None, "")]
)
def test_a_label_is_one_short_line(name: Any, label: str) -> None:
    assert label_of(name) == label


def test_no_number_is_in_a_repr() -> None:
    assert "5550142" not in repr(BlockedNumber("7", SPAM, "Spam"))
