"""A connection that is cut, or falls silent, between the phone and a real server that lives on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from custom_components.ringcentral.softphone import Cause, EndReason, Outcome

from .asterisk_server import PLAIN, SDES, Asterisk, Credentials
from .gapless import goes_on_without_a_gap
from .kamailio_server import Kamailio
from .line import answered_line
from .prompt import make_prompt
from .tcp_proxy import TcpProxy, tcp_proxy

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("socket_enabled", "nothing_goes_wrong")]

_SOFTPHONE = "custom_components.ringcentral.softphone"
_PONG = rb"\r\n\r\n\r\n\Z"

type Fault = Callable[[TcpProxy], None]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the phone find a silent connection within seconds, where nobody wants to wait for half a minute."""
    monkeypatch.setattr(f"{_SOFTPHONE}.line.registration.UNPROVEN_REFRESH_PERIOD", 1.0)
    monkeypatch.setattr(f"{_SOFTPHONE}.line.registration.ANSWER_TIMEOUT", 2.0)


faults = pytest.mark.parametrize("fault", [TcpProxy.cut, TcpProxy.fall_silent], ids=["cut", "silent"])


@pytest.mark.usefixtures("hasty")
@faults
@pytest.mark.parametrize(("credentials", "secure"), [(PLAIN, False), (SDES, True)], ids=["tcp", "tls+sdes"])
async def test_a_call_goes_on_without_a_gap_until_the_caller_hangs_up(
    asterisk: Asterisk, tmp_path: Path, credentials: Credentials, secure: bool, fault: Fault
) -> None:
    port, tls = asterisk.reached(secure)
    clip, prompt = tmp_path / "clip.wav", make_prompt(60)
    async with (
        tcp_proxy(port) as wire,
        answered_line(credentials, wire.port, clip, tls, require_srtp=secure) as line,
    ):
        await line.registered()
        await asterisk.originate(credentials.username, "Playback", asterisk.add_sound("long", prompt))
        await goes_on_without_a_gap(line, lambda: fault(wire), asterisk, prompt)
        assert not line.statistics.dropped


@pytest.mark.usefixtures("hasty")
@faults
async def test_a_call_by_way_of_kamailio_goes_on_without_a_gap(
    asterisk: Asterisk, kamailio: Kamailio, tmp_path: Path, fault: Fault
) -> None:
    clip, prompt = tmp_path / "clip.wav", make_prompt(60)
    async with tcp_proxy(kamailio.port) as wire, answered_line(PLAIN, wire.port, clip) as line:
        await line.registered()
        sound = asterisk.add_sound("long", prompt)
        await asterisk.originate_by_way_of(kamailio.port, PLAIN.username, "Playback", sound)
        await goes_on_without_a_gap(line, lambda: fault(wire), asterisk, prompt)


@pytest.mark.usefixtures("hasty")
@faults
async def test_hanging_up_afterwards_reaches_the_server(
    asterisk: Asterisk, tmp_path: Path, fault: Fault
) -> None:
    async with (
        tcp_proxy(asterisk.port) as wire,
        answered_line(PLAIN, wire.port, tmp_path / "clip.wav") as line,
    ):
        await line.registered()
        await asterisk.originate(PLAIN.username, "Echo")
        call = await line.talking()
        before = len(line.events)
        fault(wire)
        await line.registered_again(after=before)
        await line.hears_of_invite(200)
        assert await asterisk.calls() == 1
        line.phone.hang_up(call.call_id)
        await asterisk.all_calls_end()
        (ended,) = await line.over(1)
    assert (ended.outcome, ended.reason) == (Outcome.ENDED, EndReason.LOCAL_HANGUP)


async def test_a_silent_connection_is_found_by_a_ping_where_the_server_answers_pings(
    kamailio: Kamailio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{_SOFTPHONE}.line.heartbeat.PING_INTERVAL", 1.5)
    monkeypatch.setattr(f"{_SOFTPHONE}.line.heartbeat.PONG_TIMEOUT", 1.0)
    async with (
        tcp_proxy(kamailio.port) as wire,
        answered_line(PLAIN, wire.port, tmp_path / "clip.wav") as line,
    ):
        await line.registered()
        await wire.hears(_PONG)
        wire.fall_silent()
        lost = await line.lost()
        await line.registered_again()
        assert kamailio.contacts() == [PLAIN.username]
    assert (lost.cause, lost.reason) == (Cause.SILENT, "the server doesn't answer pings any more")
