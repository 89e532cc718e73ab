"""Makes up for datagrams that are lost, come twice or out of order: the transactions of RFC 3261 §17 (RFC 6026). No I/O.

    INVITE of ours    calling ──1xx──▶ proceeding ──300…──▶ refused        other requests   trying ──200…──▶ completed
                         └──────2xx────────┴─▶ gone                        of ours
    INVITE of theirs  ringing ──300…──▶ declined ──ACK──▶ confirmed        other requests   taken ──200…──▶ answered
                         └──2xx──▶ accepted                                of theirs

`_TIMINGS` says how often a state repeats its message, and for how long it lasts. Stands between the user agent and a
connection that is not reliable: everything that is sent and received passes by, and what was received before is kept
from the agent. It doesn't tell of time-outs: who asked gives up by himself. A 2xx to an INVITE and its ACK are
repeated by who sent them (§13.2.2.4, §13.3.1.4).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
import math
from typing import Final

from ..sip.message import Message, Response
from .server_transaction import T1, T2

# How long a datagram may stay in the network, in seconds (§17.1.2.2).
T4: Final = 5.0
# Timers B, D, F, H, J and L.
LIFETIME: Final = 64 * T1
# More than timer C: an INVITE that rings for so long without another word is forgotten.
RINGING_LIFETIME: Final = 240.0
# Of ours and of theirs, each; a flood must not pile them up.
MAX_TRANSACTIONS: Final = 256

type _Key = tuple[str, str, int, str]


class State(StrEnum):
    """Where a transaction stands."""

    CALLING = "calling"
    PROCEEDING = "proceeding"
    REFUSED = "refused"
    TRYING = "trying"
    COMPLETED = "completed"

    RINGING = "ringing"
    DECLINED = "declined"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    TAKEN = "taken"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Timing:
    """How a state repeats its message by itself, each pause twice the last one, and for how long it lasts; seconds."""

    lifetime: float
    first_pause: float = math.inf
    longest_pause: float = math.inf


_TIMINGS: Final = {
    State.CALLING: Timing(LIFETIME, T1),  # A, B
    State.PROCEEDING: Timing(RINGING_LIFETIME),
    State.REFUSED: Timing(LIFETIME),  # D
    State.TRYING: Timing(LIFETIME, T1, T2),  # E, F
    State.COMPLETED: Timing(T4),  # K
    State.RINGING: Timing(RINGING_LIFETIME),
    State.DECLINED: Timing(LIFETIME, T1, T2),  # G, H
    State.CONFIRMED: Timing(T4),  # I
    State.ACCEPTED: Timing(LIFETIME),  # L
    State.TAKEN: Timing(LIFETIME),
    State.ANSWERED: Timing(LIFETIME),  # J
}
# Where a first digit of the status leads; a digit that isn't here is a failure. None: over.
_OURS: Final[dict[State, dict[int, State | None]]] = {
    State.CALLING: {1: State.PROCEEDING, 2: None},
    State.PROCEEDING: {1: State.PROCEEDING, 2: None},
    State.TRYING: {1: State.TRYING, 2: State.COMPLETED},
}
_OURS_FAILED: Final = {
    State.CALLING: State.REFUSED,
    State.PROCEEDING: State.REFUSED,
    State.TRYING: State.COMPLETED,
}
_THEIRS: Final = {
    State.RINGING: {1: State.RINGING, 2: State.ACCEPTED},
    State.TAKEN: {1: State.TAKEN, 2: State.ANSWERED},
}
_THEIRS_FAILED: Final = {State.RINGING: State.DECLINED, State.TAKEN: State.ANSWERED}
# The other side's word is still to come.
_OWED: Final = frozenset({State.CALLING, State.PROCEEDING, State.TRYING, State.DECLINED})


@dataclass(slots=True)
class _Transaction:
    """One request and its answers; `message` is what is said again, by itself or when the other side repeats itself."""

    state: State
    message: Message | None = None
    pause: float = math.inf
    repeat_at: float = math.inf
    ends_at: float = -math.inf

    @property
    def next_deadline(self) -> float:
        """When tick() is due: at once after a change, which is timed from then on."""
        return min(self.repeat_at, self.ends_at)

    def enter(self, state: State, message: Message | None) -> None:
        """Go to a state, timed from the next tick on."""
        self.state, self.message = state, message
        self.repeat_at, self.ends_at = math.inf, -math.inf

    def tick(self, now: float) -> bool:
        """Tell whether the message is to be repeated now."""
        timing = _TIMINGS[self.state]
        if self.ends_at == -math.inf:
            self.pause = timing.first_pause
            self.repeat_at, self.ends_at = now + self.pause, now + timing.lifetime
            return False
        if now < self.repeat_at or now >= self.ends_at:
            return False
        self.pause = min(2 * self.pause, timing.longest_pause)
        self.repeat_at = now + self.pause
        return True


class Retransmission:
    """The transactions of one connection that is not reliable."""

    def __init__(self, transmit: Callable[[Message], None]) -> None:
        """Begin with none; transmit() sends a message once more."""
        self._transmit = transmit
        self._ours: dict[_Key, _Transaction] = {}
        self._theirs: dict[_Key, _Transaction] = {}

    @property
    def next_deadline(self) -> float:
        """When tick() is due, infinity for never: what was sent or received last is timed from the next tick on."""
        return min((one.next_deadline for one in self._all), default=math.inf)

    @property
    def owed(self) -> bool:
        """Whether something that was said still waits for its answer, and may have to be said again."""
        return any(one.state in _OWED for one in self._all)

    def sent(self, message: Message) -> None:
        """Note what was just sent, to be repeated until the other side has it."""
        key = _key(message)
        if isinstance(message, Response):
            self._replied(key, message)
        elif message.method != "ACK":
            state = State.CALLING if message.method == "INVITE" else State.TRYING
            _add(self._ours, key, _Transaction(state, message))
        elif (refused := self._ours.get(key)) is not None:
            refused.message = message

    def received(self, message: Message) -> bool:
        """Note what was received, and whether it is news; what isn't is dealt with. Raises MalformedMessageError."""
        key = _key(message)
        if isinstance(message, Response):
            return self._answered(key, message)
        known = self._theirs.get(key)
        if message.method == "ACK":
            return known is None or self._acknowledged(known)
        if known is None:
            state = State.RINGING if message.method == "INVITE" else State.TAKEN
            _add(self._theirs, key, _Transaction(state))
            return True
        self._say_again(known)
        return False

    def tick(self, now: float) -> None:
        """Repeat what is due, and forget what is over."""
        for transactions in (self._ours, self._theirs):
            for key, one in list(transactions.items()):
                if one.tick(now):
                    self._say_again(one)
                elif now >= one.ends_at:
                    del transactions[key]

    @property
    def _all(self) -> list[_Transaction]:
        return [*self._ours.values(), *self._theirs.values()]

    def _answered(self, key: _Key, response: Response) -> bool:
        """Take an answer to a request of ours."""
        asked = self._ours.get(key)
        if asked is None:
            return True
        if asked.state not in _OURS:
            self._say_again(asked)
            return False
        target = _OURS[asked.state].get(response.status // 100, _OURS_FAILED[asked.state])
        if target is None:
            del self._ours[key]
        elif target is State.TRYING:
            # Timer F runs on, and E is slower from its next time on (§17.1.2.2).
            asked.pause = T2
        else:
            asked.enter(target, None)
        return True

    def _replied(self, key: _Key, response: Response) -> None:
        """Note an answer of ours to a request of theirs."""
        asked = self._theirs.get(key)
        if asked is None or asked.state not in _THEIRS:
            return
        target = _THEIRS[asked.state].get(response.status // 100, _THEIRS_FAILED[asked.state])
        asked.enter(target, None if target is State.ACCEPTED else response)

    def _acknowledged(self, invited: _Transaction) -> bool:
        if invited.state is State.DECLINED:
            invited.enter(State.CONFIRMED, None)
        return invited.state is not State.CONFIRMED

    def _say_again(self, transaction: _Transaction) -> None:
        if transaction.message is not None:
            self._transmit(transaction.message)


def _add(transactions: dict[_Key, _Transaction], key: _Key, new: _Transaction) -> None:
    if len(transactions) >= MAX_TRANSACTIONS:
        del transactions[next(iter(transactions))]
    transactions[key] = new


def _key(message: Message) -> _Key:
    """Return what a request, its repetitions, its answers and the ACK of a failure have in common (§17.1.3, §17.2.3).

    More than the branch alone: some old servers use one branch for several requests.
    """
    sequence = message.cseq
    method = "INVITE" if sequence.method == "ACK" else sequence.method
    return message.branch, message.call_id, sequence.number, method
