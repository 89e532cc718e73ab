"""Keys in a call, both ways: events for automations, digits that are asked for, a PIN that nobody else hears of."""

import asyncio
from dataclasses import replace
import logging

import pytest

from simulator.call import Call
from simulator.caller import Step
from simulator.presses import Press, Way
from tests.line import LISTENER, Line, until

from .test_call_actions import act, refused, speaker  # noqa: F401 - a fixture


async def talking(line: Line) -> Call:
    call = await line.call(LISTENER)
    await act(line, "answer")
    await until(lambda: call.answers == 1)
    return call


async def press(line: Line, call: Call, keys: str, way: Way = Way.RELAY) -> None:
    for key in keys:
        line.cloud.sip.do(call, Press(key, way))
        await asyncio.sleep(0.02)


async def collecting(line: Line, call: Call, keys: str, **data: object) -> dict[str, object]:
    """Ask for digits, and have the caller press keys once somebody listens."""
    asked = asyncio.create_task(act(line, "collect_digits", **data))
    live = next(iter(line.entry.runtime_data.desk.calls.values()))
    await until(lambda: live.listened_to)
    await press(line, call, keys)
    return await asked


async def test_a_key_is_an_event(line: Line) -> None:
    call = await talking(line)
    await press(line, call, "5")

    event = await line.told("dtmf")
    assert event["digit"] == "5"
    assert event["call_id"] == line.of("incoming")[0]["call_id"]


async def test_keys_are_pressed_for_the_caller(line: Line) -> None:
    call = await talking(line)

    response = await act(line, "send_dtmf", dtmf="9#", duration=0.06, gap=0.06)

    assert (response["sent"], response["end_reason"]) == (True, None)
    await until(lambda: [heard.key for heard in call.voice.keys.heard] == ["9", "#"])


async def test_a_door_is_opened_in_one_step(line: Line) -> None:
    call = await line.call(LISTENER)

    response = await act(line, "answer", dtmf="9", hang_up=True)

    assert (response["dtmf_sent"], response["end_reason"]) == (True, "local_hangup")
    assert [heard.key for heard in call.voice.keys.heard] == ["9"]


async def test_digits_end_with_their_number_or_the_end_key(line: Line) -> None:
    call = await talking(line)

    assert (await collecting(line, call, "123", digits=3))["digits"] == "123"
    assert (await collecting(line, call, "12#"))["digits"] == "12"
    assert (await collecting(line, call, "#", retries=0))["digits"] == ""
    assert line.of("dtmf") == [], "who is asked for digits presses no keys for automations"


@pytest.mark.usefixtures("speaker")
async def test_the_first_key_cuts_the_prompt_short(line: Line) -> None:
    call = await talking(line)
    began = asyncio.get_running_loop().time()

    response = await collecting(line, call, "1", digits=1, message="A very long prompt " * 20)

    assert response["digits"] == "1"
    assert asyncio.get_running_loop().time() - began < 5


async def test_who_says_nothing_is_asked_again_and_then_left(line: Line) -> None:
    await talking(line)

    response = await act(line, "collect_digits", digits=4, timeout=1, retries=1)

    assert (response["digits"], response["attempts"], response["end_reason"]) == (None, 2, None)


async def test_a_caller_who_hangs_up_is_not_waited_for(line: Line) -> None:
    call = await talking(line)
    asked = asyncio.create_task(act(line, "collect_digits", digits=4, timeout=60))
    await asyncio.sleep(0.05)
    line.cloud.sip.do(call, Step.HANG_UP)

    response = await asked
    assert (response["digits"], response["attempts"]) == (None, 1)
    assert response["end_reason"] == "remote_hangup"


@pytest.mark.parametrize(
    ("keys", "correct", "attempts"),
    [
        ("4711", True, 1),
        ("12344711", True, 2),
        ("1234#4711#", True, 2),
        ("123412341234", False, 3),
    ],
)
async def test_a_pin_is_compared_and_told_to_nobody(
    line: Line, caplog: pytest.LogCaptureFixture, keys: str, correct: bool, attempts: int
) -> None:
    caplog.set_level(logging.DEBUG)
    call = await talking(line)

    response = await collecting(line, call, keys, pin="4711")

    assert (response["correct"], response["attempts"]) == (correct, attempts)
    assert "digits" not in response
    assert not [event for event in line.of("dtmf") if event["digit"] != "#"]
    ours = [record.getMessage() for record in caplog.records if "custom_components" in record.name]
    assert ours
    assert not [text for text in ours if "4711" in text]


async def test_keys_need_somebody_on_the_line(line: Line) -> None:
    assert await refused(line, "send_dtmf", dtmf="1") == "nobody_on_the_line"
    await line.call(replace(LISTENER))
    assert await refused(line, "collect_digits", digits=1) == "nobody_on_the_line"
