"""The sound shell: UDP sockets, drained and fed by one clock for all calls.

Waking up costs more than parsing, so no socket wakes the loop: ten times a second one timer reads whatever has arrived
on every socket, and while something is being sent it also ticks with the 20 ms slots that ``playout`` shares among all
calls. Files are written by ``writer`` in its own thread.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
import math
from pathlib import Path
import secrets
import socket
import time
from typing import Final

from .both_sides import BothSides
from .errors import MediaError
from .g711 import Codec
from .key_output import KeyOrder
from .keypad import Keypad
from .keys import KeyWay
from .playout import FRAME, Playout, Randomness
from .port import bind_even
from .receiver import Receiver
from .recorder import Recorder
from .rtp import RtpPacket
from .source import Address, reachable
from .srtp import SrtpKeys
from .statistics import MediaStatistics
from .writer import ClipFile, ClipResult, ClipWriter

DRAIN_INTERVAL: Final = 5 * FRAME
"""Seconds between two readings of the sockets; a default receive buffer holds 5.5 s of one call. While both sides of a
call are recorded they are read with every slot: what was said after what is to be seen."""

MAX_DRAIN: Final = 500
"""Datagrams read from one socket at a time, so that a flood can't hold the loop."""

# A timer may fire a hair early; seconds.
_EARLY: Final = 1e-3
_DATAGRAM: Final = 8192


@dataclass(slots=True)
class _Recording:
    recorder: Recorder
    clip: ClipFile = field(repr=False)

    def finish(self) -> Future[ClipResult]:
        self.recorder.flush()
        return self.clip.finish()


class MediaSession:
    """The sound of one call. Made by ``MediaEngine.open``; all methods belong to the event loop.

    Attributes:
        keypad: the keys that the other side presses.
        on_event: takes each telephone-event packet (RFC 4733), repeats included; None ignores them.
        on_audio: takes each audio packet and its law, in the order they came; None ignores them.
    """

    def __init__(self, engine: MediaEngine, sock: socket.socket, playout: Playout) -> None:
        """Take over a bound, non-blocking socket."""
        self.keypad = Keypad()
        self.on_event: Callable[[RtpPacket], None] | None = None
        self.on_audio: Callable[[RtpPacket, Codec], None] | None = None
        self._engine = engine
        self._socket = sock
        self._port: int = sock.getsockname()[1]
        self._closed = False
        self._codec = Codec.PCMU
        self._receiver = Receiver(self._take_event)
        self._receive_errors = 0
        self._playout = playout
        self._sent = 0
        self._send_errors = 0
        self._played: asyncio.Future[bool] | None = None
        self._recording: _Recording | None = None
        self._finishing: Future[ClipResult] | None = None

    @property
    def port(self) -> int:
        """The local UDP port, even: what our SDP names."""
        return self._port

    @property
    def statistics(self) -> MediaStatistics:
        """A snapshot."""
        receiver = self._receiver
        return MediaStatistics(
            received=receiver.received,
            events=receiver.events,
            dropped=dict(receiver.dropped),
            misplaced=self._recording.recorder.misplaced if self._recording else 0,
            receive_errors=self._receive_errors,
            sent=self._sent,
            send_errors=self._send_errors,
            last_heard=receiver.last_heard,
            samples=receiver.samples,
            lost=receiver.loss.count,
        )

    @property
    def records_both_sides(self) -> bool:
        """Whether it matters when exactly something arrives."""
        return self._playout.on_frame is not None

    @property
    def next_due(self) -> float | None:
        """When there is something to send, in seconds on the engine's clock."""
        return None if self._receiver.source.target is None else self._playout.next_due

    def negotiate(
        self,
        remote: Address | None,
        *,
        codec: Codec,
        payload_type: int,
        event_payload_type: int | None,
        sending: bool,
        receiving: bool,
        srtp: SrtpKeys | None = None,
    ) -> None:
        """Take what an offer and answer agreed on; again after each re-INVITE.

        Args:
            remote: IPv4 address and port of the far end, None when it named none. 0.0.0.0 and port 0 are none. The same
                address as before keeps the source that was learned, another one is learned anew.
            codec: the law of the audio.
            payload_type: its RTP payload type.
            event_payload_type: that of telephone-event, None without.
            sending: whether the far end wants to hear us.
            receiving: whether we want to hear the far end.
            srtp: the keys of both sides, None for audio in the clear. A key as before keeps its rollover counter and
                what was seen under it.

        Raises:
            MediaError: the address is a name or not IPv4; nothing has changed then.
        """
        target = reachable(remote)
        if self._closed:
            return
        now = self._engine.now()
        # What has arrived until now was sent under the old agreement.
        self.drain(now)
        self._codec = codec
        self._receiver.negotiate(
            target,
            payload_type=payload_type,
            event_payload_type=event_payload_type,
            receiving=receiving,
            srtp=None if srtp is None else srtp.theirs,
        )
        self.keypad.negotiated()
        self._playout.negotiate(
            codec,
            payload_type,
            sending=sending,
            now=now,
            event_payload_type=event_payload_type,
            srtp=None if srtp is None else srtp.ours,
        )
        self._engine.wake()

    def play(self, ulaw: bytes) -> asyncio.Future[bool]:
        """Send µ-law audio, 8 kHz, instead of what plays now; it waits while the call is on hold.

        Returns:
            A future of whether it was sent to its end: False when stopped, replaced or closed.
        """
        self.stop_playing()
        played = asyncio.get_running_loop().create_future()
        if self._closed or not ulaw:
            played.set_result(not self._closed)
            return played
        self._played = played
        self._playout.play(ulaw, self._engine.now())
        self._engine.wake()
        return played

    def overlay(self, ulaw: bytes) -> None:
        """Send a µ-law tone over what plays, or in the silence; it waits while the call is on hold."""
        if not self._closed:
            self._playout.overlay(ulaw, self._engine.now())
            self._engine.wake()

    def stop_playing(self) -> None:
        """Fall silent with the frame that is on its way."""
        self._playout.stop()
        self._end_playing(completed=False)

    def press(self, order: KeyOrder, done: Callable[[bool], None]) -> None:
        """Press keys after those that are still to be pressed; what plays waits meanwhile, and goes on after them.

        Args:
            order: what to press. IN_BAND sends tones, RFC4733 events, AUTO events where they are agreed on now.
            done: told whether all were sent: not when the session is closed before, or has no events for RFC4733.
        """
        events = order.way is not KeyWay.IN_BAND and self._playout.takes_events
        if self._closed or (order.way is KeyWay.RFC4733 and not events):
            done(False)
            return
        self._playout.press(order.strokes(events=events), self._engine.now(), done)
        self._engine.wake()

    def record(self, path: Path, *, max_samples: int, lead: bytes = b"", both_sides: bool = False) -> None:
        """Record what is received from now on; the first packet is the start of the clip, or follows its lead.

        Args:
            path: the WAV file to be, created with the first sound.
            max_samples: length at which what is received ends, 8,000 a second.
            lead: µ-law that the clip begins with, once anything is received: what was said before.
            both_sides: in stereo, from now on: received on the left, the lead and what plays on the right, keys on neither.

        Raises:
            MediaError: a recording runs already, or the session or writer is closed.
        """
        if self._closed:
            raise MediaError("The call has no sound any more")
        if self._recording is not None:
            raise MediaError("The call is being recorded already")
        now = self._engine.now()
        self.drain(now)
        clip = self._engine.writer.begin(path, self._codec, channels=2 if both_sides else 1)
        recorder = Recorder(clip, self._codec, max_samples=max_samples, lead=lead)
        if both_sides:
            recorder = both = BothSides(clip, self._codec, max_samples=max_samples, start=now, lead=lead)
            self._playout.on_frame = both.say
            self._engine.wake(reading=True)
        self._recording = _Recording(recorder, clip)

    async def stop_recording(self) -> ClipResult | None:
        """End the recording with the last packet that has arrived.

        Returns:
            What became of the clip, None when there was no recording. A recording that ``close`` ended is reported too.
        """
        self.drain(self._engine.now())
        self._finish_recording()
        finishing, self._finishing = self._finishing, None
        if finishing is None:
            return None
        return await asyncio.wrap_future(finishing)

    def close(self) -> None:
        """Release the port; audio still playing is cut, a recording is finished in the background."""
        if self._closed:
            return
        self.stop_playing()
        self.drain(self._engine.now())
        self._finish_recording()
        self._playout.release()
        self._closed = True
        self._socket.close()
        self._engine.forget(self)

    def drain(self, now: float) -> None:
        """Read what has arrived; for the engine's clock.

        Whoever calls may speak before we have seen the answer to our offer; their first words wait in the socket.
        """
        if self._closed or self._receiver.deaf:
            return
        for _ in range(MAX_DRAIN):
            try:
                datagram, address = self._socket.recvfrom(_DATAGRAM)
            except BlockingIOError:
                break
            except OSError:
                # An event may have made its taker close the session.
                if self._socket.fileno() < 0:
                    return
                self._receive_errors += 1
                continue
            packets = self._receiver.receive(datagram, address, now)
            for packet in packets:
                if self._recording is not None:
                    self._recording.recorder.add(packet, self._codec, now)
                self.keypad.hear_audio(packet, self._codec, now)
                if self.on_audio is not None:
                    self.on_audio(packet, self._codec)
        if self._recording is not None:
            self._recording.recorder.flush_held(now)

    def send(self, now: float) -> None:
        """Send what is due; for the engine's clock."""
        target = self._receiver.source.target
        if self._closed or target is None:
            return
        for datagram in self._playout.due(now):
            try:
                self._socket.sendto(datagram, target)
            except OSError:
                self._send_errors += 1
            else:
                self._sent += 1
        if not self._playout.playing:
            self._end_playing(completed=True)

    def _take_event(self, packet: RtpPacket) -> None:
        self.keypad.hear_event(packet, self._engine.now())
        if self.on_event is not None:
            self.on_event(packet)

    def _finish_recording(self) -> None:
        if self._recording is not None:
            self._playout.on_frame = None
            self._finishing = self._recording.finish()
            self._recording = None

    def _end_playing(self, *, completed: bool) -> None:
        played, self._played = self._played, None
        if played is not None and not played.done():
            played.set_result(completed)


class MediaEngine:
    """Opens the sound of calls and drives it. All methods belong to the event loop."""

    def __init__(
        self,
        writer: ClipWriter,
        *,
        bind_host: str = "0.0.0.0",  # noqa: S104 - calls come from the internet, on whichever interface
        clock: Callable[[], float] = time.monotonic,
        randomness: Randomness | None = None,
    ) -> None:
        """Start nothing yet.

        Args:
            writer: writes the clips; its owner closes it, after this.
            bind_host: local IPv4 address to receive on.
            clock: seconds, monotonic.
            randomness: starts the RTP streams, the system's unless given.
        """
        self.writer = writer
        self.now = clock
        self._bind_host = bind_host
        self._randomness = randomness or secrets.SystemRandom()
        self._origin = clock()
        self._sessions: list[MediaSession] = []
        self._timer: asyncio.TimerHandle | None = None
        self._drain_at = self._origin

    def open(self) -> MediaSession:
        """Return a session on a port of its own.

        Raises:
            MediaError: no even UDP port is free.
        """
        sock = bind_even(self._bind_host)
        session = MediaSession(self, sock, Playout(origin=self._origin, randomness=self._randomness))
        self._sessions.append(session)
        self.wake()
        return session

    async def close(self) -> None:
        """Close all sessions; closing the writer then waits for what they recorded."""
        for session in self._sessions.copy():
            session.close()

    def forget(self, session: MediaSession) -> None:
        """Drive a session no longer; for the session itself."""
        self._sessions.remove(session)
        self.wake()

    def wake(self, *, reading: bool = False) -> None:
        """Set the timer to the next thing to do; for sessions that have something new to send, or want to read now."""
        if reading:
            self._drain_at = self.now()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._sessions:
            return
        due = min(
            self._drain_at, *(self._drain_at if (at := s.next_due) is None else at for s in self._sessions)
        )
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(loop.time() + due - self.now(), self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = self.now()
        try:
            if now >= self._drain_at - _EARLY:
                closely = any(session.records_both_sides for session in self._sessions)
                interval = FRAME if closely else DRAIN_INTERVAL
                elapsed = math.floor((now - self._origin + _EARLY) / interval)
                self._drain_at = self._origin + (elapsed + 1) * interval
                for session in self._sessions.copy():
                    session.drain(now)
            for session in self._sessions.copy():
                session.send(now)
        finally:
            self.wake()
