"""An event loop in virtual time: where nothing is left to do, its clock jumps to what comes next. No sockets, no threads."""

import asyncio
from collections import deque
from collections.abc import Callable
from socket import AddressFamily, SocketKind
from typing import Any, override

from tests.simulation.network import DatagramEnd, Listener, Network

START = 1000.0
# A day and more without a timer is nothing this loop waits for.
_NEVER = 1e12


class VirtualLoop(asyncio.BaseEventLoop):
    """The loop that Home Assistant would run on, with an in-memory network for its connections."""

    # BaseEventLoop's own.
    _scheduled: list[asyncio.TimerHandle]
    _ready: deque[asyncio.Handle]

    def __init__(self) -> None:
        """Begin with a network on which everything works."""
        super().__init__()
        self._now = START
        # BaseEventLoop asks its selector how long it may sleep; here it is told that it has slept.
        self._selector = self
        self.network = Network(self)
        self.before_time_passes: Callable[[float], None] = lambda _: None
        """Called with the time that is next, when everything until now is done."""

    @override
    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def jump(self, seconds: float) -> None:
        """Let the clock jump ahead, as after a suspend: whatever was due until then is late."""
        self._now += seconds

    def pending(self) -> list[asyncio.TimerHandle]:
        """Return the timers that will fire."""
        return [handle for handle in self._scheduled if not handle.cancelled()]

    def select(self, timeout: float | None) -> list[Any]:
        """Pass the time until the next timer; part of what BaseEventLoop wants of a selector."""
        if timeout is None:
            raise RuntimeError("Everybody waits, and nothing will ever happen")
        if timeout > 0:
            due = self._scheduled[0].when()
            self.before_time_passes(due)
            # What was called just now may have planned something for before.
            if not self._ready:
                self._now = min(due, self._scheduled[0].when())
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        """Do nothing: there are no events but timers."""

    def _write_to_self(self) -> None:
        """Do nothing: there are no threads that would wake the loop."""

    @override
    async def create_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.Protocol], host: str, port: int, **options: Any
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Connect over the in-memory network; takes every option of the real one."""
        return await self.network.connect(protocol_factory, host, port, secure=options.get("ssl") is not None)

    @override
    async def create_server(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.Protocol], host: str, port: int, **_: Any
    ) -> Listener:
        """Listen on the in-memory network."""
        return self.network.listen(protocol_factory, host, port)

    @override
    async def create_datagram_endpoint(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.DatagramProtocol], **_: Any
    ) -> tuple[DatagramEnd, asyncio.DatagramProtocol]:
        """Open a port that nothing arrives at."""
        return DatagramEnd(self.network.free_port()), protocol_factory()

    @override
    async def getaddrinfo(  # type: ignore[override]
        self, host: str, port: int, **_: Any
    ) -> list[tuple[AddressFamily, SocketKind, int, str, tuple[str, int]]]:
        """Resolve a name of the in-memory network."""
        await self.network.resolve(host)
        return [(AddressFamily.AF_INET, SocketKind.SOCK_STREAM, 6, "", ("192.0.2.1", port))]
