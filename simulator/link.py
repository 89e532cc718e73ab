"""One phone's connection to the exchange: what it sends, cut into messages; what it is sent, in segments."""

from dataclasses import dataclass

from .registrar import Refusal, RegisterFault
from .wire import Framer


@dataclass(slots=True)
class Faults:
    """What the far end does wrong. Change it at any time; as it stands it does nothing wrong."""

    silent: bool = False  # reads, and never says anything
    register: RegisterFault | Refusal | None = None  # the answer to every REGISTER
    shortest: int = 0  # seconds a registration is to be asked for at the least; else 423
    stale: float = 0.0  # how many of the answered nonces have just run out, 0 to 1
    close_on_register: bool = False  # closes the connection instead of answering
    pong: bool = True  # answers a CRLF ping (Asterisk does not)
    slow: float = 0.0  # seconds until anything is said
    segment: int = 0  # most bytes in one segment; 0: a message goes out whole
    segment_gap: float = 0.001  # seconds between such segments
    glue: float = 0.0  # seconds that bytes are held back, so that several messages share a segment


class Link:
    """Paces what goes out over one connection. Bytes and the time in, segments out, always in order."""

    def __init__(self, faults: Faults, *, secure: bool = False) -> None:
        """Follow the faults as they are when something is sent; `secure`: TLS carries it."""
        self.secure = secure
        self.framer = Framer()
        self._faults = faults
        self._segments: list[tuple[float, bytes]] = []

    @property
    def deadline(self) -> float | None:
        """When the next segment is due."""
        return self._segments[0][0] if self._segments else None

    def send(self, data: bytes, now: float) -> None:
        """Queue bytes behind what waits already."""
        faults = self._faults
        last = self._segments[-1][0] if self._segments else now
        if faults.glue and self._segments:
            self._segments[-1] = (last, self._segments[-1][1] + data)
            return
        at = max(now + faults.glue + faults.slow, last)
        if not faults.segment:
            self._segments.append((at, data))
            return
        for index, start in enumerate(range(0, len(data), faults.segment)):
            piece = data[start : start + faults.segment]
            self._segments.append((at + index * faults.segment_gap, piece))

    def due(self, now: float) -> list[bytes]:
        """The segments whose time has come."""
        if not self._segments:
            return []
        ready = [data for at, data in self._segments if at <= now]
        del self._segments[: len(ready)]
        return ready
