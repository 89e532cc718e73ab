"""What the other side is told and asked before a call is recorded."""

import contextlib
from dataclasses import dataclass, field
from typing import Final, Protocol

from ..coordinator import RingCentralCoordinator
from ..library import Consent

AGREE_KEY: Final = "1"
AGREE_WITHIN: Final = 10.0
"""Seconds after the question in which that key may be pressed."""

_OWN_ANNOUNCEMENT: Final = (
    "Callers hear the announcement of a recording that comes with the integration instead of yours"
)
_OWN_QUESTION: Final = "Callers hear the question that comes with the integration instead of yours"


class Speaker(Protocol):
    """Who speaks in a call."""

    async def announce(self, ulaw: bytes) -> bool:
        """Play sound; return whether it was heard to its end."""

    async def asks_for(self, key: str, question: bytes, within: float) -> bool:
        """Play a question to its end; return whether this key was the first that was pressed, until so many seconds after."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of that, and what was said, as µ-law: the beginning of the clip."""

    consent: Consent
    said: bytes = field(default=b"", repr=False)


async def async_make_ready(line: RingCentralCoordinator) -> None:
    """Have what will be said made while it rings: nobody is to wait for an engine."""
    choices = line.choices
    question = choices.consent_question if choices.ask_consent else None
    for speech in (question, None if choices.unannounced else choices.announcement):
        if speech is not None:
            # What is in the way is told when it is needed.
            with contextlib.suppress(Exception):
                await line.voice.render(speech)


async def async_tell(line: RingCentralCoordinator, speaker: Speaker, *, announce: bool = True) -> Told | None:
    """Tell the other side of a recording, as it is chosen for the line, and ask; None where it mustn't be recorded.

    Whoever is asked is told only after having agreed: before, it isn't true. A question is always asked, whatever
    `announce` says.
    """
    choices = line.choices
    announces = announce and not choices.unannounced
    # Both are made at once, and only what is needed.
    with (
        line.prompts.making(
            choices.consent_question if choices.ask_consent else None, _OWN_QUESTION
        ) as question,
        line.prompts.making(choices.announcement if announces else None, _OWN_ANNOUNCEMENT) as announcement,
    ):
        consent, said = Consent.NONE, b""
        if choices.ask_consent:
            asked = await question() or line.sounds.consent
            if not await speaker.asks_for(AGREE_KEY, asked, AGREE_WITHIN):
                return None
            consent, said = Consent.AGREED, asked
        if announces:
            told = await announcement() or line.sounds.recorded
            if not await speaker.announce(told):
                return None
            consent, said = Consent.ANNOUNCED if consent is Consent.NONE else consent, said + told
        return Told(consent, said)
