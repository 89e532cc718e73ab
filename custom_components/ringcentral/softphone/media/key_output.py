"""The keys that we press, slot by slot of the way out: as events (RFC 4733) or as tones."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from .g711 import SAMPLE_RATE, Codec, transcode
from .key_tones import key_tones
from .keys import END, EVENT, KEYS, LONGEST, KeyWay

FRAME_SAMPLES: Final = 160
PAUSE: Final = ","
"""Stands for half a second in which no key is pressed."""

PAUSE_SECONDS: Final = 0.5
SHORTEST: Final = 0.04
"""Seconds that a key, or the pause after it, has at least (ITU-T Q.24)."""

LONGEST_SECONDS: Final = 8.0

# The last packet of an event is sent three times (RFC 4733 §2.5.1.4).
_REPEATS: Final = 2
# −dBm0 that the far end may play the key with.
_VOLUME: Final = 6


@dataclass(frozen=True, slots=True)
class Stroke:
    """One key, or a pause: so many slots down, so many up after it."""

    key: str = field(repr=False)
    down: int
    up: int
    event: bool


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """Keys to be pressed one after the other, each for `duration` seconds, with `gap` seconds after it.

    Raises ValueError unless keys are of KEYS and PAUSE, and the times from SHORTEST to LONGEST_SECONDS. The error doesn't
    say which keys: they may be somebody's PIN.
    """

    keys: str = field(repr=False)
    duration: float = 0.1
    gap: float = 0.1
    way: KeyWay = KeyWay.AUTO

    def __post_init__(self) -> None:
        """Look at what is asked for."""
        if not self.keys or not set(self.keys) <= {*KEYS, PAUSE}:
            raise ValueError("Keys are 0-9, *, #, A-D and the comma")
        if not all(SHORTEST <= seconds <= LONGEST_SECONDS for seconds in (self.duration, self.gap)):
            raise ValueError(f"A key and the pause after it last {SHORTEST} to {LONGEST_SECONDS} seconds")

    def strokes(self, *, events: bool) -> list[Stroke]:
        """Return what is to be done, as events or as tones."""
        down, up, pause = (
            round(seconds * SAMPLE_RATE / FRAME_SAMPLES)
            for seconds in (self.duration, self.gap, PAUSE_SECONDS)
        )
        return [
            Stroke(key, 0, pause, event=False) if key == PAUSE else Stroke(key, down, up, event=events)
            for key in self.keys
        ]


class KeyFrame(NamedTuple):
    """What one slot carries; `onset` is the slot whose timestamp it has."""

    event: bool
    marker: bool
    onset: int
    payload: bytes


class KeyOutput:
    """The keys of one call that are still to be pressed."""

    def __init__(self) -> None:
        """Press nothing."""
        # The last stroke of those that were asked for together has who waits for it.
        self._strokes: deque[tuple[Stroke, Callable[[bool], None] | None]] = deque()
        self._slot = self._onset = self._duration = 0

    @property
    def pressing(self) -> bool:
        """Whether anything is left to do."""
        return bool(self._strokes)

    @property
    def down(self) -> bool:
        """Whether a stroke is half done."""
        return self._slot > 0

    def press(self, strokes: Sequence[Stroke], done: Callable[[bool], None]) -> None:
        """Take more; done() is told whether all were carried out."""
        self._strokes.extend((stroke, None) for stroke in strokes[:-1])
        self._strokes.append((strokes[-1], done))

    def clear(self) -> None:
        """Press no more."""
        waiting = [done for _, done in self._strokes if done is not None]
        self._strokes.clear()
        self._slot = 0
        for done in waiting:
            done(False)

    def next(self, slot: int, codec: Codec) -> KeyFrame:
        """Return what the next slot carries, which follows the one before at whatever distance."""
        (stroke, done), index = self._strokes[0], self._slot
        if not index:
            self._onset = slot
        self._slot += 1
        if self._slot >= stroke.down + stroke.up:
            self._strokes.popleft()
            self._slot = 0
            if done is not None:
                done(True)
        if stroke.event and index < stroke.down + _REPEATS:
            return self._event(stroke, index, slot)
        sound = codec.silence * FRAME_SAMPLES
        if not stroke.event and index < stroke.down:
            tones = key_tones(stroke.key, stroke.down * FRAME_SAMPLES)
            sound = transcode(tones[index * FRAME_SAMPLES :][:FRAME_SAMPLES], Codec.PCMU, codec)
        return KeyFrame(event=False, marker=False, onset=slot, payload=sound)

    def _event(self, stroke: Stroke, index: int, slot: int) -> KeyFrame:
        ends = index >= stroke.down - 1
        if index < stroke.down:
            # By the clock: where slots were skipped the key has become longer.
            self._duration = min((slot - self._onset + 1) * FRAME_SAMPLES, LONGEST)
        payload = EVENT.pack(KEYS.index(stroke.key), _VOLUME | (END if ends else 0), self._duration)
        return KeyFrame(event=True, marker=index == 0, onset=self._onset, payload=payload)
