"""Who is who: the people and devices that a line knows by their numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
import re
from typing import Any, Final, Self

from homeassistant.const import CONF_NAME

from ..const import (
    CONF_ANSWER_AUTOMATICALLY,
    CONF_BLOCKED,
    CONF_DOOR_STATION,
    CONF_FAVORITE,
    CONF_GREETING,
    CONF_NUMBERS,
    CONF_OPENING_KEYS,
    CONF_RECORDING,
    ContactRecording,
)
from .numbering import Numbering, plain

# Digits that two ways to write a number must have in common where no country tells what they stand for.
SHORTEST_TAIL: Final = 7

_WILDCARD: Final = re.compile(r"(\+?[0-9][0-9\s().\-/]*)\*")
_NUMBER: Final = re.compile(r"\+?[0-9]+")


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody the line knows; numbers are as they were written, and one that ends in * stands for many.

    opening_keys are what a door station wants pressed to open its door, with a comma for a pause, and greeting is what
    the answering machine says to this caller; either is empty where there is none.
    """

    name: str = field(repr=False)
    numbers: tuple[str, ...] = field(repr=False)
    favorite: bool = False
    blocked: bool = False
    door_station: bool = False
    opening_keys: str = field(default="", repr=False)
    greeting: str = field(default="", repr=False)
    answer_automatically: bool = False
    recording: ContactRecording = ContactRecording.AS_LINE

    @property
    def opens(self) -> bool:
        """Whether it is a door station whose door can be opened by keys."""
        return self.door_station and bool(self.opening_keys)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Return a contact as a configuration subentry keeps it."""
        return cls(
            name=data[CONF_NAME],
            numbers=tuple(data[CONF_NUMBERS]),
            favorite=data.get(CONF_FAVORITE, False),
            blocked=data.get(CONF_BLOCKED, False),
            door_station=data.get(CONF_DOOR_STATION, False),
            opening_keys=data.get(CONF_OPENING_KEYS, ""),
            greeting=data.get(CONF_GREETING, ""),
            answer_automatically=data.get(CONF_ANSWER_AUTOMATICALLY, False),
            recording=ContactRecording(data.get(CONF_RECORDING, ContactRecording.AS_LINE)),
        )


class ContactBook:
    """Finds a contact by a number in any notation; `others` are asked for whom it doesn't know."""

    def __init__(
        self, contacts: Iterable[Contact], numbering: Numbering, others: ContactBook | None = None
    ) -> None:
        """Know these contacts; of two with one number the first has it."""
        self.others = others
        self._numbering = numbering
        self._exact: dict[str, Contact] = {}
        self._prefixes: dict[str, Contact] = {}
        self._tails: dict[str, list[tuple[str, Contact]]] = {}
        self.has_door_station = False
        self.has_door_that_opens = False
        for contact in contacts:
            self.has_door_station |= contact.door_station
            self.has_door_that_opens |= contact.opens
            for number in contact.numbers:
                self._learn(number, contact)

    def match(self, number: str | None) -> Contact | None:
        """Return whose number it is: exactly, else by its last digits, else by the longest number with a wildcard."""
        if number is None or (key := canonical(number, self._numbering)) is None:
            return None
        found = self._exact.get(key) or self._by_tail(key) or self._by_prefix(key)
        return found or (self.others.match(number) if self.others is not None else None)

    def _learn(self, number: str, contact: Contact) -> None:
        if (key := canonical(number, self._numbering)) is None:
            return
        if key.endswith("*"):
            self._prefixes.setdefault(key.removesuffix("*"), contact)
            return
        self._exact.setdefault(key, contact)
        digits = key.lstrip("+0")
        if _NUMBER.fullmatch(key) and len(digits) >= SHORTEST_TAIL:
            self._tails.setdefault(digits[-SHORTEST_TAIL:], []).append((key, contact))

    def _by_tail(self, key: str) -> Contact | None:
        if not _NUMBER.fullmatch(key):
            return None
        candidates = self._tails.get(key[-SHORTEST_TAIL:], [])
        found = {id(contact): contact for known, contact in candidates if _same_tail(known, key)}
        return found.popitem()[1] if len(found) == 1 else None

    def _by_prefix(self, key: str) -> Contact | None:
        if not self._prefixes:
            return None
        starts = (key[:length] for length in range(len(key), 0, -1))
        return next((self._prefixes[start] for start in starts if start in self._prefixes), None)


def canonical(number: str, numbering: Numbering) -> str | None:
    """Return what is compared: E.164, an extension or a name, or a beginning with * behind it; None for no number."""
    if wildcard := _WILDCARD.fullmatch(plain(number)):
        return re.sub(r"[^0-9+]", "", wildcard[1]) + "*"
    return numbering.canonical(number)


def _same_tail(known: str, key: str) -> bool:
    """Tell whether one is the end of the other; two that are E.164 would have been the same."""
    if known.startswith("+") and key.startswith("+"):
        return False
    shorter, longer = sorted((known.lstrip("+0"), key.lstrip("+0")), key=len)
    return len(shorter) >= SHORTEST_TAIL and longer.endswith(shorter)
