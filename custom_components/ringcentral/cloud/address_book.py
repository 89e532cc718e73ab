"""A user's own address book at RingCentral: names, and the numbers they speak at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Self

from .fields import JsonObject, obj, shown_text

MAX_NAME: Final = 80
"""Characters; as long as the names that calls bring along."""

_MAX_NUMBER: Final = 40
# The most usual first; fax numbers are left out, for nobody speaks there.
_PHONES: Final = (
    "mobilePhone",
    "homePhone",
    "homePhone2",
    "businessPhone",
    "businessPhone2",
    "companyPhone",
    "assistantPhone",
    "carPhone",
    "otherPhone",
    "callbackPhone",
)


@dataclass(frozen=True, slots=True)
class PersonalContact:
    """Somebody in the address book, with one number at least."""

    name: str = field(repr=False)
    numbers: tuple[str, ...] = field(repr=False)

    @classmethod
    def from_dict(cls, data: object) -> Self | None:
        """Read a record; None for one without a name or a number. Raise ValueError when it is no record."""
        record = obj(data, "contact")
        name = next(_names(record), None)
        phones = (shown_text(record.get(key), _MAX_NUMBER + 1) for key in _PHONES)
        numbers = tuple(dict.fromkeys(phone for phone in phones if phone and len(phone) <= _MAX_NUMBER))
        return cls(name, numbers) if name and numbers else None


def personal_contacts(records: Iterable[object]) -> tuple[PersonalContact, ...]:
    """Return the contacts among the records of `GET …/address-book/contact`; what is none is passed over."""
    return tuple(_contacts(records))


def _contacts(records: Iterable[object]) -> Iterator[PersonalContact]:
    for record in records:
        try:
            contact = PersonalContact.from_dict(record)
        except ValueError:
            continue
        if contact is not None:
            yield contact


def _names(record: JsonObject) -> Iterator[str]:
    """Yield what it may be called: first and last name, else the nickname, else the company."""
    first, last, nickname, company = (
        shown_text(record.get(key), MAX_NAME) for key in ("firstName", "lastName", "nickName", "company")
    )
    full = f"{first} {last}".strip()[:MAX_NAME].strip()
    yield from (name for name in (full, nickname, company) if name)
