"""What a strict peer checks in the phone's messages. Every function returns what is wrong, in words; empty is good."""

from dataclasses import dataclass
import ipaddress
import re
from typing import Self

from .dialect import Address, Direction
from .wire import Message, param, tag_of, uri_of

_MAGIC = "z9hG4bK"
_ANSWERS = {
    Direction.BOTH: frozenset(Direction),
    Direction.SEND: frozenset({Direction.RECEIVE, Direction.NONE}),
    Direction.RECEIVE: frozenset({Direction.SEND, Direction.NONE}),
    Direction.NONE: frozenset({Direction.NONE}),
}


def _same_via(got: str, sent: str) -> bool:
    """Whether a Via came back unchanged; a server may add `received` and fill in `rport` (RFC 3581)."""
    return re.sub(r";\s*(received|rport)(=[^;]*)?", "", got) == re.sub(r";\s*rport\b", "", sent)


def check_response(request: Message, response: Message, tag: str | None) -> list[str]:
    """Hold a response against the request it answers; `tag` is the To tag known so far."""
    what = f"{response.status} to {request.method}"
    wrong = []
    if len(response.vias) != len(request.vias) or not all(
        map(_same_via, response.vias, request.vias, strict=True)
    ):
        wrong.append(f"{what}: Via not echoed in order")
    if response.get("From") != request.get("From"):
        wrong.append(f"{what}: From changed")
    if response.get("CSeq") != request.get("CSeq"):
        wrong.append(f"{what}: CSeq changed")
    asked, got = request.get("To") or "", response.get("To") or ""
    if uri_of(got) != uri_of(asked):
        wrong.append(f"{what}: To changed")
    given = tag_of(got)
    known = tag_of(asked) or tag
    if response.status > 100 and not given:
        wrong.append(f"{what}: no To tag")
    elif given and known and given != known:
        wrong.append(f"{what}: another To tag")
    if request.method == "INVITE":
        wrong += _check_invite_response(request, response, what)
    return wrong


def _check_invite_response(request: Message, response: Message, what: str) -> list[str]:
    wrong = []
    if "100rel" in (response.get("Require") or ""):
        wrong.append(f"{what}: requires 100rel, which was not offered")
    if response.status // 100 != 2:
        return wrong
    if not uri_of(response.get("Contact") or "").startswith("sip:"):
        wrong.append(f"{what}: no Contact")
    expires = response.get("Session-Expires")
    if expires is None:
        if "timer" in (response.get("Require") or ""):
            wrong.append(f"{what}: requires timer without Session-Expires")
        return wrong
    seconds, asked = (_leading_number(value) for value in (expires, request.get("Session-Expires") or ""))
    if not 90 <= seconds <= asked:
        wrong.append(f"{what}: Session-Expires out of bounds")
    if param(expires, "refresher") != "uac":
        wrong.append(f"{what}: refresher changed")
    return wrong


def _leading_number(value: str) -> int:
    match = re.match(r"\d{1,9}", value, re.ASCII)
    return int(match[0]) if match else -1


def check_request(message: Message, *, last_cseq: int = -1) -> list[str]:
    """Hold any request of the phone against RFC 3261 §8.1.1; `last_cseq` is the number before."""
    what = message.method
    number, method = message.cseq
    rules = {
        "no Via": not message.vias,
        "branch without its magic cookie": not (param(message.vias[0], "branch") or "").startswith(_MAGIC)
        if message.vias
        else False,
        "Via names another transport than TCP or TLS": bool(message.vias)
        and not message.vias[0].startswith(("SIP/2.0/TCP ", "SIP/2.0/TLS ")),
        "no From tag": not tag_of(message.get("From") or ""),
        "no To": not message.get("To"),
        "no Call-ID": not message.call_id,
        "CSeq names another method": method != what,
        "CSeq not greater than before": number <= last_cseq,
        "Max-Forwards missing": _leading_number(message.get("Max-Forwards") or "") < 1,
    }
    return [f"{what}: {text}" for text, broken in rules.items() if broken]


def check_dialog_request(message: Message, *, contact: str, local: str, remote: str) -> list[str]:
    """Hold a request within a call against its dialog: Request-URI and tags (RFC 3261 §12.2.1.1)."""
    what = message.method
    rules = {
        "Request-URI is not our Contact": message.uri != contact,
        "From tag is not the dialog's": tag_of(message.get("From") or "") != remote,
        "To tag is not the dialog's": tag_of(message.get("To") or "") != local,
    }
    return [f"{what}: {text}" for text, broken in rules.items() if broken]


@dataclass(frozen=True, slots=True)
class Description:
    """What matters of the phone's session description."""

    address: Address
    profile: str
    payload_types: tuple[str, ...]
    direction: Direction
    origin: tuple[str, str, str]  # user name, session id, version
    streams: int

    @classmethod
    def parse(cls, body: bytes) -> Self | None:
        """Read a session description; None if it lacks what a call needs."""
        lines = [line for line in body.decode("utf-8", "replace").split("\r\n") if line]
        found: dict[str, str] = {}
        for line in lines:
            found.setdefault(line[:2], line[2:])
        media = re.fullmatch(r"audio (\d{1,5}) (\S+)((?: \d{1,3})+)", found.get("m=", ""))
        connection = re.fullmatch(r"IN IP[46] (\S+)", found.get("c=", ""))
        origin = found.get("o=", "").split(" ")
        if not media or not connection or len(origin) != 6:
            return None
        direction = next((one for one in Direction if f"a={one}" in lines), Direction.BOTH)
        return cls(
            address=Address(connection[1], int(media[1])),
            profile=media[2],
            payload_types=tuple(media[3].split()),
            direction=direction,
            origin=(origin[0], origin[1], origin[2]),
            streams=sum(line.startswith("m=") for line in lines),
        )


def check_description(
    message: Message, *, offer: Description | None = None, before: Description | None = None
) -> list[str]:
    """Hold the session description of a message against the rules, the offer it answers, and the phone's last one."""
    what = f"SDP in {message.method}"
    if message.get("Content-Type") != "application/sdp":
        return [f"{what}: Content-Type is not application/sdp"]
    body = message.body
    order = [line[:1] for line in body.split(b"\r\n")[:3]]
    parsed = Description.parse(body)
    if order != [b"v", b"o", b"s"] or b"\r\nt=" not in body or not body.endswith(b"\r\n") or parsed is None:
        return [f"{what}: malformed"]
    rules = {
        "port is odd": bool(parsed.address.port % 2),
        "port is 0": parsed.address.port == 0,
        "address is no literal": not _is_literal(parsed.address.host),
        "does not take PCMU": "0" not in parsed.payload_types,
        "keys on a plain profile": b"a=crypto" in body and "SAVP" not in parsed.profile,
        **(_answer_rules(parsed, offer) if offer else {}),
        **(_version_rules(parsed, before) if before else {}),
    }
    return [f"{what}: {text}" for text, broken in rules.items() if broken]


def _answer_rules(answer: Description, offer: Description) -> dict[str, bool]:
    return {
        "another profile than offered": answer.profile != offer.profile,
        "payload types that were not offered": not set(answer.payload_types) <= set(offer.payload_types),
        "another number of streams than offered": answer.streams != offer.streams,
        "direction does not fit the offer": answer.direction not in _ANSWERS[offer.direction],
    }


def _version_rules(now: Description, before: Description) -> dict[str, bool]:
    """RFC 3264 §8: the same origin; its version counts up by one with every change, and only then."""
    changed = (now.address, now.payload_types, now.direction) != (
        before.address,
        before.payload_types,
        before.direction,
    )
    step = _leading_number(now.origin[2]) - _leading_number(before.origin[2])
    return {
        "another origin than before": now.origin[:2] != before.origin[:2],
        "version does not count the changes": step != 1 if changed else step not in {0, 1},
    }


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
