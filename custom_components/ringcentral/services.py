"""The actions of the integration."""

from typing import Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, service
import voluptuous as vol

from .const import DOMAIN
from .coordinator import RingCentralConfigEntry
from .line_test import async_test_line

ATTR_NUMBER: Final = "number"
SERVICE_TEST_LINE: Final = "test_line"
TEST_LINE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_NUMBER): vol.All(cv.string, vol.Length(min=1)),
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_TEST_LINE,
        _async_test_line,
        TEST_LINE_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def _async_test_line(call: ServiceCall) -> ServiceResponse:
    """Test a line, with a call where a number is given."""
    entry: RingCentralConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    found = await async_test_line(entry.runtime_data, call.data.get(ATTR_NUMBER))
    return found.as_dict() if call.return_response else None
