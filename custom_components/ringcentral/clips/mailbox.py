"""The messages that callers leave with RingCentral's voicemail: kept as recordings, and heard here and there alike.

The list of the mailbox is compared with what has been dealt with. New messages become clips, a few at a time; whether
one has been listened to is carried over to the side that doesn't know it yet. What is deleted here doesn't come back.
"""

from collections import Counter
from datetime import timedelta
from enum import Enum, auto
from typing import Final

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..account.elsewhere import MAILBOX, Memory, Remembered
from ..account.permissions import console_name
from ..account.rounds import AGAIN_AFTER, Plan, Rounds
from ..calls.conversion import ConversionError, NoFfmpegError
from ..cloud import MissingPermission, RingCentralClient, RingCentralError, UnexpectedAnswer, VoiceMessage
from ..const import CONF_VOICEMAIL, DOMAIN, LOGGER
from ..coordinator import RingCentralCoordinator
from ..issues import Issue, LineIssues
from ..library import Clip
from ..softphone import MailboxChanged, PhoneEvent
from .mailbox_message import MessageFiling

# Seconds
EVERY: Final = 300.0
# What else begins with a line has signed in and out again by then.
FIRST: Final = 60.0

WINDOW: Final = timedelta(days=30)
"""How far back the mailbox is looked at; RingCentral keeps messages for about as long."""

AT_ONCE: Final = 5
"""Messages that are fetched in a round, such that are marked, and such whose words are: twenty requests of forty a minute."""

_TRIES: Final = 3
_READ: Final = "read"
_WORDS: Final = "words"


class Side(Enum):
    """Of the two that know whether a message is heard."""

    HERE = auto()
    THERE = auto()


class Mailbox:
    """Follows the mailbox of one line's user."""

    def __init__(self, line: RingCentralCoordinator) -> None:
        """Know nothing of it yet."""
        self._line = line
        self._issues = LineIssues(line.hass, line.config_entry)
        self._memory = Memory(line.hass, line.config_entry, MAILBOX)
        self._filing = MessageFiling(line)
        self._known: Remembered | None = None
        self._tries: Counter[str] = Counter()
        self._marking_from = float("-inf")
        self._rounds = Rounds(
            line.hass,
            line.config_entry,
            line.client,
            Plan(
                option=CONF_VOICEMAIL,
                what="Reading RingCentral's mailbox",
                first=FIRST,
                every=EVERY,
                ask=self._async_look,
                failed=self._failed,
                worked=self._worked,
            ),
        )

    @callback
    def async_start(self) -> None:
        """Look into it now and then, and when the server says that there is something new, until the entry is unloaded."""
        line = self._line
        line.config_entry.async_on_unload(line.async_listen_to_phone(self._told))
        self._rounds.async_start()

    @callback
    def _told(self, event: PhoneEvent) -> None:
        if isinstance(event, MailboxChanged):
            self._rounds.async_hurry()

    @callback
    def _failed(self, error: RingCentralError) -> None:
        self._issues.not_allowed(Issue.VOICEMAIL_NOT_ALLOWED, error)

    @callback
    def _worked(self) -> None:
        # While marking is refused the round works, and yet something is amiss.
        if self._marking_from <= self._line.hass.loop.time():
            self._issues.clear(Issue.VOICEMAIL_NOT_ALLOWED)

    async def _async_look(self, client: RingCentralClient) -> bool:
        """Do some of what there is to do, and return whether there is more; raises RingCentralError, LibraryError."""
        line = self._line
        if self._known is None:
            self._known = await self._memory.async_load()
        known, now = self._known, dt_util.utcnow()
        listed = {message.id: message for message in await client.voicemail(now - WINDOW)}
        clips = await line.library.remote_clips(line.config_entry.entry_id, listed)
        known.forget_all_but(listed)
        for message in listed.values():
            # What was taken before its id could be noted, and what can't be told from what was deleted here.
            if message.id not in known.items and (message.id in clips or known.lost):
                known.items[message.id] = {_READ: message.read, _WORDS: False}
        known.lost = False
        new = self._new(listed, known)
        try:
            for message in new[:AT_ONCE]:
                await self._async_take(client, message, known)
            more = await self._async_even_out(client, listed, clips, known)
        finally:
            line.history.elsewhere[MAILBOX] = len(known.items)
            await self._memory.async_save(known)
        return more or len(new) > AT_ONCE

    def _new(self, listed: dict[str, VoiceMessage], known: Remembered) -> list[VoiceMessage]:
        """Return what is to be fetched: news in the order they came, then what was there before, the latest first."""
        keep_days = self._line.choices.keep_days
        oldest = dt_util.utcnow() - timedelta(days=keep_days) if keep_days else known.since - WINDOW
        new = [
            message
            for message in listed.values()
            if message.id not in known.items and message.created_at >= oldest
        ]
        news = [message for message in new if message.created_at >= known.since]
        return news + [message for message in reversed(new) if message.created_at < known.since]

    async def _async_take(self, client: RingCentralClient, message: VoiceMessage, known: Remembered) -> None:
        """Keep a message as a clip; one that can't be had is tried again, but not for ever."""
        try:
            sound = await client.content(message.sound)
            words = await client.content(message.words) if message.words is not None else None
            # What somebody has listened to already is no news to anybody.
            news = message.created_at >= known.since and not message.read
            await self._filing.async_file(message, sound, words, news=news)
        except NoFfmpegError:
            raise
        except (UnexpectedAnswer, ConversionError) as error:
            self._tries[message.id] += 1
            LOGGER.debug("Fetching a message failed: %s", error)
            if self._tries[message.id] < _TRIES:
                return
            LOGGER.warning(
                "A message in RingCentral's mailbox of the line %s can't be fetched: %s",
                self._line.name,
                error,
            )
        known.items[message.id] = {_READ: message.read, _WORDS: message.words is not None}
        self._tries.pop(message.id, None)

    async def _async_even_out(
        self,
        client: RingCentralClient,
        listed: dict[str, VoiceMessage],
        clips: dict[str, Clip],
        known: Remembered,
    ) -> bool:
        """Carry over what one side doesn't know yet; return whether there is more to be done soon."""
        library, marks, texts, changed, more = self._line.library, 0, 0, False, False
        for name, clip in clips.items():
            message, facts = listed[name], known.items[name]
            follow = carried(facts[_READ], here=clip.heard, there=message.read)
            if follow is None:
                facts[_READ] = message.read
            elif follow is Side.THERE:
                await library.mark_heard(clip.id, message.read)
                facts[_READ], changed = message.read, True
            elif marks < AT_ONCE:
                marks += await self._async_mark(client, message, clip, facts)
            else:
                more = True
            if message.words is not None and not facts[_WORDS] and texts < AT_ONCE:
                texts += 1
                changed |= await self._async_write_down(client, message.words, clip)
                facts[_WORDS] = True
        if changed:
            self._line.async_look_up()
        return more

    async def _async_mark(
        self, client: RingCentralClient, message: VoiceMessage, clip: Clip, facts: dict[str, bool]
    ) -> bool:
        """Note there what is known here; return whether that was tried. Without the permission it is left for later."""
        now = self._line.hass.loop.time()
        if now < self._marking_from:
            return False
        try:
            await client.mark_message(message.id, read=clip.heard)
        except MissingPermission as error:
            self._marking_from = now + AGAIN_AFTER
            self._failed(error)
        else:
            facts[_READ] = clip.heard
        return True

    async def _async_write_down(self, client: RingCentralClient, words: str, clip: Clip) -> bool:
        """Keep words that came later, unless there are some; return whether they are kept."""
        if clip.transcript:
            return False
        try:
            text = await client.content(words)
        except UnexpectedAnswer as error:
            LOGGER.debug("What was said in a message can't be fetched: %s", error)
            return False
        await self._filing.async_write_down(clip.id, text)
        return True


async def async_delete_there(line: RingCentralCoordinator, clip_id: str) -> None:
    """Put the message that a clip is of among RingCentral's deleted ones; nothing is done for any other clip.

    Raises LibraryError, HomeAssistantError.
    """
    clip = await line.library.clip(clip_id)
    if clip is None or clip.remote_id is None or line.client is None:
        return
    try:
        await line.client.delete_message(clip.remote_id)
    except MissingPermission as error:
        raise _not_deleted("edit_messages_missing", permission=console_name(error.permission)) from error
    except RingCentralError as error:
        raise _not_deleted("not_deleted_at_ringcentral", reason=str(error)) from error
    finally:
        await line.client.rest()


def _not_deleted(key: str, **placeholders: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def carried(agreed: bool, *, here: bool, there: bool) -> Side | None:
    """Return which side is to be followed in whether a message is heard; None where both say the same.

    Both agreed on something once, and one of them has another mind since.
    """
    if here is there:
        return None
    return Side.THERE if here is agreed else Side.HERE
