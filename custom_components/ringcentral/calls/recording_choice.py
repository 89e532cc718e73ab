"""What of a call may be recorded: what is chosen for its line, and for the contact at its other end."""

from ..const import RecordingMode
from ..coordinator import RingCentralCoordinator
from ..softphone import Direction
from .call_desk import LiveCall


def recorded_anyway(line: RingCentralCoordinator, live: LiveCall) -> bool:
    """Whether a call is recorded as soon as it is answered, with no need to ask for it."""
    if live.call.direction is Direction.OUTGOING or line.reception.machine.takes(live.call_id):
        return False
    return _mode(line, live) is RecordingMode.INCOMING


def recordable(line: RingCentralCoordinator, live: LiveCall) -> bool:
    """Whether a call is recorded when that is asked for."""
    return _mode(line, live) in {RecordingMode.ON_DEMAND, RecordingMode.INCOMING}


def _mode(line: RingCentralCoordinator, live: LiveCall) -> RecordingMode:
    called = live.call.direction is Direction.OUTGOING
    callers, chosen = line.callers, line.choices.recording
    contact = callers.contact(live.call.called.number) if called else callers.of(live.call_id).contact
    return chosen if contact is None else contact.recording.within(chosen)
