"""A RingCentral on loopback, a clock that only moves when told, and a client of both."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp
import pytest

from custom_components.ringcentral.cloud import AppCredentials, RingCentralClient
from simulator.rest import RestSimulator

USER_AGENT = "HomeAssistantRingCentral/0.1.0"


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def rest(socket_enabled: None, clock: Clock) -> AsyncIterator[RestSimulator]:
    simulator = RestSimulator(clock=clock)
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def credentials(rest: RestSimulator) -> AppCredentials:
    account = rest.account
    return AppCredentials(account.client_id, account.client_secret, account.jwt, rest.url)


type MakeClient = Callable[[AppCredentials], RingCentralClient]


@pytest.fixture
def make_client(session: aiohttp.ClientSession, clock: Clock) -> MakeClient:
    def make(credentials: AppCredentials) -> RingCentralClient:
        return RingCentralClient(session, credentials, user_agent=USER_AGENT, clock=clock, request_timeout=5)

    return make


@pytest.fixture
def client(make_client: MakeClient, credentials: AppCredentials) -> RingCentralClient:
    return make_client(credentials)
