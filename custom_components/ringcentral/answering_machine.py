"""The answering machine: greets, beeps, records until the caller hangs up or the message is long enough."""

import asyncio
import contextlib
from typing import Final

from .const import LOGGER
from .library import Clip, LibraryError
from .recording import Recordings
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
        phone: Phone,
        recordings: Recordings,
        sounds: Sounds,
    ) -> None:
        """Answer with a phone."""
        self._phone = phone
        self._recordings = recordings
        self._sounds = sounds
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
            clip = await self._recordings.prepare(call)
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
            await self._recordings.discard(clip)
            return
        except MediaError as error:
            LOGGER.error("The answering machine did not answer: %s", error)
            await self._recordings.discard(clip)
            return
        try:
            await self._talk(call, clip, session, ended, longest_message)
        finally:
            await self._recordings.file(call, clip, session)

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
            self._recordings.start(call, clip, session, longest_message)
        except MediaError:
            # Hung up with the beep.
            return
        if not await _within(ended, longest_message):
            self._hang_up(call)

    def _hang_up(self, call: Call) -> None:
        with contextlib.suppress(UnknownCallError):
            self._phone.hang_up(call.call_id, EndReason.MAX_DURATION)


async def _within(ended: asyncio.Event, seconds: float) -> bool:
    """Return whether the call ended within this time."""
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    except TimeoutError:
        return False
    return True
