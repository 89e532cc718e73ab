"""A real speech-to-text engine in a process of its own, in a Python that it is built for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .programs import REPOSITORY, await_start, free_ports, need, running

DIGITS: Final = Path(__file__).parent / "pocketsphinx" / "digits.ulaw"
"""What it understands as HEARD, 8 kHz µ-law."""
HEARD: Final = "one three four five"

_PYTHON: Final = REPOSITORY / ".cache/peers/pocketsphinx/bin/python"
_SERVER: Final = DIGITS.with_name("server.py")


@contextmanager
def run_pocketsphinx(folder: Path) -> Iterator[int]:
    """Run the engine, what it prints going to `folder`; yields the port of 127.0.0.1 on which it speaks Wyoming."""
    (port,) = free_ports(1)
    log = folder / "pocketsphinx.log"
    with running([need("pocketsphinx", _PYTHON), _SERVER, str(port)], log) as process:
        await_start(process, lambda: b"listening" in log.read_bytes())
        yield port
