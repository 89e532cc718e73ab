"""Something that is to be done later, once."""

from collections.abc import Callable
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .const import DOMAIN


class Later:
    """A plan: made anew it takes the place of the one before, and a stop of Home Assistant doesn't wait for it."""

    def __init__(self, hass: HomeAssistant, name: str, do: Callable[[], None]) -> None:
        """Plan nothing yet."""
        self._hass = hass
        self._do = do
        self._job = HassJob(self._due, f"{DOMAIN} {name}", cancel_on_shutdown=True)
        self._unplan: CALLBACK_TYPE | None = None

    @callback
    def plan(self, delay: float) -> None:
        """Do it in so many seconds."""
        self.cancel()
        self._unplan = async_call_later(self._hass, delay, self._job)

    @callback
    def cancel(self) -> None:
        """Don't do it."""
        if self._unplan is not None:
            self._unplan()
            self._unplan = None

    @callback
    def _due(self, now: datetime) -> None:
        self._unplan = None
        self._do()
