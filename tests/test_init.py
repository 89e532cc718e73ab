import asyncio
from collections.abc import AsyncGenerator
from contextlib import closing
import json
from pathlib import Path
import re
import sqlite3
from unittest.mock import patch
import wave

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.ringcentral.const import DATA_LIBRARY, DOMAIN
from custom_components.ringcentral.library import Clip, Library, LibraryError
from simulator.clip import check_clip
from simulator.home import free_port
from simulator.rest import Account as User
from simulator.ringcentral import RingCentral
from simulator.server import Server

from .line import ANNA, LISTENER, Line, add_line, set_up_line, until
from .test_issues import open_issues
from .translations import EN

HEARD = 0.3
"""Seconds of a message before it is cut off."""


class Ear:
    """Overhears what the phone says to RingCentral."""

    def __init__(self, cloud: RingCentral, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said = b""
        received = cloud.sip.received

        def overhear(number: int, data: bytes) -> None:
            self.said += data
            received(number, data)

        monkeypatch.setattr(cloud.sip, "received", overhear)

    @property
    def registrations(self) -> list[int]:
        """Seconds asked for in each REGISTER that proves who it is."""
        requests = [text for text in self.said.split(b"\r\n\r\n") if text.startswith(b"REGISTER")]
        proven = [text for text in requests if b"\r\nAuthorization:" in text]
        return [int(found[1]) for text in proven if (found := re.search(rb"\r\nExpires: (\d+)", text))]


@pytest.fixture
def ear(cloud: RingCentral, monkeypatch: pytest.MonkeyPatch) -> Ear:
    return Ear(cloud, monkeypatch)


@pytest.fixture
async def office() -> AsyncGenerator[RingCentral]:
    """Run the RingCentral of a second user."""
    async with RingCentral(User(name="Office", extension_id="802398804017", extension_number="116")) as cloud:
        yield cloud


async def recording(line: Line) -> None:
    """Be called by somebody, and let the machine record for a moment."""
    await line.call(LISTENER)
    await line.told("recording_started")
    await asyncio.sleep(HEARD)


def seconds(path: Path) -> float:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        return int(file.getnframes()) / 8000


async def clips(folder: Path, line_id: str) -> list[Clip]:
    """Return what a later run finds of a line."""
    library = Library(folder)
    await library.open()
    calls = await library.calls(line_id)
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM clips WHERE line_id = ?", (line_id,))]
    found = [await library.clip(clip_id) for clip_id in ids]
    await library.close()
    assert all(call.ended_at for call in calls)
    return [clip for clip in found if clip]


def folder_of(hass: HomeAssistant) -> Path:
    return Path(hass.config.path(DOMAIN))


async def test_a_line_registers_and_can_be_called(line: Line) -> None:
    assert line.entry.state is ConfigEntryState.LOADED
    await line.call()
    assert line.state("sensor", "call_state").state == "ringing"


async def test_a_line_is_one_device(
    hass: HomeAssistant, line: Line, device_registry: dr.DeviceRegistry, snapshot: SnapshotAssertion
) -> None:
    devices = dr.async_entries_for_config_entry(device_registry, line.entry.entry_id)

    assert devices == snapshot


async def test_every_entity_and_each_of_its_states_has_a_name(
    line: Line, entity_registry: er.EntityRegistry
) -> None:
    entries = er.async_entries_for_config_entry(entity_registry, line.entry.entry_id)
    texts = {entry.entity_id: EN["entity"][entry.domain][entry.translation_key] for entry in entries}
    options = {entry.entity_id: (entry.capabilities or {}).get("options", []) for entry in entries}
    # Else it is a name.
    options["sensor.reception_last_caller"] = ["anonymous"]

    assert sorted(texts) == [
        "binary_sensor.reception_registered",
        "button.reception_answer",
        "button.reception_decline",
        "button.reception_hang_up",
        "button.reception_mark_calls_as_seen",
        "button.reception_test_the_line",
        "event.reception_call",
        "media_player.reception_person_on_the_phone",
        "number.reception_longest_message",
        "number.reception_seconds_before_answering",
        "select.reception_answer_mode",
        "select.reception_recording",
        "sensor.reception_call_state",
        "sensor.reception_last_call",
        "sensor.reception_last_caller",
        "sensor.reception_last_recording",
        "sensor.reception_last_test",
        "sensor.reception_line_status",
        "sensor.reception_missed_calls",
        "sensor.reception_proxy_in_use",
        "sensor.reception_reconnects",
        "sensor.reception_registration_expires",
        "sensor.reception_round_trip",
        "switch.reception_do_not_disturb",
        "switch.reception_record_calls",
    ]
    assert all(text["name"] for text in texts.values())
    assert {entity: set(text.get("state", {})) for entity, text in texts.items()} == {
        entity: set(states) for entity, states in options.items()
    }


async def test_every_event_type_has_a_name(line: Line) -> None:
    types = line.state("event", "call").attributes["event_types"]

    assert set(types) == set(EN["entity"]["event"]["call"]["state_attributes"]["event_type"]["state"])


def test_the_doorbell_words_what_the_call_does() -> None:
    call, doorbell = (EN["entity"]["event"][key]["state_attributes"] for key in ("call", "doorbell"))

    assert doorbell == call | {"event_type": {"state": {"ring": "Ring"}}}


async def test_every_entity_has_an_icon(line: Line, entity_registry: er.EntityRegistry) -> None:
    file = Path(__file__).parents[1] / "custom_components" / "ringcentral" / "icons.json"
    icons = json.loads(file.read_text("utf-8"))["entity"]

    entries = er.async_entries_for_config_entry(entity_registry, line.entry.entry_id)

    # There only with a door station that has keys.
    assert {("button", "open_door"), *((entry.domain, entry.translation_key) for entry in entries)} == {
        (domain, key) for domain, keys in icons.items() for key in keys
    }


async def test_a_line_whose_network_is_not_there_yet_comes_by_itself(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    port = free_port()
    entry = await add_line(hass, cloud)
    provision = json.loads(json.dumps(entry.data["provision"]))
    provision["sipInfo"][0]["outboundProxy"] = f"127.0.0.1:{port}"
    hass.config_entries.async_update_entry(entry, data={**entry.data, "provision": provision})
    line = Line(hass, cloud, entry)

    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert line.state("binary_sensor", "registered").state == "off"
    assert line.state("sensor", "call_state").state == "idle"

    async with Server((cloud.sip.accounts[-1],), port=port) as late:
        await late.registered()
        await until(lambda: line.registered)
        assert line.state("binary_sensor", "registered").state == "on"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_an_unloaded_line_has_given_its_registration_back(
    hass: HomeAssistant, ear: Ear, line: Line
) -> None:
    assert ear.registrations == [600]

    await hass.config_entries.async_unload(line.entry.entry_id)

    assert ear.registrations == [600, 0]
    assert not line.cloud.sip.exchange.is_registered(line.cloud.sip.accounts[-1], hass.loop.time())
    assert DATA_LIBRARY not in hass.data


async def test_unloading_hangs_up_and_files_what_was_said(hass: HomeAssistant, machine: Line) -> None:
    await recording(machine)
    (call,) = machine.cloud.sip.calls
    begun = hass.loop.time()

    await hass.config_entries.async_unload(machine.entry.entry_id)

    assert hass.loop.time() - begun < 2
    assert call.outcome == "phone hung up"
    (clip,) = await clips(folder_of(hass), machine.entry.entry_id)
    assert clip.state == "saved"
    assert clip.duration == seconds(clip.path) == pytest.approx(HEARD, abs=0.2)
    assert machine.kinds[-3:] == ["ended", "recording_saved", "voicemail"]


async def test_unloading_leaves_a_ringing_call_to_the_other_phones(hass: HomeAssistant, line: Line) -> None:
    call = await line.call()

    await hass.config_entries.async_unload(line.entry.entry_id)

    assert call.outcome == "refused: 480"


async def test_a_server_that_says_nothing_any_more_does_not_hold_up_unloading(
    hass: HomeAssistant, line: Line
) -> None:
    line.cloud.sip.faults.silent = True
    begun = hass.loop.time()

    with patch("custom_components.ringcentral.softphone.phone.STOP_TIMEOUT", 0.2):
        await hass.config_entries.async_unload(line.entry.entry_id)

    assert hass.loop.time() - begun < 2
    assert line.entry.state is ConfigEntryState.NOT_LOADED


async def test_a_reloaded_line_is_called_as_before(machine: Line) -> None:
    await machine.reload()

    call = await machine.call()
    await machine.told("recording_saved")

    assert check_clip(machine.clips[0].read_bytes(), call)


async def test_a_stop_of_home_assistant_hangs_up_and_files_what_was_said(
    hass: HomeAssistant, ear: Ear, machine: Line
) -> None:
    await recording(machine)
    (call,) = machine.cloud.sip.calls
    begun = hass.loop.time()

    await hass.async_stop(force=True)

    assert hass.loop.time() - begun < 5
    assert call.outcome == "phone hung up"
    assert ear.registrations[-1] == 0
    assert machine.kinds[-3:] == ["ended", "recording_saved", "voicemail"]
    (clip,) = await clips(folder_of(hass), machine.entry.entry_id)
    assert clip.state == "saved"
    assert clip.duration == seconds(clip.path)


async def test_a_call_does_not_hold_up_the_start_of_home_assistant(
    hass: HomeAssistant, machine: Line
) -> None:
    await machine.call(LISTENER)
    await machine.told("recording_started")

    async with asyncio.timeout(2):
        await hass.async_block_till_done()

    assert machine.kinds[-1] == "recording_started"


# What can't be set up


async def not_set_up(
    hass: HomeAssistant, entry: MockConfigEntry, state: ConfigEntryState = ConfigEntryState.SETUP_ERROR
) -> None:
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is state
    assert DATA_LIBRARY not in hass.data


async def test_a_library_of_a_newer_version_is_told_and_left_alone_and_the_line_rings(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    folder = folder_of(hass)
    folder.mkdir()
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        connection.execute("PRAGMA user_version = 999")

    line = await set_up_line(hass, cloud)

    assert set(open_issues(hass)) == {"library_too_new"}
    await line.call()
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (999,)


async def test_every_error_of_the_library_has_a_text() -> None:
    errors = {error.key for error in LibraryError.__subclasses__()} | {LibraryError.key}

    assert errors <= set(EN["exceptions"])


async def test_stored_data_that_no_phone_can_use_leaves_nothing_open(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    entry = await add_line(hass, cloud)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "provision": {}})

    await not_set_up(hass, entry)


async def test_entities_that_cannot_be_set_up_leave_nothing_open(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    entry = await add_line(hass, cloud)

    with patch.object(hass.config_entries, "async_forward_entry_setups", side_effect=ConfigEntryError):
        await not_set_up(hass, entry)


# Two lines


async def test_two_lines_share_what_they_work_with_until_the_last_goes(
    hass: HomeAssistant, machine: Line, office: RingCentral
) -> None:
    other = await set_up_line(hass, office, answer_mode="answering_machine", answer_after=0)
    assert other.entry.runtime_data.library is machine.entry.runtime_data.library

    await hass.config_entries.async_unload(machine.entry.entry_id)
    call = await other.call(ANNA)
    saved = await other.told("recording_saved")

    assert saved["line"] == "Office"
    assert check_clip(other.clips[0].read_bytes(), call)

    await hass.config_entries.async_unload(other.entry.entry_id)
    assert DATA_LIBRARY not in hass.data


async def test_two_lines_are_set_up_and_unloaded_at_once(
    hass: HomeAssistant, cloud: RingCentral, office: RingCentral
) -> None:
    entries = [await add_line(hass, cloud), await add_line(hass, office)]

    await asyncio.gather(*(hass.config_entries.async_setup(entry.entry_id) for entry in entries[:1]))
    await asyncio.gather(cloud.registered(), office.registered())
    assert [entry.state for entry in entries] == [ConfigEntryState.LOADED] * 2

    await asyncio.gather(*(hass.config_entries.async_unload(entry.entry_id) for entry in entries))
    assert DATA_LIBRARY not in hass.data


async def test_a_call_of_one_line_is_not_one_of_the_other(
    hass: HomeAssistant, machine: Line, office: RingCentral
) -> None:
    other = await set_up_line(hass, office)

    await machine.call()
    await machine.told("recording_saved")
    await hass.config_entries.async_remove(other.entry.entry_id)

    assert other.events == []
    assert len(machine.clips) == 1


# The way to the ear


async def test_a_message_is_found_in_the_media_browser_and_played(
    machine: Line, hass_ws_client: WebSocketGenerator, hass_client_no_auth: ClientSessionGenerator
) -> None:
    call = await machine.call()
    await machine.told("recording_saved")
    frontend = await hass_ws_client()

    folder = {"media_content_id": "media-source://ringcentral"}
    titles = []
    for _ in range(3):
        await frontend.send_json_auto_id(
            {"type": "media_source/browse_media", "media_content_id": folder["media_content_id"]}
        )
        folder = (await frontend.receive_json())["result"]["children"][0]
        titles.append(folder["title"])
    await frontend.send_json_auto_id(
        {"type": "media_source/resolve_media", "media_content_id": folder["media_content_id"]}
    )
    media = (await frontend.receive_json())["result"]
    response = await (await hass_client_no_auth()).get(media["url"])

    assert titles[:2] == ["Reception (1)", "Not heard yet (1)"]
    assert "Anna Smith" in titles[2]
    assert (media["mime_type"], response.content_type) == ("audio/wav", "audio/wav")
    assert "speech 0.25 s" in check_clip(await response.read(), call)
