"""Holding a call, and taking it up again (RFC 3264 §8.4, RFC 3261 §14.1)."""

import pytest

from custom_components.ringcentral.softphone.calls.call import UnknownCallError
from custom_components.ringcentral.softphone.calls.session_refresh import (
    FAILURE_PAUSE,
    GLARE_PAUSE,
    OWNER_GLARE_PAUSE,
)
from custom_components.ringcentral.softphone.events import (
    Call,
    CallChanged,
    CallEnded,
    CallState,
    EndReason,
    Hold,
    MediaAgreed,
)
from tests.softphone.builders import OFFER, Line, Wire, picked_up, request, response, sdp_offer


@pytest.fixture
def line() -> Line:
    return Line().register()


def described(direction: str) -> bytes:
    return sdp_offer("m=audio 50400 RTP/AVP 0 101", attributes=(direction,))


HEARD = described("recvonly")


def ask(line: Line, call: Call, holding: bool = True) -> list[bool]:
    """Hold a call; return where it will be told whether they go along."""
    told: list[bool] = []
    line.agent.answered(call.call_id).set_hold(holding, line.now, told.append)
    return told


def direction(message: Wire) -> str:
    (said,) = [
        text for text in message.sdp if text in {"a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"}
    ]
    return said.removeprefix("a=")


def version(message: Wire) -> int:
    return int(message.sdp[1].split()[2])


def held(line: Line) -> tuple[Call, str]:
    """Hold a call; return it and our tag."""
    call, tag = line.talk()
    told = ask(line, call)
    (asked,) = line.sent()
    line.receive(picked_up(asked, body=HEARD))
    assert told == [True]
    line.events()
    return call, tag


def test_who_is_held_may_hear_us_and_is_not_heard(line: Line) -> None:
    call, _ = line.talk()
    told = ask(line, call)
    (asked,) = line.sent()
    assert asked.start.startswith("INVITE ")
    assert (direction(asked), version(asked)) == ("sendonly", 2)
    assert told == []
    assert line.agent.calls[0].state is CallState.TALKING
    (ack,) = line.receive(picked_up(asked, body=HEARD))
    assert ack.start.startswith("ACK ")
    agreed, changed = line.events()
    assert isinstance(agreed, MediaAgreed)
    assert agreed.agreement.direction.sends
    assert not agreed.agreement.direction.receives
    assert isinstance(changed, CallChanged)
    assert (changed.call.state, changed.call.hold) == (CallState.ON_HOLD, Hold.LOCAL)
    assert told == [True]


def test_a_call_is_taken_up_again(line: Line) -> None:
    call, _ = held(line)
    told = ask(line, call, holding=False)
    (asked,) = line.sent()
    assert (direction(asked), version(asked)) == ("sendrecv", 3)
    line.receive(picked_up(asked))
    assert told == [True]
    assert [(other.state, other.hold) for other in line.agent.calls] == [(CallState.TALKING, None)]


def test_a_call_of_ours_is_held_as_well(line: Line) -> None:
    call, invite = line.dial()
    line.receive(picked_up(invite))
    told = ask(line, call)
    (asked,) = line.sent()
    assert asked.sdp[5:] == [*invite.sdp[5:-1], "a=sendonly"]
    line.receive(picked_up(asked, body=HEARD))
    assert told == [True]


def test_what_is_so_already_needs_no_asking(line: Line) -> None:
    call, _ = line.talk()
    assert ask(line, call, holding=False) == [True]
    assert line.sent() == []


def test_who_overlooks_the_hold_is_not_heard_either(line: Line) -> None:
    call, _ = line.talk()
    told = ask(line, call)
    (asked,) = line.sent()
    line.receive(picked_up(asked, body=described("sendrecv")))
    agreed = line.events()[0]
    assert isinstance(agreed, MediaAgreed)
    assert agreed.agreement.direction == "sendonly"
    assert told == [True]


@pytest.mark.parametrize("body", [b"", b"nonsense"])
def test_who_agrees_without_a_description_agrees(line: Line, body: bytes) -> None:
    call, _ = line.talk()
    for holding, state in ((True, CallState.ON_HOLD), (False, CallState.TALKING)):
        told = ask(line, call, holding)
        (asked,) = line.sent()
        line.receive(picked_up(asked, body=body))
        assert told == [True]
        assert [other.state for other in line.agent.calls] == [state]
        agreed = line.events()[0]
        assert isinstance(agreed, MediaAgreed)
        assert agreed.agreement.direction.receives is not holding


# Both sides hold


def test_a_call_can_be_held_by_both(line: Line) -> None:
    call, tag = held(line)
    (ok,) = line.receive(request("INVITE", to_tag=tag, cseq=31269, body=described("sendonly")))
    assert direction(ok) == "inactive"
    line.receive(request("ACK", to_tag=tag, cseq=31269))
    assert line.agent.calls[0].hold is Hold.BOTH
    told = ask(line, call, holding=False)
    (asked,) = line.sent()
    assert direction(asked) == "sendrecv"
    line.receive(picked_up(asked, body=described("sendonly")))
    assert told == [True]
    assert (line.agent.calls[0].state, line.agent.calls[0].hold) == (CallState.ON_HOLD, Hold.REMOTE)


def test_who_holds_us_is_held_in_silence(line: Line) -> None:
    call, tag = line.talk()
    line.receive(request("INVITE", to_tag=tag, cseq=31269, body=described("inactive")))
    line.receive(request("ACK", to_tag=tag, cseq=31269))
    line.events()
    told = ask(line, call)
    (asked,) = line.sent()
    assert direction(asked) == "inactive"
    line.receive(picked_up(asked, body=described("inactive")))
    assert told == [True]
    assert line.agent.calls[0].hold is Hold.BOTH


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_what_they_offer_while_we_hold_is_heard_no_more(line: Line, method: str) -> None:
    _, tag = held(line)
    (ok,) = line.receive(request(method, to_tag=tag, cseq=31269, body=described("sendrecv")))
    assert direction(ok) == "sendonly"
    assert line.agent.calls[0].hold is Hold.LOCAL


def test_our_offer_says_that_we_hold(line: Line) -> None:
    _, tag = held(line)
    (ok,) = line.receive(request("INVITE", to_tag=tag, cseq=31269))
    assert direction(ok) == "sendonly"
    line.receive(request("ACK", to_tag=tag, cseq=31269, body=HEARD))
    assert line.agent.calls[0].hold is Hold.LOCAL


# When it can't be said at once


@pytest.mark.parametrize(("ours", "pause"), [(False, GLARE_PAUSE), (True, OWNER_GLARE_PAUSE)])
def test_invites_that_meet_are_sent_again(line: Line, ours: bool, pause: tuple[float, float]) -> None:
    if ours:
        call, invite = line.dial()
        line.receive(picked_up(invite))
    else:
        call, _ = line.talk()
    told = ask(line, call)
    (asked,) = line.sent()
    line.receive(response(asked, 491))
    again = [message for message in line.advance(pause[1]) if message.method == "INVITE"]
    assert [(direction(one), version(one)) for one in again] == [("sendonly", 2)]
    line.receive(picked_up(again[0], body=HEARD))
    assert told == [True]


def test_an_answer_of_ours_says_what_waits_to_be_asked(line: Line) -> None:
    call, tag = line.talk()
    told = ask(line, call)
    (asked,) = line.sent()
    line.receive(response(asked, 491))
    (ok,) = line.receive(request("INVITE", to_tag=tag, cseq=31269, body=OFFER))
    assert direction(ok) == "sendonly"
    assert told == [True]


def test_their_sign_of_life_does_not_stop_us_from_asking(line: Line) -> None:
    call, tag = line.talk()
    ask(line, call)
    (asked,) = line.sent()
    line.receive(response(asked, 500))
    line.receive(request("UPDATE", to_tag=tag, cseq=31269))
    assert [direction(one) for one in line.advance(FAILURE_PAUSE)] == ["sendonly"]


def test_before_our_answer_is_acknowledged_nothing_is_asked(line: Line) -> None:
    call, tag = line.ring()
    line.answer(call)
    ask(line, call)
    assert line.sent() == []
    line.receive(request("ACK", to_tag=tag))
    assert [direction(one) for one in line.advance(0.6) if one.start.startswith("INVITE")] == ["sendonly"]


def test_a_hold_waits_for_the_invite_that_is_under_way(line: Line) -> None:
    call, _ = line.talk()
    first = ask(line, call)
    (asked,) = line.sent()
    second = ask(line, call, holding=False)
    assert (first, second, line.sent()) == ([False], [], [])
    _, again = line.receive(picked_up(asked, body=HEARD))
    assert (direction(again), second) == ("sendrecv", [])
    line.receive(picked_up(again))
    assert second == [True]
    assert line.agent.calls[0].state is CallState.TALKING


def test_whoever_holds_twice_is_told_twice(line: Line) -> None:
    call, _ = line.talk()
    first, second = ask(line, call), ask(line, call)
    (asked,) = line.sent()
    line.receive(picked_up(asked, body=HEARD))
    assert (first, second) == ([True], [True])


@pytest.mark.parametrize("lost_first", [True, False])
def test_a_hold_outlives_the_connection(line: Line, lost_first: bool) -> None:
    call, _ = line.talk()
    if lost_first:
        line.agent.disconnected(line.now)
        told = ask(line, call)
    else:
        told = ask(line, call)
        line.sent()
        line.agent.disconnected(line.now)
    (again,) = line.reconnect()
    assert (direction(again), version(again), told) == ("sendonly", 2, [])
    line.receive(picked_up(again, body=HEARD))
    assert told == [True]
    line.agent.disconnected(line.now)
    (again,) = line.reconnect(62933)
    assert direction(again) == "sendonly"


def test_at_another_address_it_is_still_held(line: Line) -> None:
    _, _ = held(line)
    line.agent.disconnected(line.now)
    line.flow = type(line.flow)("192.168.42.99", 62931)
    (again,) = line.receive(response(line.connect(), 200, ("Expires", "600")))
    assert (direction(again), again.sdp[3]) == ("sendonly", "c=IN IP4 192.168.42.99")


# When they won't


@pytest.mark.parametrize("status", [403, 415, 488, 603, 606])
def test_who_does_not_want_to_be_held_is_not(line: Line, status: int) -> None:
    call, _ = line.talk()
    told = ask(line, call)
    (asked,) = line.sent()
    line.receive(response(asked, status))
    assert told == [False]
    assert line.agent.calls[0].state is CallState.TALKING
    again = [one for one in line.advance(FAILURE_PAUSE) if one.start.startswith("INVITE")]
    assert [direction(one) for one in again] == ["sendrecv"]


def test_the_end_of_the_call_ends_the_wait(line: Line) -> None:
    call, tag = line.talk()
    told = ask(line, call)
    line.receive(request("BYE", to_tag=tag, cseq=31269))
    assert told == [False]
    assert line.end_of(line.events()).reason is EndReason.REMOTE_HANGUP
    with pytest.raises(UnknownCallError):
        ask(line, call)


def test_a_call_that_rings_is_not_held(line: Line) -> None:
    call, _ = line.ring()
    with pytest.raises(UnknownCallError):
        ask(line, call)
    assert not any(isinstance(event, CallEnded) for event in line.events())
