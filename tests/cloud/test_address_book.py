"""The address book against a RingCentral on loopback, and records that nobody would expect."""

from typing import Any

from aiohttp import web
from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.cloud import (
    FeatureUnavailable,
    MissingPermission,
    PersonalContact,
    RateLimited,
    RingCentralClient,
    UnexpectedAnswer,
)
from custom_components.ringcentral.cloud.address_book import MAX_NAME, personal_contacts
from simulator.rest import Endpoint, RestSimulator

ANNA = {"firstName": "Anna", "lastName": "Smith", "mobilePhone": "+16505550142"}

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_FIELDS = st.sampled_from(["firstName", "lastName", "nickName", "company", "mobilePhone", "homePhone2"])


@pytest.fixture(autouse=True)
def allowed(rest: RestSimulator) -> None:
    """Let the app read contacts."""
    rest.account.permissions |= {"ReadContacts"}


def read(**record: Any) -> tuple[PersonalContact, ...]:
    return personal_contacts([record])


async def test_the_address_book_is_read(client: RingCentralClient, rest: RestSimulator) -> None:
    rest.address_book.add(**ANNA, businessPhone="+16505550143", email="anna@example.com")
    rest.address_book.add(company="Hillside School", companyPhone="+16505550117")

    assert await client.address_book() == (
        PersonalContact("Anna Smith", ("+16505550142", "+16505550143")),
        PersonalContact("Hillside School", ("+16505550117",)),
    )


async def test_an_empty_address_book_is_one(client: RingCentralClient) -> None:
    assert await client.address_book() == ()


async def test_all_its_pages_are_read(client: RingCentralClient, rest: RestSimulator) -> None:
    for number in range(2001):
        rest.address_book.add(firstName=f"Person {number}", otherPhone=f"+1650{number:07}")

    found = await client.address_book()

    assert [found[0].name, found[1000].name, found[-1].name] == ["Person 0", "Person 1000", "Person 2000"]
    assert (len(found), len(rest.asked(Endpoint.CONTACTS))) == (2001, 3)


async def test_no_more_than_ten_thousand_are_read(client: RingCentralClient, rest: RestSimulator) -> None:
    rest.address_book.records = [ANNA] * 12000

    assert len(await client.address_book()) == 10000
    assert len(rest.asked(Endpoint.CONTACTS)) == 10


@pytest.mark.parametrize(
    ("paging", "asked"),
    [
        ({"paging": {"totalPages": 2}}, 2),
        ({"navigation": {"nextPage": {"uri": "https://example.com"}}}, 2),
        ({"paging": {"totalPages": 1}, "navigation": {"nextPage": {"uri": "https://example.com"}}}, 1),
        ({"paging": {"totalPages": "many"}, "navigation": []}, 1),
        ({"paging": [], "navigation": {}}, 1),
        ({}, 1),
    ],
)
async def test_a_list_goes_on_as_it_says(
    client: RingCentralClient, rest: RestSimulator, paging: dict[str, Any], asked: int
) -> None:
    rest.fail_next(Endpoint.CONTACTS, lambda: web.json_response({"records": [ANNA], **paging}))
    rest.address_book.records = [ANNA] * 1001

    await client.address_book()

    assert len(rest.asked(Endpoint.CONTACTS)) == asked


async def test_an_empty_page_is_the_last(client: RingCentralClient, rest: RestSimulator) -> None:
    rest.fail_next(
        Endpoint.CONTACTS, lambda: web.json_response({"records": [], "paging": {"totalPages": 10**9}})
    )

    assert await client.address_book() == ()
    assert len(rest.asked(Endpoint.CONTACTS)) == 1


async def test_a_page_may_be_long_but_not_endless(client: RingCentralClient, rest: RestSimulator) -> None:
    long = {"records": [ANNA], "filler": "x" * 2_000_000}
    rest.fail_next(Endpoint.CONTACTS, lambda: web.json_response(long))
    rest.fail_next(Endpoint.CONTACTS, lambda: web.json_response(long | {"more": "x" * 3_000_000}))

    assert len(await client.address_book()) == 1
    with pytest.raises(UnexpectedAnswer, match="too large"):
        await client.address_book()


async def test_what_is_no_list_is_unexpected(client: RingCentralClient, rest: RestSimulator) -> None:
    rest.fail_next(Endpoint.CONTACTS, lambda: web.json_response({"records": "none"}))

    with pytest.raises(UnexpectedAnswer):
        await client.address_book()


@pytest.mark.parametrize("trial", [RingCentralClient.address_book, RingCentralClient.try_address_book])
async def test_a_missing_permission_is_named(
    client: RingCentralClient, rest: RestSimulator, trial: Any
) -> None:
    rest.account.permissions -= {"ReadContacts"}

    with pytest.raises(MissingPermission) as caught:
        await trial(client)

    assert caught.value.permission == "ReadContacts"


async def test_a_user_who_may_not_read_contacts_is_told(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.account.user_permissions = frozenset()

    with pytest.raises(FeatureUnavailable):
        await client.try_address_book()


async def test_trying_takes_one_contact(client: RingCentralClient, rest: RestSimulator) -> None:
    rest.address_book.records = [ANNA] * 50

    await client.try_address_book()

    assert len(rest.asked(Endpoint.CONTACTS)) == 1


async def test_a_limit_in_the_middle_is_one(client: RingCentralClient, rest: RestSimulator) -> None:
    rest.address_book.records = [ANNA] * 1500
    rest.fail_next(
        Endpoint.CONTACTS,
        lambda: web.json_response({"records": [ANNA], "paging": {"totalPages": 2}}),
    )
    rest.fail_next(Endpoint.CONTACTS, "CMN-301")

    with pytest.raises(RateLimited):
        await client.address_book()


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ({"firstName": "Anna", "lastName": "Smith", "company": "School", "nickName": "An"}, "Anna Smith"),
        ({"lastName": " Smith "}, "Smith"),
        ({"firstName": "", "nickName": "An", "company": "School"}, "An"),
        ({"firstName": None, "lastName": 7, "nickName": ["An"], "company": "School"}, "School"),
        ({"firstName": "Anna\n\u202eSmith\x00"}, "Anna Smith"),
        ({"firstName": "A" * 500, "lastName": "B"}, "A" * MAX_NAME),
    ],
)
def test_somebody_is_called_what_people_would(record: dict[str, Any], name: str) -> None:
    (contact,) = read(**record, homePhone="+16505550142")

    assert contact.name == name


def test_numbers_to_speak_at_are_taken_and_faxes_left() -> None:
    phones = (
        "mobilePhone", "homePhone", "homePhone2", "businessPhone", "businessPhone2", "companyPhone",
        "assistantPhone", "carPhone", "otherPhone", "callbackPhone",
    )  # fmt: skip
    record = {phone: f"+1650555{place:04}" for place, phone in enumerate(phones)}

    (contact,) = read(firstName="Anna", **record, businessFax="+16505559999", otherFax="+16505559998")

    assert contact.numbers == tuple(record.values())


@pytest.mark.parametrize("number", [None, "", " ", 16505550142, "1" * 41, ["+16505550142"]])
def test_who_has_no_number_is_passed_over(number: Any) -> None:
    assert read(firstName="Anna", mobilePhone=number, businessFax="+16505550142") == ()


def test_a_number_that_is_there_twice_counts_once() -> None:
    (contact,) = read(**ANNA, homePhone=ANNA["mobilePhone"])

    assert contact.numbers == (ANNA["mobilePhone"],)


def test_what_is_no_record_is_passed_over() -> None:
    assert personal_contacts([None, 5, "Anna", [ANNA], {}, ANNA]) == (
        PersonalContact("Anna Smith", ("+16505550142",)),
    )


def test_nobody_is_in_a_repr() -> None:
    assert "Anna" not in repr(read(**ANNA)) and "5550142" not in repr(read(**ANNA))


@given(st.lists(_JSON | st.dictionaries(_FIELDS, _JSON), max_size=3))
def test_no_record_does_harm(records: list[Any]) -> None:
    for contact in personal_contacts(records):
        assert 0 < len(contact.name) <= MAX_NAME and contact.name.isprintable()
        assert contact.numbers
        assert all(number.isprintable() and len(number) <= 40 for number in contact.numbers)
