"""A registrar with one account, and the callers behind it, both from a small script."""

from collections.abc import Callable
import re

from tests.simulation.world import Pipe, World
from tests.softphone.builders import (
    OFFER,
    Fields,
    Wire,
    invite,
    message,
    read_wire,
    request,
    response,
    sdp_offer,
)

# How many nonces in a row it declares stale at the most: a phone takes more for a refusal, and stays away for a while.
STALE = 3
TIMERS: tuple[Fields, ...] = (
    (),
    (("Supported", "timer"), ("Session-Expires", "14400;refresher=uac"), ("Min-SE", "90")),
    (("Supported", "timer"), ("Session-Expires", "120;refresher=uas")),
    (("Supported", "timer"), ("Session-Expires", "120;refresher=uac")),
)


class Connection:
    """The server's end of a connection."""

    def __init__(self, server: Server, down: Pipe, drop: Callable[[], None]) -> None:
        """Answer down one pipe; drop() closes the connection for both."""
        self.down = down
        self.drop = drop
        self._server = server
        self._buffer = b""

    def receive(self, data: bytes) -> None:
        """Take bytes, and act on what is whole."""
        self._buffer += data
        while (end := self._whole()) > 0:
            data, self._buffer = self._buffer[:end], self._buffer[end:]
            if data == b"\r\n\r\n" and self._server.answering_pings and not self._server.silent:
                self.down.send(b"\r\n")
            for wire in read_wire(data):
                self._server.receive(wire, self)

    def _whole(self) -> int:
        if self._buffer.startswith(b"\r\n"):
            return 4 if self._buffer.startswith(b"\r\n\r\n") else 0
        head, blank, _ = self._buffer.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        end = len(head) + 4 + (int(length[1]) if length else 0)
        return end if blank and len(self._buffer) >= end else 0


class Server:
    """Challenges every registration, and rings whoever holds it."""

    def __init__(self, world: World) -> None:
        """Begin with nobody registered."""
        self.up = True
        self.silent = False
        self.refusing = False
        self.answering_pings = False
        self.holder: Connection | None = None
        self.placed = 0
        self._expires_at = 0.0
        self._stale = 0
        self._world = world
        self.refreshes = 0
        self._fates: dict[str, str] = {}
        self._down: dict[str, Pipe] = {}

    @property
    def reachable(self) -> Connection | None:
        """Where a call would go now."""
        return self.holder if self._world.now < self._expires_at else None

    def receive(self, wire: Wire, connection: Connection) -> None:
        """Take a message."""
        if self.silent:
            return
        if wire.status:
            self._answered(wire, connection)
        elif wire.start.startswith("REGISTER "):
            self._register(wire, connection)
        elif not wire.start.startswith("ACK "):
            self._asked(wire, connection)

    def _asked(self, wire: Wire, connection: Connection) -> None:
        """Answer a request of a call's; where it comes from is where the call goes on."""
        random, caller = self._world.random, wire.get("Call-ID")
        if wire.method == "INVITE":
            self.refreshes += 1
            self._down[caller] = connection.down
        moods, weights = (200, 407, 491, 500, 481), (16, 1, 1, 1, 1)
        status = random.choices(moods, weights)[0] if wire.method == "INVITE" else 200
        challenge = ("Proxy-Authenticate", f'Digest realm="r", nonce="{random.random()}"')
        expires = tuple(("Session-Expires", value) for value in wire.all("Session-Expires"))
        connection.down.send(response(wire, status, challenge, *expires))

    def _register(self, wire: Wire, connection: Connection) -> None:
        random = self._world.random
        connection.down.send(response(wire, 100, reason="Trying"))
        if self.refusing:
            connection.down.send(response(wire, 503, ("Retry-After", "20")))
        elif not wire.all("Authorization") or (random.random() < 0.05 and self._stale < STALE):
            self._stale += 1
            challenge = f'Digest realm="r", nonce="{random.random()}", stale={str(bool(wire.all("Authorization"))).lower()}'
            connection.down.send(response(wire, 401, ("WWW-Authenticate", challenge)))
        else:
            expires = random.choice((45, 60, 229, 3601))
            self.holder, self._expires_at, self._stale = connection, self._world.now + expires, 0
            contact = wire.get("Contact").partition(";expires")[0]
            connection.down.send(response(wire, 200, ("Contact", f"{contact};expires={expires}")))

    def place_call(self) -> None:
        """Ring the line, if it can be reached."""
        connection, random = self.reachable, self._world.random
        if connection is None or self.silent:
            return
        self.placed += 1
        caller = f"call-{self.placed}"
        self._fates[caller] = random.choice(("cancel", "patient", "patient", "hold"))
        body = random.choice((OFFER, OFFER, b""))
        self._down[caller] = connection.down
        timer = random.choice(TIMERS)
        connection.down.send(invite(body, headers=timer, call_id=caller, branch=f"z9hG4bK{caller}"))
        if random.random() < 0.3:
            connection.down.send(
                b"\r\n" + message("OPTIONS sip:x SIP/2.0", ()) + request("NOTIFY", call_id="x")
            )

    def _answered(self, wire: Wire, connection: Connection) -> None:
        caller, random = wire.get("Call-ID"), self._world.random
        if wire.method != "INVITE" or caller not in self._fates:
            return
        down, number = connection.down, int(wire.get("CSeq").split()[0])
        if wire.status == 180 and self._fates[caller] == "cancel":
            cancel = request("CANCEL", call_id=caller, branch=f"z9hG4bK{caller}")
            self._world.after(random.uniform(0, 20), lambda: down.send(cancel))
        elif wire.status >= 200:
            # Now and then an acknowledgement is lost.
            if random.random() < 0.95:
                down.send(request("ACK", call_id=caller, to_tag=wire.tag, cseq=number, body=OFFER))
            if wire.status == 200 and number == 31268:
                self._talk(caller, wire.tag)

    def _talk(self, caller: str, tag: str) -> None:
        random = self._world.random
        if self._fates.pop(caller) == "hold":
            hold = request(
                "INVITE", call_id=caller, to_tag=tag, cseq=31269, body=sdp_offer(attributes=("sendonly",))
            )
            self._world.after(random.uniform(1, 10), lambda: self._down[caller].send(hold))
        bye = request("BYE", call_id=caller, to_tag=tag, cseq=31270)
        self._world.after(random.uniform(0, 300), lambda: self._down[caller].send(bye))
