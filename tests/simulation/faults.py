"""Everything that goes wrong between a line and its server, each for as long as chance has it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from simulator.link import Faults as ServerFaults
from simulator.registrar import Refusal
from tests.simulation.loop import VirtualLoop
from tests.simulation.network import Trouble, Wire
from tests.simulation.watch import HOUR, STALE, Watch, of_phone

_STORMS = (408, 480, 500, 502, 503, 504)


class Troublemaker:
    """Plays one fault after another, sometimes two at once."""

    def __init__(
        self,
        random: Random,
        loop: VirtualLoop,
        watch: Watch,
        server: ServerFaults,
        hosts: tuple[str, ...],
        *,
        secure: bool,
        restart: Callable[[float], Awaitable[None]],
    ) -> None:
        """Know what can be broken; restart(seconds) stops the server for so long and has it forget everything."""
        self._random, self._loop, self._watch = random, loop, watch
        self._network = loop.network
        self._server, self._hosts, self._restart = server, hosts, restart
        self._troubles = tuple(trouble for trouble in Trouble if secure or not trouble.of_tls)
        self._usual: dict[str, object] = {}
        self._port = 5061 if secure else 5060
        self._transport = "tls" if secure else "tcp"
        self.kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "dropped": lambda: self._sudden("dropped", Wire.drop),
            "reset": lambda: self._sudden("reset", Wire.reset),
            "reset in a message": lambda: self._cut("reset in a message", "reset"),
            "half a message": lambda: self._cut("half a message", "silence"),
            "half-open": lambda: self._sudden("half-open", Wire.hole),
            "half-open upwards": lambda: self._sudden("half-open upwards", lambda w: w.hole(down=False)),
            "half-open downwards": lambda: self._sudden("half-open downwards", lambda w: w.hole(up=False)),
            "forgotten by a router": lambda: self._sudden("forgotten by a router", Wire.forget),
            "a proxy down": self._proxies,
            "proxies down in turn": self._in_turn,
            "no network": self._no_network,
            "silent": lambda: self._wrong("silent", silent=True),
            "no pongs": self._no_pongs,
            "slow": lambda: self._wrong("slow", slow=random.uniform(1, 6)),
            "crumbs": lambda: self._ways("crumbs", crumbs=True),
            "delay": lambda: self._ways("delay", delay=(0.2, 1.0)),
            "closes on register": lambda: self._wrong("closes on register", close_on_register=True),
            "storm": self._storm,
            "storm with Retry-After": self._storm_with_wait,
            "too many contacts": lambda: self._refused("too many contacts", 603, "Too Many Contacts"),
            "401 once": lambda: self._refused("401 once", 401, "Unauthorized", once=True),
            "403 once": lambda: self._refused("403 once", 403, "Forbidden", once=True),
            "423": lambda: self._wrong("423", shortest=random.choice((700, 1800))),
            STALE: lambda: self._wrong(STALE, stale=random.choice((0.3, 0.7, 1.0))),
            "redirect": self._redirect,
            "restart": self._restarted,
            "clock jump": self._jump,
            "suspended": self._suspended,
        }

    async def play(self, gap: float) -> None:
        """Play for ever, with so many seconds between two faults on the average."""
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(self._random.expovariate(1 / gap))
                fault = group.create_task(self._one())
                if self._random.random() < 0.85:
                    await asyncio.wait([fault])

    async def long_outage(self, length: float) -> None:
        """Have no network for days."""
        with (
            self._watch.fault("no network for days"),
            self._down(self._hosts, self._random.choice(self._troubles)),
        ):
            await asyncio.sleep(length)

    async def _one(self) -> None:
        await self._random.choice(list(self.kinds.values()))()

    def _length(self) -> float:
        return self._random.choice((2.0, 30.0, 200.0, 800.0)) * self._random.random()

    # The network

    async def _sudden(self, kind: str, break_: Callable[[Wire], None]) -> None:
        with self._watch.fault(kind):
            for wire in list(self._network.wires):
                if not wire.client.lost:
                    break_(wire)

    async def _cut(self, kind: str, how: str) -> None:
        """Cut the server's next message off in its middle."""
        with self._watch.fault(kind):
            for wire in list(self._network.wires):
                wire.server.cut = how
                try:
                    await wire.server.cut_off.wait()
                finally:
                    wire.server.cut = None

    @contextmanager
    def _down(self, hosts: tuple[str, ...], trouble: Trouble) -> Iterator[None]:
        """Make proxies unreachable; what is connected to them breaks, or stays, or is a hole."""
        self._network.down |= dict.fromkeys(hosts, trouble)
        break_ = self._random.choice((Wire.reset, Wire.hole, Wire.drop, lambda wire: None))
        for wire in list(self._network.wires):
            if wire.host in hosts and not wire.client.lost:
                break_(wire)
        try:
            yield
        finally:
            for host in hosts:
                self._network.down.pop(host, None)

    async def _proxies(self) -> None:
        down = tuple(self._random.sample(self._hosts, self._random.randint(1, max(1, len(self._hosts) - 1))))
        trouble = self._random.choice(self._troubles)
        with self._watch.fault(f"a proxy: {trouble}"), self._down(down, trouble):
            await asyncio.sleep(self._length())

    async def _in_turn(self) -> None:
        with self._watch.fault("proxies down in turn"):
            for host in self._hosts:
                with self._down((host,), self._random.choice(self._troubles)):
                    await asyncio.sleep(self._random.uniform(1, 300))

    async def _no_network(self) -> None:
        trouble = self._random.choice(self._troubles)
        with self._watch.fault(f"no network: {trouble}"), self._down(self._hosts, trouble):
            await asyncio.sleep(self._length())

    async def _ways(self, kind: str, **ways: Any) -> None:
        with self._watch.fault(kind), self._set(self._network, **ways):
            await asyncio.sleep(self._length() / 4)

    # The server

    async def _wrong(self, kind: str, **faults: Any) -> None:
        with self._watch.fault(kind), self._set(self._server, **faults):
            await asyncio.sleep(self._length())

    async def _no_pongs(self) -> None:
        with self._watch.fault("no pongs"), self._set(self._server, pong=not self._server.pong):
            await asyncio.sleep(self._length() * 4)

    async def _refused(
        self,
        kind: str,
        status: int,
        reason: str,
        headers: tuple[tuple[str, str], ...] = (),
        *,
        once: bool = False,
    ) -> None:
        waits = [float(value) for name, value in headers if name == "Retry-After"]
        self._watch.refusal_wait[status] = waits[0] if waits else 0.0
        with self._watch.fault(kind), self._set(self._server, register=Refusal(status, reason, headers)):
            lasting = self._length()
            if once:
                before = self._watch.refused
                while self._watch.refused == before and lasting > 0:
                    await asyncio.sleep(1)
                    lasting -= 1
            else:
                await asyncio.sleep(lasting)

    @contextmanager
    def _set(self, target: object, **values: object) -> Iterator[None]:
        """Set attributes, and set them back to how they were when nothing was wrong."""
        for name, value in values.items():
            self._usual.setdefault(name, getattr(target, name))
            setattr(target, name, value)
        try:
            yield
        finally:
            for name in values:
                setattr(target, name, self._usual[name])

    async def _storm(self) -> None:
        await self._refused("storm", self._random.choice(_STORMS), "Storm")

    async def _storm_with_wait(self) -> None:
        wait = str(self._random.choice((5, 20, 90, 400)))
        status = self._random.choice((500, 503))
        await self._refused("storm with Retry-After", status, "Storm", (("Retry-After", wait),))

    async def _redirect(self) -> None:
        target = f"<sip:{self._random.choice(self._hosts)}:{self._port};transport={self._transport}>"
        status = self._random.choice((301, 302, 305))
        once = self._random.random() < 0.7
        await self._refused("redirect", status, "Moved", (("Contact", target),), once=once)

    async def _restarted(self) -> None:
        with self._watch.fault("restart"):
            if self._random.random() < 0.5:
                # Power was cut: nobody closed the connections.
                for wire in list(self._network.wires):
                    wire.forget()
            await self._restart(self._length())

    async def _jump(self) -> None:
        with self._watch.fault("clock jump"):
            self._loop.jump(self._random.choice((90.0, 1800.0, 6 * HOUR)) * self._random.random())
            self._watch.jumped()
            break_ = self._random.choice((Wire.reset, Wire.hole, Wire.forget, lambda wire: None))
            for wire in list(self._network.wires):
                break_(wire)

    async def _suspended(self) -> None:
        """Let the phone stand still while the server's time goes on; its connection is often gone when it wakes."""
        lasting = self._random.choice((90.0, 1800.0, 6 * HOUR)) * self._random.random()
        until = self._loop.time() + lasting
        with self._watch.fault("suspended"):
            self._watch.suspended(until)
            self._loop.postpone(until, of_phone)
            break_ = self._random.choice((Wire.hole, Wire.forget, lambda wire: None))
            for wire in list(self._network.wires):
                wire.client.sleep(until)
                break_(wire)
            try:
                await asyncio.sleep(lasting)
            finally:
                # Nothing wakes the phone sooner, not even that no more faults are wanted.
                await asyncio.sleep(until - self._loop.time())
