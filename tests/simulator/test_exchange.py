"""The exchange without I/O."""

from collections.abc import Callable

import pytest

from simulator.caller import Caller, Manner, Step
from simulator.dialect import Address, Dialect
from simulator.digest import Scheme
from simulator.exchange import KEPT, Close, Datagram, Exchange, NotRegisteredError, Output, Send
from simulator.registrar import Account, RegisterFault
from simulator.rtp import Packet
from simulator.voice import SILENCE
from simulator.wire import Framer, Message, request, tag_of

from .fake_phone import CONTACT, ask, register, respond, sdp

OPEN = Account(scheme=Scheme.OPEN)
OTHER = Account(username="16505550124", scheme=Scheme.OPEN)
SERVER, MEDIA, PHONE = Address("127.0.0.1", 5090), Address("127.0.0.1", 30000), Address("127.0.0.1", 40000)


def connected(*accounts: Account) -> Exchange:
    """An exchange with a phone on link 1, registered for the first account."""
    exchange = Exchange(accounts or (OPEN,), SERVER, seed=3)
    exchange.connected(1)
    exchange.received(1, register((accounts or (OPEN,))[0]).encode(), 0.0)
    exchange.outputs()
    return exchange


def sent(outputs: list[Output], link: int = 1) -> list[Message]:
    framer = Framer()
    segments = [item.data for item in outputs if isinstance(item, Send) and item.link == link]
    return [message for data in segments for message in framer.feed(data) if isinstance(message, Message)]


def place(exchange: Exchange, caller: Caller | None = None) -> Message:
    """Place a call; its INVITE."""
    exchange.call(OPEN, caller or Caller(manner=Manner(stay=True)), MEDIA, 1.0)
    (invite,) = sent(exchange.outputs())
    return invite


def give(exchange: Exchange, message: Message, now: float = 1.0, link: int = 1) -> list[Output]:
    exchange.received(link, message.encode(), now)
    return exchange.outputs()


def test_a_registered_phone_can_be_called() -> None:
    exchange = connected()

    assert exchange.is_registered(OPEN, 1.0)
    assert not exchange.is_registered(OPEN, 61.0)
    assert place(exchange).uri == CONTACT


def test_nobody_is_called_who_is_not_there() -> None:
    exchange = connected()

    with pytest.raises(NotRegisteredError):
        exchange.call(OPEN, Caller(), MEDIA, 61.0)


def test_a_call_lives_from_invite_to_bye() -> None:
    exchange = connected()
    invite = place(exchange)
    (call,) = exchange.calls
    give(exchange, respond(invite, 180))
    (ack,) = sent(give(exchange, respond(invite, 200, body=sdp())))
    exchange.datagram(MEDIA, Packet(0, 1, 1, 1, SILENCE).encode(), PHONE, 2.0)
    exchange.due(2.0)
    (datagram,) = exchange.outputs()
    (ok,) = sent(give(exchange, ask(invite, "BYE"), 3.0))

    assert ack.method == "ACK"
    assert isinstance(datagram, Datagram)
    assert (datagram.source, datagram.to, len(datagram.data)) == (MEDIA, PHONE, 172)
    assert ok.status == 200
    assert call.outcome == "phone hung up"
    assert exchange.deadline is None
    assert exchange.violations == call.violations == []


def test_a_call_that_is_over_still_answers() -> None:
    exchange = connected()
    invite = place(exchange)
    give(exchange, respond(invite, 486))

    (answer,) = sent(give(exchange, ask(invite, "BYE")))

    assert answer.status == 481


def test_sound_reaches_its_own_call_only() -> None:
    exchange = connected()
    invites = []
    for port in (30000, 30002):
        exchange.call(OPEN, Caller(), Address("127.0.0.1", port), 1.0)
        invites += sent(exchange.outputs())
    for invite in invites:
        give(exchange, respond(invite, 200, body=sdp()))

    exchange.datagram(Address("127.0.0.1", 30002), Packet(0, 1, 1, 1, SILENCE).encode(), PHONE, 2.0)

    assert [len(call.voice.heard) for call in exchange.calls] == [0, 1]


def test_a_caller_may_be_told_what_to_do() -> None:
    exchange = connected()
    give(exchange, respond(place(exchange), 180))
    exchange.do(exchange.calls[0], Step.CANCEL, 2.0)

    assert [message.method for message in sent(exchange.outputs())] == ["CANCEL"]


def test_a_ping_is_answered_unless_told_otherwise() -> None:
    exchange = connected()
    exchange.received(1, b"\r\n\r\n", 1.0)
    assert exchange.outputs() == [Send(1, b"\r\n")]

    exchange.received(1, b"\r\n", 1.0)
    exchange.faults.pong = False
    exchange.received(1, b"\r\n\r\n", 1.0)
    assert exchange.outputs() == []


def test_a_lost_connection_ends_its_calls_and_registrations_only() -> None:
    exchange = connected(OPEN, OTHER)
    exchange.connected(2)
    give(exchange, register(OTHER, call_id="r2"), link=2)
    place(exchange)
    exchange.call(OTHER, Caller(), MEDIA, 1.0)

    exchange.closed(1, 2.0)
    exchange.closed(1, 2.0)

    assert [call.outcome for call in exchange.calls] == ["connection lost", ""]
    assert not exchange.is_registered(OPEN, 2.0)
    assert exchange.is_registered(OTHER, 2.0)


def test_a_call_goes_on_over_the_connection_the_phone_speaks_over() -> None:
    exchange = connected()
    invite = place(exchange)
    (call,) = exchange.calls
    assert exchange.link_of_call(call) == exchange.link_of(OPEN, 1.0) == 1
    exchange.connected(2)
    give(exchange, respond(invite, 180), link=2)

    assert exchange.link_of_call(call) == 2


def test_of_the_calls_that_are_over_the_oldest_are_forgotten_but_not_what_was_wrong_in_them() -> None:
    exchange = connected()
    for _ in range(KEPT + 5):
        invite = place(exchange)
        give(exchange, respond(invite, 486))
        exchange.calls[-1].log.wrong("something")

    assert KEPT <= len(exchange.calls) <= KEPT + 1
    assert exchange.violations == ["something"]


def test_a_connection_can_be_dropped() -> None:
    exchange = connected()
    place(exchange)
    exchange.drop(OPEN, 2.0)
    exchange.drop(OPEN, 2.0)

    assert exchange.outputs() == [Close(1)]
    assert exchange.calls[0].outcome == "connection lost"


def test_a_forgotten_phone_stays_connected_and_may_register_again() -> None:
    exchange = connected()
    exchange.forget()
    assert not exchange.is_registered(OPEN, 1.0)

    give(exchange, register(OPEN, number=2))
    assert exchange.is_registered(OPEN, 1.0)


def test_a_connection_is_closed_instead_of_an_answer() -> None:
    exchange = connected()
    exchange.faults.close_on_register = True
    more = register(OPEN, number=2).encode() * 2
    exchange.received(1, more, 1.0)
    exchange.received(1, more, 1.0)

    assert exchange.outputs() == [Close(1)]


def test_silence_is_silence() -> None:
    exchange = connected()
    exchange.faults.silent = True
    exchange.received(1, register(OPEN, number=2).encode(), 1.0)
    exchange.call(OPEN, Caller(), MEDIA, 1.0)

    assert exchange.outputs() == []


def test_what_began_in_silence_is_still_followed_afterwards() -> None:
    exchange = connected()
    first, second = register(OPEN, number=2).encode(), register(OPEN, number=3).encode()
    exchange.faults.silent = True
    exchange.received(1, first[:100], 1.0)
    exchange.faults.silent = False
    exchange.received(1, first[100:] + second, 2.0)

    assert [message.status for message in sent(exchange.outputs())] == [100, 200, 100, 200]
    assert exchange.violations == []


def test_a_farewell_that_was_not_heard_is_not_held_against_the_phone_later() -> None:
    exchange = connected()
    invite = place(exchange)
    (call,) = exchange.calls
    give(exchange, respond(invite, 200, body=sdp()))
    exchange.faults.silent = True
    give(exchange, ask(invite, "BYE"))
    exchange.faults.silent = False
    call.do(Step.HANG_UP, 2.0)
    exchange.due(2.0)
    (bye,) = sent(exchange.outputs())
    give(exchange, respond(bye, 481))

    assert call.outcome == "caller hung up"
    assert call.violations == []


def test_faults_of_the_registrar_pass_through() -> None:
    exchange = connected()
    exchange.faults.register = RegisterFault.TOO_MANY_CONTACTS

    assert [m.status for m in sent(give(exchange, register(OPEN, number=2)))] == [100, 603]


def test_messages_are_cut_and_glued_as_wanted() -> None:
    exchange = connected()
    exchange.faults.segment, exchange.faults.segment_gap = 100, 0.1
    exchange.call(OPEN, Caller(), MEDIA, 1.0)
    (first,) = exchange.outputs()
    assert isinstance(first, Send)
    assert len(first.data) == 100
    assert exchange.deadline == pytest.approx(1.1)

    exchange.due(20.0)
    exchange.outputs()
    exchange.faults.segment, exchange.faults.glue = 0, 0.1
    exchange.received(1, register(OPEN, number=2).encode(), 20.0)
    exchange.due(20.2)
    (glued,) = exchange.outputs()
    assert [m.status for m in sent([glued])] == [100, 200]


def test_what_is_not_sip_closes_the_connection() -> None:
    exchange = connected()
    exchange.received(1, b"GET / HTTP/1.1\r\n\r\n", 1.0)

    assert exchange.outputs() == [Close(1)]
    assert exchange.violations == ["neither a request line nor a status line"]


def test_registrations_are_held_to_the_rules() -> None:
    exchange = connected()
    give(exchange, register(OPEN, number=1))

    assert exchange.violations == ["REGISTER: CSeq not greater than before"]


@pytest.mark.parametrize(
    ("method", "tag", "statuses"),
    [
        ("OPTIONS", "", [200]),
        ("INVITE", "", [404]),
        ("INVITE", ";tag=2", [481]),
        ("BYE", ";tag=2", [481]),
        ("ACK", ";tag=2", []),
    ],
)
def test_requests_outside_any_call_are_answered(method: str, tag: str, statuses: list[int]) -> None:
    exchange = connected()
    headers = [
        ("Via", "SIP/2.0/TCP 127.0.0.1:40000;branch=z9hG4bKstray"),
        ("Max-Forwards", "70"),
        ("From", "<sip:a@b>;tag=1"),
        ("To", f"<sip:b@b>{tag}"),
        ("Call-ID", "stray"),
        ("CSeq", f"1 {method}"),
    ]
    stray = request(method, "sip:x", headers)

    assert [m.status for m in sent(give(exchange, stray))] == statuses
    assert exchange.violations == []


def test_a_response_to_no_call_is_noticed() -> None:
    exchange = connected()
    give(exchange, respond(ask(place(connected()), "INFO"), 200))

    assert exchange.violations == ["200 to INFO: belongs to no call"]


def test_what_a_late_phone_says_to_a_lost_call_finds_none() -> None:
    exchange = connected()
    invite = place(exchange)
    exchange.closed(1, 2.0)
    exchange.connected(2)

    (gone,) = sent(give(exchange, ask(invite, "BYE"), 3.0, link=2), link=2)
    assert gone.status == 481
    assert exchange.calls[0].violations == []


def test_a_phone_that_comes_back_goes_on_with_its_call() -> None:
    exchange = connected()
    invite = place(exchange)
    (call,) = exchange.calls
    give(exchange, respond(invite, 180))
    give(exchange, respond(invite, 200, body=sdp()))
    exchange.closed(1, 2.0)
    exchange.connected(2)
    exchange.do(call, Step.HANG_UP, 3.0)
    assert sent(exchange.outputs(), link=2) == []

    headers = (("Content-Type", "application/sdp"),)
    again = ask(invite, "INVITE", headers=headers, body=sdp())
    (ok,) = sent(give(exchange, again, 4.0, link=2), link=2)
    exchange.due(4.0)
    (bye,) = sent(exchange.outputs(), link=2)
    assert (ok.status, bye.method) == (200, "BYE")


def _a_day(seed: int) -> list[Output]:
    exchange = Exchange((OPEN,), SERVER, seed)
    exchange.connected(1)
    exchange.received(1, register(OPEN).encode(), 0.0)
    exchange.call(OPEN, Caller(), MEDIA, 0.0, Dialect(control=True))
    return exchange.outputs()


def test_the_seed_decides_every_byte() -> None:
    day: Callable[[int], list[Output]] = _a_day

    assert day(1) == day(1)
    assert day(1) != day(2)


def test_a_phone_may_be_notified_outside_any_call() -> None:
    exchange = connected()
    with pytest.raises(NotRegisteredError):
        exchange.notify(OPEN, "check-sync", 61.0)
    exchange.notify(OPEN, "check-sync", 1.0)
    (notify,) = sent(exchange.outputs())

    assert (notify.method, notify.get("Event"), tag_of(notify.get("To") or "")) == (
        "NOTIFY",
        "check-sync",
        None,
    )
    give(exchange, respond(notify, 200))
    assert exchange.violations == []
    give(exchange, respond(notify, 200))
    assert exchange.violations == ["200 to NOTIFY: belongs to no call"]


def test_a_phone_may_be_told_of_a_message_outside_any_call() -> None:
    exchange = connected()
    with pytest.raises(NotRegisteredError):
        exchange.message(OPEN, 3, 61.0)
    exchange.message(OPEN, 3, 1.0)
    (message,) = sent(exchange.outputs())

    assert (message.method, message.get("Content-Type"), message.get("Contact")) == (
        "MESSAGE",
        "x-rc/agent",
        None,
    )
    assert b'Cmd="3"' in message.body
    give(exchange, respond(message, 200))
    assert exchange.violations == []
