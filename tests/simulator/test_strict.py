"""The strict peer's checks."""

import pytest

from simulator.dialect import Address, description
from simulator.strict import (
    Description,
    check_description,
    check_dialog_request,
    check_request,
    check_response,
)
from simulator.wire import Message, request

from .fake_phone import ask, respond, sdp

INVITE = request(
    "INVITE",
    "sip:me@x.invalid",
    [
        ("Via", "SIP/2.0/TCP 127.0.0.1:5090;branch=z9hG4bK1"),
        ("Via", "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK2"),
        ("From", '"A" <sip:+16505550100@127.0.0.1>;tag=server'),
        ("To", "<sip:me@sip.ringcentral.com>"),
        ("Contact", "<sip:caller@127.0.0.1:5090>"),
        ("Call-ID", "1"),
        ("CSeq", "218 INVITE"),
        ("Session-Expires", "14400;refresher=uac"),
    ],
)
OK = respond(INVITE, 200, body=sdp())


def with_header(message: Message, name: str, value: str | None) -> Message:
    """The same with a header replaced, or left out."""
    headers = tuple(pair for pair in message.headers if pair[0] != name)
    return Message(message.start, (*headers, *(((name, value),) if value is not None else ())), message.body)


def offer(**kwargs: str) -> Description:
    parsed = Description.parse(description(Address("127.0.0.1", 30000), version=1, **kwargs))  # type: ignore[arg-type]  # names vary
    assert parsed
    return parsed


def test_a_good_answer_passes() -> None:
    assert check_response(INVITE, OK, "phone") == []
    assert check_response(INVITE, OK, None) == []


def test_a_server_may_fill_in_rport_and_add_received() -> None:
    asked = with_header(INVITE, "Via", "SIP/2.0/TCP h:1;rport;branch=z9hG4bK1")
    answer = with_header(OK, "Via", "SIP/2.0/TCP h:1;rport=7;branch=z9hG4bK1;received=1.2.3.4")

    assert check_response(asked, answer, "phone") == []


@pytest.mark.parametrize(
    ("name", "value", "violation"),
    [
        ("Via", INVITE.vias[0], "Via not echoed in order"),
        ("Via", f"{INVITE.vias[1]}, {INVITE.vias[0]}", "Via not echoed in order"),
        ("From", '"B" <sip:+16505550100@127.0.0.1>;tag=server', "From changed"),
        ("CSeq", "219 INVITE", "CSeq changed"),
        ("To", "<sip:other@sip.ringcentral.com>;tag=phone", "To changed"),
        ("To", "<sip:me@sip.ringcentral.com>", "no To tag"),
        ("To", "<sip:me@sip.ringcentral.com>;tag=new", "another To tag"),
        ("Contact", None, "no Contact"),
        ("Require", "100rel", "requires 100rel, which was not offered"),
        ("Require", "timer", "requires timer without Session-Expires"),
        ("Session-Expires", "80;refresher=uac", "Session-Expires out of bounds"),
        ("Session-Expires", "20000;refresher=uac", "Session-Expires out of bounds"),
        ("Session-Expires", "1800;refresher=uas", "refresher changed"),
    ],
)
def test_each_mistake_in_an_answer_is_named(name: str, value: str | None, violation: str) -> None:
    assert check_response(INVITE, with_header(OK, name, value), "phone") == [f"200 to INVITE: {violation}"]


def test_a_trying_needs_no_tag_and_a_refusal_no_contact() -> None:
    assert check_response(INVITE, respond(INVITE, 100, tag=""), "phone") == []
    assert check_response(INVITE, with_header(respond(INVITE, 603), "Contact", None), "phone") == []


def test_within_a_dialog_its_own_tag_counts() -> None:
    bye = with_header(request("BYE", "sip:x", INVITE.headers), "To", "<sip:me@x>;tag=phone")

    assert check_response(bye, respond(bye, 200), "other") == []


def test_a_good_request_passes() -> None:
    bye = ask(INVITE, "BYE")

    assert check_request(bye) == []
    contact = "sip:caller@127.0.0.1:5090"
    assert check_dialog_request(bye, contact=contact, local="server", remote="phone") == []


@pytest.mark.parametrize(
    ("name", "value", "violation"),
    [
        ("Via", None, "no Via"),
        ("Via", "SIP/2.0/TCP x;branch=1", "branch without its magic cookie"),
        ("Via", "SIP/2.0/UDP x;branch=z9hG4bK1", "Via names another transport than TCP or TLS"),
        ("From", "<sip:a@b>", "no From tag"),
        ("To", None, "no To"),
        ("Call-ID", None, "no Call-ID"),
        ("CSeq", "9 INFO", "CSeq names another method"),
        ("CSeq", "5 BYE", "CSeq not greater than before"),
        ("Max-Forwards", None, "Max-Forwards missing"),
    ],
)
def test_each_mistake_in_a_request_is_named(name: str, value: str | None, violation: str) -> None:
    bye = with_header(ask(INVITE, "BYE", number=9), name, value)

    assert check_request(bye, last_cseq=5) == [f"BYE: {violation}"]


@pytest.mark.parametrize(
    ("message", "violation"),
    [
        (ask(INVITE, "BYE", uri="sip:sip.ringcentral.com"), "Request-URI is not our Contact"),
        (ask(INVITE, "BYE", tag="new"), "From tag is not the dialog's"),
        (with_header(ask(INVITE, "BYE"), "To", "<sip:a@b>"), "To tag is not the dialog's"),
    ],
)
def test_each_mistake_in_a_dialog_is_named(message: Message, violation: str) -> None:
    contact = "sip:caller@127.0.0.1:5090"

    assert check_dialog_request(message, contact=contact, local="server", remote="phone") == [
        f"BYE: {violation}"
    ]


def test_a_good_description_passes() -> None:
    assert check_description(OK, offer=offer()) == []


@pytest.mark.parametrize(
    ("body", "violation"),
    [
        (sdp(port=40001), "port is odd"),
        (sdp(port=0), "port is 0"),
        (sdp(host="phone.local"), "address is no literal"),
        (sdp(codecs="8 101"), "does not take PCMU"),
        (sdp() + b"a=crypto:1 x\r\n", "keys on a plain profile"),
        (sdp(profile="RTP/SAVP"), "another profile than offered"),
        (sdp(codecs="0 97"), "payload types that were not offered"),
        (sdp() + b"m=video 0 RTP/AVP 31\r\n", "another number of streams than offered"),
        (sdp().replace(b"m=", b"x="), "malformed"),
        (sdp()[:-2], "malformed"),
        (sdp().replace(b"o=- 77 1", b"o=- 77"), "malformed"),
        (sdp().replace(b"t=0 0", b"x=0 0"), "malformed"),
        (sdp().replace(b"s=-\r\n", b""), "malformed"),
        (b"", "malformed"),
    ],
)
def test_each_mistake_in_a_description_is_named(body: bytes, violation: str) -> None:
    message = Message(OK.start, OK.headers, body)

    assert check_description(message, offer=offer()) == [f"SDP in INVITE: {violation}"]


@pytest.mark.parametrize(
    ("offered", "answered"),
    [("sendonly", "sendrecv"), ("sendonly", "sendonly"), ("inactive", "recvonly"), ("recvonly", "recvonly")],
)
def test_the_direction_must_fit_the_offer(offered: str, answered: str) -> None:
    message = Message(OK.start, OK.headers, sdp(direction=answered))

    assert check_description(message, offer=offer(direction=offered)) == [
        "SDP in INVITE: direction does not fit the offer"
    ]


@pytest.mark.parametrize("answered", ["recvonly", "inactive"])
def test_who_is_held_may_listen_or_not(answered: str) -> None:
    message = Message(OK.start, OK.headers, sdp(direction=answered))

    assert check_description(message, offer=offer(direction="sendonly")) == []


def test_a_body_must_be_called_what_it_is() -> None:
    assert check_description(with_header(OK, "Content-Type", "text/plain")) == [
        "SDP in INVITE: Content-Type is not application/sdp"
    ]


@pytest.mark.parametrize(
    ("body", "violations"),
    [
        (sdp(version=1), []),
        (sdp(version=2), []),
        (sdp(version=2, direction="recvonly"), []),
        (sdp(version=1, direction="recvonly"), ["version does not count the changes"]),
        (sdp(version=3), ["version does not count the changes"]),
        (sdp().replace(b"77", b"78"), ["another origin than before"]),
    ],
)
def test_the_version_counts_the_changes(body: bytes, violations: list[str]) -> None:
    message = Message(OK.start, OK.headers, body)

    found = check_description(message, before=Description.parse(sdp()))

    assert found == [f"SDP in INVITE: {text}" for text in violations]
