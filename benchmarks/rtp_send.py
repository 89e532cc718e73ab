"""CPU time and evenness of speaking in calls: ``python -m benchmarks.rtp_send``.

In ten calls at once speech of five seconds is played, over loopback to another process that notes when each packet comes.
Each way of sending runs in a process of its own:

- ``ours``: ``MediaEngine``, one clock for all calls;
- ``asyncio``: what one writes first, a task for each call that sends a packet and sleeps for 20 ms.

Printed are the CPU time a packet, the packets that never came, and, of the ten calls and all rounds, how much longer than
it should the worst speech took (a far end that plays it runs dry for as long) and the longest wait between two packets.
"""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from itertools import pairwise
import json
from pathlib import Path
import struct
import subprocess
import sys
import tempfile
from typing import Any, NamedTuple

from benchmarks.rtp_receive import CALLS, FRAME, RATE, cpu_seconds
from custom_components.ringcentral.softphone.media.engine import MediaEngine
from custom_components.ringcentral.softphone.media.g711 import Codec
from custom_components.ringcentral.softphone.media.writer import ClipWriter

# Run by itself, without the imports above: notes when the packets that are no silence come, until told to stop.
LISTENER = """
import json, select, socket, sys, time
socks = []
for _ in range(int(sys.argv[1])):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    socks.append(sock)
print(json.dumps([sock.getsockname()[1] for sock in socks]), flush=True)
times = {sock: [] for sock in socks}
while True:
    ready, _, _ = select.select([*socks, sys.stdin], [], [])
    if sys.stdin in ready:
        break
    now = time.monotonic()
    for sock in ready:
        if sock.recv(2048)[12:] == bytes(range(160)):
            times[sock].append(now)
print(json.dumps([times[sock] for sock in socks]))
"""


class Heard(NamedTuple):
    """CPU seconds, and the times at which each call's packets came."""

    taken: float
    times: list[list[float]]


async def while_listening(speak: Callable[[list[int]], Coroutine[Any, Any, None]]) -> Heard:
    """Let a way of sending speak to so many ports."""
    listener = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LISTENER, str(CALLS), stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=2**20
    )
    assert listener.stdin is not None
    assert listener.stdout is not None
    ports = json.loads(await listener.stdout.readline())
    before = cpu_seconds()
    await speak(ports)
    taken = cpu_seconds() - before
    await asyncio.sleep(0.2)
    listener.stdin.write(b"stop\n")
    times = json.loads(await listener.stdout.readline())
    await listener.wait()
    return Heard(taken, times)


async def ours(seconds: float) -> Heard:
    """Speak with the engine."""
    speech = bytes(range(160)) * round(seconds * RATE)
    writer = ClipWriter()
    engine = MediaEngine(writer, bind_host="127.0.0.1")

    async def speak(ports: list[int]) -> None:
        sessions = [engine.open() for _ in ports]
        for session, port in zip(sessions, ports, strict=True):
            session.negotiate(
                ("127.0.0.1", port),
                codec=Codec.PCMU,
                payload_type=0,
                event_payload_type=101,
                sending=True,
                receiving=True,
            )
        await asyncio.gather(*(session.play(speech) for session in sessions))

    heard = await while_listening(speak)
    await engine.close()
    await asyncio.to_thread(writer.close)
    return heard


async def plain_asyncio(seconds: float) -> Heard:
    """Speak with a task for each call."""

    async def speak_to(index: int, port: int) -> None:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("127.0.0.1", port)
        )
        for number in range(round(seconds * RATE)):
            header = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number * FRAME, index)
            transport.sendto(header + bytes(range(160)))
            await asyncio.sleep(1 / RATE)
        transport.close()

    async def speak(ports: list[int]) -> None:
        await asyncio.gather(*(speak_to(index, port) for index, port in enumerate(ports)))

    return await while_listening(speak)


WAYS: dict[str, Callable[[float], Coroutine[Any, Any, Heard]]] = {"ours": ours, "asyncio": plain_asyncio}


def run(way: str, seconds: float, result: Path) -> None:
    """Write what came of one way: µs a packet, packets lost, seconds too long, and the longest wait."""
    wanted = round(seconds * RATE)
    taken, times = asyncio.run(WAYS[way](seconds))
    lost = sum(wanted - len(call) for call in times)
    late = max(call[-1] - call[0] - (wanted - 1) / RATE for call in times)
    wait = max(later - earlier for call in times for earlier, later in pairwise(call))
    result.write_text(json.dumps([taken / (CALLS * wanted) * 1e6, lost, late, wait]))


def measure(way: str, seconds: float) -> list[float]:
    """Return what a process of its own found for one way."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result"
        command = [sys.executable, "-m", "benchmarks.rtp_send", "--run", way, str(seconds), str(result)]
        subprocess.run(command, check=True)
        found: list[float] = json.loads(result.read_text())
        return found


def main() -> None:
    """Compare, or play one of the parts of a comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    results: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way in WAYS:
            results[way].append(measure(way, options.seconds))
    least = {way: min(cost for cost, *_ in rounds) for way, rounds in results.items()}
    print(
        f"{CALLS} calls, {RATE} packets a second each, {options.seconds:g} s, least of {options.rounds} rounds"
    )
    for way, rounds in results.items():
        _, lost, late, wait = (max(column) for column in zip(*rounds, strict=True))
        print(
            f"{way:8} {least[way]:6.1f} µs/packet  {least[way] / least['ours']:4.1f} x ours  "
            f"{lost:.0f} packets lost, {late * 1000:.1f} ms too long, longest wait {wait * 1000:.1f} ms"
        )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--run", way, seconds, result]:
            run(way, float(seconds), Path(result))
        case _:
            main()
