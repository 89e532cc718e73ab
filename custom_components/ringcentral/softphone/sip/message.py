"""SIP messages (RFC 3261 §7): bytes to values and back.

Parsing is strict where a wrong guess would be dangerous (start line, header syntax, sizes) and tolerant where real
servers differ: any header case, compact names, folded lines, blanks before the colon.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
import re
from typing import Final, override

from .address import NameAddr, parse_name_addr, split_list

SIP_VERSION: Final = "SIP/2.0"

# Precedents: Asterisk and Kamailio accept 64 KiB in all, aiosipua 256 headers.
MAX_HEADERS: Final = 256
# A server uses some thirty names over and over; the bound is for one that doesn't.
_NAMES: Final = 128

# RFC 3261 §7.3.3 and the registry of compact forms.
COMPACT_NAMES: Final = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}

_FOLD: Final = re.compile(r"\r\n[ \t]+")
_STATUS_LINE: Final = re.compile(r"SIP/2\.0 ([1-6]\d\d)(?: (.*))?", re.IGNORECASE | re.ASCII)
_REQUEST_LINE: Final = re.compile(r"([!%'*+\-.0-9A-Z_`a-z~]+) (\S+) SIP/2\.0", re.IGNORECASE | re.ASCII)
_HEADER_NAME: Final = re.compile(r"[!%'*+\-.0-9A-Z_`a-z~]+")
_CSEQ: Final = re.compile(r"(\d{1,10})[ \t]+([!%'*+\-.0-9A-Z_`a-z~]+)", re.ASCII)
_BRANCH: Final = re.compile(r";[ \t]*branch[ \t]*=[ \t]*([^;, \t]+)", re.IGNORECASE)
_SENT_BY: Final = re.compile(r"[ \t]*SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*\w+[ \t]+([^;,]+)", re.IGNORECASE)

# Header fields as (name, value).
type Fields = tuple[tuple[str, str], ...]


class MalformedMessageError(ValueError):
    """The bytes are not a SIP message that can be understood."""


class Headers:
    """Header fields in the order of the wire, found by any case or compact form of their name."""

    __slots__ = ("_fields", "_values")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        """Keep the fields as (name, value)."""
        self._fields = list(fields)
        self._values: dict[str, list[str]] = {}
        for name, value in self._fields:
            self._values.setdefault(canonical(name), []).append(value)

    def get(self, name: str) -> str | None:
        """Return the first value of a header, or None."""
        values = self._values.get(canonical(name))
        return values[0] if values else None

    def get_all(self, name: str) -> list[str]:
        """Return every value of a header, one a line of the wire, in order."""
        return self._values.get(canonical(name), []).copy()

    def items(self) -> list[tuple[str, str]]:
        """Return (name, value) as on the wire."""
        return self._fields.copy()

    @override
    def __repr__(self) -> str:
        """Show the names only: values hold numbers and secrets."""
        return f"Headers({', '.join(name for name, _ in self._fields)})"


@lru_cache(_NAMES)
def canonical(name: str) -> str:
    """Return the lower-case, full name of a header."""
    lower = name.lower()
    return COMPACT_NAMES.get(lower, lower)


@dataclass(frozen=True, slots=True)
class CSeq:
    """A CSeq header (RFC 3261 §20.16)."""

    number: int
    method: str


@dataclass(frozen=True, slots=True, repr=False)
class _Message:
    """What requests and responses share."""

    headers: Headers
    body: bytes

    @property
    def call_id(self) -> str:
        """The Call-ID, "" when there is none."""
        return self.headers.get("call-id") or ""

    @property
    def cseq(self) -> CSeq:
        """The CSeq; raises MalformedMessageError."""
        match = _CSEQ.fullmatch((self.headers.get("cseq") or "").strip())
        if match is None:
            raise MalformedMessageError("CSeq is missing or malformed")
        return CSeq(int(match[1]), match[2].upper())

    @property
    def from_(self) -> NameAddr:
        """The From header; raises MalformedMessageError."""
        return self._address("from")

    @property
    def to(self) -> NameAddr:
        """The To header; raises MalformedMessageError."""
        return self._address("to")

    @property
    def contacts(self) -> list[NameAddr]:
        """All contacts, in order; what can't be read is left out."""
        values = (item for line in self.headers.get_all("contact") for item in split_list(line))
        return [address for address in map(parse_name_addr, values) if address is not None]

    @property
    def branch(self) -> str:
        """The branch of the topmost Via, "" when there is none: the transaction's name (RFC 3261 §8.1.1.7)."""
        match = _BRANCH.search(self.headers.get("via") or "")
        return match[1] if match else ""

    @property
    def sent_by(self) -> str:
        """The host:port of the topmost Via in lower case, "" when there is none (RFC 3261 §20.42)."""
        match = _SENT_BY.match(self.headers.get("via") or "")
        return "".join(match[1].split()).lower() if match else ""

    @property
    def content_type(self) -> str:
        """The media type of the body without its parameters, in lower case."""
        return (self.headers.get("content-type") or "").partition(";")[0].strip().lower()

    def _address(self, name: str) -> NameAddr:
        address = parse_name_addr(self.headers.get(name) or "")
        if address is None:
            raise MalformedMessageError(f"{name.title()} is missing or malformed")
        return address


@dataclass(frozen=True, slots=True, repr=False)
class Request(_Message):
    """A SIP request."""

    method: str
    uri: str

    @override
    def __repr__(self) -> str:
        """Show nothing personal."""
        return f"<Request {self.method}>"

    def encode(self) -> bytes:
        """Return the bytes of the wire."""
        return _encode(f"{self.method} {self.uri} {SIP_VERSION}", self.headers, self.body)


@dataclass(frozen=True, slots=True, repr=False)
class Response(_Message):
    """A SIP response."""

    status: int
    reason: str

    @override
    def __repr__(self) -> str:
        """Show nothing personal."""
        return f"<Response {self.status}>"

    def encode(self) -> bytes:
        """Return the bytes of the wire."""
        return _encode(f"{SIP_VERSION} {self.status} {self.reason}", self.headers, self.body)


type Message = Request | Response


def parse_message(head: bytes, body: bytes = b"") -> Message:
    """Parse a head (up to and without the blank line) and its body; raises MalformedMessageError.

    Bytes that are not UTF-8 survive as lone surrogates, so that a header can be echoed exactly.
    """
    text = head.decode("utf-8", "surrogateescape")
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    start, *lines = text.split("\r\n")
    if text.count("\n") != len(lines) or text.count("\r") != len(lines) or "\0" in text:
        raise MalformedMessageError("A line ends in a bare CR or LF")
    if len(lines) > MAX_HEADERS:
        raise MalformedMessageError("There are too many headers")
    headers = Headers(map(_header, lines))
    if match := _REQUEST_LINE.fullmatch(start):
        return Request(headers, body, match[1].upper(), match[2])
    if match := _STATUS_LINE.fullmatch(start):
        return Response(headers, body, int(match[1]), match[2] or "")
    raise MalformedMessageError("The first line is neither a request nor a response")


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise MalformedMessageError("A header has no colon")
    return _name(name), value.strip(" \t")


@lru_cache(_NAMES)
def _name(written: str) -> str:
    name = written.rstrip(" \t")
    if not _HEADER_NAME.fullmatch(name):
        raise MalformedMessageError("A header has no proper name")
    return name


def _encode(start: str, headers: Headers, body: bytes) -> bytes:
    lines = [start]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(body)}\r\n\r\n")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body
