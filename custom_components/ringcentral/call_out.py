"""Calls people: one after the other or all at once, until somebody has answered and, where that is asked for, confirmed."""

import asyncio
from collections.abc import Sequence
import contextlib
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.exceptions import HomeAssistantError

from .const import DOMAIN, LOGGER
from .conversation import Conversation, not_placed
from .coordinator import RingCentralCoordinator
from .softphone import DialError, EndReason, UnknownCallError
from .softphone.media import MediaError

# Seconds in which somebody who has heard everything may still press the key.
CONFIRM_WITHIN: Final = 5.0
NOT_CONFIRMED: Final = "not_confirmed"


@dataclass(frozen=True, slots=True)
class Errand:
    """What is wanted of the people who are called.

    Attributes:
        sound: what they hear, µ-law; nothing to leave them to the actions that follow.
        times: how often, until the key is pressed.
        confirm: the key that says that it was heard; "" takes an answer for that.
        ring_for: seconds.
    """

    sound: bytes = field(default=b"", repr=False)
    times: int = 1
    confirm: str = ""
    ring_for: float = 25.0
    hang_up: bool = True


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    answered_by: str | None = None
    confirmed: bool = False
    conversation: Conversation | None = None
    results: dict[str, str] = field(default_factory=dict)
    """Number → `answered`, `confirmed`, or why not."""

    def as_dict(self) -> dict[str, Any]:
        """Return what the action responds with."""
        call = self.conversation.outcome if self.conversation else {"call_id": None, "end_reason": None}
        return {
            "answered_by": self.answered_by,
            "confirmed": self.confirmed,
            **call,
            "results": self.results,
        }


class CallOut:
    """One errand on one line."""

    def __init__(self, line: RingCentralCoordinator, errand: Errand) -> None:
        """Call from a line."""
        self._line = line
        self._errand = errand
        self._outcome = Outcome()
        self._placed = False
        self._refusal: HomeAssistantError | None = None

    async def in_turn(self, numbers: Sequence[str]) -> Outcome:
        """Call one after the other; raises HomeAssistantError where nobody could be called at all.

        A number that can't be called is passed over: whoever comes after it is called all the same.
        """
        for number in numbers:
            if await self._settled_by(number):
                break
        return self._told()

    async def all_at_once(self, numbers: Sequence[str]) -> Outcome:
        """Call all of them; whoever is first has it, the others are hung up on. Raises as in_turn."""
        calls = {
            asyncio.create_task(self._settled_by(number), name=f"{DOMAIN} call out") for number in numbers
        }
        waiting = calls
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                settled = [call.result() for call in done]
                if any(settled):
                    break
        finally:
            for call in waiting:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
        return self._told()

    def _told(self) -> Outcome:
        if self._refusal is not None and not self._placed:
            raise self._refusal
        return self._outcome

    async def _settled_by(self, number: str) -> bool:
        """Call one number; return whether nobody else needs to be called."""
        outcome = self._outcome
        try:
            conversation = await self._place(number)
        except HomeAssistantError as error:
            self._refusal = self._refusal or error
            outcome.results[number] = error.translation_key or ""
            return False
        live = conversation.live
        try:
            await live.until(lambda: live.answered)
            if not live.answered:
                assert live.end is not None
                outcome.results[number] = live.end.reason.value
                return False
            confirmed = await self._deliver(conversation)
        except asyncio.CancelledError:
            outcome.results[number] = EndReason.CANCELLED.value
            conversation.hang_up()
            raise
        # Of several who are called at once another may have been first.
        settled = (confirmed or not self._errand.confirm) and outcome.answered_by is None
        outcome.results[number] = (
            "confirmed" if confirmed else NOT_CONFIRMED if self._errand.confirm else "answered"
        )
        if settled:
            outcome.answered_by, outcome.confirmed, outcome.conversation = number, confirmed, conversation
        if self._errand.hang_up or not settled:
            conversation.hang_up()
            await live.until_over()
        return settled

    async def _deliver(self, conversation: Conversation) -> bool:
        """Say what is to be said; return whether the key was pressed."""
        errand = self._errand
        if not errand.confirm:
            if errand.sound:
                await conversation.play(errand.sound, errand.times)
            return False
        for _ in range(errand.times):
            if conversation.live.over:
                return False
            if await conversation.hears_key(errand.confirm, errand.sound, CONFIRM_WITHIN):
                return True
        return False

    async def _place(self, number: str) -> Conversation:
        line = self._line
        try:
            emergency = line.limits.lets_help_be_called(number)
            if emergency:
                LOGGER.warning("An action calls emergency services, as the line's options allow")
            else:
                line.limits.admit(number)
            call_id, _ = line.phone.dial(number, ring_for=self._errand.ring_for, emergency=emergency)
        except DialError as error:
            raise not_placed(error) from error
        except MediaError as error:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_free_port") from error
        self._placed = True
        if not emergency:
            line.limits.count()
        try:
            return Conversation(line, await line.desk.arrival(call_id))
        except asyncio.CancelledError:
            with contextlib.suppress(UnknownCallError):
                line.phone.hang_up(call_id)
            raise
