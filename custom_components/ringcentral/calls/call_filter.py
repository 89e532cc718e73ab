"""Which calls an automation is for: the filters that triggers offer, each decided by the attributes of a call's event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..softphone import Direction

KEYS: Final = "0123456789*#ABCD"

# What is asked of a call's event where only some callers are meant.
_PEOPLE: Final = {"contacts": "is_contact", "favorites": "is_favorite"}
_IN_NUMBERS: Final = frozenset("+*#@_")


@dataclass(frozen=True, slots=True)
class CallFilter:
    """A filter: what people may enter, and whether it lets a call's event through."""

    validate: Callable[[Any], Any]
    lets_through: Callable[[Any, Mapping[str, Any]], bool]


def number_pattern(value: object) -> str:
    """Return a number, or the beginning of one with a `*`, without its separators; raises vol.Invalid.

    YAML reads +15550100 as an integer and loses the plus, so a pattern without one fits numbers with and without.
    """
    pattern = _bare(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not pattern:
        raise vol.Invalid(
            "a telephone number is text, such as '+1 555 010 0142', or its beginning, as in '+1555*'"
        )
    return pattern


def key(value: object) -> str:
    """Return a key of a telephone; raises vol.Invalid."""
    name = str(value).strip().upper()
    if len(name) != 1 or name not in KEYS:
        raise vol.Invalid("a key is one of 0 to 9, '*', '#' and A to D")
    return name


def _bare(number: str) -> str:
    return "".join(c for c in number if c.isalnum() or c in _IN_NUMBERS).casefold()


def fits(pattern: str, number: str) -> bool:
    """Whether a number is that of a pattern."""
    bare = _bare(number)
    return fnmatchcase(bare if pattern.startswith("+") else bare.removeprefix("+"), pattern)


def _is_of_number(patterns: list[str], call: Mapping[str, Any]) -> bool:
    outgoing = call.get("direction") == Direction.OUTGOING
    numbers = [
        call.get(name)
        for name in (("called", "called_formatted") if outgoing else ("caller", "caller_formatted"))
    ]
    # What was entered and cleared again in the editor is an empty list.
    return not patterns or any(fits(pattern, number) for number in numbers if number for pattern in patterns)


def _is_of_people(people: str, call: Mapping[str, Any]) -> bool:
    return call.get(_PEOPLE[people]) is True


def _is_in_direction(direction: str, call: Mapping[str, Any]) -> bool:
    return call.get("direction") == direction


def _is_of_key(keys: list[str], call: Mapping[str, Any]) -> bool:
    return not keys or str(call.get("digit")).upper() in keys


FILTERS: Final = {
    "number": CallFilter(vol.All(cv.ensure_list, [number_pattern]), _is_of_number),
    "callers": CallFilter(vol.In([*_PEOPLE]), _is_of_people),
    "direction": CallFilter(vol.In([direction.value for direction in Direction]), _is_in_direction),
    "key": CallFilter(vol.All(cv.ensure_list, [key]), _is_of_key),
}
