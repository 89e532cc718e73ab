"""What one does with a call besides answering it and hanging up: decline, hold, transfer, press keys. Part of the signalling shell."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable
from functools import partial

from .agent import UserAgent
from .calls.dialing import EmergencyNumberError, NoLineError, dialled
from .calls.key_sender import KeySender
from .events import Decline, EndReason
from .media import KeyOrder, KeyWay


class Handset(ABC):
    """The part of a phone that is for calls which ring or are up."""

    registered: bool
    _agent: UserAgent
    _loop: asyncio.AbstractEventLoop
    _keys: dict[str, KeySender]
    _is_emergency: Callable[[str], bool]

    def decline(self, call_id: str, how: Decline) -> None:
        """Turn a ringing call down, see IncomingCall.decline; raises UnknownCallError."""
        self._agent.ringing(call_id).decline(how, self._loop.time())
        self._pump()

    def hold(self, call_id: str) -> asyncio.Future[bool]:
        """Hold an answered call: what plays goes on for the other side, and nothing of it is heard or recorded.

        Returns:
            A future of whether the other side went along: False when it refused, the call ended or was taken up again
            before. It is asked over the next connection where there is none.

        Raises:
            UnknownCallError: the call is over, or nobody has answered it.
        """
        return self._set_hold(call_id, True)

    def unhold(self, call_id: str) -> asyncio.Future[bool]:
        """Take a call up again that we hold; the other side may go on holding it. As `hold`."""
        return self._set_hold(call_id, False)

    def transfer(self, call_id: str, number: str) -> asyncio.Future[EndReason]:
        """Hand an answered call on to a number; it goes on without us, and ends with EndReason.TRANSFERRED.

        Returns:
            A future of TRANSFERRED, of why the call is still ours, or of the reason it ended for meanwhile.

        Raises:
            InvalidNumberError, EmergencyNumberError: nobody is to be called by this number.
            TransferPendingError: the call is being handed on already.
            NoLineError: the line isn't registered.
            UnknownCallError: the call is over, or nobody has answered it.
        """
        other = dialled(number)
        if self._is_emergency(other):
            raise EmergencyNumberError("Emergency services are not called")
        if not self.registered:
            raise NoLineError("The line is not registered")
        finished: asyncio.Future[EndReason] = self._loop.create_future()
        call = self._agent.answered(call_id)
        own, target = self._agent.own_uri, self._agent.uri_of(other)
        call.transfer(target, own, self._loop.time(), partial(_settle, finished))
        self._pump()
        return finished

    def send_keys(
        self, call_id: str, keys: str, *, duration: float = 0.1, gap: float = 0.1, way: KeyWay = KeyWay.AUTO
    ) -> asyncio.Future[bool]:
        """Press keys in an answered call, after those that are still to be pressed; a comma is half a second's pause.

        Each is held for `duration` seconds, with `gap` seconds after it, 0.04 to 8 of each. The future is done after the
        last: False when the call ended before, or the other side doesn't take keys this way. Raises ValueError for
        anything else than KEYS and commas, UnknownCallError.
        """
        order = KeyOrder(keys, duration, gap, way)
        self._agent.answered(call_id)
        sent: asyncio.Future[bool] = self._loop.create_future()
        self._keys[call_id].send(order, lambda complete: None if sent.done() else sent.set_result(complete))
        return sent

    def _set_hold(self, call_id: str, holding: bool) -> asyncio.Future[bool]:
        agreed: asyncio.Future[bool] = self._loop.create_future()
        self._agent.answered(call_id).set_hold(holding, self._loop.time(), partial(_settle, agreed))
        self._pump()
        return agreed

    @abstractmethod
    def _pump(self) -> None:
        """Carry out what the agent decided."""


def _settle[Result](future: asyncio.Future[Result], result: Result) -> None:
    """Tell the result to whoever still waits for it."""
    if not future.done():
        future.set_result(result)
