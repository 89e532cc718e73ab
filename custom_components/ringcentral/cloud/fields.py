"""Typed members of a JSON object. A ValueError names the member, never its value."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

type JsonObject = Mapping[str, object]

TEXT_LIMIT: Final = 256
"""Characters. SIP's values are shorter by far, and end up in headers."""


def obj(value: object, name: str) -> JsonObject:
    """Return the object that `value` is, or raise ValueError."""
    if isinstance(value, Mapping):
        return value
    raise ValueError(f"{name} is not an object")


def text(parent: JsonObject, key: str, *, limit: int = TEXT_LIMIT) -> str:
    """Return the non-empty text at `key`; a whole number is taken as its digits. Raise ValueError otherwise."""
    value = optional_text(parent, key, limit=limit)
    if value is None:
        raise ValueError(f"{key} is missing")
    return value


def optional_text(parent: JsonObject, key: str, *, limit: int = TEXT_LIMIT) -> str | None:
    """Return the text at `key`, None when absent, null or empty. Raise ValueError for any other thing.

    Control characters and anything longer than `limit` are refused: these values are sent on in headers.
    """
    value = parent.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > limit or not value.isprintable():
        raise ValueError(f"{key} is not a text of at most {limit} printable characters")
    return value


def shown_text(value: object, limit: int) -> str:
    """Return text that is only shown: blanks made single, nothing unprintable, cut; empty for any other thing."""
    if not isinstance(value, str):
        return ""
    # Bounded first: what is cut anyway needn't be looked at.
    printable = "".join(c if c.isprintable() else " " for c in value[: 4 * limit])
    return " ".join(printable.split())[:limit].strip()


def optional_whole(parent: JsonObject, key: str) -> int | None:
    """Return the whole number at `key`, also when written as digits; None when absent, null or empty."""
    value = parent.get(key)
    if value is None or value == "":
        return None
    return whole(value, key)


def whole(value: object, name: str) -> int:
    """Return the whole number that `value` is, also when written as digits. Raise ValueError otherwise."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    raise ValueError(f"{name} is not a whole number")


def moment(parent: JsonObject, key: str) -> datetime:
    """Return the moment at `key` (ISO 8601 with its zone) in UTC, one of this century. Raise ValueError otherwise."""
    try:
        at = datetime.fromisoformat(text(parent, key))
    except ValueError:
        raise ValueError(f"{key} is not a moment") from None
    if at.tzinfo is None or not 2000 <= at.year < 2100:
        raise ValueError(f"{key} is not a moment of this century")
    return at.astimezone(UTC)


def flag(parent: JsonObject, key: str, *, default: bool) -> bool:
    """Return the boolean at `key`, `default` when absent or null. Raise ValueError for any other thing."""
    value = parent.get(key)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    raise ValueError(f"{key} is not a boolean")


def items(parent: JsonObject, key: str) -> list[object]:
    """Return the array at `key`, empty when absent or null. Raise ValueError for any other thing."""
    value = parent.get(key)
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise ValueError(f"{key} is not an array")
