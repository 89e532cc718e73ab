"""Fixtures that run real programs on loopback, each on ports of its own, and end exactly what they started."""

from collections.abc import Iterator
import logging
from pathlib import Path

import pytest

from .asterisk_server import Asterisk, run_asterisk
from .kamailio_server import Kamailio, run_kamailio
from .mpd_player import Mpd, run_mpd
from .prompt import make_prompt


@pytest.fixture(scope="session")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """One Asterisk for all tests."""
    with run_asterisk(tmp_path_factory.mktemp("asterisk")) as running:
        yield running


@pytest.fixture(scope="session")
def kamailio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    """One Kamailio for all tests."""
    with run_kamailio(tmp_path_factory.mktemp("kamailio")) as running:
        yield running


@pytest.fixture
def mpd(tmp_path: Path) -> Iterator[Mpd]:
    """A music player that has played nothing yet."""
    with run_mpd(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def prompt() -> bytes:
    """Three seconds of raw µ-law at 8 kHz."""
    return make_prompt()


@pytest.fixture
def nothing_goes_wrong(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Hold that no exception is logged."""
    yield
    assert not [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
