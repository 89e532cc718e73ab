"""Telephone numbers as a country writes them, compared as E.164 and shown as people there know them."""

from collections.abc import Callable
from functools import partial
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

# What a number is written with besides its digits; anything else is an extension, a name, or no number at all.
_WRITTEN: Final = re.compile(r"(?:tel:)?\s*([+(]*[0-9][0-9\s().\-/]*)", re.IGNORECASE)
# Digits; what is shorter is an extension or a service.
SHORTEST_NATIONAL: Final = 7
# What most countries dial before the code of another (ITU-T E.164).
_EXIT_CODE: Final = "00"
_INTERNAL: Final = re.compile(r"(?=.*\w)[\w.*#+-]{1,40}")
# What address books put in the place of a hyphen, and around a number to keep it in one piece.
_PLAIN: Final = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))
_MARKS: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_DIGITS: Final = re.compile(r"\+[0-9]+")


class Numbering:
    """The numbers of the world as they look from one country.

    Reads much from disk when the first is made, so that nothing is read later: make it off the event loop.
    """

    def __init__(self, country: str | None) -> None:
        """Take a country by its two letters (ISO 3166); without one only +… numbers are told from extensions."""
        import phonenumbers  # noqa: PLC0415 - takes a quarter of a second and eight megabytes, which only lines need

        phonenumbers.PhoneMetadata.load_all()
        self._library = phonenumbers
        self.country = country
        self._home = phonenumbers.country_code_for_region(country) if country else 0
        area = phonenumbers.PhoneMetadata.metadata_for_region(country) if country else None
        own = (area.preferred_international_prefix or area.international_prefix) if area is not None else ""
        # Where any of several is dialled the metadata have a pattern.
        self._exit_codes = {_EXIT_CODE} | ({own} if own and own.isdigit() else set())
        # Read here as well: load_all leaves out what is dialled in one country only.
        short = phonenumbers.PhoneMetadata.short_metadata_for_region(country) if country else None
        known = country if short is not None and short.emergency is not None else None
        self.emergency_numbers: Callable[[str], bool] | None = (
            partial(phonenumbers.is_emergency_number, region_code=known) if known else None
        )
        """Tells whether a number is an emergency number of the country; None where those aren't known."""

    def e164(self, text: str) -> str | None:
        """Return a number in any notation as +… (E.164); None for an extension, a name, or what can't be a number."""
        number = self._parsed(text)
        if number is None:
            return None
        return self._library.format_number(number, self._library.PhoneNumberFormat.E164)

    def canonical(self, text: str) -> str | None:
        """Return what two ways to write one number have in common, for extensions and names themselves.

        None for what nobody can have as a number.
        """
        if (number := self.e164(text)) is not None:
            return number
        if written := _WRITTEN.fullmatch(plain(text)):
            # Too short for a number of the country: an extension, or a service.
            return re.sub(r"[^0-9+]", "", written[1])
        bare = plain(text).casefold()
        return bare if _INTERNAL.fullmatch(bare) else None

    def formatted(self, text: str) -> str:
        """Return a number as people write it: national at home, else international.

        Never + and digits alone, which templates would take for a quantity.
        """
        if (number := self._parsed(text)) is None:
            return _grouped(text) if _DIGITS.fullmatch(text) else text
        formats = self._library.PhoneNumberFormat
        home = number.country_code == self._home
        shown = self._library.format_number(number, formats.NATIONAL if home else formats.INTERNATIONAL)
        return _grouped(shown) if _DIGITS.fullmatch(shown) else shown

    def with_exit_code(self, text: str) -> tuple[str, ...]:
        """Return an international number as some exchanges write it, with what is dialled to leave a country for its plus.

        And with the plus where it was given in that way; nothing for any other number.
        """
        digits = re.sub(r"[^0-9+]", "", plain(text))
        if digits.startswith("+"):
            return tuple(f"{code}{digits[1:]}" for code in self._exit_codes)
        # 00 and little more is an extension.
        given = (digits.removeprefix(code) for code in self._exit_codes if digits.startswith(code))
        return tuple(f"+{rest}" for rest in given if len(rest) >= SHORTEST_NATIONAL)

    def _parsed(self, text: str) -> PhoneNumber | None:
        if (written := _WRITTEN.fullmatch(plain(text))) is None:
            return None
        try:
            number = self._library.parse(written[1], self.country)
        except self._library.NumberParseException:
            return None
        # What has a country code is taken for what it says; without one it may be an extension or a local number.
        if written[1].lstrip("(").startswith("+"):
            real = self._library.is_possible_number(number)
        else:
            long_enough = len(re.sub(r"[^0-9]", "", written[1])) >= SHORTEST_NATIONAL
            real = long_enough and self._library.is_valid_number(number)
        return number if real else None


def plain(text: str) -> str:
    """Return a number as it can be typed on any keyboard, without blanks around it."""
    return _MARKS.sub("", text).translate(_PLAIN).strip()


def _grouped(number: str) -> str:
    """Return + and digits with blanks between: the number has no form that people know."""
    return f"+{number[1:4]} {number[4:]}".strip() if len(number) > 4 else number[1:]
