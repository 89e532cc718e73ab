"""Offers and answers."""

from base64 import b64encode
from dataclasses import replace
import time

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone import sdes, sdp
from custom_components.ringcentral.softphone.media.g711 import Codec
from custom_components.ringcentral.softphone.media.srtp import MasterKey, SrtpKeys, Suite
from custom_components.ringcentral.softphone.sdp import (
    Agreement,
    Direction,
    LocalMedia,
    NoCommonCodecError,
    PlainOfferError,
    SdpError,
)
from tests.softphone.builders import OFFER, sdp_offer

KEYS = sdes.draw_keys(bytes(range(sdes.MATERIAL)))
LOCAL = LocalMedia("192.168.42.15", 40000, 4711, 1, KEYS)
SHA1_80, SHA1_32 = Suite
THEIRS = {suite: MasterKey(suite, bytes([number]) * 30) for number, suite in enumerate(Suite, 100)}
FIRST, SECOND = (
    f"crypto:{tag} {suite} inline:{b64encode(THEIRS[suite].secret).decode()}"
    for tag, suite in ((7, SHA1_32), (3, SHA1_80))
)


def secure(*attributes: str, profile: str = "RTP/SAVP") -> bytes:
    """Return an offer of PCMU with these attributes."""
    return sdp_offer(f"m=audio 9 {profile} 0", attributes=attributes)


def answered(offer: bytes, local: LocalMedia = LOCAL) -> tuple[list[str], Agreement]:
    body, agreement = sdp.answer(sdp.parse_offer(offer), local)
    assert body.endswith(b"\r\n")
    return body.decode().removesuffix("\r\n").split("\r\n"), agreement


def test_the_answer_to_ringcentral() -> None:
    lines, agreement = answered(OFFER)
    assert lines == [
        "v=0",
        "o=- 4711 1 IN IP4 192.168.42.15",
        "s=-",
        "c=IN IP4 192.168.42.15",
        "t=0 0",
        "m=audio 40000 RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
    ]
    assert agreement == Agreement(("203.0.113.7", 50400), Codec.PCMU, 0, 101, Direction.SENDRECV)


@pytest.mark.parametrize(
    ("media", "attributes", "line", "codec"),
    [
        ("m=audio 9 RTP/AVP 8 0", (), "m=audio 40000 RTP/AVP 8", Codec.PCMA),
        ("m=audio 9 rtp/avpf 0", (), "m=audio 40000 RTP/AVPF 0", Codec.PCMU),
        (
            "m=AUDIO 9/2 RTP/AVP 98 97",
            ("rtpmap:97  PCMA/8000/1", "rtpmap:98 opus/48000/2"),
            "m=audio 40000 RTP/AVP 97",
            Codec.PCMA,
        ),
        (
            "m=audio 9 RTP/AVP 0 8",
            ("rtpmap:0 opus/48000", "RTPMAP:broken"),
            "m=audio 40000 RTP/AVP 8",
            Codec.PCMA,
        ),
        (
            "m=audio 9 RTP/AVP 0 96",
            ("rtpmap:96 telephone-event/8000",),
            "m=audio 40000 RTP/AVP 0 96",
            Codec.PCMU,
        ),
        ("m=audio 9 RTP/AVP x 999 0", (), "m=audio 40000 RTP/AVP 0", Codec.PCMU),
    ],
)
def test_the_first_codec_we_have_with_their_own_numbers(
    media: str, attributes: tuple[str, ...], line: str, codec: Codec
) -> None:
    lines, agreement = answered(sdp_offer(media, attributes=attributes))
    assert line in lines
    assert agreement.codec is codec


def test_every_media_line_is_answered_in_order_and_one_is_taken() -> None:
    offer = OFFER + (
        b"m=video 5000 RTP/AVP 31\r\nm=audio 0 RTP/AVP 0\r\nm=audio 5 RTP/SAVP 0\r\nm=audio 5002 RTP/AVP 0 8\r\n"
    )
    lines, _ = answered(sdp_offer("m=image 5004 udptl t38") + offer.partition(b"t=0 0\r\n")[2])
    assert [line for line in lines if line.startswith("m=")] == [
        "m=image 0 UDPTL t38",
        "m=audio 40000 RTP/AVP 0 101",
        "m=video 0 RTP/AVP 31",
        "m=audio 0 RTP/AVP 0",
        "m=audio 0 RTP/SAVP 0",
        "m=audio 0 RTP/AVP 0 8",
    ]


@pytest.mark.parametrize(
    ("said", "mirrored"),
    [("sendrecv", "sendrecv"), ("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive")],
)
def test_the_direction_is_mirrored(said: str, mirrored: str) -> None:
    lines, agreement = answered(sdp_offer(attributes=(said,)))
    assert lines[-1] == f"a={mirrored}"
    assert agreement.direction == mirrored


def test_the_direction_of_the_session_holds_where_its_media_say_nothing() -> None:
    session = b"v=0\r\nc=IN IP4 192.0.2.1\r\na=inactive\r\nm=audio 9 RTP/AVP 0\r\n"
    assert answered(session)[1].direction is Direction.INACTIVE
    assert answered(session + b"a=sendonly\r\n")[1].direction is Direction.RECVONLY
    assert answered(session.replace(b"a=inactive\r\n", b""))[1].direction is Direction.SENDRECV


@pytest.mark.parametrize(
    ("said", "ours"),
    [("sendrecv", "recvonly"), ("recvonly", "inactive"), ("sendonly", "recvonly"), ("inactive", "inactive")],
)
def test_the_old_hold_is_an_address_of_zeros(said: str, ours: str) -> None:
    agreement = answered(sdp_offer(address="0.0.0.0", attributes=(said,)))[1]
    assert (agreement.remote, agreement.direction) == (None, ours)


@pytest.mark.parametrize("address", ["pbx.example.com", "224.0.0.1", "", "1.2.3", "1.2.3.4.5", "²"])
def test_an_address_nothing_can_be_sent_to_is_none(address: str) -> None:
    assert answered(sdp_offer(address=address))[1].remote is None


def test_an_address_of_the_media_goes_before_that_of_the_session() -> None:
    offer = OFFER + b"c=IN IP4 198.51.100.1/127\r\n"
    assert answered(offer)[1].remote == ("198.51.100.1", 50400)


@pytest.mark.parametrize(
    "offer",
    [
        sdp_offer("m=audio 9 RTP/SAVP 0"),
        sdp_offer("m=audio 9 RTP/AVP 9 18", attributes=()),
        sdp_offer("m=audio 0 RTP/AVP 0"),
        sdp_offer("m=video 9 RTP/AVP 0"),
        sdp_offer("m=audio 9 RTP/AVP 101"),
        b"v=0\r\nc=IN IP6 2001:db8::1\r\nm=audio 9 RTP/AVP 0\r\n",
        b"v=0\r\n",
    ],
)
def test_an_offer_with_nothing_for_us_is_refused(offer: bytes) -> None:
    with pytest.raises(NoCommonCodecError):
        sdp.parse_offer(offer)


@pytest.mark.parametrize(
    "offer",
    [
        b"",
        b"x",
        b"\xff\xfe",
        b"m=audio 9 RTP/AVP 0",
        sdp_offer("m=audio 9 RTP/AVP"),
        sdp_offer("m=audio x RTP/AVP 0"),
        sdp_offer("m=audio -1 RTP/AVP 0"),
        sdp_offer("m=audio 65536 RTP/AVP 0"),
        sdp_offer("m=audio ² RTP/AVP 0"),
        sdp_offer("m=audio " + "9" * 5000 + " RTP/AVP 0"),
    ],
    ids=lambda value: repr(value[-40:]),
)
def test_a_broken_description_is_refused(offer: bytes) -> None:
    with pytest.raises(SdpError):
        sdp.parse_offer(offer)


def test_a_payload_type_of_many_digits_is_none() -> None:
    lines, _ = answered(sdp_offer("m=audio 9 RTP/AVP " + "9" * 5000 + " 0"))
    assert "m=audio 40000 RTP/AVP 0" in lines


def test_a_description_may_be_long_but_not_without_end() -> None:
    media = b"m=audio 9 RTP/AVP 0\r\n"
    assert len(sdp.parse(b"v=0\r\n" + media * sdp.MAX_MEDIA).media) == sdp.MAX_MEDIA
    with pytest.raises(SdpError, match="too long"):
        sdp.parse(b"v=0\r\n" + media * (sdp.MAX_MEDIA + 1))
    with pytest.raises(SdpError, match="too long"):
        sdp.parse(b"v=0\r\n" + b"a=x\r\n" * sdp.MAX_LINES + media)


def test_a_hostile_description_takes_no_time() -> None:
    started = time.perf_counter()
    for offer in (
        b"v=0\r\n" + b"a=x\r\n" * 25_000 + b"m=a 1 b 0\r\n" * 11_000,
        b"v=0\r\n" + b"a=rtpmap:0 x/8000\r\n" * 900 + b"m=audio 9 RTP/AVP 9\r\n" * 32,
        sdp_offer("m=audio 9 RTP/AVP" + " 9" * 100_000),
    ):
        with pytest.raises(SdpError):
            sdp.parse_offer(offer)
    assert time.perf_counter() - started < 1


def test_our_own_offer_and_the_answer_to_it() -> None:
    offer = sdp.offer(LOCAL)
    assert b"m=audio 40000 RTP/AVP 0 8 101\r\n" in offer
    assert b"c=IN IP4 192.168.42.15\r\n" in offer
    agreement = sdp.accept_answer(sdp.parse(OFFER), sdp.parse(offer))
    assert agreement == Agreement(("203.0.113.7", 50400), Codec.PCMU, 0, 101, Direction.SENDRECV)
    for answer in (
        b"v=0\r\n",
        sdp_offer("m=audio 0 RTP/AVP 0"),
        sdp_offer("m=audio 9 RTP/AVP 9", attributes=()),
    ):
        with pytest.raises(NoCommonCodecError):
            sdp.accept_answer(sdp.parse(answer), sdp.parse(offer))


def test_a_changed_description_has_the_next_version() -> None:
    assert b"o=- 4711 2 IN IP6 2001:db8::1\r\n" in sdp.offer(
        LocalMedia("2001:db8::1", 1, 4711, 1, KEYS).next_version()
    )


def test_lines_may_end_in_a_bare_newline() -> None:
    assert answered(OFFER.replace(b"\r\n", b"\n"))[0] == answered(OFFER)[0]


def test_keys_in_a_description_do_not_show() -> None:
    keyed = sdp_offer(attributes=("crypto:1 AES_CM_128_HMAC_SHA1_80 inline:topsecret",))
    assert "topsecret" not in repr(sdp.parse(keyed))


@pytest.mark.parametrize("profile", ["RTP/SAVP", "RTP/SAVPF"])
def test_a_secure_offer_is_answered_with_its_profile_tag_and_suite_and_a_key_of_ours(profile: str) -> None:
    lines, agreement = answered(secure("crypto:1 AEAD_AES_256_GCM inline:x", FIRST, SECOND, profile=profile))
    ours = b64encode(KEYS[SHA1_32].secret).decode()
    assert f"m=audio 40000 {profile} 0" in lines
    assert [line for line in lines if "crypto" in line] == [f"a=crypto:7 {SHA1_32} inline:{ours}"]
    assert agreement.srtp == SrtpKeys(KEYS[SHA1_32], THEIRS[SHA1_32])


@pytest.mark.parametrize(
    "offer",
    [
        secure(),
        secure("crypto:1 AEAD_AES_256_GCM inline:x"),
        secure(f"{SECOND} UNENCRYPTED_SRTP"),
        secure(f"{SECOND}|1:999"),
        secure(SECOND, profile="UDP/TLS/RTP/SAVP"),
    ],
    ids=["no key", "other suite", "unencrypted", "name too long", "dtls"],
)
def test_a_secure_offer_without_a_key_for_us_is_refused(offer: bytes) -> None:
    with pytest.raises(NoCommonCodecError):
        sdp.parse_offer(offer)


def test_a_plain_offer_stays_plain_whatever_keys_it_has() -> None:
    lines, agreement = answered(secure(SECOND, profile="RTP/AVP"))
    assert "m=audio 40000 RTP/AVP 0" in lines
    assert "crypto" not in "".join(lines)
    assert agreement.srtp is None


def test_where_srtp_is_required_a_plain_offer_is_refused() -> None:
    with pytest.raises(PlainOfferError):
        sdp.parse_offer(secure(SECOND, profile="RTP/AVP"), require_srtp=True)


def test_where_srtp_is_required_the_secure_stream_of_an_offer_is_taken() -> None:
    both = OFFER + f"m=audio 5 RTP/SAVP 0\r\na={SECOND}\r\n".encode()
    body, agreement = sdp.answer(sdp.parse_offer(both, require_srtp=True), LOCAL)
    assert b"m=audio 0 RTP/AVP" in body
    assert b"m=audio 40000 RTP/SAVP 0" in body
    assert agreement.srtp == SrtpKeys(KEYS[SHA1_80], THEIRS[SHA1_80])
    assert sdp.answer(sdp.parse_offer(both), LOCAL)[1].srtp is None


def test_our_own_secure_offer_has_both_suites_with_a_key_each() -> None:
    media = sdp.parse(sdp.offer(LOCAL, secure=True)).media[0]
    assert media.profile == "RTP/SAVP"
    assert sdes.usable(media.attributes) == [
        sdes.Crypto(1, KEYS[SHA1_80]),
        sdes.Crypto(2, KEYS[SHA1_32]),
    ]


@pytest.mark.parametrize(("tag", "suite"), [(1, SHA1_80), (2, SHA1_32)])
def test_the_answer_to_our_secure_offer_chooses_one_of_our_keys(tag: int, suite: Suite) -> None:
    answer = secure(sdes.Crypto(tag, THEIRS[suite]).attribute())
    agreement = sdp.accept_answer(sdp.parse(answer), sdp.parse(sdp.offer(LOCAL, secure=True)))
    assert agreement.srtp == SrtpKeys(KEYS[suite], THEIRS[suite])


@pytest.mark.parametrize(
    ("answer", "offered_secure"),
    [
        (OFFER, True),
        (secure(SECOND), False),
        (secure(), True),
        (secure(sdes.Crypto(3, THEIRS[SHA1_80]).attribute()), True),
        (secure(sdes.Crypto(2, THEIRS[SHA1_80]).attribute()), True),
        (secure(*(sdes.Crypto(tag, THEIRS[suite]).attribute() for tag, suite in enumerate(Suite, 1))), True),
    ],
    ids=["plain", "not offered", "no key", "unknown tag", "other suite", "two keys"],
)
def test_an_answer_that_does_not_fit_our_offer_is_refused(answer: bytes, offered_secure: bool) -> None:
    offer = sdp.offer(LOCAL, secure=offered_secure)
    with pytest.raises(NoCommonCodecError):
        sdp.accept_answer(sdp.parse(answer), sdp.parse(offer))


def test_what_was_our_answer_once_may_be_answered_with_other_lines_and_tags() -> None:
    video = b"m=video 5 RTP/AVP 99\r\n"
    head, _, audio = secure(SECOND).partition(b"m=")
    ours = sdp.parse(sdp.answer(sdp.parse_offer(head + video + b"m=" + audio), LOCAL)[0])
    fresh = sdes.Crypto(3, MasterKey(SHA1_80, b"new" * 10))
    answer = sdp_offer(
        "m=video 0 RTP/AVP 99\r\nm=audio 9 RTP/SAVP 0", attributes=(fresh.attribute(), "sendonly")
    )
    agreement = sdp.accept_answer(sdp.parse(answer), ours)
    assert agreement.srtp == SrtpKeys(KEYS[SHA1_80], fresh.key)
    assert agreement.direction is Direction.RECVONLY


def test_at_another_address_only_that_and_the_version_change() -> None:
    before = answered(OFFER)[0]
    local = LOCAL.moved("198.51.100.4")
    moved = sdp.moved(sdp.answer(sdp.parse_offer(OFFER), LOCAL)[0], local).decode().split("\r\n")[:-1]
    assert moved[1:4] == ["o=- 4711 2 IN IP4 192.168.42.15", "s=-", "c=IN IP4 198.51.100.4"]
    assert (moved[0], moved[4:]) == (before[0], before[4:])
    assert local.moved("2001:db8::1").origin == "192.168.42.15"


def test_keys_of_ours_do_not_show() -> None:
    _, agreement = answered(secure(SECOND))
    shown = f"{LOCAL!r} {agreement!r} {sdp.parse_offer(secure(SECOND))!r}"
    for key in (*KEYS.values(), *THEIRS.values()):
        assert repr(key.secret)[2:-1] not in shown
        assert b64encode(key.secret).decode() not in shown


def test_our_keys_stay_through_a_renegotiation() -> None:
    fresh = MasterKey(SHA1_80, b"new" * 10)
    first = answered(secure(SECOND))[1].srtp
    again = answered(secure(sdes.Crypto(3, fresh).attribute()), LOCAL.next_version())[1].srtp
    assert first is not None
    assert again == replace(first, theirs=fresh)


@given(
    st.lists(
        st.sampled_from(
            [
                b"v=0",
                b"m=audio 9 RTP/AVP 0 8",
                b"m=video 1 x 1",
                b"m=audio 9 RTP/SAVP 0",
                b"a=" + SECOND.encode(),
                b"c=IN IP4 1.2.3.4",
                b"a=rtpmap:0 PCMA/8000",
                b"a=sendonly",
                b"\r",
                b"\x85",
                b"m=\x00 9 \x1c 0",
            ]
        )
        | st.binary(max_size=20)
    )
)
def test_any_description_is_refused_or_answered_line_by_line(lines: list[bytes]) -> None:
    try:
        offer = sdp.parse_offer(b"v=0\r\n" + b"\r\n".join(lines))
    except SdpError:
        return
    body, _ = sdp.answer(offer, LOCAL)
    assert body.count(b"\r\nm=") == len(offer.media)
    assert body.count(b"\r") == body.count(b"\n") == body.count(b"\r\n")
