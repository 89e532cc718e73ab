"""The sound of one caller: paced RTP out, a listening ear in. Datagrams and the time in, datagrams out."""

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from .beep import BeepDetector
from .caller import Log, Manner
from .dialect import Address
from .keys import KeyListener
from .presses import Frame, Press
from .rtp import FRAME, FRAME_SECONDS, PCMU, TELEPHONE_EVENT, Packet, extended
from .srtp import Stream

SILENCE = b"\xff" * FRAME
_BEFORE_SPEECH = 10  # frames of silence between the beep and the speech: 200 ms
_AFTER_SPEECH = 25  # frames between the speech and hanging up: 500 ms


class Sent(NamedTuple):
    """One packet as it went out."""

    sequence: int
    timestamp: int
    payload: bytes


class Voice:
    """The media of one call, from the ACK to the end."""

    def __init__(self, manner: Manner, log: Log, random: Random) -> None:
        """Make ready; nothing flows before `begin`."""
        self.sent: list[Sent] = []
        self.finished = False  # the caller has said everything and would hang up
        self.paused = False  # on hold: time passes, nothing is sent or heard
        self.keys = KeyListener(log)  # what the phone presses
        self._manner, self._log = manner, log
        self._pressing: deque[Frame] = deque()
        self._onset = 0  # timestamp of the event that is being sent
        self._sequence = random.getrandbits(16)
        self._timestamp = random.getrandbits(32)
        self._ssrc = random.getrandbits(32)
        self._to: Address | None = None
        self._next: float | None = None
        self._begun: float | None = None
        self._started = self._now = 0.0
        self._ticks = 0  # frames since the start: adding up their time would let it drift
        self._payload_types: frozenset[int] = frozenset()
        self._beeped = False
        self._detector = BeepDetector()
        self._heard: dict[int, Packet] = {}
        self._highest = 0
        self._their_ssrc: int | None = None
        self._keys: tuple[bytes, bytes] | None = None
        self._streams: tuple[Stream, Stream] | None = None  # what we send, what we get
        self._frames = self._script()

    @property
    def heard(self) -> list[bytes]:
        """The PCMU payloads received, in order of their sequence numbers."""
        return [packet.payload for _, packet in sorted(self._heard.items()) if packet.payload_type == PCMU]

    @property
    def pressed(self) -> list[int]:
        """The telephone events received (RFC 4733), one for each key press."""
        events = {
            packet.timestamp: packet.payload[0]
            for _, packet in sorted(self._heard.items())
            if packet.payload_type == TELEPHONE_EVENT and packet.payload
        }
        return list(events.values())

    @property
    def deadline(self) -> float | None:
        """When the next packet is due, or the waiting over."""
        if self._next is not None:
            return self._next
        return None if self.finished else self._gives_up_at

    @property
    def _gives_up_at(self) -> float | None:
        if self._begun is None or self._manner.max_wait is None or self._manner.stay:
            return None
        return self._begun + self._manner.max_wait

    def begin(self, address: Address, payload_types: tuple[str, ...], now: float) -> None:
        """The call is up: media may flow to and from `address`."""
        self._begun = now
        self._payload_types = frozenset(map(int, payload_types))
        if not self._manner.latch:
            self._start(address, now)

    def moved(self, address: Address, keys: tuple[bytes, bytes] | None = None) -> None:
        """A new description names an address, and the SRTP keys of what is sent and of what comes."""
        if keys != self._keys:
            self._keys = keys
            self._streams = (Stream(keys[0]), Stream(keys[1])) if keys else None
        if not self._manner.latch:
            self._to = address

    def press(self, press: Press) -> None:
        """Send a key in the place of what is being said, which goes on after it."""
        self._pressing.extend(press.frames())

    def stop(self) -> None:
        """The call is over."""
        self.keys.over()
        self.finished, self._next, self._begun = True, None, None

    def _start(self, address: Address, now: float) -> None:
        self._to, self._next, self._started = address, now, now

    def receive(self, data: bytes, source: Address, now: float) -> None:
        """Listen to a datagram."""
        if self._begun is None:
            return
        opened = self._streams[1].open(data) if self._streams else data
        packet = Packet.parse(opened) if opened is not None else None
        if packet is None:
            self._log.wrong("media: a datagram that is not plain RTP")
            return
        if self._to is None:
            self._start(source, now)
            self._log.note(now, "media flows")
        self._check(packet)
        if self.paused:
            return
        self._highest = extended(packet.sequence, self._highest) if self._heard else packet.sequence
        fresh = self._highest not in self._heard
        if fresh and packet.payload_type == TELEPHONE_EVENT:
            self.keys.event(packet, now)
        self._heard.setdefault(self._highest, packet)
        if fresh and packet.payload_type == PCMU and self._detector.feed(packet.payload, now):
            self._beep(now)

    def _check(self, packet: Packet) -> None:
        rules = {
            "a payload type that was not agreed": packet.payload_type not in self._payload_types,
            "more than one SSRC": self._their_ssrc not in {None, packet.ssrc},
            "PCMU that is not 20 ms": packet.payload_type == PCMU and len(packet.payload) != FRAME,
        }
        if (last := self._heard.get(self._highest)) and last.payload_type == packet.payload_type == PCMU:
            steps = (packet.sequence - last.sequence + 0x8000 & 0xFFFF) - 0x8000
            samples = (packet.timestamp - last.timestamp + 0x80000000 & 0xFFFFFFFF) - 0x80000000
            rules["timestamps that do not fit the sequence"] = samples * steps < 0 or (
                abs(samples) < abs(steps) * FRAME
            )
        self._their_ssrc = packet.ssrc
        for text, broken in rules.items():
            if broken:
                self._log.wrong(f"media: {text}")

    def _beep(self, now: float) -> None:
        if not self._beeped:
            self._beeped = True
            self._log.note(now, "beep heard")

    def due(self, now: float) -> list[tuple[bytes, Address]]:
        """The datagrams whose time has come. A late call catches up: the pace never drifts."""
        datagrams = []
        while self._to and self._next is not None and self._next <= now:
            self._now = self._next
            self._ticks += 1
            self._next = self._started + self._ticks * FRAME_SECONDS
            if (datagram := self._packet()) is not None:
                datagrams.append((datagram, self._to))
        if self._next is None and not self.finished and self._waited_enough(now):
            self.finished = True
        return datagrams

    def _packet(self) -> bytes | None:
        """The next packet; None when on hold or done."""
        event, frame = None, None
        if not self.paused:
            frame, event = self._pressing.popleft() if self._pressing else (next(self._frames, None), None)
            if frame is None:
                self.finished = True
                self._next = None
                return None
        sequence, timestamp = self._sequence, self._timestamp
        self._timestamp = (timestamp + FRAME) & 0xFFFFFFFF
        if frame is None:
            return None
        self._sequence = (sequence + 1) & 0xFFFF
        if event is None:
            self.sent.append(Sent(sequence, timestamp, frame))
            packet = Packet(PCMU, sequence, timestamp, self._ssrc, frame)
        else:
            self._onset = self._onset if event else timestamp
            packet = Packet(TELEPHONE_EVENT, sequence, self._onset, self._ssrc, frame, marker=not event)
        return self._streams[0].protect(packet.encode()) if self._streams else packet.encode()

    def _script(self) -> Iterator[bytes]:
        """The whole of what a caller says, frame by frame."""
        while not self._manner.speak_at_once and not self._beeped:
            if self._detector.silence(self._now):
                self._beep(self._now)
            elif self._waited_enough(self._now):
                return
            yield SILENCE
        for _ in range(0 if self._manner.speak_at_once else _BEFORE_SPEECH):
            yield SILENCE
        self._log.note(self._now, "speaking")
        for start in range(0, len(self._manner.speech), FRAME):
            yield self._manner.speech[start : start + FRAME].ljust(FRAME, b"\xff")
        self._log.note(self._now, "said everything")
        for _ in range(_AFTER_SPEECH):
            yield SILENCE
        while self._manner.stay:
            yield SILENCE

    def _waited_enough(self, now: float) -> bool:
        limit = self._gives_up_at
        if limit is None or now < limit:
            return False
        self._log.note(now, "waited long enough for a beep")
        return True
