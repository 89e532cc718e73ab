"""A person who signs in to RingCentral in a browser."""

from dataclasses import dataclass
from typing import cast

import aiohttp
from homeassistant.components.application_credentials import ClientCredential, async_import_client_credential
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.ringcentral.const import DOMAIN
from simulator.ringcentral import RingCentral

from .flow import CALLS, Flow
from .line import Line, until

CALLBACK = "https://example.com/auth/external/callback"
"""Home Assistant, by the address the browser has of it."""


@dataclass
class Browser:
    """Goes where the flow sends it, says yes there, and comes back."""

    hass: HomeAssistant
    cloud: RingCentral
    client: ClientSessionGenerator

    @classmethod
    async def open(
        cls,
        hass: HomeAssistant,
        cloud: RingCentral,
        client: ClientSessionGenerator,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Browser:
        """Let Home Assistant know an app of the RingCentral on loopback."""
        monkeypatch.setattr("custom_components.ringcentral.application_credentials.SERVER", cloud.rest.url)
        cloud.rest.account.redirect_uri = CALLBACK
        browser = cls(hass, cloud, client)
        # What serves requests is set up before the first one comes.
        assert await async_setup_component(hass, DOMAIN, {})
        await browser.enter_app("app", cloud.rest.account.client_id)
        return browser

    async def enter_app(self, name: str, client_id: str) -> None:
        """Enter an app under Application credentials."""
        app = ClientCredential(client_id, self.cloud.rest.account.client_secret, name)
        await async_import_client_credential(self.hass, DOMAIN, app, name)

    async def sign_in(self, flow: Flow) -> None:
        """Follow a flow's link, and wait for what the flow makes of it."""
        assert flow.result["type"] is FlowResultType.EXTERNAL_STEP
        async with (
            aiohttp.ClientSession() as session,
            session.get(flow.result["url"], allow_redirects=False) as response,
        ):
            back = URL(response.headers["Location"])
        client = await self.client()
        assert (await client.get(back.path_qs)).status == 200
        flow.result = await self.hass.config_entries.flow.async_configure(flow.result["flow_id"])
        await flow.wait()

    async def add_line(self) -> Line:
        """Add a line on a new phone, and wait until it is registered."""
        flow = await Flow.start(self.hass, "browser")
        await self.sign_in(flow)
        await flow.submit(CALLS)
        (entry,) = self.hass.config_entries.async_entries(DOMAIN)
        line = Line(self.hass, self.cloud, cast(MockConfigEntry, entry))
        await until(lambda: line.registered)
        return line
