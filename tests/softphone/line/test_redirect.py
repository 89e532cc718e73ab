"""Where a server may send us, and where not."""

import pytest

from custom_components.ringcentral.softphone.account import Proxy, Transport
from custom_components.ringcentral.softphone.line.redirect import redirect_target
from custom_components.ringcentral.softphone.sip.message import Headers, Response


def moved(*contacts: str, status: int = 302) -> Response:
    return Response(Headers([("Contact", contact) for contact in contacts]), b"", status, "Moved")


@pytest.mark.parametrize(
    ("contact", "proxy"),
    [
        ("<sip:192.0.2.9:5070>", Proxy("192.0.2.9", 5070)),
        ("<sip:sip2.example.com>;expires=60", Proxy("sip2.example.com", 5060)),
        ("<sip:anna@sip2.example.com:5070;transport=TCP;lr>", Proxy("sip2.example.com", 5070)),
        ("<sip:[2001:db8::1]:5070?X=y>", Proxy("2001:db8::1", 5070)),
        ("<sip:a.example;transport=tls>, <sip:b.example>", Proxy("b.example", 5060)),
        ("<sip:a.example;transport=udp>, <mailto:a@b>, <sip:b.example:1>", Proxy("b.example", 1)),
    ],
)
def test_the_first_place_that_is_reached_in_the_same_way_is_taken(contact: str, proxy: Proxy) -> None:
    assert redirect_target(moved(contact), Transport.TCP) == proxy


@pytest.mark.parametrize(
    "contact",
    [
        "",
        "*",
        "<sips:a.example>",
        "<sip:a.example:0>",
        "<sip:a.example:65536>",
        "<sip:a b>",
        "<sip:a\x00.example>",
    ],
)
def test_what_is_no_place_is_passed_over(contact: str) -> None:
    assert redirect_target(moved(contact), Transport.TCP) is None


def test_over_tls_the_port_is_that_of_tls() -> None:
    assert redirect_target(moved("<sip:a.example>"), Transport.TLS) == Proxy("a.example", 5061)


@pytest.mark.parametrize("status", [301, 302, 305])
def test_three_statuses_redirect(status: int) -> None:
    assert redirect_target(moved("<sip:a.example>", status=status), Transport.TCP) is not None


@pytest.mark.parametrize("status", [300, 380, 403, 503])
def test_no_other_status_does(status: int) -> None:
    assert redirect_target(moved("<sip:a.example>", status=status), Transport.TCP) is None
