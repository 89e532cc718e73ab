"""What can be dialled, and what had better not be."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.calls.dialing import InvalidNumberError, dialled, is_emergency


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+1 (650) 555-0100", "+16505550100"),
        (" 1001 ", "1001"),
        ("*43", "*43"),
        ("#31#030/123.456", "#31#030123456"),
        ("echo", "echo"),
        ("echo.test_1-a", "echo.test_1-a"),
    ],
)
def test_a_number_is_dialled_without_what_makes_it_readable(typed: str, number: str) -> None:
    assert dialled(typed) == number


@pytest.mark.parametrize(
    "typed",
    ["", "+", "+911", "++16505550100", "1+2", "a b", "x@evil", "sip:1001", "a;b", "a\r\nb", "1" * 41, "٩١١", "é", "a."],
)  # fmt: skip
def test_what_no_telephone_could_dial_is_refused(typed: str) -> None:
    with pytest.raises(InvalidNumberError):
        dialled(typed)


@given(st.text())
def test_what_is_dialled_breaks_no_line(typed: str) -> None:
    try:
        number = dialled(typed)
    except InvalidNumberError:
        return
    assert number.isascii() and number.isprintable() and " " not in number
    assert not set(number) & set('<>"@:;?%')


@pytest.mark.parametrize(
    "number",
    [
        "911",
        "112",
        "999",
        "110",
        "000",
        "15",
        "9911",
        "0112",
        "*31#112",
        "*67911",
        "988",
        "116117",
        "911#",
        "15#",
        "*67911##",
        "112*",
    ],
)
def test_emergency_numbers_are_known_behind_every_prefix(number: str) -> None:
    assert is_emergency(number)


@pytest.mark.parametrize("number", ["1001", "*43", "933", "+16505550911", "16505550112", "echo", "**1"])
def test_other_numbers_are_not_emergencies(number: str) -> None:
    assert not is_emergency(number)


@pytest.mark.parametrize(
    "number", ["15", "15#", "015", "915", "*31#15", "*6715", "112", "911", "0112", "9911#"]
)
def test_where_the_country_is_known_its_numbers_and_those_of_everywhere_are_emergencies(number: str) -> None:
    assert is_emergency(number, lambda digits: digits == "15")


@pytest.mark.parametrize("number", ["110", "999", "14", "17", "115", "1515", "*15", "988", "+33112345678"])
def test_where_the_country_is_known_those_of_others_are_none(number: str) -> None:
    assert is_emergency(number, lambda digits: digits == "15") is (number == "*15")


@given(st.text("0123456789*#+sos", min_size=1, max_size=8))
def test_what_a_country_is_asked_are_digits_alone(number: str) -> None:
    asked: list[str] = []

    def of_country(digits: str) -> bool:
        asked.append(digits)
        return False

    is_emergency(number, of_country)
    assert all(not set(digits) - set("0123456789") for digits in asked)
