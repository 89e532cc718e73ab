"""The answering machine: greets, beeps, records until the caller hangs up or the message is long enough."""

import asyncio
from collections.abc import Callable
import contextlib
from typing import Final

from homeassistant.util import dt as dt_util

from .const import LOGGER
from .library import Clip, Library, LibraryError
from .media_source import clip_media_content_id
from .models import CallEvent, CallEventType
from .softphone import Call, EndReason, Phone, UnknownCallError
from .softphone.media import SAMPLE_RATE, MediaError, MediaSession
from .sounds import Sounds

# Seconds that a caller may keep the greeting from being played: on hold, or with no address for sound.
_GREETING_PATIENCE: Final = 30.0


class AnsweringMachine:
    """Takes the calls of one line that nobody answers."""

    def __init__(
        self,
        *,
        line_id: str,
        phone: Phone,
        library: Library,
        sounds: Sounds,
        on_event: Callable[[CallEvent], None],
    ) -> None:
        """Work for a line; on_event is told when a recording starts and is saved."""
        self._line_id = line_id
        self._phone = phone
        self._library = library
        self._sounds = sounds
        self._on_event = on_event
        self._ended: dict[str, asyncio.Event] = {}

    async def attend(self, call: Call, *, answer_after: float, longest_message: float) -> None:
        """See a ringing call through to its end: seconds of ringing first, then at most a message of this length."""
        ended = self._ended.setdefault(call.call_id, asyncio.Event())
        try:
            if not await _within(ended, answer_after):
                await self._take(call, ended, longest_message)
        finally:
            del self._ended[call.call_id]

    def call_ended(self, call_id: str) -> None:
        """Note that a call is over."""
        if (ended := self._ended.get(call_id)) is not None:
            ended.set()

    async def _take(self, call: Call, ended: asyncio.Event, longest_message: float) -> None:
        try:
            clip = await self._library.begin_clip(self._line_id, dt_util.utcnow(), call_id=call.call_id)
        except LibraryError as error:
            # A caller who is told to leave a message must not speak into the void.
            LOGGER.error(
                "The answering machine did not answer, because a message could not be kept: %s", error
            )
            return
        try:
            session = self._phone.answer(call.call_id)
        except UnknownCallError:
            # The caller gave up at this very moment.
            await self._discard(clip)
            return
        except MediaError as error:
            LOGGER.error("The answering machine did not answer: %s", error)
            await self._discard(clip)
            return
        try:
            await self._talk(call, clip, session, ended, longest_message)
        finally:
            await self._file(call, clip, session)

    async def _talk(
        self, call: Call, clip: Clip, session: MediaSession, ended: asyncio.Event, longest_message: float
    ) -> None:
        greeting = self._sounds.greeting + self._sounds.beep
        try:
            async with asyncio.timeout(len(greeting) / SAMPLE_RATE + _GREETING_PATIENCE):
                if not await session.play(greeting):
                    return
        except TimeoutError:
            self._hang_up(call)
            return
        try:
            session.record(clip.path, max_samples=int(longest_message * SAMPLE_RATE))
        except MediaError:
            # Hung up with the beep.
            return
        self._on_event(CallEvent(CallEventType.RECORDING_STARTED, call, clip=clip.id))
        if not await _within(ended, longest_message):
            self._hang_up(call)

    def _hang_up(self, call: Call) -> None:
        with contextlib.suppress(UnknownCallError):
            self._phone.hang_up(call.call_id, EndReason.MAX_DURATION)

    async def _file(self, call: Call, clip: Clip, session: MediaSession) -> None:
        result = await session.stop_recording()
        if result is not None and result.error is not None:
            LOGGER.error("A message could not be recorded to its end: %s", result.error.strerror)
        if result is None or not result.samples:
            await self._discard(clip)
            return
        try:
            saved = await self._library.finish_clip(clip.id, result.samples / SAMPLE_RATE)
        except LibraryError as error:
            LOGGER.error(
                "A message could not be filed; its sound is kept and filed at the next start: %s", error
            )
            return
        self._on_event(
            CallEvent(
                CallEventType.RECORDING_SAVED,
                call,
                duration=saved.duration,
                clip=saved.id,
                media_content_id=clip_media_content_id(saved.id),
            )
        )

    async def _discard(self, clip: Clip) -> None:
        # What can't be deleted now has no sound, and goes with the next start.
        with contextlib.suppress(LibraryError):
            await self._library.discard_clip(clip.id)


async def _within(ended: asyncio.Event, seconds: float) -> bool:
    """Return whether the call ended within this time."""
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    except TimeoutError:
        return False
    return True
