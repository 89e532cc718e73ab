"""An INVITE of theirs and what belongs to it (RFC 3261 §9.2, §13.3.1.4, §17.2): no I/O."""

from dataclasses import dataclass
import re
from typing import Final

from ..sip.address import split_list
from ..sip.message import Request, Response

# RFC 3261 §17.1.1.1 and §13.3.1.4.
T1: Final = 0.5
T2: Final = 4.0
LINGER: Final = 64 * T1
"""How long what was sent last may still be on its way (timer H)."""
# §13.3.1.4 has a call end after 64 × T1. A dead connection is found within 45 s, and costs no call.
ACK_TIMEOUT: Final = 48.0

_CAUSE_200: Final = re.compile(r";\s*cause\s*=\s*200\b", re.IGNORECASE)


@dataclass(slots=True)
class Unacknowledged:
    """A 200 that is repeated until its ACK comes; `offered` says that the ACK must bring the answer."""

    sequence: int
    response: Response
    offered: bool
    repeat_at: float
    give_up_at: float
    interval: float = T1

    @classmethod
    def begin(cls, invite: Request, response: Response, now: float) -> Unacknowledged:
        """Return the wait for the ACK of an answer that was just sent."""
        return cls(invite.cseq.number, response, not invite.body, now + T1, now + ACK_TIMEOUT)

    @property
    def next_deadline(self) -> float:
        """When it is to be repeated or given up."""
        return min(self.repeat_at, self.give_up_at)

    def repeated(self, now: float) -> Response:
        """Return the answer once more, and wait twice as long for the next time."""
        self.interval = min(2 * self.interval, T2)
        self.repeat_at = now + self.interval
        return self.response


def is_cancel_of(invite: Request, request: Request) -> bool:
    """Whether a CANCEL is for this INVITE (§9.2)."""
    return (request.call_id, request.branch, request.cseq.number) == (
        invite.call_id,
        invite.branch,
        invite.cseq.number,
    )


def is_repeat_of(invite: Request, request: Request) -> bool:
    """Whether an INVITE is this one once more (§17.2.3)."""
    return (request.call_id, request.branch, request.cseq) == (invite.call_id, invite.branch, invite.cseq)


def is_merged_with(invite: Request, request: Request) -> bool:
    """Whether an INVITE is this one, come another way (§8.2.2.2)."""
    return (request.call_id, request.from_.tag, request.cseq) == (
        invite.call_id,
        invite.from_.tag,
        invite.cseq,
    )


def completed_elsewhere(request: Request) -> bool:
    """Whether a CANCEL says that another phone took the call (RFC 3326 §3.1)."""
    return any(
        value.partition(";")[0].strip().upper() == "SIP" and _CAUSE_200.search(value)
        for line in request.headers.get_all("Reason")
        for value in split_list(line)
    )
