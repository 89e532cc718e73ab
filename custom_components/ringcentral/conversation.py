"""What Home Assistant does in a call: answers it, speaks, records. Each method waits until it is done."""

import asyncio
import contextlib
from typing import Any, Final

from homeassistant.exceptions import HomeAssistantError

from .call_desk import LiveCall, Recording
from .const import DOMAIN
from .coordinator import RingCentralCoordinator
from .library import Clip, LibraryError
from .softphone import EndReason, UnknownCallError
from .softphone.media import MediaError, MediaSession

# Seconds of a recording that nobody stops.
LONGEST_RECORDING: Final = 3600.0


class Conversation:
    """One call, and what is done in it."""

    def __init__(self, line: RingCentralCoordinator, live: LiveCall) -> None:
        """Act on a live call of a line."""
        self.live = live
        self._line = line

    @property
    def outcome(self) -> dict[str, Any]:
        """How the call stands, for who asked: its end_reason is None while it goes on."""
        end = self.live.end
        return {"call_id": self.live.call_id, "end_reason": end.reason.value if end else None}

    @property
    def _session(self) -> MediaSession:
        try:
            return self._line.phone.session(self.live.call_id)
        except UnknownCallError as error:
            raise _failed("call_over") from error

    async def answer(self) -> bool:
        """Answer; return whether the caller is there, who may have given up at this very moment."""
        try:
            self._line.phone.answer(self.live.call_id)
        except UnknownCallError:
            return False
        except MediaError as error:
            raise _failed("no_free_port") from error
        await self.live.until(lambda: self.live.answered)
        return not self.live.over

    def hang_up(self, reason: EndReason = EndReason.LOCAL_HANGUP) -> None:
        """End the call, or decline it while it rings; nothing happens when it is over."""
        if not self.live.over:
            self._line.phone.hang_up(self.live.call_id, reason)

    async def play(self, ulaw: bytes, times: int = 1) -> bool:
        """Play sound so many times; return whether it was heard to its end, not stopped or hung up on."""
        session = self._session
        try:
            for _ in range(times):
                if not await session.play(ulaw):
                    return False
        except asyncio.CancelledError:
            session.stop_playing()
            raise
        return True

    def stop(self) -> None:
        """Play no more."""
        self._session.stop_playing()

    async def record(self, longest: float = LONGEST_RECORDING) -> None:
        """Record from now on, until the call is over or so many seconds have passed; raises HomeAssistantError."""
        live, recordings = self.live, self._line.recordings
        if live.recording is not None and not live.recording.filed.done():
            raise _failed("recording_already")
        session = self._session
        try:
            clip = await recordings.prepare(live.call)
        except LibraryError as error:
            raise _failed(error.key) from error
        try:
            recordings.start(live.call, clip, session, longest)
        except MediaError as error:
            await recordings.discard(clip)
            raise _failed("call_over" if live.over else "recording_already") from error
        stopped = asyncio.Event()
        filed = self._line.async_work(self._recorded(clip, session, longest, stopped), "recording")
        live.recording = Recording(stopped, filed)

    async def stop_recording(self) -> Clip | None:
        """End the recording; return its clip, None where nothing was to be heard. Raises HomeAssistantError."""
        recording, self.live.recording = self.live.recording, None
        if recording is None:
            raise _failed("not_recording")
        recording.stopped.set()
        self.live.change()
        return await asyncio.shield(recording.filed)

    async def _recorded(
        self, clip: Clip, session: MediaSession, longest: float, stopped: asyncio.Event
    ) -> Clip | None:
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(longest):
                    await self.live.until(stopped.is_set)
        finally:
            saved = await self._line.recordings.file(self.live.call, clip, session)
        return saved


def _failed(key: str) -> HomeAssistantError:
    return HomeAssistantError(translation_domain=DOMAIN, translation_key=key)
