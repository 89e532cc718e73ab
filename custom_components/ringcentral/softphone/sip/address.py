"""Addresses as SIP writes them: name-addr, addr-spec and URIs (RFC 3261 §19.1, §20.10, §25.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import re
from typing import Final
from urllib.parse import unquote

_QUOTED: Final = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_URI: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):(?:(?P<user>[^@]*)@)?(?P<host>\[[^\]]*\]|[^:;?@]*)(?::(?P<port>\d{1,5}))?"
    r"(?:[;?].*)?",
    re.DOTALL,
)
# What a user part may hold unescaped (RFC 3261 §25.1: unreserved and user-unreserved).
_USER_SAFE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()&=+$,/")


@dataclass(frozen=True, slots=True, repr=False)
class NameAddr:
    """A From, To, Contact or similar value."""

    display_name: str
    uri: str
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """The tag parameter, "" when there is none."""
        return self.params.get("tag", "")

    @property
    def user(self) -> str:
        """The user part of the URI, unescaped, without its own parameters; for `tel:` the number."""
        match = _URI.fullmatch(self.uri)
        if match is None:
            return ""
        raw = match["host"] if match["scheme"].lower() == "tel" else match["user"]
        return unquote((raw or "").partition(";")[0].partition(":")[0])

    @property
    def host(self) -> str:
        """The host part of the URI, "" when there is none."""
        match = _URI.fullmatch(self.uri)
        return match["host"].lower() if match else ""


def parse_name_addr(value: str) -> NameAddr | None:
    """Parse one value: `"Name" <uri>;params`, `Name <uri>` or `uri;params`; None when it is none of them."""
    value = value.strip()
    display = ""
    if match := _QUOTED.match(value):
        display = _ESCAPED.sub(r"\1", match[1]) if "\\" in match[1] else match[1]
        value = value[match.end() :].lstrip()
        if not value.startswith("<"):
            return None
    before, bracket, rest = value.partition("<")
    if not bracket:
        # Without brackets the parameters belong to the header (RFC 3261 §20.10).
        uri, _, tail = value.partition(";")
        return NameAddr("", uri.strip(), _params(tail)) if ":" in uri else None
    uri, closing, tail = rest.partition(">")
    if not closing or ":" not in uri:
        return None
    return NameAddr(display or before.strip(), uri.strip(), _params(tail.partition(";")[2]))


def split_list(value: str) -> list[str]:
    """Split a comma-separated header outside quotes and angle brackets."""
    if "," not in value:
        return [value.strip()] if value.strip() else []
    parts: list[str] = []
    start, quoted, depth, skip = 0, False, 0, False
    for index, char in enumerate(value):
        if skip:
            skip = False
        elif quoted:
            skip = char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char == "<":
            depth += 1
        elif char == ">":
            depth -= 1
        elif char == "," and depth <= 0:
            parts.append(value[start:index])
            start = index + 1
    parts.append(value[start:])
    return [part.strip() for part in parts if part.strip()]


def escape_user(user: str) -> str:
    """Escape a user part for a URI (`#1001` becomes `%231001`)."""
    return "".join(c if c in _USER_SAFE else "".join(f"%{byte:02X}" for byte in c.encode()) for c in user)


def _params(text: str) -> dict[str, str]:
    params: dict[str, str] = {}
    for part in _split_params(text):
        name, _, value = part.partition("=")
        if name := name.strip().lower():
            params.setdefault(name, value.strip().strip('"'))
    return params


def _split_params(text: str) -> list[str]:
    if '"' not in text:
        return text.split(";")
    # A quoted value may hold a semicolon: `+sip.instance="<urn:uuid:...>";expires=60`.
    return re.findall(r'(?:[^;"]|"(?:[^"\\]|\\.)*"?)+', text)
