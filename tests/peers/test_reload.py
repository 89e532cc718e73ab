"""A server that reads its configuration anew while it serves, and with it changes what it challenges with."""

from pathlib import Path

import pytest

from custom_components.ringcentral.softphone import EndReason, LineLost, RegistrationRefused

from .asterisk_server import PLAIN, SHA256, Asterisk, Credentials
from .line import answered_line, read_ulaw
from .prompt import make_prompt
from .tcp_proxy import tcp_proxy

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("socket_enabled", "nothing_goes_wrong")]

_CHALLENGE = rb"SIP/2\.0 401 .*\r\nCSeq: \d+ REGISTER"


@pytest.mark.parametrize("credentials", [PLAIN, SHA256], ids=["md5", "sha-256"])
async def test_a_nonce_that_is_stale_before_it_is_answered(
    asterisk: Asterisk, tmp_path: Path, credentials: Credentials
) -> None:
    async with tcp_proxy(asterisk.port) as wire:
        wire.hold(_CHALLENGE)
        async with answered_line(credentials, wire.port, tmp_path / "clip.wav") as line:
            await wire.holding()
            await asterisk.rx("core reload")
            wire.release(deliver=True)
            await line.registered()
            assert b"stale=true" in wire.said
            assert await asterisk.contacts() == [credentials.username]
    assert not [event for event in line.events if isinstance(event, RegistrationRefused)]


async def test_a_line_and_its_call_outlast_a_reload(
    asterisk: Asterisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "custom_components.ringcentral.softphone.line.registration.UNPROVEN_REFRESH_PERIOD", 1.0
    )
    clip, prompt = tmp_path / "clip.wav", make_prompt(3)
    async with answered_line(PLAIN, asterisk.port, clip) as line:
        await line.registered()
        await asterisk.originate(PLAIN.username, "Playback", asterisk.add_sound("prompt", prompt))
        await line.talking()
        for command in ("core reload", "module reload res_pjsip.so"):
            await asterisk.rx(command)
            await line.refreshed()
        (ended,) = await line.over(1)
        await line.recorded()
        assert await asterisk.contacts() == [PLAIN.username]
    assert not [event for event in line.events if isinstance(event, LineLost)]
    assert ended.reason is EndReason.REMOTE_HANGUP
    assert read_ulaw(clip) == prompt
