"""The person on the phone, as a player: what is played or spoken to it, they hear."""

import asyncio
from typing import Any, override

from homeassistant.components import media_source
from homeassistant.components.media_player import MediaPlayerEntity
from homeassistant.components.media_player.browse_media import BrowseMedia
from homeassistant.components.media_player.const import (
    MediaPlayerDeviceClass,
    MediaPlayerEntityFeature,
    MediaPlayerState,
    MediaType,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .calls.call_desk import Wanted
from .calls.conversation import Conversation
from .calls.voice import Media, louder
from .const import DOMAIN, LOGGER
from .coordinator import RingCentralConfigEntry, RingCentralCoordinator
from .entity import RingCentralEntity

# Stopping must not wait until what is to be stopped was heard.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: RingCentralConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the player of a line."""
    async_add_entities([PersonOnThePhone(entry.runtime_data)])


class PersonOnThePhone(RingCentralEntity, MediaPlayerEntity):
    """Plays into the call there is; of several into the one that is talked in."""

    _attr_device_class = MediaPlayerDeviceClass.SPEAKER
    _attr_media_content_type = MediaType.MUSIC
    _attr_supported_features = (
        MediaPlayerEntityFeature.PLAY_MEDIA
        | MediaPlayerEntityFeature.MEDIA_ANNOUNCE
        | MediaPlayerEntityFeature.BROWSE_MEDIA
        | MediaPlayerEntityFeature.STOP
        | MediaPlayerEntityFeature.VOLUME_SET
    )
    _attr_volume_level = 1.0

    def __init__(self, coordinator: RingCentralCoordinator) -> None:
        """Play into the calls of the line of a coordinator."""
        super().__init__(coordinator, "on_the_phone")

    @property
    @override
    def state(self) -> MediaPlayerState:
        """Playing while something is said in any call of the line."""
        playing = any(live.playing for live in self.coordinator.desk.calls.values())
        return MediaPlayerState.PLAYING if playing else MediaPlayerState.IDLE

    @override
    async def async_play_media(
        self, media_type: MediaType | str, media_id: str, announce: bool | None = None, **kwargs: Any
    ) -> None:
        """Play something; an announcement, such as what is spoken, is waited for.

        Raises ServiceValidationError where nobody is on the line, HomeAssistantError where nothing of it can be played.
        What breaks off later is logged unless it is waited for; somebody who hangs up is no fault.
        """
        live = self.coordinator.desk.find(Wanted.ANSWERED)
        sound = louder(await self.coordinator.voice.render(Media(media_id)), self.volume_level or 0.0)
        if live.over:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="call_over")
        playing = self.coordinator.async_work(Conversation(self.coordinator, live).play(sound), "playing")
        # What is done by now has failed before its first sound, or was none.
        if announce or playing.done():
            await playing
        else:
            playing.add_done_callback(_tell_of_failure)

    @override
    async def async_media_stop(self) -> None:
        """Play no more; without a call nothing plays."""
        for live in list(self.coordinator.desk.calls.values()):
            if live.answered:
                Conversation(self.coordinator, live).stop()

    @override
    async def async_set_volume_level(self, volume: float) -> None:
        """Play as loud as this from now on: 1 is as loud as the sound itself."""
        self._attr_volume_level = volume
        self.async_write_ha_state()

    @override
    async def async_browse_media(
        self, media_content_type: MediaType | str | None = None, media_content_id: str | None = None
    ) -> BrowseMedia:
        """Show the sound there is in the media sources."""
        return await media_source.async_browse_media(
            self.hass,
            media_content_id,
            content_filter=lambda item: item.media_content_type.startswith("audio/"),
        )


@callback
def _tell_of_failure(playing: asyncio.Task[bool]) -> None:
    if not playing.cancelled() and (error := playing.exception()) is not None:
        LOGGER.error("The person on the phone did not hear all that was played: %s", error)
