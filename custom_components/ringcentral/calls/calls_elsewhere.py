"""The calls that RingCentral's call log knows and this line doesn't: answered on other phones, or missed while nobody was here.

They are filed with the line's own, and nobody is told of them. What is filed already is only linked.
"""

from datetime import timedelta
from typing import Final

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from ..account.elsewhere import CALL_LOG, Memory, Remembered
from ..account.rounds import Plan, Rounds
from ..cloud import LoggedCall, RingCentralClient, RingCentralError
from ..const import CONF_CALL_LOG
from ..coordinator import RingCentralCoordinator
from ..issues import Issue, LineIssues
from ..library import CallQuery, CallRecord, Direction
from ..models import BLOCKED, ELSEWHERE, VOICEMAIL, CallEventType
from ..softphone import EndReason
from ..softphone.party import clean_name, clean_number
from .matching import BEFORE, call_of_log, pairs

# Seconds
EVERY: Final = 900.0
# After the mailbox's first round, so that both don't sign in together.
FIRST: Final = 120.0

OVERLAP: Final = timedelta(days=1)
"""How far before the last look calls may have begun that are over only now, as the log tells when calls began."""

STEP: Final = timedelta(hours=6)
"""How far the last look moves on where there was nothing new: what is remembered needn't be written at each."""

FURTHEST: Final = timedelta(days=30)
_MOST_CALLS: Final = 5000

_GOING_ON: Final = "In Progress"
_ANSWERED: Final = frozenset({"Accepted", "Call connected", "Answered Elsewhere"})

type _End = tuple[CallEventType, str]
# What became of calls to the user's number. Who hears no answer hears the voicemail, a busy tone, or nothing.
_INCOMING: Final[dict[str, _End]] = {
    **dict.fromkeys(_ANSWERED, (CallEventType.ENDED, EndReason.ANSWERED_ELSEWHERE)),
    **dict.fromkeys(("Missed", "No Answer", "Stopped"), (CallEventType.MISSED, EndReason.NO_ANSWER)),
    **dict.fromkeys(("Hang Up", "Abandoned"), (CallEventType.MISSED, EndReason.CANCELLED)),
    **dict.fromkeys(("Rejected", "Declined", "Reply"), (CallEventType.DECLINED, EndReason.DECLINED)),
    **dict.fromkeys(
        ("IP Phone Offline", "Call Failed", "Call Failure", "Internal Error", "Answered Not Accepted"),
        (CallEventType.MISSED, EndReason.NO_ANSWER),
    ),
    "Voicemail": (CallEventType.MISSED, VOICEMAIL),
    "Busy": (CallEventType.MISSED, EndReason.BUSY),
    "Blocked": (CallEventType.BLOCKED, BLOCKED),
}
# And of those that were placed with another phone: one that nobody answered has ended, too.
_OUTGOING: Final[dict[str, str]] = {
    "Busy": EndReason.BUSY,
    **dict.fromkeys(("No Answer", "Missed", "Voicemail"), EndReason.NO_ANSWER),
    **dict.fromkeys(("Hang Up", "Abandoned", "Stopped"), EndReason.CANCELLED),
    "Wrong Number": EndReason.UNKNOWN_NUMBER,
    **dict.fromkeys(("Rejected", "Declined", "Blocked", "Call Failed", "Call Failure"), EndReason.REFUSED),
    **dict.fromkeys(
        ("Not Allowed", "Restricted Number", "No Calling Credit", "Suspended account", "Internal Error"),
        EndReason.REFUSED,
    ),
    **dict.fromkeys(("International Disabled", "International Restricted"), EndReason.REFUSED),
}


class CallsElsewhere:
    """Follows the call log of one line's user."""

    def __init__(self, line: RingCentralCoordinator) -> None:
        """Know nothing of it yet."""
        self._line = line
        self._issues = LineIssues(line.hass, line.config_entry)
        self._memory = Memory(line.hass, line.config_entry, CALL_LOG)
        self._known: Remembered | None = None
        self._rounds = Rounds(
            line.hass,
            line.config_entry,
            line.client,
            Plan(
                option=CONF_CALL_LOG,
                what="Reading RingCentral's call log",
                first=FIRST,
                every=EVERY,
                ask=self._async_look,
                failed=self._failed,
                worked=self._worked,
            ),
        )

    @callback
    def async_start(self) -> None:
        """Read it now and then, until the entry is unloaded."""
        self._rounds.async_start()

    @callback
    def _failed(self, error: RingCentralError) -> None:
        self._issues.not_allowed(Issue.CALL_LOG_NOT_ALLOWED, error)

    @callback
    def _worked(self) -> None:
        self._issues.clear(Issue.CALL_LOG_NOT_ALLOWED)

    async def _async_look(self, client: RingCentralClient) -> bool:
        """File what the log knows better; raises RingCentralError, LibraryError."""
        line, now = self._line, dt_util.utcnow()
        if self._known is None:
            self._known = await self._memory.async_load()
            # From when it was chosen: nobody wants to be told of calls of years ago.
            await self._memory.async_save(self._known)
        known = self._known
        since = max(known.since, known.until - OVERLAP, now - FURTHEST)
        listed = [call for call in await client.call_log(since) if call.result != _GOING_ON]
        calls = await line.library.calls(
            line.config_entry.entry_id, _MOST_CALLS, CallQuery(since=since - BEFORE)
        )
        new = [entry for entry in listed if entry.id not in known.items]
        ours = pairs(new, calls, line.callers.e164)
        for entry in new:
            if (call := ours.get(entry.id)) is not None:
                await self._async_link(entry, call)
            else:
                await line.library.begin_call(self._record(entry))
        if new or now - known.until >= STEP:
            known.until = now
        known.items |= {entry.id: {} for entry in new}
        known.forget_all_but({entry.id for entry in listed})
        line.history.elsewhere[CALL_LOG] = len(known.items)
        await self._memory.async_save(known)
        if new:
            line.async_look_up()
        return False

    async def _async_link(self, entry: LoggedCall, call: CallRecord) -> None:
        """Note what a call of ours is called there; who was answered on another phone isn't missed."""
        outcome = reason = None
        if entry.result in _ANSWERED and call.answered_at is None and call.outcome == CallEventType.MISSED:
            outcome, reason = _INCOMING[entry.result]
        await self._line.library.link_call(
            call.id, entry.session or entry.id, outcome=outcome, end_reason=reason
        )

    def _record(self, entry: LoggedCall) -> CallRecord:
        """Return what is filed of a call that was none of ours."""
        outcome, reason = end_of(entry)
        caller = clean_number(entry.caller or "")
        contact = self._line.callers.contact(caller) if entry.incoming else None
        if contact is not None and contact.blocked and outcome is CallEventType.MISSED:
            outcome, reason = CallEventType.BLOCKED, BLOCKED
        return CallRecord(
            id=call_of_log(entry.id),
            line_id=self._line.config_entry.entry_id,
            direction=Direction.INCOMING if entry.incoming else Direction.OUTGOING,
            started_at=entry.started_at,
            caller=caller,
            caller_name=contact.name if contact is not None else clean_name(entry.caller_name or ""),
            called=clean_number(entry.called or ""),
            answered_at=entry.started_at if entry.result in _ANSWERED else None,
            ended_at=entry.started_at + timedelta(seconds=entry.duration),
            outcome=outcome,
            end_reason=reason,
            contact=contact.name if contact is not None else None,
            remote_id=entry.session or entry.id,
        )


def end_of(entry: LoggedCall) -> _End:
    """Return what became of a call, in the words of our own; a result nobody has told us of is only an end."""
    if entry.incoming:
        return _INCOMING.get(entry.result, (CallEventType.ENDED, ELSEWHERE))
    return CallEventType.ENDED, _OUTGOING.get(entry.result, ELSEWHERE)
