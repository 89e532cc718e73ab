"""A message is played on a real player in the house: MPD, by Home Assistant's own integration for it."""

from pathlib import Path
import wave

from homeassistant.components.media_player.const import (
    ATTR_MEDIA_CONTENT_ID,
    ATTR_MEDIA_CONTENT_TYPE,
    DOMAIN as MEDIA_PLAYER,
    SERVICE_PLAY_MEDIA,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ringcentral.clips.media_identifiers import clip_media_content_id
from tests.line import Line

from .mpd_player import Mpd
from .programs import eventually

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("socket_enabled", "nothing_goes_wrong")]


def samples(path: Path) -> bytes:
    with wave.open(str(path)) as clip:
        return bytes(clip.readframes(clip.getnframes()))


async def test_a_player_in_the_house_hears_a_message_sample_for_sample(
    hass: HomeAssistant, machine: Line, mpd: Mpd, hass_client_no_auth: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, "media_source", {})
    # The player knows no more of Home Assistant than its address.
    server = (await hass_client_no_auth()).server
    await hass.config.async_update(internal_url=f"http://127.0.0.1:{server.port}")
    entry = MockConfigEntry(domain="mpd", title="Kitchen", data={"host": "127.0.0.1", "port": mpd.port})
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    (kitchen,) = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    await machine.call()
    saved = await machine.told("recording_saved")
    await machine.told("ended")
    await hass.async_block_till_done()
    (clip,) = machine.clips
    said = samples(clip)

    await hass.services.async_call(
        MEDIA_PLAYER,
        SERVICE_PLAY_MEDIA,
        {
            "entity_id": kitchen.entity_id,
            ATTR_MEDIA_CONTENT_ID: clip_media_content_id(saved["clip"]),
            ATTR_MEDIA_CONTENT_TYPE: "music",
        },
        blocking=True,
    )
    await eventually(lambda: mpd.heard.exists() and mpd.heard.stat().st_size >= len(said))

    assert mpd.heard.read_bytes() == said
    found = await machine.library.clip(saved["clip"])
    assert found is not None and found.heard
    assert await hass.config_entries.async_unload(entry.entry_id)
