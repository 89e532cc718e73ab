"""A line under test: Home Assistant at one end, RingCentral and its callers on loopback at the other."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ringcentral.calls.sounds import Sounds
from custom_components.ringcentral.cloud import AppCredentials, RingCentralClient
from custom_components.ringcentral.const import DATA_LIBRARY, DOMAIN, USER_AGENT
from custom_components.ringcentral.library import Library
from simulator.call import Call
from simulator.caller import Caller, Manner
from simulator.registrar import Account
from simulator.ringcentral import RingCentral

_BEEP: Final = Path(__file__).parents[1] / "custom_components" / "ringcentral" / "sounds" / "beep.ulaw"
SOUNDS: Final = Sounds(
    greeting=b"\xff" * 800,
    beep=_BEEP.read_bytes()[:1600],
    recorded=bytes(range(0x10, 0x60)) * 20,
    consent=bytes(range(0x15, 0x65)) * 12,
    recording_beep=bytes(range(0x1A, 0x42)) * 8,
)
"""A tenth of a second of silence, a beep that is just long enough to be heard, and shorter noises."""

SPEECH: Final = bytes(range(1, 251)) * 8
"""A quarter of a second in which every sample counts."""

ANNA: Final = Caller(number="+16505550142", name="Anna Smith", manner=Manner(speech=SPEECH))
SPOKEN: Final = replace(ANNA, manner=Manner(speech=bytes(range(0x10, 0x60)) * 25))
"""Loud enough to be written down."""

LISTENER: Final = Caller(number="+16505550117", name="Hillside School", manner=Manner(stay=True))
"""Says nothing and never hangs up."""

_WAV_HEADER: Final = 44
"""Bytes."""

TERMINAL: Final = {"missed", "declined", "blocked", "ended"}


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is so; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for are states of all kinds
            await asyncio.sleep(0.005)


class Line:
    """What a person sees of a line: its states, and the events of its calls in order."""

    def __init__(self, hass: HomeAssistant, cloud: RingCentral, entry: MockConfigEntry) -> None:
        """Watch the line of an entry that isn't set up yet."""
        self.hass, self.cloud, self.entry = hass, cloud, entry
        self.events: list[Mapping[str, Any]] = []
        self.states: list[str] = []
        name = entry.title.lower()

        @callback
        def changed(event: Event[EventStateChangedData]) -> None:
            new = event.data["new_state"]
            if new is None:
                return
            if new.entity_id == f"event.{name}_call" and new.attributes.get("event_type"):
                self.events.append(new.attributes)
            if new.entity_id == f"sensor.{name}_call_state":
                self.states.append(new.state)

        hass.bus.async_listen(EVENT_STATE_CHANGED, changed)

    @property
    def kinds(self) -> list[str]:
        """What happened, in order."""
        return [event["event_type"] for event in self.events]

    @property
    def library(self) -> Library:
        """The library of the running lines."""
        return self.hass.data[DATA_LIBRARY]

    @property
    def registered(self) -> bool:
        """Whether the line believes that it is."""
        return bool(self.entry.runtime_data.data.registered)

    @property
    def clips(self) -> list[Path]:
        """The sound files on disk."""
        return sorted(Path(self.hass.config.path(DOMAIN)).glob("clips/*/*.wav"))

    def state(self, platform: str, key: str) -> State:
        """Return the state of one of the line's entities."""
        state = self.hass.states.get(f"{platform}.{self.entry.title.lower()}_{key}")
        assert state is not None
        return state

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the events of one kind."""
        return [event for event in self.events if event["event_type"] == kind]

    async def told(self, kind: str, times: int = 1, seconds: float = 10.0) -> Mapping[str, Any]:
        """Wait for an event of a kind, or that many, and return the last."""
        await until(lambda: len(self.of(kind)) >= times, seconds)
        return self.of(kind)[times - 1]

    async def call(self, caller: Caller = ANNA, **dialect: Any) -> Call:
        """Be called, and wait until it rings."""
        before = len(self.of("incoming"))
        call = await self.cloud.call(caller, **dialect)
        await self.told("incoming", before + 1)
        return call

    async def lose(self) -> None:
        """Cut its connection, and wait until it has noticed; a moment later it may be back."""
        lost = asyncio.Event()
        stop = self.entry.runtime_data.async_add_listener(lambda: None if self.registered else lost.set())
        self.cloud.sip.drop(self.cloud.sip.accounts[-1])
        async with asyncio.timeout(10):
            await lost.wait()
        stop()

    async def has_recorded(self, clips: int = 1) -> None:
        """Wait until so many sound files have sound in them."""
        await until(lambda: sum(clip.stat().st_size > _WAV_HEADER for clip in self.clips) >= clips)

    async def reload(self) -> None:
        """Reload the entry and wait until it is registered again."""
        assert await self.hass.config_entries.async_reload(self.entry.entry_id)
        await until(lambda: self.registered)


async def add_line(
    hass: HomeAssistant, cloud: RingCentral, *, name: str = "", **options: Any
) -> MockConfigEntry:
    """Add an entry with a device of its own, as the configuration flow would."""
    app = cloud.app
    data = {key: app[key] for key in ("client_id", "client_secret", "jwt")} | app["advanced"]
    client = RingCentralClient(async_get_clientsession(hass), AppCredentials(**data), user_agent=USER_AGENT)
    extension = await client.extension()
    provision = await client.provision("Home Assistant")
    await client.revoke()
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=name or extension.name,
        unique_id=f"{extension.account_id}-{extension.id}{name}",
        data={"source": "ringcentral", **data, "provision": provision.as_dict()},
        options={
            "recording": "on_demand",
            "answer_mode": "only_tell",
            "answer_after": 20,
            "longest_message": 60,
        }
        | options,
        minor_version=2,
    )
    entry.add_to_hass(hass)
    return entry


async def set_up_line(hass: HomeAssistant, cloud: RingCentral, **options: Any) -> Line:
    """Add a line, set it up and wait until it is registered."""
    line = Line(hass, cloud, await add_line(hass, cloud, **options))
    assert await hass.config_entries.async_setup(line.entry.entry_id)
    await until(lambda: line.registered)
    return line


def change_password(cloud: RingCentral) -> Account:
    """Give the newest device another password, at RingCentral's desk and at its registrar."""
    provisioned = cloud.rest.devices.provisioned
    newest = list(provisioned)[-1]
    provisioned[newest] = replace(provisioned[newest], password="a-fresh-one")
    account = replace(cloud.sip.accounts[-1], password="a-fresh-one")
    cloud.sip.exchange.replace(account)
    cloud.sip.accounts = (account,)
    return account
