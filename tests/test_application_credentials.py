"""The RingCentral app whose users sign in in the browser."""

from homeassistant.components.application_credentials import ClientCredential
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.ringcentral.application_credentials import (
    async_get_auth_implementation,
    async_get_description_placeholders,
)
from custom_components.ringcentral.const import DOMAIN

from .translations import EN

MY = "https://my.home-assistant.io/redirect/oauth"
APP = ClientCredential("id", "secret")


async def test_the_production_server_is_used(hass: HomeAssistant) -> None:
    app = await async_get_auth_implementation(hass, "app", APP)

    assert app.authorize_url == "https://platform.ringcentral.com/restapi/oauth/authorize"
    assert app.token_url == "https://platform.ringcentral.com/restapi/oauth/token"


@pytest.mark.parametrize(("name", "shown"), [(None, "id"), ("Door", "Door")])
async def test_an_app_is_called_what_people_call_it(
    hass: HomeAssistant, name: str | None, shown: str
) -> None:
    app = await async_get_auth_implementation(hass, "app", ClientCredential("id", "secret", name))

    assert app.name == shown


async def test_the_form_says_where_the_app_is_made_and_what_to_enter_there(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_ws_client()

    await client.send_json_auto_id({"type": "application_credentials/config"})
    told = (await client.receive_json())["result"]["integrations"][DOMAIN]["description_placeholders"]

    assert told == {"console_url": "https://developers.ringcentral.com", "redirect_url": MY}
    assert EN["application_credentials"]["description"].format(**told)


async def test_without_my_home_assistant_the_browsers_address_is_told(
    hass: HomeAssistant, current_request_with_host: None
) -> None:
    told = await async_get_description_placeholders(hass)

    assert told["redirect_url"] == "https://example.com/auth/external/callback"
