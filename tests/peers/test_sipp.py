"""RingCentral's way to register and call, scripted, every step judged by SIPp."""

from pathlib import Path

import pytest

from custom_components.ringcentral.softphone import EndReason, Outcome, Transport

from .asterisk_server import PLAIN
from .line import answered_line, read_ulaw
from .sipp_caller import run_sipp

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("socket_enabled")]


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.UDP])
async def test_a_call_as_ringcentral_makes_it(tmp_path: Path, prompt: bytes, transport: Transport) -> None:
    clip = tmp_path / "clip.wav"
    with run_sipp(tmp_path, prompt, listen_ms=3500, transport=transport) as sipp:
        async with answered_line(PLAIN, sipp.port, clip, transport=transport) as line:
            ended = await line.ended()
            await line.recorded()
            assert await sipp.finished() == 0, sipp.complaints()
    assert (ended.outcome, ended.reason) == (Outcome.ENDED, EndReason.REMOTE_HANGUP)
    assert (ended.call.caller.name, ended.call.caller.number) == ("WIRELESS CALLER", "+16505550100")
    assert prompt in read_ulaw(clip)
