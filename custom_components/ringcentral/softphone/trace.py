"""The last signalling messages of a line, redacted as they are noted; also shown in the debug log."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
import logging
from typing import Final

from .redaction import Redactor
from .sip.message import Message

_LOGGER: Final = logging.getLogger(__name__)

SIZE: Final = 50


class Way(StrEnum):
    """Which way a message went."""

    RECEIVED = "received"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class TracedMessage:
    """One message, as it may be shown."""

    at: datetime
    way: Way
    text: str


class Trace:
    """Remembers the last SIZE messages, over as many connections and accounts as a line has had."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """Note nothing yet; the clock tells when a message passed."""
        self._clock = clock
        self._redactor = Redactor()
        self._messages: deque[TracedMessage] = deque(maxlen=SIZE)

    @property
    def messages(self) -> list[TracedMessage]:
        """The messages, oldest first."""
        return list(self._messages)

    def hide(self, *secrets: str) -> None:
        """Never show these, wherever they stand."""
        self._redactor.hide(*secrets)

    def note(self, way: Way, message: Message) -> None:
        """Remember a message."""
        noted = TracedMessage(self._clock(), way, self._redactor.redact(message))
        self._messages.append(noted)
        _LOGGER.debug("%s %s", way, noted.text)
