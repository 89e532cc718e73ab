"""Keeping the line registered, seen from the wire."""

from dataclasses import replace
import re

import pytest

from custom_components.ringcentral.softphone.account import Flow, Proxy
from custom_components.ringcentral.softphone.events import (
    Cause,
    FlowFailed,
    PhoneEvent,
    Registered,
    RegistrationRefused,
    Unregistered,
    ViaRewritten,
)
from custom_components.ringcentral.softphone.line.heartbeat import Heartbeat
from tests.softphone.builders import (
    ACCOUNT,
    AUTHORIZATION_ID,
    DOMAIN,
    FLOW,
    PASSWORD,
    USERNAME,
    Line,
    Wire,
    message,
    request,
    response,
)

AOR = f"sip:{USERNAME}@{DOMAIN}"
CONTACT = f"<sip:{USERNAME}@192.168.42.15:62931;transport=tcp>"
CHALLENGE = ("Www-Authenticate", f'Digest realm="{DOMAIN}", nonce="XXvrW1176i9sn4clcQVdEk6ezAYxEy/P"')
STALE = ("WWW-Authenticate", f'Digest realm="{DOMAIN}", nonce="other", stale=true')


def only(messages: list[Wire]) -> Wire:
    (wire,) = messages
    return wire


def registered(*contacts: str, expires: str = "") -> list[PhoneEvent]:
    line = Line()
    headers = tuple(("Contact", contact) for contact in contacts)
    extra = (("Expires", expires),) if expires else ()
    line.receive(response(line.connect(), 200, *headers, *extra))
    return line.events()


def test_the_first_register() -> None:
    register = Line().connect()
    assert register.start == f"REGISTER sip:{DOMAIN} SIP/2.0"
    assert re.fullmatch(
        r"SIP/2\.0/TCP 192\.168\.42\.15:62931;rport;branch=z9hG4bK[0-9a-f]{32}", register.get("Via")
    )
    assert register.get("Max-Forwards") == "70"
    assert re.fullmatch(f"<{re.escape(AOR)}>;tag=[0-9a-f]{{16}}", register.get("From"))
    assert register.get("To") == f"<{AOR}>"
    assert register.get("CSeq") == "1 REGISTER"
    assert register.get("Contact") == f"{CONTACT};expires=600"
    assert register.get("Expires") == "600"
    assert register.get("User-Agent") == "HomeAssistantRingCentral"
    assert register.all("Authorization") == []


def test_a_user_name_is_escaped_in_every_uri() -> None:
    line = Line(replace(ACCOUNT, username="#10@1 \r\nX: y"), Flow("2001:db8::1", 5060))
    register = line.connect()
    assert register.get("To") == f"<sip:%2310%401%20%0D%0AX%3A%20y@{DOMAIN}>"
    assert register.get("Contact").startswith(
        "<sip:%2310%401%20%0D%0AX%3A%20y@[2001:db8::1]:5060;transport=tcp>"
    )


def test_trying_challenge_digest_and_done() -> None:
    line = Line()
    first = line.connect()
    assert line.receive(response(first, 100)) == []
    second = only(line.receive(response(first, 401, CHALLENGE)))
    assert line.events() == []
    assert (second.get("CSeq"), second.get("Call-ID")) == ("2 REGISTER", first.get("Call-ID"))
    assert (second.get("From"), second.get("Contact")) == (first.get("From"), first.get("Contact"))
    assert second.get("Via") != first.get("Via")
    value = second.get("Authorization")
    assert value.startswith(f'Digest username="{AUTHORIZATION_ID}", realm="{DOMAIN}", nonce="XXvrW')
    assert f'uri="sip:{DOMAIN}"' in value
    # MD5(MD5(id:realm:password):nonce:MD5(REGISTER:uri)), computed apart.
    assert 'response="a9d6458aff168642da25ce7e0f3b0800"' in value
    assert (
        line.receive(response(second, 100), response(second, 200, ("Contact", f"{CONTACT};expires=59"))) == []
    )
    assert line.events() == [Registered(59.0)]


def test_a_proxy_challenge_is_answered_in_its_own_header() -> None:
    line = Line()
    second = only(line.receive(response(line.connect(), 407, ("Proxy-Authenticate", CHALLENGE[1]))))
    assert second.get("Proxy-Authorization").startswith("Digest ")
    assert second.all("Authorization") == []


def test_a_proxy_and_the_registrar_behind_it_are_both_told() -> None:
    line = Line()
    second = only(line.receive(response(line.connect(), 407, ("Proxy-Authenticate", CHALLENGE[1]))))
    third = only(line.receive(response(second, 401, CHALLENGE)))
    assert third.get("Proxy-Authorization") == second.get("Proxy-Authorization")
    assert third.get("Authorization").startswith("Digest ")
    line.receive(response(third, 200, ("Expires", "600")))
    assert line.events() == [Registered(600.0)]


def test_a_proxy_that_asks_again_behind_which_the_registrar_asked_is_a_refusal() -> None:
    line = Line()
    second = only(line.receive(response(line.connect(), 407, ("Proxy-Authenticate", CHALLENGE[1]))))
    third = only(line.receive(response(second, 401, CHALLENGE)))
    assert line.receive(response(third, 407, ("Proxy-Authenticate", CHALLENGE[1]))) == []
    assert line.events() == [RegistrationRefused(407, "Because", 120.0)]


def test_some_servers_ask_for_no_password() -> None:
    assert registered(f"{CONTACT};expires=3601") == [Registered(3601.0)]


@pytest.mark.parametrize(
    ("contacts", "expires", "granted"),
    [
        pytest.param(
            [f"<sip:other@x>;expires=10, {CONTACT.upper()};q=0;expires=229"], "9", 229, id="ours of several"
        ),
        pytest.param(
            ["<sip:other@x>;expires=10", f"{CONTACT};expires=47"], "9", 47, id="ours on its own line"
        ),
        pytest.param(
            [f"<sip:{USERNAME}@192.168.42.15:62931;transport=TCP;ob>;expires=48"], "", 48, id="other params"
        ),
        pytest.param(["<sip:me@203.0.113.1:1024>;expires=33"], "9", 33, id="rewritten by the server"),
        pytest.param(["<sip:a@x>;expires=10, <sip:b@x>;expires=11"], "77", 77, id="only others"),
        pytest.param([CONTACT], "88", 88, id="the header"),
        pytest.param([], "", 600, id="what was asked"),
        pytest.param([f"{CONTACT};expires=soon"], "²", 600, id="nonsense"),
        pytest.param([f"{CONTACT};expires=" + "0" * 11 + "9" * 5000], "0" * 11 + "9" * 5000, 600, id="huge"),
        pytest.param([f"{CONTACT};expires=4294967296"], "120", 120, id="beyond reason"),
    ],
)
def test_the_granted_time_is_that_of_our_own_contact(
    contacts: list[str], expires: str, granted: float
) -> None:
    assert registered(*contacts, expires=expires) == [Registered(granted)]


@pytest.mark.parametrize(
    ("expires", "refresh_after"),
    [(3600, 30.0), (50, 30.0), (49, 29.0), (40, 20.0), (30, 15.0), (1, 0.5)],
)
def test_the_registration_is_refreshed_in_time(expires: int, refresh_after: float) -> None:
    line = Line()
    first = line.connect()
    line.receive(response(first, 200, ("Expires", str(expires))))
    assert line.advance(refresh_after - 0.01) == []
    refresh = only(line.advance(0.01))
    assert (refresh.get("CSeq"), refresh.get("Call-ID")) == ("2 REGISTER", first.get("Call-ID"))


@pytest.mark.parametrize(
    ("expires", "refresh_after"), [(3600, 90.0), (110, 90.0), (109, 89.0), (60, 40.0), (49, 29.0)]
)
def test_a_connection_that_answers_pings_is_refreshed_more_rarely(expires: int, refresh_after: float) -> None:
    line = Line()
    line.receive(response(line.connect(), 200, ("Expires", str(expires))))
    line.advance(28)
    line.receive(b"\r\n")
    line.agent._heartbeat = Heartbeat(lambda: None, line.now + 1000)
    assert line.advance(refresh_after - 28.01) == []
    only(line.advance(0.01))


def test_an_answer_that_is_older_than_its_grant_is_none_to_rest_on() -> None:
    line = Line()
    first = line.connect()
    # As after a suspend: the answer has waited all the while.
    line.now += 300
    line.receive(response(first, 200, ("Expires", "229")))
    assert line.advance(0.01)[0].get("CSeq") == "2 REGISTER"


def test_the_time_an_answer_took_is_told_with_the_proxy() -> None:
    proxy = Proxy("sip.example.com", 5090)
    line = Line(flow=replace(FLOW, proxy=proxy))
    second = only(line.receive(response(line.connect(), 401, CHALLENGE)))
    line.now += 0.25
    line.receive(response(second, 200))
    assert line.events() == [Registered(600.0, 250.0, proxy)]


INSTANCE = "urn:uuid:00000000-0000-1000-8000-000a95a0e128"


def test_a_phone_with_an_instance_takes_its_own_place_again() -> None:
    line = Line(replace(ACCOUNT, instance_id=INSTANCE), replace(FLOW, transport="TLS"))
    register = line.connect()
    contact = CONTACT.replace("tcp", "tls")
    assert register.get("Contact") == f'{contact};+sip.instance="<{INSTANCE}>";reg-id=1;expires=600'
    assert register.get("Supported") == "path, outbound"
    assert register.get("Via").startswith("SIP/2.0/TLS ")
    line.receive(response(register, 200, ("Contact", f'{contact};+sip.instance="<{INSTANCE}>";expires=77')))
    assert line.events() == [Registered(77.0)]


def test_a_pong_in_the_middle_of_a_refresh_changes_only_the_next() -> None:
    line = Line()
    line.receive(response(line.connect(), 200, ("Expires", "46")))
    refresh = only(line.advance(26))
    line.advance(2)
    line.receive(b"\r\n")
    line.receive(response(refresh, 200, ("Expires", "100")))
    line.agent._heartbeat = Heartbeat(lambda: None, line.now + 1000)
    assert line.advance(77.9) == []
    only(line.advance(0.1))


# A refusal while a call is up


def test_a_refused_refresh_leaves_the_call_its_connection() -> None:
    line = Line().register(answering_pings=False)
    line.talk()
    line.receive(response(only(line.advance(30)), 503, reason="No"))
    assert line.events() == [RegistrationRefused(503, "No", 1.0, kept=True)]
    assert len(line.agent.calls) == 1
    line.receive(response(only(line.advance(1)), 500, reason="No"))
    (refused,) = line.events()
    assert isinstance(refused, RegistrationRefused)
    assert 1.0 <= refused.retry_after <= 1.2
    line.receive(response(only(line.advance(1.2)), 200))
    assert isinstance(line.events()[0], Registered)


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [(403, [], 120), (401, [], 120), (603, [], 75), (503, [("Retry-After", "40")], 40), (302, [], 1)],
)
def test_a_refused_refresh_is_repeated_as_late_as_the_server_wants(
    status: int, headers: list[tuple[str, str]], wait: float
) -> None:
    line = Line().register(answering_pings=False)
    line.talk()
    line.receive(response(only(line.advance(30)), status, *headers, reason="No"))
    assert line.events() == [RegistrationRefused(status, "No", wait, kept=True)]
    line.agent._heartbeat = Heartbeat(lambda: None, line.now + 1000)
    assert line.advance(wait - 0.1) == []
    assert only(line.advance(0.1)).start.startswith("REGISTER")


def test_once_the_call_is_over_a_refusal_costs_the_connection() -> None:
    line = Line().register(answering_pings=False)
    _, tag = line.talk()
    line.receive(response(only(line.advance(30)), 503))
    line.receive(request("BYE", to_tag=tag, cseq=31269))
    line.events()
    line.receive(response(only(line.advance(1)), 503, reason="No"))
    assert line.events() == [RegistrationRefused(503, "No", 30.0)]
    assert line.advance(3600) == []


def test_a_registration_that_is_asked_for_again_is_given_back() -> None:
    line = Line().register(answering_pings=False)
    line.talk()
    line.receive(response(only(line.advance(30)), 503))
    line.agent.shut_down(line.now)
    _bye, last = line.sent()
    assert last.get("Expires") == "0"


# Sent elsewhere


def test_a_redirection_is_handed_on() -> None:
    line = Line()
    line.receive(response(line.connect(), 302, ("Contact", "<sip:192.0.2.9:5070>"), reason="Moved"))
    (refused,) = line.events()
    assert refused == RegistrationRefused(302, "Moved", 30.0, redirect=Proxy("192.0.2.9", 5070))
    assert refused.cause is Cause.REDIRECTED


@pytest.mark.parametrize(("status", "cause"), [(603, "too_many_devices"), (403, "refused_registration")])
def test_a_refusal_has_a_cause(status: int, cause: str) -> None:
    assert RegistrationRefused(status, "No", 1.0).cause == cause


def test_a_refresh_is_challenged_anew() -> None:
    line = Line().register(answering_pings=False)
    third = only(line.receive(response(only(line.advance(30)), 401, CHALLENGE)))
    assert "Authorization" in dict(third.fields)
    line.receive(response(third, 200))
    assert line.events() == [Registered(600.0)]


def test_silence_means_that_the_connection_is_dead() -> None:
    line = Line()
    line.connect()
    line.advance(9.99)
    assert line.events() == []
    line.advance(0.01)
    assert line.events() == [FlowFailed("the server doesn't answer")]
    line.advance(3600)
    assert line.events() == []


def test_a_server_that_is_trying_gets_more_time() -> None:
    line = Line()
    register = line.connect()
    line.advance(9)
    line.receive(response(register, 100))
    line.advance(9)
    assert line.events() == []
    line.advance(1)
    assert line.events() == [FlowFailed("the server doesn't answer")]


def test_a_refresh_in_silence_is_noticed_too() -> None:
    line = Line().register(answering_pings=False)
    line.advance(39.9)
    assert line.events() == []
    line.advance(0.1)
    assert line.events() == [FlowFailed("the server doesn't answer")]


def test_a_wrong_password_is_not_tried_again() -> None:
    line = Line()
    second = only(line.receive(response(line.connect(), 401, CHALLENGE)))
    assert line.receive(response(second, 401, CHALLENGE, reason="Unauthorized")) == []
    assert line.events() == [RegistrationRefused(401, "Unauthorized", 120.0)]
    assert line.advance(3600) == []


def test_stale_nonces_are_answered_three_times_and_not_for_ever() -> None:
    line = Line()
    register = line.connect()
    for _ in range(3):
        register = only(line.receive(response(register, 401, STALE)))
        assert 'nonce="other"' in register.get("Authorization")
    assert line.receive(response(register, 401, STALE)) == []
    # Nobody said a word against the password.
    assert line.events() == [RegistrationRefused(401, "Because", 30.0)]


def test_a_success_forgets_the_challenges_before_it() -> None:
    line = Line()
    register = line.connect()
    for _ in range(3):
        register = only(line.receive(response(register, 401, CHALLENGE)))
        line.receive(response(register, 200, ("Expires", "600")))
        register = only(line.advance(30))
    assert line.events() == [Registered(600.0)] * 3


@pytest.mark.parametrize("challenge", [[], [("WWW-Authenticate", "Basic realm=x")]])
def test_a_challenge_that_cannot_be_answered_is_a_refusal(challenge: list[tuple[str, str]]) -> None:
    line = Line()
    assert line.receive(response(line.connect(), 401, *challenge)) == []
    assert line.events() == [RegistrationRefused(401, "Because", 120.0)]


def test_a_longer_minimum_is_obeyed_and_kept() -> None:
    line = Line()
    first = line.connect()
    second = only(line.receive(response(first, 423, ("Min-Expires", "1800"))))
    assert (second.get("Expires"), second.get("Contact")) == ("1800", f"{CONTACT};expires=1800")
    third = only(line.receive(response(second, 401, CHALLENGE)))
    assert third.get("Expires") == "1800"
    line.receive(response(third, 200))
    assert line.events() == [Registered(1800.0)]


@pytest.mark.parametrize("minimum", ["600", "60", "86401", "soon", "", "0" * 11 + "9" * 5000])
def test_a_minimum_that_makes_no_sense_is_a_refusal(minimum: str) -> None:
    line = Line()
    assert line.receive(response(line.connect(), 423, ("Min-Expires", minimum))) == []
    assert line.events() == [RegistrationRefused(423, "Because", 30.0)]


def test_a_minimum_is_raised_only_once() -> None:
    line = Line()
    second = only(line.receive(response(line.connect(), 423, ("Min-Expires", "1800"))))
    assert line.receive(response(second, 423, ("Min-Expires", "3600"))) == []
    assert line.events() == [RegistrationRefused(423, "Because", 30.0)]


@pytest.mark.parametrize(
    ("status", "headers", "retry_after"),
    [
        (403, [], 120.0),
        (404, [], 300.0),
        (603, [], 75.0),
        (503, [], 30.0),
        (503, [("Retry-After", "120")], 120.0),
        (503, [("Retry-After", "18000;duration=3600")], 3600.0),
        (603, [("Retry-After", "5 (in a minute)")], 5.0),
        (500, [("Retry-After", "0")], 30.0),
        (503, [("Retry-After", "0" * 11 + "9" * 5000)], 30.0),
        (302, [], 30.0),
    ],
)
def test_a_refusal_says_when_to_ask_again(
    status: int, headers: list[tuple[str, str]], retry_after: float
) -> None:
    line = Line()
    line.receive(response(line.connect(), status, *headers, reason="No"))
    assert line.events() == [RegistrationRefused(status, "No", retry_after)]
    assert line.advance(3600) == []


def test_what_the_server_says_is_bounded_and_printable() -> None:
    line = Line()
    line.receive(response(line.connect(), 403, reason="\udcff\x1b[2J No\u202e " + "x" * 5000))
    (refused,) = line.events()
    assert isinstance(refused, RegistrationRefused)
    assert refused.reason == ("[2J No " + "x" * 80)[:80]


def test_answers_to_something_else_change_nothing() -> None:
    line = Line()
    register = line.connect()
    fields = tuple(field for field in register.fields if field[0] != "Content-Length")
    others = [
        message("SIP/2.0 200 OK", (*(field for field in fields if field[0] != name), (name, value)))
        for name, value in (("Call-ID", "another"), ("CSeq", "7 REGISTER"), ("CSeq", "nonsense"))
    ]
    line.receive(*others)
    assert line.events() == []
    line.receive(response(register, 200), response(register, 403))
    assert line.events() == [Registered(600.0)]


def test_the_registration_is_given_back() -> None:
    line = Line().register()
    line.agent.shut_down(line.now)
    last = only(line.sent())
    assert (last.get("Expires"), last.get("Contact")) == ("0", f"{CONTACT};expires=0")
    last = only(line.receive(response(last, 401, CHALLENGE)))
    assert last.get("Expires") == "0"
    line.receive(response(last, 200))
    assert line.events() == [Unregistered()]
    assert line.advance(3600) == []


@pytest.mark.parametrize(("status", "headers"), [(403, []), (423, [("Min-Expires", "60")]), (500, [])])
def test_a_server_that_will_not_take_it_back_is_left(status: int, headers: list[tuple[str, str]]) -> None:
    line = Line().register()
    line.agent.shut_down(line.now)
    assert line.receive(response(only(line.sent()), status, *headers)) == []
    assert line.events() == [Unregistered()]


def test_what_was_never_registered_is_not_given_back() -> None:
    line = Line()
    line.receive(response(line.connect(), 403))
    line.events()
    line.agent.shut_down(line.now)
    assert line.sent() == []
    assert line.events() == [Unregistered()]


def test_a_registration_under_way_is_given_back_too() -> None:
    line = Line()
    first = line.connect()
    line.agent.shut_down(line.now)
    last = only(line.sent())
    assert (last.get("Expires"), last.get("CSeq")) == ("0", "2 REGISTER")
    line.receive(response(first, 200))
    assert line.events() == []


def test_a_new_connection_begins_anew() -> None:
    line = Line().register()
    line.agent.disconnected(line.now)
    assert line.agent.next_deadline is None
    again = line.connect()
    assert again.get("Expires") == "600"
    assert not any(PASSWORD in value for _, value in again.fields)
    assert FLOW.sent_by in again.get("Via")


def answered(line: Line, register: Wire, via: str) -> list[PhoneEvent]:
    """Return what an answer with this Via brings about."""
    seen = Wire(register.start, tuple((k, via if k == "Via" else v) for k, v in register.fields), b"")
    line.receive(response(seen, 200, ("Expires", "60")))
    return line.events()


@pytest.mark.parametrize(
    "via",
    [
        "SIP/2.0/TCP 192.168.42.15:62931;received=203.0.113.9;rport=4711;branch=x",
        "sip / 2.0 / tcp 192.168.42.15 : 62931 ;rport;branch=x",
        "something else",
    ],
)
def test_a_server_may_add_to_our_via(via: str) -> None:
    line = Line()
    assert answered(line, line.connect(), via) == [Registered(60.0)]


def test_an_address_is_compared_without_case() -> None:
    line = Line(flow=Flow("2001:DB8::1", 5060))
    assert answered(line, line.connect(), "SIP/2.0/TCP [2001:db8::1]:5060;branch=x") == [Registered(60.0)]


def test_a_rewritten_via_is_told_once_a_connection() -> None:
    line = Line()
    rewritten = "SIP/2.0/TCP 203.0.113.9:40123;branch=x"
    assert answered(line, line.connect(), rewritten) == [ViaRewritten(), Registered(60.0)]
    (refresh,) = line.advance(30)
    assert answered(line, refresh, rewritten) == [Registered(60.0)]

    line.agent.disconnected(line.now)
    assert answered(line, line.connect(), rewritten) == [ViaRewritten(), Registered(60.0)]


# The instance (RFC 5626)


def test_a_proxy_that_knows_no_outbound_is_registered_through_without() -> None:
    line = Line(replace(ACCOUNT, instance_id=INSTANCE))
    first = line.connect()
    again = only(line.receive(response(first, 439)))
    assert ";reg-id=1" in first.get("Contact") and first.get("Supported") == "path, outbound"
    assert f'+sip.instance="<{INSTANCE}>";expires=600' in again.get("Contact")
    assert again.all("Supported") == []
    assert line.events() == []

    line.receive(response(again, 439))
    (refused,) = line.events()
    assert isinstance(refused, RegistrationRefused)
    line.agent.disconnected(line.now)
    assert ";reg-id=1" in line.connect().get("Contact")
