"""When the telephone just rings: the hours at which somebody is there to answer it."""

from dataclasses import replace

from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant, callback

from ..const import AnswerMode
from ..line_options import LineOptions


@callback
def in_force(hass: HomeAssistant, choices: LineOptions) -> LineOptions:
    """Return what holds for a call that begins now: during the office hours nothing answers by itself.

    An entity that is gone or doesn't know is taken for off, so that no caller is left without the answering machine.
    """
    state = hass.states.get(choices.office_hours) if choices.office_hours is not None else None
    if state is None or state.state != STATE_ON:
        return choices
    return replace(choices, answer_mode=AnswerMode.ONLY_TELL)
