"""The contacts that a user of RingCentral keeps there."""

from collections.abc import Mapping
from typing import Any

from .paging import page_of
from .refusals import need
from .user import Account


class AddressBook:
    """One user's; `records` are as RingCentral shows them, and may be spoiled for a test."""

    def __init__(self, account: Account) -> None:
        """Begin with nobody."""
        self._account = account
        self.records: list[Any] = []

    def add(self, **fields: str) -> None:
        """Keep somebody, with fields such as `firstName` and `mobilePhone`."""
        self.records.append(
            {"id": 623045000 + len(self.records), "availability": "Alive", **fields},
        )

    def page(self, query: Mapping[str, str], uri: str) -> dict[str, Any]:
        """Return the page that is asked for; raises Refused."""
        need("ReadPersonalContacts", self._account.user_permissions)
        return page_of(self.records, query, uri)
