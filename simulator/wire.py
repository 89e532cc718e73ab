"""SIP messages on a TCP stream: the simulator's own reader and writer (RFC 3261).

Deliberately separate from the phone's: two ends that share a parser share its mistakes. It is as strict as a careful
server, so that a phone which is only understood by a lenient one is found out here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
import re
from typing import Self

MAX_HEAD = 65_536
MAX_BODY = 1_048_576

_LONG_NAMES = {
    "b": "referred-by",
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
}
_REQUEST_LINE = re.compile(r"([A-Z]+) (\S+) SIP/2\.0")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6]\d\d) ?(.*)")
_HEADER = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*:[ \t]*(.*)", re.DOTALL)
_FOLD = re.compile(r"\r\n[ \t]+")
_LENGTH = re.compile(r"\d{1,7}", re.ASCII)
_IN_BRACKETS = re.compile(r"<([^>]*)>")
# Header lines, values and parameters that are said again and again; the bound is for those that aren't.
_REMEMBERED = 512

REASONS = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    202: "Accepted",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    407: "Proxy Authentication Required",
    423: "Interval Too Brief",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    503: "Service Unavailable",
    603: "Too Many Contacts",
}


class WireError(ValueError):
    """The stream holds something that is not SIP; there is no way to find the next message."""


class KeepAlive(StrEnum):
    """What stands between messages (RFC 5626 §3.5.1)."""

    PING = "\r\n\r\n"
    PONG = "\r\n"


_PING = KeepAlive.PING.encode()
_PONG = KeepAlive.PONG.encode()


@dataclass(frozen=True, slots=True)
class Message:
    """One request or response; header names keep the case they came in, values are unfolded."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    _values: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read one whole message.

        Raises:
            WireError: it is not one.
        """
        head, separator, body = data.partition(b"\r\n\r\n")
        if not separator:
            raise WireError("no end of headers")
        return cls(*_read_head(head), body=body)

    @property
    def is_request(self) -> bool:
        """Whether this asks rather than answers."""
        return not self.start.startswith("SIP/")

    @property
    def method(self) -> str:
        """What is asked; for a response, what was."""
        return self.start.partition(" ")[0] if self.is_request else self.cseq[1]

    @property
    def uri(self) -> str:
        """Request-URI."""
        return self.start.split(" ")[1]

    @property
    def status(self) -> int:
        """Status code of a response."""
        return int(self.start.split(" ")[1])

    @property
    def reason(self) -> str:
        """Reason phrase of a response."""
        return self.start.split(" ", 2)[2]

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method; (-1, "") if the header is missing or broken."""
        number, _, method = (self.get("CSeq") or "").partition(" ")
        return (int(number), method.strip()) if number.isdecimal() else (-1, "")

    @property
    def call_id(self) -> str:
        """Call-ID, empty if missing."""
        return self.get("Call-ID") or ""

    @property
    def vias(self) -> list[str]:
        """Every Via in order, however they were spread over header lines."""
        return [via.strip() for value in self.all("Via") for via in value.split(",")]

    def get(self, name: str) -> str | None:
        """First value of a header."""
        values = self._by_name.get(_long_name(name))
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order; `name` is the long form."""
        return self._by_name.get(_long_name(name), [])[:]

    @property
    def _by_name(self) -> dict[str, list[str]]:
        """The values of each header by its long name, sorted once: a message is asked for a dozen of them."""
        if not self._values:
            for name, value in self.headers:
                self._values.setdefault(_long_name(name), []).append(value)
        return self._values

    def encode(self) -> bytes:
        """The bytes of it; Content-Length is added."""
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@lru_cache(_REMEMBERED)
def _long_name(written: str) -> str:
    name = written.lower()
    return _LONG_NAMES.get(name, name)


def _read_head(head: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    try:
        start, _, rest = head.decode().partition("\r\n")
    except UnicodeDecodeError as err:
        raise WireError("headers are not UTF-8") from err
    if not _REQUEST_LINE.fullmatch(start) and not _STATUS_LINE.fullmatch(start):
        raise WireError("neither a request line nor a status line")
    if not rest:
        return start, ()
    if "\r\n " in rest or "\r\n\t" in rest:
        rest = _FOLD.sub(" ", rest)
    return start, tuple(map(_read_line, rest.split("\r\n")))


@lru_cache(_REMEMBERED)
def _read_line(line: str) -> tuple[str, str]:
    if not (match := _HEADER.fullmatch(line)):
        raise WireError("a header line without a name")
    return match[1], match[2].strip()


class Framer:
    """Cuts a byte stream into messages and keep-alives, whatever the segments were."""

    def __init__(self) -> None:
        """Start with an empty buffer."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message | KeepAlive]:
        """Add what was read and take out everything that is whole.

        Raises:
            WireError: the stream cannot be followed any further.
        """
        self._buffer += data
        while (found := self._next()) is not None:
            yield found

    def _next(self) -> Message | KeepAlive | None:
        buffer = self._buffer
        if not buffer:
            return None
        if buffer.startswith(_PONG):
            if buffer.startswith(_PING):
                del buffer[: len(_PING)]
                return KeepAlive.PING
            if _PING.startswith(buffer):
                return None
            del buffer[: len(_PONG)]
            return KeepAlive.PONG
        if buffer == b"\r":
            return None
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > MAX_HEAD:
                raise WireError("headers without an end")
            return None
        start, headers = _read_head(bytes(buffer[:end]))
        size = _content_length(headers)
        if len(buffer) < end + 4 + size:
            return None
        body = bytes(buffer[end + 4 : end + 4 + size])
        del buffer[: end + 4 + size]
        return Message(start, headers, body)


def _content_length(headers: tuple[tuple[str, str], ...]) -> int:
    """Length of the body, which a stream must state (RFC 3261 §18.3)."""
    lengths = {value for name, value in headers if _long_name(name) == "content-length"}
    if len(lengths) != 1:
        raise WireError("Content-Length is missing or contradicts itself")
    length = lengths.pop()
    if not _LENGTH.fullmatch(length) or int(length) > MAX_BODY:
        raise WireError("Content-Length is not a sensible number")
    return int(length)


def request(method: str, uri: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> Message:
    """A request."""
    return Message(f"{method} {uri} SIP/2.0", tuple(headers), body)


def reply(
    to: Message,
    status: int,
    *,
    reason: str = "",
    tag: str = "",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Message:
    """A response to a request: Vias, From, To, Call-ID and CSeq as received, `tag` added to To (RFC 3261 §8.2.6)."""
    echoed = [("Via", via) for via in to.vias]
    to_header = to.get("To") or ""
    if tag and tag_of(to_header) is None:
        to_header += f";tag={tag}"
    echoed += [
        ("From", to.get("From") or ""),
        ("To", to_header),
        ("Call-ID", to.call_id),
        ("CSeq", to.get("CSeq") or ""),
    ]
    return Message(f"SIP/2.0 {status} {reason or REASONS[status]}", (*echoed, *headers), body)


@lru_cache(_REMEMBERED)
def uri_of(value: str) -> str:
    """The URI of a From, To or Contact: what stands in the angle brackets, or before the parameters."""
    if match := _IN_BRACKETS.search(value):
        return match[1]
    return value.partition(";")[0].strip()


@lru_cache(_REMEMBERED)
def param(value: str, name: str) -> str | None:
    """A parameter of a header, outside the angle brackets; empty for a flag, None if absent."""
    after = value.rpartition(">")[2] if "<" in value else value
    match = _param(name).search(after)
    return (match[1] or "") if match else None


@lru_cache(_REMEMBERED)
def _param(name: str) -> re.Pattern[str]:
    return re.compile(rf";\s*{re.escape(name)}(?:\s*=\s*\"?([^\s;,\"]*)\"?)?\s*(?=;|,|$)", re.IGNORECASE)


def tag_of(value: str) -> str | None:
    """The tag of a From or To."""
    return param(value, "tag")
