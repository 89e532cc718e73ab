"""Kamailio on loopback: a registrar that challenges without qop and answers keep-alives, as RingCentral's edge does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import socket
import subprocess
from typing import Any

from .programs import await_start, free_ports, need, render, running

_TEMPLATE = Path(__file__).parent / "kamailio/kamailio.cfg"
_MODULES = "usr/lib/*/kamailio/modules"


@dataclass(frozen=True, slots=True)
class Kamailio:
    """A running Kamailio."""

    folder: Path
    port: int
    """SIP over TCP on 127.0.0.1."""

    def contacts(self) -> list[str]:
        """Return the users that a phone is registered for."""
        domains = self._call("ul.dump")["Domains"]
        return [record["Info"]["AoR"] for domain in domains for record in domain["Domain"]["AoRs"]]

    @contextmanager
    def run(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run it, again on the same port; it is not ready yet."""
        runtime = self.folder / "run"
        command: list[str | Path] = [need("kamailio"), "-DD", "-E", "-f", self.folder / "kamailio.cfg"]
        command += ["-Y", runtime, "-m", "32"]
        with running(command, self.folder / "console.log") as process:
            yield process

    def is_ready(self) -> bool:
        """Tell whether it answers commands, which it does once it listens."""
        try:
            self._call("core.version")
        except OSError:
            return False
        return True

    def _call(self, method: str) -> Any:
        """Ask by JSON-RPC over a datagram; returns the result, None if there is none."""
        own = self.folder / "run/answer"
        own.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.settimeout(2)
            channel.bind(own.as_posix())
            request = {"jsonrpc": "2.0", "method": method, "id": 1}
            channel.sendto(json.dumps(request).encode(), (self.folder / "run/rpc").as_posix())
            return json.loads(channel.recv(65_536)).get("result")


@contextmanager
def run_kamailio(folder: Path) -> Iterator[Kamailio]:
    """Run Kamailio with everything it writes in `folder`, which must be empty."""
    kamailio = set_up_kamailio(folder)
    with kamailio.run() as process:
        await_start(process, kamailio.is_ready)
        yield kamailio


def set_up_kamailio(folder: Path) -> Kamailio:
    """Lay everything out in `folder` that a Kamailio needs, on a port of its own."""
    need("kamailio")
    (folder / "run").mkdir(parents=True)
    (port,) = free_ports(1)
    modules = next(Path("/").glob(_MODULES))
    render(_TEMPLATE, folder / "kamailio.cfg", {"SIP_PORT": port, "MODULES": modules, "WORK": folder})
    return Kamailio(folder, port)
