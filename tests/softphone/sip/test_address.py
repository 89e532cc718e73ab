"""Addresses."""

import time

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.sip.address import (
    NameAddr,
    escape_user,
    parse_name_addr,
    split_list,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<sip:a@b>", NameAddr("", "sip:a@b", {})),
        ("  Bob  <sip:a@b>  ", NameAddr("Bob", "sip:a@b", {})),
        ("I have spaces <sip:a@b;lr>;tag=1", NameAddr("I have spaces", "sip:a@b;lr", {"tag": "1"})),
        ('"Bob \\"B\\" \\\\ <x>" <sip:a@b>', NameAddr('Bob "B" \\ <x>', "sip:a@b", {})),
        ('""<sip:a@b>', NameAddr("", "sip:a@b", {})),
        ("sip:a@b;tag=1;x", NameAddr("", "sip:a@b", {"tag": "1", "x": ""})),
        ("<sip:a@b> ; TAG = 1 ; tag=2; ; Q=0.3", NameAddr("", "sip:a@b", {"tag": "1", "q": "0.3"})),
        (
            '<sip:a@b>;+sip.instance="<urn:uuid:1;2>";expires=60',
            NameAddr("", "sip:a@b", {"+sip.instance": "<urn:uuid:1;2>", "expires": "60"}),
        ),
        ('<sip:a@b>;x="unclosed;y', NameAddr("", "sip:a@b", {"x": "unclosed;y"})),
        ("< sip:a@b >", NameAddr("", "sip:a@b", {})),
        ("", None),
        ("*", None),
        ("Bob", None),
        ("<sip:a@b", None),
        ("<a@b>", None),
        ('"Bob" sip:a@b', None),
        ('"Bob <sip:a@b>', NameAddr('"Bob', "sip:a@b", {})),
    ],
)
def test_an_address_is_read(value: str, expected: NameAddr | None) -> None:
    assert parse_name_addr(value) == expected


@pytest.mark.parametrize(
    ("uri", "user", "host"),
    [
        ("sip:+16505550072@10.0.0.1:5060;transport=tcp", "+16505550072", "10.0.0.1"),
        ("SIPS:alice@Example.COM", "alice", "example.com"),
        ("sip:alice:secret@b", "alice", "b"),
        ("sip:b", "", "b"),
        ("sip:b;x=1", "", "b"),
        ("sip:%231001@b", "#1001", "b"),
        (
            "sip:sips%3Auser%40example.com@example.net;other-param=summit",
            "sips:user@example.com",
            "example.net",
        ),
        ("sip:null-%00-null@example.com", "null-\0-null", "example.com"),
        ("sip:user;par=u%40example.net@example.com", "user", "example.com"),
        ("sip:a@[2001:db8::1]:5060", "a", "[2001:db8::1]"),
        ("tel:+1-201-555-0123;phone-context=x", "+1-201-555-0123", "+1-201-555-0123"),
        ("sip:a@b?subject=c", "a", "b"),
        ("1:2", "", ""),
        (":", "", ""),
    ],
)
def test_user_and_host_of_a_uri(uri: str, user: str, host: str) -> None:
    address = NameAddr("", uri)
    assert (address.user, address.host) == (user, host)


def test_an_address_without_a_tag_has_an_empty_one() -> None:
    assert NameAddr("", "sip:a@b").tag == ""


def test_an_address_shows_nothing_of_itself() -> None:
    shown = repr(parse_name_addr('"Alice" <sip:+16505550072@b>'))
    assert "Alice" not in shown
    assert "650" not in shown


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("", []),
        ("  ", []),
        ("a", ["a"]),
        ("a, b ,,c", ["a", "b", "c"]),
        ('"a, \\", b" <sip:c,d>, e', ['"a, \\", b" <sip:c,d>', "e"]),
        ("<a,b", ["<a,b"]),
        ("a>,b", ["a>", "b"]),
        ('"a,b', ['"a,b']),
    ],
)
def test_a_list_is_split_at_its_own_commas(value: str, parts: list[str]) -> None:
    assert split_list(value) == parts


@given(st.text())
def test_any_user_survives_a_uri(user: str) -> None:
    escaped = escape_user(user)
    assert escaped.isascii()
    assert not set(escaped) & set('@:;?#<>" \r\n%') - {"%"}
    plain = user.partition(";")[0].partition(":")[0]
    assert NameAddr("", f"sip:{escape_user(plain)}@b").user == plain


@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    for value in (text, f"<sip:{text}>", f'"{text}" <sip:a@b>;{text}'):
        address = parse_name_addr(value)
        assert address is None or isinstance(address.user + address.host + address.tag, str)
        assert all(split_list(value)) or not split_list(value)


@pytest.mark.parametrize(
    "value",
    ['"' + "\\" * 60_000, '<sip:a@b>;x="' + "\\a" * 30_000, "<sip:" + "@:;?" * 15_000 + ">", "," * 60_000],
    ids=lambda value: repr(value[:16]),
)
def test_a_hostile_address_takes_no_time(value: str) -> None:
    started = time.perf_counter()
    for part in [value, *split_list(value)]:
        address = parse_name_addr(part)
        _ = address and (address.user, address.host)
    assert time.perf_counter() - started < 1
