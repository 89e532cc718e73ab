"""Which call of ours is which of RingCentral's call log, and which one a message of its mailbox was left after."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
import re
from typing import Final

from ..cloud import LoggedCall
from ..library import ELSEWHERE, CallRecord, Direction

# RingCentral's clock isn't ours, and a phone may ring only after others have.
BEFORE: Final = timedelta(minutes=1)
AFTER: Final = timedelta(minutes=3)
# What it takes to ring in vain, to hear a greeting and to leave a message.
MESSAGE_AFTER: Final = timedelta(minutes=5)

_NOT_DIGITS: Final = re.compile(r"[^0-9]")
# Digits that tell a number from all others nearby; an extension has fewer.
_SHORTEST_TAIL: Final = 7

type E164 = Callable[[str], str | None]


def call_of_message(message_id: str) -> str:
    """Return the id of the call of a message that was left after none of ours."""
    return f"{ELSEWHERE}message-{message_id}"


def call_of_log(record_id: str) -> str:
    """Return the id of a call of the log that was none of ours."""
    return f"{ELSEWHERE}call-{record_id}"


def same_number(one: str | None, other: str | None, e164: E164) -> bool:
    """Whether two numbers are one, however each is written; who doesn't say is the same as who doesn't say either."""
    if not one or not other:
        return not one and not other
    one, other = e164(one) or one, e164(other) or other
    if one == other or (one.startswith("+") and other.startswith("+")):
        return one == other
    shorter, longer = sorted((_NOT_DIGITS.sub("", text).lstrip("0") for text in (one, other)), key=len)
    return longer == shorter != "" if len(shorter) < _SHORTEST_TAIL else longer.endswith(shorter)


def call_before(
    at: datetime, number: str | None, calls: Iterable[CallRecord], e164: E164
) -> CallRecord | None:
    """Return the call after which a message was left at a moment: the last that its caller made and nobody answered."""
    tried = (
        call
        for call in calls
        if call.direction is Direction.INCOMING
        and call.answered_at is None
        and at - MESSAGE_AFTER <= call.started_at <= at + BEFORE
        and same_number(call.caller, number, e164)
    )
    return max(tried, key=lambda call: call.started_at, default=None)


def pairs(logged: Sequence[LoggedCall], calls: Sequence[CallRecord], e164: E164) -> Mapping[str, CallRecord]:
    """Return which calls of a log are which of ours, by the id of the log's; none of either twice.

    What is called the same is the same, and so is what a message of the mailbox was left after. Else it is the number,
    and of several calls of one number those that began closest to each other.
    """
    found: dict[str, CallRecord] = {}
    left = {call.id: call for call in calls}
    named = {call.remote_id: call for call in calls if call.remote_id is not None}
    for entry in logged:
        ours = (
            named.get(entry.session or entry.id)
            or left.get(call_of_log(entry.id))
            or (left.get(call_of_message(entry.message_id)) if entry.message_id else None)
        )
        if ours is not None and ours.id in left:
            found[entry.id] = left.pop(ours.id)
    close = sorted(
        (
            (abs(call.started_at - entry.started_at), entry.id, call.id)
            for entry in logged
            if entry.id not in found
            for call in left.values()
            # What has another name there is another call.
            if call.remote_id is None and _may_be(entry, call, e164)
        ),
    )
    for _, entry_id, call_id in close:
        if entry_id not in found and call_id in left:
            found[entry_id] = left.pop(call_id)
    return found


def _may_be(entry: LoggedCall, call: CallRecord, e164: E164) -> bool:
    if (call.direction is Direction.INCOMING) is not entry.incoming:
        return False
    if not entry.started_at - BEFORE <= call.started_at <= entry.started_at + AFTER:
        return False
    return same_number(call.other, entry.caller if entry.incoming else entry.called, e164)
