"""Keys to and from a real server, in every way it has."""

from pathlib import Path

import pytest

from custom_components.ringcentral.softphone import CallState, KeyPressed
from custom_components.ringcentral.softphone.media import KeyWay

from .asterisk_server import IN_BAND_KEYS, INFO_KEYS, PLAIN, SDES, Asterisk, Credentials
from .line import AnsweredLine, answered_line
from .programs import eventually

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("socket_enabled")]

OURS = "1209*#A"
THEIRS = "5519*0"


def heard(line: AnsweredLine) -> str:
    return "".join(event.key for event in line.events if isinstance(event, KeyPressed))


@pytest.mark.parametrize(
    ("credentials", "secure", "way", "back"),
    [
        (PLAIN, False, KeyWay.AUTO, KeyWay.RFC4733),
        (SDES, True, KeyWay.AUTO, KeyWay.RFC4733),
        (INFO_KEYS, False, KeyWay.INFO, KeyWay.INFO),
        (IN_BAND_KEYS, False, KeyWay.AUTO, KeyWay.IN_BAND),
    ],
    ids=["rfc4733", "rfc4733 over srtp", "info", "in-band"],
)
async def test_keys_are_heard_both_ways(
    asterisk: Asterisk, tmp_path: Path, credentials: Credentials, secure: bool, way: KeyWay, back: KeyWay
) -> None:
    async with answered_line(credentials, asterisk.port, tmp_path / "clip.wav", require_srtp=secure) as line:
        await line.registered()
        call_id, _ = line.phone.dial("1009")
        await eventually(lambda: [call.state for call in line.phone.calls] == [CallState.TALKING])
        before = asterisk.log().count(f"heard the keys {OURS}.")
        assert await line.phone.send_keys(call_id, OURS, way=way)
        await asterisk.logs(f"heard the keys {OURS}.", before + 1)
        await eventually(lambda: len(heard(line)) >= len(THEIRS))
        assert heard(line) == THEIRS
        assert {event.way for event in line.events if isinstance(event, KeyPressed)} == {back}
        line.phone.hang_up(call_id)
        await line.ended()
        await asterisk.all_calls_end()


async def test_keys_of_who_calls_us_are_heard(asterisk: Asterisk, tmp_path: Path) -> None:
    async with answered_line(PLAIN, asterisk.port, tmp_path / "clip.wav") as line:
        await line.registered()
        await asterisk.originate(PLAIN.username, "SendDTMF", "w9876543210*#ABCD", "100", "100")
        await eventually(lambda: heard(line) == "9876543210*#ABCD")
        await line.ended()
