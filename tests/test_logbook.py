"""What Home Assistant writes down of calls: sentences in the logbook, and nothing of recordings in its history."""

import asyncio
from dataclasses import replace
from datetime import timedelta
import logging
from typing import Any
from unittest.mock import patch

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.history import get_significant_states
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import RecorderInstanceContextManager, WebSocketGenerator

from custom_components.ringcentral.calls.logged_calls import in_words
from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.library import Library, LibraryFullError
from simulator.caller import Caller, Step
from simulator.dialect import Dialect
from simulator.presses import Press, Way
from simulator.ringcentral import RingCentral
from simulator.services import Kind

from .calls.test_call_actions import TALKER, act
from .line import ANNA, LISTENER, SOUNDS, Line, set_up_line, until
from .people.test_contact_list import add

BEN = "+16505550101"


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    async_test_recorder: RecorderInstanceContextManager, enable_custom_integrations: None
) -> None:
    """Let Home Assistant load the integration under test; its recorder has to be made ready before it."""


@pytest.fixture(autouse=True)
async def recorder(recorder_mock: Recorder, hass: HomeAssistant) -> Recorder:
    """Return the recorder, with a logbook."""
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    assert await async_setup_component(hass, "logbook", {})
    await hass.async_block_till_done()
    return recorder_mock


async def told(line: Line, hass_ws_client: WebSocketGenerator, **which: Any) -> list[str]:
    """Return the sentences about calls that the logbook has."""
    await line.hass.async_block_till_done(wait_background_tasks=True)
    await async_wait_recording_done(line.hass)
    since = (dt_util.utcnow() - timedelta(minutes=5)).isoformat()
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "logbook/get_events", "start_time": since, **which})
    entries = (await client.receive_json())["result"]
    sentences = [entry for entry in entries if entry.get("domain") == DOMAIN]
    # Whatever names an entity is shown under the entity's name, and not under the caller's.
    assert not [entry for entry in sentences if "entity_id" in entry]
    assert all(entry["icon"] == "mdi:phone-log" for entry in sentences)
    return [f"{entry['name']} {entry['message']}" for entry in sentences]


async def test_a_message_is_told_in_one_sentence(
    hass: HomeAssistant, cloud: RingCentral, hass_ws_client: WebSocketGenerator
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0)
    await line.call(ANNA)
    await line.told("voicemail")

    assert await told(line, hass_ws_client) == ["Anna Smith called and left a message of 1 s"]


@pytest.mark.parametrize("which", ["entity_ids", "device_ids"])
async def test_it_is_found_where_people_look_for_it(
    line: Line, hass_ws_client: WebSocketGenerator, entity_registry: er.EntityRegistry, which: str
) -> None:
    call = await line.call(Caller(number=BEN, name=""))
    line.cloud.sip.do(call, Step.CANCEL)
    await line.told("missed")

    entity = entity_registry.async_get("event.reception_call")
    assert entity is not None
    wanted = {"entity_ids": [entity.entity_id], "device_ids": [entity.device_id]}[which]
    assert await told(line, hass_ws_client, **{which: wanted}) == ["+1 650-555-0101 called; nobody answered"]
    assert await told(line, hass_ws_client, entity_ids=["sensor.reception_last_test"]) == []


async def test_nothing_is_told_of_an_entity_that_is_gone(
    line: Line, hass_ws_client: WebSocketGenerator, entity_registry: er.EntityRegistry
) -> None:
    entity_registry.async_remove("event.reception_call")
    call = await line.cloud.call(LISTENER)
    line.cloud.sip.do(call, Step.CANCEL)
    await line.cloud.sip.ended(call)

    assert await told(line, hass_ws_client) == []


async def test_who_leaves_no_message_and_who_is_turned_away(
    hass: HomeAssistant, cloud: RingCentral, hass_ws_client: WebSocketGenerator
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0)
    greeting = SOUNDS.greeting * 50
    with patch.object(
        line.entry.runtime_data.reception.machine, "_sounds", replace(SOUNDS, greeting=greeting)
    ):
        call = await line.call(LISTENER)
        await until(lambda: call.answers == 1)
        line.cloud.sip.do(call, Step.HANG_UP)
        await line.told("missed")

    with patch.object(Library, "finish_clip", side_effect=LibraryFullError):
        await line.call(ANNA)
        await line.told("ended")
        await hass.async_block_till_done(wait_background_tasks=True)

    hass.config_entries.async_update_entry(line.entry, options={"answer_mode": "reject"})
    await line.cloud.call(dialect=Dialect(anonymous=True))
    await line.told("declined")
    await add(line, "Bo", str(TALKER.number), blocked=True)
    await line.cloud.call(TALKER)
    await line.told("blocked")

    assert await told(line, hass_ws_client) == [
        "Hillside School called and left no message",
        "Anna Smith called; the answering machine answered",
        "Somebody without a number called and was turned away",
        "Bo called and was kept away",
    ]


async def test_a_call_that_was_answered(line: Line, hass_ws_client: WebSocketGenerator) -> None:
    call = await line.call(LISTENER)
    await act(line, "answer")
    await asyncio.sleep(0.1)
    line.cloud.sip.do(call, Step.HANG_UP)
    await line.told("ended")
    call = await line.call(LISTENER)
    line.cloud.sip.do(call, Step.ANSWERED_ELSEWHERE)
    await line.told("ended", 2)

    assert await told(line, hass_ws_client) == [
        "Hillside School called; talked for 1 s",
        "Hillside School called; another phone answered",
    ]


async def test_calls_that_were_placed(line: Line, hass_ws_client: WebSocketGenerator) -> None:
    await line.hass.config.async_update(country="US")
    await add(line, "Ben", BEN)
    await line.cloud.sip.serve(BEN, Kind.DEAD)
    await line.cloud.sip.serve("+16505550102", Kind.BUSY)
    await line.cloud.sip.serve("+16505550103", Kind.UNANSWERED)
    await act(line, "dial", numbers=BEN, hang_up=False)
    await asyncio.sleep(0.1)
    await act(line, "hang_up")
    await act(line, "dial", numbers="+16505550102")
    await act(line, "dial", numbers="+16505550103", ring_timeout=5)

    assert await told(line, hass_ws_client) == [
        "Reception called Ben; talked for 1 s",
        "Reception called (650) 555-0102; it was busy",
        "Reception called (650) 555-0103; nobody answered",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (42.4, "42 s"), (59.7, "1 min 0 s"), (125, "2 min 5 s"), (3725, "1 h 2 min")],
)
def test_a_length_is_told_as_people_say_it(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


async def test_the_history_has_nothing_that_plays_a_recording(
    hass: HomeAssistant, cloud: RingCentral, recorder: Recorder
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0)
    call = await line.call(ANNA)
    line.cloud.sip.do(call, Press("5", Way.RELAY))
    saved = await line.told("voicemail")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert line.state("sensor", "last_recording").attributes["media_content_id"] == saved["media_content_id"]
    await async_wait_recording_done(hass)

    entities = ["event.reception_call", "sensor.reception_last_recording"]
    since = dt_util.utcnow() - timedelta(minutes=5)
    history = await recorder.async_add_executor_job(
        lambda: get_significant_states(hass, since, entity_ids=entities, significant_changes_only=False)
    )

    states = [state for entity in entities for state in history[entity]]
    kept = [state.attributes for state in states if isinstance(state, State)]
    assert len(kept) == len(states)
    assert "voicemail" in [attributes.get("event_type") for attributes in kept]
    assert "Anna Smith" in [attributes.get("caller_name") for attributes in kept]
    assert not {"clip", "media_content_id", "digit"} & {key for attributes in kept for key in attributes}
    assert saved["clip"] not in str(kept)
