"""What must hold in every moment of a line's life; each breach becomes a sentence."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Generator
from contextlib import contextmanager

from custom_components.ringcentral.softphone.events import (
    Call,
    CallChanged,
    CallEnded,
    Cause,
    EndReason,
    LineLost,
    MediaAgreed,
    PhoneEvent,
    Registered,
    RegistrationRefused,
)
from custom_components.ringcentral.softphone.phone import Phone
from simulator.call import Call as PlacedCall, State
from simulator.registrar import Account
from simulator.server import Server
from tests.simulation.loop import VirtualLoop
from tests.simulation.network import End
from tests.simulation.sound import Engine

MINUTE, HOUR = 60.0, 3600.0
# The promise: seconds without service while nothing is wrong.
BACK = 60.0
# Seconds on the same connection as the line, once that is in service again, for a call that was up.
TAKEN_UP = 45.0
# After a healthy minute, seconds until the first try.
FIRST_TRY = 2.0
# No line is lost without a reason; the last one may be this old.
REASON = 150.0
# A call that is up is kept for five minutes without a line.
KEPT_WITHOUT_A_LINE = 5 * MINUTE - 1
# A call of which the other side knows nothing any more, and couldn't say so: the session timer of the server is the last
# to find out.
OUTLIVES = 4 * HOUR + 60
# In any minute: rounds of all proxies after 0, 1, 2, 4 … s, and where each of them sends us instead.
MOST_TRIES = 20
MOST_TRIES_A_PROXY = 10
MOST_REGISTERS = 60
# In any hour, for each proxy: a try each half minute, less a fifth.
MOST_TRIES_AN_HOUR = 170
MOST_REGISTERS_AN_HOUR = 1000
# In any day, for each proxy: the same, for there are days without a network; and a REGISTER each 11 s.
MOST_TRIES_A_DAY = 3700
MOST_REGISTERS_A_DAY = 8000
# The fault that has the server refuse with 401 for another reason than the password.
STALE = "stale nonces"
# What the server means by a refusal that doesn't say when to come back.
_WAITS = {401: 120.0, 403: 120.0, 404: 300.0, 407: 120.0, 603: 75.0}
_WAIT = 30.0


class Rate:
    """How often something happens in a span of time."""

    def __init__(self, what: str, span: float, most: int) -> None:
        """Allow so many."""
        self.what, self.span, self.most = what, span, most
        self._times: deque[float] = deque()

    def exceeded(self, now: float) -> bool:
        """Count one more; tell whether it is too many."""
        self._times.append(now)
        while self._times[0] <= now - self.span:
            self._times.popleft()
        return len(self._times) > self.most


class Watch:
    """Looks at a line from all sides: its events, its connections, and what the server knows."""

    def __init__(
        self, loop: VirtualLoop, account: Account, sound: Engine, proxies: int, note: Callable[[str], None]
    ) -> None:
        """Begin before the line does."""
        self.violations: list[str] = []
        self.faults: Counter[str] = Counter()
        self.longest_back = 0.0
        self.rang: set[str] = set()
        self.calls: dict[str, Call] = {}
        """The calls that are up, as the phone told."""
        self.ended: Counter[str] = Counter()
        self.disturbances = 0
        self.refused = 0
        self.server: Server | None = None
        self.phone: Phone | None = None
        self.refusal_wait: dict[int, float] = {}
        """Status → the Retry-After it came with last."""
        self._loop, self._account, self._sound, self._note = loop, account, sound, note
        self._network = loop.network
        self._active = 0
        self._clear_at = self._lost_at = loop.time()
        self._excused_until = self._asleep_until = self._jumped_at = 0.0
        self._served = False
        self._late = False
        self._registered_at: float | None = None
        self._try_by: float | None = None
        self._tried_at = loop.time()
        self._not_before: dict[str, float] = {}
        self._waits_until = 0.0
        self._playing: Counter[str] = Counter()
        self._over_at: dict[str, float] = {}
        self._away: dict[PlacedCall, float] = {}
        self._numbers: dict[str, PlacedCall] = {}
        self._gone: dict[str, float] = {}
        self._parted: set[str] = set()
        """Whom the phone parted from while something was wrong: its BYE may not have come through."""
        self._rates = {
            "try": (
                Rate("tries to connect in a minute", MINUTE, MOST_TRIES + MOST_TRIES_A_PROXY * proxies),
                Rate("tries to connect in an hour", HOUR, MOST_TRIES_AN_HOUR * proxies),
                Rate("tries to connect in a day", 24 * HOUR, MOST_TRIES_A_DAY * proxies),
            ),
            "register": (
                Rate("REGISTERs in a minute", MINUTE, MOST_REGISTERS),
                Rate("REGISTERs in an hour", HOUR, MOST_REGISTERS_AN_HOUR),
                Rate("REGISTERs in a day", 24 * HOUR, MOST_REGISTERS_A_DAY),
            ),
        }
        loop.before_time_passes = self.step
        loop.network.on_attempt = self._attempt
        loop.network.on_connected = self._connected
        loop.network.on_sent = self._sent

    def wrong(self, text: str) -> None:
        """Note a breach."""
        self._note(f"VIOLATION: {text}")
        self.violations.append(f"{text} at {self._loop.time():.1f} s")

    @contextmanager
    def fault(self, kind: str) -> Generator[None]:
        """Count a fault, active while the block runs."""
        self.faults[kind] += 1
        self.disturbances += 1
        self._active += 1
        self._playing[kind] += 1
        self._note(f"fault: {kind}")
        try:
            yield
        finally:
            self._active -= 1
            self._playing[kind] -= 1
            self._clear_at = self._over_at[kind] = self._loop.time()
            self._note(f"over: {kind}")

    def jumped(self) -> None:
        """Forgive what a jump of the clock makes late."""
        self._try_by = None
        self._clear_at = self._tried_at = self._jumped_at = self._loop.time()

    def suspended(self, until: float) -> None:
        """Expect nothing of a phone that stands still until then."""
        self._try_by = None
        # It may be asleep for longer already.
        self._asleep_until = self._jumped_at = max(until, self._asleep_until)

    @property
    def faultless(self) -> bool:
        """Whether nothing is wrong now."""
        return self._active == 0

    @property
    def link(self) -> End | None:
        """The server's end of the connection that a call placed now would come through; None when it wouldn't."""
        server = self.server
        if server is None or server.faults.silent:
            return None
        link = server.exchange.link_of(self._account, self._loop.time())
        end = None if link is None else server._phones.get(link)
        return end if isinstance(end, End) and end.wire.whole else None

    def placed(self, number: str, call: PlacedCall) -> None:
        """Know who calls."""
        self._numbers[number] = call

    def step(self, then: float) -> None:
        """Look at everything before the time passes."""
        now = self._loop.time()
        link = self.link
        if link is not None:
            if not self._served:
                self._served, self._late = True, False
                if self._active == 0:
                    self._back(now)
        else:
            if self._served:
                self._served, self._lost_at = False, now
            if self._active == 0 and not self._late and then - self._since > BACK:
                self._late = True
                self.longest_back = max(self.longest_back, then - self._since)
                self.wrong(f"{then - self._since:.0f} s without service, and nothing is wrong")
            elif self._active and then - self._idle_since > BACK and not self._host:
                self._tried_at = then
                self.wrong("no try for a minute")
        if self._try_by is not None and then > self._try_by:
            self._try_by = None
            self.wrong(f"no try within {FIRST_TRY} s after a healthy time")
        if self._numbers:
            self._look_at_calls(now, then, link)

    @property
    def _idle_since(self) -> float:
        return max(self._tried_at, self._rests_until, self._asleep_until)

    @property
    def _rests_until(self) -> float:
        return max(self._excused_until, *self._not_before.values(), 0.0)

    @property
    def _since(self) -> float:
        return max(self._lost_at, self._clear_at, self._excused_until)

    def _back(self, now: float) -> None:
        seconds = now - self._since
        if seconds > self.longest_back:
            self.longest_back = seconds
            self._note(f"back after {seconds:.1f} s, the longest until now")

    def _look_at_calls(self, now: float, then: float, link: End | None) -> None:
        server = self.server
        for number, placed in list(self._numbers.items()):
            up = [call for call in self.calls.values() if call.caller.number == number]
            known = server is not None and placed in server._told
            if not known and not up:
                del self._numbers[number]
                self._away.pop(placed, None)
                self._gone.pop(number, None)
            elif not known:
                if then - max(self._gone.setdefault(number, now), self._asleep_until) > OUTLIVES:
                    self.wrong("a call outlives its other side")
                    del self._numbers[number]
            elif placed.state is State.TALKING and server is not None and number not in self._parted:
                there = server._phones.get(server.exchange.link_of_call(placed)) is link
                if there or link is None or self._active:
                    self._away.pop(placed, None)
                elif then - self._away.setdefault(placed, now) > TAKEN_UP:
                    self._away[placed] = float("inf")
                    self.wrong("the line is back, and a call that was up is not taken up again")

    # The network

    def _attempt(self, host: str) -> None:
        now = self._loop.time()
        self._try_by = None
        self._tried_at = now
        self._too_often("try", now)
        self._too_early(host, now, "connected to")

    def _connected(self) -> None:
        if any(not wire.client.lost for wire in self._loop.network.wires):
            self.wrong("a second connection")

    def _sent(self, data: bytes) -> None:
        if data.startswith(b"REGISTER ") or (
            len(data) > 300 and b"\nCSeq: " in data and b" REGISTER\r\n" in data
        ):
            now = self._loop.time()
            self._too_often("register", now)
            if b"expires=0" not in data:
                self._too_early(self._host, now, "asked")

    def _too_often(self, what: str, now: float) -> None:
        for rate in self._rates[what]:
            if rate.exceeded(now):
                self.wrong(f"more than {rate.most} {rate.what}")

    def _too_early(self, host: str, now: float, what: str) -> None:
        if now < self._not_before.get(host, now) - 0.01:
            self.wrong(f"a proxy is {what} before the time it asked for")

    @property
    def _host(self) -> str:
        return next((wire.host for wire in self._loop.network.wires if not wire.client.lost), "")

    # The phone

    def take(self, event: PhoneEvent) -> None:
        """Hold an event against those before."""
        now = self._loop.time()
        match event:
            case CallChanged(call):
                if self.ended[call.call_id]:
                    self.wrong("a call goes on after its end")
                self.calls[call.call_id] = call
                self.rang.add(str(call.caller.number))
                self._note(f"call {_short(call)}: {call.state}")
            case CallEnded(call):
                self.ended[call.call_id] += 1
                if self.ended[call.call_id] > 1:
                    self.wrong("a call ends twice")
                self.calls.pop(call.call_id, None)
                if self._active:
                    self._parted.add(str(call.caller.number))
                self.rang.add(str(call.caller.number))
                self._note(f"call {_short(call)}: {event.outcome}, {event.reason}")
                self._look_at_sound()
                if event.reason is EndReason.NETWORK_ERROR:
                    self._given_up(call, now)
            case MediaAgreed(call_id):
                if self.ended[call_id]:
                    self.wrong("sound is agreed on for a call that is over")
            case Registered():
                self._registered(now)
            case LineLost():
                self._lost(event, now)
            case RegistrationRefused():
                self._refused(event, now)

    def _registered(self, now: float) -> None:
        if not self._host:
            self.wrong("registered without a connection")
        if self._registered_at is None:
            self._registered_at = now
            self._note(f"registered over {self._host}")

    def _lost(self, lost: LineLost, now: float) -> None:
        self.disturbances += 1
        self._note(f"lost {lost.proxy.host}: {lost.cause}; the next try in {lost.retry_after:.1f} s")
        if self._host:
            self.wrong("lost with a connection still open")
        since, self._registered_at = self._registered_at, None
        if since is not None:
            # The minute without a try begins with the loss of what was there.
            self._tried_at = now
        resting = any(at > now for at in (self._waits_until, *self._not_before.values()))
        refused = lost.cause in {Cause.REFUSED_REGISTRATION, Cause.TOO_MANY_DEVICES}
        if since is not None and now - since >= MINUTE and not resting and not refused:
            self._try_by = now + FIRST_TRY
        if self._active == 0 and since is not None and lost.cause is not Cause.SWITCH_BACK:
            if now - max(self._clear_at, self._excused_until) > REASON:
                self.wrong(f"lost without a reason ({lost.cause})")

    def _refused(self, refused: RegistrationRefused, now: float) -> None:
        self.refused += 1
        stated = self.refusal_wait.get(refused.status, 0.0)
        self._note(f"refused with {refused.status}; the next try in {refused.retry_after:.1f} s")
        self._waits_until = now + refused.retry_after
        # Nonces that ran out time and again are no word against the password.
        stale = refused.status == 401 and refused.retry_after < _WAITS[401] and self._recently(STALE, now)
        usual = (None if stale else _WAITS.get(refused.status)) or (1.0 if refused.kept else _WAIT)
        if refused.redirect is None:
            self._not_before[self._host] = now + (stated or usual)
        if stated or refused.status in _WAITS:
            self._excused_until = max(self._excused_until, now + (stated or usual))

    def _recently(self, kind: str, now: float) -> bool:
        """Whether this is wrong, or was until a moment ago."""
        return self._playing[kind] > 0 or now - self._over_at.get(kind, -REASON) < REASON

    def _given_up(self, call: Call, now: float) -> None:
        """Hold a call that the phone gave up against what the server knows of it."""
        placed, server = self._numbers.get(str(call.caller.number)), self.server
        if placed is None or server is None or placed not in server._told:
            return
        up = placed.state is State.TALKING and placed.caller.acknowledge
        if up and now > self._jumped_at and (self._served or now - self._lost_at < KEPT_WITHOUT_A_LINE):
            self.wrong("a call that was up is given up")

    def _look_at_sound(self) -> None:
        # As the phone has it: others may have ended together with the one that is told now. One being answered may not
        # be told yet.
        assert self.phone is not None
        talking = sum(call.answered for call in self.phone.calls)
        if not talking <= len(self._sound.sessions) <= len(self.calls):
            self.wrong(f"{len(self._sound.sessions)} ports open for {talking} calls")

    def bounded(self) -> None:
        """Look at what grows in secret."""
        phone = self.phone
        assert phone is not None
        timers = [handle for handle in self._loop.pending() if _ours(handle)]
        counts = {
            "timers": (len(timers), 4),
            "calls in memory": (len(phone._agent._calls), 5 + 32),
            "sessions": (len(phone._sessions), 5),
            "events waiting": (len(phone._queue), 0),
        }
        for what, (count, most) in counts.items():
            if count > most:
                self.wrong(f"{count} {what}")

    def nothing_left(self) -> None:
        """Look for what a stopped phone has left behind."""
        timers = [handle for handle in self._loop.pending() if _ours(handle)]
        tasks = [
            task.get_name()
            for task in asyncio.all_tasks(self._loop)
            if task.get_name().startswith("softphone")
        ]
        connections = [wire for wire in self._loop.network.wires if not wire.client.lost]
        if timers or tasks or connections:
            self.wrong(
                f"left behind: {len(timers)} timers, {len(tasks)} tasks, {len(connections)} connections"
            )


def of_phone(handle: asyncio.TimerHandle) -> bool:
    """Whether a timer is the phone's own, wakes its task from a wait it has limited, or is its household's."""
    owner = getattr(getattr(handle, "_callback", None), "__self__", None)
    task = getattr(owner, "_task", None) if isinstance(owner, asyncio.Timeout) else None
    household = type(owner).__module__ == "tests.simulation.life"
    return _ours(handle) or household or (task is not None and task.get_name().startswith("softphone"))


def _short(call: Call) -> str:
    return str(call.caller.number)[-4:]


def _ours(handle: asyncio.TimerHandle) -> bool:
    """Whether a timer calls the phone."""
    callback = getattr(handle, "_callback", None)
    owner = getattr(callback, "__self__", None)
    module = type(owner).__module__ if owner is not None else getattr(callback, "__module__", "")
    return str(module).startswith("custom_components")
