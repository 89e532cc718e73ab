"""A number that a user of RingCentral takes no calls from, or always takes them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Self

from .fields import obj, shown_text, text

_MAX_LABEL: Final = 64


@dataclass(frozen=True, slots=True)
class BlockedNumber:
    """An entry of the list of blocked and allowed numbers; the number is E.164, the label may be empty."""

    id: str = field(repr=False)
    number: str = field(repr=False)
    label: str = field(repr=False)

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read a record of the list, or what was made. Raise ValueError when it isn't one."""
        record = obj(data, "number")
        return cls(
            # It becomes part of an address.
            id=str(int(text(record, "id"))),
            number=text(record, "phoneNumber"),
            label=label_of(record.get("label")),
        )


def blocked_numbers(records: Iterable[object]) -> tuple[BlockedNumber, ...]:
    """Return the entries among the records of `GET …/caller-blocking/phone-numbers`; what is none is passed over."""
    return tuple(_entries(records))


def label_of(name: object) -> str:
    """Return what a number can be called there: a name in one line, 64 characters at most."""
    return shown_text(name, _MAX_LABEL)


def _entries(records: Iterable[object]) -> Iterator[BlockedNumber]:
    for record in records:
        try:
            yield BlockedNumber.from_dict(record)
        except ValueError:
            continue
