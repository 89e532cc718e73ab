"""Sessions that run out, and who keeps them from it (RFC 4028)."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.calls.session_timer import MIN_SE, SessionTimer
from custom_components.ringcentral.softphone.events import EndReason
from tests.softphone.builders import OFFER, Fields, Line, Wire, invite, request, response

RINGCENTRAL: Fields = (
    ("Supported", "replaces, timer, diversion"),
    ("Session-Expires", "14400;refresher=uac"),
    ("Min-SE", "90"),
)


@pytest.fixture
def line() -> Line:
    return Line().register()


def timed(interval: int, refresher: str) -> Fields:
    return (("Supported", "timer"), ("Session-Expires", f"{interval};refresher={refresher}"))


def answered(line: Line, headers: Fields) -> Wire:
    """Take a call with these headers; return the 200."""
    call, tag = line.ring(invite(headers=headers))
    ok = line.answer(call)
    line.receive(request("ACK", to_tag=tag))
    line.events()
    return ok


def calls_of(line: Line, seconds: float) -> list[Wire]:
    """Let time pass, the registration kept; return what the calls sent."""
    sent, end = [], line.now + seconds
    while line.now < end:
        for wire in line.advance(min(1.0, end - line.now)):
            if wire.method == "REGISTER":
                line.receive(response(wire, 200, ("Expires", "600")))
            else:
                sent.append(wire)
    return sent


@pytest.mark.parametrize(
    ("headers", "expires", "require"),
    [
        (RINGCENTRAL, ["14400;refresher=uac"], ["timer"]),
        (timed(90, "uas"), ["90;refresher=uas"], ["timer"]),
        ((("k", "timer"), ("x", "1800")), ["1800;refresher=uac"], ["timer"]),
        ((("Session-Expires", "1800;refresher=uac"),), ["1800;refresher=uac"], ["timer"]),
        ((("Session-Expires", "1800"),), ["1800;refresher=uas"], []),
        ((("Session-Expires", "89"),), [], []),
        ((("Supported", "timer"),), [], []),
        ((("Supported", "timer"), ("Session-Expires", "soon")), [], []),
        ((), [], []),
    ],
)
def test_an_answer_agrees_to_what_is_asked(
    line: Line, headers: Fields, expires: list[str], require: list[str]
) -> None:
    ok = answered(line, headers)
    assert (ok.all("Session-Expires"), ok.all("Require"), ok.get("Supported")) == (expires, require, "timer")


def test_a_timer_may_be_required_and_nothing_else(line: Line) -> None:
    (refused,) = line.receive(invite(headers=(("Require", "timer, 100rel"), ("Require", "timer"))))
    assert (refused.status, refused.all("Unsupported")) == (420, ["100rel"])
    answered(line, (*RINGCENTRAL, ("Require", "timer")))


def test_an_interval_that_is_too_brief_is_refused(line: Line) -> None:
    (refused,) = line.receive(invite(headers=timed(89, "uac")))
    assert (refused.status, refused.get("Min-SE")) == (422, "90")
    assert line.agent.calls == []


@pytest.mark.parametrize(("method", "body"), [("INVITE", OFFER), ("UPDATE", OFFER), ("UPDATE", b"")])
def test_a_later_interval_that_is_too_brief_is_refused_too(line: Line, method: str, body: bytes) -> None:
    tag = answered(line, RINGCENTRAL).tag
    (refused,) = line.receive(request(method, to_tag=tag, cseq=31269, body=body, headers=timed(10, "uac")))
    assert (refused.status, refused.get("Min-SE")) == (422, "90")
    assert len(line.agent.calls) == 1


@pytest.mark.parametrize(("method", "body"), [("INVITE", OFFER), ("UPDATE", OFFER), ("UPDATE", b"")])
def test_their_refresh_keeps_the_session(line: Line, method: str, body: bytes) -> None:
    tag = answered(line, timed(90, "uac")).tag
    for cseq in range(31269, 31274):
        assert calls_of(line, 59) == []
        ok, *_ = line.receive(request(method, to_tag=tag, cseq=cseq, body=body, headers=timed(90, "uac")))
        assert (ok.status, ok.get("Session-Expires"), ok.get("Require")) == (200, "90;refresher=uac", "timer")
        line.receive(request("ACK", to_tag=tag, cseq=cseq))
    assert len(line.agent.calls) == 1


@pytest.mark.parametrize(("interval", "expires"), [(90, 60), (1800, 1768)])
def test_without_their_refresh_the_session_runs_out(line: Line, interval: int, expires: int) -> None:
    answered(line, timed(interval, "uac"))
    assert calls_of(line, expires - 1) == []
    (bye,) = calls_of(line, 1)
    assert bye.method == "BYE"
    assert line.end_of(line.events()).reason is EndReason.NETWORK_ERROR


def test_a_refresh_without_an_interval_ends_the_timer(line: Line) -> None:
    tag = answered(line, timed(90, "uac")).tag
    line.receive(request("UPDATE", to_tag=tag, cseq=31269))
    assert calls_of(line, 600) == []


def test_our_refresh_is_an_invite_at_half_the_interval(line: Line) -> None:
    ok = answered(line, timed(1800, "uas"))
    assert calls_of(line, 899) == []
    for number in (1, 2):
        (ours,) = calls_of(line, 1)
        assert (ours.get("CSeq"), ours.body) == (f"{number} INVITE", ok.body)
        assert (ours.get("Session-Expires"), ours.get("Min-SE")) == ("1800;refresher=uac", "90")
        line.receive(response(ours, 200, ("Session-Expires", "1800;refresher=uac"), ("Require", "timer")))
        assert calls_of(line, 899) == []


def test_who_answers_our_refresh_may_take_it_over_or_end_the_timer(line: Line) -> None:
    answered(line, timed(90, "uas"))
    (ours,) = calls_of(line, 45)
    line.receive(response(ours, 200, ("Session-Expires", "200;refresher=uas")))
    assert calls_of(line, 160) == []
    assert [wire.method for wire in calls_of(line, 10)] == ["BYE"]


def test_an_answer_without_an_interval_ends_the_timer(line: Line) -> None:
    answered(line, timed(90, "uas"))
    (ours,) = calls_of(line, 45)
    line.receive(response(ours, 200))
    assert calls_of(line, 600) == []


def test_a_failing_refresh_is_tried_until_the_session_runs_out(line: Line) -> None:
    answered(line, timed(90, "uas"))
    (ours,) = calls_of(line, 45)
    line.receive(response(ours, 500))
    (again,) = calls_of(line, 10)
    line.receive(response(again, 500))
    assert [wire.method for wire in calls_of(line, 5)] == ["BYE"]


@pytest.mark.parametrize(("minimum", "asked"), [("600", 600), ("91", 300), ("x", 300)])
def test_a_longer_interval_is_granted(line: Line, minimum: str, asked: int) -> None:
    answered(line, timed(300, "uas"))
    (ours,) = calls_of(line, 150)
    line.receive(response(ours, 422, ("Min-SE", minimum)))
    (again,) = calls_of(line, 10)
    assert again.get("Session-Expires") == f"{asked};refresher=uac"


def test_a_session_runs_out_without_a_connection_too(line: Line) -> None:
    tag = answered(line, timed(90, "uac")).tag
    line.agent.disconnected(line.now)
    line.advance(60)
    assert line.end_of(line.events()).reason is EndReason.NETWORK_ERROR
    assert [wire.method for wire in line.reconnect()] == ["BYE"]
    assert line.receive(request("BYE", to_tag=tag, cseq=31270))[0].status == 200


def test_a_reconnect_refreshes_the_session(line: Line) -> None:
    answered(line, timed(90, "uac"))
    line.agent.disconnected(line.now)
    line.advance(59)
    (ours,) = line.reconnect()
    assert ours.get("Session-Expires") == "90;refresher=uas"
    line.receive(response(ours, 200, ("Session-Expires", "90;refresher=uas")))
    line.events()
    assert calls_of(line, 59) == []
    assert [wire.method for wire in calls_of(line, 1)] == ["BYE"]


@given(st.integers(MIN_SE, 2**32))
def test_a_refresh_comes_before_the_end_with_room_for_a_failure(interval: int) -> None:
    timer = SessionTimer(interval, refreshing=True)
    assert 0 < timer.refresh_after < timer.expires_after < interval
    assert timer.expires_after - timer.refresh_after >= 15
