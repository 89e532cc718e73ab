"""What of a SIP message may be shown: its shape, never who calls whom or what proves who we are.

Only what is known to be harmless is shown; everything else, and every header nobody has thought of, is masked.
"""

from collections.abc import Callable, Mapping
import re
from typing import Final
from urllib.parse import unquote

from . import sdp
from .rc_message import parse_rc_message
from .sip.address import parse_name_addr, split_list
from .sip.message import Message, Request, canonical

MASK: Final = "***"
# An INVITE of RingCentral has some 2,000 characters.
MAX_TEXT: Final = 6000

# A number shorter than this tells too much by its last two digits.
_SHORTEST_NUMBER: Final = 5
_NUMBER: Final = re.compile(r"\+?\d{7,}")
_NUMBER_LIKE: Final = re.compile(r"[+\d*#().\- ]+")
_DIGIT: Final = re.compile(r"\d")
_HOST: Final = re.compile(r"[0-9A-Za-z.:\[\]_-]*")
_URI: Final = re.compile(
    r"(?P<scheme>[A-Za-z]+):(?:(?P<user>[^@]*)@)?(?P<host>[^;?]*)(?P<params>[^?]*).*", re.DOTALL
)
_DIGEST: Final = re.compile(r"digest\s+", re.IGNORECASE)
_DIGEST_PARAM: Final = re.compile(r'(?<![A-Za-z])([A-Za-z]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s,"]++))')
_CRYPTO: Final = re.compile(r"(\d{1,9}) ([A-Z0-9_]+) .*", re.ASCII)

_NAMELESS: Final = frozenset({"anonymous", "restricted", "unavailable"})
_URI_PARAMS: Final = frozenset({"lr", "ob", "transport"})
_ADDRESS_PARAMS: Final = frozenset({"expires", "q", "reg-id", "tag"})
_DIGEST_SHOWN: Final = frozenset({"algorithm", "nc", "qop", "realm", "stale"})
_DIGEST_MASKED: Final = frozenset({"cnonce", "nonce", "opaque", "response", "username"})
_PLAIN: Final = (
    "accept", "accept-encoding", "accept-language", "allow", "allow-events", "call-id", "content-encoding",
    "content-length", "content-type", "cseq", "date", "event", "expires", "max-forwards", "min-expires", "min-se",
    "rack", "require", "retry-after", "rseq", "server", "session-expires", "subscription-state", "supported",
    "timestamp", "unsupported", "user-agent", "via",
)  # fmt: skip
_ADDRESSES: Final = (
    "contact", "diversion", "from", "history-info", "p-asserted-identity", "p-preferred-identity", "path",
    "record-route", "refer-to", "referred-by", "remote-party-id", "reply-to", "route", "service-route", "to",
)  # fmt: skip
_CREDENTIALS: Final = ("authorization", "proxy-authenticate", "proxy-authorization", "www-authenticate")
_SDP_PLAIN: Final = frozenset({"v", "c", "t", "m", "b"})
_SDP_ATTRIBUTES: Final = frozenset(
    {
        "fmtp", "inactive", "maxptime", "mid", "ptime", "recvonly", "rtcp", "rtcp-fb", "rtcp-mux", "rtpmap", "sendonly",
        "sendrecv",
    }
)  # fmt: skip


class Redactor:
    """Makes text of messages that may be shown to anybody."""

    def __init__(self) -> None:
        """Know no secrets yet; most need not be known to be masked."""
        self._secrets: tuple[str, ...] = ()
        self._headers: Mapping[str, Callable[[str], str]] = (
            dict.fromkeys(_PLAIN, self._plain)
            | dict.fromkeys(_ADDRESSES, self._addresses)
            | dict.fromkeys(_CREDENTIALS, self._digest)
        )

    def hide(self, *secrets: str) -> None:
        """Never show these, wherever they stand."""
        known = {*self._secrets, *filter(None, secrets)}
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def redact(self, message: Message) -> str:
        """Return a message as lines, without numbers, names, credentials and keys; "" where that can't be had."""
        lines = [self._start(message)]
        lines += [self._header(name, value) for name, value in message.headers.items()]
        if message.body:
            lines += ["", *self._body(message)]
        text = self._scrubbed("\n".join(lines))
        # Cut last: half a secret is one too.
        return text if len(text) <= MAX_TEXT else self._scrubbed(f"{text[:MAX_TEXT]}…")

    def _start(self, message: Message) -> str:
        if isinstance(message, Request):
            return f"{self._plain(message.method)} {self._uri(message.uri)} SIP/2.0"
        return f"SIP/2.0 {message.status} {self._plain(message.reason)}"

    def _header(self, name: str, value: str) -> str:
        shown = self._headers.get(canonical(name))
        return f"{self._plain(name)}: {shown(value) if shown else MASK}"

    def _plain(self, text: str) -> str:
        """Return text that is harmless but for the numbers it may hold, on one line."""
        text = self._scrubbed(text)
        if not text.isprintable():
            text = "".join(char if char.isprintable() else "?" for char in text)
        return _NUMBER.sub(lambda number: f"{MASK}{number[0][-2:]}", text)

    def _scrubbed(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        # What one replacement leaves may make another secret.
        return "" if any(secret in text for secret in self._secrets) else text

    def _addresses(self, value: str) -> str:
        return ", ".join(map(self._address, split_list(value)))

    def _address(self, value: str) -> str:
        address = parse_name_addr(value)
        if address is None:
            return MASK
        name = f'"{MASK}" ' if address.display_name else ""
        params = "".join(
            f";{key}={self._plain(param)}" for key, param in address.params.items() if key in _ADDRESS_PARAMS
        )
        return f"{name}<{self._uri(address.uri)}>{params}"

    def _uri(self, uri: str) -> str:
        match = _URI.fullmatch(uri)
        scheme = match["scheme"].lower() if match else ""
        if match is None or scheme not in {"sip", "sips", "tel"}:
            return MASK
        if scheme == "tel":
            return f"tel:{_user(match['host'])}"
        user = "" if match["user"] is None else f"{_user(match['user'])}@"
        host = self._plain(match["host"]) if _HOST.fullmatch(match["host"]) else MASK
        params = [param for param in match["params"].split(";") if param.partition("=")[0] in _URI_PARAMS]
        return f"{scheme}:{user}{host}{''.join(f';{self._plain(param)}' for param in params)}"

    def _digest(self, value: str) -> str:
        scheme = _DIGEST.match(value)
        if scheme is None:
            return MASK
        params = (
            self._digest_param(name.lower(), quoted or token)
            for name, quoted, token in _DIGEST_PARAM.findall(value, scheme.end())
        )
        return f"Digest {', '.join(filter(None, params))}"

    def _digest_param(self, name: str, value: str) -> str:
        if name == "uri":
            return f"uri={self._uri(value)}"
        if name in _DIGEST_SHOWN:
            return f"{name}={self._plain(value)}"
        return f"{name}={MASK}" if name in _DIGEST_MASKED else ""

    def _body(self, message: Message) -> list[str]:
        text = message.body.decode("utf-8", "replace")
        if message.content_type == sdp.CONTENT_TYPE:
            return [self._sdp(line) for line in text.splitlines()]
        told = parse_rc_message(text)
        return [f"({len(message.body)} bytes{f', Cmd {told.command}' if told else ''})"]

    def _sdp(self, line: str) -> str:
        kind, _, value = line.partition("=")
        if kind in _SDP_PLAIN:
            return f"{kind}={self._plain(value)}"
        if kind == "o":
            return f"o={MASK} {self._plain(' '.join(value.split()[-3:]))}"
        if kind != "a":
            return f"{self._plain(kind[:1])}={MASK}"
        name, colon, rest = value.partition(":")
        if name in _SDP_ATTRIBUTES:
            return f"a={self._plain(value)}"
        if name == "crypto" and (crypto := _CRYPTO.fullmatch(rest)):
            return f"a=crypto:{self._plain(crypto[1])} {self._plain(crypto[2])} {MASK}"
        return f"a={self._plain(name)}{colon}{MASK if rest else ''}"


def _user(user: str) -> str:
    """Return the last two digits of a number, nothing of a name."""
    plain = unquote(user).partition(";")[0]
    if plain.lower() in _NAMELESS:
        return plain.lower()
    digits = _DIGIT.findall(plain)
    if _NUMBER_LIKE.fullmatch(plain) and len(digits) >= _SHORTEST_NUMBER:
        return f"{MASK}{''.join(digits[-2:])}"
    return MASK
