"""The calls of a line for whoever acts on them: which one is meant, and what becomes of it."""

import asyncio
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Final

from homeassistant.core import callback
from homeassistant.exceptions import ServiceValidationError

from ..const import DOMAIN
from ..library import Clip
from ..softphone import Call, CallChanged, CallEnded, CallState, Direction, KeyPressed, PhoneEvent

ANSWERED: Final = frozenset({CallState.TALKING, CallState.ON_HOLD})


class Wanted(Enum):
    """Which calls an action is for; the value is the exceptions' key where there is none."""

    RINGING = "no_call_rings"
    """That somebody could answer here."""
    ANSWERED = "nobody_on_the_line"
    UNDERWAY = "nothing_to_hang_up"
    """That is answered, or placed by us."""
    ANY = "no_call"

    def includes(self, call: Call) -> bool:
        """Whether a call is one of them."""
        match self:
            case Wanted.RINGING:
                return call.state is CallState.RINGING and call.direction is Direction.INCOMING
            case Wanted.ANSWERED:
                return call.state in ANSWERED
            case Wanted.UNDERWAY:
                return call.state is not CallState.RINGING or call.direction is Direction.OUTGOING
        return True


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that runs; set `stopped` and look again to end it."""

    stopped: asyncio.Event
    filed: asyncio.Task[Clip | None]


# The keys that somebody presses, None at the end of the call.
type Ear = asyncio.Queue[str | None]


class LiveCall:
    """A call as it stands, until it is over."""

    def __init__(self, call: Call) -> None:
        """Begin with a call that has just begun."""
        self.call = call
        self.end: CallEnded | None = None
        self.recording: Recording | None = None
        self.announcing = False
        """Whether the caller is being told of the recording that is about to begin: nothing else is said meanwhile."""
        self.playing = 0
        """How many are saying something to who is on the line; of several all but one are about to stop."""
        self._changed = asyncio.Event()
        self._ears: list[Ear] = []

    @property
    def call_id(self) -> str:
        """The call's own identifier."""
        return self.call.call_id

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.end is not None

    @property
    def answered(self) -> bool:
        """Whether somebody is on the line."""
        return not self.over and self.call.state in ANSWERED

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something about this call is so, or it is over."""
        while not (condition() or self.over):
            await self._changed.wait()

    async def within(self, seconds: float, condition: Callable[[], bool]) -> bool:
        """Return whether something about this call was so, or it was over, within this time."""
        try:
            async with asyncio.timeout(seconds):
                await self.until(condition)
        except TimeoutError:
            return False
        return True

    async def until_over(self) -> CallEnded:
        """Wait for its end."""
        await self.until(lambda: False)
        assert self.end is not None
        return self.end

    @contextmanager
    def listening(self) -> Generator[Ear]:
        """Hear the keys that are pressed, None for the end of the call; meanwhile nobody else is told of them."""
        ear: Ear = asyncio.Queue()
        self._ears.append(ear)
        if self.over:
            ear.put_nowait(None)
        try:
            yield ear
        finally:
            self._ears.remove(ear)

    @property
    def listened_to(self) -> bool:
        """Whether somebody in the house waits for keys, which may be a PIN."""
        return bool(self._ears)

    def press(self, key: str | None) -> None:
        """Tell those who listen of a key, or of the end."""
        for ear in self._ears:
            ear.put_nowait(key)

    def change(self) -> None:
        """Have everybody who waits look again."""
        self._changed.set()
        self._changed = asyncio.Event()


class CallDesk:
    """Knows the live calls of one line."""

    def __init__(self, noticed: Callable[[Call], bool]) -> None:
        """Begin with none; noticed() says whether anybody here is to notice a call as it stands now."""
        self._noticed = noticed
        self._calls: dict[str, LiveCall] = {}
        self._arrivals: dict[str, asyncio.Future[LiveCall]] = {}

    async def arrival(self, call_id: str) -> LiveCall:
        """Wait for the first that is told of a call that was just placed."""
        arrival: asyncio.Future[LiveCall] = asyncio.get_running_loop().create_future()
        self._arrivals[call_id] = arrival
        try:
            return await arrival
        finally:
            self._arrivals.pop(call_id, None)

    @property
    def calls(self) -> Mapping[str, LiveCall]:
        """The live calls by their identifier, in the order they came."""
        return self._calls

    @callback
    def follow(self, event: PhoneEvent) -> None:
        """Take what the phone tells."""
        match event:
            case CallChanged(call):
                live = self._calls.setdefault(call.call_id, LiveCall(call))
                live.call = call
                live.change()
                arrival = self._arrivals.get(call.call_id)
                # Who waited may have been stopped in this turn of the loop.
                if arrival is not None and not arrival.done():
                    arrival.set_result(live)
            case CallEnded(call) if call.call_id in self._calls:
                live = self._calls.pop(call.call_id)
                live.call, live.end = call, event
                live.press(None)
                live.change()
            case KeyPressed(call_id, key) if call_id in self._calls:
                self._calls[call_id].press(key)

    @property
    def noticed(self) -> list[LiveCall]:
        """The live calls that are any business of the people here."""
        return [live for live in self._calls.values() if self._noticed(live.call)]

    def find(self, wanted: Wanted, call_id: str | None = None) -> LiveCall:
        """Return the call that is meant: the one named, or the only one there is.

        Of several the one that is talked in is meant; one that nobody is to notice has to be named. Raises
        ServiceValidationError.
        """
        if call_id is not None:
            live = self._calls.get(call_id)
            if live is None:
                raise _invalid("call_over")
            if not wanted.includes(live.call):
                raise _invalid(wanted.value)
            return live
        fitting = [live for live in self.noticed if wanted.includes(live.call)]
        talking = [live for live in fitting if live.call.state is CallState.TALKING]
        if not fitting:
            raise _invalid(wanted.value)
        if len(fitting) > 1 and len(talking) != 1:
            raise _invalid("several_calls")
        return (talking or fitting)[0]


def _invalid(key: str) -> ServiceValidationError:
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=key)
