"""Whom automations may call on a line, and how often: a mistake in one of them must not cost a fortune."""

from collections import deque
from collections.abc import Callable
from typing import Final

from homeassistant.exceptions import ServiceValidationError

from ..const import DOMAIN
from ..line_options import LineOptions
from ..people.callers import Callers
from ..softphone.calls.dialing import dialled
from .call_filter import fits

MOST_CALLS: Final = 30
# Seconds in which no more than these are placed: an alarm has five people called six times over.
WITHIN: Final = 3600.0


class CallLimits:
    """The limits of one line; transfers and tests count like calls."""

    def __init__(
        self, callers: Callers, choices: Callable[[], LineOptions], clock: Callable[[], float]
    ) -> None:
        """Hold a line to its choices; the clock is monotonic, in seconds."""
        self._callers = callers
        self._choices = choices
        self._clock = clock
        self._placed: deque[float] = deque(maxlen=MOST_CALLS)

    def lets_help_be_called(self, number: str) -> bool:
        """Whether a number is an emergency number that automations may call; raises InvalidNumberError.

        No other limit holds such a call back.
        """
        return self._callers.is_emergency(dialled(number)) and self._choices().emergency_calls

    def admit(self, number: str) -> None:
        """Let a number be called; raises ServiceValidationError, or InvalidNumberError."""
        patterns = self._choices().allowed_numbers
        plain = dialled(number)
        ways = (plain, self._callers.e164(plain))
        if patterns and not any(fits(pattern, way) for way in ways if way for pattern in patterns):
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="number_not_allowed")
        if len(self._placed) == MOST_CALLS and self._clock() - self._placed[0] < WITHIN:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="too_many_calls_placed",
                translation_placeholders={"calls": str(MOST_CALLS)},
            )

    def count(self) -> None:
        """Note that a number was called."""
        self._placed.append(self._clock())
