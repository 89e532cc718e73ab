"""Keys as INFO requests, both ways, seen from the wire."""

import pytest

from custom_components.ringcentral.softphone.events import CallEnded, KeyPressed, KeyTold
from custom_components.ringcentral.softphone.media.key_output import KeyOrder
from custom_components.ringcentral.softphone.media.keys import KEYS, KeyWay
from custom_components.ringcentral.softphone.redaction import Redactor
from custom_components.ringcentral.softphone.sip.message import parse_message
from tests.softphone.builders import Line, Wire, message, request, response

RELAY = "application/dtmf-relay"
BARE = "application/dtmf"
HOLD = 0.1


@pytest.fixture
def line() -> Line:
    return Line().register()


def told(line: Line, content_type: str, body: bytes, cseq: int = 31269) -> str:
    """Have the other side of a call say this; return the keys it means."""
    _, tag = line.talk()
    (ok,) = line.receive(info(tag, content_type, body, cseq))
    assert ok.status == 200
    return "".join(event.key for event in line.events() if isinstance(event, KeyTold))


def info(tag: str, content_type: str, body: bytes, cseq: int = 31269) -> bytes:
    plain = request("INFO", to_tag=tag, cseq=cseq, headers=(("Content-Type", content_type),))
    return plain.replace(b"Content-Length: 0", b"Content-Length: %d" % len(body)) + body


@pytest.mark.parametrize(
    ("content_type", "body", "key"),
    [
        *[(RELAY, f"Signal={key}\r\nDuration=160\r\n".encode(), key) for key in KEYS],
        *[(BARE, key.encode(), key) for key in KEYS],
        (RELAY, b"Signal= 5\r\nDuration= 100\r\n", "5"),
        (RELAY, b"signal : 5", "5"),
        (RELAY, b"\r\nSIGNAL=b\r\n", "B"),
        (RELAY, b"Duration=160\nSignal=10\n", "*"),
        (RELAY, b"Signal=11\r\n", "#"),
        (RELAY, b"Signal=15\r\n", "D"),
        ("Application/DTMF-Relay;charset=utf-8", b"Signal=5\r\n", "5"),
        (BARE, b" 5\r\n", "5"),
        (BARE, b"11", "#"),
        (BARE, b"Signal=5\r\nDuration=160", "5"),
        (RELAY, b"5", ""),
        (RELAY, b"Signal=16", ""),
        (RELAY, b"Signal=\r\nDuration=5", ""),
        (RELAY, b"Signal=!", ""),
        (RELAY, b"Signal=5" + b" " * 300, ""),
        (BARE, b"123", ""),
        (BARE, b"\xff", ""),
        (BARE, b"", ""),
        ("application/json", b"5", ""),
        ("", b"5", ""),
    ],
)
def test_a_key_is_read_however_it_is_written(line: Line, content_type: str, body: bytes, key: str) -> None:
    assert told(line, content_type, body) == key


def test_a_key_before_the_answer_is_none(line: Line) -> None:
    _, tag = line.ring()
    (ok,) = line.receive(info(tag, BARE, b"5"))
    assert (ok.status, line.events()) == (200, [])


def test_a_key_is_never_shown() -> None:
    told, pressed = KeyTold("c", "#"), KeyPressed("c", "#", KeyWay.INFO)
    assert "#" not in repr(told) + repr(pressed)
    for content_type, body in ((RELAY, b"Signal=#\r\nDuration=160\r\n"), (BARE, b"#")):
        head = message("INFO sip:a@b SIP/2.0", (("Content-Type", content_type),))
        noted = parse_message(head.removesuffix(b"\r\n\r\n"), body)
        assert "#" not in Redactor().redact(noted)


class Talk:
    """An answered call that presses keys."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.done: list[bool] = []
        self.call, self.tag = line.talk()

    def press(self, keys: str, duration: float = HOLD, gap: float = HOLD) -> list[Wire]:
        machine = self.line.agent.answered(self.call.call_id)
        machine.keys.press(KeyOrder(keys, duration, gap, KeyWay.INFO), self.line.now, self.done.append)
        return self.line.sent()


@pytest.fixture
def talk(line: Line) -> Talk:
    return Talk(line)


def test_keys_of_ours_go_one_after_the_other(line: Line, talk: Talk) -> None:
    (first,) = talk.press("5*")
    assert first.start.startswith("INFO ")
    assert (first.get("Content-Type"), first.body) == (RELAY, b"Signal=5\r\nDuration=100\r\n")
    assert line.advance(1) == []
    assert line.receive(response(first, 200)) == []
    (second,) = line.advance(0)
    assert second.body == b"Signal=*\r\nDuration=100\r\n"
    assert line.receive(response(second, 200)) == []
    assert line.advance(0.19) == []
    assert talk.done == []
    line.advance(0.02)
    assert talk.done == [True]


def test_the_next_key_waits_until_the_last_is_over(line: Line, talk: Talk) -> None:
    (first,) = talk.press("12", 0.3, 0.2)
    line.receive(response(first, 200))
    assert line.advance(0.49) == []
    (second,) = line.advance(0.02)
    assert second.body.startswith(b"Signal=2")


def test_a_comma_is_half_a_second(line: Line, talk: Talk) -> None:
    assert talk.press(",5") == []
    assert line.advance(0.49) == []
    (key,) = line.advance(0.02)
    assert key.body.startswith(b"Signal=5")


def test_more_keys_wait_their_turn(line: Line, talk: Talk) -> None:
    (first,) = talk.press("1")
    assert talk.press("2") == []
    line.receive(response(first, 200))
    (second,) = line.advance(0.3)
    assert talk.done == [True]
    assert second.body.startswith(b"Signal=2")


@pytest.mark.parametrize("status", [415, 501])
def test_a_key_that_is_refused_ends_what_it_belongs_to(line: Line, talk: Talk, status: int) -> None:
    (first,) = talk.press("123")
    talk.press("4")
    (other,) = line.receive(response(first, status))
    assert talk.done == [False]
    assert other.body.startswith(b"Signal=4")


def test_a_key_that_nobody_answers_is_given_up(line: Line, talk: Talk) -> None:
    talk.press("12")
    line.advance(33)
    assert talk.done == [False]


def test_the_end_of_the_call_ends_its_keys(line: Line, talk: Talk) -> None:
    (first,) = talk.press("12")
    talk.press("3")
    line.receive(request("BYE", to_tag=talk.tag, cseq=31269))
    assert talk.done == [False, False]
    assert any(isinstance(event, CallEnded) for event in line.events())
    assert line.receive(response(first, 200)) == []
    assert line.advance(1) == []


def test_a_lost_connection_ends_the_keys_and_not_the_call(line: Line, talk: Talk) -> None:
    talk.press("12")
    line.agent.disconnected(line.now)
    assert talk.done == [False]
    assert [call.call_id for call in line.agent.calls] == [talk.call.call_id]
