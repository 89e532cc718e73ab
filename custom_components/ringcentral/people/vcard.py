"""Reads names and telephone numbers out of vCards: versions 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
import quopri
import re
from typing import Final

# Bytes; a thousand contacts with small pictures.
MAX_SIZE: Final = 8 * 1024 * 1024
MAX_NAME: Final = 80
MAX_NUMBERS: Final = 20

# Who sends faxes and pages doesn't call.
_SPEECHLESS: Final = frozenset({"fax", "pager", "modem", "bbs", "textphone"})
_SPOKEN: Final = frozenset({"voice", "cell"})
# What is dialled after somebody has answered.
_EXTENSION: Final = re.compile(r"(?<=\d)\s*(?:[;,xw]|ext).*", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_LATIN: Final = "latin-1"


@dataclass(frozen=True, slots=True)
class Card:
    """One contact of an address book, its numbers as they were written there."""

    name: str = field(repr=False)
    numbers: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Property:
    """One line of a card; the parameters are in small letters."""

    name: str
    parameters: tuple[tuple[str, str], ...]
    value: bytes = field(repr=False)

    @property
    def kinds(self) -> frozenset[str]:
        """The TYPEs: 2.1 names them bare, 3.0 and 4.0 as values of a parameter."""
        return frozenset(
            kind.strip('"')
            for name, value in self.parameters
            if name in {"", "type"}
            for kind in value.strip('"').split(",")
        )

    @property
    def text(self) -> str:
        """The value as text."""
        given = dict(self.parameters)
        value = self.value
        if "quoted-printable" in {given.get("encoding"), given.get("")} | self.kinds:
            value = quopri.decodestring(value)
        return _decoded(value, given.get("charset", "utf-8"))


def cards(content: bytes) -> list[Card]:
    """Return the contacts of a file that have a name and a number, in its order; what is no vCard is passed over."""
    return [card for lines in _cards(_lines(content)) if (card := _card(lines)) is not None]


def _lines(content: bytes) -> Iterator[bytes]:
    """Yield the lines of a file, unfolded (RFC 6350 §3.2), also where quoted-printable goes on after a =."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.decode("utf-16", "replace").encode()
    content = content.removeprefix(b"\xef\xbb\xbf")
    parts: list[bytes] = []
    for line in content.splitlines():
        quoted = b"QUOTED-PRINTABLE" in parts[0].partition(b":")[0].upper() if parts else False
        if quoted and parts[-1].endswith(b"="):
            parts[-1] = parts[-1][:-1]
            parts.append(line)
        elif parts and line[:1] in {b" ", b"\t"}:
            parts.append(line[1:])
        else:
            yield b"".join(parts)
            parts = [line]
    yield b"".join(parts)


def _cards(lines: Iterator[bytes]) -> Iterator[list[_Property]]:
    """Yield the properties of each card; a card within a card (2.1 AGENT) is somebody else's."""
    card: list[_Property] = []
    depth = 0
    for line in lines:
        if (found := _property(line)) is None:
            continue
        match found.name, found.value.strip().upper():
            case "begin", b"VCARD":
                depth += 1
                if depth == 1:
                    card = []
            case "end", b"VCARD":
                if depth == 1:
                    yield card
                depth = max(0, depth - 1)
            case _ if depth == 1:
                card.append(found)


def _property(line: bytes) -> _Property | None:
    head, colon, value = _split(line)
    if not colon:
        return None
    name, *parameters = _decoded(head, "utf-8").lower().split(";")
    pairs = (parameter.rpartition("=") for parameter in parameters)
    return _Property(
        # A group before the name, as in item1.TEL, says nothing about it.
        name.rpartition(".")[2].strip(),
        tuple((key.strip(), word.strip()) for key, _, word in pairs),
        value,
    )


def _split(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Part a line at its first colon that isn't in quotes."""
    quoted = False
    for at, byte in enumerate(line):
        if byte == ord('"'):
            quoted = not quoted
        elif byte == ord(":") and not quoted:
            return line[:at], b":", line[at + 1 :]
    return line, b"", b""


def _card(properties: list[_Property]) -> Card | None:
    name = _name(properties)
    spoken = (found for found in properties if found.name == "tel" and _is_spoken(found.kinds))
    numbers = dict.fromkeys(number for found in spoken if (number := _number(found.text)))
    return Card(name, tuple(numbers)[:MAX_NUMBERS]) if name and numbers else None


def _name(properties: list[_Property]) -> str:
    """Return the formatted name, else the parts of the name (family; given; …), else the organisation."""
    texts = {found.name: found.text for found in reversed(properties) if found.name in {"fn", "n", "org"}}
    family, given, *_ = [*(_unescaped(part) for part in _parts(texts.get("n", ""))), "", ""]
    organisation = _unescaped(_parts(texts.get("org", ""))[0])
    named = (_unescaped(texts.get("fn", "")), _printable(f"{given} {family}"), organisation)
    return next((_printable(name)[:MAX_NAME].strip() for name in named if _printable(name)), "")


def _number(text: str) -> str:
    # 4.0 writes tel:+1-650-…;ext=5.
    return _EXTENSION.sub("", _printable(_unescaped(text)).removeprefix("tel:"))


def _is_spoken(kinds: frozenset[str]) -> bool:
    return not kinds & _SPEECHLESS or bool(kinds & _SPOKEN)


def _parts(text: str) -> list[str]:
    return re.split(r"(?<!\\);", text)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: " " if match[1] in "nN" else match[1], text)


def _printable(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _decoded(value: bytes, charset: str) -> str:
    try:
        return value.decode(charset)
    except LookupError, UnicodeDecodeError:
        return value.decode(_LATIN)
