"""Dialogs as the called side sees them."""

import pytest

from custom_components.ringcentral.softphone.sip.framing import Frame, StreamFramer
from custom_components.ringcentral.softphone.sip.message import Request, parse_message
from custom_components.ringcentral.softphone.transactions.dialog import Dialog
from tests.softphone.builders import (
    CALL_ID,
    CALLER_TAG,
    CONTACT,
    FLOW,
    USERNAME,
    Fields,
    invite,
    message,
    request,
)


def parse(data: bytes) -> Request:
    (frame,) = StreamFramer().feed(data)
    assert isinstance(frame, Frame)
    parsed = parse_message(frame.head, frame.body)
    assert isinstance(parsed, Request)
    return parsed


def dialog(data: bytes) -> Dialog:
    return Dialog(
        parse(data), FLOW, local_tag="ours", contact="<sip:me@here>", user_agent="UA", token=lambda: "token"
    )


def test_a_request_of_ours_goes_to_their_contact_by_the_recorded_route() -> None:
    routes: Fields = (("Record-Route", "<sip:p1;lr>, <sip:p2;lr>"), ("Record-Route", "<sip:p3;lr>"))
    bye = dialog(invite(headers=routes)).request("BYE")
    assert (bye.method, bye.uri) == ("BYE", CONTACT)
    assert bye.headers.items() == [
        ("Via", "SIP/2.0/TCP 192.168.42.15:62931;rport;branch=z9hG4bKtoken"),
        ("Max-Forwards", "70"),
        ("Route", "<sip:p1;lr>, <sip:p2;lr>"),
        ("Route", "<sip:p3;lr>"),
        ("From", f"<sip:{USERNAME}@192.168.42.15>;tag=ours"),
        ("To", f"<sip:+16505550072@10.62.192.70>;tag={CALLER_TAG}"),
        ("Call-ID", CALL_ID),
        ("CSeq", "1 BYE"),
        ("Contact", "<sip:me@here>"),
        ("User-Agent", "UA"),
    ]


def test_requests_of_ours_are_numbered() -> None:
    ours = dialog(invite())
    assert [ours.request("BYE").cseq.number for _ in range(2)] == [1, 2]


def test_without_a_contact_the_caller_is_reached_where_from_says() -> None:
    bare = message(
        "INVITE sip:a@b SIP/2.0",
        (("From", "<sip:caller@x>;tag=1"), ("To", "<sip:a@b>"), ("Call-ID", "1"), ("CSeq", "1 INVITE")),
    )
    assert dialog(bare).request("BYE").uri == "sip:caller@x"


def test_a_new_contact_is_a_new_target_and_none_changes_nothing() -> None:
    ours = dialog(invite())
    ours.retarget(parse(message("UPDATE sip:a@b SIP/2.0", (("m", "<sip:elsewhere@x>"),))))
    assert ours.request("BYE").uri == "sip:elsewhere@x"
    ours.retarget(parse(message("UPDATE sip:a@b SIP/2.0", ())))
    assert ours.request("BYE").uri == "sip:elsewhere@x"


@pytest.mark.parametrize("blank", [" ", "\t", "\x0b", "\x1c", "\u2028"])
def test_a_target_with_a_blank_cannot_bend_the_request_line(blank: str) -> None:
    ours = dialog(invite())
    contact = f"<sip:x@y{blank}SIP/2.0>"
    ours.retarget(parse(message("UPDATE sip:a@b SIP/2.0", (("Contact", contact),))))
    assert ours.request("BYE").uri == "sip:x@y%20SIP/2.0"


@pytest.mark.parametrize(
    ("other", "matches"),
    [
        (request("BYE", to_tag="ours"), True),
        (request("BYE", to_tag="theirs"), False),
        (request("BYE", to_tag="ours", from_tag="x"), False),
        (request("BYE", to_tag="ours", call_id="x"), False),
        (request("BYE"), False),
    ],
)
def test_call_id_and_both_tags_make_the_dialog(other: bytes, matches: bool) -> None:
    assert dialog(invite()).matches(parse(other)) is matches


def test_an_older_request_is_out_of_order_and_a_repeated_one_is_not() -> None:
    ours = dialog(invite(cseq=10))
    numbers = (10, 12, 12, 11, 9, 13)
    assert [ours.in_order(parse(request("INFO", cseq=number))) for number in numbers] == [
        True,
        True,
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("method", "status", "contacts"),
    [
        ("INVITE", 100, []),
        ("INVITE", 180, ["<sip:me@here>"]),
        ("INVITE", 200, ["<sip:me@here>"]),
        ("INVITE", 486, []),
        ("UPDATE", 200, ["<sip:me@here>"]),
        ("BYE", 200, []),
    ],
)
def test_what_sets_up_or_refreshes_says_where_we_are(method: str, status: int, contacts: list[str]) -> None:
    response = dialog(invite()).reply(parse(request(method)), status, [("X", "y")], b"body")
    assert response.headers.get_all("Contact") == contacts
    assert response.headers.items()[-2:] == [("X", "y"), ("User-Agent", "UA")]
    assert (response.to.tag, response.body) == ("ours", b"body")
