"""Calls from their answer to their end, seen from the wire."""

import pytest

from custom_components.ringcentral.softphone.calls.call import UnknownCallError
from custom_components.ringcentral.softphone.events import (
    CallChanged,
    CallEnded,
    CallState,
    EndReason,
    MediaAgreed,
    Outcome,
)
from custom_components.ringcentral.softphone.sdp import Direction
from custom_components.ringcentral.softphone.transactions.server_transaction import ACK_TIMEOUT, LINGER
from tests.softphone.builders import (
    CONTACT,
    HELD,
    OFFER,
    Fields,
    Line,
    invite,
    media_line,
    request,
    response,
    sdp_offer,
    statuses,
)


@pytest.fixture
def line() -> Line:
    return Line().register()


@pytest.mark.parametrize("method", ["OPTIONS", "INFO", "NOTIFY", "MESSAGE", "UPDATE"])
def test_what_the_server_asks_during_a_call_is_answered(line: Line, method: str) -> None:
    _, tag = line.talk()
    (ok,) = line.receive(request(method, to_tag=tag, cseq=31269))
    assert (ok.status, ok.tag, ok.body) == (200, tag, b"")
    assert line.events() == []


def test_a_method_we_do_not_know_is_not_allowed(line: Line) -> None:
    _, tag = line.talk()
    (refused,) = line.receive(request("REFER", to_tag=tag, cseq=31269))
    assert refused.status == 405
    assert "UPDATE" in refused.get("Allow")


def test_an_older_request_is_out_of_order(line: Line) -> None:
    _, tag = line.talk()
    assert statuses(line.receive(request("BYE", to_tag=tag, cseq=31267))) == [500]
    assert len(line.agent.calls) == 1


@pytest.mark.parametrize(
    ("offer", "said", "state"),
    [
        (sdp_offer(attributes=("sendonly",)), "recvonly", CallState.ON_HOLD),
        (sdp_offer(attributes=("inactive",)), "inactive", CallState.ON_HOLD),
        (sdp_offer(address="0.0.0.0"), "recvonly", CallState.ON_HOLD),
        (sdp_offer(attributes=("recvonly",)), "sendonly", CallState.TALKING),
        (sdp_offer(), "sendrecv", CallState.TALKING),
    ],
)
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_hold_is_mirrored(line: Line, method: str, offer: bytes, said: str, state: CallState) -> None:
    call, tag = line.talk()
    (ok,) = line.receive(request(method, to_tag=tag, cseq=31269, body=offer))
    assert (ok.status, ok.tag, len(ok.all("Contact"))) == (200, tag, 1)
    assert f"a={said}" in ok.sdp
    assert ok.sdp[1].split()[2] == "2"
    assert media_line(ok).startswith("m=audio 40000 RTP/AVP 0")
    agreed = line.events()[0]
    assert isinstance(agreed, MediaAgreed)
    assert agreed.agreement.direction == said
    assert [(other.call_id, other.state) for other in line.agent.calls] == [(call.call_id, state)]


def test_a_held_call_is_resumed_and_each_description_has_its_version(line: Line) -> None:
    _, tag = line.talk()
    versions = []
    for cseq, offer in enumerate((HELD, OFFER, OFFER), 31269):
        (ok,) = line.receive(request("INVITE", to_tag=tag, cseq=cseq, body=offer))
        line.receive(request("ACK", to_tag=tag, cseq=cseq))
        versions.append(ok.sdp[1].split()[1:3])
    assert len({session for session, _ in versions}) == 1
    assert [version for _, version in versions] == ["2", "3", "4"]
    states = [event.call.state for event in line.events() if isinstance(event, CallChanged)]
    assert states == [CallState.ON_HOLD, CallState.TALKING]


def test_a_reinvite_without_an_offer_gets_ours(line: Line) -> None:
    _, tag = line.talk()
    (ok,) = line.receive(request("INVITE", to_tag=tag, cseq=31269))
    assert "a=sendrecv" in ok.sdp
    line.receive(request("ACK", to_tag=tag, cseq=31269, body=HELD))
    agreed, changed = line.events()
    assert isinstance(agreed, MediaAgreed)
    assert agreed.agreement.direction is Direction.RECVONLY
    assert isinstance(changed, CallChanged)


def test_a_reinvite_that_cannot_be_met_leaves_the_call_as_it_is(line: Line) -> None:
    call, tag = line.talk()
    for cseq, method in enumerate(("INVITE", "UPDATE"), 31269):
        assert statuses(line.receive(request(method, to_tag=tag, cseq=cseq, body=b"v=0\r\n"))) == [488]
    assert line.events() == []
    (ok,) = line.receive(request("INVITE", to_tag=tag, cseq=31280, body=OFFER))
    assert ok.sdp[1].split()[2] == "2"
    assert [other.call_id for other in line.agent.calls] == [call.call_id]


def test_a_reinvite_is_repeated_like_the_first(line: Line) -> None:
    _, tag = line.talk()
    again = request("INVITE", to_tag=tag, cseq=31269, body=HELD)
    (ok,) = line.receive(again)
    assert line.receive(again) == [ok]
    assert line.advance(0.5) == [ok]
    (refused,) = line.receive(request("INVITE", to_tag=tag, cseq=31270, body=OFFER))
    assert refused.status == 500
    *_, bye = line.advance(ACK_TIMEOUT)
    assert bye.start.startswith("BYE ")


def test_offers_do_not_cross(line: Line) -> None:
    call, tag = line.ring(invite(b""))
    line.answer(call)
    assert statuses(line.receive(request("UPDATE", to_tag=tag, cseq=31269, body=HELD))) == [491]
    assert statuses(line.receive(request("INVITE", to_tag=tag, cseq=31270, body=HELD))) == [500]
    line.receive(request("ACK", to_tag=tag, body=OFFER))
    assert statuses(line.receive(request("UPDATE", to_tag=tag, cseq=31271, body=HELD))) == [200]


def test_a_new_contact_is_where_our_bye_goes(line: Line) -> None:
    call, tag = line.talk()
    moved = request("UPDATE", to_tag=tag, cseq=31269, body=OFFER).replace(CONTACT.encode(), b"sip:moved@x")
    line.receive(moved)
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    assert [message.start for message in line.sent()] == ["BYE sip:moved@x SIP/2.0"]


# The end


def test_the_caller_hangs_up(line: Line) -> None:
    call, tag = line.talk()
    (ok,) = line.receive(request("BYE", to_tag=tag, cseq=31269))
    assert (ok.status, ok.tag) == (200, tag)
    ended = line.end_of(line.events())
    assert (ended.call.call_id, ended.outcome, ended.reason) == (
        call.call_id,
        Outcome.ENDED,
        EndReason.REMOTE_HANGUP,
    )
    assert line.agent.quiet


def test_the_caller_hangs_up_before_acknowledging(line: Line) -> None:
    call, tag = line.ring()
    line.answer(call)
    assert statuses(line.receive(request("BYE", to_tag=tag, cseq=31269))) == [200]
    assert line.advance(20) == []
    assert line.end_of(line.events()).reason is EndReason.REMOTE_HANGUP


def test_we_hang_up(line: Line) -> None:
    routes: Fields = (("Record-Route", "<sip:p1;lr>"), ("Record-Route", "<sip:p2;lr>"))
    call, tag = line.talk(invite(headers=routes))
    line.agent.hang_up(call.call_id, EndReason.MAX_DURATION, line.now)
    (bye,) = line.sent()
    assert bye.start == f"BYE {CONTACT} SIP/2.0"
    assert bye.all("Route") == ["<sip:p1;lr>", "<sip:p2;lr>"]
    assert bye.get("From").endswith(f";tag={tag}")
    ended = line.end_of(line.events())
    assert (ended.outcome, ended.reason) == (Outcome.ENDED, EndReason.MAX_DURATION)
    with pytest.raises(UnknownCallError):
        line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)


def test_our_bye_waits_for_the_acknowledgement(line: Line) -> None:
    call, tag = line.ring()
    ok = line.answer(call)
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    assert line.sent() == []
    assert line.end_of(line.events()).reason is EndReason.LOCAL_HANGUP
    owed = line.agent.quiet
    assert line.advance(0.5) == [ok]
    (bye,) = line.receive(request("ACK", to_tag=tag))
    assert bye.start.startswith("BYE ")
    quiet = [owed, line.agent.quiet]
    (proof,) = line.receive(response(bye, 407, ("Proxy-Authenticate", 'Digest realm="r", nonce="n"')))
    quiet.append(line.agent.quiet)
    line.receive(response(proof, 200))
    assert [*quiet, line.agent.quiet] == [False, False, False, True]
    assert line.events() == []


def test_our_bye_goes_out_without_an_acknowledgement_too(line: Line) -> None:
    call, _ = line.ring()
    line.answer(call)
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    line.events()
    *_, bye = line.advance(LINGER)
    assert bye.start.startswith("BYE ")
    assert line.events() == []
    line.receive(response(bye, 481))
    assert line.agent.quiet


def test_both_hang_up_at_once(line: Line) -> None:
    call, tag = line.ring()
    line.answer(call)
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    assert statuses(line.receive(request("BYE", to_tag=tag, cseq=31269))) == [200]
    assert line.agent.quiet
    assert line.advance(20) == []


def test_declining(line: Line) -> None:
    call, tag = line.ring()
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    (declined,) = line.sent()
    assert (declined.status, declined.tag) == (603, tag)
    assert line.events() == [CallEnded(call, Outcome.DECLINED, EndReason.DECLINED)]


def test_a_call_that_is_over_is_remembered_for_what_is_on_its_way(line: Line) -> None:
    _, tag = line.talk()
    bye = request("BYE", to_tag=tag, cseq=31269)
    line.receive(bye)
    line.advance(31.9)
    assert statuses(line.receive(bye)) == [200]
    for cseq, method in enumerate(("INVITE", "UPDATE"), 31270):
        assert statuses(line.receive(request(method, to_tag=tag, cseq=cseq, body=OFFER))) == [481]
    line.advance(0.1)
    assert statuses(line.receive(bye)) == [481]


def test_a_lost_connection_ends_what_rings(line: Line) -> None:
    call, _ = line.ring()
    line.agent.disconnected(line.now)
    ended = line.end_of(line.events())
    assert (ended.call.call_id, ended.outcome, ended.reason) == (
        call.call_id,
        Outcome.MISSED,
        EndReason.NETWORK_ERROR,
    )
    assert line.agent.calls == []
    assert line.agent.next_deadline is None


def test_a_lost_connection_ends_nothing_twice(line: Line) -> None:
    _, tag = line.talk()
    line.receive(request("BYE", to_tag=tag, cseq=31269))
    line.events()
    line.agent.disconnected(line.now)
    assert line.events() == []
