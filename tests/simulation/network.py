"""The way to the proxies, and how it fails."""

from custom_components.ringcentral.softphone.account import Proxy
from custom_components.ringcentral.softphone.events import Cause

# After how many seconds a try to connect fails, and as what.
FAILURES = {
    "refused": (0.05, Cause.REFUSED),
    "dns": (0.5, Cause.DNS),
    "unreachable": (3.0, Cause.UNREACHABLE),
    "timeout": (10.0, Cause.TIMEOUT),
}


class Network:
    """Which proxies can't be reached, and how."""

    def __init__(self) -> None:
        """Begin with everything working."""
        self.down: dict[Proxy, str] = {}

    def attempt(self, proxy: Proxy) -> tuple[float, Cause | None]:
        """Return how many seconds a try takes, and why it fails, if it does."""
        return FAILURES[kind] if (kind := self.down.get(proxy)) else (0.0, None)
