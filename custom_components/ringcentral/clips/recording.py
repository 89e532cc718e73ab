"""Keeps what is heard in a call as a clip of the library."""

from collections.abc import Callable
import contextlib
from functools import partial

from homeassistant.util import dt as dt_util

from ..const import LOGGER
from ..library import Clip, ClipKind, Consent, Library, LibraryAccessError, LibraryError, LibraryFullError
from ..models import CallEvent, CallEventType
from ..softphone import Call, CallState, Direction, Party
from ..softphone.media import SAMPLE_RATE, ClipResult, MediaSession
from .media_identifiers import clip_media_content_id
from .storage import Storage


class Recordings:
    """The recordings of one line."""

    def __init__(
        self, line_id: str, library: Library, on_event: Callable[[CallEvent], None], storage: Storage
    ) -> None:
        """Keep for a line; on_event is told when a recording starts and is saved."""
        self._line_id = line_id
        self._library = library
        self._on_event = on_event
        self._storage = storage

    async def prepare(self, call: Call, consent: Consent, kind: ClipKind = ClipKind.CALL) -> Clip:
        """Make room for the clip of a call; raises LibraryError. What is prepared is to be filed or discarded."""
        return await self._library.begin_clip(
            self._line_id, dt_util.utcnow(), call_id=call.call_id, kind=kind, consent=consent
        )

    def start(
        self,
        call: Call,
        clip: Clip,
        session: MediaSession,
        longest: float,
        lead: bytes = b"",
        *,
        both_sides: bool = False,
    ) -> None:
        """Record from now on, so many seconds at the most, behind what was said before; raises MediaError.

        What we say is recorded as well if so chosen.
        """
        session.record(clip.path, max_samples=int(longest * SAMPLE_RATE), lead=lead, both_sides=both_sides)
        self._storage.async_look_for_room()
        self._on_event(CallEvent(CallEventType.RECORDING_STARTED, call, clip=clip.id, consent=clip.consent))

    async def file(
        self,
        call: Call,
        clip: Clip,
        session: MediaSession,
        stopped: ClipResult | None = None,
        then: Callable[[Clip], None] = lambda _: None,
    ) -> Clip | None:
        """End the recording, if it hasn't been stopped, and file it; `then` is told of it when it is.

        None where there was nothing to be heard, or it can't be filed now: with a disk that is full or gone that is
        done later.
        """
        result = stopped if stopped is not None else await session.stop_recording()
        if result is not None and result.error is not None:
            self._storage.cut(result)
        if result is None or not result.samples:
            await self.discard(clip)
            return None
        return await self._file(call, clip, result.samples / SAMPLE_RATE, then)

    async def _file(
        self, call: Call, clip: Clip, duration: float, then: Callable[[Clip], None]
    ) -> Clip | None:
        try:
            saved = await self._library.finish_clip(clip.id, duration, consent=clip.consent)
        except LibraryFullError, LibraryAccessError:
            self._storage.when_mended(partial(self._file, call, clip, duration, then))
            return None
        except LibraryError as error:
            LOGGER.error(
                "A recording could not be filed; its sound is kept and filed at the next start: %s", error
            )
            return None
        self._tell(CallEventType.RECORDING_SAVED, call, saved)
        then(saved)
        return saved

    def tell_of_message(self, call: Call, saved: Clip) -> None:
        """Tell of a message that was left elsewhere and is kept here now, as of one of our own machine."""
        self._tell(CallEventType.RECORDING_SAVED, call, saved)
        self._tell(CallEventType.VOICEMAIL, call, saved)

    def _tell(self, kind: CallEventType, call: Call, saved: Clip) -> None:
        self._on_event(
            CallEvent(
                kind,
                call,
                duration=saved.duration,
                clip=saved.id,
                media_content_id=clip_media_content_id(saved.id),
                consent=saved.consent,
            )
        )

    def transcribed(self, clip: Clip) -> None:
        """Tell what was said in a clip."""
        self._on_event(
            CallEvent(
                CallEventType.TRANSCRIBED,
                _call_of(clip),
                duration=clip.duration,
                clip=clip.id,
                media_content_id=clip_media_content_id(clip.id),
                transcript=clip.transcript,
                summary=clip.summary,
            )
        )

    async def discard(self, clip: Clip) -> None:
        """Forget what was prepared in vain."""
        # What can't be deleted now has no sound, and goes with the next start.
        with contextlib.suppress(LibraryError):
            await self._library.discard_clip(clip.id)


def _call_of(clip: Clip) -> Call:
    """Return the call a clip is of, as far as the library knows it."""
    return Call(
        call_id=clip.call_id or "",
        direction=Direction(clip.direction or Direction.INCOMING),
        caller=Party(clip.caller, clip.caller_name),
        called=Party(clip.called),
        state=CallState.IDLE,
    )
