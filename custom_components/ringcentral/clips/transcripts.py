"""What was said in recordings, in writing: by the engine that is chosen for the line, soon after each is saved."""

import asyncio
from datetime import timedelta
from typing import Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..coordinator import RingCentralCoordinator
from ..issues import LineIssues
from ..later import Later
from ..library import Clip, ClipQuery, Folder, LibraryError
from ..log_once import Outage
from ..models import CallEvent, CallEventType
from .speech_to_text import async_hear
from .summary import async_summarize

# What is older is no news to anybody.
WITHIN: Final = timedelta(days=1)
# Seconds until what failed is tried again; four times as long each time that nothing succeeds.
AGAIN: Final = 15 * 60.0
_LONGER: Final = 4
# More than come in a day.
_MOST: Final = 200


class Transcripts:
    """Has the recordings of one line written down, one at a time and the newest first.

    What waits is in the library alone: it needs no room, and a restart or an engine that was away costs nothing.
    """

    def __init__(self, line: RingCentralCoordinator) -> None:
        """Begin with nothing chosen."""
        self._line = line
        self._issues = LineIssues(line.hass, line.config_entry)
        self._transcription = Outage("Transcription of the recordings", line.name)
        self._summaries = summing_up(line)
        self._chosen: tuple[str | None, str | None, bool] = (None, None, False)
        self._unwatch: CALLBACK_TYPE | None = None
        self._failed: set[str] = set()
        self._again = Later(line.hass, "transcripts", self._try_again)
        self._rounds = 0
        self._wanted = False
        self._task: asyncio.Task[None] | None = None

    @callback
    def async_start(self) -> None:
        """Begin once Home Assistant has started, with what the last run left, until the entry is unloaded."""
        entry = self._line.config_entry
        entry.async_on_unload(async_at_started(self._line.hass, self._begin))
        entry.async_on_unload(self._end)

    @callback
    def _begin(self, hass: HomeAssistant) -> None:
        entry = self._line.config_entry
        entry.async_on_unload(self._line.async_listen_to_calls(self._follow))
        entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._changed))
        self._choose()

    @callback
    def _end(self) -> None:
        self._again.cancel()
        if self._unwatch is not None:
            self._unwatch()

    @callback
    def _changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry is self._line.config_entry and change is ConfigEntryChange.UPDATED:
            self._choose()

    def _choose(self) -> None:
        """Go by what is chosen now."""
        choices = self._line.choices
        chosen = (choices.speech_to_text, choices.transcript_language, choices.transcribe_calls)
        if chosen == self._chosen:
            return
        self._chosen = chosen
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        self._issues.engine_found()
        if choices.speech_to_text is not None:
            self._unwatch = async_track_state_change_event(
                self._line.hass, choices.speech_to_text, self._engine_changed
            )
            self._look_for(choices.speech_to_text)
        self._begin_anew()

    @callback
    def _engine_changed(self, event: Event[EventStateChangedData]) -> None:
        self._look_for(event.data["entity_id"])
        if _is_there(event.data["new_state"]) and not _is_there(event.data["old_state"]):
            self._begin_anew()

    def _look_for(self, engine: str) -> None:
        """Tell a person where an engine was removed: nobody else brings it back."""
        if self._line.hass.states.get(engine) is None:
            self._issues.engine_missing(engine)
        else:
            self._issues.engine_found()

    @callback
    def _follow(self, event: CallEvent) -> None:
        if event.type is CallEventType.RECORDING_SAVED:
            self._go()

    def _begin_anew(self) -> None:
        self._again.cancel()
        self._rounds = 0
        self._failed.clear()
        self._go()

    def _try_again(self) -> None:
        self._rounds += 1
        self._failed.clear()
        self._go()

    def _go(self) -> None:
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = self._line.config_entry.async_create_background_task(
                self._line.hass, self._work(), f"{DOMAIN} transcripts"
            )

    async def _work(self) -> None:
        while self._wanted:
            self._wanted = False
            while (engine := self._line.choices.speech_to_text) and (clip := await self._next()) is not None:
                await self._write_down(clip, engine)

    async def _next(self) -> Clip | None:
        """Return the newest clip that nobody has written down."""
        choices = self._line.choices
        query = ClipQuery(
            folder=Folder.ALL if choices.transcribe_calls else Folder.VOICEMAIL,
            since=dt_util.utcnow() - WITHIN,
        )
        try:
            page = await self._line.library.browse([self._line.config_entry.entry_id], query, _MOST)
        except LibraryError:
            # What can't be read can't be filed either, and that is told.
            return None
        waiting = (clip for clip in page.items if clip.transcript is None and clip.id not in self._failed)
        return next(waiting, None)

    async def _write_down(self, clip: Clip, engine: str) -> None:
        language = self._line.choices.transcript_language
        # Until it has succeeded, and for ever where its file or its row is gone.
        self._failed.add(clip.id)
        try:
            written = await async_write_down(self._line, clip, engine, language, self._summaries)
        except LibraryError:
            return
        except HomeAssistantError as error:
            self._transcription.broke(error)
            self._again.plan(AGAIN * _LONGER**self._rounds)
            return
        self._transcription.works()
        self._failed.discard(clip.id)
        if self._failed:
            self._rounds = 0
            self._again.plan(AGAIN)
        self._line.recordings.transcribed(written)


def summing_up(line: RingCentralCoordinator) -> Outage:
    """Return what the log calls it when a line's recordings aren't summed up."""
    return Outage("Summing up the recordings", line.name)


async def async_write_down(
    line: RingCentralCoordinator,
    clip: Clip,
    engine: str,
    language: str | None,
    summaries: Outage,
) -> Clip:
    """Keep what was said in a clip, and in a sentence where that is chosen for the line; return the clip as it is then.

    Raises HomeAssistantError where it isn't understood, LibraryError where it can't be kept. A summary that isn't made is
    only noted in the log.
    """
    words = await async_hear(line.hass, clip.path, engine, language)
    written = await line.library.set_transcript(clip.id, words.text, words.language)
    line.async_look_up()
    if (summary := await _summary(line, words.text, summaries)) is not None:
        written = await line.library.set_transcript(clip.id, words.text, words.language, summary)
        line.async_look_up()
    return written


async def _summary(line: RingCentralCoordinator, text: str, summaries: Outage) -> str | None:
    if (summarizer := line.choices.summarizer) is None:
        return None
    try:
        summary = await async_summarize(line.hass, summarizer, text)
    except HomeAssistantError as error:
        summaries.broke(error)
        return None
    summaries.works()
    return summary


def _is_there(state: State | None) -> bool:
    return state is not None and state.state != STATE_UNAVAILABLE
