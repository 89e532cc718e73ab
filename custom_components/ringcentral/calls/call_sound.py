"""How the sound of a call went: what was counted is kept with it, and told in seconds."""

import json
from typing import Any, Final

from ..softphone.media import SAMPLE_RATE, MediaStatistics

_FRAME: Final = 0.02
"""Seconds of sound in a packet of ours."""
_COUNTED: Final = (
    "received",
    "samples",
    "lost",
    "sent",
    "events",
    "misplaced",
    "receive_errors",
    "send_errors",
)


def noted(statistics: MediaStatistics | None) -> str | None:
    """Return what was counted of a call's sound as JSON, without what is zero; None for a call that had none."""
    if statistics is None:
        return None
    figures: dict[str, Any] = {name: count for name in _COUNTED if (count := getattr(statistics, name))}
    if dropped := {str(reason): count for reason, count in statistics.dropped.items() if count}:
        figures["dropped"] = dropped
    return json.dumps(figures, separators=(",", ":"))


def audio(media: str | None) -> dict[str, float] | None:
    """Return how many seconds of the other side arrived and were lost on the way, and how many were sent; None if unknown.

    How long packets took isn't told: sockets are read ten times a second.
    """
    try:
        figures = json.loads(media or "")
        received, samples, lost, sent = (
            figures.get(name, 0) for name in ("received", "samples", "lost", "sent")
        )
        heard = samples / SAMPLE_RATE
        # A packet that is lost is as long as the others.
        missing = lost * heard / received if received else 0.0
        return {
            "received_seconds": round(heard, 1),
            "lost_seconds": round(missing, 1),
            "lost_percent": round(100 * missing / (heard + missing), 1) if heard else 0.0,
            "sent_seconds": round(sent * _FRAME, 1),
        }
    except AttributeError, TypeError, ValueError:
        return None
