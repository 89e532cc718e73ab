"""Keeps what is heard in a call as a clip of the library."""

from collections.abc import Callable
import contextlib

from homeassistant.util import dt as dt_util

from ..const import LOGGER
from ..library import Clip, ClipKind, Consent, Library, LibraryError
from ..media_source import clip_media_content_id
from ..models import CallEvent, CallEventType
from ..softphone import Call
from ..softphone.media import SAMPLE_RATE, ClipResult, MediaSession


class Recordings:
    """The recordings of one line."""

    def __init__(self, line_id: str, library: Library, on_event: Callable[[CallEvent], None]) -> None:
        """Keep for a line; on_event is told when a recording starts and is saved."""
        self._line_id = line_id
        self._library = library
        self._on_event = on_event

    async def prepare(self, call: Call, consent: Consent, kind: ClipKind = ClipKind.CALL) -> Clip:
        """Make room for the clip of a call; raises LibraryError. What is prepared is to be filed or discarded."""
        return await self._library.begin_clip(
            self._line_id, dt_util.utcnow(), call_id=call.call_id, kind=kind, consent=consent
        )

    def start(self, call: Call, clip: Clip, session: MediaSession, longest: float, lead: bytes = b"") -> None:
        """Record from now on, so many seconds at the most, behind what was said before; raises MediaError."""
        session.record(clip.path, max_samples=int(longest * SAMPLE_RATE), lead=lead)
        self._on_event(CallEvent(CallEventType.RECORDING_STARTED, call, clip=clip.id, consent=clip.consent))

    async def file(
        self, call: Call, clip: Clip, session: MediaSession, stopped: ClipResult | None = None
    ) -> Clip | None:
        """End the recording, if it hasn't been stopped, and file it.

        None where there was nothing to be heard, or it can't be filed now.
        """
        result = stopped if stopped is not None else await session.stop_recording()
        if result is not None and result.error is not None:
            LOGGER.error("A call could not be recorded to its end: %s", result.error.strerror)
        if result is None or not result.samples:
            await self.discard(clip)
            return None
        try:
            saved = await self._library.finish_clip(clip.id, result.samples / SAMPLE_RATE)
        except LibraryError as error:
            LOGGER.error(
                "A recording could not be filed; its sound is kept and filed at the next start: %s", error
            )
            return None
        self._on_event(
            CallEvent(
                CallEventType.RECORDING_SAVED,
                call,
                duration=saved.duration,
                clip=saved.id,
                media_content_id=clip_media_content_id(saved.id),
                consent=saved.consent,
            )
        )
        return saved

    async def discard(self, clip: Clip) -> None:
        """Forget what was prepared in vain."""
        # What can't be deleted now has no sound, and goes with the next start.
        with contextlib.suppress(LibraryError):
            await self._library.discard_clip(clip.id)
