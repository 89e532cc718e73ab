"""Keys through the signalling shell: pressed by either side, and never shown."""

import logging
from typing import override

import pytest

from custom_components.ringcentral.softphone.calls.call import UnknownCallError
from custom_components.ringcentral.softphone.events import (
    CallChanged,
    CallEnded,
    KeyPressed,
    LineLost,
    PhoneEvent,
)
from custom_components.ringcentral.softphone.media import KeyWay
from tests.softphone.builders import request, response
from tests.softphone.household import FakeSession, Household

BARE = (("Content-Type", "application/dtmf"),)


def info(tag: str, key: str, cseq: int) -> bytes:
    plain = request("INFO", to_tag=tag, cseq=cseq, headers=BARE)
    return plain.replace(b"Content-Length: 0", b"Content-Length: 1") + key.encode()


def keys(log: list[PhoneEvent]) -> list[tuple[str, KeyWay]]:
    return [(event.key, event.way) for event in log if isinstance(event, KeyPressed)]


async def test_a_key_is_told_whichever_way_it_comes(home: Household) -> None:
    call, tag = await home.talk()
    (session,) = home.media.sessions
    session.keypad.press("1", KeyWay.IN_BAND, 0.0)
    home.server.send(info(tag, "2", 31269))
    assert (await home.next(KeyPressed)).call_id == call.call_id
    await home.next(KeyPressed)
    assert keys(home.log) == [("1", KeyWay.IN_BAND), ("2", KeyWay.INFO)]


async def test_keys_that_had_arrived_before_the_end_are_told_before_it(home: Household) -> None:
    class Late(FakeSession):
        @override
        def close(self) -> None:
            self.keypad.press("9", KeyWay.RFC4733, 0.0)
            super().close()

    call, tag = await home.talk()
    (session,) = home.media.sessions
    session.__class__ = Late
    home.server.send(request("BYE", to_tag=tag, cseq=31269))
    await home.next(CallEnded)
    assert [type(event) for event in home.log[-2:]] == [KeyPressed, CallEnded]
    assert call.call_id not in home.phone._sessions


async def test_a_key_before_the_answer_is_none(home: Household) -> None:
    home.phone.dial("1001")
    await home.next(CallChanged)
    (session,) = home.media.sessions
    session.keypad.press("1", KeyWay.IN_BAND, 0.0)
    assert keys(home.log) == []


async def test_keys_of_ours_go_with_the_sound(home: Household) -> None:
    call, _ = await home.talk()
    (session,) = home.media.sessions
    first = home.phone.send_keys(call.call_id, "12#")
    second = home.phone.send_keys(call.call_id, "4", duration=0.2, gap=0.3, way=KeyWay.IN_BAND)
    ((order, done),) = session.orders
    assert (order.keys, order.duration, order.gap, order.way) == ("12#", 0.1, 0.1, KeyWay.AUTO)
    done(True)
    assert await first
    _, (order, done) = session.orders
    assert (order.keys, order.duration, order.gap, order.way) == ("4", 0.2, 0.3, KeyWay.IN_BAND)
    done(False)
    assert not await second


async def test_keys_of_ours_go_as_requests(home: Household) -> None:
    call, _ = await home.talk()
    sent = home.phone.send_keys(call.call_id, "5", duration=0.04, gap=0.04, way=KeyWay.INFO)
    asked = await home.server.expect("INFO")
    assert asked.body == b"Signal=5\r\nDuration=40\r\n"
    home.server.send(response(asked, 200))
    assert await sent


async def test_who_no_longer_waits_does_no_harm(home: Household) -> None:
    call, _ = await home.talk()
    (session,) = home.media.sessions
    home.phone.send_keys(call.call_id, "1").cancel()
    session.orders[0][1](True)
    assert home.phone.registered


async def test_the_end_of_the_call_ends_its_keys(home: Household) -> None:
    call, _ = await home.talk()
    (session,) = home.media.sessions
    first, second = (home.phone.send_keys(call.call_id, key) for key in "12")
    home.phone.hang_up(call.call_id)
    assert not await first
    assert not await second
    session.orders[0][1](False)
    assert len(session.orders) == 1


async def test_keys_that_would_begin_as_the_call_ends_are_not_sent(home: Household) -> None:
    call, _ = await home.talk()
    (session,) = home.media.sessions
    first = home.phone.send_keys(call.call_id, "1")
    second = home.phone.send_keys(call.call_id, "2", way=KeyWay.INFO)
    home.phone._agent.shut_down(home.phone._loop.time())
    session.orders[0][1](True)
    assert await first
    home.phone._pump()
    assert not await second


async def test_a_lost_connection_ends_the_requests_and_keeps_the_call(home: Household) -> None:
    call, _ = await home.talk()
    sent = home.phone.send_keys(call.call_id, "12", way=KeyWay.INFO)
    await home.server.expect("INFO")
    home.server.drop()
    await home.next(LineLost)
    assert not await sent
    assert [one.call_id for one in home.phone.calls] == [call.call_id]


async def test_only_keys_of_a_call_that_is_answered_are_pressed(home: Household) -> None:
    ringing = await home.ring()
    for call_id in (ringing.call_id, "nobody"):
        with pytest.raises(UnknownCallError):
            home.phone.send_keys(call_id, "1")
    with pytest.raises(ValueError, match="Keys are"):
        home.phone.send_keys(ringing.call_id, "x")


async def test_no_key_is_shown(home: Household, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    call, tag = await home.talk()
    for cseq, key in enumerate("*#", 31269):
        home.server.send(info(tag, key, cseq))
        await home.next(KeyPressed)
    home.phone.send_keys(call.call_id, "**##", way=KeyWay.INFO)
    await home.server.expect("INFO")
    shown = caplog.text + repr([event for event in home.log if isinstance(event, KeyPressed)])
    assert "KeyPressed" in shown
    assert "#" not in shown
    assert "Signal" not in shown
