"""Makes Home Assistant a telephone."""

from contextlib import suppress
from typing import Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.typing import ConfigType

from .account.browser_session import EntrySession
from .account.elsewhere import async_forget_elsewhere
from .account.sources import Source, tls_of
from .calls.calls_elsewhere import CallsElsewhere
from .calls.logged_calls import async_log_calls
from .calls.recorded_calls import async_record_calls
from .clips.keeping import Keeping, async_adopt, async_take_up
from .clips.mailbox import Mailbox
from .clips.placing import async_place_recordings
from .clips.removed_lines import DATA_REMOVED, async_setup_removed_lines
from .clips.smaller_files import SmallerFiles
from .clips.transcripts import Transcripts
from .clips.views import ClipView, PictureView
from .const import CONF_RECORDING, CONF_SOURCE, DOMAIN, RecordingMode
from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .library import LibraryError
from .people.address_book import async_remove_address_book
from .people.caller_blocking import async_take_back
from .resources import async_acquire, async_release
from .services import async_setup_services

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.MEDIA_PLAYER,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Serve the clips and the actions, and remember lines that are gone."""
    async_setup_services(hass)
    await async_setup_removed_lines(hass)
    hass.http.register_view(ClipView())
    hass.http.register_view(PictureView())
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Bring an entry of an earlier version up to date; it goes on recording what it recorded."""
    if entry.version == 1 and entry.minor_version < 2:
        # Until then calls could be recorded on demand by every automation, and all of them where a switch was on.
        options = dict(entry.options)
        always = options.pop("record_calls", False)
        options.setdefault(
            CONF_RECORDING, (RecordingMode.INCOMING if always else RecordingMode.ON_DEMAND).value
        )
        hass.config_entries.async_update_entry(entry, options=options, minor_version=2)
    return entry.version == 1


async def async_setup_entry(hass: HomeAssistant, entry: RingCentralConfigEntry) -> bool:
    """Set a line up. It registers in its own time: a network that isn't there yet is nothing to fail for."""
    resources = await async_acquire(hass)
    try:
        with suppress(LibraryError):
            await async_adopt(hass, resources.library)
        tls = await hass.async_add_executor_job(tls_of, entry.data)
        coordinator = RingCentralCoordinator(hass, entry, resources, tls)
        entry.runtime_data = coordinator
        await coordinator.async_config_entry_first_refresh()
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    except BaseException:
        await async_release(hass)
        raise
    # Entries are not unloaded when Home Assistant stops.
    entry.async_on_unload(hass.async_add_shutdown_job(HassJob(coordinator.async_stop)))
    entry.async_on_unload(async_record_calls(coordinator))
    entry.async_on_unload(resources.storage.async_listen(_taking_up(coordinator)))
    entry.async_on_unload(async_place_recordings(coordinator))
    entry.async_on_unload(async_log_calls(coordinator))
    entry.async_on_unload(_async_follow_options(hass, coordinator))
    coordinator.async_start()
    Keeping(coordinator).async_start()
    Transcripts(coordinator).async_start()
    Mailbox(coordinator).async_start()
    CallsElsewhere(coordinator).async_start()
    SmallerFiles(coordinator).async_start()
    return True


def _taking_up(coordinator: RingCentralCoordinator) -> CALLBACK_TYPE:
    """Return what is to be done when the library works again."""

    @callback
    def mended() -> None:
        coordinator.async_work(async_take_up(coordinator), "taking up")

    return mended


@callback
def _async_follow_options(hass: HomeAssistant, coordinator: RingCentralCoordinator) -> CALLBACK_TYPE:
    """Have the entities show what is chosen, without a reload of the entry, which would hang up."""

    @callback
    def changed(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry is coordinator.config_entry and change is ConfigEntryChange.UPDATED:
            coordinator.async_update_listeners()

    return async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)


async def async_unload_entry(hass: HomeAssistant, entry: RingCentralConfigEntry) -> bool:
    """Hang up, un-register, and leave nothing behind."""
    # First, so that the entities still hear how the calls of the line ended.
    await entry.runtime_data.async_stop()
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: RingCentralConfigEntry) -> None:
    """Take back what is kept of a line at RingCentral, sign out, and ask what becomes of its calls and clips."""
    await async_take_back(hass, entry)
    await async_remove_address_book(hass, entry)
    await async_forget_elsewhere(hass, entry)
    if entry.data[CONF_SOURCE] == Source.BROWSER:
        await EntrySession(hass, entry).revoke()
    await hass.data[DATA_REMOVED].async_removed(entry)
