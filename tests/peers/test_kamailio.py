"""A registrar that challenges as RingCentral's does, without qop, and answers keep-alives."""

from pathlib import Path

import pytest

from .asterisk_server import PLAIN
from .kamailio_server import Kamailio
from .line import answered_line

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("socket_enabled")]


async def test_a_line_registers_without_qop_and_gives_its_registration_back(
    kamailio: Kamailio, tmp_path: Path
) -> None:
    async with answered_line(PLAIN, kamailio.port, tmp_path / "clip.wav") as line:
        registered = await line.registered()
        assert 0 < registered.expires <= 60
        assert kamailio.contacts() == [PLAIN.username]
    assert kamailio.contacts() == []


async def test_the_newest_device_wins(kamailio: Kamailio, tmp_path: Path) -> None:
    async with answered_line(PLAIN, kamailio.port, tmp_path / "first.wav") as first:
        await first.registered()
        async with answered_line(PLAIN, kamailio.port, tmp_path / "second.wav") as second:
            await second.registered()
            assert kamailio.contacts() == [PLAIN.username]
        assert kamailio.contacts() == []
