"""A user's address book in miniature."""

import pytest

from simulator.address_book import AddressBook
from simulator.refusals import Refused
from simulator.user import Account


def test_contacts_are_shown_with_an_id_each() -> None:
    book = AddressBook(Account())
    book.add(firstName="Anna", mobilePhone="+16505550142")
    book.add(company="School")

    anna, school = book.page({}, "")["records"]

    assert (anna["firstName"], anna["mobilePhone"], anna["availability"]) == (
        "Anna",
        "+16505550142",
        "Alive",
    )
    assert anna["id"] != school["id"]


def test_a_user_may_not_be_allowed_to_see_them() -> None:
    with pytest.raises(Refused) as caught:
        AddressBook(Account(user_permissions=frozenset())).page({}, "")
    assert (caught.value.code, caught.value.permission) == ("CMN-408", "ReadPersonalContacts")
