"""RingCentral's call-control messages: the P-rc header of an INVITE and `x-rc/agent` bodies of MESSAGE.

`<Msg><Hdr SID=".." Cmd="6" ../><Bdy Phn=".." ../></Msg>`: flat, and from the network, so it is read as attributes of
two tags instead of handing it to an XML parser.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from html import unescape
import re
from typing import Final

CONTENT_TYPE: Final = "x-rc/agent"

_TAG: Final = re.compile(r"<(Hdr|Bdy)((?:\s+[\w:.-]+\s*=\s*\"[^\"<]*\")*)\s*/?>")
# A name or number is far shorter; html.unescape() fails on a character reference of thousands of digits.
_MAX_VALUE: Final = 256
_ATTRIBUTE: Final = re.compile(r"([\w:.-]+)\s*=\s*\"([^\"<]*)\"")


class Command(IntEnum):
    """The commands this phone understands."""

    INCOMING_CALL = 6
    ALREADY_PROCESSED = 7


@dataclass(frozen=True, slots=True)
class RcMessage:
    """A call-control message: command and the attributes of its two parts."""

    command: int
    header: Mapping[str, str] = field(repr=False)
    body: Mapping[str, str] = field(repr=False)


def parse_rc_message(text: str) -> RcMessage | None:
    """Parse a message; None when it is none."""
    parts = {name: dict(_ATTRIBUTE.findall(attributes)) for name, attributes in _TAG.findall(text)}
    header = _unescaped(parts.get("Hdr", {}))
    command = header.get("Cmd", "")
    if not (command.isascii() and command.isdigit()):
        return None
    return RcMessage(int(command[:4]), header, _unescaped(parts.get("Bdy", {})))


def _unescaped(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name: unescape(value[:_MAX_VALUE]) for name, value in attributes.items()}
