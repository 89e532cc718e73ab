"""The messages in a user's mailbox at RingCentral: who left them and when, and where their sound and words are."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Self
from urllib.parse import urlsplit

from .fields import JsonObject, items, moment, obj, shown_text, text

MAX_NAME: Final = 80
"""Characters; as long as the names that calls bring along."""

_MAX_NUMBER: Final = 40
_MAX_STATUS: Final = 40
_VOICEMAIL: Final = "VoiceMail"
_SOUND: Final = "AudioRecording"
_WORDS: Final = "AudioTranscription"
# Of vmTranscriptionStatus: the words are there; they may still come.
_WRITTEN: Final = frozenset({"Completed", "CompletedPartially"})
_BEING_WRITTEN: Final = "InProgress"


@dataclass(frozen=True, slots=True)
class VoiceMessage:
    """A message that somebody has left.

    Attributes:
        created_at: when, in UTC.
        read: whether somebody has listened to it.
        number: who called, as RingCentral writes it: E.164 or an extension; None for somebody who doesn't say.
        sound: the address of its sound.
        words: the address of what was said, as text; None without one.
        words_to_come: whether RingCentral is still writing down what was said.
    """

    id: str = field(repr=False)
    created_at: datetime
    read: bool
    number: str | None = field(repr=False)
    name: str | None = field(repr=False)
    sound: str = field(repr=False)
    words: str | None = field(default=None, repr=False)
    words_to_come: bool = False

    @classmethod
    def from_dict(cls, data: object, server: str) -> Self:
        """Read a record of `GET …/message-store` of a server. Raise ValueError when it is no message to be heard."""
        record = obj(data, "message")
        if record.get("type") != _VOICEMAIL or record.get("availability", "Alive") != "Alive":
            raise ValueError("message is no voicemail that is there")
        attachments = [obj(item, "attachment") for item in items(record, "attachments")]
        sound = _of_type(_SOUND, attachments)
        if sound is None:
            raise ValueError("message has no sound")
        words = _of_type(_WORDS, attachments)
        status = shown_text(record.get("vmTranscriptionStatus"), _MAX_STATUS)
        number, name = caller_of(record.get("from"))
        return cls(
            # It becomes part of an address.
            id=str(int(text(record, "id"))),
            created_at=moment(record, "creationTime"),
            read=record.get("readStatus") == "Read",
            number=number,
            name=name,
            sound=_trusted(sound, server),
            words=_trusted(words, server) if words is not None and status in _WRITTEN else None,
            words_to_come=status == _BEING_WRITTEN,
        )


def voice_messages(records: Iterable[object], server: str) -> tuple[VoiceMessage, ...]:
    """Return the messages among the records of `GET …/message-store`, oldest first; what is none is passed over."""
    return tuple(sorted(_messages(records, server), key=lambda message: message.created_at))


def caller_of(party: object) -> tuple[str | None, str | None]:
    """Return the number, or the extension, and the name of a `from` or a `to`; None for what isn't said."""
    said = party if isinstance(party, Mapping) else {}
    numbers = (shown_text(said.get(key), _MAX_NUMBER) for key in ("phoneNumber", "extensionNumber"))
    return next((number for number in numbers if number), None), shown_text(
        said.get("name"), MAX_NAME
    ) or None


def since_text(since: datetime) -> str:
    """Return a moment as RingCentral's `dateFrom` wants it."""
    return f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def _messages(records: Iterable[object], server: str) -> Iterator[VoiceMessage]:
    for record in records:
        try:
            yield VoiceMessage.from_dict(record, server)
        except ValueError:
            continue


def _of_type(kind: str, attachments: Iterable[JsonObject]) -> JsonObject | None:
    return next((item for item in attachments if item.get("type") == kind), None)


def _trusted(attachment: JsonObject, server: str) -> str:
    """Return the address of an attachment; raise ValueError for one that a token must not be sent to.

    Sounds lie with RingCentral's media server, which is named as the REST server is: media. instead of platform.
    """
    address = text(attachment, "uri", limit=1024)
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"
    if origin not in {server, server.replace("//platform.", "//media.", 1)} or ".." in parts.path:
        raise ValueError("uri is none of RingCentral's")
    return address
