"""Calls from their INVITE to their acknowledged answer, seen from the wire."""

import pytest

from custom_components.ringcentral.softphone.calls.call import UnknownCallError
from custom_components.ringcentral.softphone.events import (
    CallChanged,
    CallEnded,
    EndReason,
    MediaAgreed,
    Outcome,
)
from custom_components.ringcentral.softphone.party import Party
from custom_components.ringcentral.softphone.transactions.server_transaction import ACK_TIMEOUT
from tests.softphone.builders import (
    BRANCH,
    CALLER,
    COMPLETED,
    CONTACT,
    OFFER,
    Fields,
    Line,
    invite,
    media_line,
    request,
    sdp_offer,
    statuses,
)


@pytest.fixture
def line() -> Line:
    return Line().register()


# Ringing


def test_an_invite_rings(line: Line) -> None:
    routes: Fields = (("Via", "SIP/2.0/TCP 10.0.0.2;branch=z9hG4bKsecond"), ("Record-Route", "<sip:p1;lr>"))
    trying, ringing = line.receive(invite(headers=routes))
    assert trying.start == "SIP/2.0 100 Trying"
    assert ringing.start == "SIP/2.0 180 Ringing"
    for message in (trying, ringing):
        assert message.all("Via") == [
            f"SIP/2.0/TCP 10.62.192.70:5091;branch={BRANCH}",
            "SIP/2.0/TCP 10.0.0.2;branch=z9hG4bKsecond",
        ]
        assert message.get("CSeq") == "31268 INVITE"
    assert trying.tag == ""
    assert len(ringing.tag) == 16
    assert ringing.get("Record-Route") == "<sip:p1;lr>"
    assert "192.168.42.15:62931;transport=tcp>" in ringing.get("Contact")
    (changed,) = line.events()
    assert isinstance(changed, CallChanged)
    assert (changed.call.caller, changed.call.called) == (Party(CALLER), Party("16505550100"))
    assert (changed.call.state, changed.call.direction) == ("ringing", "incoming")
    assert line.agent.calls == [changed.call]


def test_a_repeated_invite_is_told_the_same_again(line: Line) -> None:
    call, tag = line.ring()
    (ringing,) = line.receive(invite())
    assert (ringing.status, ringing.tag) == (180, tag)
    line.answer(call)
    (ok,) = line.receive(invite())
    assert (ok.status, ok.tag) == (200, tag)
    assert [type(event) for event in line.events()] == [MediaAgreed, CallChanged]


def test_an_invite_that_comes_another_way_is_a_loop(line: Line) -> None:
    line.ring()
    assert statuses(line.receive(invite(branch="z9hG4bKother"))) == [482]
    assert line.events() == []


def test_an_offer_with_nothing_for_us_is_not_acceptable(line: Line) -> None:
    (refused,) = line.receive(invite(sdp_offer("m=audio 9 RTP/AVP 9 18", attributes=())))
    assert (refused.status, len(refused.tag)) == (488, 16)
    ended = line.end_of(line.events())
    assert (ended.outcome, ended.reason) == (Outcome.MISSED, EndReason.NO_CODEC)
    assert line.agent.calls == []
    assert line.receive(request("ACK", to_tag=refused.tag)) == []


def test_an_offer_that_makes_no_sense_is_not_even_a_call(line: Line) -> None:
    (refused,) = line.receive(invite(b"nonsense"))
    assert refused.status == 488
    assert line.events() == []


def test_a_body_that_is_no_description_is_unsupported(line: Line) -> None:
    other = invite().replace(b"application/sdp", b"multipart/mixed")
    (refused,) = line.receive(other)
    assert (refused.status, refused.get("Accept")) == (415, "application/sdp")
    empty = invite(b"", headers=(("Content-Type", "text/plain"),))
    assert statuses(line.receive(empty)) == [100, 180]


def test_an_extension_that_is_required_is_named_as_unsupported(line: Line) -> None:
    (refused,) = line.receive(invite(headers=(("Require", "100rel, foo"), ("Require", "bar"))))
    assert (refused.status, refused.all("Unsupported")) == (420, ["100rel, foo", "bar"])


def test_nobody_lets_it_ring_for_ever(line: Line) -> None:
    call, _ = line.ring()
    assert [message.method for message in line.advance(179.9)] == ["REGISTER"]
    assert statuses(line.advance(0.1)) == [480]
    assert line.end_of(line.events()) == CallEnded(call, Outcome.MISSED, EndReason.NO_ANSWER)


@pytest.mark.parametrize("method", ["CANCEL", "BYE"])
def test_a_caller_who_gives_up_is_missed(line: Line, method: str) -> None:
    call, tag = line.ring()
    to_tag = {"CANCEL": "", "BYE": tag}[method]
    done, terminated = line.receive(request(method, to_tag=to_tag))
    assert (done.status, done.method, done.tag) == (200, method, tag)
    assert (terminated.status, terminated.method, terminated.tag) == (487, "INVITE", tag)
    assert line.events() == [CallEnded(call, Outcome.MISSED, EndReason.CANCELLED)]
    assert line.receive(request("ACK", to_tag=tag)) == []
    assert line.agent.calls == []


def test_a_repeated_cancel_ends_nothing_twice(line: Line) -> None:
    line.ring()
    line.receive(request("CANCEL"))
    line.events()
    assert statuses(line.receive(request("CANCEL"))) == [200]
    assert statuses(line.receive(invite())) == [487]
    assert line.events() == []


@pytest.mark.parametrize(
    "cancel",
    [
        request("CANCEL", branch="z9hG4bKother"),
        request("CANCEL", cseq=1),
        request("CANCEL", call_id="other"),
    ],
)
def test_a_cancel_of_something_else_changes_nothing(line: Line, cancel: bytes) -> None:
    call, _ = line.ring()
    assert statuses(line.receive(cancel)) == [481]
    assert line.agent.calls == [call]


def test_a_call_that_was_answered_elsewhere_is_not_missed(line: Line) -> None:
    call, _ = line.ring()
    assert statuses(line.receive(request("CANCEL", headers=COMPLETED))) == [200, 487]
    assert line.events() == [CallEnded(call, Outcome.ENDED, EndReason.ANSWERED_ELSEWHERE)]


@pytest.mark.parametrize("reason", ["SIP;cause=2000", "SIP;cause=487", "Q.850;cause=200", "SIP"])
def test_any_other_reason_to_cancel_is_a_missed_call(line: Line, reason: str) -> None:
    call, _ = line.ring()
    line.receive(request("CANCEL", headers=(("Reason", reason),)))
    assert line.events() == [CallEnded(call, Outcome.MISSED, EndReason.CANCELLED)]


def test_before_the_answer_there_is_nothing_to_change(line: Line) -> None:
    _, tag = line.ring()
    (refused,) = line.receive(request("INVITE", to_tag=tag, cseq=31269, body=OFFER))
    assert (refused.status, refused.get("Retry-After")) == (500, "1")
    (refused,) = line.receive(request("UPDATE", to_tag=tag, cseq=31270, body=OFFER))
    assert (refused.status, refused.get("Retry-After")) == (500, "1")
    assert statuses(line.receive(request("UPDATE", to_tag=tag, cseq=31271))) == [200]


# Answering


def test_an_answer_says_where_our_sound_is(line: Line) -> None:
    call, tag = line.ring()
    ok = line.answer(call, 40000)
    assert (ok.status, ok.tag, ok.get("Content-Type")) == (200, tag, "application/sdp")
    assert "INVITE" in ok.get("Allow")
    assert media_line(ok) == "m=audio 40000 RTP/AVP 0 101"
    assert "c=IN IP4 192.168.42.15" in ok.sdp
    agreed, changed = line.events()
    assert isinstance(agreed, MediaAgreed)
    assert isinstance(changed, CallChanged)
    assert agreed.agreement.remote == ("203.0.113.7", 50400)
    assert (agreed.call_id, changed.call.call_id, changed.call.state) == (
        call.call_id,
        call.call_id,
        "talking",
    )


def test_the_answer_is_repeated_until_it_is_acknowledged(line: Line) -> None:
    call, tag = line.ring()
    ok = line.answer(call)
    for interval in (0.5, 1.0, 2.0, 4.0, 4.0):
        assert line.advance(interval - 0.01) == []
        assert line.advance(0.01) == [ok]
    line.receive(request("ACK", to_tag=tag))
    assert line.advance(20) == []


def test_without_an_acknowledgement_the_call_ends_once_the_connection_would_have_proved_dead(
    line: Line,
) -> None:
    call, _ = line.ring()
    line.answer(call)
    line.events()
    *repeated, bye = line.advance(ACK_TIMEOUT)
    assert statuses(repeated) == [200] * 14
    assert bye.start == f"BYE {CONTACT} SIP/2.0"
    (ended,) = line.events()
    assert isinstance(ended, CallEnded)
    assert (ended.outcome, ended.reason) == (Outcome.ENDED, EndReason.NETWORK_ERROR)


def test_an_acknowledgement_of_something_else_is_none(line: Line) -> None:
    call, tag = line.ring()
    ok = line.answer(call)
    line.receive(request("ACK", to_tag=tag, cseq=31269), request("ACK", to_tag="x"), request("ACK"))
    assert line.advance(0.5) == [ok]


def test_an_invite_without_an_offer_gets_ours_and_the_ack_answers(line: Line) -> None:
    call, tag = line.ring(invite(b""))
    ok = line.answer(call, 40002)
    assert media_line(ok) == "m=audio 40002 RTP/AVP 0 8 101"
    assert "a=sendrecv" in ok.sdp
    (changed,) = line.events()
    assert isinstance(changed, CallChanged)
    assert line.receive(request("ACK", to_tag=tag, body=OFFER)) == []
    (agreed,) = line.events()
    assert isinstance(agreed, MediaAgreed)
    assert agreed.agreement.remote == ("203.0.113.7", 50400)


@pytest.mark.parametrize("answer", [b"", b"nonsense", sdp_offer("m=audio 0 RTP/AVP 0")])
def test_an_acknowledgement_without_an_answer_ends_the_call(line: Line, answer: bytes) -> None:
    call, tag = line.ring(invite(b""))
    line.answer(call)
    (bye,) = line.receive(request("ACK", to_tag=tag, body=answer))
    assert bye.start.startswith("BYE ")
    assert line.end_of(line.events()).reason is EndReason.NETWORK_ERROR


def test_a_cancel_that_comes_too_late_takes_nothing_back(line: Line) -> None:
    call, _ = line.ring()
    line.answer(call)
    assert statuses(line.receive(request("CANCEL"))) == [200]
    assert [other.call_id for other in line.agent.calls] == [call.call_id]


def test_a_call_is_answered_once(line: Line) -> None:
    call, _ = line.ring()
    line.answer(call)
    with pytest.raises(UnknownCallError):
        line.agent.answer(call.call_id, 1, line.now)
    with pytest.raises(UnknownCallError):
        line.agent.answer("no such call", 1, line.now)
