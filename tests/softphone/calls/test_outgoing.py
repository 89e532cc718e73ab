"""Calls that we place, from their INVITE to their end, seen from the wire."""

from collections.abc import Callable
from dataclasses import replace
import re

import pytest

from custom_components.ringcentral.softphone.account import Account, Proxy, Transport
from custom_components.ringcentral.softphone.agent import MAX_CALLS
from custom_components.ringcentral.softphone.calls.call import RING_TIMEOUT
from custom_components.ringcentral.softphone.calls.dialing import NoLineError, TooManyCallsError
from custom_components.ringcentral.softphone.calls.outgoing import MAX_BRANCHES
from custom_components.ringcentral.softphone.events import (
    Call,
    CallChanged,
    CallEnded,
    CallState,
    Direction,
    EndReason,
    Hold,
    MediaAgreed,
    Outcome,
)
from custom_components.ringcentral.softphone.media.g711 import Codec
from custom_components.ringcentral.softphone.media.srtp import MasterKey, Suite
from custom_components.ringcentral.softphone.party import Party
from custom_components.ringcentral.softphone.sdes import Crypto
from tests.softphone.builders import (
    ACCOUNT,
    CALLEE,
    CALLEE_CONTACT,
    DOMAIN,
    OFFER,
    USERNAME,
    Fields,
    Line,
    Wire,
    asked_back,
    invite,
    picked_up,
    request,
    response,
    sdp_offer,
    statuses,
)

CHALLENGE = 'Digest realm="r", nonce="n"'
WWW = ("WWW-Authenticate", CHALLENGE)
PROXY = ("Proxy-Authenticate", CHALLENGE)
STALE = ("WWW-Authenticate", 'Digest realm="r", nonce="m", stale=true')
ROUTES: Fields = (("Record-Route", "<sip:p1;lr>, <sip:p2;lr>"), ("Record-Route", "<sip:p3;lr>"))
EARLY = sdp_offer("m=audio 50600 RTP/AVP 0", address="203.0.113.9")
BOTH_LAWS = sdp_offer("m=audio 50400 RTP/AVP 8 101", attributes=("rtpmap:101 telephone-event/8000",))
NOTHING = sdp_offer("m=audio 0 RTP/AVP 0")


@pytest.fixture
def line() -> Line:
    return Line().register()


def methods(messages: list[Wire]) -> list[str]:
    return [message.start.split()[0] for message in messages]


def talk(line: Line, *headers: tuple[str, str]) -> tuple[Call, Wire]:
    call, asked = line.dial()
    assert methods(line.receive(picked_up(asked, *headers))) == ["ACK"]
    line.events()
    return call, asked


def ended(call: Call, reason: EndReason) -> CallEnded:
    return CallEnded(call, Outcome.ENDED, reason)


# The INVITE


def test_an_invite_says_who_calls_whom_and_offers_sound(line: Line) -> None:
    call, asked = line.dial()
    assert asked.start == f"INVITE sip:{CALLEE}@{DOMAIN} SIP/2.0"
    assert asked.get("To") == f"<sip:{CALLEE}@{DOMAIN}>"
    assert re.fullmatch(rf"<sip:{re.escape(USERNAME)}@{DOMAIN}>;tag=[0-9a-f]{{16}}", asked.get("From"))
    assert asked.get("Contact") == f"<sip:{USERNAME}@192.168.42.15:62931;transport=tcp>"
    assert (asked.get("CSeq"), asked.get("Max-Forwards")) == ("1 INVITE", "70")
    assert "UPDATE" in asked.get("Allow")
    assert (asked.get("Supported"), asked.get("Session-Expires"), asked.get("Min-SE")) == (
        "timer",
        "1800",
        "90",
    )
    assert asked.get("Content-Type") == "application/sdp"
    assert asked.sdp[5:] == [
        "m=audio 40000 RTP/AVP 0 8 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
    ]
    assert call.direction is Direction.OUTGOING
    assert (call.caller, call.called, call.state) == (Party(USERNAME), Party(CALLEE), CallState.DIALING)
    assert line.agent.calls == [call]
    assert not line.agent.quiet


@pytest.mark.parametrize(
    ("number", "uri"), [("*43", "*43"), ("#31#5550100", "%2331%235550100"), ("echo.test", "echo.test")]
)
def test_what_has_a_meaning_in_a_uri_is_escaped(line: Line, number: str, uri: str) -> None:
    assert line.dial(number)[1].start == f"INVITE sip:{uri}@{DOMAIN} SIP/2.0"


@pytest.mark.parametrize(
    "account",
    [replace(ACCOUNT, require_srtp=True), replace(ACCOUNT, transport=Transport.TLS)],
    ids=["srtp is required", "tls"],
)
def test_where_it_matters_the_sound_is_secure(account: Account) -> None:
    line = Line(account).register()
    _, asked = line.dial()
    assert "m=audio 40000 RTP/SAVP 0 8 101" in asked.sdp
    offered = [text.split(" ") for text in asked.sdp if text.startswith("a=crypto:")]
    assert [(tag, suite) for tag, suite, _ in offered] == [
        ("a=crypto:1", "AES_CM_128_HMAC_SHA1_80"),
        ("a=crypto:2", "AES_CM_128_HMAC_SHA1_32"),
    ]
    theirs = MasterKey(Suite.AES_CM_128_HMAC_SHA1_32, bytes(range(30)))
    answer = sdp_offer("m=audio 50400 RTP/SAVP 0", attributes=(Crypto(2, theirs).attribute(),))
    line.receive(picked_up(asked, body=answer))
    agreed, _ = line.events()
    assert isinstance(agreed, MediaAgreed)
    assert agreed.agreement.srtp is not None
    assert agreed.agreement.srtp.theirs == theirs


def test_a_plain_answer_to_a_secure_offer_ends_the_call() -> None:
    line = Line(replace(ACCOUNT, require_srtp=True)).register()
    call, asked = line.dial()
    assert methods(line.receive(picked_up(asked))) == ["ACK", "BYE"]
    assert line.events() == [ended(call, EndReason.NO_CODEC)]


def test_without_a_connection_nobody_is_called() -> None:
    with pytest.raises(NoLineError):
        Line().agent.dial(CALLEE, 40000, 0.0)


def test_a_line_that_is_leaving_calls_nobody(line: Line) -> None:
    line.agent.shut_down(line.now)
    with pytest.raises(NoLineError):
        line.agent.dial(CALLEE, 40000, line.now)


def test_there_are_only_so_many_calls(line: Line) -> None:
    for _ in range(MAX_CALLS):
        line.dial()
    with pytest.raises(TooManyCallsError):
        line.agent.dial(CALLEE, 40000, line.now)


# The answer


def test_an_answer_is_acknowledged_where_it_came_from(line: Line) -> None:
    call, asked = line.dial()
    assert line.receive(response(asked, 100), response(asked, 180)) == []
    (ack,) = line.receive(picked_up(asked, *ROUTES))
    assert ack.start == f"ACK {CALLEE_CONTACT} SIP/2.0"
    assert ack.all("Route") == ["<sip:p3;lr>", "<sip:p2;lr>", "<sip:p1;lr>"]
    assert (ack.get("CSeq"), ack.get("From"), ack.tag) == ("1 ACK", asked.get("From"), "srv")
    assert ack.get("Via") != asked.get("Via")
    agreed, changed = line.events()
    assert isinstance(agreed, MediaAgreed)
    assert agreed.agreement.remote == ("203.0.113.7", 50400)
    assert changed == CallChanged(replace(call, state=CallState.TALKING))


def test_a_repeated_answer_is_acknowledged_again(line: Line) -> None:
    _, asked = talk(line)
    assert methods(line.receive(picked_up(asked))) == ["ACK"]
    assert line.events() == []


def test_the_law_is_the_one_they_chose(line: Line) -> None:
    _, asked = line.dial()
    line.receive(picked_up(asked, body=BOTH_LAWS))
    agreed, _ = line.events()
    assert isinstance(agreed, MediaAgreed)
    assert (agreed.agreement.codec, agreed.agreement.payload_type) == (Codec.PCMA, 8)


@pytest.mark.parametrize("body", [b"", b"nonsense", NOTHING])
def test_an_answer_without_sound_is_hung_up(line: Line, body: bytes) -> None:
    call, asked = line.dial()
    ack, bye = line.receive(picked_up(asked, body=body))
    assert methods([ack, bye]) == ["ACK", "BYE"]
    assert line.events() == [ended(call, EndReason.NO_CODEC)]


def test_sound_before_the_answer_is_heard(line: Line) -> None:
    call, asked = line.dial()
    line.receive(picked_up(asked, status=183, body=EARLY))
    (early,) = line.events()
    assert isinstance(early, MediaAgreed)
    assert early.agreement.remote == ("203.0.113.9", 50600)
    assert line.agent.calls == [call]
    line.receive(picked_up(asked, status=183, body=EARLY), picked_up(asked, status=183, body=b"junk"))
    assert line.events() == []
    line.receive(picked_up(asked, body=EARLY))
    assert line.events() == [CallChanged(replace(call, state=CallState.TALKING))]


def test_what_was_described_early_need_not_be_described_again(line: Line) -> None:
    call, asked = line.dial()
    line.receive(picked_up(asked, status=183, body=EARLY))
    line.events()
    assert methods(line.receive(response(asked, 200))) == ["ACK"]
    assert line.events() == [CallChanged(replace(call, state=CallState.TALKING))]


def test_the_answer_may_move_the_sound(line: Line) -> None:
    _, asked = line.dial()
    line.receive(picked_up(asked, status=183, body=EARLY, tag="early"))
    line.events()
    line.receive(picked_up(asked))
    agreed, _ = line.events()
    assert isinstance(agreed, MediaAgreed)
    assert agreed.agreement.remote == ("203.0.113.7", 50400)


# Challenges


@pytest.mark.parametrize(
    ("status", "challenge", "proof"),
    [(401, WWW, "Authorization"), (407, PROXY, "Proxy-Authorization")],
)
def test_a_challenge_is_answered_once(
    line: Line, status: int, challenge: tuple[str, str], proof: str
) -> None:
    call, asked = line.dial()
    line.receive(response(asked, 100))
    ack, again = line.receive(response(asked, status, challenge))
    assert ack.start == f"ACK sip:{CALLEE}@{DOMAIN} SIP/2.0"
    assert (ack.get("Via"), ack.get("CSeq"), ack.tag) == (asked.get("Via"), "1 ACK", "srv")
    assert again.start == asked.start
    assert (again.get("CSeq"), again.get("Call-ID"), again.get("From")) == (
        "2 INVITE",
        asked.get("Call-ID"),
        asked.get("From"),
    )
    assert (again.body, again.tag) == (asked.body, "")
    assert again.get(proof).startswith("Digest ")
    assert methods(line.receive(response(again, status, challenge))) == ["ACK"]
    assert line.events() == [ended(call, EndReason.REFUSED)]


def test_a_stale_challenge_is_answered_again_and_the_ack_has_the_proof(line: Line) -> None:
    _, asked = line.dial()
    _, second = line.receive(response(asked, 401, WWW))
    _, third = line.receive(response(second, 401, STALE))
    assert 'nonce="m"' in third.get("Authorization")
    (ack,) = line.receive(picked_up(third))
    assert (ack.get("CSeq"), ack.get("Authorization")) == ("3 ACK", third.get("Authorization"))


# Session timers


def test_a_proxy_that_wants_longer_sessions_is_obeyed_once(line: Line) -> None:
    call, asked = line.dial()
    ack, again = line.receive(response(asked, 422, ("Min-SE", "3600")))
    assert methods([ack]) == ["ACK"]
    assert (again.get("Session-Expires"), again.get("Min-SE"), again.get("CSeq")) == (
        "3600",
        "3600",
        "2 INVITE",
    )
    assert methods(line.receive(response(again, 422, ("Min-SE", "7200")))) == ["ACK"]
    assert line.events() == [ended(call, EndReason.REFUSED)]


def test_a_422_that_asks_for_nothing_ends_the_call(line: Line) -> None:
    call, asked = line.dial()
    assert methods(line.receive(response(asked, 422))) == ["ACK"]
    assert line.events() == [ended(call, EndReason.REFUSED)]


@pytest.mark.parametrize(("refresher", "sent"), [("uac", ["INVITE"]), ("uas", [])])
def test_the_session_is_refreshed_by_who_should(line: Line, refresher: str, sent: list[str]) -> None:
    talk(line, ("Session-Expires", f"200;refresher={refresher}"), ("Require", "timer"))
    assert [name for name in methods(line.advance(101)) if name != "REGISTER"] == sent


def test_a_session_that_nobody_refreshes_ends(line: Line) -> None:
    call, _ = talk(line, ("Session-Expires", "200;refresher=uas"))
    assert "BYE" in methods(line.advance(170))
    assert line.end_of(line.events()).call.call_id == call.call_id


# No


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (302, EndReason.REFUSED),
        (400, EndReason.REFUSED),
        (403, EndReason.REFUSED),
        (404, EndReason.UNKNOWN_NUMBER),
        (408, EndReason.NO_ANSWER),
        (410, EndReason.UNKNOWN_NUMBER),
        (415, EndReason.NO_CODEC),
        (480, EndReason.NO_ANSWER),
        (484, EndReason.UNKNOWN_NUMBER),
        (486, EndReason.BUSY),
        (487, EndReason.NO_ANSWER),
        (488, EndReason.NO_CODEC),
        (500, EndReason.REFUSED),
        (503, EndReason.REFUSED),
        (600, EndReason.BUSY),
        (603, EndReason.DECLINED),
        (604, EndReason.UNKNOWN_NUMBER),
        (606, EndReason.NO_CODEC),
        (607, EndReason.DECLINED),
    ],
)
def test_a_no_is_acknowledged_and_says_why(line: Line, status: int, reason: EndReason) -> None:
    call, asked = line.dial()
    line.receive(response(asked, 180))
    (ack,) = line.receive(response(asked, status, ("Contact", "<sip:elsewhere@x>")))
    assert methods([ack]) == ["ACK"]
    assert ack.get("Via") == asked.get("Via")
    assert line.events() == [ended(call, reason)]
    assert line.agent.calls == []
    assert line.agent.quiet


def test_a_server_that_says_nothing_is_not_waited_for(line: Line) -> None:
    call, _ = line.dial()
    assert methods(line.advance(32)) == []
    assert line.events() == [ended(call, EndReason.NETWORK_ERROR)]


def test_a_proxy_and_who_is_behind_it_may_both_ask_who_we_are(line: Line) -> None:
    call, asked = line.dial()
    _, proven = line.receive(response(asked, 407, PROXY))
    _, both = line.receive(response(proven, 401, WWW))
    assert both.get("Proxy-Authorization") == proven.get("Proxy-Authorization")
    assert 'realm="r"' in both.get("Authorization")
    assert methods(line.receive(response(both, 407, PROXY))) == ["ACK"]
    assert line.events() == [ended(call, EndReason.REFUSED)]


# Taking it back


def test_hanging_up_takes_the_call_back(line: Line) -> None:
    call, asked = line.dial()
    line.receive(response(asked, 180))
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    (cancel,) = line.sent()
    assert cancel.start == f"CANCEL sip:{CALLEE}@{DOMAIN} SIP/2.0"
    for name in ("Via", "From", "To", "Call-ID", "Max-Forwards"):
        assert cancel.get(name) == asked.get(name)
    assert cancel.get("CSeq") == "1 CANCEL"
    assert line.events() == [ended(call, EndReason.LOCAL_HANGUP)]
    owed = not line.agent.quiet
    assert owed
    assert line.receive(response(cancel, 200)) == []
    assert methods(line.receive(response(asked, 487))) == ["ACK"]
    assert line.agent.quiet
    assert line.events() == []


def test_what_nobody_has_heard_of_is_taken_back_once_they_have(line: Line) -> None:
    call, asked = line.dial()
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    assert line.sent() == []
    assert methods(line.receive(response(asked, 100))) == ["CANCEL"]
    assert line.receive(picked_up(asked, status=183, body=EARLY)) == []
    assert line.events() == [ended(call, EndReason.LOCAL_HANGUP)]


def test_a_challenge_to_what_is_taken_back_is_not_answered(line: Line) -> None:
    call, asked = line.dial()
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    assert methods(line.receive(response(asked, 401, WWW))) == ["ACK"]
    assert line.agent.quiet


def test_a_challenged_cancel_is_left_alone(line: Line) -> None:
    call, asked = line.dial()
    line.receive(response(asked, 180))
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    (cancel,) = line.sent()
    assert line.receive(response(cancel, 401, WWW)) == []


def test_an_answer_that_crosses_the_cancel_is_hung_up(line: Line) -> None:
    call, asked = line.dial()
    line.receive(response(asked, 180))
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    (cancel,) = line.sent()
    ack, bye = line.receive(picked_up(asked), response(cancel, 481))
    assert methods([ack, bye]) == ["ACK", "BYE"]
    assert (bye.get("CSeq"), bye.tag) == ("2 BYE", "srv")
    assert line.receive(response(bye, 200)) == []
    assert line.events() == [ended(call, EndReason.LOCAL_HANGUP)]


def test_nobody_lets_it_ring_for_ever(line: Line) -> None:
    call, asked = line.dial(ring_for=60)
    line.receive(response(asked, 180))
    assert methods(line.advance(59.9)) == []
    assert methods(line.advance(0.1)) == ["CANCEL"]
    assert line.events() == [ended(call, EndReason.NO_ANSWER)]


@pytest.mark.parametrize("late", [picked_up, lambda asked: response(asked, 180)])
def test_a_server_that_does_not_hear_the_cancel_is_not_waited_for(
    line: Line, late: Callable[[Wire], bytes]
) -> None:
    call, asked = line.dial(ring_for=10)
    line.receive(response(asked, 180))
    line.advance(20)
    line.receive(late(asked))
    line.advance(64)
    assert line.agent._calls == {}
    assert line.events() == [ended(call, EndReason.NO_ANSWER)]


def test_shutting_down_takes_calls_back(line: Line) -> None:
    call, asked = line.dial()
    line.receive(response(asked, 180))
    line.agent.shut_down(line.now)
    assert methods(line.sent()) == ["CANCEL", "REGISTER"]
    assert line.events() == [ended(call, EndReason.LOCAL_HANGUP)]


# Several who answer


def test_the_numbers_of_who_did_not_get_the_call_do_not_count(line: Line) -> None:
    _, asked = line.dial()
    line.receive(response(asked, 180, tag="one"), response(asked, 180, tag="two"))
    assert statuses(line.receive(asked_back(asked, "OPTIONS", cseq=900, tag="one"))) == [200]
    line.receive(picked_up(asked, tag="two"))
    assert statuses(line.receive(asked_back(asked, "BYE", cseq=7, tag="two"))) == [200]
    assert line.agent.calls == []


def test_who_answers_after_the_end_is_hung_up_and_waited_for(line: Line) -> None:
    _, asked = line.dial()
    line.receive(response(asked, 486))
    line.advance(20)
    line.receive(picked_up(asked, tag="late"))
    quiet = [line.agent.quiet]
    for seconds in (31, 60):
        line.advance(seconds)
        quiet.append(line.agent.quiet)
    assert quiet == [False, False, True]
    assert line.agent._calls == {}


def test_another_who_answers_is_hung_up_with_the_credentials_in_force(line: Line) -> None:
    _, asked = talk(line)
    line.agent.change_account(replace(ACCOUNT, authorization_id="620", password="new"), line.now)
    line.sent()
    _, bye = line.receive(picked_up(asked, tag="other"))
    (proof,) = line.receive(response(bye, 401, WWW))
    assert 'username="620"' in proof.get("Authorization")


def test_the_first_who_answers_has_the_call_and_the_others_are_hung_up(line: Line) -> None:
    call, asked = line.dial()
    line.receive(response(asked, 180, tag="one"), response(asked, 180, tag="two"))
    (ack,) = line.receive(picked_up(asked, tag="two"))
    assert ack.tag == "two"
    line.events()
    ack, bye = line.receive(picked_up(asked, ("Record-Route", "<sip:p;lr>"), tag="one"))
    assert methods([ack, bye]) == ["ACK", "BYE"]
    assert [(one.tag, one.all("Route")) for one in (ack, bye)] == [("one", ["<sip:p;lr>"])] * 2
    (again,) = line.receive(picked_up(asked, tag="one"))
    assert (methods([again]), again.tag) == (["ACK"], "one")
    (proven,) = line.receive(response(bye, 401, WWW))
    assert proven.get("Authorization")
    assert line.receive(response(proven, 200)) == []
    assert line.events() == []
    assert line.agent.calls == [replace(call, state=CallState.TALKING)]
    line.advance(40)
    assert line.agent.calls == [replace(call, state=CallState.TALKING)]


def test_who_answers_after_the_call_failed_is_hung_up(line: Line) -> None:
    _, asked = line.dial()
    line.receive(response(asked, 486))
    assert methods(line.receive(picked_up(asked, tag="late"))) == ["ACK", "BYE"]


def test_a_flood_of_answers_is_not_followed(line: Line) -> None:
    _, asked = talk(line)
    for number in range(MAX_BRANCHES):
        assert len(line.receive(picked_up(asked, tag=f"other{number}"))) == 2
    assert line.receive(picked_up(asked, tag="one too many")) == []


# Talking


def test_hanging_up_says_bye(line: Line) -> None:
    call, _ = talk(line)
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    (bye,) = line.sent()
    assert bye.start == f"BYE {CALLEE_CONTACT} SIP/2.0"
    assert line.end_of(line.events()).reason is EndReason.LOCAL_HANGUP


def test_they_may_hang_up_also_while_we_do(line: Line) -> None:
    call, asked = talk(line)
    assert statuses(line.receive(asked_back(asked, "BYE"))) == [200]
    assert line.end_of(line.events()).reason is EndReason.REMOTE_HANGUP
    call, asked = talk(line)
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    line.sent()
    assert statuses(line.receive(asked_back(asked, "BYE"))) == [200]
    assert len([event for event in line.events() if isinstance(event, CallEnded)]) == 1


def test_they_may_hold_and_resume(line: Line) -> None:
    call, asked = talk(line)
    for cseq, attribute, state, hold in (
        (7, "sendonly", CallState.ON_HOLD, Hold.REMOTE),
        (8, "sendrecv", CallState.TALKING, None),
    ):
        offer = sdp_offer(attributes=(attribute,))
        (ok,) = line.receive(asked_back(asked, "INVITE", body=offer, cseq=cseq))
        assert ok.status == 200
        assert line.receive(asked_back(asked, "ACK", cseq=cseq)) == []
        assert line.agent.calls == [replace(call, state=state, hold=hold)]


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("UPDATE", b"", 200),
        ("UPDATE", OFFER, 491),
        ("INVITE", OFFER, 491),
        ("INFO", b"", 200),
        ("OPTIONS", b"", 200),
        ("REFER", b"", 405),
    ],
)
@pytest.mark.parametrize("heard", [True, False])
def test_what_they_ask_before_they_answer(
    line: Line, method: str, body: bytes, status: int, heard: bool
) -> None:
    _, asked = line.dial()
    line.receive(*[response(asked, 180)] * heard)
    assert statuses(line.receive(asked_back(asked, method, body=body))) == [status]
    assert line.events() == []


def test_a_bye_before_the_answer_ends_the_call(line: Line) -> None:
    call, asked = line.dial()
    line.receive(response(asked, 180))
    ok, cancel = line.receive(asked_back(asked, "BYE"))
    assert (ok.status, methods([cancel])) == (200, ["CANCEL"])
    assert line.events() == [ended(call, EndReason.REMOTE_HANGUP)]


def test_a_bye_of_one_who_rings_leaves_the_others_ringing(line: Line) -> None:
    call, asked = line.dial()
    line.receive(response(asked, 100), response(asked, 180, tag="one"), response(asked, 180, tag="two"))
    assert statuses(line.receive(asked_back(asked, "BYE", tag="one"))) == [200]
    assert line.agent.calls == [call]
    assert methods(line.receive(picked_up(asked, tag="two"))) == ["ACK"]


def test_a_bye_of_the_last_who_rings_ends_the_call(line: Line) -> None:
    _, asked = line.dial()
    line.receive(*[response(asked, 180, tag=f"t{number}") for number in range(MAX_BRANCHES + 1)])
    for number in range(MAX_BRANCHES):
        assert line.agent.calls
        line.receive(asked_back(asked, "BYE", tag=f"t{number}", cseq=number + 1))
    assert line.end_of(line.events()).reason is EndReason.REMOTE_HANGUP


def test_a_cancel_or_a_stray_ack_concerns_no_call_of_ours(line: Line) -> None:
    call, asked = line.dial()
    assert statuses(line.receive(asked_back(asked, "CANCEL"))) == [481]
    assert line.receive(asked_back(asked, "ACK")) == []
    assert line.agent.calls == [call]


def test_an_outgoing_call_cannot_be_answered_here_and_disturbs_no_incoming_one(line: Line) -> None:
    call, _ = line.dial()
    with pytest.raises(LookupError):
        line.agent.answer(call.call_id, 40002, line.now)
    assert statuses(line.receive(invite())) == [100, 180]
    told = b'<Msg><Hdr SID="" Cmd="7"/><Bdy Cln="802398808016"/></Msg>'
    assert statuses(line.receive(request("MESSAGE", body=told))) == [487, 200]
    assert line.agent.calls == [call]


# Without a connection


@pytest.mark.parametrize("heard", [True, False])
def test_a_lost_connection_ends_what_rings(line: Line, heard: bool) -> None:
    call, asked = line.dial()
    line.receive(*[response(asked, 180)] * heard)
    line.agent.disconnected(line.now)
    assert line.events() == [ended(call, EndReason.NETWORK_ERROR)]
    assert line.agent._calls.keys() <= {call.call_id}
    assert methods(line.reconnect()) == ["CANCEL"] * heard


def lost_while_it_rings(line: Line) -> tuple[Call, Wire]:
    call, asked = line.dial()
    line.receive(response(asked, 180))
    line.agent.disconnected(line.now)
    line.events()
    return call, asked


def test_what_rings_on_is_taken_back_over_the_next_connection(line: Line) -> None:
    _, asked = lost_while_it_rings(line)
    (cancel,) = line.reconnect()
    assert cancel.start == asked.start.replace("INVITE", "CANCEL")
    assert [cancel.get(name) for name in ("Via", "From", "To", "Call-ID")] == [
        asked.get(name) for name in ("Via", "From", "To", "Call-ID")
    ]
    assert cancel.get("CSeq") == "1 CANCEL"
    assert methods(line.receive(response(cancel, 200), response(asked, 487))) == ["ACK"]
    assert line.agent.quiet
    assert line.agent.calls == []


def test_what_was_answered_meanwhile_is_hung_up(line: Line) -> None:
    _, asked = lost_while_it_rings(line)
    (cancel,) = line.reconnect()
    line.receive(response(cancel, 481))
    assert methods(line.receive(picked_up(asked))) == ["ACK", "BYE"]


def test_a_call_taken_back_is_taken_back_again_over_the_next_connection(line: Line) -> None:
    call, asked = line.dial()
    line.receive(response(asked, 180))
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    assert methods(line.sent()) == ["CANCEL"]
    line.agent.disconnected(line.now)
    assert methods(line.reconnect()) == ["CANCEL"]


def test_another_server_knows_nothing_of_what_rings(line: Line) -> None:
    lost_while_it_rings(line)
    line.flow = replace(line.flow, proxy=Proxy("other.example.com", 5090))
    assert line.receive(response(line.connect(), 200, ("Expires", "600"))) == []
    assert line.agent.quiet


def test_what_rings_on_is_forgotten_when_it_can_ring_no_longer(line: Line) -> None:
    lost_while_it_rings(line)
    line.advance(RING_TIMEOUT - 1)
    assert line.agent._calls
    line.advance(2)
    assert line.agent._calls == {}
    assert line.reconnect() == []


def test_a_call_outlives_its_connection(line: Line) -> None:
    call, asked = talk(line)
    line.agent.disconnected(line.now)
    assert line.agent.calls == [replace(call, state=CallState.TALKING)]
    (again,) = line.reconnect(62999)
    assert again.start == f"INVITE {CALLEE_CONTACT} SIP/2.0"
    assert (again.body, again.tag) == (asked.body, "srv")
    assert ":62999" in again.get("Contact")
    assert methods(line.receive(picked_up(again))) == ["ACK"]
    assert line.agent.calls == [replace(call, state=CallState.TALKING)]


def test_a_lost_connection_takes_the_others_who_answered_along(line: Line) -> None:
    _, asked = talk(line)
    line.receive(picked_up(asked, tag="other"))
    line.agent.disconnected(line.now)
    assert methods(line.reconnect()) == ["INVITE"]


# Asking the server


def test_the_server_can_be_asked_at_once(line: Line) -> None:
    assert line.agent.check(line.now)
    (register,) = line.sent()
    assert methods([register]) == ["REGISTER"]
    assert not line.agent.check(line.now)
    line.now += 0.25
    line.receive(response(register, 200, ("Expires", "600")))
    (registered,) = line.events()
    assert registered.round_trip_ms == pytest.approx(250)  # type: ignore[union-attr]


def test_without_a_registration_nothing_is_asked() -> None:
    line = Line()
    assert not line.agent.check(0.0)
    line.connect()
    assert not line.agent.check(0.0)
