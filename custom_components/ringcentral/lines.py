"""Which line an action is for."""

from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import service
from homeassistant.helpers.target import TargetSelection

from .const import DOMAIN
from .coordinator import RingCentralConfigEntry, RingCentralCoordinator


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
