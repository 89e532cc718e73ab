"""How many packets never came, by their sequence numbers (RFC 3550 A.3)."""

from typing import Final

from .timeline import MAX_DROPOUT, MAX_MISORDER

_WRAP: Final = 1 << 16


class Loss:
    """Counts the packets of a call that are missing, whatever streams it had."""

    def __init__(self) -> None:
        """Begin before the first packet."""
        self._before = 0
        self._missing = 0
        self._ssrc = -1
        self._highest = 0

    @property
    def count(self) -> int:
        """Packets that are missing until now; one that was only late isn't."""
        return self._before + max(self._missing, 0)

    def note(self, sequence: int, ssrc: int) -> None:
        """Take note of a packet that came; a sender that begins anew has lost nothing in between."""
        step = (sequence - self._highest) % _WRAP
        if ssrc == self._ssrc and (step < MAX_DROPOUT or step >= _WRAP - MAX_MISORDER):
            if step < MAX_DROPOUT:
                self._missing += step
                self._highest = sequence
            self._missing -= 1
            return
        self._before = self.count
        self._missing = 0
        self._ssrc, self._highest = ssrc, sequence
