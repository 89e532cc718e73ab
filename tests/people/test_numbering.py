import re
import sys

from homeassistant.core import HomeAssistant
from homeassistant.helpers.template import Template
from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.people.numbering import Numbering

US, DE, NOWHERE = Numbering("US"), Numbering("DE"), Numbering(None)


@pytest.mark.parametrize(
    "written",
    [
        "+16505550142",
        "(650) 555-0142",
        "650.555.0142",
        "1 650 555 0142",
        "tel:+1-650-555-0142",
        " 6505550142 ",
        "\u202a(650)\u00a0555\u20110142\u202c",
    ],
)
def test_a_number_is_the_same_in_any_notation(written: str) -> None:
    assert US.e164(written) == US.canonical(written) == "+16505550142"


@pytest.mark.parametrize(
    "written", ["030 12345678", "0049 30 12345678", "+49 (30) 12345678", "+49-30-12345678"]
)
def test_the_home_country_decides_what_a_number_means(written: str) -> None:
    assert DE.e164(written) == "+493012345678"


@pytest.mark.parametrize("numbering", [US, DE, NOWHERE])
@pytest.mark.parametrize("internal", ["101", "911", "*43", "anna", "door-2", "anna12345678"])
def test_an_extension_or_a_name_is_itself(numbering: Numbering, internal: str) -> None:
    assert numbering.e164(internal) is None
    assert numbering.canonical(internal.upper()) == numbering.formatted(internal) == internal


@pytest.mark.parametrize("nothing", ["", "  ", "Anna Smith", "anna@home", "…", "-", "*", "+"])
def test_what_nobody_can_have_as_a_number_is_none(nothing: str) -> None:
    assert US.canonical(nothing) is None


@pytest.mark.parametrize("local", ["5550142", "555-0142"])
def test_a_number_without_its_area_is_no_full_one(local: str) -> None:
    assert (US.e164(local), US.canonical(local)) == (None, "5550142")


def test_without_a_country_only_international_numbers_are_told() -> None:
    assert NOWHERE.e164("+493012345678") == "+493012345678"
    assert NOWHERE.e164("03012345678") is None


@pytest.mark.parametrize(
    ("numbering", "number", "shown"),
    [
        (US, "+16505550142", "(650) 555-0142"),
        (US, "+493012345678", "+49 30 12345678"),
        (DE, "+493012345678", "030 12345678"),
        (DE, "+16505550142", "+1 650-555-0142"),
        (NOWHERE, "+16505550142", "+1 650-555-0142"),
        (US, "+1555123", "+155 5123"),
        (US, "+155", "155"),
    ],
)
def test_a_number_is_shown_as_people_write_it(numbering: Numbering, number: str, shown: str) -> None:
    assert numbering.formatted(number) == shown


def test_a_number_whose_country_writes_it_in_one_piece_is_parted() -> None:
    shown = Numbering("SG").formatted("+3906698")

    assert not re.fullmatch(r"\+[0-9]+", shown)


@given(st.from_regex(r"\+?[0-9]{1,18}", fullmatch=True), st.sampled_from([US, DE, NOWHERE]))
def test_what_is_shown_is_never_plus_and_digits_alone(number: str, numbering: Numbering) -> None:
    shown = numbering.formatted(number)

    assert not re.fullmatch(r"\+[0-9]+", shown)
    assert re.sub(r"\D", "", shown)[-3:] == re.sub(r"\D", "", number)[-3:]


@given(st.text(max_size=60), st.sampled_from([US, DE, NOWHERE]))
def test_whatever_the_wire_says_is_read(text: str, numbering: Numbering) -> None:
    numbering.formatted(text)
    key = numbering.canonical(text)

    assert key is None or numbering.canonical(key) == key


async def test_a_template_keeps_a_formatted_number_as_it_is(hass: HomeAssistant) -> None:
    template = Template("{{ number }}", hass)

    assert template.async_render({"number": "+16505550142"}) == 16505550142
    assert template.async_render({"number": US.formatted("+16505550142")}) == "(650) 555-0142"
    assert template.async_render({"number": US.formatted("+1555123")}) == "+155 5123"


@pytest.mark.parametrize(
    ("country", "number", "emergency"),
    [
        ("US", "911", True),
        ("US", "110", False),
        ("DE", "110", True),
        ("DE", "911", False),
        ("FR", "15", True),
        ("GB", "999", True),
        ("SE", "90000", True),
        ("SE", "9000", False),
    ],
)
def test_the_emergency_numbers_of_a_country_are_known(country: str, number: str, emergency: bool) -> None:
    of_country = Numbering(country).emergency_numbers
    assert of_country is not None
    assert of_country(number) is emergency


@pytest.mark.parametrize("country", [None, "GN", "AQ"])
def test_where_a_country_s_emergency_numbers_are_not_known_that_is_told(country: str | None) -> None:
    assert Numbering(country).emergency_numbers is None


def test_nothing_is_read_any_more_when_a_number_is_looked_at() -> None:
    file = "phonenumbers.shortdata.region_NO"
    assert file not in sys.modules
    of_country = Numbering("NO").emergency_numbers
    assert file in sys.modules
    assert of_country is not None and of_country("113")
