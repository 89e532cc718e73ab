"""What Home Assistant does in a call: answers it, speaks, records. Each method waits until it is done."""

import asyncio
from collections.abc import Callable
import contextlib
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..const import DOMAIN
from ..coordinator import RingCentralCoordinator
from ..library import Clip, Consent, LibraryError
from ..softphone import (
    Decline,
    DialError,
    EmergencyNumberError,
    EndReason,
    InvalidNumberError,
    NoLineError,
    TooManyCallsError,
    TransferPendingError,
    UnknownCallError,
)
from ..softphone.media import KeyWay, MediaError, MediaSession
from .call_desk import Ear, LiveCall, Recording
from .consent import Told, async_tell
from .recording_choice import recordable, recorded_anyway

# Seconds of a recording that nobody stops.
LONGEST_RECORDING: Final = 3600.0

# Why nobody was called: translation keys.
_NOT_PLACED: Final = {
    InvalidNumberError: "invalid_number",
    EmergencyNumberError: "emergency_number",
    NoLineError: "line_not_registered",
    TooManyCallsError: "too_many_calls",
    TransferPendingError: "transfer_pending",
}


@dataclass(frozen=True, slots=True)
class Digits:
    """What is to be keyed in.

    Attributes:
        count: how many digits are enough; None leaves that to the terminator.
        terminator: the key after the last, "" for none.
        within: seconds that each key may take.
    """

    count: int | None = None
    terminator: str = "#"
    within: float = 10.0

    def complete(self, keys: str) -> bool:
        """Whether these are all."""
        keys = self._begun(keys)
        return len(keys) == self.count or (bool(self.terminator) and keys.endswith(self.terminator))

    def of(self, keys: str) -> str:
        """Return the digits of complete keys."""
        return self._begun(keys).removesuffix(self.terminator)

    def _begun(self, keys: str) -> str:
        # Many press the end key after a PIN whose last digit was enough: it belongs to the attempt before.
        return keys if self.count is None else keys.lstrip(self.terminator)


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
        # The phone may have forgotten it already: its end is told next.
        with contextlib.suppress(UnknownCallError):
            self._line.phone.hang_up(self.live.call_id, reason)

    def decline(self, how: Decline) -> None:
        """Turn the call down; nothing happens when it doesn't ring any more."""
        with contextlib.suppress(UnknownCallError):
            self._line.phone.decline(self.live.call_id, how)

    async def transfer(self, number: str) -> EndReason:
        """Hand the call on; return TRANSFERRED, or why it is still ours. Raises HomeAssistantError."""
        limits = self._line.limits
        try:
            limits.admit(number)
            transferred = self._line.phone.transfer(self.live.call_id, number)
        except UnknownCallError as error:
            raise _failed("call_over") from error
        except DialError as error:
            raise not_placed(error) from error
        limits.count()
        return await transferred

    async def play(self, ulaw: bytes, times: int = 1) -> bool:
        """Play sound so many times; return whether it was heard to its end, not stopped or hung up on."""
        await self._until_told()
        if self.live.over:
            return False
        self._played(1)
        try:
            for _ in range(times):
                if not await self._play(ulaw):
                    return False
        finally:
            self._played(-1)
        return True

    async def _until_told(self) -> None:
        """Wait until the other side has been told of a recording, and asked: that key is nobody else's."""
        await self.live.until(lambda: not self.live.announcing)

    async def announce(self, ulaw: bytes) -> bool:
        """Play sound before anything else is said; return whether it was heard to its end."""
        return not self.live.over and await self._play(ulaw)

    async def _play(self, ulaw: bytes) -> bool:
        session = self._session
        try:
            return await session.play(ulaw)
        except asyncio.CancelledError:
            session.stop_playing()
            raise

    def _played(self, more: int) -> None:
        self.live.playing += more
        # The media player shows it.
        self._line.async_update_listeners()

    def stop(self) -> None:
        """Play no more."""
        self._session.stop_playing()

    async def press(
        self, keys: str, *, duration: float = 0.1, gap: float = 0.1, way: KeyWay = KeyWay.AUTO
    ) -> bool:
        """Press keys; return whether all were. Raises HomeAssistantError for what is no key, or no call."""
        try:
            sent = self._line.phone.send_keys(self.live.call_id, keys, duration=duration, gap=gap, way=way)
        except UnknownCallError as error:
            raise _failed("call_over") from error
        return await sent

    async def hears_key(self, key: str, sound: bytes, within: float) -> bool:
        """Play, and listen for one key until so many seconds after the end; return whether it was pressed."""
        await self._until_told()
        with self.live.listening() as ear:
            return bool(await self._keys(ear, sound, within, lambda keys: keys[-1] == key))

    async def asks_for(self, key: str, question: bytes, within: float) -> bool:
        """Play a question to its end; return whether this key was the first that was pressed, until so many seconds after."""
        with self.live.listening() as ear:
            if not await self.announce(question):
                return False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within):
                    return await ear.get() == key
        return False

    async def collect(self, wanted: Digits, prompt: bytes) -> str | None:
        """Play a prompt that the first key cuts short, and collect digits; None where too few came, or the call ended."""
        await self._until_told()
        with self.live.listening() as ear:
            keys = await self._keys(ear, prompt, wanted.within, wanted.complete, barge_in=True)
        return None if keys is None else wanted.of(keys)

    async def _keys(
        self, ear: Ear, sound: bytes, within: float, enough: Callable[[str], bool], *, barge_in: bool = False
    ) -> str | None:
        """Return the keys as soon as they are enough; None after `within` seconds without one, or at the end."""
        keys = ""
        playing = asyncio.ensure_future(self.play(sound)) if sound else None
        try:
            while True:
                waits = None if playing is not None and not playing.done() else within
                key = await self._next_key(ear, playing, waits)
                if key is None:
                    return None
                if not key:
                    continue
                keys += key
                if enough(keys):
                    return keys
                if barge_in and playing is not None:
                    playing.cancel()
        finally:
            if playing is not None:
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)

    async def _next_key(
        self, ear: Ear, playing: asyncio.Future[bool] | None, within: float | None
    ) -> str | None:
        """Return a key, "" when the sound was played first, None when the time or the call is over."""
        key = asyncio.ensure_future(ear.get())
        waiting: list[asyncio.Future[Any]] = [key]
        if playing is not None and not playing.done():
            waiting.append(playing)
        try:
            await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if key.done():
                return key.result()
            return "" if len(waiting) > 1 else None
        finally:
            key.cancel()

    async def hold(self, holding: bool) -> bool:
        """Hold the call or take it up again; return whether the other side went along."""
        phone = self._line.phone
        try:
            return await (phone.hold if holding else phone.unhold)(self.live.call_id)
        except UnknownCallError as error:
            raise _failed("call_over") from error

    async def record(self, longest: float = LONGEST_RECORDING, *, announce: bool = True) -> Consent | None:
        """Tell the other side and record then, until the call is over or so many seconds have passed.

        Returns what the other side was told, or None where it didn't agree or hung up, so that nothing is recorded. Raises
        HomeAssistantError.
        """
        live = self.live
        running = live.recording is not None and not live.recording.filed.done()
        if running or live.announcing or self._line.reception.machine.takes(live.call_id):
            raise _failed("recording_already")
        if not recordable(self._line, live):
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="recording_not_chosen")
        if live.over:
            raise _failed("call_over")
        return await self.tell_and_record(longest, announce=announce)

    async def tell_and_record(
        self, longest: float = LONGEST_RECORDING, *, announce: bool = True
    ) -> Consent | None:
        """Do as `record` does, for a call that may be recorded and isn't so yet; nothing else is said meanwhile."""
        self.live.announcing = True
        try:
            told = await async_tell(self._line, self, announce=announce)
            if told is not None:
                await self._begin(told, longest)
        finally:
            self.live.announcing = False
            self.live.change()
        return told.consent if told is not None else None

    async def _begin(self, told: Told, longest: float) -> None:
        live, recordings, session = self.live, self._line.recordings, self._session
        try:
            clip = await recordings.prepare(live.call, told.consent)
        except LibraryError as error:
            raise _failed(error.key) from error
        try:
            both_sides = self._line.choices.both_sides
            recordings.start(live.call, clip, session, longest, told.said, both_sides=both_sides)
        except MediaError as error:
            await recordings.discard(clip)
            raise _failed("call_over" if live.over else "recording_already") from error
        stopped = asyncio.Event()
        filed = self._line.async_work(self._recorded(clip, session, longest, stopped), "recording")
        live.recording = Recording(stopped, filed)

    async def record_if_chosen(self, *, announce: bool) -> None:
        """Tell and record, but for a call that isn't to be recorded, or is so anyway; raises HomeAssistantError."""
        if recordable(self._line, self.live) and not recorded_anyway(self._line, self.live):
            await self.record(announce=announce)

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
        beep_every = self._line.choices.recording_beep
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(longest):
                    while not await self.live.within(beep_every or longest, stopped.is_set):
                        session.overlay(self._line.sounds.recording_beep)
        finally:
            saved = await self._line.recordings.file(self.live.call, clip, session)
        return saved


def not_placed(error: DialError) -> ServiceValidationError:
    """Return what a person reads about a number that can't be called."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=_NOT_PLACED[type(error)])


def _failed(key: str) -> HomeAssistantError:
    return HomeAssistantError(translation_domain=DOMAIN, translation_key=key)
