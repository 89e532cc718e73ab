"""The call log of a user of RingCentral: the calls of all phones of the extension."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from .mailbox import moment_of
from .paging import page_of
from .refusals import Refused, need
from .user import Account

_TYPES: Final = frozenset({"Voice", "Fax"})
_VIEWS: Final = frozenset({"Simple", "Detailed"})
_DAY: Final = timedelta(days=1)


class CallRecords:
    """One user's; `records` are as RingCentral shows them, and may be spoiled for a test."""

    def __init__(self, account: Account) -> None:
        """Begin with none."""
        self._account = account
        self.records: list[dict[str, Any]] = []

    def add(
        self,
        result: str,
        *,
        number: str | None = None,
        name: str | None = None,
        outgoing: bool = False,
        at: datetime | None = None,
        seconds: int = 0,
        session: str | None = None,
        message_id: str | None = None,
    ) -> dict[str, Any]:
        """Note a call, and return its record."""
        record_id = f"CzxYxmjG1{len(self.records):03}kLUA"
        started = (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
        party = {"phoneNumber": number, "name": name}
        other = {key: value for key, value in party.items() if value is not None}
        own = {"phoneNumber": self._account.main_number, "name": self._account.name}
        record = {
            "uri": f"/restapi/v1.0/account/~/extension/~/call-log/{record_id}?view=Simple",
            "id": record_id,
            "sessionId": str(35464233129848 + len(self.records)),
            "telephonySessionId": session or f"s-a0d16e0b5da1az18f{len(self.records):03}",
            "startTime": started.replace("+00:00", "Z"),
            "duration": seconds,
            "durationMs": seconds * 1000,
            "type": "Voice",
            "internalType": "LongDistance",
            "direction": "Outbound" if outgoing else "Inbound",
            "action": "VoIP Call" if outgoing else "Phone Call",
            "result": result,
            "to": other if outgoing else own,
            "from": own if outgoing else other,
            **({"message": {"id": message_id, "type": "VoiceMail"}} if message_id else {}),
        }
        self.records.append(record)
        return record

    def page(self, query: Mapping[str, str], uri: str) -> dict[str, Any]:
        """Return the page of the list that is asked for, newest first; raises Refused."""
        need("ReadCallLog", self._account.user_permissions)
        kind, view = query.get("type"), query.get("view", "Simple")
        if kind not in {None, *_TYPES} or view not in _VIEWS:
            raise Refused("CMN-101")
        until = moment_of(query.get("dateTo"), datetime.now(UTC) + timedelta(seconds=1))
        since = moment_of(query.get("dateFrom"), until - _DAY)
        found = [
            record
            for record in self.records
            if kind in {None, record["type"]}
            and since <= datetime.fromisoformat(record["startTime"]) <= until
        ]
        found.sort(key=lambda record: str(record["startTime"]), reverse=True)
        return page_of(found, query, uri)
