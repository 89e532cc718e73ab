"""What a session counts."""

from collections.abc import Mapping
from dataclasses import dataclass

from .receiver import Drop


@dataclass(frozen=True, slots=True)
class MediaStatistics:
    """What a session has done so far.

    Attributes:
        received: audio packets accepted.
        events: telephone-event packets accepted.
        dropped: datagrams that didn't become audio, by reason.
        misplaced: audio packets of this recording without a place: duplicates, too late, beyond its length.
        receive_errors: reports of the network (ICMP) met while reading.
        sent: packets sent.
        send_errors: packets the network didn't take.
        last_heard: when something was last accepted, in seconds on the engine's clock.
        samples: length of the audio accepted, 8,000 a second.
        lost: packets that never came, going by their sequence numbers.
    """

    received: int
    events: int
    dropped: Mapping[Drop, int]
    misplaced: int
    receive_errors: int
    sent: int
    send_errors: int
    last_heard: float | None
    samples: int = 0
    lost: int = 0
