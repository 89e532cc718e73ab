"""Who calls: each call's caller as the line knows him, and what is done about him."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from ..const import CONF_ANONYMOUS_CALLS, CONF_BLOCKED_CALLS, Treatment
from ..softphone import Call, CallState, Direction, Party
from ..softphone.calls.dialing import is_emergency
from .contacts import Contact, ContactBook
from .numbering import Numbering

REPEAT_WITHIN: Final = timedelta(minutes=3)
UNANSWERED: Final = frozenset({CallState.RINGING, CallState.DIALING})
# What is filed of a call is told after its end.
_REMEMBERED: Final = 32


@dataclass(frozen=True, slots=True)
class Caller:
    """What the line knows of a call's sides; formatted are their numbers as people write them."""

    contact: Contact | None = None
    formatted: str | None = None
    called_formatted: str | None = None
    is_anonymous: bool = False
    is_repeat: bool = False
    treatment: Treatment = Treatment.RING

    @property
    def kept_away(self) -> bool:
        """Whether the call is to be noticed by nobody before it is answered."""
        return self.treatment is not Treatment.RING

    def attributes(self) -> dict[str, Any]:
        """Return what automations may ask about it."""
        return {
            "caller_formatted": self.formatted,
            "called_formatted": self.called_formatted,
            "is_contact": self.contact is not None,
            "is_favorite": self.contact is not None and self.contact.favorite,
            "is_blocked": self.contact is not None and self.contact.blocked,
            "is_door_station": self.contact is not None and self.contact.door_station,
            "is_anonymous": self.is_anonymous,
            "is_repeat": self.is_repeat,
        }


class Callers:
    """Remembers the callers of a line's calls, and who has just tried in vain."""

    def __init__(self) -> None:
        """Know nobody yet, and no country."""
        self._numbering: Numbering | None = None
        self._book: ContactBook | None = None
        self._callers: dict[str, Caller] = {}
        self._ended: deque[str] = deque()
        self._in_vain: dict[str, datetime] = {}

    @property
    def has_door_station(self) -> bool:
        """Whether one of the contacts is one."""
        return self._book is not None and self._book.has_door_station

    @property
    def has_door_that_opens(self) -> bool:
        """Whether one of the contacts is a door station whose door can be opened by keys."""
        return self._book is not None and self._book.has_door_that_opens

    def learn(self, book: ContactBook, numbering: Numbering) -> None:
        """Know these contacts from the next call on."""
        self._book, self._numbering = book, numbering

    def of(self, call_id: str) -> Caller:
        """Return what was known of a call when it began."""
        return self._callers.get(call_id) or Caller()

    def known(self, call: Call) -> Caller:
        """Return what was known of a call when it began, and of one that is long over what its numbers tell today."""
        return self._callers.get(call.call_id) or self._sides(call)

    def meet(self, call: Call, options: Mapping[str, Any], now: datetime) -> Caller:
        """Return, and remember, what is known of a call that begins; the line's options say what to do about it."""
        number = call.caller.number if call.direction is Direction.INCOMING else None
        missed = self._in_vain.get(number) if number is not None else None
        repeat = missed is not None and now - missed <= REPEAT_WITHIN
        caller = replace(self._sides(call), is_repeat=repeat)
        caller = replace(caller, treatment=_treatment(caller, options))
        self._callers[call.call_id] = caller
        return caller

    def named(self, call: Call) -> Call:
        """Return a call with the name its caller has in the contacts: that one is ours, the network's anybody's."""
        contact = self.of(call.call_id).contact
        return call if contact is None else replace(call, caller=Party(call.caller.number, contact.name))

    def shows(self, call: Call) -> bool:
        """Whether anybody is to notice a call: not while it rings for its caller alone."""
        return call.state not in UNANSWERED or not self.of(call.call_id).kept_away

    def ended(self, call: Call, now: datetime, *, unanswered: bool) -> None:
        """Note that a call is over, and whether nobody answered it."""
        self._in_vain = {number: at for number, at in self._in_vain.items() if now - at <= REPEAT_WITHIN}
        if unanswered and call.caller.number is not None:
            self._in_vain[call.caller.number] = now
        self._ended.append(call.call_id)
        if len(self._ended) > _REMEMBERED:
            self._callers.pop(self._ended.popleft(), None)

    def e164(self, number: str) -> str | None:
        """Return a number as it is called from anywhere; None for an extension, or before any country is known."""
        return self._numbering.e164(number) if self._numbering is not None else None

    def contact(self, number: str | None) -> Contact | None:
        """Return whose number it is; None where it is nobody's."""
        return self._book.match(number) if self._book is not None else None

    def is_emergency(self, number: str) -> bool:
        """Whether an emergency service of the country may answer a dialled number, of any before one is known."""
        return is_emergency(
            number, self._numbering.emergency_numbers if self._numbering is not None else None
        )

    def formatted(self, number: str | None) -> str | None:
        """Return a number as people write it, or as it is before any country is known."""
        return number if number is None or self._numbering is None else self._numbering.formatted(number)

    def _sides(self, call: Call) -> Caller:
        number, incoming = call.caller.number, call.direction is Direction.INCOMING
        return Caller(
            contact=self.contact(number) if incoming else None,
            formatted=self.formatted(number),
            called_formatted=self.formatted(call.called.number),
            is_anonymous=incoming and number is None,
        )


def _treatment(caller: Caller, options: Mapping[str, Any]) -> Treatment:
    if caller.contact is not None and caller.contact.blocked:
        return Treatment(options.get(CONF_BLOCKED_CALLS, Treatment.REJECT))
    if caller.is_anonymous:
        return Treatment(options.get(CONF_ANONYMOUS_CALLS, Treatment.RING))
    return Treatment.RING
