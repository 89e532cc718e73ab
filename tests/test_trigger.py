"""Real automations, started by what real callers do."""

import asyncio
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr, entity_registry as er, label_registry as lr, trigger
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed, async_mock_service
import voluptuous as vol

from custom_components.ringcentral.trigger import TRIGGERS
from simulator.caller import Step
from simulator.ringcentral import RingCentral
from simulator.services import Kind

from .calls.test_call_actions import TALKER, act
from .household import CALL, REGISTERED, automate, device_of, tell
from .line import ANNA, LISTENER, Line, set_up_line, until

SAY = 'actions: [{action: test.done, data: {what: "{{ trigger.caller_name }}", call_id: "{{ trigger.call_id }}"}}]'


def when(kind: str, options: str = "{}", target: str = f"entity_id: {CALL}", actions: str = SAY) -> str:
    return f"""
triggers:
  - trigger: ringcentral.{kind}
    target:
      {target}
    options: {options}
{actions}
"""


async def give_up(line: Line) -> None:
    call = await line.call()
    line.cloud.sip.do(call, Step.CANCEL)
    await line.told("missed")


async def settle(line: Line) -> None:
    await line.hass.async_block_till_done()


def said(done: list[ServiceCall]) -> list[Any]:
    return [call.data["what"] for call in done]


async def test_home_assistant_describes_every_trigger(hass: HomeAssistant, line: Line) -> None:
    await async_setup_component(hass, "automation", {})
    descriptions = await trigger.async_get_all_descriptions(hass)
    ours = {name: found for name, found in descriptions.items() if name.startswith("ringcentral.")}

    assert set(ours) == {f"ringcentral.{name}" for name in TRIGGERS}
    assert all(found and found["target"] for found in ours.values())


@pytest.mark.parametrize("name", TRIGGERS)
async def test_the_editor_offers_every_option_of_a_trigger_and_no_other(
    hass: HomeAssistant, line: Line, name: str
) -> None:
    await async_setup_component(hass, "automation", {})
    description = (await trigger.async_get_all_descriptions(hass))[f"ringcentral.{name}"]
    assert description is not None
    values = {
        "number": ["+1555*"],
        "callers": "contacts",
        "direction": "incoming",
        "key": ["1"],
        "for": {"hours": 0, "minutes": 5, "seconds": 0},
    }
    offered = description["fields"]
    config = {"target": {"entity_id": CALL}, "options": {field: values[field] for field in offered}}

    validated = await TRIGGERS[name].async_validate_config(hass, config)

    assert set(validated["options"]) == set(offered)
    for field in values.keys() - set(offered):
        with pytest.raises(vol.Invalid):
            await TRIGGERS[name].async_validate_config(hass, {**config, "options": {field: values[field]}})


@pytest.mark.parametrize("by", ["entity", "device", "label"])
async def test_an_automation_hears_of_a_ringing_call(hass: HomeAssistant, line: Line, by: str) -> None:
    device = device_of(hass, line)
    label = lr.async_get(hass).async_create("telephones").label_id
    dr.async_get(hass).async_update_device(device, labels={label})
    target = {"entity": f"entity_id: {CALL}", "device": f"device_id: {device}", "label": f"label_id: {label}"}
    done = await automate(hass, when("call_started_ringing", target=target[by]))

    await line.call()
    await settle(line)

    assert said(done) == ["Anna Smith"]
    assert done[0].data["call_id"] == line.events[0]["call_id"]


async def test_the_automation_has_all_of_the_call_and_the_states(hass: HomeAssistant, line: Line) -> None:
    what = "what: '{{ trigger | list | sort | join(\" \") }}'"
    done = await automate(
        hass, when("call_started_ringing", actions=f"actions: [{{action: test.done, data: {{{what}}}}}]")
    )

    await line.call()
    await settle(line)

    [names] = [set(text.split()) for text in said(done)]
    attributes = set(line.events[0]) - {"event_type", "event_types", "friendly_name"}
    assert attributes | {"entity_id", "from_state", "to_state"} <= names
    assert not names & {"event_type", "event_types", "friendly_name"}


async def test_an_action_needs_no_call_id(hass: HomeAssistant, line: Line) -> None:
    await automate(hass, when("call_started_ringing", actions="actions: [{action: ringcentral.answer}]"))

    call = await line.call(LISTENER)

    await until(lambda: call.answers == 1)


async def test_each_trigger_hears_of_its_own(hass: HomeAssistant, machine: Line) -> None:
    triggers = [
        {"trigger": f"ringcentral.{name}", "target": {"entity_id": CALL}, "id": name}
        for name in TRIGGERS
        if not name.startswith("line_")
    ]
    done = async_mock_service(hass, "test", "done")
    action = {"action": "test.done", "data": {"what": "{{ trigger.id }}", "clip": "{{ trigger.clip }}"}}
    automation = {"triggers": triggers, "actions": action, "mode": "queued"}
    assert await async_setup_component(hass, "automation", {"automation": automation})

    await machine.call()
    saved = await machine.told("recording_saved")
    await settle(machine)

    assert said(done) == ["call_started_ringing", "call_answered", "call_ended", "message_left"]
    assert done[-1].data["clip"] == saved["clip"]


@pytest.mark.parametrize("kind", ["call_missed", "call_ended"])
async def test_a_missed_call_is_missed_and_over(hass: HomeAssistant, line: Line, kind: str) -> None:
    done = await automate(hass, when(kind))

    await give_up(line)
    await settle(line)

    assert said(done) == ["Anna Smith"]


async def test_a_call_taken_elsewhere_is_over_and_not_missed(hass: HomeAssistant, line: Line) -> None:
    done = await automate(
        hass,
        f"""
        triggers:
          - trigger: ringcentral.call_missed
            target:
              entity_id: {CALL}
            id: missed
          - trigger: ringcentral.call_ended
            target:
              entity_id: {CALL}
            id: ended
        actions:
          - action: test.done
            data:
              what: "{{{{ trigger.id }}}} {{{{ trigger.end_reason }}}}"
        """,
    )

    call = await line.call()
    line.cloud.sip.do(call, Step.ANSWERED_ELSEWHERE)
    await line.told("ended")
    await settle(line)

    assert said(done) == ["ended answered_elsewhere"]


@pytest.mark.parametrize(
    ("options", "heard"),
    [
        ("{}", ["answered", "ended"]),
        ("{direction: outgoing, number: '*43'}", ["answered", "ended"]),
        ("{direction: incoming}", []),
    ],
)
async def test_a_call_from_here_is_answered_and_over(
    hass: HomeAssistant, line: Line, options: str, heard: list[str]
) -> None:
    done = await automate(
        hass,
        f"""
        mode: queued
        triggers:
          - trigger: ringcentral.call_answered
            target:
              entity_id: {CALL}
            options: {options}
          - trigger: ringcentral.call_ended
            target:
              entity_id: {CALL}
            options: {options}
        actions:
          - action: test.done
            data:
              what: "{{{{ trigger.to_state.attributes.event_type }}}}"
        """,
    )
    number = (await line.cloud.sip.serve("*43", Kind.ECHO)).number

    call_id, _ = line.entry.runtime_data.phone.dial(number)
    await line.told("answered")
    line.entry.runtime_data.phone.hang_up(call_id)
    await line.told("ended")
    await settle(line)

    assert said(done) == heard


@pytest.mark.parametrize("always", [False, True])
async def test_what_was_recorded_of_a_call_that_a_person_took_is_no_message(
    hass: HomeAssistant, cloud: RingCentral, always: bool
) -> None:
    line = await set_up_line(hass, cloud, recording="incoming" if always else "on_demand")
    done = await automate(hass, when("message_left"))
    call = await line.call(TALKER)
    await act(line, "answer", record=not always)
    await line.told("recording_started")
    await asyncio.sleep(0.2)
    line.cloud.sip.do(call, Step.HANG_UP)
    await line.told("recording_saved")
    await settle(line)

    assert done == []


async def test_two_calls_in_one_segment_are_both_heard_of(hass: HomeAssistant, line: Line) -> None:
    done = await automate(hass, "mode: queued" + when("call_started_ringing"))
    line.cloud.sip.faults.glue = 0.05

    await line.cloud.call(ANNA)
    await line.cloud.call(LISTENER)
    await line.told("incoming", 2)
    await settle(line)

    assert said(done) == ["Anna Smith", "Hillside School"]


@pytest.mark.parametrize(
    ("options", "heard"),
    [
        ('{number: "+1650*"}', ["Anna Smith"]),
        ('{number: ["+44*", "(650) 555-0142"]}', []),
        ('{number: ["+44*", "1 (650) 555-0142"]}', ["Anna Smith"]),
        ("{number: +16505550142}", ["Anna Smith"]),
        ('{number: "+1720*"}', []),
        ('{number: "+1650*", callers: contacts}', []),
        ("{callers: favorites}", []),
    ],
)
async def test_a_filter_lets_only_some_callers_through(
    hass: HomeAssistant, line: Line, options: str, heard: list[str]
) -> None:
    done = await automate(hass, when("call_started_ringing", options))

    await line.call()
    await settle(line)

    assert said(done) == heard


@pytest.mark.parametrize(("favorite", "times"), [(True, 1), (False, 0)])
async def test_favorites_are_let_through(hass: HomeAssistant, line: Line, favorite: bool, times: int) -> None:
    done = await automate(hass, when("call_missed", "{callers: favorites}"))
    await give_up(line)

    tell(hass, "missed", is_contact=True, is_favorite=favorite)
    await settle(line)

    assert len(done) == times


@pytest.mark.parametrize(
    ("options", "times"),
    [
        ("{}", 1),
        ("{key: 5}", 1),
        ('{key: ["#", "5"]}', 1),
        ("{key: 6}", 0),
        ("{key: 5, direction: outgoing}", 0),
    ],
)
async def test_a_key_is_heard_of(hass: HomeAssistant, line: Line, options: str, times: int) -> None:
    done = await automate(hass, when("key_pressed", options))
    await line.call()

    tell(hass, "dtmf", digit="5")
    await settle(line)

    assert len(done) == times


@pytest.mark.parametrize(
    "options", ["{number: ''}", "{callers: everybody}", "{direction: up}", "{key: 5}", "{behavior: each}"]
)
async def test_options_that_mean_nothing_are_refused(
    hass: HomeAssistant, line: Line, options: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(AssertionError, match="not valid"):
        await automate(hass, when("call_answered", options))
    assert "16505550142" not in caplog.text


async def test_the_entities_of_others_are_not_listened_to(hass: HomeAssistant, line: Line) -> None:
    other = er.async_get(hass).async_get_or_create("event", "other", "1", suggested_object_id="other")
    hass.states.async_set(other.entity_id, "unknown")
    done = await automate(hass, when("call_started_ringing", target="entity_id: [event.other, sun.sun]"))

    hass.states.async_set(other.entity_id, dt_util.utcnow().isoformat(), {"event_type": "incoming"})
    await settle(line)

    assert done == []


async def test_a_reload_is_no_call(hass: HomeAssistant, line: Line) -> None:
    await give_up(line)
    done = await automate(hass, when("call_missed"))

    await line.reload()
    await settle(line)
    assert done == []

    call = await line.call()
    line.cloud.sip.do(call, Step.CANCEL)
    await line.told("missed", 3)  # the restored one counts
    await settle(line)
    assert said(done) == ["Anna Smith"]


async def pass_time(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


WENT = "actions: [{action: test.done, data: {what: '{{ trigger.to_state.state }}'}}]"


@pytest.mark.parametrize("by", ["entity", "device"])
async def test_a_line_that_stays_away_is_lost(
    hass: HomeAssistant, line: Line, freezer: FrozenDateTimeFactory, by: str
) -> None:
    target = f"entity_id: {REGISTERED}" if by == "entity" else f"device_id: {device_of(hass, line)}"
    done = await automate(hass, when("line_lost", target=target, actions=WENT))
    state = line.state("binary_sensor", "registered")
    hass.states.async_set(REGISTERED, "off", state.attributes)
    await settle(line)

    await pass_time(hass, freezer, 50)
    assert done == []
    await pass_time(hass, freezer, 15)
    assert said(done) == ["off"]


async def test_a_line_that_is_back_at_once_was_neither_lost_nor_restored(
    hass: HomeAssistant, line: Line
) -> None:
    lost = await automate(
        hass,
        f"""
        triggers:
          - trigger: ringcentral.line_lost
            target:
              entity_id: {REGISTERED}
          - trigger: ringcentral.line_restored
            target:
              entity_id: {REGISTERED}
        """,
    )

    await line.lose()
    await until(lambda: line.registered)
    await line.reload()
    await settle(line)

    assert lost == []


async def test_a_line_is_restored_by_itself(hass: HomeAssistant, line: Line) -> None:
    done = await automate(hass, when("line_restored", "{for: 0}", f"entity_id: {REGISTERED}", actions=WENT))

    await line.lose()
    await until(lambda: line.registered)
    await settle(line)

    assert said(done) == ["on"]


@pytest.mark.parametrize(("seconds", "heard"), [(50, []), (70, ["on"])])
async def test_a_line_is_restored_after_an_outage(
    hass: HomeAssistant, line: Line, freezer: FrozenDateTimeFactory, seconds: float, heard: list[str]
) -> None:
    done = await automate(hass, when("line_restored", target=f"entity_id: {REGISTERED}", actions=WENT))
    state = line.state("binary_sensor", "registered")
    hass.states.async_set(REGISTERED, "off", state.attributes)
    await settle(line)
    await pass_time(hass, freezer, seconds)

    hass.states.async_set(REGISTERED, "on", state.attributes)
    await settle(line)

    assert said(done) == heard


async def test_home_assistant_s_own_triggers_hear_of_calls_by_device(hass: HomeAssistant, line: Line) -> None:
    done = await automate(
        hass,
        f"""
        mode: queued
        triggers:
          - trigger: event.received
            target:
              device_id: {device_of(hass, line)}
            options:
              event_type: [missed]
          - trigger: state
            entity_id: {CALL}
            attribute: event_type
            to: missed
          - trigger: state
            entity_id: sensor.reception_call_state
            from: ringing
            to: idle
        actions:
          - action: test.done
            data:
              what: "{{{{ trigger.platform }}}}"
        """,
    )

    await give_up(line)
    await settle(line)

    assert sorted(said(done)) == ["event.received", "state", "state"]
