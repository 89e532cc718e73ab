"""What a caller says comes back as text, by a real engine through Home Assistant's own integration."""

from collections.abc import Iterator
from dataclasses import replace

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from simulator.caller import Manner
from simulator.ringcentral import RingCentral
from tests.calls.test_call_actions import act
from tests.line import ANNA, set_up_line
from tests.test_media_source import searched

from .pocketsphinx_server import DIGITS, HEARD, run_pocketsphinx

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("socket_enabled", "nothing_goes_wrong")]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Return where the engine is."""
    with run_pocketsphinx(tmp_path_factory.mktemp("pocketsphinx")) as port:
        yield port


@pytest.fixture
async def engine(hass: HomeAssistant, port: int) -> str:
    """Return the entity of the engine, which Home Assistant was told of as people do."""
    assert await async_setup_component(hass, "homeassistant", {})
    entry = MockConfigEntry(domain="wyoming", title="PocketSphinx", data={"host": "127.0.0.1", "port": port})
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    [entity] = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return entity.entity_id


async def test_digits_left_as_a_message_come_back_as_text(
    hass: HomeAssistant, cloud: RingCentral, engine: str, hass_ws_client: WebSocketGenerator
) -> None:
    line = await set_up_line(
        hass, cloud, answer_mode="answering_machine", answer_after=0, speech_to_text=engine
    )

    await line.call(replace(ANNA, manner=Manner(speech=DIGITS.read_bytes())))
    saved = await line.told("voicemail")
    event = await line.told("transcribed")

    assert (event["transcript"], event["clip"]) == (HEARD, saved["clip"])
    [clip] = (await act(line, "get_clips", text="three four"))["clips"]
    assert (clip["clip"], clip["transcript"], clip["language"]) == (saved["clip"], HEARD, "en")
    assert (await act(line, "get_clips", text="three six"))["clips"] == []
    assert await searched(await hass_ws_client(hass), "four five") == [saved["clip"]]
    again = await act(line, "transcribe", clip=saved["clip"])
    assert again["transcript"] == HEARD
