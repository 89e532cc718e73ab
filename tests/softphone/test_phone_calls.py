"""Calls through the signalling shell, over a real connection."""

import asyncio
import logging

import pytest

from custom_components.ringcentral.softphone.agent import MAX_CALLS
from custom_components.ringcentral.softphone.calls.call import UnknownCallError
from custom_components.ringcentral.softphone.calls.dialing import (
    DialError,
    EmergencyNumberError,
    InvalidNumberError,
    NoLineError,
    TooManyCallsError,
)
from custom_components.ringcentral.softphone.events import (
    CallChanged,
    CallEnded,
    CallState,
    EndReason,
    LineLost,
    MediaAgreed,
    PhoneEvent,
    Registered,
)
from tests.softphone.builders import ACCOUNT, CALLER, PASSWORD, invite, picked_up, request, response
from tests.softphone.household import Household


async def test_a_call_is_answered_with_its_own_sound(home: Household) -> None:
    call = await home.ring()
    session = home.phone.answer(call.call_id)
    assert [other.state for other in home.phone.calls] == [CallState.TALKING]
    ok = await home.server.expect("SIP/2.0 200")
    assert f"m=audio {session.port} RTP/AVP 0 101" in ok.sdp
    assert "c=IN IP4 127.0.0.1" in ok.sdp
    (fake,) = home.media.sessions
    await home.next(CallChanged)
    (terms,) = fake.agreed
    assert terms["remote"] == ("203.0.113.7", 50400)
    assert (terms["codec"], terms["payload_type"], terms["event_payload_type"]) == ("PCMU", 0, 101)
    assert (terms["sending"], terms["receiving"], terms["srtp"]) == (True, True, None)
    home.server.send(request("ACK", to_tag=ok.tag), request("BYE", to_tag=ok.tag, cseq=31269))
    ended = await home.next(CallEnded)
    assert (ended.call.call_id, ended.reason) == (call.call_id, EndReason.REMOTE_HANGUP)
    assert ended.media is fake.statistics
    assert fake.closed


async def test_a_call_that_is_over_is_not_answered_and_its_port_is_free_again(home: Household) -> None:
    call = await home.ring()
    home.server.send(request("CANCEL"))
    assert (await home.next(CallEnded)).media is None
    with pytest.raises(UnknownCallError):
        home.phone.answer(call.call_id)
    assert [session.closed for session in home.media.sessions] == [True]


async def test_hanging_up(home: Household) -> None:
    call, _ = await home.talk()
    home.phone.hang_up(call.call_id)
    assert (await home.next(CallEnded)).reason is EndReason.LOCAL_HANGUP
    await home.server.expect("BYE")
    with pytest.raises(UnknownCallError):
        home.phone.hang_up(call.call_id)


async def test_a_number_is_called_with_its_own_sound(home: Household) -> None:
    call_id, session = home.phone.dial("+1 650 555 0133")
    asked = await home.server.expect("INVITE")
    assert asked.start.startswith("INVITE sip:+16505550133@")
    assert f"m=audio {session.port} RTP/AVP 0 8 101" in asked.sdp
    assert (await home.next(CallChanged)).call.state is CallState.DIALING
    home.server.send(picked_up(asked))
    await home.server.expect("ACK")
    changed = await home.next(CallChanged)
    assert (changed.call.call_id, changed.call.state) == (call_id, CallState.TALKING)
    (fake,) = home.media.sessions
    (terms,) = fake.agreed
    assert terms["remote"] == ("203.0.113.7", 50400)
    home.phone.hang_up(call_id)
    await home.server.expect("BYE")
    ended = await home.next(CallEnded)
    assert (ended.call.call_id, ended.media) == (call_id, fake.statistics)
    assert fake.closed


@pytest.mark.parametrize(
    ("number", "error"), [("911", EmergencyNumberError), ("call me", InvalidNumberError)]
)
async def test_what_must_not_be_called_is_refused(
    home: Household, number: str, error: type[DialError]
) -> None:
    with pytest.raises(error):
        home.phone.dial(number)
    assert home.media.sessions == []


async def test_what_an_emergency_number_is_can_be_told(home: Household) -> None:
    home.phone._is_emergency = {"1001"}.__contains__
    with pytest.raises(EmergencyNumberError):
        home.phone.dial("10-01")
    home.phone.dial("110")
    assert (await home.server.expect("INVITE")).start.startswith("INVITE sip:110@")


async def test_who_insists_calls_an_emergency_number(home: Household) -> None:
    home.phone.dial("911", emergency=True)
    assert (await home.server.expect("INVITE")).start.startswith("INVITE sip:911@")


async def test_a_line_that_is_not_registered_calls_nobody(stranger: Household) -> None:
    with pytest.raises(NoLineError):
        stranger.phone.dial("1001")
    assert not stranger.phone.check()


async def test_a_call_too_many_leaves_its_port_free(home: Household) -> None:
    for _ in range(MAX_CALLS):
        home.phone.dial("1001")
    with pytest.raises(TooManyCallsError):
        home.phone.dial("1001")
    assert [session.closed for session in home.media.sessions] == [False] * MAX_CALLS + [True]


async def test_the_server_is_asked_when_somebody_wants_to_know(home: Household) -> None:
    assert home.phone.check()
    assert (await home.next(Registered)).round_trip_ms < 5000


async def test_sound_that_cannot_be_agreed_on_ends_the_call_and_not_the_line(home: Household) -> None:
    home.media.failing = True
    call = await home.ring()
    home.phone.answer(call.call_id)
    ended = await home.next(CallEnded)
    assert (ended.call.call_id, ended.reason) == (call.call_id, EndReason.NETWORK_ERROR)
    assert [session.closed for session in home.media.sessions] == [True]
    ok = await home.server.expect("SIP/2.0 200")
    home.server.send(request("ACK", to_tag=ok.tag))
    await home.server.expect("BYE")
    assert home.phone.registered


async def test_a_lost_connection_costs_no_sound_and_no_call(home: Household) -> None:
    call, tag = await home.talk()
    home.server.drop()
    await home.next(LineLost)
    await home.next(Registered)
    again = await home.server.expect("INVITE")
    home.server.send(response(again, 200))
    await home.server.expect("ACK")
    assert [session.closed for session in home.media.sessions] == [False]
    home.server.send(request("BYE", to_tag=tag, cseq=31269))
    ended = await home.next(CallEnded)
    assert (ended.call.call_id, ended.reason) == (call.call_id, EndReason.REMOTE_HANGUP)
    assert [session.closed for session in home.media.sessions] == [True]


async def test_stopping_without_a_connection_ends_the_calls_too(home: Household) -> None:
    call, _ = await home.talk()
    await home.server.close()
    await home.next(LineLost)
    assert [one.call_id for one in home.phone.calls] == [call.call_id]
    await home.phone.stop()
    assert (await home.next(CallEnded)).reason is EndReason.LOCAL_HANGUP
    assert [session.closed for session in home.media.sessions] == [True]
    assert home.phone._timer is None


async def test_an_answer_from_within_the_listener_comes_after_what_came_before(home: Household) -> None:
    def answer_first(event: PhoneEvent) -> None:
        match event:
            case CallChanged(call) if call.state is CallState.RINGING and not home.media.sessions:
                home.phone.answer(call.call_id)

    home.react = answer_first
    home.server.send(invite(), invite(call_id="second", branch="z9hG4bKsecond"))
    for _ in range(3):
        await home.next(CallChanged)
    ringing, other, agreed, talking = home.log[1:]
    assert isinstance(ringing, CallChanged)
    assert isinstance(other, CallChanged)
    assert other.call.state is CallState.RINGING
    assert isinstance(agreed, MediaAgreed)
    assert isinstance(talking, CallChanged)
    assert agreed.call_id == talking.call.call_id == ringing.call.call_id
    home.server.send(request("ACK", to_tag=(await home.server.expect("SIP/2.0 200")).tag))
    await asyncio.sleep(0.01)


async def test_nothing_comes_after_the_end_even_when_the_listener_brings_it_about(home: Household) -> None:
    def hang_up(event: PhoneEvent) -> None:
        match event:
            case MediaAgreed(call_id):
                home.phone.hang_up(call_id)

    home.react = hang_up
    call = await home.ring()
    home.phone.answer(call.call_id)
    await home.next(CallEnded)
    assert [type(event) for event in home.log[2:]] == [MediaAgreed, CallChanged, CallEnded]
    home.server.send(request("ACK", to_tag=(await home.server.expect("SIP/2.0 200")).tag))
    await home.server.expect("BYE")


async def test_a_fault_of_the_listener_does_not_cost_the_line(
    home: Household, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(event: PhoneEvent) -> None:
        raise RuntimeError("a fault")

    home.react = fail
    call = await home.ring()
    home.server.send(request("CANCEL"))
    assert (await home.next(CallEnded)).call.call_id == call.call_id
    assert home.phone.registered
    assert "Handling CallChanged failed" in caplog.text


async def test_nothing_of_a_call_is_logged(home: Household, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    call, tag = await home.talk()
    home.server.send(request("BYE", to_tag=tag, cseq=31269))
    await home.next(CallEnded)
    await home.phone.stop()
    shown = caplog.text + repr(call) + repr(home.log)
    for secret in (CALLER, CALLER[1:], PASSWORD, ACCOUNT.username, ACCOUNT.authorization_id):
        assert secret not in shown
