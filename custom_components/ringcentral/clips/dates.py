"""How days and times are written in the languages of Home Assistant: `dates.json`, which `script/dates` makes of the CLDR."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
import json
from pathlib import Path
from typing import Any, Final

_FILE: Final = Path(__file__).with_name("dates.json")
_USUAL: Final = "en"


@dataclass(frozen=True, slots=True)
class Dates:
    """How a language writes days and times; `weekdays` begin with Monday, `halves` are those of the day or nothing."""

    day_format: str
    clock_format: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    halves: tuple[str, ...]

    def day(self, day: date) -> str:
        """Return a day in words, with its weekday, month and year."""
        return self.day_format.format(
            weekday=self.weekdays[day.weekday()],
            day=day.day,
            month=self.months[day.month - 1],
            number=day.month,
            year=day.year,
        )

    def clock(self, at: datetime | time) -> str:
        """Return a time of the day, to the minute."""
        return self.clock_format.format(
            hour=at.hour,
            hour12=at.hour % 12 or 12,
            minute=at.minute,
            half=self.halves[at.hour // 12] if self.halves else "",
        )


@cache
def dates_of(language: str, country: str | None) -> Dates:
    """Return how a language of Home Assistant is written in a country; English for one that isn't known.

    Reads a file, so not in the event loop.
    """
    languages = _languages()
    written = languages.get(language) or languages.get(language.partition("-")[0]) or languages[_USUAL]
    written = written | written.get("regions", {}).get(country or "", {})
    return Dates(
        written["date"],
        written["time"],
        tuple(written["weekdays"]),
        tuple(written["months"]),
        tuple(written["halves"]),
    )


@cache
def _languages() -> Mapping[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(_FILE.read_text("utf-8"))
    return found
