"""A message of RingCentral's mailbox becomes a clip, of the call after which it was left."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from ..calls.conversion import async_to_pcm
from ..calls.matching import BEFORE, MESSAGE_AFTER, call_before, call_of_message
from ..cloud import VoiceMessage
from ..coordinator import RingCentralCoordinator
from ..library import CallQuery, CallRecord, Clip, ClipKind, Consent, Direction as RecordedDirection
from ..library.errors import translated
from ..models import BLOCKED, VOICEMAIL, CallEventType
from ..people.callers import Caller
from ..softphone import Call, CallState, Direction, EndReason, Party
from ..softphone.media import SAMPLE_RATE
from ..softphone.media.wav import WavFile
from ..softphone.party import clean_name, clean_number

_CALLS: Final = 100
_SAMPLE_BYTES: Final = 2


class MessageFiling:
    """Files messages of one line."""

    def __init__(self, line: RingCentralCoordinator) -> None:
        """File for a line."""
        self._line = line

    async def async_file(
        self, message: VoiceMessage, sound: bytes, words: bytes | None, *, news: bool
    ) -> Clip:
        """Keep a message with its words; what is news is told as a message of our own machine is, and else nobody hears.

        Raises ConversionError, LibraryError; then nothing is kept of it, unless only words are missing.
        """
        line = self._line
        pcm = await async_to_pcm(line.hass, sound)
        record = await self._async_call(message, len(pcm) / _SAMPLE_BYTES / SAMPLE_RATE, news=news)
        clip = await self._async_keep(message, record, pcm)
        if words is not None:
            clip = await self.async_write_down(clip.id, words)
        if message.read:
            clip = await line.library.mark_heard(clip.id)
        if news:
            line.recordings.tell_of_message(self._shown(record), clip)
        else:
            line.async_look_up()
        return clip

    async def async_write_down(self, clip_id: str, words: bytes) -> Clip:
        """Keep what RingCentral has heard in a message; it doesn't say in which language. Raises LibraryError."""
        return await self._line.library.set_transcript(clip_id, words.decode("utf-8", "replace").strip())

    async def _async_call(self, message: VoiceMessage, seconds: float, *, news: bool) -> CallRecord:
        """Return the call after which a message was left, ours or, where none rang here, one of its own."""
        line, line_id, at = self._line, self._line.config_entry.entry_id, message.created_at
        number = clean_number(message.number or "")
        query = CallQuery(RecordedDirection.INCOMING, since=at - MESSAGE_AFTER, until=at + BEFORE)
        calls = await line.library.calls(line_id, _CALLS, query)
        own = call_of_message(message.id)
        if (known := next((call for call in calls if call.id == own), None)) is not None:
            return known
        clips = await line.library.clips_of_calls([call.id for call in calls])
        taken = {clip.call_id for clip in clips if clip.kind is ClipKind.VOICEMAIL}
        rang = [call for call in calls if call.id not in taken]
        if (ours := call_before(at, number, rang, line.callers.e164)) is not None:
            # It looked as if somebody had answered it, and that was the voicemail.
            if ours.end_reason == EndReason.ANSWERED_ELSEWHERE and news:
                await line.library.link_call(ours.id, outcome=CallEventType.MISSED, end_reason=VOICEMAIL)
            return ours
        contact = line.callers.contact(number)
        blocked = contact is not None and contact.blocked
        outcome = CallEventType.BLOCKED if blocked else CallEventType.MISSED if news else CallEventType.ENDED
        record = CallRecord(
            id=own,
            line_id=line_id,
            direction=RecordedDirection.INCOMING,
            started_at=at,
            caller=number,
            caller_name=contact.name if contact is not None else clean_name(message.name or ""),
            ended_at=at + timedelta(seconds=seconds),
            outcome=outcome,
            end_reason=BLOCKED if blocked else VOICEMAIL,
            contact=contact.name if contact is not None else None,
        )
        await line.library.begin_call(record)
        return record

    async def _async_keep(self, message: VoiceMessage, record: CallRecord, pcm: bytes) -> Clip:
        library = self._line.library
        clip = await library.begin_clip(
            self._line.config_entry.entry_id,
            message.created_at,
            call_id=record.id,
            kind=ClipKind.VOICEMAIL,
            # RingCentral's voicemail has asked for it.
            consent=Consent.GREETED,
            remote_id=message.id,
        )
        try:
            await self._line.hass.async_add_executor_job(_write, clip.path, pcm)
            return await library.finish_clip(clip.id, len(pcm) / _SAMPLE_BYTES / SAMPLE_RATE)
        except BaseException:
            await library.discard_clip(clip.id)
            raise

    def _shown(self, record: CallRecord) -> Call:
        """Return the call as events tell it, its caller known."""
        callers = self._line.callers
        party = Party(record.caller, record.caller_name)
        call = Call(record.id, Direction.INCOMING, party, Party(record.called), CallState.IDLE)
        if callers.of(call.call_id) == Caller():
            callers.meet(call, self._line.config_entry.options, record.started_at)
            callers.ended(call, record.started_at, unanswered=False)
        return replace(call, caller=callers.named(call).caller)


def _write(path: Path, pcm: bytes) -> None:
    """Write a file that isn't there yet; raises LibraryError."""
    with translated():
        file = WavFile(path)
        try:
            file.write(0, pcm)
        finally:
            file.close()
