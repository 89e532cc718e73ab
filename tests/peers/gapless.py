"""What a call in progress is held to when its connection, or a server on its way, goes and comes back."""

from collections.abc import Callable

from custom_components.ringcentral.softphone import EndReason, Outcome

from .asterisk_server import Asterisk
from .line import FRAME_SAMPLES, AnsweredLine, read_ulaw
from .programs import eventually

# Half a second of sound.
_SOME_PACKETS = 25


async def goes_on_without_a_gap(
    line: AnsweredLine, break_connection: Callable[[], None], asterisk: Asterisk, prompt: bytes
) -> None:
    """Hold that a call outlasts its connection until Asterisk, which plays a long prompt, hangs up."""
    await line.talking()
    await eventually(lambda: line.statistics.received >= _SOME_PACKETS)
    before = len(line.events)
    break_connection()
    await line.registered_again(after=before)
    await line.hears_of_invite(200)
    enough = line.statistics.received + _SOME_PACKETS
    await eventually(lambda: line.statistics.received >= enough)
    # That its BYE comes shows that the INVITE of ours has told it where we are now.
    await asterisk.hang_up()
    (ended,) = await line.over(1)
    result = await line.recorded()
    assert (ended.outcome, ended.reason) == (Outcome.ENDED, EndReason.REMOTE_HANGUP)
    assert result.samples >= enough * FRAME_SAMPLES
    assert result.lost_samples == 0
    assert read_ulaw(line.clip) == prompt[: result.samples]
