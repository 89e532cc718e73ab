"""Typed members of a JSON object."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.cloud import fields


def test_a_text_is_returned_as_it_is() -> None:
    assert fields.text({"domain": "sip.ringcentral.com"}, "domain") == "sip.ringcentral.com"


def test_a_whole_number_is_taken_as_a_text() -> None:
    assert fields.text({"id": 802398804016}, "id") == "802398804016"


@pytest.mark.parametrize("parent", [{}, {"id": None}, {"id": ""}])
def test_a_text_that_must_be_there_is_missed(parent: dict[str, Any]) -> None:
    assert fields.optional_text(parent, "id") is None
    with pytest.raises(ValueError, match="id is missing"):
        fields.text(parent, "id")


@pytest.mark.parametrize("junk", [True, False, 1.5, [], {}, ["a"], "a\r\nb", "a\x00", "x" * 257])
def test_a_text_fit_for_no_header_is_refused(junk: object) -> None:
    with pytest.raises(ValueError, match="domain is not a text"):
        fields.optional_text({"domain": junk}, "domain")


def test_the_longest_text_is_let_through() -> None:
    assert fields.text({"domain": "x" * 256}, "domain") == "x" * 256


def test_a_limit_may_be_wider() -> None:
    assert len(fields.text({"token": "x" * 300}, "token", limit=300)) == 300


@pytest.mark.parametrize(
    ("value", "number"), [(3600, 3600), ("3600", 3600), (0, 0), (-5, -5), (None, None), ("", None)]
)
def test_a_whole_number_may_be_written_as_digits(value: object, number: int | None) -> None:
    assert fields.optional_whole({"interval": value}, "interval") == number


@pytest.mark.parametrize("junk", [True, 1.5, float("inf"), "1.5", "-1", " 1", "٣", "1" * 19, [], {}])
def test_anything_else_is_no_whole_number(junk: object) -> None:
    with pytest.raises(ValueError, match="interval is not a whole number"):
        fields.optional_whole({"interval": junk}, "interval")


@pytest.mark.parametrize("default", [True, False])
@pytest.mark.parametrize("parent", [{}, {"on": None}])
def test_a_flag_that_is_absent_has_its_default(parent: dict[str, Any], *, default: bool) -> None:
    assert fields.flag(parent, "on", default=default) is default


@pytest.mark.parametrize("value", [True, False])
def test_a_flag_is_returned(*, value: bool) -> None:
    assert fields.flag({"on": value}, "on", default=not value) is value


@pytest.mark.parametrize("junk", [0, 1, "true", [], {}])
def test_anything_else_is_no_flag(junk: object) -> None:
    with pytest.raises(ValueError, match="on is not a boolean"):
        fields.flag({"on": junk}, "on", default=True)


def test_an_array_that_is_absent_is_empty() -> None:
    assert fields.items({}, "codes") == fields.items({"codes": None}, "codes") == []


@pytest.mark.parametrize("junk", [{}, "408", 408, True])
def test_anything_else_is_no_array(junk: object) -> None:
    with pytest.raises(ValueError, match="codes is not an array"):
        fields.items({"codes": junk}, "codes")


@given(st.text(min_size=1))
def test_an_error_never_quotes_the_value(secret: str) -> None:
    with pytest.raises(ValueError) as caught:
        fields.whole([secret * 8], "password")

    assert str(caught.value) == "password is not a whole number"
