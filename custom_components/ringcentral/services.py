"""The actions of the integration."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, service
from homeassistant.helpers.typing import VolSchemaType
import voluptuous as vol

from .calls import call_actions
from .calls.line_test import async_test_line
from .clips import call_log, clip_actions, export, keeping
from .const import DOMAIN
from .coordinator import RingCentralConfigEntry
from .people import contact_actions

type Handler = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
type Service = tuple[str, Handler, VolSchemaType, SupportsResponse]

ATTR_NUMBER: Final = "number"
TEST_LINE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_NUMBER): vol.All(cv.string, vol.Length(min=1)),
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema, response in _SERVICES:
        hass.services.async_register(DOMAIN, name, handler, schema, supports_response=response)
    for name, handler, schema, response in _ADMIN_SERVICES:
        service.async_register_admin_service(hass, DOMAIN, name, handler, schema, response)


async def _async_test_line(call: ServiceCall) -> ServiceResponse:
    """Test a line, with a call where a number is given."""
    entry: RingCentralConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    found = await async_test_line(entry.runtime_data, call.data.get(ATTR_NUMBER))
    return found.as_dict() if call.return_response else None


_NONE: Final = SupportsResponse.NONE
_OPTIONAL: Final = SupportsResponse.OPTIONAL
_ONLY: Final = SupportsResponse.ONLY
_SERVICES: Final[tuple[Service, ...]] = (
    ("answer", call_actions.async_answer, call_actions.ANSWER_SCHEMA, _OPTIONAL),
    ("block", contact_actions.async_block, contact_actions.BLOCK_SCHEMA, _NONE),
    ("clip_url", clip_actions.async_clip_url, clip_actions.CLIP_URL_SCHEMA, _ONLY),
    ("collect_digits", call_actions.async_collect_digits, call_actions.COLLECT_SCHEMA, _ONLY),
    ("decline", call_actions.async_decline, call_actions.DECLINE_SCHEMA, _OPTIONAL),
    ("dial", call_actions.async_dial, call_actions.DIAL_SCHEMA, _OPTIONAL),
    ("get_calls", call_log.async_get_calls, call_log.CALLS_SCHEMA, _ONLY),
    ("get_clips", clip_actions.async_get_clips, clip_actions.CLIPS_SCHEMA, _ONLY),
    ("hang_up", call_actions.async_hang_up, call_actions.CALL_SCHEMA, _OPTIONAL),
    ("hold", call_actions.async_hold, call_actions.CALL_SCHEMA, _OPTIONAL),
    ("mark_heard", clip_actions.async_mark_heard, clip_actions.HEARD_SCHEMA, _NONE),
    ("play", call_actions.async_play, call_actions.PLAY_SCHEMA, _OPTIONAL),
    ("purge", keeping.async_purge_now, keeping.PURGE_SCHEMA, _OPTIONAL),
    ("send_dtmf", call_actions.async_send_dtmf, call_actions.DTMF_SCHEMA, _OPTIONAL),
    ("set_favorite", clip_actions.async_set_favorite, clip_actions.FAVORITE_SCHEMA, _NONE),
    ("start_recording", call_actions.async_start_recording, call_actions.RECORD_SCHEMA, _OPTIONAL),
    ("stop", call_actions.async_stop, call_actions.CALL_SCHEMA, _NONE),
    ("stop_recording", call_actions.async_stop_recording, call_actions.CALL_SCHEMA, _OPTIONAL),
    ("test_line", _async_test_line, TEST_LINE_SCHEMA, _OPTIONAL),
    ("transcribe", clip_actions.async_transcribe, clip_actions.TRANSCRIBE_SCHEMA, _OPTIONAL),
    ("transfer", call_actions.async_transfer, call_actions.TRANSFER_SCHEMA, _OPTIONAL),
    ("unhold", call_actions.async_unhold, call_actions.CALL_SCHEMA, _OPTIONAL),
)
# What is deleted doesn't come back, and a file is for whoever can read the folder.
_ADMIN_SERVICES: Final[tuple[Service, ...]] = (
    ("delete_clip", clip_actions.async_delete_clip, clip_actions.DELETE_SCHEMA, _NONE),
    ("export", export.async_export, export.EXPORT_SCHEMA, _OPTIONAL),
    ("forget_number", clip_actions.async_forget_number, clip_actions.FORGET_SCHEMA, _OPTIONAL),
)
