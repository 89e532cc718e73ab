"""A double of the sound shell, that only counts."""

from collections.abc import Callable

from custom_components.ringcentral.softphone.media.key_output import KeyOrder
from custom_components.ringcentral.softphone.media.keypad import Keypad
from custom_components.ringcentral.softphone.media.statistics import MediaStatistics

_NOTHING = MediaStatistics(
    received=0, events=0, dropped={}, misplaced=0, receive_errors=0, sent=0, send_errors=0, last_heard=None
)


class Session:
    """The sound of one call."""

    statistics = _NOTHING

    def __init__(self, engine: Engine, port: int) -> None:
        """Belong to an engine."""
        self.port = port
        self.closed = False
        self.keypad = Keypad()
        self._engine = engine

    def negotiate(self, *_: object, **__: object) -> None:
        """Take what was agreed; never after the end."""
        assert not self.closed, "sound is negotiated for a call that is over"

    def press(self, order: KeyOrder, done: Callable[[bool], None]) -> None:
        """Take keys to press; never after the end."""
        assert not self.closed, "keys are pressed in a call that is over"
        done(True)

    def close(self) -> None:
        """Give the port back, once."""
        assert not self.closed, "sound is closed twice"
        self.closed = True
        self._engine.sessions.remove(self)


class Engine:
    """Opens sessions and knows which are open."""

    def __init__(self) -> None:
        """Begin with none."""
        self.sessions: list[Session] = []
        self.opened = 0

    def open(self) -> Session:
        """Return a session on an even port of its own."""
        self.opened += 1
        session = Session(self, 40000 + 2 * (self.opened % 5000))
        self.sessions.append(session)
        return session
