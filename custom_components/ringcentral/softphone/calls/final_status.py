"""What a final answer other than a success means to whoever has called, or had somebody called (RFC 3261 §21)."""

from typing import Final

from ..events import EndReason

_REASONS: Final = {
    404: EndReason.UNKNOWN_NUMBER,
    408: EndReason.NO_ANSWER,
    410: EndReason.UNKNOWN_NUMBER,
    415: EndReason.NO_CODEC,
    480: EndReason.NO_ANSWER,
    484: EndReason.UNKNOWN_NUMBER,
    485: EndReason.UNKNOWN_NUMBER,
    486: EndReason.BUSY,
    487: EndReason.NO_ANSWER,
    488: EndReason.NO_CODEC,
    600: EndReason.BUSY,
    603: EndReason.DECLINED,
    604: EndReason.UNKNOWN_NUMBER,
    606: EndReason.NO_CODEC,
    607: EndReason.DECLINED,
    608: EndReason.DECLINED,
}


def reason_of(status: int) -> EndReason:
    """Return what a final status of 300 or more says of the call; what isn't known is just a no."""
    return _REASONS.get(status, EndReason.REFUSED)
