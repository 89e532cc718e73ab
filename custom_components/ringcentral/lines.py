"""Which line an action is for, one that was removed where it may be."""

from typing import Final

from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import service
from homeassistant.helpers.target import TargetSelection

from .clips.removed_lines import DATA_REMOVED, removed_lines
from .const import DATA_LIBRARY, DOMAIN
from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .library import RECOVERED_LINE_ID, Clip

ATTR_REMOVED_LINE: Final = "removed_line"


async def async_line(action: ServiceCall, call_id: str | None = None) -> RingCentralCoordinator:
    """Return the line that an action's target names, that has the call it names, or that is the only one.

    Raises ServiceValidationError.
    """
    entries: list[RingCentralConfigEntry] = action.hass.config_entries.async_loaded_entries(DOMAIN)
    if TargetSelection(action.data).has_any_target:
        meant = await service.async_extract_config_entry_ids(action)
        entries = [entry for entry in entries if entry.entry_id in meant]
        missing = "target_has_no_line"
    else:
        missing = "no_line"
    lines = [entry.runtime_data for entry in entries]
    if call_id is not None and len(lines) > 1:
        lines = [line for line in lines if call_id in line.desk.calls]
        missing = "call_over"
    if len(lines) == 1:
        return lines[0]
    raise ServiceValidationError(
        translation_domain=DOMAIN, translation_key="several_lines" if lines else missing
    )


async def async_line_or_removed(action: ServiceCall) -> tuple[RingCentralCoordinator, str]:
    """Return a line to ask, and the id of the line whose calls and clips are meant: that line, or a removed one.

    Raises ServiceValidationError.
    """
    if (name := action.data.get(ATTR_REMOVED_LINE)) is None:
        line = await async_line(action)
        return line, line.config_entry.entry_id
    if (line_id := action.hass.data[DATA_REMOVED].meant(name)) is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="removed_line_unknown")
    return _any_line(action), line_id


async def async_line_of_clip(action: ServiceCall, clip_id: str) -> tuple[RingCentralCoordinator, Clip | None]:
    """Return a line to ask and a clip, if it is that line's, of one that was removed, or was found again without a line.

    Raises ServiceValidationError, or a LibraryError.
    """
    library = action.hass.data.get(DATA_LIBRARY)
    clip = None if library is None else await library.clip(clip_id)
    if clip is not None and clip.line_id in {*removed_lines(action.hass), RECOVERED_LINE_ID}:
        return _any_line(action), clip
    line = await async_line(action)
    return line, clip if clip is not None and clip.line_id == line.config_entry.entry_id else None


def _any_line(action: ServiceCall) -> RingCentralCoordinator:
    entries: list[RingCentralConfigEntry] = action.hass.config_entries.async_loaded_entries(DOMAIN)
    if not entries:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_line")
    return entries[0].runtime_data
