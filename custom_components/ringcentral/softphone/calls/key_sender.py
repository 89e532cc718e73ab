"""Keys of one call on their way out: what is asked for while others are still being pressed waits its turn."""

from collections import deque
from collections.abc import Callable

from ..agent import UserAgent
from ..media.engine import MediaSession
from ..media.key_output import KeyOrder
from ..media.keys import KeyWay
from .call import UnknownCallError

type Done = Callable[[bool], None]


class KeySender:
    """One call's orders, one after the other, whichever way each goes."""

    def __init__(
        self,
        call_id: str,
        session: MediaSession,
        agent: UserAgent,
        clock: Callable[[], float],
        wake: Callable[[], object],
    ) -> None:
        """Press keys in the call's sound, or by way of the agent, which has something to send after wake()."""
        self._call_id = call_id
        self._session = session
        self._agent = agent
        self._clock = clock
        self._wake = wake
        self._orders: deque[tuple[KeyOrder, Done]] = deque()

    def send(self, order: KeyOrder, done: Done) -> None:
        """Press keys when it is their turn; done() is told whether all were sent."""
        self._orders.append((order, done))
        if len(self._orders) == 1:
            self._begin(order)

    def end(self) -> None:
        """Press no more: the call is over."""
        while self._orders:
            self._orders.popleft()[1](False)

    def _begin(self, order: KeyOrder) -> None:
        if order.way is not KeyWay.INFO:
            self._session.press(order, self._pressed)
            return
        try:
            call = self._agent.answered(self._call_id)
        except UnknownCallError:
            # Its end is about to be told.
            return
        call.keys.press(order, self._clock(), self._pressed)
        self._wake()

    def _pressed(self, complete: bool) -> None:
        if not self._orders:
            return
        _, done = self._orders.popleft()
        done(complete)
        if self._orders:
            self._begin(self._orders[0][0])
