"""MPD on loopback: a real music player, whose ears are a file."""

# The harness replaces `socket.socket` by one that tests may not open; the player is started outside of any test.
import _socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .programs import await_start, free_ports, need, running

_CONFIGURATION = """\
bind_to_address "127.0.0.1"
port "{port}"
audio_output {{
    type "pipe"
    name "ears"
    command "cat > '{heard}'"
    format "8000:16:1"
}}
"""


@dataclass(frozen=True, slots=True)
class Mpd:
    """A running player."""

    port: int
    """Where it takes commands, on 127.0.0.1."""
    heard: Path
    """What it plays, as raw 16-bit mono samples; anew with each thing it plays."""
    log: Path


@contextmanager
def run_mpd(folder: Path) -> Iterator[Mpd]:
    """Run the player; it has no music of its own."""
    program = need("mpd")
    (port,) = free_ports(1)
    player = Mpd(port, folder / "heard.raw", folder / "mpd.log")
    configuration = folder / "mpd.conf"
    configuration.write_text(_CONFIGURATION.format(port=port, heard=player.heard))
    with running([program, "--no-daemon", "--stdout", "--verbose", configuration], player.log) as process:
        await_start(process, lambda: _listens(port))
        yield player


def _listens(port: int) -> bool:
    probe = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        return probe.connect_ex(("127.0.0.1", port)) == 0
    finally:
        probe.close()
