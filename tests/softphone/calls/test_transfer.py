"""Handing a call on (RFC 3515), seen from the wire."""

import pytest

from custom_components.ringcentral.softphone.calls.call import UnknownCallError
from custom_components.ringcentral.softphone.calls.dialing import TransferPendingError
from custom_components.ringcentral.softphone.calls.transfer import FAREWELL, FIRST_WORD, LAST_WORD
from custom_components.ringcentral.softphone.events import Call, CallEnded, EndReason, Outcome
from tests.softphone.builders import DOMAIN, USERNAME, Line, Wire, request, response, statuses

OTHER = "#1001"


@pytest.fixture
def line() -> Line:
    return Line().register()


def transfer(line: Line, call: Call) -> tuple[list[EndReason], Wire]:
    """Hand a call on; return where the result will be, and the REFER."""
    told: list[EndReason] = []
    one = line.agent.answered(call.call_id)
    one.transfer(line.agent.uri_of(OTHER), line.agent.own_uri, line.now, told.append)
    (refer,) = line.sent()
    return told, refer


def notify(
    tag: str,
    body: bytes,
    state: str = "active;expires=60",
    *,
    cseq: int = 31269,
    event: str = "refer",
) -> bytes:
    headers = (("Event", event), ("Subscription-State", state))
    return request("NOTIFY", to_tag=tag, cseq=cseq, headers=headers, body=body)


def byes(messages: list[Wire]) -> list[Wire]:
    return [message for message in messages if message.start.startswith("BYE")]


def test_the_other_side_is_asked_to_call_somebody(line: Line) -> None:
    call, tag = line.talk()
    told, refer = transfer(line, call)
    assert refer.start.startswith("REFER sip:")
    assert refer.get("Refer-To") == f"<sip:%231001@{DOMAIN}>"
    assert refer.get("Referred-By") == f"<sip:{USERNAME}@{DOMAIN}>"
    assert (refer.get("CSeq"), f";tag={tag}" in refer.get("From")) == ("1 REFER", True)
    assert told == []


@pytest.mark.parametrize("taken_first", [True, False])
def test_once_it_is_answered_there_we_hang_up(line: Line, taken_first: bool) -> None:
    call, tag = line.talk()
    told, refer = transfer(line, call)
    if taken_first:
        assert line.receive(response(refer, 202)) == []
        assert statuses(line.receive(notify(tag, b"SIP/2.0 100 Trying\r\n"))) == [200]
        assert statuses(line.receive(notify(tag, b"SIP/2.0 180 Ringing\r\n", cseq=31270))) == [200]
        assert told == []
    ok, bye = line.receive(notify(tag, b"SIP/2.0 200 OK\r\n", "terminated;reason=noresource", cseq=31271))
    assert (ok.status, bye.start.split()[0]) == (200, "BYE")
    assert told == [EndReason.TRANSFERRED]
    ended = line.end_of(line.events())
    assert (ended.outcome, ended.reason) == (Outcome.ENDED, EndReason.TRANSFERRED)
    assert line.receive(response(refer, 202)) == []
    assert statuses(line.receive(notify(tag, b"SIP/2.0 200 OK\r\n", cseq=31272))) == [200]
    assert told == [EndReason.TRANSFERRED]


def test_who_hangs_up_once_asked_has_been_handed_on(line: Line) -> None:
    call, tag = line.talk()
    told, refer = transfer(line, call)
    line.receive(response(refer, 202))
    assert statuses(line.receive(request("BYE", to_tag=tag, cseq=31269))) == [200]
    assert told == [EndReason.TRANSFERRED]
    assert line.end_of(line.events()).reason is EndReason.TRANSFERRED


def test_who_hangs_up_before_has_just_hung_up(line: Line) -> None:
    call, tag = line.talk()
    told, _ = transfer(line, call)
    line.receive(request("BYE", to_tag=tag, cseq=31269))
    assert told == [EndReason.REMOTE_HANGUP]


def test_hanging_up_ourselves_ends_it(line: Line) -> None:
    call, _ = line.talk()
    told, refer = transfer(line, call)
    line.receive(response(refer, 202))
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    assert told == [EndReason.LOCAL_HANGUP]


@pytest.mark.parametrize("status", [200, 202])
def test_a_server_that_will_not_tell_is_believed(line: Line, status: int) -> None:
    call, _ = line.talk()
    told, refer = transfer(line, call)
    line.receive(response(refer, status, ("Refer-Sub", "false")))
    assert byes(line.advance(FAREWELL - 0.1)) == []
    assert len(byes(line.advance(0.2))) == 1
    assert told == [EndReason.TRANSFERRED]


def test_a_server_that_stops_telling_without_a_failure_is_believed(line: Line) -> None:
    call, tag = line.talk()
    told, refer = transfer(line, call)
    line.receive(response(refer, 202))
    _, bye = line.receive(notify(tag, b"SIP/2.0 100 Trying\r\n", "terminated;reason=noresource"))
    assert bye.start.startswith("BYE")
    assert told == [EndReason.TRANSFERRED]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (486, EndReason.BUSY),
        (603, EndReason.DECLINED),
        (404, EndReason.UNKNOWN_NUMBER),
        (480, EndReason.NO_ANSWER),
        (503, EndReason.REFUSED),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_call_that_could_not_be_handed_on_goes_on(
    line: Line, status: int, reason: EndReason, at_once: bool
) -> None:
    call, tag = line.talk()
    told, refer = transfer(line, call)
    if at_once:
        line.receive(response(refer, status))
    else:
        line.receive(response(refer, 202))
        said = f"SIP/2.0 {status} No\r\n".encode()
        assert statuses(line.receive(notify(tag, said, "terminated;reason=noresource"))) == [200]
    assert told == [reason]
    assert [other.call_id for other in line.agent.calls] == [call.call_id]
    line.receive(request("BYE", to_tag=tag, cseq=31270))
    assert line.end_of(line.events()).reason is EndReason.REMOTE_HANGUP


def test_a_challenge_is_met(line: Line) -> None:
    call, tag = line.talk()
    told, refer = transfer(line, call)
    (again,) = line.receive(response(refer, 407, ("Proxy-Authenticate", 'Digest realm="r", nonce="n"')))
    assert again.start.startswith("REFER ")
    assert "Proxy-Authorization" in dict(again.fields)
    assert again.get("Refer-To") == refer.get("Refer-To")
    line.receive(response(again, 202))
    line.receive(notify(tag, b"SIP/2.0 486 Busy\r\n", event="refer;id=1"))
    assert told == []
    line.receive(notify(tag, b"SIP/2.0 486 Busy\r\n", event="refer;id=2", cseq=31270))
    assert told == [EndReason.BUSY]


@pytest.mark.parametrize(
    ("event", "body"),
    [("keep-alive", b"SIP/2.0 200 OK"), ("refer", b"nonsense"), ("refer", b"")],
)
def test_what_tells_nothing_changes_nothing(line: Line, event: str, body: bytes) -> None:
    call, tag = line.talk()
    told, refer = transfer(line, call)
    line.receive(response(refer, 202))
    assert statuses(line.receive(notify(tag, body, event=event))) == [200]
    assert told == []


def test_a_server_that_says_nothing_leaves_the_call_as_it_is(line: Line) -> None:
    call, _ = line.talk()
    told, refer = transfer(line, call)
    line.receive(response(refer, 202))
    line.advance(FIRST_WORD)
    assert told == [EndReason.NO_ANSWER]
    assert line.agent.calls[0].call_id == call.call_id


def test_nobody_is_waited_for_longer_than_a_telephone_rings(line: Line) -> None:
    call, tag = line.talk()
    told, refer = transfer(line, call)
    line.receive(response(refer, 202), notify(tag, b"SIP/2.0 180 Ringing\r\n"))
    line.advance(LAST_WORD - 1)
    assert told == []
    line.advance(1)
    assert told == [EndReason.NO_ANSWER]


def test_news_may_come_before_the_answer(line: Line) -> None:
    call, tag = line.talk()
    told, refer = transfer(line, call)
    line.receive(notify(tag, b"SIP/2.0 100 Trying\r\n"), response(refer, 202))
    line.advance(FIRST_WORD)
    assert told == []
    line.receive(notify(tag, b"SIP/2.0 200 OK\r\n", cseq=31270))
    assert told == [EndReason.TRANSFERRED]


def test_a_refer_without_an_answer_is_given_up(line: Line) -> None:
    call, _ = line.talk()
    told, _ = transfer(line, call)
    line.advance(32)
    assert told == [EndReason.NETWORK_ERROR]


@pytest.mark.parametrize("taken", [True, False])
def test_a_lost_connection_leaves_only_what_was_taken(line: Line, taken: bool) -> None:
    call, tag = line.talk()
    told, refer = transfer(line, call)
    line.receive(*[response(refer, 202)] * taken)
    line.agent.disconnected(line.now)
    assert told == ([] if taken else [EndReason.NETWORK_ERROR])
    line.reconnect()
    line.receive(notify(tag, b"SIP/2.0 200 OK\r\n"))
    assert told == [EndReason.TRANSFERRED if taken else EndReason.NETWORK_ERROR]


def test_a_call_is_handed_on_once_at_a_time(line: Line) -> None:
    call, tag = line.talk()
    told, refer = transfer(line, call)
    with pytest.raises(TransferPendingError):
        transfer(line, call)
    line.receive(notify(tag, b"SIP/2.0 486 Busy\r\n"))
    assert told == [EndReason.BUSY]
    with pytest.raises(TransferPendingError):
        transfer(line, call)
    line.receive(response(refer, 202))
    second, refer = transfer(line, call)
    line.receive(response(refer, 202), notify(tag, b"SIP/2.0 200 OK\r\n", cseq=31270))
    assert (told, second) == ([EndReason.BUSY], [EndReason.TRANSFERRED])


def test_nobody_hands_on_a_call_that_rings_or_is_over(line: Line) -> None:
    call, _ = line.ring()
    with pytest.raises(UnknownCallError):
        transfer(line, call)
    line.receive(request("CANCEL"))
    assert isinstance(line.events()[-1], CallEnded)
    with pytest.raises(UnknownCallError):
        transfer(line, call)
