"""The messages that callers leave for a user of RingCentral, as its message store shows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from .paging import page_of
from .refusals import Refused, need
from .user import Account

_TYPES: Final = frozenset({"Fax", "SMS", "VoiceMail", "Pager", "All"})
_STATUSES: Final = frozenset({"Read", "Unread"})
_AVAILABILITIES: Final = frozenset({"Alive", "Deleted", "Purged"})
_NEXT: Final = {"Alive": "Deleted", "Deleted": "Purged", "Purged": "Purged"}
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Content:
    """An attachment as it is downloaded."""

    type: str
    data: bytes = field(repr=False)


class Mailbox:
    """One user's; `records` are the messages by id, as RingCentral shows them, and may be spoiled for a test."""

    def __init__(self, account: Account, uri: str = "") -> None:
        """Begin with none; `uri` is where the messages are."""
        self._account = account
        self._next_id = 402406985008
        self.uri = uri
        self.records: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, Content] = {}

    def leave(
        self,
        sound: bytes,
        *,
        number: str | None = None,
        name: str | None = None,
        at: datetime | None = None,
        seconds: int = 1,
        media_type: str = "audio/mpeg",
        words: str | None = None,
    ) -> str:
        """Leave a message, and return its id. Words are the transcription, which may also come later, by `write_down`."""
        message_id = self._new_id()
        created = _text(at or datetime.now(UTC))
        party = {"phoneNumber": number, "name": name}
        self.records[message_id] = {
            "uri": f"{self.uri}/{message_id}",
            "id": int(message_id),
            "to": [{"name": self._account.name, "extensionNumber": self._account.extension_number}],
            "from": {key: value for key, value in party.items() if value is not None},
            "type": "VoiceMail",
            "creationTime": created,
            "lastModifiedTime": created,
            "readStatus": "Unread",
            "priority": "Normal",
            "attachments": [],
            "direction": "Inbound",
            "availability": "Alive",
            "messageStatus": "Received",
            "vmTranscriptionStatus": "NotAvailable",
        }
        self._attach(message_id, Content(media_type, sound), type="AudioRecording", vmDuration=seconds)
        if words is not None:
            self.write_down(message_id, words)
        return message_id

    def write_down(self, message_id: str, words: str, status: str = "Completed") -> None:
        """Add the transcription of a message."""
        self._attach(message_id, Content("text/plain", words.encode()), type="AudioTranscription")
        self.records[message_id]["vmTranscriptionStatus"] = status

    def read(self, message_id: str, status: str = "Read") -> None:
        """Listen to a message, as somebody does in RingCentral's own app."""
        self.records[message_id]["readStatus"] = status

    def statuses(self) -> list[str]:
        """Return the read status of each message that is there, oldest first."""
        return [record["readStatus"] for record in self.records.values() if record["availability"] == "Alive"]

    def page(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Return the page of the list that is asked for, newest first; raises Refused."""
        need("ReadMessages", self._account.user_permissions)
        kind, availability = query.get("messageType", "All"), query.get("availability", "Alive")
        if kind not in _TYPES or availability not in _AVAILABILITIES:
            raise Refused("CMN-101")
        now = datetime.now(UTC)
        until = moment_of(query.get("dateTo"), now + timedelta(seconds=1))
        since = moment_of(query.get("dateFrom"), until - _DAY)
        found = [
            record
            for record in self.records.values()
            if kind in {"All", record["type"]}
            and record["availability"] == availability
            and since <= datetime.fromisoformat(record["creationTime"]) <= until
        ]
        found.sort(key=lambda record: str(record["creationTime"]), reverse=True)
        return page_of(found, query, self.uri)

    def content(self, message_id: str, attachment_id: str) -> Content:
        """Return an attachment; raises Refused."""
        attachments = self._message(message_id)["attachments"]
        if not any(str(attachment["id"]) == attachment_id for attachment in attachments):
            raise Refused("CMN-102")
        return self.contents[attachment_id]

    def update(self, message_id: str, body: Any) -> dict[str, Any]:
        """Change whether a message is read, which is all that can be changed; raises Refused."""
        need("EditMessages", self._account.user_permissions)
        record = self._message(message_id)
        status = body.get("readStatus") if isinstance(body, dict) else None
        if status not in _STATUSES:
            raise Refused("CMN-101")
        record["readStatus"] = status
        return record

    def delete(self, message_id: str, query: Mapping[str, str]) -> None:
        """Delete a message, once to find it again among the deleted ones, twice for good; raises Refused."""
        need("EditMessages", self._account.user_permissions)
        record = self._message(message_id)
        if query.get("type", "All") not in {"All", record["type"]}:
            raise Refused("CMN-102")
        purged = query.get("purge") == "true"
        record["availability"] = "Purged" if purged else _NEXT[record["availability"]]

    def _message(self, message_id: str) -> dict[str, Any]:
        if message_id not in self.records:
            raise Refused("CMN-102")
        return self.records[message_id]

    def _attach(self, message_id: str, content: Content, **fields: Any) -> None:
        attachment_id = self._new_id()
        self.contents[attachment_id] = content
        uri = f"{self.uri}/{message_id}/content/{attachment_id}"
        self.records[message_id]["attachments"].append(
            {"id": int(attachment_id), "uri": uri, "contentType": content.type, **fields}
        )

    def _new_id(self) -> str:
        self._next_id += 1
        return str(self._next_id)


def moment_of(text: str | None, usual: datetime) -> datetime:
    """Return the moment that a query names, or the usual one; raises Refused."""
    if text is None:
        return usual
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("CMN-101") from None
    if moment.tzinfo is None:
        raise Refused("CMN-101")
    return moment


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
