"""The line over UDP, seen from the wire: what is repeated, what isn't, and how big it gets."""

from dataclasses import replace

import pytest

from custom_components.ringcentral.softphone.account import Account, Flow
from custom_components.ringcentral.softphone.events import (
    CallEnded,
    EndReason,
    FlowFailed,
    Registered,
    Unregistered,
)
from custom_components.ringcentral.softphone.line.heartbeat import DATAGRAM_PING_INTERVAL
from tests.softphone.builders import (
    ACCOUNT,
    FLOW,
    Line,
    Wire,
    invite,
    read_wire,
    request,
    response,
    sdp_offer,
)

DATAGRAMS = Flow(FLOW.host, FLOW.port, "UDP")
# RFC 3261 §18.1.1: what is longer should go over a stream.
LONGEST = 1300
# What Ethernet carries, without the headers of IPv6 and UDP.
LONGEST_FRAME = 1500 - 40 - 8
LONG_WINDED = replace(
    ACCOUNT,
    username="extension-0123456789",
    authorization_id="authorization-0123456789",
    domain="a-long-name.pbx.example.com",
    instance_id="urn:uuid:00000000-0000-4000-8000-000000000000",
)
QOP = ("WWW-Authenticate", f'Digest realm="pbx.example.com", nonce="{"n" * 48}", qop="auth", algorithm=MD5')
# As long as what an exchange at home adds on the way: two proxies that stay in the call.
ROUTES = tuple(("Record-Route", f"<sip:192.168.100.{number};transport=udp;lr;ftag=a1b2>") for number in "12")
SECURE = sdp_offer(
    "m=audio 50400 RTP/SAVP 0 8 101",
    attributes=(
        "rtpmap:101 telephone-event/8000",
        "crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz",
    ),
)


@pytest.fixture
def line() -> Line:
    return Line(flow=DATAGRAMS)


@pytest.fixture
def registered(line: Line) -> Line:
    return line.register(answering_pings=False)


def test_a_register_says_how_it_came(line: Line) -> None:
    register = line.connect()
    assert register.get("Via").startswith("SIP/2.0/UDP 192.168.42.15:62931;rport;branch=z9hG4bK")
    assert register.get("Contact").startswith("<sip:16505550100*101@192.168.42.15:62931;transport=udp>")


def test_a_register_nobody_answers_is_repeated_until_the_line_is_given_up(line: Line) -> None:
    first = line.connect()
    assert line.advance(0.49) == []
    assert line.advance(9.5) == [first] * 4
    assert line.events() == []
    line.advance(0.01)
    assert line.events() == [FlowFailed("the server doesn't answer")]
    line.agent.disconnected(line.now)
    assert line.advance(100) == []


def test_a_register_over_a_stream_is_sent_once() -> None:
    line = Line()
    line.connect()
    assert line.advance(9.9) == []


def test_a_registration_is_told_once_however_often_the_server_says_so(line: Line) -> None:
    first = line.connect()
    (second,) = line.receive(response(first, 401, QOP))
    assert line.receive(response(first, 401, QOP)) == []
    for _ in range(3):
        assert line.receive(response(second, 200, ("Expires", "60"))) == []
    assert line.events() == [Registered(60.0)]
    assert line.advance(29.9) == []


def test_two_messages_in_a_turn_are_two_datagrams(registered: Line) -> None:
    registered.agent.receive(invite(), registered.now)
    trying, ringing = registered.agent.take_datagrams()
    assert [wire.status for data in (trying, ringing) for wire in read_wire(data)] == [100, 180]
    assert registered.agent.take_datagrams() == []


def test_an_invite_that_comes_twice_rings_once(registered: Line) -> None:
    _, _ = registered.ring()
    (again,) = registered.receive(invite())
    assert again.status == 180
    assert registered.events() == []


def test_a_bye_that_comes_twice_ends_the_call_once_and_hears_the_same(registered: Line) -> None:
    _, tag = registered.talk()
    bye = request("BYE", to_tag=tag, branch="z9hG4bKbye", cseq=31269)
    first = registered.receive(bye)
    assert registered.receive(bye) == first
    assert [event for event in registered.events() if isinstance(event, CallEnded)] != []
    assert registered.receive(bye) == first
    assert registered.events() == []


def test_a_request_outside_of_any_call_is_answered_the_same_each_time(registered: Line) -> None:
    options = request("OPTIONS", branch="z9hG4bKo")
    first = registered.receive(options)
    assert [wire.status for wire in first] == [200]
    assert registered.receive(options) == first
    assert registered.receive(request("OPTIONS", branch="z9hG4bKp")) != first


def test_a_refusal_is_repeated_until_its_ack(registered: Line) -> None:
    call, tag = registered.ring()
    registered.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, registered.now)
    (decline,) = registered.sent()
    assert registered.advance(2) == [decline] * 2
    assert registered.receive(request("ACK", to_tag=tag)) == []
    assert registered.advance(20) == []


def test_a_bye_is_repeated_until_its_answer(registered: Line) -> None:
    call, _ = registered.talk()
    registered.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, registered.now)
    (bye,) = registered.sent()
    assert registered.advance(2) == [bye] * 2
    assert registered.receive(response(bye, 200)) == []
    assert registered.advance(20) == []


def test_leaving_waits_until_the_other_side_knows(registered: Line) -> None:
    registered.talk()
    registered.agent.shut_down(registered.now)
    bye, unregister = registered.sent()
    registered.receive(response(unregister, 200))
    assert registered.events()[-1] == Unregistered()
    assert not registered.agent.quiet
    registered.receive(response(bye, 200))
    assert registered.agent.quiet


def test_the_way_back_through_a_router_stays_open_and_nobody_has_to_answer(registered: Line) -> None:
    pings = 0
    for _ in range(2):
        registered.now += DATAGRAM_PING_INTERVAL
        registered.agent.tick(registered.now)
        pings += registered.agent.take_datagrams() == [b"\r\n\r\n"]
    assert pings == 2
    assert registered.receive(b"\r\n", b"\r\n\r\n", b"\0\0\0\0") == []
    registered.advance(11)
    assert registered.events() == []


def test_gibberish_costs_nothing(registered: Line) -> None:
    assert registered.receive(b"A sip:b SIP/2.0\r\nl: x\r\n\r\n") == []
    assert registered.receive(b"BYE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP x\r\n\r\n") == []
    assert registered.events() == []
    registered.ring()


def test_a_line_may_go_from_datagrams_to_a_stream(registered: Line) -> None:
    registered.agent.disconnected(registered.now)
    registered.flow = FLOW
    registered.register()
    assert registered.receive(b"\r\n\r\n") == []
    assert registered.events() == []


def sizes(messages: list[Wire]) -> dict[str, int]:
    """Return the length of each message in bytes, as it stood on the wire."""
    found = {}
    for wire in messages:
        fields = "".join(f"{name}: {value}\r\n" for name, value in wire.fields)
        name = f"{wire.status} to {wire.method}" if wire.status else wire.method
        found[name] = len(f"{wire.start}\r\n{fields}\r\n".encode()) + len(wire.body)
    return found


@pytest.mark.parametrize(
    ("account", "host", "routes", "longest"),
    [
        pytest.param(ACCOUNT, FLOW.host, ROUTES[:1], LONGEST, id="at home"),
        pytest.param(
            LONG_WINDED, "2001:db8:1234:5678:9abc:def0:1234:5678", ROUTES, LONGEST_FRAME, id="at length"
        ),
    ],
)
def test_each_message_fits_into_one_frame(
    account: Account, host: str, routes: tuple[tuple[str, str], ...], longest: int
) -> None:
    line = Line(account, Flow(host, 62931, "UDP"))
    said = line.receive(response(line.connect(), 401, QOP))
    line.receive(response(said[0], 200, ("Expires", "60")))
    line.events()
    said += line.receive(invite(SECURE, headers=(*routes, ("Session-Expires", "90;refresher=uas"))))
    call = line.agent.calls[0]
    line.agent.answer(call.call_id, 40000, line.now)
    said += line.sent()
    line.receive(request("ACK", to_tag=said[-1].tag))
    refresh = next(wire for wire in line.advance(46) if wire.method == "INVITE")
    (ack, again) = line.receive(response(refresh, 407, ("Proxy-Authenticate", QOP[1])))
    said += [ack, again, *line.receive(response(again, 200, body=SECURE))]
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    (bye,) = line.sent()
    said += line.receive(response(bye, 407, ("Proxy-Authenticate", QOP[1])))
    measured = sizes(said)
    answers = {"100 to INVITE", "180 to INVITE", "200 to INVITE"}
    assert set(measured) == answers | {"REGISTER", "INVITE", "ACK", "BYE"}
    assert max(measured.values()) <= longest, measured
