"""Where the new recordings of a line go: to the library, or to the media folder where that is chosen."""

from typing import Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util, slugify

from ..coordinator import RingCentralCoordinator
from ..library import LibraryError, Place
from ..log_once import Outage
from ..models import CallEvent, CallEventType

_REASON: Final = OSError(
    "the folder ringcentral isn't there, or can't be written to; they are kept with the others"
)


@callback
def async_place_recordings(line: RingCentralCoordinator) -> CALLBACK_TYPE:
    """Have recordings go where it is chosen, and tell the log where they can't; returns what ends that."""
    entry, library = line.config_entry, line.library
    outage = Outage("Keeping recordings in the media folder", entry.title)

    @callback
    def choose() -> None:
        wanted = line.choices.in_media_folder
        library.keep_in(entry.entry_id, Place(slugify(entry.title), dt_util.as_local) if wanted else None)

    @callback
    def changed(change: ConfigEntryChange, which: ConfigEntry) -> None:
        if which is entry and change is ConfigEntryChange.UPDATED:
            choose()

    @callback
    def heard(event: CallEvent) -> None:
        if event.type is CallEventType.RECORDING_SAVED and event.clip and line.choices.in_media_folder:
            line.async_work(look(event.clip), "looking where a recording went")

    async def look(clip_id: str) -> None:
        try:
            clip = await library.clip(clip_id)
        except LibraryError:
            return
        if clip is None:
            return
        if library.shelf.is_elsewhere(clip.path):
            outage.works()
        else:
            outage.broke(_REASON)

    choose()
    ends = (
        async_dispatcher_connect(line.hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed),
        line.async_listen_to_calls(heard),
    )

    @callback
    def end() -> None:
        for each in ends:
            each()
        library.keep_in(entry.entry_id, None)

    return end
