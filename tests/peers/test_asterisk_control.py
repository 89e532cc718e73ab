"""What one does with a call at a real server: hold it, hand it on, and what it says of calls that nobody takes."""

from pathlib import Path

import pytest

from custom_components.ringcentral.softphone import CallState, Decline, EndReason, Hold
from custom_components.ringcentral.softphone.media import SAMPLE_RATE, signal

from .asterisk_server import PLAIN, SDES, Asterisk, Credentials
from .line import AnsweredLine, answered_line
from .programs import eventually
from .test_asterisk_outgoing import answered, dialled

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("socket_enabled")]


_BRIDGED = "joined 'simple_bridge'"


def held_by(line: AnsweredLine) -> list[tuple[CallState, Hold | None]]:
    return [(call.state, call.hold) for call in line.phone.calls]


@pytest.mark.parametrize(("credentials", "secure"), [(PLAIN, False), (SDES, True)], ids=["rtp", "srtp"])
async def test_a_call_is_held_and_taken_up_again(
    asterisk: Asterisk, tmp_path: Path, credentials: Credentials, secure: bool
) -> None:
    async with dialled(asterisk, tmp_path, "1003", credentials, secure=secure) as (
        line,
        call_id,
        session,
        _,
    ):
        await answered(line)
        await eventually(lambda: session.statistics.received > 10)
        assert await line.phone.hold(call_id)
        assert held_by(line) == [(CallState.ON_HOLD, Hold.LOCAL)]
        while_held = session.statistics
        assert await session.play(signal(2))
        assert session.statistics.received == while_held.received
        assert session.statistics.sent >= while_held.sent + 90
        assert await line.phone.unhold(call_id)
        assert held_by(line) == [(CallState.TALKING, None)]
        await eventually(lambda: session.statistics.received > while_held.received + 10)
        line.phone.hang_up(call_id)
        await line.ended()
        await asterisk.all_calls_end()


async def test_who_is_held_hears_what_we_play(asterisk: Asterisk, tmp_path: Path, prompt: bytes) -> None:
    heard = tmp_path / "heard.ulaw"
    async with answered_line(PLAIN, asterisk.port, tmp_path / "clip.wav") as line:
        await line.registered()
        await asterisk.originate(PLAIN.username, "Record", heard, "0", "0", "qxk")
        call = await line.talking()
        assert await line.phone.hold(call.call_id)
        await line.say(prompt + b"\xff" * SAMPLE_RATE)
        line.phone.hang_up(call.call_id)
        await asterisk.all_calls_end()
    assert prompt in heard.read_bytes()


async def test_an_incoming_call_is_held(asterisk: Asterisk, tmp_path: Path) -> None:
    async with answered_line(PLAIN, asterisk.port, tmp_path / "clip.wav") as line:
        await line.registered()
        await asterisk.originate(PLAIN.username, "Milliwatt")
        call = await line.talking()
        assert await line.phone.hold(call.call_id)
        assert held_by(line) == [(CallState.ON_HOLD, Hold.LOCAL)]
        assert await line.phone.unhold(call.call_id)
        before = line.statistics.received
        await eventually(lambda: line.statistics.received > before + 10)
        await asterisk.hang_up()
        assert (await line.ended()).reason is EndReason.REMOTE_HANGUP


async def test_an_outgoing_call_is_handed_on(asterisk: Asterisk, tmp_path: Path) -> None:
    taken = asterisk.log().count("Executing [1001@from-phone:2] Echo")
    bridged = asterisk.log().count(_BRIDGED)
    async with dialled(asterisk, tmp_path, "1021") as (line, call_id, _, _):
        await answered(line)
        await asterisk.logs(_BRIDGED, bridged + 2)
        assert await line.phone.transfer(call_id, "1001") is EndReason.TRANSFERRED
        assert (await line.ended()).reason is EndReason.TRANSFERRED
        await asterisk.logs("Executing [1001@from-phone:2] Echo", taken + 1)
        await asterisk.hang_up()
        await asterisk.all_calls_end()


async def test_an_incoming_call_is_handed_on(asterisk: Asterisk, tmp_path: Path) -> None:
    taken = asterisk.log().count("Executing [1003@from-phone:2] Milliwatt")
    bridged = asterisk.log().count(_BRIDGED)
    async with answered_line(PLAIN, asterisk.port, tmp_path / "clip.wav") as line:
        await line.registered()
        await asterisk.originate(PLAIN.username, "Dial", "Local/1004@from-phone/n")
        call = await line.talking()
        await asterisk.logs(_BRIDGED, bridged + 2)
        assert await line.phone.transfer(call.call_id, "1003") is EndReason.TRANSFERRED
        assert (await line.ended()).reason is EndReason.TRANSFERRED
        await asterisk.logs("Executing [1003@from-phone:2] Milliwatt", taken + 1)
        await asterisk.hang_up()
        await asterisk.all_calls_end()


async def test_a_call_that_nobody_there_takes_is_still_ours(asterisk: Asterisk, tmp_path: Path) -> None:
    async with dialled(asterisk, tmp_path, "1021") as (line, call_id, _, _):
        await answered(line)
        assert await line.phone.transfer(call_id, "9999999") is EndReason.UNKNOWN_NUMBER
        assert [call.state for call in line.phone.calls] == [CallState.TALKING]
        line.phone.hang_up(call_id)
        assert (await line.ended()).reason is EndReason.LOCAL_HANGUP
        await asterisk.all_calls_end()


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("1005", EndReason.BUSY),
        ("1022", EndReason.NO_ANSWER),
        ("1023", EndReason.NO_ANSWER),
        ("1007", EndReason.REFUSED),
        ("9999999", EndReason.UNKNOWN_NUMBER),
    ],
    ids=["486", "480", "480 after ringing", "403", "404"],
)
async def test_each_refusal_has_its_reason(
    asterisk: Asterisk, tmp_path: Path, number: str, reason: EndReason
) -> None:
    async with dialled(asterisk, tmp_path, number) as (line, _, _, _):
        assert (await line.ended()).reason is reason
    await asterisk.all_calls_end()


async def test_a_number_that_rings_too_long_did_not_answer(asterisk: Asterisk, tmp_path: Path) -> None:
    async with answered_line(PLAIN, asterisk.port, tmp_path / "clip.wav") as line:
        await line.registered()
        line.phone.dial("1006", ring_for=0.5)
        assert (await line.ended()).reason is EndReason.NO_ANSWER
        await asterisk.all_calls_end()


@pytest.mark.parametrize(
    ("how", "reason"),
    [(Decline.BUSY, EndReason.BUSY), (Decline.REJECT, EndReason.DECLINED)],
)
async def test_a_call_is_turned_down(
    asterisk: Asterisk, tmp_path: Path, how: Decline, reason: EndReason
) -> None:
    async with answered_line(PLAIN, asterisk.port, tmp_path / "clip.wav", answering=False) as line:
        await line.registered()
        await asterisk.originate(PLAIN.username, "Echo")
        await eventually(lambda: line.phone.calls != [])
        line.phone.decline(line.phone.calls[0].call_id, how)
        assert (await line.ended()).reason is reason
        await asterisk.all_calls_end()
