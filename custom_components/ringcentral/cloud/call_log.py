"""The calls of a user as RingCentral's call log has them, whichever phone they were on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

from .fields import moment, obj, optional_text, optional_whole, shown_text, text
from .voicemail import caller_of

_DIRECTIONS: Final = {"Inbound": True, "Outbound": False}
_MAX_RESULT: Final = 40


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One call.

    Attributes:
        id: the record's.
        session: what the call is called wherever RingCentral tells of it (`telephonySessionId`); None where it isn't told.
        started_at: in UTC.
        duration: seconds.
        result: what became of it, in RingCentral's words; empty where it doesn't say.
        message_id: the message that was left instead; None without one.
    """

    id: str = field(repr=False)
    session: str | None = field(repr=False)
    incoming: bool
    started_at: datetime
    duration: int
    result: str
    caller: str | None = field(default=None, repr=False)
    caller_name: str | None = field(default=None, repr=False)
    called: str | None = field(default=None, repr=False)
    message_id: str | None = field(default=None, repr=False)

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read a record of `GET …/call-log`. Raise ValueError when it is no call that people spoke in."""
        record = obj(data, "call")
        direction = text(record, "direction")
        if record.get("type", "Voice") != "Voice" or direction not in _DIRECTIONS:
            raise ValueError("call is none that people speak in")
        caller, caller_name = caller_of(record.get("from"))
        called, _ = caller_of(record.get("to"))
        message = record.get("message")
        return cls(
            id=text(record, "id"),
            session=optional_text(record, "telephonySessionId"),
            incoming=_DIRECTIONS[direction],
            started_at=moment(record, "startTime"),
            duration=max(0, optional_whole(record, "duration") or 0),
            result=shown_text(record.get("result"), _MAX_RESULT),
            caller=caller,
            caller_name=caller_name,
            called=called,
            message_id=optional_text(obj(message, "message"), "id") if message is not None else None,
        )


def logged_calls(records: Iterable[object]) -> tuple[LoggedCall, ...]:
    """Return the calls among the records of `GET …/call-log`, oldest first; what is none is passed over."""
    return tuple(sorted(_calls(records), key=lambda call: call.started_at))


def _calls(records: Iterable[object]) -> Iterator[LoggedCall]:
    for record in records:
        try:
            yield LoggedCall.from_dict(record)
        except ValueError:
            continue
