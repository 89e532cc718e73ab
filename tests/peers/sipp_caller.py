"""SIPp on loopback: a scripted registrar that calls the phone, and judges every answer by its scenario."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import SOCK_DGRAM, SOCK_STREAM
import subprocess

from custom_components.ringcentral.softphone import Transport

from .programs import await_start, eventually, free_ports, free_udp_range, need, render, running

_SCENARIO = Path(__file__).parent / "sipp/rc_like.xml"


@dataclass(frozen=True, slots=True)
class _Wire:
    """What is different about a transport: SIPp's option, the kind of port, and how the kernel lists it as open."""

    option: str
    kind: int
    sockets: Path
    listening: str


_WIRES = {
    Transport.TCP: _Wire("t1", SOCK_STREAM, Path("/proc/net/tcp"), "0A"),
    Transport.UDP: _Wire("u1", SOCK_DGRAM, Path("/proc/net/udp"), "07"),
}


@dataclass(frozen=True, slots=True)
class Sipp:
    """A running scenario."""

    process: subprocess.Popen[bytes]
    port: int
    """Where it listens: SIP on 127.0.0.1."""
    folder: Path

    async def finished(self, seconds: float = 30) -> int:
        """Wait for the end of the scenario; returns SIPp's exit code, 0 if every step went as written."""
        await eventually(lambda: self.process.poll() is not None, seconds)
        return self.process.wait()

    def complaints(self) -> str:
        """Return what SIPp found wrong, for the message of a failed assertion."""
        return "\n".join(path.read_text(errors="replace") for path in self.folder.glob("*_errors.log"))


@contextmanager
def run_sipp(
    folder: Path, prompt: bytes, listen_ms: int, transport: Transport = Transport.TCP
) -> Iterator[Sipp]:
    """Run the scenario once: register, call, play `prompt` (raw µ-law), hang up `listen_ms` after the answer."""
    wire = _WIRES[transport]
    program = need("sipp")
    (folder / "prompt.ulaw").write_bytes(prompt)
    scenario = folder / "rc_like.xml"
    render(_SCENARIO, scenario, {"PROMPT": folder / "prompt.ulaw", "LISTEN_MS": listen_ms})
    (port,) = free_ports(1, wire.kind)
    command: list[str | Path] = [
        program,
        "-sf",
        scenario,
        "-t",
        wire.option,
        "-m",
        "1",
        "-nostdin",
        "-trace_err",
    ]
    command += ["-i", "127.0.0.1", "-p", str(port), "-mi", "127.0.0.1", "-mp", str(free_udp_range(4))]
    command += ["-recv_timeout", "20000", "-timeout", "60", "-timeout_error"]
    with running(command, folder / "console.log") as process:
        # As the kernel tells it: to connect would start the scenario's only call.
        listening = f"0100007F:{port:04X} 00000000:0000 {wire.listening}"
        await_start(process, lambda: listening in wire.sockets.read_text())
        yield Sipp(process, port, folder)
