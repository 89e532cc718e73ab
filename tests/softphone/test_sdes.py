"""The keys in a description."""

from base64 import b64encode

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.media.srtp import MasterKey, Suite
from custom_components.ringcentral.softphone.sdes import MATERIAL, Crypto, draw_keys, our_offer, parse, usable

SECRET = bytes(range(200, 230))
INLINE = f"inline:{b64encode(SECRET).decode()}"
SHA1_80, SHA1_32 = Suite
LINE = f"1 {SHA1_80} {INLINE}"


@pytest.mark.parametrize(
    ("value", "tag", "suite"),
    [
        (LINE, 1, SHA1_80),
        (f"2 {SHA1_32} {INLINE}", 2, SHA1_32),
        (f"999999999  aes_cm_128_hmac_sha1_80\t{INLINE} ", 999999999, SHA1_80),
        (f"{LINE}|2^31", 1, SHA1_80),
        (f"{LINE}|1048576", 1, SHA1_80),
        (f"{LINE} WSH=64 KDR=0 -FUTURE=1", 1, SHA1_80),
    ],
)
def test_a_line_we_can_use(value: str, tag: int, suite: Suite) -> None:
    assert parse(value) == Crypto(tag, MasterKey(suite, SECRET))


@pytest.mark.parametrize(
    ("name", "mki"),
    [
        ("1:1", b"\x01"),
        ("0:2", b"\x00\x00"),
        ("66051:4", b"\x00\x01\x02\x03"),
        ("7:128", bytes(127) + b"\x07"),
    ],
)
@pytest.mark.parametrize("lifetime", ["", "|2^20"])
def test_a_key_may_have_a_name_of_a_length(lifetime: str, name: str, mki: bytes) -> None:
    assert parse(f"{LINE}{lifetime}|{name}") == Crypto(1, MasterKey(SHA1_80, SECRET, mki))


@pytest.mark.parametrize("name", ["1:0", "1:129", "256:1", "1:", ":1", "x:1", "1:1:1", "1:-1"])
def test_a_key_whose_name_does_not_fit_is_of_no_use(name: str) -> None:
    assert parse(f"{LINE}|{name}") is None


@pytest.mark.parametrize(
    "parameter",
    [
        "UNENCRYPTED_SRTP",
        "UNENCRYPTED_SRTCP",
        "UNAUTHENTICATED_SRTP",
        "KDR=1",
        "FEC_ORDER=FEC_SRTP",
        "WSH=64 UNENCRYPTED_SRTP",
        "FUTURE",
    ],
)
def test_a_demand_we_do_not_meet_makes_a_line_useless(parameter: str) -> None:
    assert parse(f"{LINE} {parameter}") is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        f"0x1 {SHA1_80} {INLINE}",
        f"1234567890 {SHA1_80} {INLINE}",
        f"1 AES_256_CM_HMAC_SHA1_80 {INLINE}",
        f"1 F8_128_HMAC_SHA1_80 {INLINE}",
        f"1 {SHA1_80}",
        f"1 {SHA1_80} inline:",
        f"1 {SHA1_80} {INLINE[:-1]}",
        f"1 {SHA1_80} {INLINE}A",
        f"1 {SHA1_80} {INLINE[:-1]}=",
        f"1 {SHA1_80} {INLINE[:-1]}*",
        f"1 {SHA1_80} uri:{INLINE}",
        f"{LINE};{INLINE}",
        f"{LINE}|2^20|1:4;{INLINE}|2^20|2:4",
    ],
)
def test_any_other_line_is_of_no_use(value: str) -> None:
    assert parse(value) is None


@given(st.text() | st.from_regex(r"\d+ AES_CM_128_HMAC_SHA1_80 inline:.*"))
def test_no_line_is_too_much(value: str) -> None:
    line = parse(value)
    assert line is None or len(line.key.secret) == 30


@given(st.integers(0, 999_999_999), st.sampled_from(Suite), st.binary(min_size=30, max_size=30))
def test_what_we_write_is_read(tag: int, suite: Suite, secret: bytes) -> None:
    line = Crypto(tag, MasterKey(suite, secret))
    name, _, value = line.attribute().partition(":")
    assert (name, parse(value)) == ("crypto", line)


def test_the_lines_we_can_use_keep_their_order() -> None:
    attributes = [
        ("sendrecv", ""),
        ("crypto", f"3 {SHA1_32} {INLINE}"),
        ("crypto", f"1 AEAD_AES_256_GCM {INLINE}"),
        ("crypto", f"2 {SHA1_80} {INLINE}"),
    ]
    assert [line.tag for line in usable(attributes)] == [3, 2]


def test_each_suite_has_a_key_of_its_own() -> None:
    keys = draw_keys(bytes(range(MATERIAL)))
    assert {suite: key.secret for suite, key in keys.items()} == {
        SHA1_80: bytes(range(30)),
        SHA1_32: bytes(range(30, 60)),
    }
    assert [(line.tag, line.key.suite) for line in our_offer(keys)] == [(1, SHA1_80), (2, SHA1_32)]


def test_a_key_shows_in_its_attribute_only() -> None:
    line = Crypto(1, MasterKey(SHA1_80, SECRET))
    assert INLINE in line.attribute()
    assert INLINE[7:] not in f"{line} {line!r}"
    assert repr(SECRET) not in f"{line} {line!r}"
