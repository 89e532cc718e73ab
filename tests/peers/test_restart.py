"""Real servers that are killed as by a power cut, in the worst moment, and come back on the same port."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
import subprocess

import pytest

from custom_components.ringcentral.softphone import EndReason, Outcome

from .asterisk_server import PLAIN, SDES, Asterisk, Credentials, set_up_asterisk
from .gapless import goes_on_without_a_gap
from .kamailio_server import Kamailio, set_up_kamailio
from .line import FRAME_SAMPLES, AnsweredLine, answered_line, read_ulaw
from .programs import await_start, eventually, kill
from .prompt import make_prompt
from .tcp_proxy import tcp_proxy

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("socket_enabled", "nothing_goes_wrong")]

_GRANTED = rb"SIP/2\.0 200 .*\r\nCSeq: \d+ REGISTER"

# Calls the line to run a dialplan application there, such as `"Playback", path`.
type Ring = Callable[..., Awaitable[None]]
type Mortal[Server] = tuple[Server, subprocess.Popen[bytes]]

ways = pytest.mark.parametrize(
    ("credentials", "secure"), [(PLAIN, False), (SDES, True)], ids=["tcp", "tls+sdes"]
)


@pytest.fixture
def mortal_asterisk(tmp_path: Path) -> Iterator[Mortal[Asterisk]]:
    """Return an Asterisk of the test's own, and its process."""
    asterisk = set_up_asterisk(tmp_path / "asterisk")
    with asterisk.run() as process:
        await_start(process, asterisk.is_booted)
        yield asterisk, process


@pytest.fixture
def mortal_kamailio(tmp_path: Path) -> Iterator[Mortal[Kamailio]]:
    """Return a Kamailio of the test's own, and its process."""
    kamailio = set_up_kamailio(tmp_path / "kamailio")
    with kamailio.run() as process:
        await_start(process, kamailio.is_ready)
        yield kamailio, process


@ways
async def test_asterisk_dies_between_register_and_200(
    mortal_asterisk: Mortal[Asterisk], tmp_path: Path, credentials: Credentials, secure: bool
) -> None:
    asterisk, process = mortal_asterisk
    port, tls = asterisk.reached(secure)
    async with tcp_proxy(port, tls and asterisk.accepting, tls) as wire:
        wire.hold(_GRANTED)
        async with answered_line(
            credentials, wire.port, tmp_path / "clip.wav", tls, require_srtp=secure
        ) as line:
            await wire.holding()
            kill(process)
            wire.release(deliver=False)
            with asterisk.run():
                await line.registered_again()
                assert await asterisk.contacts() == [credentials.username]
                ring = partial(asterisk.originate, credentials.username)
                await _call_exactly(line, tmp_path / "after.wav", asterisk, ring)


@ways
async def test_asterisk_dies_in_mid_call(
    mortal_asterisk: Mortal[Asterisk], tmp_path: Path, credentials: Credentials, secure: bool
) -> None:
    asterisk, process = mortal_asterisk
    port, tls = asterisk.reached(secure)
    clip, prompt = tmp_path / "clip.wav", make_prompt(60)
    async with answered_line(credentials, port, clip, tls, require_srtp=secure) as line:
        await line.registered()
        sound = asterisk.add_sound("long", prompt)
        await asterisk.originate(credentials.username, "Playback", sound)
        await line.talking()
        await eventually(lambda: line.statistics.received >= 50)
        kill(process)
        with asterisk.run():
            await line.registered_again()
            # It knows nothing of the call any more, and says so when it is asked.
            await line.hears_of_invite(481)
            (ended,) = await line.over(1)
            result = await line.recorded()
            ring = partial(asterisk.originate, credentials.username)
            await _call_exactly(line, tmp_path / "after.wav", asterisk, ring)
    assert (ended.outcome, ended.reason) == (Outcome.ENDED, EndReason.NETWORK_ERROR)
    assert ended.media is not None
    assert (result.samples, result.lost_samples) == (ended.media.received * FRAME_SAMPLES, 0)
    assert read_ulaw(clip) == prompt[: result.samples]


async def test_kamailio_dies_between_register_and_200(
    asterisk: Asterisk, mortal_kamailio: Mortal[Kamailio], tmp_path: Path
) -> None:
    kamailio, process = mortal_kamailio
    async with tcp_proxy(kamailio.port) as wire:
        wire.hold(_GRANTED)
        async with answered_line(PLAIN, wire.port, tmp_path / "clip.wav") as line:
            await wire.holding()
            kill(process)
            wire.release(deliver=False)
            with kamailio.run():
                await line.registered_again()
                assert kamailio.contacts() == [PLAIN.username]
                ring = partial(asterisk.originate_by_way_of, kamailio.port, PLAIN.username)
                await _call_exactly(line, tmp_path / "after.wav", asterisk, ring)


async def test_a_call_outlives_the_death_of_the_kamailio_it_came_by(
    asterisk: Asterisk, mortal_kamailio: Mortal[Kamailio], tmp_path: Path
) -> None:
    kamailio, process = mortal_kamailio
    clip, prompt = tmp_path / "clip.wav", make_prompt(60)
    with ExitStack() as stack:
        async with answered_line(PLAIN, kamailio.port, clip) as line:
            await line.registered()
            sound = asterisk.add_sound("long", prompt)
            await asterisk.originate_by_way_of(kamailio.port, PLAIN.username, "Playback", sound)

            def restart() -> None:
                kill(process)
                stack.enter_context(kamailio.run())

            await goes_on_without_a_gap(line, restart, asterisk, prompt)


async def _call_exactly(line: AnsweredLine, clip: Path, asterisk: Asterisk, ring: Ring) -> None:
    """Hold that one more call comes through and is kept to the last byte."""
    prompt = make_prompt(1.2, seed=2)
    earlier = len(await line.over(0))
    line.clip = clip
    await ring("Playback", asterisk.add_sound("short", prompt))
    ended = await line.over(earlier + 1)
    await line.recorded()
    assert len(ended) == len({end.call.call_id for end in ended}) == earlier + 1
    assert ended[-1].reason is EndReason.REMOTE_HANGUP
    assert read_ulaw(clip) == prompt
