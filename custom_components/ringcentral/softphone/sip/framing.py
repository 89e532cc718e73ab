"""Cuts a byte stream, or datagrams, into SIP messages and keep-alives (RFC 3261 §7.5, §18.3; RFC 5626 §3.5.1).

A segment of TCP may hold half a message or several; only bytes count, never characters or segment borders.
"""

from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Final

# Precedents: Asterisk and Kamailio take 64 KiB in all; nothing a telephone needs comes near.
MAX_HEAD: Final = 64 * 1024
MAX_MESSAGE: Final = 256 * 1024

_CRLF: Final = b"\r\n"
_BLANK_LINE: Final = b"\r\n\r\n"
# Up to the line end that no blank follows. Possessive: a hostile head must not make it try again and again.
_CONTENT_LENGTH: Final = re.compile(rb"\r\n(?i:content-length|l)[ \t]*+:((?:[^\r]++|\r(?!\n(?![ \t])))*+)")
_LENGTH: Final = re.compile(rb"\d{1,7}")


class FramingError(Exception):
    """The stream can't be followed any further; the connection is of no more use."""


class KeepAlive(StrEnum):
    """What stands between messages on an idle connection."""

    PING = "ping"
    PONG = "pong"


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """One message: its head without the blank line, and its body."""

    head: bytes
    body: bytes


class StreamFramer:
    """Turns received segments into frames and keep-alives, in order."""

    def __init__(self) -> None:
        """Start with an empty buffer."""
        self._buffer = bytearray()
        self._scanned = 0
        self._body_length = -1
        self._head_length = 0

    def feed(self, data: bytes) -> Iterator[Frame | KeepAlive]:
        """Yield what is whole by now; raises FramingError when a size or length is out of bounds."""
        self._buffer += data
        while (item := self._next()) is not None:
            yield item

    def _next(self) -> Frame | KeepAlive | None:
        buffer = self._buffer
        if self._body_length < 0:
            if buffer.startswith(_CRLF):
                return self._keep_alive()
            if not self._find_head():
                return None
        end = self._head_length + len(_BLANK_LINE) + self._body_length
        if len(buffer) < end:
            return None
        frame = Frame(
            bytes(buffer[: self._head_length]), bytes(buffer[self._head_length + len(_BLANK_LINE) : end])
        )
        del buffer[:end]
        self._body_length, self._scanned = -1, 0
        return frame

    def _keep_alive(self) -> KeepAlive:
        # A ping whose halves arrive in two segments reads as two pongs: it is only an unanswered keep-alive.
        kind = KeepAlive.PING if self._buffer.startswith(_BLANK_LINE) else KeepAlive.PONG
        del self._buffer[: len(_BLANK_LINE) if kind is KeepAlive.PING else len(_CRLF)]
        return kind

    def _find_head(self) -> bool:
        buffer = self._buffer
        found = buffer.find(_BLANK_LINE, self._scanned)
        if (found if found >= 0 else len(buffer)) > MAX_HEAD:
            raise FramingError(f"A message head is longer than {MAX_HEAD} bytes")
        if found < 0:
            self._scanned = max(0, len(buffer) - len(_BLANK_LINE) + 1)
            return False
        self._head_length = found
        self._body_length = _content_length(bytes(buffer[: found + len(_CRLF)]))
        if found + self._body_length > MAX_MESSAGE:
            raise FramingError(f"A message is longer than {MAX_MESSAGE} bytes")
        return True


class DatagramFramer:
    """Finds the one message in each datagram; what can't be one costs nothing but itself."""

    def feed(self, data: bytes) -> Iterator[Frame | KeepAlive]:
        """Yield what a datagram holds, if anything: its Content-Length may be left out, what is beyond it is ignored."""
        message = data.lstrip(_CRLF)
        head, blank, body = message.partition(_BLANK_LINE)
        if not blank or len(head) > MAX_HEAD:
            return
        lengths = {value.strip() for value in _CONTENT_LENGTH.findall(head + _CRLF)}
        if not lengths:
            yield Frame(head, body)
            return
        with contextlib.suppress(FramingError):
            # A datagram that ends before its message does was cut off on its way (§18.3).
            if (length := _content_length(head + _CRLF)) <= len(body):
                yield Frame(head, body[:length])


def _content_length(head: bytes) -> int:
    values = {value.strip() for value in _CONTENT_LENGTH.findall(head)}
    if len(values) != 1:
        raise FramingError("A message has no Content-Length, or several")
    (value,) = values
    if not _LENGTH.fullmatch(value):
        raise FramingError("A Content-Length is not a number in bounds")
    return int(value)
