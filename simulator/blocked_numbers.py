"""The numbers that a user of RingCentral takes no calls from, or always takes them."""

from collections.abc import Mapping
import re
from typing import Any, Final

from .paging import page_of
from .refusals import Refused, need
from .user import Account

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


class BlockedNumbers:
    """One user's list; `records` are the entries by id, as RingCentral shows them."""

    def __init__(self, account: Account) -> None:
        """Begin with none."""
        self._account = account
        self._next_id = 541080001
        self.records: dict[str, dict[str, Any]] = {}

    @property
    def numbers(self) -> list[str]:
        """The numbers of all entries, oldest first."""
        return [record["phoneNumber"] for record in self.records.values()]

    def enter(self, number: str, label: str = "", status: str = "Blocked") -> dict[str, Any]:
        """Make an entry, as somebody does in RingCentral's own app."""
        entry_id, self._next_id = str(self._next_id), self._next_id + 1
        self.records[entry_id] = {"id": entry_id, "phoneNumber": number, "label": label, "status": status}
        return self.records[entry_id]

    def page(self, query: Mapping[str, str], uri: str) -> dict[str, Any]:
        """Return the page that is asked for; raises Refused."""
        need("ReadBlockedNumbers", self._account.user_permissions)
        return page_of(list(self.records.values()), query, uri)

    def add(self, body: Any) -> dict[str, Any]:
        """Make the entry that is asked for; raises Refused."""
        need("EditBlockedNumbers", self._account.user_permissions)
        asked = body if isinstance(body, dict) else {}
        number, status = asked.get("phoneNumber"), asked.get("status", "Blocked")
        if not _E164.fullmatch(str(number)) or status not in {"Blocked", "Allowed"} or number in self.numbers:
            raise Refused("CMN-101")
        return self.enter(str(number), str(asked.get("label", "")), status)

    def remove(self, entry_id: str) -> None:
        """Take an entry away; raises Refused."""
        need("EditBlockedNumbers", self._account.user_permissions)
        if entry_id not in self.records:
            raise Refused("CMN-102")
        del self.records[entry_id]
