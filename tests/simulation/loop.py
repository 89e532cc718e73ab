"""An event loop in virtual time: where nothing is left to do, its clock jumps to what comes next. No sockets, no threads.

Lean, since a day of a line is some ten thousand turns of it: callbacks run without a context of their own (nothing in
a telephone asks for one), and timers are ordered by plain tuples. An error in a callback ends the run: a loop that
only logs it would hide it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
import heapq
from itertools import count
from socket import AddressFamily, SocketKind
from typing import Any, override

from tests.simulation.network import DatagramEnd, Listener, Network

START = 1000.0


class Timer(asyncio.TimerHandle):
    """A callback, for now or for later; cancelled, it holds on to nothing."""

    __slots__ = ()
    # The handle's own.
    _callback: Callable[..., object] | None
    _args: tuple[Any, ...]

    def __init__(self, when: float, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        """Be due at a time, in seconds of the loop's clock."""
        self._when = when
        self._callback = callback
        self._args = args
        self._cancelled = False

    @override
    def cancel(self) -> None:
        """Don't call any more."""
        self._cancelled = True
        self._callback = None
        self._args = ()


class VirtualLoop(asyncio.BaseEventLoop):
    """The loop that Home Assistant would run on, with an in-memory network for its connections."""

    # BaseEventLoop's own.
    _ready: deque[Timer]
    _stopping: bool

    def __init__(self) -> None:
        """Begin with a network on which everything works."""
        super().__init__()
        self._now = START
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = count()
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

    def pending(self) -> list[Timer]:
        """Return the timers that will fire."""
        return [timer for _, _, timer in self._timers if not timer._cancelled]

    def postpone(self, until: float, concerned: Callable[[Timer], bool]) -> None:
        """Let what is concerned wait until then, in the order it is planned for."""
        waiting = sorted(entry for entry in self._timers if entry[0] < until and concerned(entry[2]))
        numbers = {number for _, number, _ in waiting}
        # In place: who runs the loop holds on to it.
        self._timers[:] = [entry for entry in self._timers if entry[1] not in numbers]
        self._timers += [(until, next(self._numbers), timer) for _, _, timer in waiting]
        heapq.heapify(self._timers)

    @override
    def call_soon[*Ts](
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Call in this turn of the clock, after everything that is to be called already."""
        timer = Timer(self._now, callback, args)
        self._ready.append(timer)
        return timer

    @override
    def call_later[*Ts](
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call after so many seconds."""
        return self.call_at(self._now + delay, callback, *args)

    @override
    def call_at[*Ts](
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call at a time; what is planned for the same time is called in the order it was planned."""
        timer = Timer(when, callback, args)
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def _run_once(self) -> None:
        """Call what is to be called now, then pass the time until the next timer and call that."""
        ready, timers = self._ready, self._timers
        while ready:
            timer = ready.popleft()
            if timer._callback is not None:
                timer._callback(*timer._args)
        if self._stopping:
            return
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)
        if not timers:
            raise RuntimeError("Everybody waits, and nothing will ever happen")
        due = timers[0][0]
        if due > self._now:
            self.before_time_passes(due)
            if ready or timers[0][0] < due:
                # What was called just now has planned something for before.
                return
            self._now = due
        _, _, timer = heapq.heappop(timers)
        if timer._callback is not None:
            timer._callback(*timer._args)

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
