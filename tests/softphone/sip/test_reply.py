"""Responses."""

import pytest

from custom_components.ringcentral.softphone.sip.message import Headers, Request
from custom_components.ringcentral.softphone.sip.reply import ALLOW, REASONS, reply

REQUEST = Request(
    Headers(
        [
            ("v", "SIP/2.0/TCP first;branch=1, SIP/2.0/TCP second;branch=2"),
            ("Record-Route", "<sip:p1;lr>"),
            ("Via", "SIP/2.0/UDP third;branch=3"),
            ("f", '"É" <sip:a@b> ;tag=x'),
            ("Record-Route", "<sip:p2;lr>"),
            ("To", "<sip:c@d>"),
            ("Call-ID", "one"),
            ("CSeq", " 1  INVITE"),
        ]
    ),
    b"",
    "INVITE",
    "sip:c@d",
)


def test_the_request_is_echoed_with_all_its_vias_in_order() -> None:
    assert reply(REQUEST, 486).headers.items() == [
        ("Via", "SIP/2.0/TCP first;branch=1, SIP/2.0/TCP second;branch=2"),
        ("Via", "SIP/2.0/UDP third;branch=3"),
        ("From", '"É" <sip:a@b> ;tag=x'),
        ("To", "<sip:c@d>"),
        ("Call-ID", "one"),
        ("CSeq", " 1  INVITE"),
    ]


def test_our_tag_is_added_where_there_is_none() -> None:
    assert reply(REQUEST, 180, to_tag="mine").headers.get("To") == "<sip:c@d>;tag=mine"
    tagged = Request(Headers([("To", "<sip:c@d>;tag=theirs")]), b"", "BYE", "sip:c@d")
    assert reply(tagged, 200, to_tag="mine").headers.get("To") == "<sip:c@d>;tag=theirs"


@pytest.mark.parametrize(
    ("status", "routes"),
    [(100, []), (180, ["<sip:p1;lr>", "<sip:p2;lr>"]), (200, ["<sip:p1;lr>", "<sip:p2;lr>"]), (486, [])],
)
def test_what_makes_a_dialog_carries_its_route(status: int, routes: list[str]) -> None:
    assert reply(REQUEST, status).headers.get_all("Record-Route") == routes


def test_no_other_request_makes_a_dialog() -> None:
    options = Request(
        Headers([("To", "<sip:c@d>"), ("Record-Route", "<sip:p;lr>")]), b"", "OPTIONS", "sip:c@d"
    )
    assert reply(options, 200).headers.get("Record-Route") is None


def test_a_method_that_is_not_allowed_is_told_what_is() -> None:
    assert reply(REQUEST, 405).headers.get("Allow") == ALLOW
    assert reply(REQUEST, 200).headers.get("Allow") is None


def test_a_body_and_more_headers() -> None:
    response = reply(REQUEST, 200, extra=[("X", "y")], body=b"z")
    assert (response.headers.items()[-1], response.body, response.reason) == (("X", "y"), b"z", "OK")


@pytest.mark.parametrize("status", REASONS)
def test_every_status_has_its_reason(status: int) -> None:
    assert reply(REQUEST, status).encode().startswith(f"SIP/2.0 {status} {REASONS[status]}\r\n".encode())
