"""The way out: which packets to send now, so that the far end hears a greeting and the call stays alive.

Time is cut into *slots* of 20 ms, counted from an origin that all calls share, so that one wake-up serves them all.
A slot's RTP timestamp is its number times 160: the timestamp follows the clock through every silence by itself.

- After each negotiation a few packets of silence *latch*: a server behind or before a NAT learns where we are.
- Audio takes one slot a frame. When the clock was late, slots are skipped, audio never is.
- Keys take the place of the audio, which waits for them and goes on where it was.
- A tone may lie over whatever plays, or over silence.
- When nothing plays one packet of silence every five seconds keeps the path open; RingCentral ends a call from which
  it heard nothing for 15 minutes.
"""

from collections.abc import Callable, Sequence
import math
from typing import Final, Protocol

from .g711 import SAMPLE_RATE, Codec, mixed, transcode
from .key_output import KeyOutput, Stroke
from .rtp import RtpPacket, build
from .srtp import MasterKey, Sender

FRAME: Final = 0.02
"""Seconds of audio in a packet."""

FRAME_SAMPLES: Final = round(FRAME * SAMPLE_RATE)

LATCH_PACKETS: Final = 5
"""Packets of silence after a negotiation: UDP may lose some."""

KEEPALIVE_SLOTS: Final = 250
"""Slots from one packet to the next when nothing plays (5 s)."""

MAX_BURST: Final = 3
"""Packets sent at once by a clock that is late; the rest of its delay is skipped."""

# A tick that comes a hair before its slot still belongs to it.
_EARLY: Final = 1e-3


class Randomness(Protocol):
    """Where unpredictable numbers come from: ``secrets.SystemRandom`` or a seeded ``random.Random``."""

    def getrandbits(self, k: int, /) -> int:
        """Return ``k`` random bits."""


class Playout:
    """What one call sends: an RTP stream with its sequence, timestamps and SSRC (RFC 3550 §5.1)."""

    def __init__(self, *, origin: float, randomness: Randomness) -> None:
        """Start silent until something is negotiated.

        Args:
            origin: time of slot 0, in seconds on the clock that ``due`` is called with.
            randomness: starts the sequence, timestamp and SSRC.
        """
        self._origin = origin
        # 15 bits, so that SRTP's rollover counter starts unambiguous (RFC 3711 §3.3.1).
        self._sequence = randomness.getrandbits(15)
        self._first_timestamp = randomness.getrandbits(32)
        self._ssrc = randomness.getrandbits(32)
        self._codec = Codec.PCMU
        self._payload_type = 0
        self._event_payload_type: int | None = None
        self._keys = KeyOutput()
        self._sending = False
        self._slot: int | None = None
        self._sent = -1
        self._latching = 0
        self._talking = False
        self._ulaw = b""
        self._played = 0
        self._tone = b""
        # Senders are kept: one that came back to its key anew would encrypt two packets alike.
        self._senders: dict[MasterKey, Sender] = {}
        self._sender: Sender | None = None
        self.on_frame: Callable[[bytes, float], None] | None = None
        """Takes each frame of audio that is sent, in µ-law, and when; neither silence nor keys, which are secrets."""

    @property
    def playing(self) -> bool:
        """Whether audio is left to be sent."""
        return self._played < len(self._ulaw)

    @property
    def takes_events(self) -> bool:
        """Whether keys can be sent as events."""
        return self._event_payload_type is not None

    @property
    def next_due(self) -> float | None:
        """When ``due`` has something to send, in seconds on its clock; None before the first negotiation."""
        return None if self._slot is None else self._origin + self._slot * FRAME

    def negotiate(
        self,
        codec: Codec,
        payload_type: int,
        *,
        sending: bool,
        now: float,
        event_payload_type: int | None = None,
        srtp: MasterKey | None = None,
    ) -> None:
        """Take what an offer and answer agreed on, and our key for it, None for plain packets; and latch.

        While not ``sending`` only the keep-alive goes out, at once and every five seconds; audio and keys wait.
        """
        self._codec = codec
        self._payload_type = payload_type
        self._event_payload_type = event_payload_type
        self._talking = self._talking and sending
        self._sending = sending
        if srtp is not None and srtp not in self._senders:
            self._senders[srtp] = Sender(srtp)
        self._sender = None if srtp is None else self._senders[srtp]
        self._latching = LATCH_PACKETS if sending else 1
        self._slot = self._soon(now)

    def play(self, ulaw: bytes, now: float) -> None:
        """Send µ-law audio from the next slot on, instead of what plays now."""
        self._ulaw = ulaw
        self._played = 0
        self._talking = False
        if self._audible:
            self._slot = self._soon(now)

    def overlay(self, ulaw: bytes, now: float) -> None:
        """Send a µ-law tone from the next slot on, over what plays or in the silence."""
        self._tone = ulaw
        if self._audible:
            self._slot = self._soon(now)

    def stop(self) -> None:
        """Send no more of the audio; the keep-alive goes on from here."""
        self._ulaw = b""
        self._played = 0
        self._talking = False

    def press(self, strokes: Sequence[Stroke], now: float, done: Callable[[bool], None]) -> None:
        """Press keys from the next slot on, or after those that are still to be; done() is told whether all were."""
        self._keys.press(strokes, done)
        if self._audible:
            self._slot = self._soon(now)

    def release(self) -> None:
        """Press no more keys."""
        self._keys.clear()

    def due(self, now: float) -> list[bytes]:
        """Return the datagrams to send now, at most ``MAX_BURST``."""
        if self._slot is None:
            return []
        current = math.floor((now - self._origin) / FRAME + _EARLY)
        earliest = current - MAX_BURST + 1
        if self._slot < earliest:
            self._slot = earliest
            self._talking = False
        datagrams = []
        while self._slot <= current:
            datagrams.append(self._packet(self._slot))
            self._slot += 1 if self._latching or self._audible else KEEPALIVE_SLOTS
        return datagrams

    @property
    def _audible(self) -> bool:
        sounds = self.playing or bool(self._tone) or self._keys.pressing
        return self._sending and sounds and self._slot is not None

    def _soon(self, now: float) -> int:
        """Return the first slot that isn't past and carries no packet yet."""
        slot = math.ceil((now - self._origin) / FRAME - _EARLY)
        return max(slot, self._sent + 1)

    def _packet(self, slot: int) -> bytes:
        payload_type, marker, onset, payload = self._next_frame(slot)
        self._sent = slot
        packet = RtpPacket(
            payload_type,
            marker,
            self._sequence,
            self._first_timestamp + onset * FRAME_SAMPLES & 0xFFFFFFFF,
            self._ssrc,
            payload,
        )
        self._sequence = self._sequence + 1 & 0xFFFF
        datagram = build(packet)
        return datagram if self._sender is None else self._sender.protect(datagram)

    def _next_frame(self, slot: int) -> tuple[int, bool, int, bytes]:
        """Return payload type, marker, the slot that gives the timestamp, and payload."""
        latching = self._latching > 0 and not (self._talking or self._keys.down)
        self._latching = max(0, self._latching - 1)
        silence = self._codec.silence * FRAME_SAMPLES
        if latching or not self._audible:
            self._talking = False
            return self._payload_type, False, slot, silence
        if self._keys.pressing:
            self._talking = False
            event, marker, onset, payload = self._keys.next(slot, self._codec)
            if not event:
                return self._payload_type, marker, slot, payload
            # What was agreed on while a key was half told may have no events any more.
            if self._event_payload_type is None:
                return self._payload_type, False, slot, silence
            return self._event_payload_type, marker, onset, payload
        frame = self._ulaw[self._played : self._played + FRAME_SAMPLES]
        self._played += FRAME_SAMPLES
        if self._tone:
            tone, self._tone = self._tone[:FRAME_SAMPLES], self._tone[FRAME_SAMPLES:]
            frame = mixed(frame, tone)
        marker, self._talking = not self._talking, True
        if self.on_frame is not None:
            self.on_frame(frame, self._origin + slot * FRAME)
        payload = transcode(frame, Codec.PCMU, self._codec).ljust(FRAME_SAMPLES, self._codec.silence)
        return self._payload_type, marker, slot, payload
