"""Who calls whom, as far as the wire tells. What it tells is data: bounded, printable, never proof."""

from collections.abc import Iterator
from dataclasses import dataclass, field
import re
from typing import Final
import unicodedata

from .rc_message import RcMessage
from .sip.address import NameAddr, parse_name_addr, split_list
from .sip.message import Request

MAX_NAME: Final = 80
MAX_NUMBER: Final = 40

_ANONYMOUS: Final = frozenset({"anonymous", "restricted", "private", "unavailable", "unknown", "withheld"})
_SEPARATORS: Final = str.maketrans("", "", " -.()/")
_SESSION: Final = re.compile(
    r"(?:^|;)\s*session-id\s*=\s*([\w.-]{1,128})\s*(?:;|$)", re.ASCII | re.IGNORECASE
)
_DIALLED: Final = re.compile(r"\+?[0-9*#]+")
# RingCentral's user name of a provisioned device: main number * extension, at times with a suffix.
_MAIN_NUMBER: Final = re.compile(r"(\+?\d{7,15})\*\d+(?:-\w+)?")


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a call; both None for somebody who doesn't say."""

    number: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)


def caller_of(invite: Request, rc: RcMessage | None) -> Party:
    """Return who calls: RingCentral's P-rc body, else P-Asserted-Identity, else From (RFC 3325)."""
    stated = list(_stated_callers(invite, rc))
    return Party(
        number=next((number for number, _ in stated if number), None),
        name=next((name for _, name in stated if name), None),
    )


def called_of(invite: Request, rc: RcMessage | None) -> Party:
    """Return who is called: the number in P-rc, else the user of To."""
    body = rc.body if rc else {}
    user = invite.to.user
    if match := _MAIN_NUMBER.fullmatch(user):
        user = match[1]
    return Party(clean_number(body.get("ToPhn", "")) or clean_number(user), clean_name(body.get("ToNm", "")))


def session_of(invite: Request) -> str | None:
    """Return what RingCentral calls the call in its call log and elsewhere: the session of `p-rc-api-ids`."""
    found = _SESSION.search(invite.headers.get("p-rc-api-ids") or "")
    return found[1] if found else None


def clean_text(text: str) -> str:
    """Return text without control, format and unassigned characters, blanks made single, bounded."""
    printable = "".join(
        " " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C"
    )
    return " ".join(printable.split())[:MAX_NAME].strip()


def clean_name(text: str) -> str | None:
    """Return a display name fit to be shown (see clean_text); None when nothing is left of it."""
    name = clean_text(text)
    return None if not name or name.lower() in _ANONYMOUS else name


def clean_number(text: str) -> str | None:
    """Return a number without separators, or the bare user name of a SIP address; None for anonymous or nothing."""
    dialled = text.translate(_SEPARATORS)
    number = dialled if _DIALLED.fullmatch(dialled) else clean_name(text)
    return number[:MAX_NUMBER].rstrip() if number else None


def _stated_callers(invite: Request, rc: RcMessage | None) -> Iterator[tuple[str | None, str | None]]:
    if rc is not None:
        yield _stated(rc.body.get("Phn", ""), rc.body.get("Nm", ""))
    # A caller who asked for privacy has it, also where the network still says who it is (RFC 3325 §9.3).
    private = any(
        "id" in value.lower().replace(";", " ").split() for value in invite.headers.get_all("Privacy")
    )
    for line in [] if private else invite.headers.get_all("P-Asserted-Identity"):
        for value in split_list(line):
            if (identity := parse_name_addr(value)) is not None:
                yield _stated(_user_of(identity), identity.display_name)
    yield _stated(_user_of(invite.from_), invite.from_.display_name)


def _user_of(address: NameAddr) -> str:
    return "" if address.host == "anonymous.invalid" else address.user


def _stated(number: str, name: str) -> tuple[str | None, str | None]:
    cleaned = clean_number(number)
    # Many servers repeat the number as the name.
    said = clean_name(name)
    return cleaned, None if said is not None and clean_number(said) == cleaned else said
