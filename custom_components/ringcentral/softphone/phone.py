"""The signalling shell: the connection to the proxy, its timers, and coming back. All decisions are the agent's."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable
import contextlib
from dataclasses import replace
from functools import partial
import logging
from random import SystemRandom
import secrets
import ssl
from typing import Final, override

from .account import Account, Proxy, Transport
from .agent import UserAgent
from .calls.call import RING_TIMEOUT, UnknownCallError
from .calls.dialing import DialError, EmergencyNumberError, NoLineError, dialled, is_emergency
from .calls.key_sender import KeySender
from .connection import Connection, ConnectionFailed, connect, connect_datagrams
from .events import (
    Call,
    CallChanged,
    CallEnded,
    Cause,
    EndReason,
    FlowFailed,
    KeyPressed,
    KeyTold,
    LineLost,
    MediaAgreed,
    PhoneEvent,
    Registered,
    RegistrationRefused,
    Unregistered,
)
from .handset import Handset
from .line.route import Loss, Route
from .media import KeyWay, MediaEngine, MediaError, MediaSession
from .sdp import Agreement
from .trace import Trace

_LOGGER: Final = logging.getLogger(__name__)

# How long stop() waits for the server's last word.
STOP_TIMEOUT: Final = 3.0

_TO_NEW_SERVERS: Final = Loss(Cause.NEW_SERVERS, "the account is at other servers now")


class Phone(Handset):
    """One line: keeps its account registered and hands its calls on."""

    def __init__(
        self,
        account: Account,
        media: MediaEngine,
        on_event: Callable[[PhoneEvent], None],
        tls: ssl.SSLContext | None = None,
        trace: Trace | None = None,
        *,
        emergency_numbers: Callable[[str], bool] = is_emergency,
    ) -> None:
        """Make a phone; on_event is called in the event loop with everything that happens, in order.

        An account on TLS needs `tls`, which decides whom to believe; raises ValueError without. `emergency_numbers`
        tells, of a dialled number, whether an emergency service may answer it: any country's unless told otherwise.
        """
        if account.transport is Transport.TLS and tls is None:
            raise ValueError("An account on TLS needs a TLS context")
        self.registered = False
        self._is_emergency = emergency_numbers
        self._account = account
        self._media = media
        self._on_event = on_event
        self._tls = tls if account.transport is Transport.TLS else None
        self._agent = UserAgent(account, token=lambda: secrets.token_hex(16), trace=trace)
        self._route = Route(account, SystemRandom())
        # Connections in vain over UDP: the next one tries another of the proxy's addresses.
        self._in_vain: Counter[Proxy] = Counter()
        self._renewal: tuple[Account, ssl.SSLContext | None] | None = None
        self._moving = False
        self._stopping = False
        self._woken = asyncio.Event()
        self._sessions: dict[str, MediaSession] = {}
        self._keys: dict[str, KeySender] = {}
        self._queue: deque[PhoneEvent] = deque()
        self._dispatching = False
        self._connection: Connection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._unregistered = False
        self._settled = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def change_account(self, account: Account, tls: ssl.SSLContext | None = None) -> None:
        """Go on with another account, and with the calls there are; nothing happens when it is the same.

        At the same servers it registers over the same connection. It goes to other servers as soon as no call is up,
        or with the next connection if that comes first, and not at all while it stops. `tls` is for an account that
        comes to TLS only now; raises ValueError without.
        """
        tls = tls or self._tls
        if account.transport is Transport.TLS and tls is None:
            raise ValueError("An account on TLS needs a TLS context")
        if self._stopping:
            # What is given back, and how its challenge is met, stays as it is.
            return
        same = account == self._account
        self._renewal = None if same else (account, tls if account.transport is Transport.TLS else None)
        self._pump()

    def try_again(self) -> None:
        """Don't wait for the next try; nothing happens while the line is registered."""
        if not self.registered:
            self._woken.set()

    @property
    def calls(self) -> list[Call]:
        """The calls that are not over, in the order they came."""
        return self._agent.calls

    def start(self) -> None:
        """Connect and register, and come back for ever."""
        self._stopping = False
        self._task = self._loop.create_task(self._stay_connected(), name="softphone line")

    async def stop(self) -> None:
        """Hang up, give the registration back and close, in STOP_TIMEOUT seconds at the most."""
        if self._task is None:
            return
        self._settled.clear()
        self._stopping = True
        self._unregistered = self._moving = False
        self._renewal = None
        self._agent.shut_down(self._loop.time())
        self._pump()
        if self._connection is not None:
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
        self._furnish(call_id, session)
        return session

    def dial(
        self, number: str, *, ring_for: float = RING_TIMEOUT, emergency: bool = False
    ) -> tuple[str, MediaSession]:
        """Call a number and let it ring for so many seconds; return the call's id and its sound.

        Raises DialError as drawn in dialing, EmergencyNumberError unless `emergency` allows such a call, or MediaError
        when no port is free. The first event of the call comes in the next turn of the loop.
        """
        target = dialled(number)
        if self._is_emergency(target) and not emergency:
            raise EmergencyNumberError("Emergency services are not called")
        if not self.registered:
            raise NoLineError("The line is not registered")
        session = self._media.open()
        try:
            call = self._agent.dial(target, session.port, self._loop.time(), ring_for)
        except DialError:
            session.close()
            raise
        self._furnish(call.call_id, session)
        return call.call_id, session

    def session(self, call_id: str) -> MediaSession:
        """Return the sound of a call that is answered or placed; raises UnknownCallError."""
        if (session := self._sessions.get(call_id)) is None:
            raise UnknownCallError(call_id)
        return session

    def check(self) -> bool:
        """Ask the server at once whether it still knows us: Registered, or what keeps it from that, tells.

        Returns False when nothing is asked because the line isn't registered.
        """
        asked = self._agent.check(self._loop.time())
        self._pump()
        return asked

    def hang_up(self, call_id: str, reason: EndReason = EndReason.LOCAL_HANGUP) -> None:
        """End a call, or decline it while it rings; raises UnknownCallError."""
        self._agent.hang_up(call_id, reason, self._loop.time())
        self._pump()

    def _furnish(self, call_id: str, session: MediaSession) -> None:
        """Give a call its sound and its keys, and carry on in the next turn of the loop."""
        wake = partial(self._loop.call_soon, self._pump)
        self._sessions[call_id] = session
        self._keys[call_id] = KeySender(call_id, session, self._agent, self._loop.time, wake)
        wake()

    def _pressed(self, call_id: str, key: str, way: KeyWay) -> None:
        self._dispatch([KeyPressed(call_id, key, way)])

    async def _stay_connected(self) -> None:
        while True:
            self._take_over()
            self._woken.clear()
            proxy = self._route.proxy
            loss = await self._connect_once()
            delay = self._route.lost(loss, self._loop.time())
            if self._renewal is not None:
                # What speaks against the old account doesn't speak against the new one.
                delay = 0.0
            self._dispatch([LineLost(loss.reason, delay, loss.cause, proxy)])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._woken.wait()

    async def _connect_once(self) -> Loss:
        """Serve one connection to its end; return why it ended."""
        proxy = self._route.proxy
        try:
            if self._account.transport is Transport.UDP:
                connection: Connection = await connect_datagrams(proxy, self._received, self._in_vain[proxy])
            else:
                connection = await connect(proxy, self._tls, self._received)
        except ConnectionFailed as failed:
            return failed.loss
        if self._moves:
            await connection.close()
            return _TO_NEW_SERVERS
        self._take_over()
        self._connection = connection
        try:
            self._agent.connected(connection.flow, self._loop.time())
            self._pump()
            return await asyncio.shield(connection.lost)
        finally:
            self._connection = None
            self._settled.set()
            if not self.registered and proxy in self._account.proxies:
                self._in_vain[proxy] += 1
            self.registered = self._moving = False
            self._agent.disconnected(self._loop.time())
            self._pump()
            await connection.close()

    def _received(self, data: bytes) -> None:
        self._agent.receive(data, self._loop.time())
        self._pump()

    def _tick(self) -> None:
        self._timer = None
        now = self._loop.time()
        self._agent.tick(now)
        if (due := self._switch_back_at()) is not None and now >= due:
            self._fail(Loss(Cause.SWITCH_BACK, "the first proxy is tried again"))
        self._pump()

    @override
    def _pump(self) -> None:
        """Carry out what the agent decided: bytes to the wire, events to their listener, the next deadline."""
        self._renew()
        output = self._agent.take_datagrams()
        if output and self._connection is not None:
            self._connection.write(*output)
        self._dispatch(self._agent.take_events())
        if self._unregistered and self._agent.quiet:
            self._settled.set()
        self._set_timer(self._agent.next_deadline, self._switch_back_at())

    def _set_timer(self, *deadlines: float | None) -> None:
        """Have _tick called at the first of them."""
        deadline = min((at for at in deadlines if at is not None), default=None)
        if self._timer is not None:
            if self._timer.when() == deadline:
                return
            self._timer.cancel()
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._tick)

    @property
    def _moves(self) -> bool:
        """Whether the account that is to be next is at other servers."""
        if self._renewal is None:
            return False
        account, _ = self._renewal
        return (account.proxies, account.transport) != (self._account.proxies, self._account.transport)

    def _renew(self) -> None:
        """Change over to the account that is to be next, as soon as that costs no call."""
        if self._renewal is None or self._moving:
            return
        if self._connection is None:
            self._woken.set()
        elif not self._moves:
            self._take_over()
        elif self._agent.quiet:
            self._moving = True
            self._agent.give_back(self._loop.time())

    def _take_over(self) -> None:
        if self._renewal is not None:
            (self._account, self._tls), self._renewal = self._renewal, None
            # It has its try with this connection, and waits after that like any other.
            self._woken.clear()
            self._route.change_account(self._account)
            self._agent.change_account(self._account, self._loop.time())

    def _switch_back_at(self) -> float | None:
        """When to leave a stand-in: never while there is a call, or nothing to leave."""
        due = self._route.switch_back_at
        if due is None or self._connection is None or self._connection.lost.done() or self._agent.calls:
            return None
        return due

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
            case CallChanged(call) if call.answered:
                self._sessions[call.call_id].keypad.on_key = partial(self._pressed, call.call_id)
            case CallEnded(call) if call.call_id in self._sessions:
                session = self._sessions.pop(call.call_id)
                session.close()
                self._keys.pop(call.call_id).end()
                # The last keys had arrived before it.
                self._queue.append(replace(event, media=session.statistics))
                return
            case KeyTold(call_id, key):
                self._sessions[call_id].keypad.press(key, KeyWay.INFO, self._loop.time())
                return
            case Registered():
                self.registered = True
                self._woken.clear()
                self._route.registered(self._loop.time())
            case RegistrationRefused():
                self._refused(event)
            case FlowFailed(reason, cause):
                self._fail(Loss(cause, reason))
            case Unregistered():
                self._unregistered = True
                if self._moving:
                    self._fail(_TO_NEW_SERVERS)
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

    def _refused(self, refused: RegistrationRefused) -> None:
        self.registered = False
        if refused.kept:
            self._route.refused(refused.retry_after, self._loop.time())
        else:
            reason = f"the server refused to register this phone ({refused.status})"
            self._fail(Loss(refused.cause, reason, refused.retry_after, refused.status, refused.redirect))

    def _fail(self, loss: Loss) -> None:
        if self._connection is not None:
            self._connection.fail(loss)
