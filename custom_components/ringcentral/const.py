"""Names shared by the Home Assistant floor."""

from enum import StrEnum
import logging
from typing import Final

from homeassistant.util.hass_dict import HassKey

from .library import Library

DOMAIN: Final = "ringcentral"
LOGGER: Final = logging.getLogger(__package__)
CONSOLE_URL: Final = "https://developers.ringcentral.com"
USER_AGENT: Final = "HomeAssistantRingCentral/0.1.0"

DATA_LIBRARY: Final[HassKey[Library]] = HassKey(f"{DOMAIN}_library")

# Configuration entry: data
CONF_AUTHORIZATION_ID: Final = "authorization_id"
CONF_CA: Final = "ca_certificate"
CONF_DOMAIN: Final = "domain"
CONF_JWT: Final = "jwt"
CONF_PHONE: Final = "phone"
CONF_PRESET: Final = "preset"
CONF_PROVISION: Final = "provision"
CONF_PROXY: Final = "proxy"
CONF_SERVER: Final = "server"
CONF_SOURCE: Final = "source"
CONF_TRANSPORT: Final = "transport"
CONF_VERIFY: Final = "verify_certificate"

# Configuration subentry: a contact
SUBENTRY_CONTACT: Final = "contact"
CONF_ANSWER_AUTOMATICALLY: Final = "answer_automatically"
CONF_BLOCKED: Final = "blocked"
CONF_DOOR_STATION: Final = "door_station"
CONF_FAVORITE: Final = "favorite"
CONF_FILE: Final = "file"
CONF_NUMBERS: Final = "numbers"
CONF_OPENING_KEYS: Final = "opening_keys"

# Configuration entry: options (a contact may have a greeting, too)
CONF_ADDRESS_BOOK: Final = "address_book"
CONF_ALLOWED_NUMBERS: Final = "allowed_numbers"
CONF_ANNOUNCEMENT: Final = "announcement"
CONF_ANONYMOUS_CALLS: Final = "anonymous_calls"
CONF_ANSWER_AFTER: Final = "answer_after"
CONF_ANSWER_MODE: Final = "answer_mode"
CONF_ASK_CONSENT: Final = "ask_consent"
CONF_BLOCKED_CALLS: Final = "blocked_calls"
CONF_BLOCK_AT_RINGCENTRAL: Final = "block_at_ringcentral"
CONF_BOTH_SIDES: Final = "both_sides"
CONF_CALL_LOG: Final = "call_log"
CONF_CONSENT_QUESTION: Final = "consent_question"
CONF_DO_NOT_DISTURB: Final = "do_not_disturb"
CONF_FAVORITES_RING: Final = "favorites_ring"
CONF_EMERGENCY_CALLS: Final = "emergency_calls"
CONF_GREETING: Final = "greeting"
CONF_GREETING_MEDIA: Final = "greeting_media"
CONF_IN_MEDIA_FOLDER: Final = "in_media_folder"
CONF_KEEP_DAYS: Final = "keep_days"
CONF_KEEP_MEGABYTES: Final = "keep_megabytes"
CONF_LINKS: Final = "links"
CONF_LONGEST_MESSAGE: Final = "longest_message"
CONF_OFFICE_HOURS: Final = "office_hours"
CONF_RECORDING: Final = "recording"
CONF_RECORDING_BEEP: Final = "recording_beep"
CONF_REPEATS_RING: Final = "repeats_ring"
CONF_SEEN: Final = "missed_calls_seen"
CONF_SILENCE: Final = "silence"
CONF_SMALLER_FILES: Final = "smaller_files"
CONF_SPEECH_TO_TEXT: Final = "speech_to_text"
CONF_SUMMARIZER: Final = "summarizer"
CONF_TEST_NUMBER: Final = "test_number"
CONF_THANKS: Final = "thanks"
CONF_TRANSCRIBE_CALLS: Final = "transcribe_calls"
CONF_TRANSCRIPT_LANGUAGE: Final = "transcript_language"
CONF_UNANNOUNCED: Final = "unannounced"
CONF_VOICEMAIL: Final = "voicemail"

# Seconds
# Sooner than RingCentral's own voicemail, which is usually set to 20 or more.
DEFAULT_ANSWER_AFTER: Final = 15
DEFAULT_KEEP_DAYS: Final = 30
DEFAULT_LONGEST_MESSAGE: Final = 120
# Longer than it takes to look for a word, or to turn a page.
DEFAULT_SILENCE: Final = 8


class AnswerMode(StrEnum):
    """What happens when somebody calls."""

    ONLY_TELL = "only_tell"
    ANSWERING_MACHINE = "answering_machine"
    ANSWER_AUTOMATICALLY = "answer_automatically"
    REJECT = "reject"


class RecordingMode(StrEnum):
    """What is recorded of a line; each but the first has what those before it have."""

    OFF = "off"
    """Nothing, ever: the answering machine takes no messages."""
    MESSAGES = "messages"
    """What is said to the answering machine."""
    ON_DEMAND = "on_demand"
    """Any call as well, when an automation or a person asks for it."""
    INCOMING = "incoming"
    """Every call that comes in and is answered here, too."""


class ContactRecording(StrEnum):
    """What of a contact's calls is recorded, besides what is chosen for the line."""

    AS_LINE = "as_line"
    NEVER = "never"
    """Nothing, no messages either."""
    ALWAYS = "always"
    """Each call from it that is answered here, unless nothing at all is recorded on the line."""

    def within(self, chosen: RecordingMode) -> RecordingMode:
        """Return what is recorded where this is chosen for the line."""
        match self:
            case ContactRecording.NEVER:
                return RecordingMode.OFF
            case ContactRecording.ALWAYS if chosen is not RecordingMode.OFF:
                return RecordingMode.INCOMING
        return chosen


class Treatment(StrEnum):
    """What is done about a caller; all but RING keep the call from everybody until it is answered."""

    RING = "ring"
    SILENT = "silent"
    """It rings for the caller, and nothing here tells of it."""
    ANSWERING_MACHINE = "answering_machine"
    REJECT = "reject"
