"""The user agent: what belongs to no call, and several calls at once."""

import pytest

from custom_components.ringcentral.softphone.agent import MAX_CALLS, MAX_LINGERING
from custom_components.ringcentral.softphone.events import (
    CallEnded,
    CallState,
    Cause,
    EndReason,
    FlowFailed,
    Outcome,
    Unregistered,
)
from custom_components.ringcentral.softphone.line.heartbeat import PING_INTERVAL
from custom_components.ringcentral.softphone.sip.framing import MAX_HEAD
from custom_components.ringcentral.softphone.transactions.server_transaction import LINGER
from tests.softphone.builders import (
    AUTHORIZATION_ID,
    CALL_ID,
    CALLER,
    Fields,
    Line,
    Wire,
    invite,
    message,
    request,
    response,
    statuses,
)


@pytest.fixture
def line() -> Line:
    return Line().register()


def told(cln: str = AUTHORIZATION_ID, sid: str = "", cmd: str = "7", call_id: str = CALL_ID) -> bytes:
    """Write RingCentral's word that a call was taken."""
    body = f'<Msg><Hdr SID="{sid}" Cmd="{cmd}"/><Bdy Cln="{cln}" Sts="0"/></Msg>'.encode()
    return request("MESSAGE", body=body, call_id=call_id, cseq=1)


# Keep-alives


def test_a_ping_is_answered_and_a_pong_is_not(line: Line) -> None:
    line.receive(b"\r\n\r\n")
    line.agent.receive(b"\r\n\r\n", line.now)
    assert line.agent.take_output() == b"\r\n"
    line.agent.receive(b"\r\n", line.now)
    assert line.agent.take_output() == b""


def test_an_idle_connection_is_kept_open(line: Line) -> None:
    line.agent.tick(line.now + PING_INTERVAL - 0.1)
    assert line.agent.take_output() == b""
    line.agent.tick(line.now + PING_INTERVAL)
    assert line.agent.take_output() == b"\r\n\r\n"


def test_a_server_that_answered_pings_and_does_not_any_more_is_dead(line: Line) -> None:
    line.advance(PING_INTERVAL)
    line.receive(b"\r\n")
    line.advance(PING_INTERVAL + 9.9)
    assert line.events() == []
    line.advance(0.1)
    assert line.events() == [FlowFailed("the server doesn't answer pings any more")]


def test_a_server_that_answers_pings_is_registered_with_more_rarely() -> None:
    line = Line().register(answering_pings=False)
    line.advance(PING_INTERVAL)
    line.receive(b"\r\n")
    assert line.advance(2.1) == []
    for _ in range(2):
        line.advance(PING_INTERVAL - 2.1)
        line.receive(b"\r\n")
        assert line.advance(2.1) == []
    (refresh,) = line.advance(4)
    assert refresh.start.startswith("REGISTER")


def test_a_server_whose_pongs_prove_nothing_is_asked_often_again() -> None:
    line = Line().register(answering_pings=False)
    line.advance(PING_INTERVAL)
    line.receive(b"\r\n")
    line.advance(5)
    line.receive(b"\r\n")
    assert line.advance(24.9) == [], "the refresh was due when the pongs still counted"
    (refresh,) = line.advance(5.2)
    assert refresh.start.startswith("REGISTER")
    assert line.events() == []


def test_pings_begin_anew_with_a_connection(line: Line) -> None:
    line.advance(PING_INTERVAL)
    line.receive(b"\r\n")
    line.agent.disconnected(line.now)
    line.connect()
    line.agent.tick(line.now + PING_INTERVAL - 0.1)
    assert line.agent.take_output() == b""


# Outside a call


@pytest.mark.parametrize("method", ["OPTIONS", "NOTIFY", "MESSAGE"])
def test_what_needs_no_call_is_fine(line: Line, method: str) -> None:
    (ok,) = line.receive(request(method))
    assert (ok.status, len(ok.tag)) == (200, 16)


def test_options_tell_what_we_can_do(line: Line) -> None:
    (ok,) = line.receive(request("OPTIONS"))
    assert ok.get("Allow") == "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY, MESSAGE, UPDATE"
    assert ok.get("Accept") == "application/sdp"


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "CANCEL"])
def test_what_needs_a_call_finds_none(line: Line, method: str) -> None:
    assert statuses(line.receive(request(method))) == [481]


@pytest.mark.parametrize("method", ["INVITE", "BYE", "OPTIONS", "NOTIFY", "UPDATE", "REFER"])
def test_a_dialog_we_do_not_know_does_not_exist(line: Line, method: str) -> None:
    (refused,) = line.receive(request(method, to_tag="unknown"))
    assert (refused.status, refused.tag) == (481, "unknown")


@pytest.mark.parametrize("method", ["SUBSCRIBE", "REFER", "PUBLISH", "PRACK", "REGISTER", "NEWMETHOD"])
def test_a_method_we_do_not_know_is_not_allowed(line: Line, method: str) -> None:
    (refused,) = line.receive(request(method))
    assert (refused.status, "INVITE" in refused.get("Allow")) == (405, True)


def test_an_ack_is_never_answered(line: Line) -> None:
    assert line.receive(request("ACK"), request("ACK", to_tag="unknown")) == []


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(request("OPTIONS", call_id=""), id="no Call-ID"),
        pytest.param(request("OPTIONS").replace(b"Via:", b"X:"), id="no Via"),
        pytest.param(request("OPTIONS", cseq_method="INFO"), id="CSeq of another method"),
        pytest.param(request("OPTIONS").replace(b"To: <sip:", b"To: <sip"), id="broken To"),
        pytest.param(message("OPTIONS sip:a SIP/2.0", ()), id="no headers"),
        pytest.param(message("nonsense", ()), id="no start line"),
        pytest.param(message("SIP/2.0 200 OK", ()), id="an answer to nothing"),
    ],
)
def test_what_cannot_be_answered_is_passed_over(line: Line, data: bytes) -> None:
    assert statuses(line.receive(data, request("OPTIONS"))) == [200]
    assert line.events() == []


def test_a_stream_that_cannot_be_followed_is_of_no_more_use(line: Line) -> None:
    line.receive(b"x" * (MAX_HEAD + 1))
    assert line.events() == [FlowFailed("A message head is longer than 65536 bytes", Cause.PROTOCOL)]


def test_what_comes_of_a_connection_that_is_gone_is_dropped(line: Line) -> None:
    line.agent.disconnected(line.now)
    assert line.receive(invite(), request("OPTIONS"), b"\r\n\r\n") == []
    assert line.events() == []
    line.agent.tick(line.now + 1000)
    assert line.sent() == []


def test_half_a_message_does_not_reach_into_the_next_connection(line: Line) -> None:
    line.receive(invite()[:100])
    line.agent.disconnected(line.now)
    line.connect()
    assert statuses(line.receive(request("OPTIONS"))) == [200]


# Answered elsewhere


@pytest.mark.parametrize("data", [told(), told(call_id="other", sid="35464233129848")])
def test_another_phone_of_ours_took_the_call(line: Line, data: bytes) -> None:
    rc: Fields = (
        ("P-rc", '<Msg><Hdr SID="35464233129848" Cmd="6"/><Bdy Phn="+16505550199" Nm="Al"/></Msg>'),
    )
    call, _ = line.ring(invite(headers=rc))
    assert (call.caller.number, call.caller.name) == ("+16505550199", "Al")
    ok, terminated = sorted(line.receive(data), key=lambda wire: wire.status)
    assert (ok.method, terminated.method, terminated.status) == ("MESSAGE", "INVITE", 487)
    assert line.events() == [CallEnded(call, Outcome.ENDED, EndReason.ANSWERED_ELSEWHERE)]
    assert statuses(line.receive(request("CANCEL"))) == [200]
    assert line.events() == []


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(told(cln="802398800000"), id="another phone's message"),
        pytest.param(told(cmd="6"), id="another command"),
        pytest.param(told(call_id="other"), id="another call"),
        pytest.param(told(call_id="other", sid="1"), id="another session"),
        pytest.param(request("MESSAGE", body=b"\xff", cseq=1), id="no command"),
    ],
)
def test_what_another_phone_is_told_changes_nothing(line: Line, data: bytes) -> None:
    call, _ = line.ring()
    assert statuses(line.receive(data)) == [200]
    assert line.agent.calls == [call]


def test_a_call_we_took_is_not_taken_from_us(line: Line) -> None:
    call, _ = line.talk()
    assert statuses(line.receive(told())) == [200]
    assert [other.call_id for other in line.agent.calls] == [call.call_id]


# Several calls


def ring_many(line: Line, count: int) -> list[Wire]:
    return line.receive(
        *(invite(call_id=f"call-{number}", branch=f"z9hG4bK{number}") for number in range(count))
    )


def test_each_call_has_its_own_state(line: Line) -> None:
    ring_many(line, 3)
    first, second, third = line.agent.calls
    line.agent.answer(second.call_id, 40000, line.now)
    line.agent.hang_up(third.call_id, EndReason.LOCAL_HANGUP, line.now)
    line.receive(request("CANCEL", call_id="call-0", branch="z9hG4bK0"))
    ends = {event.call.call_id: event.outcome for event in line.events() if isinstance(event, CallEnded)}
    assert ends == {first.call_id: Outcome.MISSED, third.call_id: Outcome.DECLINED}
    assert [(call.call_id, call.state) for call in line.agent.calls] == [(second.call_id, CallState.TALKING)]
    assert len({first.call_id, second.call_id, third.call_id}) == 3


def test_a_sixth_call_is_busy_until_one_of_the_five_is_over(line: Line) -> None:
    answers = ring_many(line, MAX_CALLS + 1)
    assert statuses(answers)[-1] == 486
    assert len(line.agent.calls) == MAX_CALLS == 5
    ended = line.end_of(line.events())
    assert (ended.outcome, ended.reason, ended.call.caller.number) == (Outcome.MISSED, EndReason.BUSY, CALLER)
    assert line.receive(request("ACK", to_tag=answers[-1].tag, call_id="call-5")) == []
    line.receive(request("CANCEL", call_id="call-0", branch="z9hG4bK0"))
    assert statuses(line.receive(invite(call_id="call-6"))) == [100, 180]


def test_a_flood_of_calls_leaves_little_behind(line: Line) -> None:
    for number in range(200):
        line.receive(
            invite(call_id=f"flood-{number}", branch=f"z9hG4bK{number}"),
            request("CANCEL", call_id=f"flood-{number}", branch=f"z9hG4bK{number}"),
        )
    assert len(line.agent._calls) <= MAX_LINGERING + 1
    assert len(line.events()) == 400
    line.advance(33)
    assert len(line.agent._calls) == 0


def test_shutting_down_ends_everything(line: Line) -> None:
    ring_many(line, 3)
    ringing, talking, unacknowledged = line.agent.calls
    line.agent.answer(talking.call_id, 40000, line.now)
    (ok,) = line.sent()
    line.receive(request("ACK", to_tag=ok.tag, call_id="call-1"))
    line.agent.answer(unacknowledged.call_id, 40002, line.now)
    line.sent()
    line.events()
    line.agent.shut_down(line.now)
    left, bye, unregister = line.sent()
    assert (left.status, bye.method, unregister.method) == (480, "BYE", "REGISTER")
    assert {event.call.call_id: event.outcome for event in line.events() if isinstance(event, CallEnded)} == {
        ringing.call_id: Outcome.MISSED,
        talking.call_id: Outcome.ENDED,
        unacknowledged.call_id: Outcome.ENDED,
    }
    assert not line.agent.quiet
    line.receive(response(unregister, 200))
    assert line.events() == [Unregistered()]
    *_, last = line.advance(LINGER)
    assert last.method == "BYE"
    assert not line.agent.quiet
    line.receive(response(last, 200))
    assert line.agent.quiet


def test_a_call_that_comes_while_we_leave_is_left_to_others(line: Line) -> None:
    line.agent.shut_down(line.now)
    line.sent()
    assert statuses(line.receive(invite())) == [480]
    assert line.events() == []
    line.agent.disconnected(line.now)
    line.connect()
    assert statuses(line.receive(invite())) == [100, 180]
