"""The answering machine: greets, beeps, records until the message is over."""

import asyncio
from collections.abc import Callable
import contextlib
from dataclasses import dataclass
from functools import partial
from typing import Final

from .call_desk import LiveCall
from .const import LOGGER
from .library import Clip, LibraryError
from .line_options import LineOptions
from .media_source import clip_media_content_id
from .models import CallEvent, CallEventType
from .prompts import Prompts
from .recording import Recordings
from .softphone import Call, CallState, EndReason, Phone, UnknownCallError
from .softphone.media import SAMPLE_RATE, Codec, MediaError, MediaSession, RtpPacket
from .softphone.media.silence import SilenceDetector
from .sounds import Sounds
from .voice import Voice

END_KEY: Final = "#"
"""The key that a caller may end a message with."""

# Seconds that a caller may keep the greeting from being played: on hold, or with no address for sound.
_GREETING_PATIENCE: Final = 30.0
_OWN_GREETING: Final = "Callers hear the greeting that comes with the integration instead of yours"


@dataclass(slots=True)
class _Message:
    """A message that is being left."""

    live: LiveCall
    ended: bool = False

    def moved(self, since: CallState) -> bool:
        """Whether it is over, or the call isn't in this state any more."""
        return self.ended or self.live.call.state is not since


class AnsweringMachine:
    """Takes the calls of one line that nobody answers."""

    def __init__(
        self,
        *,
        phone: Phone,
        recordings: Recordings,
        sounds: Sounds,
        voice: Voice,
        on_message: Callable[[CallEvent], None],
    ) -> None:
        """Answer with a phone; on_message is told of each message that was left."""
        self._phone = phone
        self._recordings = recordings
        self._sounds = sounds
        self._prompts = Prompts(voice)
        self._on_message = on_message
        self._greeted: set[str] = set()
        self._taken: set[str] = set()
        self._messages: dict[str, _Message] = {}

    async def attend(self, live: LiveCall, choices: LineOptions, *, answer_after: float) -> None:
        """See a ringing call through to its end, after so many seconds in which a person may answer it."""
        # Made while it rings: nobody is to wait for an engine.
        with self._prompts.making(choices.greeting, _OWN_GREETING) as greeting:
            if not await live.within(answer_after, lambda: live.answered):
                await self._take(live, choices, await greeting() or self._sounds.greeting)

    def takes(self, call_id: str) -> bool:
        """Whether it is the machine that answered a call."""
        return call_id in self._taken

    def greets(self, call_id: str) -> bool:
        """Whether a call is still being greeted: who hangs up now has left nothing."""
        return call_id in self._greeted

    def key_pressed(self, call_id: str, key: str) -> None:
        """Take a key of a caller: # ends the message."""
        message = self._messages.get(call_id)
        if message is not None and key == END_KEY:
            message.ended = True
            message.live.change()

    async def _take(self, live: LiveCall, choices: LineOptions, greeting: bytes) -> None:
        call = live.call
        try:
            clip = await self._recordings.prepare(call)
        except LibraryError as error:
            # A caller who is told to leave a message must not speak into the void.
            LOGGER.error(
                "The answering machine did not answer, because a message could not be kept: %s", error
            )
            return
        self._taken.add(call.call_id)
        try:
            session = self._phone.answer(call.call_id)
        except (UnknownCallError, MediaError) as error:
            # Of an unknown call nothing is to be told: the caller gave up at this very moment.
            if isinstance(error, MediaError):
                LOGGER.error("The answering machine did not answer: %s", error)
            await self._recordings.discard(clip)
            self._taken.discard(call.call_id)
            return
        try:
            await self._talk(live, clip, session, choices, greeting)
        finally:
            self._taken.discard(call.call_id)
            await self._file(call, clip, session)

    async def _talk(
        self, live: LiveCall, clip: Clip, session: MediaSession, choices: LineOptions, greeting: bytes
    ) -> None:
        call_id = live.call_id
        self._greeted.add(call_id)
        try:
            if not await self._greet(live, session, greeting + self._sounds.beep) and not (
                self._skipped(live) and await self._greet(live, session, self._sounds.beep)
            ):
                return
            self._recordings.start(live.call, clip, session, choices.longest_message)
        except MediaError:
            # Hung up with the beep.
            return
        finally:
            self._greeted.discard(call_id)
        self._messages[call_id] = _Message(live)
        try:
            reason = await self._message_over(self._messages[call_id], session, choices)
        finally:
            del self._messages[call_id]
        if reason is not None:
            self._hang_up(live.call, reason)

    @staticmethod
    def _skipped(live: LiveCall) -> bool:
        """Whether somebody here has stopped the greeting, and says nothing instead: the caller is to have the beep."""
        return not live.over and not live.playing

    async def _greet(self, live: LiveCall, session: MediaSession, greeting: bytes) -> bool:
        try:
            async with asyncio.timeout(len(greeting) / SAMPLE_RATE + _GREETING_PATIENCE):
                return await session.play(greeting)
        except TimeoutError:
            self._hang_up(live.call, EndReason.MAX_DURATION)
            return False

    async def _message_over(
        self, message: _Message, session: MediaSession, choices: LineOptions
    ) -> EndReason | None:
        """Return why a message is over when it is; None where the caller hung up."""
        loop, live = asyncio.get_running_loop(), message.live
        longest = loop.time() + choices.longest_message
        silence = _listen(session)
        while not live.over:
            now, state = loop.time(), live.call.state
            quiet_for = silence.lasted(now)
            if message.ended:
                return EndReason.LOCAL_HANGUP
            if now >= longest:
                return EndReason.MAX_DURATION
            if choices.silence and state is not CallState.ON_HOLD and quiet_for >= choices.silence:
                return EndReason.SILENCE
            # While it is on hold nothing can be said.
            patience = choices.silence - quiet_for if state is not CallState.ON_HOLD else 0
            await live.within(
                min(longest - now, patience if patience > 0 else longest - now),
                partial(message.moved, state),
            )
            if state is CallState.ON_HOLD:
                silence.wait(loop.time())
        return None

    async def _file(self, call: Call, clip: Clip, session: MediaSession) -> None:
        saved = await self._recordings.file(call, clip, session)
        if saved is not None:
            self._on_message(
                CallEvent(
                    CallEventType.VOICEMAIL,
                    call,
                    duration=saved.duration,
                    clip=saved.id,
                    media_content_id=clip_media_content_id(saved.id),
                )
            )

    def _hang_up(self, call: Call, reason: EndReason) -> None:
        with contextlib.suppress(UnknownCallError):
            self._phone.hang_up(call.call_id, reason)


def _listen(session: MediaSession) -> SilenceDetector:
    """Return what follows the sound of a call from now on, beside whoever listens already."""
    clock, before = asyncio.get_running_loop().time, session.on_audio
    silence = SilenceDetector(clock())

    def listen(packet: RtpPacket, codec: Codec) -> None:
        silence.listen(packet.payload, codec, clock())
        if before is not None:
            before(packet, codec)

    session.on_audio = listen
    return silence
