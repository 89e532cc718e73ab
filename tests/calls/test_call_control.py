"""What else is done with a call: declined, held, handed on."""

import asyncio
from typing import Any

import pytest

from custom_components.ringcentral.models import CallEvent
from custom_components.ringcentral.softphone import (
    Call,
    CallChanged,
    CallEnded,
    CallState,
    Direction,
    EndReason,
    Outcome,
    Party,
)
from tests.line import ANNA, LISTENER, Line, until

from .test_call_actions import act, refused


@pytest.mark.parametrize(
    ("to", "status", "reason"),
    [("busy", 486, "busy"), ("reject", 603, "declined"), ("voicemail", 603, "declined")],
)
async def test_a_call_is_declined_as_wanted(line: Line, to: str, status: int, reason: str) -> None:
    call = await line.call(LISTENER)

    response = await act(line, "decline", to=to)

    assert response["end_reason"] in {reason, "declined"}
    await until(lambda: call.ended, 15)
    assert call.status in {status, 487}
    assert line.kinds == ["incoming", "declined"]


async def test_a_call_is_held_and_taken_up_again(line: Line) -> None:
    await line.call(LISTENER)
    await act(line, "answer")

    assert (await act(line, "hold"))["agreed"] is True
    assert line.state("sensor", "call_state").state == "on_hold"
    assert (await act(line, "unhold"))["agreed"] is True
    assert line.state("sensor", "call_state").state == "talking"


async def test_a_call_is_handed_on(line: Line) -> None:
    call = await line.call(LISTENER)
    await act(line, "answer")

    response = await act(line, "transfer", number="+1 (650) 555-0199")

    assert (response["transferred"], response["result"]) == (True, "transferred")
    assert str(call.referred_to).startswith("sip:+16505550199@")
    assert (await line.told("ended"))["end_reason"] == "transferred"


@pytest.mark.parametrize(("number", "key"), [("911", "emergency_number"), ("not a number", "invalid_number")])
async def test_nobody_is_handed_on_to_just_any_number(line: Line, number: str, key: str) -> None:
    await line.call(LISTENER)
    await act(line, "answer")

    assert await refused(line, "transfer", number=number) == key
    assert line.state("sensor", "call_state").state == "talking"


@pytest.mark.parametrize("action", ["hang_up", "decline"])
async def test_who_is_turned_away_while_he_gives_up_is_no_error(line: Line, action: str) -> None:
    coordinator = line.entry.runtime_data
    call = Call("of-nobody", Direction.INCOMING, Party(ANNA.number), Party("+17203861294"), CallState.RINGING)
    acting: list[asyncio.Task[dict[str, Any]]] = []

    def told(event: CallEvent) -> None:
        if event.type == "incoming":
            acting.append(line.hass.async_create_task(act(line, action, call_id=call.call_id)))

    coordinator.async_listen_to_calls(told)
    # An INVITE and its CANCEL in one segment: the phone has forgotten the call before it is told of it.
    coordinator._phone_event(CallChanged(call))
    coordinator._phone_event(CallEnded(call, Outcome.MISSED, EndReason.CANCELLED))

    assert await acting[0] == {"call_id": call.call_id, "end_reason": "cancelled"}
