"""A real registrar and caller: challenges with qop, several algorithms, strict RTP, and no answer to keep-alives."""

from pathlib import Path
import ssl

import pytest

from custom_components.ringcentral.softphone import Cause, EndReason, Outcome, Transport
from custom_components.ringcentral.softphone.line import heartbeat
from custom_components.ringcentral.softphone.media import SAMPLE_RATE

from .asterisk_server import PLAIN, SDES, SHA256, Asterisk, Credentials
from .line import answered_line, read_ulaw

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("socket_enabled")]


@pytest.mark.parametrize("credentials", [PLAIN, SHA256], ids=["md5", "sha-256"])
async def test_a_line_registers_and_gives_its_registration_back(
    asterisk: Asterisk, tmp_path: Path, credentials: Credentials
) -> None:
    async with answered_line(credentials, asterisk.port, tmp_path / "clip.wav") as line:
        registered = await line.registered()
        assert 0 < registered.expires <= 3600
        assert await asterisk.contacts() == [credentials.username]
    assert await asterisk.contacts() == []


@pytest.mark.parametrize("credentials", [PLAIN, SHA256], ids=["md5", "sha-256"])
async def test_a_clip_holds_exactly_what_the_caller_said(
    asterisk: Asterisk, tmp_path: Path, prompt: bytes, credentials: Credentials
) -> None:
    clip = tmp_path / "clip.wav"
    async with answered_line(credentials, asterisk.port, clip) as line:
        await line.registered()
        await asterisk.originate(credentials.username, "Playback", asterisk.add_sound("prompt", prompt))
        ended = await line.ended()
        result = await line.recorded()
    assert (ended.outcome, ended.reason) == (Outcome.ENDED, EndReason.REMOTE_HANGUP)
    assert (result.samples, result.lost_samples, result.error) == (len(prompt), 0, None)
    assert read_ulaw(clip) == prompt


async def test_a_clip_holds_exactly_what_a_caller_over_srtp_said(
    asterisk: Asterisk, tmp_path: Path, prompt: bytes
) -> None:
    clip = tmp_path / "clip.wav"
    async with answered_line(SDES, asterisk.port, clip, require_srtp=True) as line:
        await line.registered()
        await asterisk.originate(SDES.username, "Playback", asterisk.add_sound("prompt", prompt))
        ended = await line.ended()
        result = await line.recorded()
        assert not line.statistics.dropped
    assert (ended.outcome, ended.reason) == (Outcome.ENDED, EndReason.REMOTE_HANGUP)
    assert (result.samples, result.lost_samples, result.error) == (len(prompt), 0, None)
    assert read_ulaw(clip) == prompt


@pytest.mark.parametrize("credentials", [PLAIN, SDES], ids=["rtp", "srtp"])
async def test_the_other_side_hears_exactly_what_is_said(
    asterisk: Asterisk, tmp_path: Path, prompt: bytes, credentials: Credentials
) -> None:
    heard = tmp_path / "heard.ulaw"
    async with answered_line(credentials, asterisk.port, tmp_path / "clip.wav") as line:
        await line.registered()
        await asterisk.originate(credentials.username, "Record", heard, "0", "0", "qxk")
        call = await line.talking()
        # What is said last may be cut off by the BYE, which goes another way.
        await line.say(prompt + b"\xff" * SAMPLE_RATE)
        line.phone.hang_up(call.call_id)
        await asterisk.all_calls_end()
    assert prompt in heard.read_bytes()


async def test_a_caller_who_would_speak_in_the_clear_is_refused_where_srtp_is_required(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    failures = asterisk.log().count("Call failed to go through")
    async with answered_line(PLAIN, asterisk.port, tmp_path / "clip.wav", require_srtp=True) as line:
        await line.registered()
        await asterisk.originate(PLAIN.username, "Echo")
        await asterisk.logs("Call failed to go through", failures + 1)
        assert not line.phone.calls


async def test_a_caller_is_known_by_name_and_number(asterisk: Asterisk, tmp_path: Path) -> None:
    async with answered_line(PLAIN, asterisk.port, tmp_path / "clip.wav") as line:
        await line.registered()
        await asterisk.originate(PLAIN.username, "Echo", caller='"Grace Hopper" <+16505550123>')
        call = await line.talking()
        line.phone.hang_up(call.call_id)
    assert (call.caller.name, call.caller.number) == ("Grace Hopper", "+16505550123")


async def test_hanging_up_ends_the_call_at_the_other_side(
    asterisk: Asterisk, tmp_path: Path, prompt: bytes
) -> None:
    async with answered_line(PLAIN, asterisk.port, tmp_path / "clip.wav") as line:
        await line.registered()
        await asterisk.originate(PLAIN.username, "Playback", asterisk.add_sound("long", prompt * 10))
        call = await line.talking()
        assert await asterisk.calls() == 1
        line.phone.hang_up(call.call_id)
        ended = await line.ended()
        await asterisk.all_calls_end()
    assert (ended.outcome, ended.reason) == (Outcome.ENDED, EndReason.LOCAL_HANGUP)


async def test_stopping_the_phone_hangs_up_and_unregisters(
    asterisk: Asterisk, tmp_path: Path, prompt: bytes
) -> None:
    async with answered_line(PLAIN, asterisk.port, tmp_path / "clip.wav") as line:
        await line.registered()
        await asterisk.originate(PLAIN.username, "Playback", asterisk.add_sound("long", prompt * 10))
        await line.talking()
    await asterisk.all_calls_end()
    assert await asterisk.contacts() == []


async def test_a_wrong_password_is_tried_once_and_then_not_for_a_while(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    wrong = Credentials(PLAIN.username, PLAIN.authorization_id, "wrong")
    refusals = asterisk.log().count("Failed to authenticate")
    async with answered_line(wrong, asterisk.port, tmp_path / "clip.wav") as line:
        lost = await line.lost()
        await asterisk.logs("Failed to authenticate", refusals + 1)
    assert lost.retry_after >= 60
    assert asterisk.log().count("Failed to authenticate") == refusals + 1
    assert await asterisk.contacts() == []


@pytest.mark.parametrize(("credentials", "require_srtp"), [(PLAIN, False), (SDES, True)], ids=["rtp", "srtp"])
async def test_a_call_over_tls(
    asterisk: Asterisk, tmp_path: Path, prompt: bytes, credentials: Credentials, require_srtp: bool
) -> None:
    clip = tmp_path / "clip.wav"
    tls = ssl.create_default_context(cafile=asterisk.certificate)
    async with answered_line(credentials, asterisk.tls_port, clip, tls, require_srtp=require_srtp) as line:
        await line.registered()
        assert await asterisk.contacts() == [credentials.username]
        await asterisk.originate(credentials.username, "Playback", asterisk.add_sound("prompt", prompt))
        assert (await line.ended()).reason is EndReason.REMOTE_HANGUP
        await line.recorded()
    assert read_ulaw(clip) == prompt
    assert await asterisk.contacts() == []


@pytest.mark.parametrize("credentials", [PLAIN, SDES], ids=["rtp", "srtp"])
async def test_a_call_over_udp_with_a_hundred_pings_nobody_minds(
    asterisk: Asterisk,
    tmp_path: Path,
    prompt: bytes,
    credentials: Credentials,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeat, "DATAGRAM_PING_INTERVAL", 0.03)
    before = len(asterisk.log())
    clip = tmp_path / "clip.wav"
    async with answered_line(credentials, asterisk.udp_port, clip, transport=Transport.UDP) as line:
        await line.registered()
        assert await asterisk.contacts() == [credentials.username]
        await asterisk.originate(credentials.username, "Playback", asterisk.add_sound("prompt", prompt))
        assert (await line.ended()).reason is EndReason.REMOTE_HANGUP
        await line.recorded()
    assert read_ulaw(clip) == prompt
    assert await asterisk.contacts() == []
    assert "pjproject" not in asterisk.log()[before:]


async def test_a_server_whose_certificate_nobody_vouches_for_is_not_registered_with(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    untrusting = ssl.create_default_context()
    async with answered_line(PLAIN, asterisk.tls_port, tmp_path / "clip.wav", untrusting) as line:
        lost = await line.lost()
    assert lost.cause is Cause.TLS_CERTIFICATE
    assert await asterisk.contacts() == []
