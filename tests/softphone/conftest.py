"""The phone knows nothing of Home Assistant, and nor do its tests."""

from collections.abc import AsyncIterator

import pytest

from custom_components.ringcentral.softphone.events import Registered
from tests.softphone.household import Household, Server


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Start no Home Assistant."""


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[Server]:
    server = Server()
    await server.open()
    yield server
    await server.close()


@pytest.fixture
async def home(server: Server) -> AsyncIterator[Household]:
    home = Household(server)
    home.phone.start()
    await home.next(Registered)
    yield home
    await home.phone.stop()


@pytest.fixture
async def stranger(server: Server) -> AsyncIterator[Household]:
    """A phone that isn't started."""
    home = Household(server)
    yield home
    await home.phone.stop()
