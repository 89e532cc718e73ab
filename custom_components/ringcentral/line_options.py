"""What a person has chosen for a line: the options of its configuration entry, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from homeassistant.util import dt as dt_util

from .calls.call_filter import number_pattern
from .calls.voice import Media, Speech
from .const import (
    CONF_ALLOWED_NUMBERS,
    CONF_ANNOUNCEMENT,
    CONF_ANSWER_AFTER,
    CONF_ANSWER_MODE,
    CONF_ASK_CONSENT,
    CONF_BOTH_SIDES,
    CONF_CONSENT_QUESTION,
    CONF_DO_NOT_DISTURB,
    CONF_EMERGENCY_CALLS,
    CONF_FAVORITES_RING,
    CONF_GREETING,
    CONF_GREETING_MEDIA,
    CONF_IN_MEDIA_FOLDER,
    CONF_KEEP_DAYS,
    CONF_KEEP_MEGABYTES,
    CONF_LONGEST_MESSAGE,
    CONF_OFFICE_HOURS,
    CONF_RECORDING,
    CONF_RECORDING_BEEP,
    CONF_REPEATS_RING,
    CONF_SEEN,
    CONF_SILENCE,
    CONF_SMALLER_FILES,
    CONF_SPEECH_TO_TEXT,
    CONF_SUMMARIZER,
    CONF_THANKS,
    CONF_TRANSCRIBE_CALLS,
    CONF_TRANSCRIPT_LANGUAGE,
    CONF_UNANNOUNCED,
    DEFAULT_ANSWER_AFTER,
    DEFAULT_KEEP_DAYS,
    DEFAULT_LONGEST_MESSAGE,
    DEFAULT_SILENCE,
    AnswerMode,
    RecordingMode,
)

MEGABYTE: Final = 1_000_000
"""Bytes, as on the box of a disk."""


@dataclass(frozen=True, slots=True)
class LineOptions:
    """The choices as they stand; times are in seconds.

    office_hours is an entity: while it is on, the answer mode doesn't hold, and nothing answers by itself.
    favorites_ring and repeats_ring say for whom it rings although nobody is to be disturbed: for favorites, and for who
    calls again soon. silence is how long a caller may say nothing before a message is taken to be over, 0 for ever.
    greeting is None for the one that comes with the integration, thanks is said after a message, seen when a person last
    looked at the missed calls. announcement and consent_question are None for what comes with the integration, and
    unannounced leaves the first out; ask_consent has whoever is to be recorded agree before, and recording_beep is how often
    a tone tells that it goes on, 0 for never. allowed_numbers are patterns of what automations may call, none for everybody;
    emergency_calls lets them call emergency services, too. keep_days and keep_megabytes bound what is kept of recordings
    and calls, 0 is no bound. in_media_folder has new recordings kept there. speech_to_text is the engine that writes messages
    down, None for nobody, and transcribe_calls says whether it does so with recorded calls; transcript_language is None for
    Home Assistant's own, summarizer is the AI task entity that says it in a sentence. both_sides has what we say in a call
    recorded as well, smaller_files has recordings turned into MP3 files.
    """

    answer_mode: AnswerMode
    office_hours: str | None
    answer_after: float
    longest_message: float
    silence: float
    do_not_disturb: bool
    favorites_ring: bool
    repeats_ring: bool
    recording: RecordingMode
    unannounced: bool
    announcement: Speech | None = field(repr=False)
    ask_consent: bool
    consent_question: Speech | None = field(repr=False)
    recording_beep: int
    greeting: Speech | Media | None = field(repr=False)
    thanks: Speech | None = field(repr=False)
    seen: datetime | None
    allowed_numbers: tuple[str, ...] = field(repr=False)
    emergency_calls: bool
    keep_days: int
    keep_megabytes: int
    in_media_folder: bool
    speech_to_text: str | None
    transcript_language: str | None
    transcribe_calls: bool
    summarizer: str | None
    both_sides: bool
    smaller_files: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Read the options of an entry; what was never chosen is as it comes."""
        seen = options.get(CONF_SEEN)
        return cls(
            answer_mode=AnswerMode(options.get(CONF_ANSWER_MODE, AnswerMode.ONLY_TELL)),
            office_hours=options.get(CONF_OFFICE_HOURS),
            answer_after=options.get(CONF_ANSWER_AFTER, DEFAULT_ANSWER_AFTER),
            longest_message=options.get(CONF_LONGEST_MESSAGE, DEFAULT_LONGEST_MESSAGE),
            silence=options.get(CONF_SILENCE, DEFAULT_SILENCE),
            do_not_disturb=options.get(CONF_DO_NOT_DISTURB, False),
            favorites_ring=options.get(CONF_FAVORITES_RING, False),
            repeats_ring=options.get(CONF_REPEATS_RING, False),
            recording=RecordingMode(options.get(CONF_RECORDING, RecordingMode.MESSAGES)),
            unannounced=options.get(CONF_UNANNOUNCED, False),
            announcement=_speech(options, CONF_ANNOUNCEMENT),
            ask_consent=options.get(CONF_ASK_CONSENT, False),
            consent_question=_speech(options, CONF_CONSENT_QUESTION),
            recording_beep=options.get(CONF_RECORDING_BEEP, 0),
            greeting=_greeting(options),
            thanks=_speech(options, CONF_THANKS),
            seen=dt_util.parse_datetime(seen) if seen else None,
            allowed_numbers=tuple(map(number_pattern, options.get(CONF_ALLOWED_NUMBERS, ()))),
            emergency_calls=options.get(CONF_EMERGENCY_CALLS, False),
            keep_days=options.get(CONF_KEEP_DAYS, DEFAULT_KEEP_DAYS),
            keep_megabytes=options.get(CONF_KEEP_MEGABYTES, 0),
            in_media_folder=options.get(CONF_IN_MEDIA_FOLDER, False),
            speech_to_text=options.get(CONF_SPEECH_TO_TEXT),
            transcript_language=options.get(CONF_TRANSCRIPT_LANGUAGE),
            transcribe_calls=options.get(CONF_TRANSCRIBE_CALLS, False),
            summarizer=options.get(CONF_SUMMARIZER),
            both_sides=options.get(CONF_BOTH_SIDES, False),
            smaller_files=options.get(CONF_SMALLER_FILES, False),
        )


def _greeting(options: Mapping[str, Any]) -> Speech | Media | None:
    if media := options.get(CONF_GREETING_MEDIA):
        return Media(media["media_content_id"])
    return _speech(options, CONF_GREETING)


def _speech(options: Mapping[str, Any], key: str) -> Speech | None:
    text = options.get(key)
    return Speech(text) if text else None
