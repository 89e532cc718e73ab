"""The signalling shell: the connection to the proxy, its timers, and coming back. All decisions are the agent's."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
import contextlib
import logging
from random import SystemRandom
import secrets
from typing import Final, override

from .account import Account, Flow
from .agent import UnknownCallError, UserAgent
from .backoff import Backoff
from .events import (
    Call,
    CallEnded,
    EndReason,
    FlowFailed,
    LineLost,
    MediaAgreed,
    PhoneEvent,
    Registered,
    RegistrationRefused,
    Unregistered,
)
from .media.engine import MediaEngine, MediaSession
from .media.errors import MediaError
from .sdp import Agreement

_LOGGER: Final = logging.getLogger(__name__)

CONNECT_TIMEOUT: Final = 10.0
# How long stop() waits for the server's last word.
STOP_TIMEOUT: Final = 3.0
# How long a closing connection has for what was written last.
CLOSE_TIMEOUT: Final = 1.0
HAPPY_EYEBALLS_DELAY: Final = 0.25
# A registration that held for this long was a success; a line that is thrown out at once backs off.
STEADY: Final = 30.0


class Phone:
    """One line: keeps its account registered and hands its calls on."""

    def __init__(self, account: Account, media: MediaEngine, on_event: Callable[[PhoneEvent], None]) -> None:
        """Make a phone; on_event is called in the event loop with everything that happens, in order."""
        self.registered = False
        self._account = account
        self._media = media
        self._on_event = on_event
        self._agent = UserAgent(account, token=lambda: secrets.token_hex(16))
        self._backoff = Backoff(SystemRandom())
        self._sessions: dict[str, MediaSession] = {}
        self._queue: deque[PhoneEvent] = deque()
        self._dispatching = False
        self._connection: _Connection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._unregistered = False
        self._registered_at: float | None = None
        self._settled = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    @property
    def calls(self) -> list[Call]:
        """The calls that are not over, in the order they came."""
        return self._agent.calls

    def start(self) -> None:
        """Connect and register, and come back for ever."""
        self._task = self._loop.create_task(self._stay_connected(), name="softphone line")

    async def stop(self) -> None:
        """Hang up, give the registration back and close, in STOP_TIMEOUT seconds at the most."""
        if self._task is None:
            return
        if self._connection is not None:
            self._settled.clear()
            self._unregistered = False
            self._agent.shut_down(self._loop.time())
            self._pump()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_TIMEOUT):
                    await self._settled.wait()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    def answer(self, call_id: str) -> MediaSession:
        """Answer a ringing call; raises UnknownCallError, or MediaError when no port is free.

        The caller hears of it in the next turn of the loop: a recording begun until then misses nothing.
        """
        session = self._media.open()
        try:
            self._agent.answer(call_id, session.port, self._loop.time())
        except LookupError:
            session.close()
            raise
        self._sessions[call_id] = session
        self._loop.call_soon(self._pump)
        return session

    def hang_up(self, call_id: str, reason: EndReason = EndReason.LOCAL_HANGUP) -> None:
        """End a call, or decline it while it rings; raises UnknownCallError."""
        self._agent.hang_up(call_id, reason, self._loop.time())
        self._pump()

    async def _stay_connected(self) -> None:
        while True:
            reason, at_least = await self._connect_once()
            delay = max(self._backoff.next_delay(), at_least)
            self._dispatch([LineLost(reason, delay)])
            await asyncio.sleep(delay)

    async def _connect_once(self) -> tuple[str, float]:
        """Serve one connection to its end; return why it ended and how long to stay away at the least."""
        proxy = self._account.proxy
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, connection = await self._loop.create_connection(
                    lambda: _Connection(self._received),
                    proxy.host,
                    proxy.port,
                    happy_eyeballs_delay=HAPPY_EYEBALLS_DELAY,
                )
        except TimeoutError:
            return "the server doesn't answer", 0.0
        except OSError as error:
            return error.strerror or str(error), 0.0
        except UnicodeError:
            # The name is nothing DNS can carry (an empty label, or one that is too long).
            return "the server's name is not a host name", 0.0
        self._connection = connection
        try:
            self._agent.connected(connection.flow, self._loop.time())
            self._pump()
            return await asyncio.shield(connection.lost)
        finally:
            if self._registered_at is not None and self._loop.time() - self._registered_at >= STEADY:
                self._backoff.reset()
            self._registered_at = None
            self._connection = None
            self._settled.set()
            self.registered = False
            self._agent.disconnected(self._loop.time())
            self._pump()
            await connection.close()

    def _received(self, data: bytes) -> None:
        self._agent.receive(data, self._loop.time())
        self._pump()

    def _tick(self) -> None:
        self._timer = None
        self._agent.tick(self._loop.time())
        self._pump()

    def _pump(self) -> None:
        """Carry out what the agent decided: bytes to the wire, events to their listener, the next deadline."""
        output = self._agent.take_output()
        if output and self._connection is not None:
            self._connection.write(output)
        self._dispatch(self._agent.take_events())
        if self._unregistered and self._agent.quiet:
            self._settled.set()
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._agent.next_deadline
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._tick)

    def _dispatch(self, events: Iterable[PhoneEvent]) -> None:
        # A listener may answer or hang up at once: what that brings about comes after all that came before it.
        self._queue.extend(events)
        if self._dispatching:
            return
        self._dispatching = True
        try:
            while self._queue:
                self._handle(self._queue.popleft())
        finally:
            self._dispatching = False

    def _handle(self, event: PhoneEvent) -> None:
        match event:
            case MediaAgreed(call_id, agreement):
                self._negotiate(call_id, agreement)
            case CallEnded(call):
                if (session := self._sessions.pop(call.call_id, None)) is not None:
                    session.close()
            case Registered():
                self.registered = True
                if self._registered_at is None:
                    self._registered_at = self._loop.time()
            case RegistrationRefused(status, _, retry_after):
                self._fail(f"the server refused to register this phone ({status})", retry_after)
            case FlowFailed(reason):
                self._fail(reason, 0.0)
            case Unregistered():
                self._unregistered = True
        try:
            self._on_event(event)
        except Exception:
            # A listener's fault must not cost the line.
            _LOGGER.exception("Handling %s failed", type(event).__name__)

    def _negotiate(self, call_id: str, agreement: Agreement) -> None:
        try:
            self._sessions[call_id].negotiate(
                agreement.remote,
                codec=agreement.codec,
                payload_type=agreement.payload_type,
                event_payload_type=agreement.event_payload_type,
                sending=agreement.direction.sends,
                receiving=agreement.direction.receives,
                srtp=agreement.srtp,
            )
        except MediaError as error:
            _LOGGER.warning("A call has no sound: %s", error)
            with contextlib.suppress(UnknownCallError):
                self.hang_up(call_id, EndReason.NETWORK_ERROR)

    def _fail(self, reason: str, at_least: float) -> None:
        if self._connection is not None:
            self._connection.fail(reason, at_least)


class _Connection(asyncio.Protocol):
    """One TCP connection; `lost` resolves with why it ended and how long to stay away at the least."""

    def __init__(self, received: Callable[[bytes], None]) -> None:
        self._received = received
        self._transport: asyncio.Transport | None = None
        self._closed = asyncio.Event()
        self.lost: asyncio.Future[tuple[str, float]] = asyncio.get_running_loop().create_future()

    @property
    def flow(self) -> Flow:
        """Our end of the connection."""
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return Flow(host.partition("%")[0], port)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        if not self.lost.done():
            self._received(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()
        self.fail("the connection was closed" if exc is None else type(exc).__name__, 0.0)

    @override
    def pause_writing(self) -> None:
        self.fail("the server doesn't take what it is sent", 0.0)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        assert self._transport is not None
        self._transport.write(data)

    def fail(self, reason: str, at_least: float) -> None:
        """Note that the connection is of no more use; the first reason stands."""
        if not self.lost.done():
            self.lost.set_result((reason, at_least))

    async def close(self) -> None:
        """Close after what was written has gone out, or abort when it doesn't go."""
        assert self._transport is not None
        self._transport.close()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self._closed.wait()
        finally:
            self._transport.abort()
