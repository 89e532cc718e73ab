"""Calls of ours to a real server: what it does with our INVITE, and whether sound goes both ways."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from custom_components.ringcentral.softphone import CallEnded, CallState, EndReason, Outcome
from custom_components.ringcentral.softphone.media import Ear, Heard, MediaSession, signal

from .asterisk_server import PLAIN, SDES, SHA256, Asterisk, Credentials
from .line import AnsweredLine, answered_line
from .programs import eventually

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("socket_enabled")]


@asynccontextmanager
async def dialled(
    asterisk: Asterisk, folder: Path, number: str, credentials: Credentials = PLAIN, *, secure: bool = False
) -> AsyncIterator[tuple[AnsweredLine, str, MediaSession, Ear]]:
    """Call a number, and listen."""
    async with answered_line(credentials, asterisk.port, folder / "clip.wav", require_srtp=secure) as line:
        await line.registered()
        call_id, session = line.phone.dial(number)
        ear = Ear()
        session.on_audio = lambda packet, codec: ear.listen(packet.payload, codec)
        yield line, call_id, session, ear


async def answered(line: AnsweredLine) -> None:
    await eventually(lambda: [call.state for call in line.phone.calls] == [CallState.TALKING])


async def hung_up(line: AnsweredLine, call_id: str, asterisk: Asterisk) -> CallEnded:
    line.phone.hang_up(call_id)
    ended = await line.ended()
    await asterisk.all_calls_end()
    return ended


@pytest.mark.parametrize(
    ("credentials", "secure"),
    [(PLAIN, False), (SHA256, False), (SDES, True)],
    ids=["rtp", "sha-256", "srtp"],
)
async def test_an_echo_number_is_heard_both_ways(
    asterisk: Asterisk, tmp_path: Path, credentials: Credentials, secure: bool
) -> None:
    async with dialled(asterisk, tmp_path, "1001", credentials, secure=secure) as (
        line,
        call_id,
        session,
        ear,
    ):
        await answered(line)
        session.play(signal(6))
        await eventually(lambda: ear.heard is Heard.BOTH_WAYS)
        ended = await hung_up(line, call_id, asterisk)
    assert (ended.outcome, ended.reason) == (Outcome.ENDED, EndReason.LOCAL_HANGUP)
    assert ended.media is not None
    assert ended.media.received >= 50
    assert not ended.media.dropped


async def test_a_milliwatt_number_is_heard_and_sends_nothing_back(asterisk: Asterisk, tmp_path: Path) -> None:
    async with dialled(asterisk, tmp_path, "1003") as (line, call_id, session, ear):
        await answered(line)
        session.play(signal(6))
        await eventually(lambda: ear.heard is Heard.REFERENCE)
        await hung_up(line, call_id, asterisk)


async def test_a_number_that_stays_silent_is_not_heard(asterisk: Asterisk, tmp_path: Path) -> None:
    async with dialled(asterisk, tmp_path, "1004") as (line, call_id, session, ear):
        await answered(line)
        await session.play(signal(2))
        assert ear.heard is Heard.NOTHING
        await hung_up(line, call_id, asterisk)


async def test_sound_before_the_answer_is_heard(asterisk: Asterisk, tmp_path: Path) -> None:
    async with dialled(asterisk, tmp_path, "1008") as (line, call_id, _, ear):
        await eventually(lambda: ear.heard is Heard.REFERENCE)
        assert [call.state for call in line.phone.calls] == [CallState.DIALING]
        await hung_up(line, call_id, asterisk)


@pytest.mark.parametrize(
    ("number", "reason"),
    [("1005", EndReason.BUSY), ("9999999", EndReason.UNKNOWN_NUMBER), ("1007", EndReason.REFUSED)],
)
async def test_a_number_that_does_not_take_the_call_says_why(
    asterisk: Asterisk, tmp_path: Path, number: str, reason: EndReason
) -> None:
    async with dialled(asterisk, tmp_path, number) as (line, _, _, _):
        assert (await line.ended()).reason is reason


async def test_a_call_that_nobody_answers_is_taken_back(asterisk: Asterisk, tmp_path: Path) -> None:
    async with dialled(asterisk, tmp_path, "1006") as (line, call_id, _, _):
        await asyncio.sleep(0.2)
        assert (await hung_up(line, call_id, asterisk)).reason is EndReason.LOCAL_HANGUP


async def test_an_exchange_that_wants_plain_sound_refuses_a_secure_call(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    async with dialled(asterisk, tmp_path, "1001", PLAIN, secure=True) as (line, _, _, _):
        assert (await line.ended()).reason is EndReason.NO_CODEC
