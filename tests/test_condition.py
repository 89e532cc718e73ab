"""What an automation may ask of a line, with real callers on it."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import condition
from homeassistant.setup import async_setup_component
import pytest

from custom_components.ringcentral.condition import CONDITIONS
from simulator.caller import Step
from simulator.ringcentral import RingCentral

from .household import CALL, automate, device_of, tell
from .line import ANNA, LISTENER, Line, add_line, until


async def ask(hass: HomeAssistant, kind: str, target: str = f"entity_id: {CALL}") -> list[ServiceCall]:
    """Set an automation up that does something when a button is pressed and the condition holds."""
    return await automate(
        hass,
        f"""
triggers:
  - trigger: event
    event_type: pressed
conditions:
  - condition: ringcentral.{kind}
    target:
      {target}
""",
    )


async def holds(hass: HomeAssistant, done: list[ServiceCall]) -> bool:
    """Press the button."""
    before = len(done)
    hass.bus.async_fire("pressed")
    await hass.async_block_till_done()
    return len(done) > before


async def answer(line: Line, **data: Any) -> None:
    await line.hass.services.async_call(
        "ringcentral", "answer", data, blocking=True, target={"entity_id": CALL}
    )
    await line.told("answered")


async def test_home_assistant_describes_every_condition(hass: HomeAssistant, line: Line) -> None:
    await async_setup_component(hass, "automation", {})
    descriptions = await condition.async_get_all_descriptions(hass)
    ours = {name: found for name, found in descriptions.items() if name.startswith("ringcentral.")}

    assert set(ours) == {f"ringcentral.{name}" for name in CONDITIONS}
    assert all(found and found["target"] for found in ours.values())


@pytest.mark.parametrize("by", ["event", "sensor", "device"])
async def test_a_line_rings_until_it_is_answered(hass: HomeAssistant, line: Line, by: str) -> None:
    targets = {"event": f"entity_id: {CALL}", "sensor": "entity_id: sensor.reception_call_state"}
    asked = await ask(hass, "is_ringing", targets.get(by, f"device_id: {device_of(hass, line)}"))
    assert not await holds(hass, asked)

    await line.call(LISTENER)
    assert await holds(hass, asked)

    await answer(line)
    assert not await holds(hass, asked)


async def test_a_second_call_rings_during_the_first(hass: HomeAssistant, line: Line) -> None:
    asked = await ask(hass, "is_ringing")
    await line.call(LISTENER)
    await answer(line)

    await line.call(ANNA)

    assert line.state("sensor", "call_state").state == "talking"
    assert await holds(hass, asked)


async def test_a_line_is_in_a_call_from_the_answer_to_the_end_and_on_hold(
    hass: HomeAssistant, line: Line
) -> None:
    asked = await ask(hass, "is_in_call")
    call = await line.call(LISTENER)
    assert not await holds(hass, asked)

    await answer(line)
    assert await holds(hass, asked)

    line.cloud.sip.do(call, Step.HOLD)
    await until(lambda: line.state("sensor", "call_state").state == "on_hold")
    assert await holds(hass, asked)

    line.cloud.sip.do(call, Step.RESUME)
    await until(lambda: line.state("sensor", "call_state").state == "talking")
    line.cloud.sip.do(call, Step.HANG_UP)
    await line.told("ended")
    assert not await holds(hass, asked)


@pytest.mark.parametrize(
    ("kind", "known", "expected"),
    [
        ("caller_is_contact", {"is_contact": True, "is_favorite": False}, True),
        ("caller_is_contact", {"is_contact": False, "is_favorite": False}, False),
        ("caller_is_favorite", {"is_contact": True, "is_favorite": True}, True),
        ("caller_is_favorite", {"is_contact": True, "is_favorite": False}, False),
        ("caller_is_favorite", {}, False),
    ],
)
async def test_the_caller_there_is_now_is_asked_about(
    hass: HomeAssistant, line: Line, kind: str, known: dict[str, bool], expected: bool
) -> None:
    asked = await ask(hass, kind)
    await line.call()
    tell(hass, "incoming", **known)

    assert await holds(hass, asked) is expected


@pytest.mark.parametrize("kind", CONDITIONS)
async def test_nothing_holds_without_a_call(hass: HomeAssistant, line: Line, kind: str) -> None:
    asked = await ask(hass, kind)
    assert not await holds(hass, asked)

    call = await line.call()
    line.cloud.sip.do(call, Step.CANCEL)
    await line.told("missed")
    tell(hass, "missed", is_contact=True, is_favorite=True)

    assert not await holds(hass, asked)


async def test_what_is_known_of_another_caller_doesn_t_count(hass: HomeAssistant, line: Line) -> None:
    asked = await ask(hass, "caller_is_favorite")
    first = await line.call(ANNA)
    await line.call(LISTENER)
    tell(hass, "incoming", call_id=line.events[0]["call_id"], is_favorite=True)
    assert await holds(hass, asked)

    line.cloud.sip.do(first, Step.CANCEL)
    await line.told("missed")
    tell(hass, "missed", call_id=line.events[0]["call_id"], is_favorite=True)

    assert not await holds(hass, asked)


async def started(hass: HomeAssistant, kind: str, target: str = f"entity_id: {CALL}") -> list[ServiceCall]:
    """Set an automation up that a missed call starts, and that asks a condition."""
    return await automate(
        hass,
        f"""
triggers:
  - trigger: ringcentral.call_missed
    target:
      entity_id: {CALL}
conditions:
  - condition: ringcentral.{kind}
    target:
      {target}
""",
    )


@pytest.mark.parametrize("favorite", [True, False])
async def test_the_call_that_started_the_automation_is_meant_also_when_it_is_over(
    hass: HomeAssistant, line: Line, favorite: bool
) -> None:
    await line.call(LISTENER)
    done = await started(hass, "caller_is_favorite")

    tell(hass, "missed", call_id="another", is_favorite=favorite)
    await hass.async_block_till_done()

    assert bool(done) is favorite


async def test_a_call_of_which_the_trigger_tells_nothing_more_is_looked_up(
    hass: HomeAssistant, line: Line
) -> None:
    done = await automate(
        hass,
        f"""
triggers:
  - trigger: state
    entity_id: sensor.reception_call_state
    to: talking
conditions:
  - condition: ringcentral.caller_is_contact
    target:
      entity_id: {CALL}
""",
    )
    await line.call(LISTENER)
    tell(hass, "incoming", is_contact=True)

    state = line.state("sensor", "call_state")
    less = {key: value for key, value in state.attributes.items() if not key.startswith("is_")}
    hass.states.async_set(state.entity_id, "talking", less)
    await hass.async_block_till_done()

    assert len(done) == 1


async def test_a_call_on_another_line_is_not_the_one_that_is_asked_about(
    hass: HomeAssistant, line: Line, cloud: RingCentral
) -> None:
    other = await add_line(hass, cloud, name="Workshop")
    assert await hass.config_entries.async_setup(other.entry_id)
    done = await started(hass, "caller_is_favorite", "entity_id: event.workshop_call")

    tell(hass, "missed", call_id="another", is_favorite=True)
    await hass.async_block_till_done()

    assert done == []


async def test_a_line_that_isn_t_running_rings_in_no_way(hass: HomeAssistant, line: Line) -> None:
    asked = await ask(hass, "is_ringing", f"entity_id: [{CALL}, sun.sun]")
    await line.call(LISTENER)
    assert await hass.config_entries.async_unload(line.entry.entry_id)

    assert not await holds(hass, asked)


async def test_options_are_refused(hass: HomeAssistant, line: Line) -> None:
    with pytest.raises(AssertionError, match="not valid"):
        await automate(
            hass,
            f"""
triggers: []
conditions:
  - condition: ringcentral.is_ringing
    target:
      entity_id: {CALL}
    options:
      loudly: true
""",
        )
