"""What can be dialled, and what keeps a call from being placed.

DialError
├── InvalidNumberError      nothing that a telephone could dial
├── EmergencyNumberError    a person would answer whose time is for others
├── NoLineError             the line isn't registered
├── TooManyCallsError       there are as many calls as the line may have
└── TransferPendingError    the call is being handed on already
"""

from collections.abc import Callable
import re
from typing import Final

_SEPARATORS: Final = str.maketrans("", "", " -.()/")
# A plus and at least the shortest national number there is, or any digits and the keys beside them.
_NUMBER: Final = re.compile(r"\+[0-9]{7,15}|[0-9*#]{1,40}", re.ASCII)
# An extension's name. Nothing of it needs care in a URI.
_NAME: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?", re.ASCII)

# Reach help from any mobile, wherever it is.
_EVERYWHERE: Final = frozenset({"112", "911"})
# By the world's lists of emergency numbers, also those of one service alone; where two places disagree the number counts.
_EMERGENCY: Final = frozenset(
    {
        "000", "061", "062", "066", "080", "088", "092", "100", "101", "102", "103", "104", "105", "106", "107",
        "108", "110", "111", "112", "113", "114", "115", "116", "117", "118", "119", "120", "121", "122", "123",
        "124", "125", "127", "128", "129", "130", "131", "132", "133", "134", "140", "141", "142", "143", "144",
        "150", "155", "158", "160", "161", "166", "170", "171", "175", "180", "184", "185", "190", "191", "192",
        "193", "194", "195", "196", "197", "198", "199", "444", "555", "902", "903", "911", "912", "913", "914",
        "917", "919", "988", "990", "991", "992", "993", "994", "995", "997", "998", "999", "1122", "1717", "1730",
        "4444", "9999", "116117", "10111", "10177",
    }
)  # fmt: skip
_BRIEF_EMERGENCY: Final = frozenset({"14", "15", "16", "17", "18", "19"})
# What comes before the number itself. A code such as *67 runs into it.
_SPLITS: Final = (re.compile(r"[#+*]"), re.compile(r"[#+]|\*[0-9]{2}(?=[0-9]{2})|\*"))
# What gets a line out of a house's exchange.
_OUTSIDE_LINE: Final = ("0", "9")


class DialError(Exception):
    """The call was not placed."""


class InvalidNumberError(DialError):
    """Nobody can be called by this."""


class EmergencyNumberError(DialError):
    """An emergency service would answer."""


class NoLineError(DialError):
    """The line is not registered."""


class TooManyCallsError(DialError):
    """There are as many calls as there may be."""


class TransferPendingError(DialError):
    """The call is being handed on to somebody already."""


def dialled(number: str) -> str:
    """Return a number without what only makes it readable, or an extension's name; raises InvalidNumberError."""
    plain = number.strip()
    bare = plain.translate(_SEPARATORS)
    if _NUMBER.fullmatch(bare):
        return bare
    if _NAME.fullmatch(plain):
        return plain
    raise InvalidNumberError("A number has digits, *, # and perhaps a + before them")


def is_emergency(number: str, of_country: Callable[[str], bool] | None = None) -> bool:
    """Whether an emergency service may answer a dialled number, behind any prefix.

    `of_country` knows a country's emergency numbers; without it those of all countries count.
    """
    # Many keypads end a number with "#", and their exchange takes it away.
    plain = number.rstrip("#*")
    if of_country is None and plain in _BRIEF_EMERGENCY:
        return True
    last = {splits.split(plain)[-1] for splits in _SPLITS}
    known = of_country or _EMERGENCY.__contains__
    ways = last | {digits.removeprefix(out) for digits in last for out in _OUTSIDE_LINE}
    return any(digits in _EVERYWHERE or (digits.isdecimal() and known(digits)) for digits in ways)
