"""Asterisk 22 on loopback: a real registrar and a real caller."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
import re
from socket import SOCK_DGRAM
import ssl
import subprocess

from .certificate import write_certificate
from .programs import REPOSITORY, await_start, eventually, free_ports, free_udp_range, need, render, running

ANSWER_SECONDS = 10
REALM = "sip.ringcentral.com"
PROGRAM = REPOSITORY / ".cache/peers/asterisk/asterisk"
_TEMPLATES = Path(__file__).parent / "asterisk"
_FOLDERS = ("etc", "varlib", "db", "keys", "spool/outgoing", "run", "log", "sounds")
_RTP_PORTS = 40


@dataclass(frozen=True, slots=True)
class Credentials:
    """One account of tests/peers/asterisk/pjsip.conf."""

    username: str
    authorization_id: str
    password: str = field(repr=False)


PLAIN = Credentials("16501234567", "802512345678", "s3cret")
SDES = Credentials("16501234568", "802512345679", "s3cret2")
SHA256 = Credentials("16501234569", "802512345680", "s3cret3")
INFO_KEYS = Credentials("16501234570", "802512345681", "s3cret4")
IN_BAND_KEYS = Credentials("16501234571", "802512345682", "s3cret5")


@dataclass(frozen=True, slots=True)
class Asterisk:
    """A running Asterisk."""

    folder: Path
    port: int
    """SIP over TCP on 127.0.0.1."""
    tls_port: int
    """SIP over TLS, with the certificate `certificate`."""
    udp_port: int
    """SIP over UDP."""

    @property
    def certificate(self) -> Path:
        """The self-signed certificate, PEM."""
        return self.folder / "keys/cert.pem"

    @property
    def accepting(self) -> ssl.SSLContext:
        """What it accepts TLS with."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.folder / "keys/key.pem")
        return context

    @property
    def trusting(self) -> ssl.SSLContext:
        """What believes its certificate."""
        return ssl.create_default_context(cafile=self.certificate)

    def reached(self, secure: bool) -> tuple[int, ssl.SSLContext | None]:
        """Return the port of TLS or TCP, and what believes it there."""
        return (self.tls_port, self.trusting) if secure else (self.port, None)

    def add_sound(self, name: str, ulaw: bytes) -> Path:
        """Keep raw µ-law as a prompt; returns the path that Playback wants, which has no extension."""
        path = self.folder / "sounds" / name
        path.with_suffix(".ulaw").write_bytes(ulaw)
        return path

    async def rx(self, command: str) -> str:
        """Run a command of Asterisk's console and return what it prints."""
        process = await asyncio.create_subprocess_exec(
            *self._console(command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await process.communicate()
        return output.decode()

    async def originate(
        self, user: str, *application: str | Path, caller: str = '"Ada" <+16505550100>'
    ) -> None:
        """Call `user`; once it answers, run a dialplan application, such as `"Playback", path`."""
        await self._dial(f"PJSIP/{user}", *application, caller=caller)

    async def originate_by_way_of(self, port: int, user: str, *application: str | Path) -> None:
        """Call `user` of the server on `port` of loopback, without being known there."""
        await self._dial(f"PJSIP/trunk/sip:{user}@127.0.0.1:{port}\\;transport=tcp", *application)

    async def _dial(
        self, channel: str, *application: str | Path, caller: str = '"Ada" <+16505550100>'
    ) -> None:
        name, *data = map(str, application)
        # Asterisk takes a file as soon as it is moved in, so it is written elsewhere.
        call = self.folder / "spool/next.call"
        call.write_text(
            f"Channel: {channel}\nCallerID: {caller}\nWaitTime: 30\nMaxRetries: 0\n"
            f"Application: {name}\nData: {','.join(data)}\n"
        )
        call.rename(self.folder / "spool/outgoing" / call.name)

    async def hang_up(self) -> None:
        """End every call."""
        await self.rx("channel request hangup all")

    async def contacts(self) -> list[str]:
        """Return the users that a phone is registered for."""
        return re.findall(r"^\s*Contact:\s+(\d+)/sip", await self.rx("pjsip show contacts"), re.MULTILINE)

    async def calls(self) -> int:
        """Return how many channels are up."""
        found = re.search(r"^(\d+) active channels?", await self.rx("core show channels count"), re.MULTILINE)
        assert found, "Asterisk did not answer"
        return int(found[1])

    async def all_calls_end(self) -> None:
        """Wait until no channel is up."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while await self.calls():
                pass

    def log(self) -> str:
        """Return everything Asterisk has logged so far."""
        return (self.folder / "log/full").read_text(errors="replace")

    async def logs(self, text: str, times: int = 1) -> None:
        """Wait until the log has a text this often."""
        await eventually(lambda: self.log().count(text) >= times)

    @contextmanager
    def run(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run it, again on the same ports and with what it has kept; it is not ready yet."""
        command: list[str | Path] = [PROGRAM, "-C", self.folder / "etc/asterisk.conf", "-f", "-n"]
        with running(command, self.folder / "console.log") as process:
            yield process

    def is_booted(self) -> bool:
        """Tell whether every module is loaded."""
        answer = subprocess.run(self._console("core waitfullybooted"), capture_output=True, check=False)
        return b"fully booted" in answer.stdout

    def _console(self, command: str) -> list[str | Path]:
        return [PROGRAM, "-C", self.folder / "etc/asterisk.conf", "-rx", command]


@contextmanager
def run_asterisk(folder: Path, pjsip: str | None = None) -> Iterator[Asterisk]:
    """Run Asterisk with everything it writes in `folder`, which must be empty; `pjsip` stands in for its pjsip.conf."""
    asterisk = set_up_asterisk(folder, pjsip)
    with asterisk.run() as process:
        await_start(process, asterisk.is_booted)
        yield asterisk


def set_up_asterisk(folder: Path, pjsip: str | None = None) -> Asterisk:
    """Lay everything out in `folder` that an Asterisk needs, on ports of its own."""
    program = need("asterisk", PROGRAM)
    root = program.resolve().parent / "root"
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True)
    write_certificate(folder / "keys/cert.pem", folder / "keys/key.pem")
    port, tls_port = free_ports(2)
    (udp_port,) = free_ports(1, SOCK_DGRAM)
    rtp = free_udp_range(_RTP_PORTS)
    values = {
        "ROOT": root,
        "LIBRARIES": next(root.glob("usr/lib/*/asterisk")).parent,
        "WORK": folder,
        "SIP_PORT": port,
        "TLS_PORT": tls_port,
        "UDP_PORT": udp_port,
        "RTP_START": rtp,
        "RTP_END": rtp + _RTP_PORTS - 1,
    }
    for template in _TEMPLATES.glob("*.conf"):
        render(template, folder / "etc" / template.name, values)
    if pjsip is not None:
        (folder / "pjsip.conf").write_text(pjsip)
        render(folder / "pjsip.conf", folder / "etc/pjsip.conf", values)
    return Asterisk(folder, port, tls_port, udp_port)
