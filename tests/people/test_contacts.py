from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.people.contacts import Contact, ContactBook
from custom_components.ringcentral.people.numbering import Numbering

US, NOWHERE = Numbering("US"), Numbering(None)
ANNA = Contact("Anna", ("(650) 555-0142", "101"))
BEN = Contact("Ben", ("+49 30 12345678",))


def found(*contacts: Contact, number: str | None, numbering: Numbering = US) -> str | None:
    contact = ContactBook(contacts, numbering).match(number)
    return None if contact is None else contact.name


@pytest.mark.parametrize("number", ["+16505550142", "16505550142", "6505550142", "011 49 30 12345678", "101"])
def test_a_contact_is_found_by_a_number_in_any_notation(number: str) -> None:
    assert found(ANNA, BEN, number=number) in {"Anna", "Ben"}


@pytest.mark.parametrize("number", [None, "", "+16505550143", "1011", "10", "not a number", "0142"])
def test_a_stranger_is_no_contact(number: str | None) -> None:
    assert found(ANNA, BEN, number=number) is None


@pytest.mark.parametrize(
    ("known", "number"),
    [("5550142", "+16505550142"), ("+16505550142", "5550142"), ("030 12345678", "+493012345678")],
)
def test_the_last_digits_are_enough_where_one_side_lacks_the_rest(known: str, number: str) -> None:
    assert found(Contact("Anna", (known,)), number=number, numbering=NOWHERE) == "Anna"


@pytest.mark.parametrize("number", ["x5550142", "*5550142", "5550142#"])
def test_a_name_that_ends_in_the_digits_of_a_number_is_another(number: str) -> None:
    assert found(Contact("Anna", ("5550142", "5550142#x")), number=number) is None


def test_too_few_digits_are_not_enough() -> None:
    assert found(Contact("Anna", ("550142",)), number="+16505550142") is None


def test_the_last_digits_must_be_those_of_one_contact() -> None:
    near, far = Contact("Near", ("+16505550142",)), Contact("Far", ("+14155550142",))

    assert found(near, far, number="5550142") is None
    assert found(near, Contact("Near", ("4155550143",)), number="5550142") == "Near"


def test_two_full_numbers_with_the_same_end_are_two_people() -> None:
    assert found(Contact("Anna", ("+16505550142",)), number="+446505550142") is None


def test_one_contact_with_the_same_end_twice_is_one() -> None:
    assert found(Contact("Anna", ("+16505550142", "+14155550142")), number="5550142") == "Anna"


def test_of_two_contacts_with_one_number_the_first_has_it() -> None:
    assert found(Contact("First", ("101",)), Contact("Second", ("101",)), number="101") == "First"


@pytest.mark.parametrize(
    ("number", "name"), [("+15551234567", "Spam"), ("+15552345678", "Worse"), ("+44155", None)]
)
def test_a_star_stands_for_all_numbers_that_begin_so(number: str, name: str | None) -> None:
    book = (Contact("Spam", ("+1 555*",)), Contact("Worse", ("+1 (555) 2*",)))

    assert found(*book, number=number) == name


def test_a_whole_number_wins_over_a_beginning() -> None:
    assert found(Contact("Spam", ("+1650*",)), ANNA, number="+16505550142") == "Anna"


@pytest.mark.parametrize("unusable", ["*", "+*", "Anna Smith", ""])
def test_what_is_no_number_belongs_to_nobody(unusable: str) -> None:
    assert found(Contact("Anna", (unusable,)), number="+16505550142") is None


def test_a_name_at_the_exchange_is_compared_exactly() -> None:
    assert found(Contact("Door", ("Front-Door",)), number="front-door") == "Door"
    assert found(Contact("Door", ("front-door",)), number="front-door-2") is None


@pytest.mark.parametrize("door_station", [True, False])
def test_a_book_says_whether_a_door_station_is_in_it(door_station: bool) -> None:
    book = ContactBook([ANNA, Contact("Gate", ("102",), door_station=door_station), BEN], US)

    assert book.has_door_station is door_station


@given(st.lists(st.text(max_size=20), max_size=5), st.none() | st.text(max_size=30))
def test_whatever_is_in_a_book_and_on_the_wire_is_looked_up(numbers: list[str], number: str | None) -> None:
    assert found(Contact("Anna", tuple(numbers)), number=number) in {"Anna", None}


def test_who_is_known_is_not_in_what_is_printed() -> None:
    printed = repr(ANNA)

    assert "Anna" not in printed and "555" not in printed


def test_nobody_reads_the_keys_of_a_door_in_a_log() -> None:
    contact = Contact.of({"name": "Gate", "numbers": ["101"], "opening_keys": "4711", "greeting": "Hi Ben"})

    assert (contact.opening_keys, contact.greeting) == ("4711", "Hi Ben")
    assert "4711" not in repr(contact) and "Ben" not in repr(contact)
