"""What starting any real program takes: finding it, free ports for it, its configuration, and ending exactly it."""

# The harness replaces `socket.socket` by one that tests may not open; choosing a port happens outside of any test.
import _socket
import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
import os
from pathlib import Path
import shutil
import signal
import subprocess
import time

import pytest

REPOSITORY = Path(__file__).parents[2]
STOP_SECONDS = 5
POLL_SECONDS = 0.05
_SEARCH_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))
# Below the ports that Linux gives out by itself (ip_local_port_range starts at 32768).
_RANGE_FIRST, _RANGE_LAST = 20_000, 32_000


def need(program: str, location: Path | None = None) -> Path:
    """Return where `program` is; without it the test is skipped, or fails where CI=true promises every program."""
    found = shutil.which(program if location is None else location, path=_SEARCH_PATH)
    if found is None:
        unavailable = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        unavailable(f"needs {program}: script/setup --peers")
    return Path(found)


def free_ports(count: int, kind: int = _socket.SOCK_STREAM) -> list[int]:
    """Return `count` different ports of 127.0.0.1 that nothing listens on."""
    with ExitStack() as stack:
        ports = []
        for _ in range(count):
            probe = _socket.socket(_socket.AF_INET, kind)
            stack.callback(probe.close)
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
        return ports


def free_udp_range(size: int) -> int:
    """Return the first, even, of `size` consecutive UDP ports of 127.0.0.1 that nothing listens on."""
    spread = (_RANGE_LAST - _RANGE_FIRST) // size
    start = os.getpid() % spread
    for step in range(spread):
        first = _RANGE_FIRST + (start + step) % spread * size
        if all(_is_free(port) for port in range(first, first + size)):
            return first
    raise OSError(f"no {size} consecutive UDP ports are free")


def render(source: Path, target: Path, values: Mapping[str, object]) -> None:
    """Write the template `source` to `target`, with each `@NAME@` replaced by its value."""
    text = source.read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    target.write_text(text)


async def eventually(question: Callable[[], bool], seconds: float = 10) -> None:
    """Ask again and again, because another program can't set an event here.

    Raises:
        TimeoutError: The answer was still no after `seconds`.
    """
    async with asyncio.timeout(seconds):
        while True:
            if question():
                return
            await asyncio.sleep(POLL_SECONDS)


def await_start(process: subprocess.Popen[bytes], is_ready: Callable[[], bool], seconds: float = 20) -> None:
    """Block until a program is ready.

    Raises:
        TimeoutError: It ended, or was not ready within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise TimeoutError(f"{process.args!r} did not start")
        time.sleep(POLL_SECONDS)


@contextmanager
def running(command: list[str | Path], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command`, what it prints going to `log`; at the end it is asked to stop, then killed with its children."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a program and its children as a power cut would, without a word to anybody."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _is_free(port: int) -> bool:
    probe = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    finally:
        probe.close()
    return True
