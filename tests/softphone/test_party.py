"""Who calls whom."""

import unicodedata

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.party import (
    MAX_NAME,
    MAX_NUMBER,
    Party,
    called_of,
    caller_of,
    clean_name,
    clean_number,
    clean_text,
    session_of,
)
from custom_components.ringcentral.softphone.rc_message import RcMessage
from custom_components.ringcentral.softphone.sip.message import Headers, Request

IDENTITY = ("P-Asserted-Identity", '"Support Queue" <sip:+18005550199@x>, <tel:+18005550000>')
RC = RcMessage(6, {}, {"Phn": "+1 (650) 555-0072", "Nm": "Alice", "ToPhn": "+16505550100", "ToNm": "Door"})


def invite(
    *headers: tuple[str, str], from_: str = '"Bob" <sip:+16505550001@x>;tag=1', to: str = "<sip:101@x>"
) -> Request:
    return Request(Headers([("From", from_), ("To", to), *headers]), b"", "INVITE", "sip:x")


def test_ringcentral_tells_first() -> None:
    assert caller_of(invite(IDENTITY), RC) == Party("+16505550072", "Alice")


def test_then_the_asserted_identity() -> None:
    assert caller_of(invite(IDENTITY), None) == Party("+18005550199", "Support Queue")


@pytest.mark.parametrize(
    ("value", "session"),
    [
        ("party-id=p-33f7-2;session-id=s-33f7", "s-33f7"),
        ("session-id=s-33f7;party-id=p-33f7-2", "s-33f7"),
        ("Party-Id=p-1; Session-ID = s-1 ", "s-1"),
        ("other-session-id=s-1", None),
        ("session-id=", None),
        ("session-id=a b", None),
        ("session-id=" + "x" * 129, None),
        ("", None),
    ],
)
def test_ringcentral_says_what_it_calls_the_call(value: str, session: str | None) -> None:
    assert session_of(invite(("P-Rc-Api-Ids", value))) == session


def test_elsewhere_a_call_has_no_such_name() -> None:
    assert session_of(invite()) is None


@pytest.mark.parametrize("value", ["id", "user;id", "ID", "id;critical"])
def test_who_asks_for_privacy_has_it(value: str) -> None:
    anonymous = "Anonymous <sip:anonymous@anonymous.invalid>;tag=1"
    assert caller_of(invite(IDENTITY, ("Privacy", value), from_=anonymous), None) == Party()


def test_privacy_for_other_things_hides_nobody() -> None:
    assert caller_of(invite(IDENTITY, ("Privacy", "none")), None) == Party("+18005550199", "Support Queue")


def test_then_from() -> None:
    assert caller_of(invite(), None) == Party("+16505550001", "Bob")


def test_what_one_does_not_say_the_next_one_does() -> None:
    identity = ("P-Asserted-Identity", "nonsense, <tel:+18005550000>")
    assert caller_of(invite(identity), RcMessage(6, {}, {})) == Party("+18005550000", "Bob")


@pytest.mark.parametrize(
    "from_",
    [
        '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1',
        "<sip:c8oqz84zk7z@anonymous.invalid>;tag=1",
        "<sip:anonymous@x>",
        "Restricted <sip:restricted@x>",
        '"Unknown" <sip:unavailable@x>',
        '" " <sip:x>',
        "<sip:%20@x>",
    ],
)
def test_somebody_who_does_not_say_is_nobody(from_: str) -> None:
    assert caller_of(invite(from_=from_), None) == Party(None, None)


def test_a_number_repeated_as_a_name_is_no_name() -> None:
    assert caller_of(invite(from_='"+1 650-555-0001" <sip:+16505550001@x>'), None) == Party(
        "+16505550001", None
    )


@pytest.mark.parametrize(
    ("to", "number"),
    [
        ("<sip:18005557562*102-c4giuv3vhjebe@192.168.12.3;ob>", "18005557562"),
        ("<sip:+18005557562*102@x>", "+18005557562"),
        ("<sip:101@x>", "101"),
        ("<sip:door@x>", "door"),
        ("<sip:x>", None),
    ],
)
def test_called_is_the_user_of_to(to: str, number: str | None) -> None:
    assert called_of(invite(to=to), None) == Party(number, None)


def test_called_is_what_ringcentral_says() -> None:
    assert called_of(invite(), RC) == Party("+16505550100", "Door")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Alice \t\r\n B ", "Alice B"),
        ("A\x00l\x1b[31mi\u202ece", "Al[31mice"),
        ("\udcff\udce9x", "x"),
        ("\u200b\ufeff", None),
        ("é😀", "é😀"),
        ("PRIVATE", None),
        ("x" * 200, "x" * MAX_NAME),
        ("x" * (MAX_NAME - 1) + " yz", "x" * (MAX_NAME - 1)),
    ],
)
def test_a_name_is_bounded_and_printable(text: str, name: str | None) -> None:
    assert clean_name(text) == name


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+1 (650) 555-0072", "+16505550072"),
        ("1.650/555", "1650555"),
        ("*70#", "*70#"),
        ("1" * 90, "1" * MAX_NUMBER),
        ("a" * 90, "a" * MAX_NUMBER),
        ("john.doe", "john.doe"),
        ("٣٣٣", "٣٣٣"),
        ("anonymous", None),
        ("", None),
        ("- -", "- -"),
        ("+1650\r\nX: y", "+1650 X: y"),
    ],
)
def test_a_number_is_bounded_and_without_separators(text: str, number: str | None) -> None:
    assert clean_number(text) == number


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_nothing_but_printable_text_comes_through(text: str) -> None:
    for cleaned in (clean_text(text), clean_name(text) or "", clean_number(text) or ""):
        assert len(cleaned) <= MAX_NAME
        assert cleaned == cleaned.strip()
        assert not [char for char in cleaned if unicodedata.category(char)[0] == "C"]


def test_a_party_does_not_show_itself() -> None:
    assert repr(Party("+16505550072", "Alice")) == "Party()"
