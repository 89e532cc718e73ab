"""What is out of order is told once, and once when it is in order again."""

from .const import LOGGER


class Outage:
    """Something that others do for a line, and whether they do."""

    def __init__(self, what: str, line: str) -> None:
        """Begin in order; `what` and `line` are its names in the log."""
        self._what = what
        self._line = line
        self._broken = False

    def broke(self, reason: Exception) -> None:
        """Tell that it doesn't work, unless that is known."""
        if not self._broken:
            LOGGER.warning("%s of the line %s failed and is tried again: %s", self._what, self._line, reason)
        self._broken = True

    def works(self) -> None:
        """Tell that it works again, if it didn't."""
        if self._broken:
            LOGGER.info("%s of the line %s works again", self._what, self._line)
        self._broken = False
