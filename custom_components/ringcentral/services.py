"""The actions of the integration."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, service
from homeassistant.helpers.typing import VolSchemaType
import voluptuous as vol

from . import call_actions
from .const import DOMAIN
from .coordinator import RingCentralConfigEntry
from .line_test import async_test_line

type Handler = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]

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


async def _async_test_line(call: ServiceCall) -> ServiceResponse:
    """Test a line, with a call where a number is given."""
    entry: RingCentralConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    found = await async_test_line(entry.runtime_data, call.data.get(ATTR_NUMBER))
    return found.as_dict() if call.return_response else None


_OPTIONAL: Final = SupportsResponse.OPTIONAL
_SERVICES: Final[tuple[tuple[str, Handler, VolSchemaType, SupportsResponse], ...]] = (
    ("answer", call_actions.async_answer, call_actions.ANSWER_SCHEMA, _OPTIONAL),
    ("hang_up", call_actions.async_hang_up, call_actions.CALL_SCHEMA, _OPTIONAL),
    ("play", call_actions.async_play, call_actions.PLAY_SCHEMA, _OPTIONAL),
    (
        "start_recording",
        call_actions.async_start_recording,
        call_actions.RECORD_SCHEMA,
        SupportsResponse.NONE,
    ),
    ("stop", call_actions.async_stop, call_actions.CALL_SCHEMA, SupportsResponse.NONE),
    ("stop_recording", call_actions.async_stop_recording, call_actions.CALL_SCHEMA, _OPTIONAL),
    ("test_line", _async_test_line, TEST_LINE_SCHEMA, _OPTIONAL),
)
