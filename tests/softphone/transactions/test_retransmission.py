"""Datagrams that are lost, come twice or out of order, and when each is sent again (RFC 3261 §17)."""

import math

import pytest

from custom_components.ringcentral.softphone.sip.message import (
    Headers,
    MalformedMessageError,
    Message,
    Request,
    Response,
)
from custom_components.ringcentral.softphone.transactions.retransmission import (
    MAX_TRANSACTIONS,
    Retransmission,
)

# RFC 3261 §17.1.1.2 and §17.1.2.2: timers A and E, after the request itself, until B and F.
TIMER_A = [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
TIMER_E = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def request(method: str, branch: str = "z9hG4bK1", cseq: int = 1, call_id: str = "c") -> Request:
    fields = [("Via", f"SIP/2.0/UDP x:5060;branch={branch}"), ("Call-ID", call_id)]
    return Request(Headers([*fields, ("CSeq", f"{cseq} {method}")]), b"", method, "sip:a@x")


def answer(to: Request, status: int) -> Response:
    return Response(to.headers, b"", status, "Because")


class Wire:
    """One side's transactions; `again` is what they sent again, and how many seconds after the beginning."""

    def __init__(self) -> None:
        self.layer = Retransmission(lambda message: self.again.append((self.now, message)))
        self.again: list[tuple[float, Message]] = []
        self.now = 0.0
        self.layer.tick(self.now)

    def send(self, message: Message) -> None:
        self.layer.sent(message)
        self.layer.tick(self.now)

    def hear(self, *messages: Message) -> list[bool]:
        news = [self.layer.received(message) for message in messages]
        self.layer.tick(self.now)
        return news

    def wait(self, until: float) -> list[float]:
        """Let time pass; return when something was sent again since the last look."""
        while (due := self.layer.next_deadline) <= until:
            self.now = due
            self.layer.tick(due)
        self.now = until
        times = [time for time, _ in self.again]
        self.again.clear()
        return times

    @property
    def idle(self) -> bool:
        return self.layer.next_deadline == math.inf


@pytest.fixture
def wire() -> Wire:
    return Wire()


INVITE, REGISTER, BYE, ACK = (
    request("INVITE"),
    request("REGISTER"),
    request("BYE", "z9hG4bK2"),
    request("ACK"),
)


@pytest.mark.parametrize(("asked", "times"), [(INVITE, TIMER_A), (REGISTER, TIMER_E)])
def test_a_request_nobody_answers_is_repeated_ever_more_slowly_and_then_no_more(
    wire: Wire, asked: Request, times: list[float]
) -> None:
    wire.send(asked)
    assert wire.layer.owed
    assert wire.wait(100) == times
    assert wire.idle and not wire.layer.owed


def test_what_is_repeated_is_the_same_to_the_letter(wire: Wire) -> None:
    wire.send(REGISTER)
    wire.now = 0.5
    wire.layer.tick(0.5)
    assert wire.again == [(0.5, REGISTER)]


def test_a_request_is_timed_from_the_next_tick_which_is_due_at_once(wire: Wire) -> None:
    wire.layer.sent(REGISTER)
    assert wire.layer.next_deadline < 1000
    wire.layer.tick(1000)
    assert wire.layer.next_deadline == 1000.5


def test_a_provisional_answer_ends_the_repetitions_of_an_invite(wire: Wire) -> None:
    wire.send(INVITE)
    assert wire.hear(answer(INVITE, 100), answer(INVITE, 180)) == [True, True]
    assert wire.wait(200) == []
    assert wire.layer.owed
    assert wire.hear(answer(INVITE, 180)) == [True]
    assert wire.wait(400) == []
    assert not wire.idle
    wire.wait(440)
    assert wire.idle


def test_a_provisional_answer_slows_the_repetitions_of_any_other_request(wire: Wire) -> None:
    wire.send(REGISTER)
    assert wire.hear(answer(REGISTER, 100)) == [True]
    assert wire.wait(100) == [0.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5]


@pytest.mark.parametrize("status", [200, 401, 603])
def test_an_answer_is_news_once_and_its_repetitions_are_not(wire: Wire, status: int) -> None:
    wire.send(REGISTER)
    assert wire.hear(*[answer(REGISTER, status)] * 3) == [True, False, False]
    assert wire.wait(4.9) == [] and not wire.idle
    wire.wait(5)
    assert wire.idle


def test_each_repeated_refusal_of_an_invite_is_acknowledged_again(wire: Wire) -> None:
    wire.send(INVITE)
    assert wire.hear(answer(INVITE, 180), answer(INVITE, 486)) == [True, True]
    wire.send(ACK)
    assert wire.hear(*[answer(INVITE, 486)] * 2) == [False, False]
    assert [message for _, message in wire.again] == [ACK, ACK]
    wire.again.clear()
    assert wire.wait(31.9) == [] and not wire.idle
    wire.wait(32)
    assert wire.idle


def test_a_refusal_that_comes_again_before_its_ack_is_no_news(wire: Wire) -> None:
    wire.send(INVITE)
    assert wire.hear(*[answer(INVITE, 486)] * 2) == [True, False]
    assert wire.again == []


@pytest.mark.parametrize("provisional", [[], [180]])
def test_every_success_of_an_invite_goes_to_who_acknowledges_it(wire: Wire, provisional: list[int]) -> None:
    wire.send(INVITE)
    wire.hear(*[answer(INVITE, status) for status in provisional])
    assert wire.hear(*[answer(INVITE, 200)] * 2) == [True, True]
    wire.send(request("ACK", "z9hG4bKother"))
    assert wire.idle


def test_an_answer_to_nothing_is_for_others_to_judge(wire: Wire) -> None:
    assert wire.hear(answer(BYE, 200)) == [True]


def test_a_cancel_is_not_its_invite(wire: Wire) -> None:
    cancel = request("CANCEL")
    wire.send(INVITE)
    wire.send(cancel)
    assert wire.hear(answer(cancel, 200), answer(INVITE, 487)) == [True, True]
    assert wire.hear(answer(cancel, 200), answer(INVITE, 487)) == [False, False]


def test_a_repeated_request_is_answered_as_before_and_is_no_news(wire: Wire) -> None:
    assert wire.hear(BYE) == [True]
    wire.send(answer(BYE, 200))
    assert not wire.layer.owed
    assert wire.hear(BYE, BYE) == [False, False]
    assert [message.encode() for _, message in wire.again] == [answer(BYE, 200).encode()] * 2
    wire.again.clear()
    assert wire.wait(31.9) == [] and not wire.idle
    wire.wait(32)
    assert wire.idle


@pytest.mark.parametrize("asked", [BYE, INVITE])
def test_a_request_that_nobody_answers_is_still_no_news_when_it_comes_again(
    wire: Wire, asked: Request
) -> None:
    assert wire.hear(asked, asked) == [True, False]
    assert wire.again == []
    wire.wait(240)
    assert wire.idle


def test_a_provisional_answer_to_other_requests_is_repeated_until_the_last_word(wire: Wire) -> None:
    wire.hear(BYE)
    wire.send(answer(BYE, 100))
    wire.send(answer(BYE, 200))
    wire.hear(BYE)
    assert [message.encode() for _, message in wire.again] == [answer(BYE, 200).encode()]


def test_a_repeated_invite_hears_what_was_said_last(wire: Wire) -> None:
    assert wire.hear(INVITE) == [True]
    wire.send(answer(INVITE, 100))
    wire.send(answer(INVITE, 180))
    assert not wire.layer.owed
    assert wire.hear(INVITE) == [False]
    assert [message.encode() for _, message in wire.again] == [answer(INVITE, 180).encode()]
    wire.again.clear()
    assert wire.wait(100) == []


def test_a_refusal_is_repeated_until_it_is_acknowledged(wire: Wire) -> None:
    wire.hear(INVITE)
    wire.send(answer(INVITE, 486))
    assert wire.wait(4) == [0.5, 1.5, 3.5]
    assert wire.hear(INVITE) == [False]
    assert wire.wait(4) == [4.0]
    assert wire.hear(ACK, ACK, INVITE) == [False, False, False]
    assert not wire.layer.owed
    assert wire.wait(8.9) == [] and not wire.idle
    wire.wait(9)
    assert wire.idle


def test_a_refusal_nobody_acknowledges_is_given_up(wire: Wire) -> None:
    wire.hear(INVITE)
    wire.send(answer(INVITE, 486))
    assert wire.layer.owed
    assert wire.wait(100) == TIMER_E
    assert wire.idle


def test_a_success_is_left_to_who_repeats_it(wire: Wire) -> None:
    wire.hear(INVITE)
    for _ in range(2):
        wire.send(answer(INVITE, 200))
    assert wire.hear(INVITE) == [False]
    assert wire.again == []
    assert wire.hear(ACK, request("ACK", "z9hG4bKother")) == [True, True]
    assert wire.wait(100) == []
    assert wire.idle


@pytest.mark.parametrize(
    "other",
    [request("BYE", "z9hG4bK3"), request("BYE", "z9hG4bK2", 2), request("BYE", "z9hG4bK2", call_id="d")],
    ids=["branch", "CSeq", "Call-ID"],
)
def test_another_request_is_news(wire: Wire, other: Request) -> None:
    assert wire.hear(BYE, other) == [True, True]


def test_what_names_no_transaction_is_malformed(wire: Wire) -> None:
    with pytest.raises(MalformedMessageError):
        wire.layer.received(Request(Headers([("Call-ID", "c")]), b"", "BYE", "sip:a@x"))


def test_a_flood_does_not_pile_up(wire: Wire) -> None:
    flood = [request("OPTIONS", f"z9hG4bK{number}") for number in range(MAX_TRANSACTIONS + 1)]
    assert all(wire.hear(*flood))
    assert wire.hear(flood[-1], flood[1]) == [False, False]
    assert wire.hear(flood[0]) == [True]
