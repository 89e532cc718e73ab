"""The messages of one connection after another: bytes in, messages out, and the other way round. No I/O.

Over a stream they are cut out of it; over UDP each is a datagram, sent again and told from its repetitions
(retransmission). Every message is noted in the trace.
"""

from collections.abc import Iterator
import logging
from typing import Final

from .account import Flow
from .sip.framing import DatagramFramer, KeepAlive, StreamFramer
from .sip.message import MalformedMessageError, Message, parse_message
from .trace import Trace, Way
from .transactions.retransmission import Retransmission

_LOGGER: Final = logging.getLogger(__name__)

_PING: Final = b"\r\n\r\n"
_PONG: Final = b"\r\n"


class Wire:
    """What is said over the connection there is."""

    def __init__(self, trace: Trace | None) -> None:
        """Note every message in the trace."""
        self._trace = trace
        self._framer: StreamFramer | DatagramFramer = StreamFramer()
        self._retransmission: Retransmission | None = None
        self._output: list[bytes] = []

    @property
    def owed(self) -> bool:
        """Whether something that was sent may have to be sent again."""
        return self._retransmission is not None and self._retransmission.owed

    @property
    def next_deadline(self) -> float | None:
        """When tick() is due."""
        return None if self._retransmission is None else self._retransmission.next_deadline

    def connected(self, flow: Flow) -> None:
        """Begin on a new connection."""
        self._output.clear()
        self._framer = StreamFramer() if flow.reliable else DatagramFramer()
        self._retransmission = None if flow.reliable else Retransmission(self._transmit)

    def disconnected(self) -> None:
        """Send nothing again: there is nothing to send it over."""
        self._retransmission = None

    def take(self) -> list[bytes]:
        """Return the bytes to send, one message each."""
        output = self._output[:]
        self._output.clear()
        return output

    def read(self, data: bytes) -> Iterator[Message | KeepAlive]:
        """Yield what received bytes complete; raises FramingError where a stream can't be followed any more.

        A ping is answered, what is no message is dropped, and so is what was received before.
        """
        for item in self._framer.feed(data):
            if isinstance(item, KeepAlive):
                if item is KeepAlive.PING:
                    self._output.append(_PONG)
                yield item
                continue
            try:
                message = parse_message(item.head, item.body)
                self._note(Way.RECEIVED, message)
                if self._retransmission is not None and not self._retransmission.received(message):
                    continue
            except MalformedMessageError as error:
                ignore(error)
                continue
            yield message

    def send(self, message: Message) -> None:
        """Send a message, and again where it may be lost."""
        self._transmit(message)
        if self._retransmission is not None:
            self._retransmission.sent(message)

    def ping(self) -> None:
        """Send a sign of life (RFC 5626 §4.4.1)."""
        self._output.append(_PING)

    def tick(self, now: float) -> None:
        """Send again what is due."""
        if self._retransmission is not None:
            self._retransmission.tick(now)

    def _transmit(self, message: Message) -> None:
        self._note(Way.SENT, message)
        self._output.append(message.encode())

    def _note(self, way: Way, message: Message) -> None:
        if self._trace is not None:
            self._trace.note(way, message)


def ignore(error: MalformedMessageError) -> None:
    """Take no notice of a message beyond the debug log."""
    _LOGGER.debug("Ignoring a message: %s", error)
