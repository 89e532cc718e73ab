"""Our phone on one side of a real server, with every call answered and recorded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
import re
import ssl
import wave

import audioop

from custom_components.ringcentral.softphone import (
    Account,
    Call,
    CallChanged,
    CallEnded,
    CallState,
    LineLost,
    Phone,
    PhoneEvent,
    Proxy,
    Registered,
    Transport,
)
from custom_components.ringcentral.softphone.media import (
    SAMPLE_RATE,
    ClipResult,
    ClipWriter,
    MediaEngine,
    MediaSession,
    MediaStatistics,
)
from custom_components.ringcentral.softphone.trace import Trace, Way

from .asterisk_server import REALM, Credentials
from .programs import eventually

# What a line promises once its server is back; seconds.
LONGEST_ABSENCE = 60
FRAME_SAMPLES = 160
MAX_SAMPLES = 120 * SAMPLE_RATE


class AnsweredLine:
    """A line on which every call is answered as soon as it rings; `events` is all that happened.

    `clip` is where the next call is recorded; what is asked of the sound is asked of the last call's.
    """

    def __init__(
        self,
        credentials: Credentials,
        port: int,
        engine: MediaEngine,
        clip: Path,
        *,
        require_srtp: bool,
        tls: ssl.SSLContext | None,
        transport: Transport,
        answering: bool = True,
    ) -> None:
        self.events: list[PhoneEvent] = []
        self.clip = clip
        self._answering = answering
        self._session: MediaSession | None = None
        account = Account(
            require_srtp=require_srtp,
            username=credentials.username,
            password=credentials.password,
            authorization_id=credentials.authorization_id,
            domain=REALM,
            proxies=(Proxy("127.0.0.1", port),),
            transport=transport,
            instance_id="urn:uuid:00000000-0000-1000-8000-000a95a0e128",
        )
        self._trace = Trace(lambda: datetime.now(UTC))
        self.phone = Phone(account, engine, self._note, tls, self._trace)

    async def registered(self) -> Registered:
        """Wait until the server has accepted the phone."""
        return await self._first(Registered)

    async def registered_again(self, after: int = 0) -> None:
        """Wait until the connection was lost, in the events from this one on, and the line is back."""
        await eventually(lambda: any(isinstance(event, LineLost) for event in self.events[after:]))
        await eventually(lambda: isinstance(self._line_events[-1], Registered), LONGEST_ABSENCE)

    async def refreshed(self) -> None:
        """Wait until the server has accepted the phone once more."""
        before = len(self._line_events)
        await eventually(lambda: len(self._line_events) > before)
        assert isinstance(self._line_events[-1], Registered)

    async def hears_of_invite(self, status: int) -> None:
        """Wait until the server has answered an INVITE of ours."""
        answer = re.compile(rf"SIP/2\.0 {status} .*\bCSeq: \d+ INVITE", re.DOTALL)
        await eventually(
            lambda: any(
                message.way is Way.RECEIVED and answer.match(message.text) for message in self._trace.messages
            )
        )

    async def talking(self) -> Call:
        """Wait until a call is answered and return it."""
        await eventually(lambda: self._answered is not None)
        assert self._answered is not None
        return self._answered

    async def ended(self) -> CallEnded:
        """Wait until the call is over."""
        return await self._first(CallEnded)

    async def over(self, calls: int) -> list[CallEnded]:
        """Wait until this many calls are over and return the end of every one."""
        await eventually(lambda: len(self._endings) >= calls, 30)
        return self._endings

    async def lost(self) -> LineLost:
        """Wait until the connection is given up."""
        return await self._first(LineLost)

    async def say(self, ulaw: bytes) -> None:
        """Say something to its end."""
        assert self._session is not None
        assert await self._session.play(ulaw)

    @property
    def statistics(self) -> MediaStatistics:
        """What the sound of the call has done so far."""
        assert self._session is not None
        return self._session.statistics

    async def recorded(self) -> ClipResult:
        """End the recording and return what became of it."""
        assert self._session is not None
        result = await self._session.stop_recording()
        assert result is not None
        return result

    @property
    def _answered(self) -> Call | None:
        changes = [event.call for event in self.events if isinstance(event, CallChanged)]
        return next((call for call in changes if call.state is CallState.TALKING), None)

    @property
    def _endings(self) -> list[CallEnded]:
        return [event for event in self.events if isinstance(event, CallEnded)]

    @property
    def _line_events(self) -> list[Registered | LineLost]:
        return [event for event in self.events if isinstance(event, Registered | LineLost)]

    def _note(self, event: PhoneEvent) -> None:
        self.events.append(event)
        match event:
            case CallChanged(Call(state=CallState.RINGING) as call) if self._answering:
                self._session = self.phone.answer(call.call_id)
                self._session.record(self.clip, max_samples=MAX_SAMPLES)

    async def _first[Event: PhoneEvent](self, kind: type[Event]) -> Event:
        await eventually(lambda: any(isinstance(event, kind) for event in self.events))
        return next(event for event in self.events if isinstance(event, kind))


@asynccontextmanager
async def answered_line(
    credentials: Credentials,
    port: int,
    clip: Path,
    tls: ssl.SSLContext | None = None,
    *,
    require_srtp: bool = False,
    transport: Transport | None = None,
    answering: bool = True,
) -> AsyncIterator[AnsweredLine]:
    """Keep a line at the server on `port` of loopback, over TLS or TCP; its first call goes into `clip`.

    Without `answering` it only rings.
    """
    transport = transport or (Transport.TLS if tls else Transport.TCP)
    writer = ClipWriter()
    engine = MediaEngine(writer, bind_host="127.0.0.1")
    line = AnsweredLine(
        credentials,
        port,
        engine,
        clip,
        require_srtp=require_srtp,
        tls=tls,
        transport=transport,
        answering=answering,
    )
    line.phone.start()
    try:
        yield line
    finally:
        await line.phone.stop()
        await engine.close()
        assert writer.close()


def read_ulaw(clip: Path) -> bytes:
    """Return a clip's sound as µ-law, which is what was sent if nothing was lost or changed."""
    with wave.open(str(clip)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (SAMPLE_RATE, 1, 2)
        return audioop.lin2ulaw(sound.readframes(sound.getnframes()), 2)
