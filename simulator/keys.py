"""Hears the keys that a phone presses, and holds them to the rules of RFC 4733."""

from dataclasses import dataclass, field
import math
import re

from .beep import SAMPLE_RATE, decode
from .caller import Log
from .presses import COLUMNS, END, ENDS, EVENT, KEYS, ROWS, Way
from .rtp import FRAME, Packet
from .wire import Message

_RESERVED = 0x40
_LOUD = 200.0  # amplitude of the faintest tone
_PURE = 0.7  # share of a frame's power in two tones
_SHORTEST = 320  # samples that make a key


@dataclass(frozen=True, slots=True)
class Heard:
    """One key that was heard: when, and for how many seconds it was held."""

    key: str = field(repr=False)
    at: float
    duration: float
    way: Way


@dataclass(slots=True)
class _Event:
    """One RFC 4733 event so far."""

    timestamp: int
    key: str
    at: float
    duration: int = 0
    ends: int = 0


class KeyListener:
    """Hears the keys of one phone."""

    def __init__(self, log: Log) -> None:
        """Nothing heard yet; what is against the rules goes into the log."""
        self._log = log
        self._told: list[Heard] = []
        self._events: list[_Event] = []

    @property
    def heard(self) -> list[Heard]:
        """The keys that came as events or in INFO requests, in order."""
        events = [
            Heard(event.key, event.at, event.duration / SAMPLE_RATE, Way.EVENT) for event in self._events
        ]
        return sorted([*events, *self._told], key=lambda one: one.at)

    @property
    def keys(self) -> str:
        """The keys in order."""
        return "".join(one.key for one in self.heard)

    def told(self, message: Message, now: float) -> None:
        """Take a request of the phone; one that isn't an INFO tells no key."""
        kind = message.get("Content-Type") or ""
        if message.method != "INFO" or not kind.startswith("application/dtmf"):
            return
        match = re.fullmatch(rb"Signal=([0-9*#A-D])\r\nDuration=(\d+)\r\n", message.body)
        if kind != "application/dtmf-relay" or not match:
            self._log.wrong("INFO: a key that nobody can read")
            return
        self._told.append(Heard(match[1].decode(), now, int(match[2]) / 1000, Way.RELAY))

    def event(self, packet: Packet, now: float) -> None:
        """Take a packet of a telephone-event, in the order they were sent."""
        if len(packet.payload) != EVENT.size or packet.payload[0] >= len(KEYS):
            self._log.wrong("keys: not an event of a key")
            return
        number, flags, duration = EVENT.unpack(packet.payload)
        last = self._events[-1] if self._events else None
        first = last is None or last.timestamp != packet.timestamp
        if last is None or first:
            self._check_last()
            last = _Event(packet.timestamp, KEYS[number], now)
            self._events.append(last)
        over = last.ends > 0
        rules = {
            "the first packet is not marked": first and not packet.marker,
            "a packet after the first is marked": packet.marker and not first,
            "the event changes": KEYS[number] != last.key,
            "the reserved bit is set": bool(flags & _RESERVED),
            "the duration does not grow": not over and duration <= last.duration,
            "the duration changes after the end": over and duration != last.duration,
            "it goes on after the end": over and not flags & END,
            "the end is said too often": last.ends >= ENDS,
        }
        self._log.wrong(*(f"keys: {text}" for text, broken in rules.items() if broken))
        last.duration = max(last.duration, duration)
        last.ends += bool(flags & END)

    def over(self) -> None:
        """The call is over, and so is its last key."""
        self._check_last()

    def _check_last(self) -> None:
        if self._events and self._events[-1].ends < ENDS:
            self._log.wrong("keys: the end is not said three times")


def tones_in(sound: bytes) -> str:
    """The keys whose tones are in µ-law sound of whole frames, each for as long as it is held."""
    held: list[tuple[str, int]] = []
    for start in range(0, len(sound), FRAME):
        key = _key_in(decode(sound[start : start + FRAME]))
        if held and held[-1][0] == key:
            held[-1] = key, held[-1][1] + FRAME
        else:
            held.append((key, FRAME))
    return "".join(key for key, samples in held if samples >= _SHORTEST)


def _key_in(samples: list[int]) -> str:
    """The key of one frame, "" for none."""
    rows = {hertz: _amplitude(samples, hertz) for hertz in ROWS}
    columns = {hertz: _amplitude(samples, hertz) for hertz in COLUMNS}
    row, column = max(rows, key=rows.__getitem__), max(columns, key=columns.__getitem__)
    power = sum(sample * sample for sample in samples) / len(samples)
    if min(rows[row], columns[column]) < _LOUD or (rows[row] ** 2 + columns[column] ** 2) / 2 < _PURE * power:
        return ""
    return ROWS[row][COLUMNS.index(column)]


def _amplitude(samples: list[int], hertz: int) -> float:
    turns = [math.tau * hertz * n / SAMPLE_RATE for n in range(len(samples))]
    real = sum(sample * math.cos(turn) for sample, turn in zip(samples, turns, strict=True))
    imaginary = sum(sample * math.sin(turn) for sample, turn in zip(samples, turns, strict=True))
    return 2 * math.hypot(real, imaginary) / len(samples)
