"""The answering machine: greets, beeps, records until the message is over, and thanks for it."""

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from ..clips.media_identifiers import clip_media_content_id
from ..clips.recording import Recordings
from ..const import LOGGER, RecordingMode
from ..library import Clip, ClipKind, Consent, LibraryError
from ..line_options import LineOptions
from ..models import CallEvent, CallEventType
from ..softphone import Call, CallState, EndReason, Phone, UnknownCallError
from ..softphone.media import SAMPLE_RATE, ClipResult, Codec, MediaError, MediaSession, RtpPacket
from ..softphone.media.silence import SilenceDetector
from .call_desk import LiveCall
from .prompts import Prompts
from .sounds import Sounds
from .voice import Voice

END_KEY: Final = "#"
"""The key that a caller may end a message with."""

# Seconds that a caller may keep the greeting from being played: on hold, or with no address for sound.
_GREETING_PATIENCE: Final = 30.0
# And the thanks, after which nothing comes.
_THANKS_PATIENCE: Final = 3.0
_NO_THANKS: Final = "Callers are hung up on without your thanks for their message"
_OWN_GREETING: Final = "Callers hear the greeting that comes with the integration instead of yours"


@dataclass(slots=True)
class _Message:
    """A message that is being left."""

    live: LiveCall
    clip: Clip
    session: MediaSession
    ended: bool = False
    sound: ClipResult | None = None
    """What was recorded, where that was stopped before the end of the call."""

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
        self._filed: dict[str, asyncio.Future[Clip | None]] = {}
        self._messages: dict[str, _Message] = {}

    async def attend(self, live: LiveCall, choices: LineOptions, *, answer_after: float) -> None:
        """See a ringing call through to its end, after so many seconds in which a person may answer it.

        Where nothing is recorded it goes on ringing.
        """
        if choices.recording is RecordingMode.OFF:
            # Nobody is asked for a message that isn't kept; the provider's own voicemail may take it.
            return
        # Made while it rings: nobody is to wait for an engine.
        with self._prompts.making(choices.greeting, _OWN_GREETING) as greeting:
            if not await live.within(answer_after, lambda: live.answered):
                await self._take(live, choices, await greeting() or self._sounds.greeting)

    def takes(self, call_id: str) -> bool:
        """Whether it is the machine that answered a call."""
        return call_id in self._taken

    def message(self, call_id: str) -> asyncio.Future[Clip | None] | None:
        """Return what will be the message of a call that the machine answered, None where it didn't; its result may be None.

        It isn't for cancelling.
        """
        return self._filed.get(call_id)

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
            clip = await self._recordings.prepare(call, Consent.GREETED, ClipKind.VOICEMAIL)
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
        message = _Message(live, clip, session)
        filed = self._filed[call.call_id] = asyncio.get_running_loop().create_future()
        saved = None
        try:
            await self._talk(message, choices, greeting)
        finally:
            self._taken.discard(call.call_id)
            try:
                saved = await self._file(message)
            finally:
                del self._filed[call.call_id]
                filed.set_result(saved)

    async def _talk(self, message: _Message, choices: LineOptions, greeting: bytes) -> None:
        live, session, call_id = message.live, message.session, message.live.call_id
        self._greeted.add(call_id)
        try:
            if not await self._greet(live, session, greeting + self._sounds.beep):
                if not self._skipped(live) or not await self._greet(live, session, self._sounds.beep):
                    return
                message.clip = replace(message.clip, consent=Consent.NONE)
            self._recordings.start(live.call, message.clip, session, choices.longest_message)
        except MediaError:
            # Hung up with the beep.
            return
        finally:
            self._greeted.discard(call_id)
        self._messages[call_id] = message
        # Made while the message is left.
        with self._prompts.making(choices.thanks, _NO_THANKS) as thanks:
            try:
                reason = await self._message_over(message, session, choices)
            finally:
                del self._messages[call_id]
            if reason is None:
                return
            if choices.thanks is not None:
                await self._thank(message, thanks)
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

    async def _thank(self, message: _Message, thanks: Callable[[], Awaitable[bytes | None]]) -> None:
        """Thank a caller who is still there, which is no part of the message; return when that is over in any case."""
        message.sound = await message.session.stop_recording()
        said = await thanks()
        if said is None or message.live.over:
            return
        # A caller on hold doesn't hear it, and may be so for ever.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(len(said) / SAMPLE_RATE + _THANKS_PATIENCE):
                await message.session.play(said)

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

    async def _file(self, message: _Message) -> Clip | None:
        call = message.live.call
        return await self._recordings.file(
            call, message.clip, message.session, message.sound, then=partial(self._tell_of_message, call)
        )

    def _tell_of_message(self, call: Call, saved: Clip) -> None:
        self._on_message(
            CallEvent(
                CallEventType.VOICEMAIL,
                call,
                duration=saved.duration,
                clip=saved.id,
                media_content_id=clip_media_content_id(saved.id),
                consent=saved.consent,
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
