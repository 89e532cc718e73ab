"""RingCentral's call-control messages."""

import time

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.rc_message import Command, parse_rc_message

INVITED = (
    '<Msg><Hdr SID="35464233129848" Req="{GUID}" From="#996016@sip.ringcentral.com:5060" To="17206666666*115" '
    'Cmd="6"/><Bdy SrvLvl="-149699523" Phn="+16505550072" Nm="WIRELESS &amp; CALLER" ToPhn="+16505550100" RecUrl=""/></Msg>'
)


def test_an_incoming_call() -> None:
    message = parse_rc_message(INVITED)
    assert message is not None
    assert message.command == Command.INCOMING_CALL
    assert message.header["SID"] == "35464233129848"
    assert (message.body["Phn"], message.body["Nm"], message.body["RecUrl"]) == (
        "+16505550072",
        "WIRELESS & CALLER",
        "",
    )


def test_a_message_shows_only_its_command() -> None:
    assert repr(parse_rc_message(INVITED)) == "RcMessage(command=6)"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "<Hdr/>",
        '<Hdr Cmd=""/>',
        '<Hdr Cmd="six"/>',
        '<Hdr Cmd="²"/>',
        '<Bdy Cmd="6"/>',
        '<Hdr Cmd="6"',
    ],
)
def test_what_is_no_message_is_none(text: str) -> None:
    assert parse_rc_message(text) is None


def test_parts_without_attributes_and_odd_blanks() -> None:
    message = parse_rc_message('<Hdr\n Cmd = "7" ><Bdy>')
    assert message is not None
    assert (message.command, message.body) == (7, {})


@pytest.mark.parametrize(
    "reference",
    ["&#" + "9" * 5000 + ";", "&#x" + "f" * 5000 + ";", "&" * 5000],
    ids=lambda value: repr(value[:16]),
)
def test_a_character_reference_without_end_is_only_text(reference: str) -> None:
    message = parse_rc_message(f'<Hdr Cmd="6"/><Bdy Nm="{reference}"/>')
    assert message is not None
    assert len(message.body["Nm"]) <= 256


def test_a_command_of_many_digits_is_some_command() -> None:
    message = parse_rc_message(f'<Hdr Cmd="{"9" * 5000}"/>')
    assert message is not None
    assert message.command == 9999


@given(st.text(), st.text())
def test_any_text_is_a_message_or_none(text: str, value: str) -> None:
    parse_rc_message(text)
    parse_rc_message(f'<Hdr Cmd="{text}" {value}="{text}"/><Bdy {text}/>')


@pytest.mark.parametrize(
    "text",
    ["<Hdr" + " a" * 60_000, "<Hdr" + " " * 120_000, '<Hdr a="' * 15_000, "<Hdr" + ' a=""' * 20_000 + "x"],
    ids=lambda value: repr(value[:16]),
)
def test_a_hostile_text_takes_no_time(text: str) -> None:
    started = time.perf_counter()
    assert parse_rc_message(text) is None
    assert time.perf_counter() - started < 1
