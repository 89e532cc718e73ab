"""Keys as requests of the signalling: INFO with a body that names one key (RFC 6086, as PBXs and door stations do it)."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
import math
import re
from typing import Final

from ..media.key_output import PAUSE, PAUSE_SECONDS, KeyOrder
from ..media.keys import KEYS
from ..sip.message import Message, Response
from ..transactions.transaction import ClientTransactions

RELAY: Final = "application/dtmf-relay"
BARE: Final = "application/dtmf"

# A body has some 24 bytes.
_LONGEST: Final = 200
_SIGNAL: Final = re.compile(r"^\s*signal\s*[=:]\s*(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
_NAMES: Final = {key: key for key in KEYS} | {str(number): key for number, key in enumerate(KEYS)}

type Done = Callable[[bool], None]


def key_in(message: Message) -> str | None:
    """Return the key that a message tells, None for none."""
    if message.content_type not in {RELAY, BARE} or len(message.body) > _LONGEST:
        return None
    text = message.body.decode("ascii", "replace")
    signal = _SIGNAL.search(text)
    if signal is not None:
        return _NAMES.get(signal[1].upper())
    return _NAMES.get(text.strip().upper()) if message.content_type == BARE else None


@dataclass(frozen=True, slots=True)
class _Step:
    """One key or pause; done is told when it is the last that was asked for together."""

    key: str = field(repr=False)
    order: KeyOrder
    done: Done | None


class InfoKeys:
    """The keys of one call that are still to be sent, each after the answer to the one before."""

    def __init__(self, transactions: ClientTransactions) -> None:
        """Send nothing yet."""
        self.next_deadline: float | None = None
        """When tick() is due."""
        self._transactions = transactions
        self._steps: deque[_Step] = deque()
        self._next_at = -math.inf

    def press(self, order: KeyOrder, now: float, done: Done) -> None:
        """Send keys after those that are still to be sent; done() is told whether all were taken."""
        idle = not self._steps
        last = len(order.keys) - 1
        self._steps.extend(
            _Step(key, order, done if place == last else None) for place, key in enumerate(order.keys)
        )
        if idle:
            self._begin(now)

    def tick(self, now: float) -> None:
        """Go on with the next key when the pause after the last is over."""
        if self.next_deadline is None or now < self.next_deadline:
            return
        self.next_deadline = None
        done = self._steps.popleft().done
        if done is not None:
            done(True)
        self._begin(now)

    def end(self) -> None:
        """Send no more: there is nobody to take them."""
        waiting = [step.done for step in self._steps if step.done is not None]
        self._steps.clear()
        self.next_deadline = None
        for done in waiting:
            done(False)

    def _begin(self, now: float) -> None:
        if not self._steps:
            return
        step = self._steps[0]
        if step.key == PAUSE:
            self.next_deadline = now + PAUSE_SECONDS
            return
        self._next_at = now + step.order.duration + step.order.gap
        milliseconds = round(step.order.duration * 1000)
        body = f"Signal={step.key}\r\nDuration={milliseconds}\r\n".encode()
        self._transactions.ask("INFO", now, self._answered, (("Content-Type", RELAY),), body)

    def _answered(self, response: Response | None, now: float) -> None:
        if not self._steps:
            return
        if response is not None and response.status < 300:
            self.next_deadline = max(now, self._next_at)
            return
        # The rest of these keys would make no sense without this one.
        done = None
        while done is None:
            done = self._steps.popleft().done
        done(False)
        self._begin(now)
