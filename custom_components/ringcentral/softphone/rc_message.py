"""RingCentral's call-control messages: the P-rc header of an INVITE and `x-rc/agent` bodies of MESSAGE.

`<Msg><Hdr SID=".." Cmd="6" ../><Bdy Phn=".." ../></Msg>`: flat, and from the network, so it is read as attributes of
two tags instead of handing it to an XML parser.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from html import escape, unescape
import re
from typing import Final

CONTENT_TYPE: Final = "x-rc/agent"

_TAG: Final = re.compile(r"<(Hdr|Bdy)((?:\s+[\w:.-]+\s*=\s*\"[^\"<]*\")*)\s*/?>")
# A name or number is far shorter; html.unescape() fails on a character reference of thousands of digits.
_MAX_VALUE: Final = 256
# An agent's address, such as #1024016@sip.ringcentral.com:5060; it comes from the network and goes into a URI.
_ADDRESS: Final = re.compile(r"[#*+\w.-]{1,64}@[\w.-]{1,255}(?::\d{1,5})?", re.ASCII)
_ATTRIBUTE: Final = re.compile(r"([\w:.-]+)\s*=\s*\"([^\"<]*)\"")


class Command(IntEnum):
    """The commands this phone understands."""

    NEW_MESSAGE = 3
    """Somebody has left a message with the voicemail."""
    INCOMING_CALL = 6
    ALREADY_PROCESSED = 7
    TO_VOICEMAIL = 11
    REJECT = 12
    RECEIVED = 17
    """The phone has the call; before it is told, RingCentral doesn't heed TO_VOICEMAIL."""


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


def processed_by(client: str, text: bytes) -> str | None:
    """Return the session that a message says an instance has dealt with, by its authorization id; None where it doesn't."""
    told = parse_rc_message(text.decode("utf-8", "replace"))
    if told is None or told.command != Command.ALREADY_PROCESSED or told.body.get("Cln") != client:
        return None
    return told.header.get("SID", "")


def tells_of_message(text: bytes) -> bool:
    """Whether a message says that there is another in the mailbox, which is the account's and no instance's."""
    told = parse_rc_message(text.decode("utf-8", "replace"))
    return told is not None and told.command == Command.NEW_MESSAGE


def agent_uri(told: RcMessage | None) -> str:
    """Return where a call is to be commanded, which the P-rc of its INVITE says; "" for nowhere."""
    address = told.header.get("From", "") if told else ""
    return f"sip:{address.replace('#', '%23')}" if _ADDRESS.fullmatch(address) else ""


def command_body(told: RcMessage, command: Command, client: str) -> bytes:
    """Write a command about the call that a P-rc belongs to, from the instance with this authorization id."""
    header = {
        "SID": told.header.get("SID", ""),
        "Req": told.header.get("Req", ""),
        "From": told.header.get("To", ""),
        "To": told.header.get("From", ""),
        "Cmd": str(int(command)),
    }
    return f"<Msg><Hdr{_attributes(header)}/><Bdy{_attributes({'Cln': client})}/></Msg>".encode()


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in values.items())


def _unescaped(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name: unescape(value[:_MAX_VALUE]) for name, value in attributes.items()}
