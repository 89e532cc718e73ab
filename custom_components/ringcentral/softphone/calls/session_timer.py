"""Session timers (RFC 4028): who asks now and then whether the other side is still there, and how often."""

from dataclasses import dataclass, replace
import re
from typing import Final, Self

from ..sip.address import split_list
from ..sip.message import Fields, Message, Request, Response

# Seconds; what the RFC allows at the least (§5), and all that we ask for.
MIN_SE: Final = 90
SUPPORTED: Final = "timer"

_INTERVAL: Final = re.compile(r"\s*(\d{1,10})\s*(?:;.*)?", re.ASCII)
_REFRESHER: Final = re.compile(r";\s*refresher\s*=\s*(uac|uas)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SessionTimer:
    """What a refresh agreed on: the interval in seconds, and whether it is us who refresh."""

    interval: int
    refreshing: bool
    required: bool = False
    """Whether the other side knows of timers, so that our answer may insist."""

    @classmethod
    def asked(cls, request: Request) -> Self | None:
        """Return what our answer to an INVITE or UPDATE agrees to; None where no timer is wanted (§9)."""
        interval, refresher = _read(request)
        supported = supports(request)
        if interval is None or interval < MIN_SE:
            return None
        # Who doesn't know of timers can't refresh (§9, table 2).
        return cls(interval, not supported or refresher == "uas", required=supported)

    @classmethod
    def granted(cls, response: Response) -> Self | None:
        """Return what the answer to our own INVITE agrees to; None where nothing runs out (§7.2)."""
        interval, refresher = _read(response)
        return cls(max(interval, MIN_SE), refresher != "uas") if interval else None

    @property
    def refresh_after(self) -> float:
        """How long after the last refresh the next is due, in seconds (§10)."""
        return self.interval / 2

    @property
    def expires_after(self) -> float:
        """How long after the last refresh the session is given up, in seconds (§10)."""
        return self.interval - min(32, self.interval / 3)

    @property
    def answer_fields(self) -> Fields:
        """The headers of our answer to who asked for this."""
        agreed = ("Session-Expires", f"{self.interval};refresher={'uas' if self.refreshing else 'uac'}")
        return (("Require", SUPPORTED), agreed) if self.required else (agreed,)

    @property
    def request_fields(self) -> Fields:
        """The headers of a refresh of ours."""
        return (
            ("Session-Expires", f"{self.interval};refresher={'uac' if self.refreshing else 'uas'}"),
            ("Min-SE", str(MIN_SE)),
        )

    def at_least(self, response: Response) -> Self:
        """Return the same with the interval that a 422 insists on (§7.3)."""
        minimum = _INTERVAL.fullmatch(response.headers.get("min-se") or "")
        return replace(self, interval=max(self.interval, int(minimum[1]))) if minimum else self


def supports(message: Message) -> bool:
    """Whether who sent a message knows of timers; who names itself the refresher does, whatever else it says."""
    if _read(message)[1] == "uac":
        return True
    said = (item.lower() for line in message.headers.get_all("supported") for item in split_list(line))
    return SUPPORTED in said


def too_brief(request: Request) -> bool:
    """Whether a request asks for a shorter interval than we take part in: 422 (§6)."""
    interval, _ = _read(request)
    return interval is not None and interval < MIN_SE and supports(request)


def _read(message: Message) -> tuple[int | None, str]:
    value = message.headers.get("session-expires") or ""
    interval, refresher = _INTERVAL.fullmatch(value), _REFRESHER.search(value)
    return int(interval[1]) if interval else None, refresher[1].lower() if refresher else ""
