"""What a clip's picture shows, told by reading it as the XML it is."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
import re
from typing import Any, Final
from xml.etree import ElementTree as ET

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.clips.picture import COLOURS, NOBODY, initials, picture
from custom_components.ringcentral.library import Clip, ClipKind, ClipState, Direction

SVG: Final = "{http://www.w3.org/2000/svg}"
ANNA: Final = Clip(
    "0" * 32,
    "line",
    "call",
    ClipKind.VOICEMAIL,
    ClipState.SAVED,
    datetime(2026, 11, 22, tzinfo=UTC),
    42.0,
    Path("/clips/a.wav"),
    direction=Direction.INCOMING,
    caller="+15551234567",
    caller_name="Anna Smith",
    envelope=bytes(100),
    heard=True,
)
# No XML can hold these, escaped or not.
FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@pytest.fixture
def auto_enable_custom_integrations() -> None:
    """A picture needs no Home Assistant."""


def drawn(title: str = "Anna Smith", **changes: Any) -> ET.Element:
    return ET.fromstring(picture(replace(ANNA, **changes), title))


def colour(**changes: Any) -> str:
    tile = drawn(**changes).find(f"{SVG}rect")
    assert tile is not None
    return tile.attrib["fill"]


def letters(**changes: Any) -> str | None:
    return drawn(**changes).findtext(f"{SVG}text")


def bars(envelope: bytes | None) -> list[float]:
    """Return how high the bars are."""
    (wave,) = (path for path in drawn(envelope=envelope).iter(f"{SVG}path") if "opacity" in path.attrib)
    return [float(height) for height in re.findall(r"v([\d.]+)", wave.attrib["d"])]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Anna Smith", "AS"),
        ("anna maria von smith", "AS"),
        ("Žofie", "Ž"),
        ("山田太郎", "山"),
        ("Anna 2 (work)", "A"),
        ("2nd Floor Kitchen", "FK"),
        ("+1 650 555 0142", ""),
        ("<script>", ""),
        ("🙂", ""),
        ("  ", ""),
    ],
)
def test_initials_are_those_of_the_first_and_the_last_word(name: str, shown: str) -> None:
    assert initials(name) == shown


@pytest.mark.parametrize(
    ("parties", "shown"),
    [
        ({}, "AS"),
        ({"contact": "Grandma"}, "G"),
        ({"direction": Direction.OUTGOING, "called": "+1555", "contact": "Bo Li"}, "BL"),
        ({"direction": Direction.OUTGOING, "called": "+1555"}, None),
        ({"caller_name": None}, None),
        ({"caller_name": None, "caller": None}, None),
        ({"caller_name": None, "caller": None, "direction": None}, None),
    ],
)
def test_who_has_no_name_gets_a_telephone_instead_of_initials(
    parties: dict[str, Any], shown: str | None
) -> None:
    assert letters(**parties) == shown
    telephones = [*drawn(**parties).iter(f"{SVG}g")]
    assert len(telephones) == (shown is None)


def test_a_caller_has_the_same_colour_every_time_and_others_have_others() -> None:
    many = {colour(caller=f"+1555123{number:04}") for number in range(500)}

    assert colour() == colour(caller_name="Somebody", heard=False) == "#2f6690"
    assert colour(direction=Direction.OUTGOING, called=ANNA.caller, caller="+1999") == colour()
    assert many == {*COLOURS}
    assert colour(caller=None) == NOBODY


def luminance(code: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)
    )
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


@pytest.mark.parametrize("tile", [*COLOURS, NOBODY])
def test_white_letters_can_be_read_and_the_tile_stands_out_on_light_and_dark(tile: str) -> None:
    def contrast(one: str, other: str) -> float:
        dark, light = sorted((luminance(one), luminance(other)))
        return (light + 0.05) / (dark + 0.05)

    assert contrast("#ffffff", tile) >= 4.5
    assert contrast("#fafafa", tile) >= 3
    assert contrast("#111111", tile) >= 3


def test_the_wave_is_as_high_as_the_clip_is_loud() -> None:
    assert bars(bytes(50) + b"\x80" * 25 + b"\x40" * 25) == [1.0] * 12 + [28.0] * 7 + [14.0] * 6


def test_what_is_all_but_silent_does_not_look_loud() -> None:
    assert max(bars(b"\x03" * 100)) < 4


@pytest.mark.parametrize("envelope", [None, b"", bytes(100)])
def test_without_sound_there_is_a_row_of_dots(envelope: bytes | None) -> None:
    assert bars(envelope) == [1.0] * 25


@given(envelope=st.binary(max_size=300))
def test_every_wave_fits_in_its_picture(envelope: bytes) -> None:
    heights = bars(envelope)

    assert len(heights) == 25
    assert min(heights) >= 1.0 and max(heights) <= 28.0


@pytest.mark.parametrize(("heard", "missed"), [(True, False), (True, True), (False, False), (False, True)])
def test_what_is_unheard_or_was_missed_is_marked(heard: bool, missed: bool) -> None:
    found = drawn(heard=heard, missed=missed)

    assert (found.find(f"{SVG}circle") is None) is heard
    assert any(path.attrib.get("fill") == "none" for path in found.iter(f"{SVG}path")) is missed


NAMES: Final = st.text(st.characters(codec=None), max_size=40) | st.sampled_from(
    [
        "</title><script>alert(1)</script>",
        '" onload="alert(1)',
        "&lt;b&gt; ]]> <!--",
        "\ud800\x00\ufffe\x0b\u202e",
    ]
)


@given(name=NAMES, number=NAMES, title=NAMES)
def test_nothing_of_a_caller_becomes_anything_but_text(name: str, number: str, title: str) -> None:
    drawing = picture(replace(ANNA, caller_name=name, caller=number), title)
    found = ET.fromstring(drawing)

    assert FORBIDDEN.search(drawing) is None
    assert {node.tag for node in found.iter()} <= {
        f"{SVG}{tag}" for tag in ("svg", "title", "rect", "text", "path", "g", "circle")
    }
    assert {*found.attrib} == {"viewBox", "role", "aria-label"}
    said = "".join(letter for letter in title if letter.isprintable())
    assert (found.findtext(f"{SVG}title") or "", found.attrib["aria-label"]) == (said, said)
