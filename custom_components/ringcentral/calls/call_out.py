"""Calls people: one after the other or all at once, until somebody has answered and, where that is asked for, confirmed."""

import asyncio
from collections.abc import Sequence
import contextlib
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.exceptions import HomeAssistantError

from ..const import DOMAIN, LOGGER
from ..coordinator import RingCentralCoordinator
from ..softphone import DialError, EndReason, UnknownCallError
from ..softphone.media import MediaError
from .conversation import Conversation, not_placed

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
        self._calls: set[asyncio.Task[None]] = set()

    async def in_turn(self, numbers: Sequence[str]) -> Outcome:
        """Call one after the other; raises HomeAssistantError where nobody could be called at all.

        A number that can't be called is passed over: whoever comes after it is called all the same.
        """
        for number in numbers:
            await self._call(number)
            if self._outcome.answered_by is not None:
                break
        return self._told()

    async def all_at_once(self, numbers: Sequence[str]) -> Outcome:
        """Call all of them; whoever is first has it, the others are hung up on at that moment. Raises as in_turn."""
        self._calls = {
            asyncio.create_task(self._call(number), name=f"{DOMAIN} call out")
            for number in dict.fromkeys(numbers)
        }
        try:
            done, _ = await asyncio.wait(self._calls, return_when=asyncio.FIRST_EXCEPTION)
            for call in done:
                if not call.cancelled():
                    call.result()
        finally:
            for call in self._calls:
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)
        return self._told()

    def _told(self) -> Outcome:
        if self._refusal is not None and not self._placed:
            raise self._refusal
        return self._outcome

    async def _call(self, number: str) -> None:
        """Call one number and note what came of it."""
        results = self._outcome.results
        try:
            results[number] = await self._reach(await self._place(number), number)
        except HomeAssistantError as error:
            self._refusal = self._refusal or error
            results[number] = error.translation_key or ""
        except asyncio.CancelledError:
            results[number] = EndReason.CANCELLED.value
            raise

    async def _reach(self, conversation: Conversation, number: str) -> str:
        """Wait for somebody to answer, and say what is to be said; return what came of it."""
        live, errand = conversation.live, self._errand
        try:
            await live.until(lambda: live.answered)
            if not live.answered:
                assert live.end is not None
                return live.end.reason.value
            if not errand.confirm:
                self._settle(number, conversation)
            confirmed = await self._deliver(conversation)
            if confirmed:
                self._settle(number, conversation)
        except asyncio.CancelledError, HomeAssistantError:
            conversation.hang_up()
            raise
        if errand.hang_up or (errand.confirm and not confirmed):
            conversation.hang_up()
            await live.until_over()
        return "confirmed" if confirmed else NOT_CONFIRMED if errand.confirm else "answered"

    def _settle(self, number: str, conversation: Conversation) -> None:
        """Leave it to whom was called with this: all others are hung up on before they hear more."""
        outcome = self._outcome
        outcome.answered_by, outcome.confirmed = number, bool(self._errand.confirm)
        outcome.conversation = conversation
        for call in self._calls:
            if call is not asyncio.current_task():
                call.cancel()

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
