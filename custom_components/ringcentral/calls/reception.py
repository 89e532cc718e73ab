"""What becomes of a call that comes in: it rings, is answered by the line itself, or is turned away."""

from collections.abc import Callable, Coroutine
import contextlib
from dataclasses import replace
from typing import Any, Final

from homeassistant.core import callback

from ..const import LOGGER, AnswerMode, Treatment
from ..line_options import LineOptions
from ..people.callers import Caller
from ..softphone import Call, CallEnded, CallState, EndReason, Outcome, Phone, UnknownCallError
from ..softphone.media import MediaError
from .answering_machine import AnsweringMachine
from .call_desk import CallDesk, LiveCall
from .voice import Speech

# Seconds of ringing before the call of a contact is answered that is to be answered automatically.
ANSWER_CONTACT_AFTER: Final = 1.0


class Reception:
    """Takes the calls of one line as its options have it."""

    def __init__(
        self,
        *,
        phone: Phone,
        desk: CallDesk,
        machine: AnsweringMachine,
        choices: Callable[[], LineOptions],
        work: Callable[[Coroutine[Any, Any, None], str], object],
    ) -> None:
        """Take calls with a phone; `work` does something in the background."""
        self.machine = machine
        self._phone = phone
        self._desk = desk
        self._choices = choices
        self._work = work
        self._hushed: set[str] = set()

    @callback
    def hushes(self, call: Call) -> bool:
        """Whether nobody is to notice that a call rings."""
        return call.state is CallState.RINGING and call.call_id in self._hushed

    @callback
    def expect(self, call: Call, caller: Caller) -> None:
        """Note a call that begins to ring, before anybody hears of it."""
        choices = self._choices()
        if choices.do_not_disturb and not _passes(caller, choices):
            self._hushed.add(call.call_id)

    @callback
    def receive(self, call: Call, caller: Caller) -> None:
        """Do with a call that begins to ring what is done about its caller, and what was chosen for all.

        A caller who is kept away comes first, then do not disturb, a line that turns every call away, and a contact that
        is answered automatically; for all others the answer mode decides.
        """
        live, hushed = self._desk.calls[call.call_id], call.call_id in self._hushed
        choices = _for(caller, self._choices())
        if caller.treatment is not Treatment.RING:
            self._keep_away(live, choices, caller.treatment)
            return
        match choices.answer_mode:
            case AnswerMode.ANSWERING_MACHINE if hushed or not _answers(caller):
                self._work(self._attend(live, choices, hushed=hushed), "answering machine")
            case _ if hushed:
                self._turn_away(live, EndReason.DO_NOT_DISTURB)
            case AnswerMode.REJECT:
                self._turn_away(live)
            case _ if _answers(caller):
                self._work(self._answer(live, ANSWER_CONTACT_AFTER), "answering")
            case AnswerMode.ANSWER_AUTOMATICALLY:
                self._work(self._answer(live, choices.answer_after), "answering")

    def _keep_away(self, live: LiveCall, choices: LineOptions, treatment: Treatment) -> None:
        if treatment is Treatment.ANSWERING_MACHINE:
            self._work(self._attend(live, choices, hushed=False), "answering machine")
        elif treatment is Treatment.REJECT:
            self._turn_away(live)

    def _turn_away(self, live: LiveCall, reason: EndReason = EndReason.LOCAL_HANGUP) -> None:
        # A caller may have given up in the same packet: the end of the call is told next.
        with contextlib.suppress(UnknownCallError):
            self._phone.hang_up(live.call_id, reason)

    @callback
    def outcome(self, event: CallEnded) -> Outcome:
        """Return how a call ended for the people here: who hung up on the greeting was missed."""
        self._hushed.discard(event.call.call_id)
        if event.reason is EndReason.REMOTE_HANGUP and self.machine.greets(event.call.call_id):
            return Outcome.MISSED
        return event.outcome

    async def _attend(self, live: LiveCall, choices: LineOptions, *, hushed: bool) -> None:
        await self.machine.attend(live, choices, answer_after=0 if hushed else choices.answer_after)
        if hushed and not live.over and live.call.state is CallState.RINGING:
            # No message can be kept, and nobody here will answer.
            self._turn_away(live, EndReason.DO_NOT_DISTURB)

    async def _answer(self, live: LiveCall, after: float) -> None:
        if await live.within(after, lambda: live.answered):
            return
        try:
            self._phone.answer(live.call_id)
        except UnknownCallError:
            # The caller gave up at this very moment, or the line is gone.
            return
        except MediaError as error:
            LOGGER.error("The call was not answered: %s", error)


def _passes(caller: Caller, choices: LineOptions) -> bool:
    """Whether it rings for a caller although nobody is to be disturbed."""
    favorite = caller.contact is not None and caller.contact.favorite
    return (choices.favorites_ring and favorite) or (choices.repeats_ring and caller.is_repeat)


def _answers(caller: Caller) -> bool:
    """Whether it is a contact whose calls are answered automatically."""
    return caller.contact is not None and caller.contact.answer_automatically


def _for(caller: Caller, choices: LineOptions) -> LineOptions:
    """Return what was chosen, with the greeting that a contact has of its own, and what of its calls is recorded."""
    contact = caller.contact
    if contact is None:
        return choices
    return replace(
        choices,
        greeting=Speech(contact.greeting) if contact.greeting else choices.greeting,
        recording=contact.recording.within(choices.recording),
    )
