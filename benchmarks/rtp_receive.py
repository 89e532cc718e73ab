"""CPU time of receiving and recording calls: ``python -m benchmarks.rtp_receive``.

Ten calls of 50 packets a second arrive over loopback for five seconds, paced by another process, and are recorded as
WAV files. Each way of receiving runs in a process of its own, and all the CPU time of that process while the calls last
is divided by the packets it recorded:

- ``ours``: ``MediaEngine``, one clock that drains all sockets, and ``ClipWriter``;
- ``asyncio``: what one writes first, a ``DatagramProtocol`` for each call that decodes into a ``wave`` file;
- ``aiortp``: an ``RTPSession`` for each call, decoded, collected, and written as ``wave``; only where it is installed.

A round runs each once; the least of the rounds is printed, with the ratio to ours.
"""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
import importlib.util
from pathlib import Path
import resource
import socket
import struct
import subprocess
import sys
import tempfile
from typing import Any, override
import wave

import audioop

from custom_components.ringcentral.softphone.media.engine import MediaEngine
from custom_components.ringcentral.softphone.media.g711 import Codec
from custom_components.ringcentral.softphone.media.wav import repair_wav
from custom_components.ringcentral.softphone.media.writer import ClipWriter

CALLS = 10
RATE = 50
FRAME = 160


# Run by itself, without the imports above: sends every call's packets at their time, from one port.
SENDER = """
import socket, struct, sys, time
source, count, rate, *ports = map(int, sys.argv[1:])
voice = bytes(range(160))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.bind(("127.0.0.1", source))
    print("ready", flush=True)
    sys.stdin.readline()
    start = time.monotonic()
    for number in range(count):
        for index, port in enumerate(ports):
            # The calls are not in step with each other.
            due = start + (number + index / len(ports)) / rate
            time.sleep(max(0.0, due - time.monotonic()))
            header = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number * 160, index)
            sock.sendto(header + voice, ("127.0.0.1", port))
"""


def free_port() -> int:
    """Return a UDP port for the sender."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def cpu_seconds() -> float:
    """Return the CPU time of this process, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def while_sending(ports: list[int], sender_port: int, seconds: float) -> float:
    """Let the sender run; return the CPU seconds that this process took meanwhile."""
    arguments = map(str, (sender_port, round(seconds * RATE), RATE, *ports))
    sender = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SENDER, *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert sender.stdin is not None
    assert sender.stdout is not None
    await sender.stdout.readline()
    before = cpu_seconds()
    sender.stdin.write(b"go\n")
    await sender.wait()
    await asyncio.sleep(0.3)
    return cpu_seconds() - before


async def ours(folder: Path, seconds: float) -> float:
    """Receive with the engine."""
    writer = ClipWriter()
    engine = MediaEngine(writer, bind_host="127.0.0.1")
    sender_port = free_port()
    sessions = [engine.open() for _ in range(CALLS)]
    for index, session in enumerate(sessions):
        session.negotiate(
            ("127.0.0.1", sender_port),
            codec=Codec.PCMU,
            payload_type=0,
            event_payload_type=101,
            sending=False,
            receiving=True,
        )
        session.record(folder / f"{index}.wav", max_samples=8000 * 3600)
    taken = await while_sending([session.port for session in sessions], sender_port, seconds)
    await engine.close()
    await asyncio.to_thread(writer.close)
    return taken


def new_wave(path: Path) -> wave.Wave_write:
    """Return a WAV file, open for writing."""
    file = wave.open(str(path), "wb")
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(8000)
    return file


class WaveProtocol(asyncio.DatagramProtocol):
    """Decodes what arrives, in the order it arrives, into a WAV file."""

    def __init__(self, path: Path) -> None:
        """Open the file."""
        self.file = new_wave(path)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        flags, second, _, _, _ = struct.unpack_from("!BBHII", data)
        if flags >> 6 == 2 and second & 0x7F == 0:
            self.file.writeframesraw(audioop.ulaw2lin(data[12:], 2))


async def plain_asyncio(folder: Path, seconds: float) -> float:
    """Receive with a protocol and ``wave``."""
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_datagram_endpoint(
            partial(WaveProtocol, folder / f"{index}.wav"), local_addr=("127.0.0.1", 0)
        )
        for index in range(CALLS)
    ]
    ports = [transport.get_extra_info("sockname")[1] for transport, _ in opened]
    taken = await while_sending(ports, free_port(), seconds)
    for transport, protocol in opened:
        transport.close()
        protocol.file.close()
    return taken


async def with_aiortp(folder: Path, seconds: float) -> float:
    """Receive with aiortp, as its documentation shows."""
    aiortp: Any = importlib.import_module("aiortp")
    sender_port = free_port()
    heard: list[list[bytes]] = [[] for _ in range(CALLS)]
    sessions = [
        await aiortp.RTPSession.create(
            local_addr=("127.0.0.1", 0), remote_addr=("127.0.0.1", sender_port), payload_type=0
        )
        for _ in range(CALLS)
    ]
    for session, audio in zip(sessions, heard, strict=True):
        session.on_audio = lambda pcm, _timestamp, audio=audio: audio.append(pcm)
    taken = await while_sending([session.local_addr[1] for session in sessions], sender_port, seconds)
    before = cpu_seconds()
    for index, (session, audio) in enumerate(zip(sessions, heard, strict=True)):
        await session.close()
        with new_wave(folder / f"{index}.wav") as file:
            file.writeframesraw(b"".join(audio))
    return taken + cpu_seconds() - before


WAYS: dict[str, Callable[[Path, float], Coroutine[Any, Any, float]]] = {
    "ours": ours,
    "asyncio": plain_asyncio,
    "aiortp": with_aiortp,
}


def run(way: str, seconds: float) -> None:
    """Print the CPU µs a packet of one way, and the share of the packets that its files hold."""
    packets = CALLS * round(seconds * RATE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        taken = asyncio.run(WAYS[way](folder, seconds))
        samples = sum(repair_wav(path) or 0 for path in folder.iterdir())
    print(f"{taken / packets * 1e6} {samples / (packets * FRAME)}")


def measure(way: str, seconds: float) -> tuple[float, float]:
    """Return what a process of its own prints for one way."""
    command = [sys.executable, "-m", "benchmarks.rtp_receive", "--run", way, str(seconds)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    cost, kept = printed.split()
    return float(cost), float(kept)


def main() -> None:
    """Compare, or play one of the parts of a comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    ways = [way for way in WAYS if way != "aiortp" or importlib.util.find_spec("aiortp")]
    results: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for _ in range(options.rounds):
        for way in ways:
            results[way].append(measure(way, options.seconds))
    least = {way: min(cost for cost, _ in rounds) for way, rounds in results.items()}
    print(
        f"{CALLS} calls, {RATE} packets a second each, {options.seconds:g} s, least of {options.rounds} rounds"
    )
    for way in ways:
        most = max(cost for cost, _ in results[way])
        kept = min(kept for _, kept in results[way])
        print(
            f"{way:8} {least[way]:6.1f} µs/packet (at most {most:.1f})  "
            f"{least[way] / least['ours']:4.1f} x ours  {kept:.1%} of the audio kept"
        )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--run", way, seconds]:
            run(way, float(seconds))
        case _:
            main()
