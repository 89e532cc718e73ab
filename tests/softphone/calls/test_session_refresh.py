"""Calls whose connection is lost, and INVITEs of ours."""

import pytest

from custom_components.ringcentral.softphone.account import Flow
from custom_components.ringcentral.softphone.calls.session_refresh import (
    FAILURE_PAUSE,
    GIVE_UP,
    GLARE_PAUSE,
    LONGEST_PAUSE,
    OWNER_GLARE_PAUSE,
)
from custom_components.ringcentral.softphone.events import (
    CallChanged,
    CallEnded,
    CallState,
    EndReason,
    MediaAgreed,
    Outcome,
)
from custom_components.ringcentral.softphone.media.srtp import MasterKey, Suite
from custom_components.ringcentral.softphone.sdes import Crypto
from tests.softphone.builders import (
    CONTACT,
    OFFER,
    Fields,
    Line,
    Wire,
    invite,
    picked_up,
    request,
    response,
    sdp_offer,
)

ANSWER = sdp_offer("m=audio 50400 RTP/AVP 0 101")


@pytest.fixture
def line() -> Line:
    return Line().register()


def lose(line: Line) -> str:
    """Lose the connection in mid-call; return our tag of the call."""
    _, tag = line.talk()
    line.agent.disconnected(line.now)
    assert line.events() == []
    return tag


def invited(line: Line) -> tuple[Wire, str]:
    """Lose the connection in mid-call and come back; return our INVITE, and our tag of the call."""
    tag = lose(line)
    (again,) = line.reconnect()
    line.events()
    return again, tag


def serve(line: Line, seconds: float, status: int = 0) -> list[Wire]:
    """Let time pass, the registration kept and our INVITEs answered with a status; return what the calls asked."""
    asked: list[Wire] = []
    end = line.now + seconds
    while line.now < end:
        for wire in line.advance(min(1.0, end - line.now)):
            if wire.method == "REGISTER":
                line.receive(response(wire, 200, ("Expires", "600")))
            elif wire.method == "INVITE" and status:
                line.receive(response(wire, status))
            asked += [wire] if wire.method != "REGISTER" else []
    return asked


def test_who_talks_talks_on_and_the_server_is_told_where(line: Line) -> None:
    call, tag = line.ring()
    ok = line.answer(call)
    line.receive(request("ACK", to_tag=tag))
    line.events()
    line.agent.disconnected(line.now)
    assert [one.state for one in line.agent.calls] == [CallState.TALKING]
    (again,) = line.reconnect()
    assert again.start == f"INVITE {CONTACT} SIP/2.0"
    assert again.get("Via").startswith("SIP/2.0/TCP 192.168.42.15:62932;")
    assert "@192.168.42.15:62932;" in again.get("Contact")
    assert (again.body, again.get("Content-Type")) == (ok.body, "application/sdp")
    assert (again.get("Supported"), again.all("Session-Expires")) == ("timer", [])
    assert (again.get("CSeq"), again.get("From").endswith(f";tag={tag}")) == ("1 INVITE", True)
    line.events()
    (ack,) = line.receive(response(again, 100), response(again, 200, ("Contact", "<sip:new@x>"), body=ANSWER))
    assert (ack.start, ack.get("CSeq")) == ("ACK sip:new@x SIP/2.0", "1 ACK")
    assert ack.get("Via") != again.get("Via")
    assert line.events() == []
    (bye,) = bye_of(line, tag)
    assert bye.status == 200
    assert line.end_of(line.events()).reason is EndReason.REMOTE_HANGUP


def test_at_another_address_the_sound_is_asked_for_there(line: Line) -> None:
    call, tag = line.ring()
    before = line.answer(call).sdp
    line.receive(request("ACK", to_tag=tag))
    line.agent.disconnected(line.now)
    for host, version in (("192.0.2.77", 2), ("192.0.2.77", 2), ("192.168.42.15", 3)):
        line.flow = Flow(host, 62931)
        (again,) = line.reconnect()
        session = before[1].split(" ")[1]
        assert again.sdp[1] == f"o=- {session} {version} IN IP4 192.168.42.15"
        assert again.sdp[3] == f"c=IN IP4 {host}"
        assert again.sdp[4:] == before[4:]
        line.receive(response(again, 200, body=ANSWER))
        line.agent.disconnected(line.now)


def test_what_rings_on_is_answered_at_the_new_address(line: Line) -> None:
    call, _ = line.ring()
    line.flow = Flow("192.0.2.77", 62931)
    line.connect()
    assert line.answer(call).sdp[3] == "c=IN IP4 192.0.2.77"


def test_where_signalling_is_ipv6_the_sound_is_ipv4_all_the_same() -> None:
    line = Line(flow=Flow("2001:db8::15", 62931, ipv4="192.168.42.15")).register()
    call, _ = line.ring()
    answer = line.answer(call)
    assert answer.sdp[3] == "c=IN IP4 192.168.42.15"
    assert "@[2001:db8::15]:62931;" in answer.get("Contact")


def test_a_key_that_changed_meanwhile_is_taken_whatever_tag_our_answer_had(line: Line) -> None:
    theirs, fresh = (MasterKey(Suite.AES_CM_128_HMAC_SHA1_80, key * 30) for key in (b"1", b"2"))
    first, second = (
        sdp_offer("m=audio 50400 RTP/SAVP 0", attributes=(Crypto(7, key).attribute(),))
        for key in (theirs, fresh)
    )
    line.talk(invite(first))
    line.agent.disconnected(line.now)
    (again,) = line.reconnect()
    line.events()
    line.receive(response(again, 200, body=second))
    (agreed,) = line.events()
    assert isinstance(agreed, MediaAgreed)
    assert agreed.agreement.srtp is not None
    assert agreed.agreement.srtp.theirs == fresh


def test_who_placed_the_call_waits_longer_when_two_invites_meet(line: Line) -> None:
    _, asked = line.dial()
    line.receive(picked_up(asked))
    line.agent.disconnected(line.now)
    (again,) = line.reconnect()
    line.receive(response(again, 491))
    shortest, longest = OWNER_GLARE_PAUSE
    assert line.advance(shortest - 0.01) == []
    assert [wire.method for wire in line.advance(longest - shortest + 0.02)] == ["INVITE"]


def bye_of(line: Line, tag: str) -> list[Wire]:
    return line.receive(request("BYE", to_tag=tag, cseq=31290))


def test_a_repeated_success_is_acknowledged_again(line: Line) -> None:
    again, _ = invited(line)
    (ack,) = line.receive(response(again, 200))
    assert line.receive(response(again, 200)) == [ack]
    assert line.receive(response(again, 500)) == []
    line.agent.disconnected(line.now)
    (other,) = line.reconnect()
    assert line.receive(response(again, 200)) == []
    line.receive(response(other, 200))
    assert line.receive(response(again, 200)) == []


def test_an_answer_that_changes_something_is_followed(line: Line) -> None:
    again, _ = invited(line)
    line.receive(response(again, 200, body=sdp_offer("m=audio 50402 RTP/AVP 0", attributes=("sendonly",))))
    agreed, changed = line.events()
    assert isinstance(agreed, MediaAgreed)
    assert isinstance(changed, CallChanged)
    assert agreed.agreement.remote == ("203.0.113.7", 50402)
    assert changed.call.state is CallState.ON_HOLD


@pytest.mark.parametrize("body", [b"gibberish", sdp_offer("m=audio 0 RTP/AVP 0")])
def test_an_answer_that_says_nothing_changes_nothing(line: Line, body: bytes) -> None:
    again, _ = invited(line)
    line.receive(response(again, 200, body=body))
    assert line.events() == []
    assert len(line.agent.calls) == 1


def test_an_answer_whose_acknowledgement_was_lost_is_repaired(line: Line) -> None:
    call, tag = line.ring()
    line.answer(call)
    line.agent.disconnected(line.now)
    assert line.advance(200) == []
    (again,) = line.reconnect()
    line.receive(response(again, 200))
    assert line.receive(request("ACK", to_tag=tag)) == []
    assert len(line.agent.calls) == 1


@pytest.mark.parametrize(("status", "byes"), [(481, 0), (408, 1)])
def test_a_dialog_that_is_gone_is_a_call_that_is_over(line: Line, status: int, byes: int) -> None:
    again, _ = invited(line)
    ack, *rest = line.receive(response(again, status))
    assert (ack.get("Via"), ack.get("CSeq"), ack.tag) == (again.get("Via"), "1 ACK", again.tag)
    assert [wire.method for wire in rest] == ["BYE"] * byes
    ended = line.end_of(line.events())
    assert (ended.outcome, ended.reason) == (Outcome.ENDED, EndReason.NETWORK_ERROR)


def test_an_invite_that_nobody_answers_is_tried_again_and_not_for_ever(line: Line) -> None:
    again, _ = invited(line)
    line.receive(response(again, 180))
    assert serve(line, 32 + FAILURE_PAUSE - 0.1) == []
    (other,) = serve(line, 0.1)
    assert (other.get("CSeq"), other.body) == ("2 INVITE", again.body)
    asked = serve(line, GIVE_UP - 32 - FAILURE_PAUSE - 0.1)
    assert {wire.method for wire in asked} == {"INVITE"}
    assert len(line.agent.calls) == 1
    (bye,) = serve(line, 0.1)
    assert bye.method == "BYE"
    assert line.end_of(line.events()).reason is EndReason.NETWORK_ERROR
    # What comes now changes nothing; and nothing is left of it.
    line.receive(response(other, 200), response(bye, 481))
    line.events()
    assert serve(line, 64) == []
    assert not [event for event in line.events() if isinstance(event, CallEnded)]
    assert line.agent._calls == {}


def test_a_connection_that_is_dead_at_once_costs_no_call(line: Line) -> None:
    again, _ = invited(line)
    assert serve(line, 35) == []
    line.agent.disconnected(line.now)
    (other,) = line.reconnect()
    assert (other.method, other.body) == ("INVITE", again.body)
    line.receive(response(other, 200, body=ANSWER))
    assert [call.state for call in line.agent.calls] == [CallState.TALKING]


def test_an_answer_after_the_end_is_acknowledged_and_no_more(line: Line) -> None:
    again, tag = invited(line)
    bye_of(line, tag)
    line.events()
    (ack,) = line.receive(response(again, 200, body=ANSWER))
    assert (ack.method, line.events()) == ("ACK", [])


@pytest.mark.parametrize(
    ("status", "headers", "soonest", "latest"),
    [
        (491, (), *GLARE_PAUSE),
        (491, (("Retry-After", "20"),), *GLARE_PAUSE),
        (500, (), FAILURE_PAUSE, FAILURE_PAUSE),
        (503, (("Retry-After", "20 (later);duration=1"),), 20, 20),
        (503, (("Retry-After", "0"),), 1, 1),
        (503, (("Retry-After", "99999"),), LONGEST_PAUSE, LONGEST_PAUSE),
        (503, (("Retry-After", "soon"),), FAILURE_PAUSE, FAILURE_PAUSE),
        (503, (("Retry-After", "9" * 99),), FAILURE_PAUSE, FAILURE_PAUSE),
        (422, (("Min-SE", "100"),), FAILURE_PAUSE, FAILURE_PAUSE),
    ],
)
def test_another_failure_is_tried_again(
    line: Line, status: int, headers: Fields, soonest: float, latest: float
) -> None:
    again, _ = invited(line)
    (ack,) = line.receive(response(again, status, *headers))
    assert ack.method == "ACK"
    assert serve(line, soonest - 0.01) == []
    sent = line.advance(latest - soonest + 0.02)
    (other,) = [request for request in sent if request.method != "REGISTER"]
    assert (other.get("CSeq"), other.body) == ("2 INVITE", again.body)
    assert other.get("Via") != again.get("Via")
    line.receive(response(other, 200))
    assert serve(line, 80) == []
    assert len(line.agent.calls) == 1


def test_a_server_that_only_fails_is_given_up_five_minutes_after_the_line_is_back(line: Line) -> None:
    again, _ = invited(line)
    line.receive(response(again, 500))
    asked = serve(line, GIVE_UP - 1, 500)
    assert len(asked) == GIVE_UP / FAILURE_PAUSE - 1
    assert len(line.agent.calls) == 1
    (bye,) = serve(line, 1)
    assert bye.method == "BYE"
    assert line.agent.calls == []


def test_without_a_connection_the_call_ends_after_five_minutes(line: Line) -> None:
    lose(line)
    line.advance(GIVE_UP - 1)
    assert line.events() == []
    line.advance(1)
    assert line.end_of(line.events()).reason is EndReason.NETWORK_ERROR
    # The farewell is still owed, for as long again.
    (bye,) = line.reconnect()
    assert bye.method == "BYE"


def test_a_farewell_that_cannot_be_said_is_forgotten(line: Line) -> None:
    lose(line)
    line.agent.hang_up(line.agent.calls[0].call_id, EndReason.LOCAL_HANGUP, line.now)
    assert not line.agent.quiet
    line.advance(GIVE_UP)
    assert line.agent._calls == {}
    assert line.agent.next_deadline is None


def test_hanging_up_meanwhile_is_done_at_once_and_said_when_the_line_is_back(line: Line) -> None:
    lose(line)
    line.agent.hang_up(line.agent.calls[0].call_id, EndReason.LOCAL_HANGUP, line.now)
    assert line.end_of(line.events()).reason is EndReason.LOCAL_HANGUP
    register = line.connect()
    assert line.sent() == []
    (bye,) = line.receive(response(register, 200, ("Expires", "600")))
    assert bye.method == "BYE"
    assert "192.168.42.15:62931" in bye.get("Via")
    assert line.receive(response(bye, 200)) == []
    line.advance(32)
    assert line.agent._calls == {}


def test_a_farewell_that_may_be_lost_is_said_again(line: Line) -> None:
    call, _ = line.talk()
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    (bye,) = line.sent()
    line.agent.disconnected(line.now)
    (again,) = line.reconnect()
    assert (bye.get("CSeq"), again.get("CSeq")) == ("1 BYE", "2 BYE")
    line.receive(response(again, 481))
    line.agent.disconnected(line.now)
    assert line.agent._calls == {}


def test_a_farewell_that_nobody_answers_is_said_again_should_the_connection_prove_dead(line: Line) -> None:
    call, _ = line.talk()
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    (bye,) = line.sent()
    serve(line, 45)
    line.agent.disconnected(line.now)
    (again,) = line.reconnect()
    assert (bye.get("CSeq"), again.get("CSeq")) == ("1 BYE", "2 BYE")
    serve(line, 65)
    assert line.agent.quiet
    assert line.agent._calls == {}


def test_a_line_that_is_back_at_the_last_moment_keeps_the_call(line: Line) -> None:
    lose(line)
    line.advance(GIVE_UP - 1)
    (again,) = line.reconnect()
    assert serve(line, 20) == []
    assert line.receive(response(again, 200, body=ANSWER))[0].method == "ACK"
    serve(line, GIVE_UP)
    assert [call.state for call in line.agent.calls] == [CallState.TALKING]


def test_a_second_loss_begins_the_five_minutes_where_the_line_was_back(line: Line) -> None:
    invited(line)
    line.agent.disconnected(line.now)
    line.advance(GIVE_UP - 1)
    assert [wire.method for wire in line.reconnect()] == ["INVITE"]
    line.now += 2
    line.agent.disconnected(line.now)
    line.advance(GIVE_UP - 3)
    assert len(line.agent.calls) == 1
    line.advance(1)
    assert line.agent.calls == []


def test_a_refreshed_registration_asks_nothing_again(line: Line) -> None:
    again, _ = invited(line)
    line.receive(response(again, 200))
    (register,) = line.advance(90)
    assert line.receive(response(register, 200, ("Expires", "600"))) == []


def test_two_invites_that_meet_are_both_refused(line: Line) -> None:
    again, tag = invited(line)
    for cseq, method in enumerate(("INVITE", "UPDATE"), 31269):
        (refused,) = line.receive(request(method, to_tag=tag, cseq=cseq, body=OFFER))
        assert refused.status == 491
    line.receive(response(again, 491))
    theirs = line.receive(request("INVITE", to_tag=tag, cseq=31271, body=OFFER))
    assert [wire.status for wire in theirs] == [200]
    # Ours has to wait until theirs is acknowledged.
    assert all(wire.status == 200 for wire in line.advance(4))
    line.receive(request("ACK", to_tag=tag, cseq=31271))
    (ours,) = line.advance(0.5)
    assert ours.method == "INVITE"


# Challenges

CHALLENGE = 'Digest realm="sip.ringcentral.com", nonce="n1"'


@pytest.mark.parametrize(
    ("status", "asked_in", "answered_in"),
    [(401, "WWW-Authenticate", "Authorization"), (407, "Proxy-Authenticate", "Proxy-Authorization")],
)
def test_a_challenge_is_answered(line: Line, status: int, asked_in: str, answered_in: str) -> None:
    again, _ = invited(line)
    ack, other = line.receive(response(again, status, (asked_in, CHALLENGE)))
    assert (ack.method, other.get("CSeq"), other.body) == ("ACK", "2 INVITE", again.body)
    assert f'uri="{CONTACT}"' in other.get(answered_in)
    (acknowledged,) = line.receive(response(other, 200))
    assert acknowledged.get(answered_in) == other.get(answered_in)


def test_a_farewell_is_challenged_too(line: Line) -> None:
    call, _ = line.talk()
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    (bye,) = line.sent()
    (again,) = line.receive(response(bye, 407, ("Proxy-Authenticate", CHALLENGE)))
    assert (again.get("CSeq"), again.all("Proxy-Authorization") != []) == ("2 BYE", True)
    assert line.receive(response(again, 407, ("Proxy-Authenticate", CHALLENGE))) == []


def test_a_stale_nonce_is_answered_but_not_for_ever(line: Line) -> None:
    call, _ = line.talk()
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    asked, sent = 0, line.sent()
    while sent:
        asked += 1
        sent = line.receive(response(sent[0], 401, ("WWW-Authenticate", f"{CHALLENGE}, stale=true")))
    assert asked == 4


def test_a_challenge_that_cannot_be_answered_is_a_failure(line: Line) -> None:
    again, _ = invited(line)
    assert [wire.method for wire in line.receive(response(again, 401))] == ["ACK"]
    assert [wire.method for wire in line.advance(FAILURE_PAUSE)] == ["INVITE"]


def test_several_calls_find_their_answers(line: Line) -> None:
    first = [line.talk(invite(call_id=one, branch=f"z9hG4bK{one}"), ack_of(one)) for one in "ab"]
    line.agent.disconnected(line.now)
    one, other = line.reconnect()
    line.events()
    line.receive(response(other, 481))
    assert line.end_of(line.events()).call.call_id == first[1][0].call_id
    (ack,) = line.receive(response(one, 200))
    assert ack.get("Call-ID") == "a"
    assert not [event for event in line.events() if isinstance(event, CallEnded)]


def ack_of(call_id: str) -> bytes:
    return request("ACK", call_id=call_id)
