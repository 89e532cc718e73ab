from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.people.vcard import MAX_NAME, MAX_NUMBERS, Card, cards


def card(*lines: str, version: str = "3.0") -> bytes:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""]).encode()


def test_version_2_1_is_read_with_quoted_printable_over_several_lines() -> None:
    content = card(
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=\r\n=B6rg;;;",
        "TEL;CELL;PREF:0170 1234567",
        "TEL;WORK;FAX:030 7654321",
        version="2.1",
    )

    assert cards(content) == [Card("Jörg Müller", ("0170 1234567",))]


def test_quoted_printable_may_be_named_without_encoding() -> None:
    assert cards(card("FN;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:J=F6rg", "TEL:101"))[0].name == "Jörg"


def test_version_3_0_is_read_with_folded_lines_groups_and_escapes() -> None:
    content = card(
        "N:Smith;Anna;;;",
        "FN:Smith\\, An\r\n na",
        "item1.TEL;TYPE=HOME,VOICE:(650) 555-0142",
        'item2.TEL;type="WORK";type=pref:+1 415\r\n\t555 0100',
    )

    assert cards(content) == [Card("Smith, Anna", ("(650) 555-0142", "+1 415555 0100"))]


def test_version_4_0_is_read_with_tel_addresses() -> None:
    content = card(
        "FN:Gate",
        'TEL;VALUE=uri;TYPE="voice,home":tel:+1-650-555-0142;ext=5',
        "TEL;TYPE=fax:1",
        version="4.0",
    )

    assert cards(content) == [Card("Gate", ("+1-650-555-0142",))]


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["FN:", "N:Smith;Anna;;;"], "Anna Smith"),
        (["N:Smith"], "Smith"),
        (["N:;;;;", "ORG:Hillside School;Office"], "Hillside School"),
        (["FN:First", "FN:Second"], "First"),
        (["FN:One\\nTwo\\;Three"], "One Two;Three"),
        (['FN;X-A="a:b":Quoted'], "Quoted"),
        (["FN:" + "x" * 200], "x" * MAX_NAME),
    ],
)
def test_a_card_is_named_by_the_best_it_says(lines: list[str], name: str) -> None:
    assert [found.name for found in cards(card(*lines, "TEL:101"))] == [name]


@pytest.mark.parametrize(
    ("kinds", "spoken"),
    [
        ("", True),
        (";TYPE=FAX,VOICE", True),
        (";TYPE=home,fax", False),
        (";PAGER", False),
        (";TYPE=cell", True),
    ],
)
def test_only_who_speaks_has_a_number(kinds: str, spoken: bool) -> None:
    assert bool(cards(card("FN:Anna", f"TEL{kinds}:101"))) is spoken


@pytest.mark.parametrize("behind", ["x5", " ext. 5", ",,5#", "\\;5", " X 5", "w5"])
def test_what_is_dialled_after_the_answer_is_no_part_of_the_number(behind: str) -> None:
    assert cards(card("FN:Anna", f"TEL:(650) 555-0142{behind}")) == [Card("Anna", ("(650) 555-0142",))]


def test_a_number_is_taken_once_and_not_without_end() -> None:
    content = card("FN:Anna", "TEL:101", "TEL:101", "TEL:", *(f"TEL:{n}" for n in range(200, 300)))

    (found,) = cards(content)

    assert found.numbers[:2] == ("101", "200") and len(found.numbers) == MAX_NUMBERS


def test_a_card_without_name_or_number_is_passed_over() -> None:
    assert cards(card("FN:Anna") + card("TEL:101") + card("FN:Ben", "TEL:102")) == [Card("Ben", ("102",))]


def test_a_card_within_a_card_is_somebody_else_s() -> None:
    content = card(
        "FN:Anna", "AGENT:", "BEGIN:VCARD", "FN:Ben", "TEL:102", "END:VCARD", "TEL:101", version="2.1"
    )

    assert cards(content) == [Card("Anna", ("101",))]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_other_encodings_are_read(encoding: str) -> None:
    content = card("FN:Jörg", "TEL:101").decode().encode(encoding)

    assert cards(content) == [Card("Jörg", ("101",))]


def test_an_unknown_charset_is_read_as_latin() -> None:
    assert cards(card("FN;CHARSET=x-nothing:Anna", "TEL:101")) == [Card("Anna", ("101",))]


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG\r\n\x1a\n", b"END:VCARD\nTEL:1\nFN:A", b"BEGIN:VCARD\nFN:A\nTEL:1"]
)
def test_what_is_no_whole_card_has_no_contacts(content: bytes) -> None:
    assert cards(content) == []


@given(
    st.lists(
        st.sampled_from([b"BEGIN:VCARD", b"END:VCARD", b"TEL:1", b"N:a;b", b"FN;QUOTED-PRINTABLE:=", b" x"])
        | st.binary(max_size=30)
    )
)
def test_any_file_is_read_to_its_end(lines: list[bytes]) -> None:
    assert all(found.name and found.numbers for found in cards(b"\n".join(lines)))


def test_who_is_in_a_file_is_not_in_what_is_printed() -> None:
    assert "Anna" not in repr(Card("Anna", ("101",))) and "101" not in repr(Card("Anna", ("101",)))
