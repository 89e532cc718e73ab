from typing import Any

from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from custom_components.ringcentral.calls.call_filter import FILTERS, KEYS


def passes(name: str, entered: Any, **call: Any) -> bool:
    """Return whether a filter lets a call through, as it was entered."""
    chosen = FILTERS[name]
    return chosen.lets_through(chosen.validate(entered), call)


@pytest.mark.parametrize(
    "entered",
    [
        "+16505550142",
        "+1 (650) 555-0142",
        "+1\u00a0650\u2011555\u20110142",
        "1.650.555.0142",
        "+1650*",
        "*0142",
        "+1*555*42",
        "*",
        16505550142,
        ["+17205550100", "+1650*"],
        [],
    ],
)
def test_a_number_is_found_however_it_is_written(entered: Any) -> None:
    assert passes("number", entered, caller="+16505550142")


@pytest.mark.parametrize("entered", ["+1650555014", "650555*", "+1720*", "+0142", ["+1720*", "+44*"]])
def test_another_number_is_not_let_through(entered: Any) -> None:
    assert not passes("number", entered, caller="+16505550142")


def test_a_plus_in_the_filter_wants_one_in_the_number() -> None:
    assert not passes("number", "+1*", caller="101")
    assert passes("number", "1*", caller="101")


def test_a_number_is_also_found_as_it_is_shown() -> None:
    assert passes("number", "(650) 555-0142", caller="+16505550142", caller_formatted="(650) 555-0142")


@pytest.mark.parametrize("call", [{"caller": None}, {"caller": ""}, {}])
def test_no_number_fits_an_anonymous_caller(call: dict[str, Any]) -> None:
    assert not passes("number", "*", **call)


def test_the_number_of_a_call_from_here_is_the_one_called() -> None:
    call = {"direction": "outgoing", "caller": "+16505550142", "called": "+17205550100"}
    assert passes("number", "+1720*", **call)
    assert not passes("number", "+1650*", **call)


@pytest.mark.parametrize("entered", ["", " - ", None, True, 1.5, {}, [""], ["+1650", ""]])
def test_what_is_no_number_is_refused(entered: Any) -> None:
    with pytest.raises(vol.Invalid):
        FILTERS["number"].validate(entered if isinstance(entered, list) else [entered])


@given(
    st.from_regex(r"\+?[0-9]{3,15}", fullmatch=True),
    st.lists(st.tuples(st.integers(0, 15), st.sampled_from(" -.()/"))),
)
def test_separators_never_matter(number: str, separators: list[tuple[int, str]]) -> None:
    written = number
    for place, separator in separators:
        written = written[:place] + separator + written[place:]
    assert passes("number", written, caller=number)
    assert passes("number", number, caller=written)


@given(st.from_regex(r"\+[0-9]{3,15}", fullmatch=True), st.integers(1, 15))
def test_a_number_fits_its_beginning(number: str, length: int) -> None:
    assert passes("number", f"{number[:length]}*", caller=number)


@pytest.mark.parametrize(("people", "attribute"), [("contacts", "is_contact"), ("favorites", "is_favorite")])
def test_only_those_who_are_known_to_be_meant_are_let_through(people: str, attribute: str) -> None:
    assert passes("callers", people, **{attribute: True})
    assert not passes("callers", people, **{attribute: False})
    assert not passes("callers", people)


def test_a_direction_lets_through_its_own_calls() -> None:
    assert passes("direction", "incoming", direction="incoming")
    assert not passes("direction", "incoming", direction="outgoing")


@pytest.mark.parametrize("entered", [1, "1", ["2", 1], []])
def test_a_key_may_be_written_as_a_number(entered: Any) -> None:
    assert passes("key", entered, digit="1")


def test_another_key_is_not_let_through() -> None:
    assert not passes("key", ["2", "#"], digit="1")
    assert not passes("key", "1")


@pytest.mark.parametrize("name", KEYS)
def test_every_key_can_be_asked_for(name: str) -> None:
    assert passes("key", name.lower(), digit=name)


@pytest.mark.parametrize(
    ("name", "entered"), [("key", "10"), ("key", ""), ("key", "E"), ("callers", "all"), ("direction", "up")]
)
def test_what_does_not_exist_is_refused(name: str, entered: str) -> None:
    with pytest.raises(vol.Invalid):
        FILTERS[name].validate(entered)
