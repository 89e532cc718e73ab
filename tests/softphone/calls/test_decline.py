"""Turning a call down, by SIP and by RingCentral's commands."""

import pytest

from custom_components.ringcentral.softphone.calls.call import UnknownCallError
from custom_components.ringcentral.softphone.calls.call_control import OBEYED_WITHIN
from custom_components.ringcentral.softphone.events import Call, CallEnded, Decline, EndReason, Outcome
from tests.softphone.builders import (
    AUTHORIZATION_ID,
    CALL_ID,
    DOMAIN,
    USERNAME,
    Fields,
    Line,
    Wire,
    invite,
    request,
    response,
)

AGENT = "#996016@sip.ringcentral.com:5060"


def commanded(agent: str = AGENT) -> Fields:
    told = f'<Msg><Hdr SID="354" Req="{{A&amp;B}}" From="{agent}" To="17206666666*115" Cmd="6"/><Bdy Phn="+1"/></Msg>'
    return (("P-rc", told),)


@pytest.fixture
def line() -> Line:
    return Line().register()


def decline(line: Line, call: Call, how: Decline) -> list[Wire]:
    line.agent.ringing(call.call_id).decline(how, line.now)
    return line.sent()


def declined(line: Line, how: Decline) -> tuple[Wire, Wire]:
    """Turn down a call that RingCentral can be commanded about; return both commands."""
    call, _ = line.ring(invite(headers=commanded()))
    (received,) = decline(line, call, how)
    (command,) = line.receive(response(received, 200))
    assert line.events() == [CallEnded(call, Outcome.DECLINED, EndReason.DECLINED)]
    assert line.agent.calls == []
    assert not line.agent.quiet
    return received, command


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        (Decline.BUSY, 486, EndReason.BUSY),
        (Decline.REJECT, 603, EndReason.DECLINED),
        (Decline.VOICEMAIL, 603, EndReason.DECLINED),
    ],
)
@pytest.mark.parametrize(
    "headers", [(), commanded("nobody"), commanded("a@b&#13;&#10;Evil: yes"), commanded("")]
)
def test_where_nobody_takes_commands_the_invite_is_refused(
    line: Line, how: Decline, status: int, reason: EndReason, headers: Fields
) -> None:
    call, tag = line.ring(invite(headers=headers))
    (refused,) = decline(line, call, how)
    assert (refused.status, refused.method, refused.tag) == (status, "INVITE", tag)
    assert line.events() == [CallEnded(call, Outcome.DECLINED, reason)]
    assert line.agent.quiet


def test_who_is_busy_says_so_also_to_ringcentral(line: Line) -> None:
    call, _ = line.ring(invite(headers=commanded()))
    assert [message.status for message in decline(line, call, Decline.BUSY)] == [486]


@pytest.mark.parametrize(("how", "number"), [(Decline.VOICEMAIL, 11), (Decline.REJECT, 12)])
def test_ringcentral_is_commanded(line: Line, how: Decline, number: int) -> None:
    received, command = declined(line, how)
    assert command.start == "MESSAGE sip:%23996016@sip.ringcentral.com:5060 SIP/2.0"
    assert command.get("To") == "<sip:%23996016@sip.ringcentral.com:5060>"
    assert command.get("From").startswith(f"<sip:{USERNAME}@{DOMAIN}>;tag=")
    assert (command.get("Call-ID"), command.get("Content-Type")) == (CALL_ID, "x-rc/agent")
    assert (received.get("CSeq"), command.get("CSeq")) == ("1 MESSAGE", "2 MESSAGE")
    assert command.all("Contact") == []
    head = f'<Hdr SID="354" Req="{{A&amp;B}}" From="17206666666*115" To="{AGENT}" Cmd="{number}"/>'
    assert command.body.decode() == f'<Msg>{head}<Bdy Cln="{AUTHORIZATION_ID}"/></Msg>'
    assert b'Cmd="17"' in received.body


def test_ringcentral_then_takes_the_call_back(line: Line) -> None:
    _, command = declined(line, Decline.VOICEMAIL)
    assert line.receive(response(command, 200)) == []
    ok, terminated = line.receive(request("CANCEL"))
    assert (ok.status, terminated.status, terminated.method) == (200, 487, "INVITE")
    assert line.agent.quiet
    assert [message.status for message in line.receive(request("CANCEL"))] == [200]
    assert line.advance(OBEYED_WITHIN) == []
    assert line.events() == []


@pytest.mark.parametrize("answered", [True, False])
def test_a_command_that_is_not_obeyed_is_no_longer_waited_for(line: Line, answered: bool) -> None:
    _, command = declined(line, Decline.REJECT)
    line.receive(*[response(command, 200)] * answered)
    assert line.advance(OBEYED_WITHIN - 0.1) == []
    (refused,) = line.advance(0.1)
    assert (refused.status, refused.method) == (603, "INVITE")
    assert line.receive(response(command, 500)) == []
    assert [message.status for message in line.receive(invite(headers=commanded()))] == [603]


def test_a_command_that_is_refused_is_not_waited_for(line: Line) -> None:
    _, command = declined(line, Decline.VOICEMAIL)
    (refused,) = line.receive(response(command, 403))
    assert (refused.status, refused.method) == (603, "INVITE")
    assert line.advance(OBEYED_WITHIN) == []


def test_a_challenge_to_a_command_is_met(line: Line) -> None:
    _, command = declined(line, Decline.VOICEMAIL)
    (again,) = line.receive(response(command, 407, ("Proxy-Authenticate", 'Digest realm="r", nonce="n"')))
    assert "Proxy-Authorization" in dict(again.fields)
    assert again.body == command.body


def test_a_lost_connection_ends_what_is_not_concluded(line: Line) -> None:
    declined(line, Decline.VOICEMAIL)
    line.agent.disconnected(line.now)
    assert line.agent._calls == {}
    assert line.reconnect() == []


def test_a_call_that_was_turned_down_is_not_answered(line: Line) -> None:
    call, _ = line.ring(invite(headers=commanded()))
    decline(line, call, Decline.VOICEMAIL)
    for again in (
        lambda: line.agent.answer(call.call_id, 40000, line.now),
        lambda: decline(line, call, Decline.BUSY),
    ):
        with pytest.raises(UnknownCallError):
            again()
