"""What happens to a line in its life, in a few minutes: its server and its connection fail, again and again, in calls too.

Nothing is helped along: what is measured is how long the line needs to be back by itself, as the house sees it, and
whether who spoke went on being recorded.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
import itertools
import math
from random import Random
from typing import Final, Protocol

from .call import Call, State
from .clip import ClipDiffersError, check_clip
from .exchange import NotRegisteredError
from .gate import Gate
from .registrar import RegisterFault
from .ringcentral import RingCentral
from .speech import CALLERS

LONGEST: Final = 60.0
"""Seconds after a fault by which the line has to be back."""

_GIVEN_UP: Final = 90.0  # seconds; one that isn't back by then has lost its promise anyway
_IN_CALLS: Final = 0.7  # of the faults
_TALK_WITHIN: Final = 12.0  # seconds that a fault waits for somebody to speak
_FELT_WITHIN: Final = 5.0  # seconds until the server has lost the line
_SETTLED: Final = 25  # packets of 20 ms
_CALL_OVER: Final = 90.0  # seconds that the last call has to end
# Seconds between a recovery and the next fault. A phone that lost a connection soon again waits longer each time.
_QUIET: Final = ((2.0, 5.0), (30.0, 32.0))
_BETWEEN_CALLS: Final = (0.5, 2.0)  # seconds
_POLL: Final = 0.05  # seconds
# What a caller does, in the words of somebody who watches; everything else is said as it is.
_WORDS: Final = {
    "out of reach": "speaks on, although the line is cut off",
    "back": "the call is found again over the new connection",
    "connection lost": "was cut off before it could be answered",
}
_NOT_TOLD: Final = frozenset({"media flows", "beep heard", "hangs up", "said everything"})

type Tell = Callable[[str, str], None]


class Household(Protocol):
    """What the house at the other end shows of the line."""

    async def registered(self) -> bool:
        """Whether it believes that calls can come in."""

    async def clip(self, call: Call) -> bytes:
        """The WAV that it filed of a call; raises TimeoutError when there is none."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that costs a line its registration."""

    name: str
    begins: str  # what is done, for people
    ends: str  # how it is undone; empty for what is over at once
    lasts: tuple[float, float]  # seconds, at least and at most
    strike: Callable[[RingCentral, Gate], Awaitable[None]]
    mend: Callable[[RingCentral, Gate], Awaitable[None]]
    met: bool = False  # it lasts until the phone has met with it, and then so long


async def _nothing(cloud: RingCentral, gate: Gate) -> None:
    pass


async def _kill(cloud: RingCentral, gate: Gate) -> None:
    await gate.shut()


async def _start(cloud: RingCentral, gate: Gate) -> None:
    await gate.reopen()


async def _cut(cloud: RingCentral, gate: Gate) -> None:
    gate.cut()


async def _break(cloud: RingCentral, gate: Gate) -> None:
    gate.break_next = True
    with suppress(NotRegisteredError):
        await cloud.call(CALLERS[-1])


async def _hush(cloud: RingCentral, gate: Gate) -> None:
    gate.silent = True
    gate.cut()


async def _speak(cloud: RingCentral, gate: Gate) -> None:
    gate.silent = False


async def _split(cloud: RingCentral, gate: Gate) -> None:
    gate.piece = 3
    gate.cut()


async def _whole(cloud: RingCentral, gate: Gate) -> None:
    gate.piece = 0


async def _overload(cloud: RingCentral, gate: Gate) -> None:
    cloud.sip.faults.register = RegisterFault.UNAVAILABLE
    gate.cut()


async def _relieve(cloud: RingCentral, gate: Gate) -> None:
    cloud.sip.faults.register = None


async def _forget(cloud: RingCentral, gate: Gate) -> None:
    cloud.sip.forget()


async def _freeze(cloud: RingCentral, gate: Gate) -> None:
    gate.freeze()


RESET: Final = Fault("connection reset", "resets the connection", "", (0, 0), _cut, _nothing)
TORN: Final = Fault(
    "torn message", "resets the connection in the middle of an INVITE", "", (0, 0), _break, _nothing
)
PIECES: Final = Fault(
    "split segments",
    "resets the connection; from now on 3 bytes pass at a time",
    "lets whole messages pass again",
    (2, 4),
    _split,
    _whole,
    met=True,
)
KILLED: Final = Fault(
    "server killed", "kills the server", "starts the server again: it knows nobody", (3, 9), _kill, _start
)
SILENT: Final = Fault(
    "silent server",
    "resets the connection; new ones are accepted, and nobody speaks",
    "lets the server speak on new connections",
    (2, 6),
    _hush,
    _speak,
    met=True,
)
HALF_OPEN: Final = Fault(
    "half-open connection",
    "lets the connection go dead without a word to the phone (new ones would do)",
    "",
    (0, 0),
    _freeze,
    _nothing,
)
OVERLOADED: Final = Fault(
    "overloaded server",
    "resets the connection; the server answers 503 to everybody",
    "lets the server accept registrations again",
    (2, 5),
    _overload,
    _relieve,
    met=True,
)
FORGETFUL: Final = Fault(
    "forgotten registration", "lets the server forget who is registered; the connection stays", "", (0, 0),
    _forget, _nothing,
)  # fmt: skip

# The quick ones first, then those that a phone can only find by asking.
FAULTS: Final = ((RESET, TORN, PIECES, KILLED, SILENT), (HALF_OPEN, OVERLOADED, FORGETFUL))


@dataclass(frozen=True, slots=True)
class Recovery:
    """The line came back after a fault; seconds is counted from the fault's end."""

    fault: Fault
    seconds: float


@dataclass(slots=True)
class Report:
    """What became of it all."""

    recoveries: list[Recovery] = field(default_factory=list)
    exact: int = 0  # clips that hold exactly what was said
    went_on: int = 0  # of those, of calls that lost their connection
    cut_off: int = 0  # calls that were lost before they were answered
    problems: list[str] = field(default_factory=list)

    def summary(self) -> list[str]:
        """The report in words."""
        back = sum(recovery.seconds < math.inf for recovery in self.recoveries)
        told = [f"{len(self.recoveries)} faults, {_times(back)} back without help"]
        if self.recoveries:
            longest = max(self.recoveries, key=lambda recovery: recovery.seconds)
            told.append(f"longest time back: {longest.seconds:.1f} s ({longest.fault.name})")
        told.append(
            f"{self.exact} messages recorded exactly, {self.went_on} of them through a lost connection; "
            f"{self.cut_off} calls cut off before they were answered"
        )
        return told + [f"NOT GOOD: {problem}" for problem in self.problems]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


class Chaos:
    """The life of one line."""

    def __init__(self, cloud: RingCentral, gate: Gate, house: Household, tell: Tell, random: Random) -> None:
        """Play with the gate before a RingCentral; `tell` hears who did what."""
        self.report = Report()
        self._cloud, self._gate, self._house = cloud, gate, house
        self._tell, self._random = tell, random
        self._call: Call | None = None
        self._ending = asyncio.Event()

    async def run(self, seconds: float, faults: tuple[tuple[Fault, ...], ...] = FAULTS) -> Report:
        """Let faults happen for so long, and calls come meanwhile; the last of each is seen to its end."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        calling = asyncio.create_task(self._be_called())
        try:
            for fault in _in_turn(faults, self._random):
                if loop.time() >= until or calling.done() or self._beyond_help:
                    break
                await self._suffer(fault)
                await asyncio.sleep(self._random.uniform(*self._random.choice(_QUIET)))
            self._ending.set()
            if not self._beyond_help and not (await asyncio.wait([calling], timeout=_CALL_OVER))[0]:
                self.report.problems.append("the last call does not end")
        finally:
            calling.cancel()
            with suppress(asyncio.CancelledError):
                await calling
        self.report.cut_off = sum(
            call.outcome == "connection lost" and not call.answers for call in self._cloud.sip.calls
        )
        self.report.problems += self._cloud.sip.violations
        return self.report

    @property
    def _beyond_help(self) -> bool:
        return any(recovery.seconds == math.inf for recovery in self.report.recoveries)

    async def _suffer(self, fault: Fault) -> None:
        """Let one fault happen, and wait until the line is back."""
        if self._random.random() < _IN_CALLS:
            with suppress(TimeoutError):
                await self._cloud.sip.until(self._talking, _TALK_WITHIN)
        await self._cloud.sip.until(lambda: not self._just_answered())
        visits = self._gate.visits
        self._tell("Chaos", fault.begins)
        await fault.strike(self._cloud, self._gate)
        with suppress(TimeoutError):
            await self._cloud.sip.until(lambda: not self._cloud.is_registered, _FELT_WITHIN)
        if fault.ends:
            if fault.met:
                await self._until(lambda: self._gate.visits > visits)
            await asyncio.sleep(self._random.uniform(*fault.lasts))
            await fault.mend(self._cloud, self._gate)
            self._tell("Chaos", fault.ends)
        self._recovered(Recovery(fault, await self._back()))

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so at the gate, or for as long as the phone's longest wait at the most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST):
                while not condition():  # noqa: ASYNC110 - the gate only tells who asks
                    await asyncio.sleep(_POLL)

    def _talking(self) -> bool:
        return self._call is not None and self._call.state is State.TALKING and not self._just_answered()

    def _just_answered(self) -> bool:
        """Whether the phone may not know yet that its answer has arrived: such a call isn't up for it."""
        call = self._call
        return call is not None and call.state is State.TALKING and len(call.voice.sent) < _SETTLED

    async def _back(self) -> float:
        """Wait until the server can call the line, and the house says so too; return the seconds, or infinity."""
        loop = asyncio.get_running_loop()
        since = loop.time()
        try:
            async with asyncio.timeout(_GIVEN_UP):
                await self._cloud.registered(timeout=_GIVEN_UP)
                while not await self._house.registered():  # noqa: ASYNC110 - it only tells who asks
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            return math.inf
        return loop.time() - since

    def _recovered(self, recovery: Recovery) -> None:
        self.report.recoveries.append(recovery)
        after = f"after {recovery.seconds:.1f} s" if recovery.seconds < math.inf else "never"
        self._tell("Home Assistant", f"the line is back: {after} ({recovery.fault.name})")
        if recovery.seconds > LONGEST:
            self.report.problems.append(f"{recovery.fault.name}: the line was back {after}")

    async def _be_called(self) -> None:
        """Be called by one after the other, until the end."""
        for caller in itertools.cycle(CALLERS):
            await self._cloud.registered(timeout=1e9)
            with suppress(NotRegisteredError):
                self._call = await self._cloud.call(replace(caller, ring_for=_CALL_OVER))
                await self._cloud.sip.ended(self._call, timeout=1e9)
                await self._judge(self._call)
            if self._ending.is_set():
                return
            await asyncio.sleep(self._random.uniform(*_BETWEEN_CALLS))

    async def _judge(self, call: Call) -> None:
        """Hold what was filed of a call against what was said."""
        if not call.answers:
            return
        name, told = call.caller.name, {text for _, text in call.events}
        lost = "out of reach" in told
        if call.outcome not in _right_ends(told):
            self.report.problems.append(f"the call of {name} did not go on: {call.outcome}")
            return
        try:
            found = check_clip(await self._house.clip(call), call)
        except (ClipDiffersError, TimeoutError) as error:
            self.report.problems.append(f"the call of {name}: {str(error) or 'no clip was filed'}")
            return
        self.report.exact += 1
        self.report.went_on += lost
        self._tell("Comparison", f"{'the call went on' if lost else 'recorded exactly'}: {found}, no gap")


def _right_ends(told: set[str]) -> set[str]:
    """The outcomes of a call in which this happened that are nobody's fault."""
    if "out of reach" not in told:
        # Who was just hanging up needs no connection any more.
        return {"caller hung up", "connection lost"}
    # Who has said everything while the line is gone can't hang up; the answering machine does, after a silence.
    return {"caller hung up"} | ({"phone hung up"} if "said everything" in told else set())


def _in_turn(faults: tuple[tuple[Fault, ...], ...], random: Random) -> Iterator[Fault]:
    """Every fault of every group once, group after group; then any of them, for ever."""
    for group in faults:
        yield from random.sample(group, len(group))
    everything = list(itertools.chain.from_iterable(faults))
    while True:
        yield random.choice(everything)


def in_words(text: str) -> str | None:
    """What a caller does, for people; None for what says nothing to them."""
    return None if text in _NOT_TOLD else _WORDS.get(text, text)
