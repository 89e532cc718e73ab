"""What of a call may be recorded: what is chosen for its line."""

from ..const import RecordingMode
from ..coordinator import RingCentralCoordinator
from ..softphone import Direction
from .call_desk import LiveCall


def recorded_anyway(line: RingCentralCoordinator, live: LiveCall) -> bool:
    """Whether a call is recorded as soon as it is answered, with no need to ask for it."""
    if live.call.direction is Direction.OUTGOING or line.reception.machine.takes(live.call_id):
        return False
    return line.choices.recording is RecordingMode.INCOMING


def recordable(line: RingCentralCoordinator, live: LiveCall) -> bool:
    """Whether a call is recorded when that is asked for."""
    return line.choices.recording in {RecordingMode.ON_DEMAND, RecordingMode.INCOMING}
