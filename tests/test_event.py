from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from simulator.caller import Step
from simulator.dialect import Dialect

from .line import ANNA, LISTENER, TERMINAL, Line, until

OURS = {
    "call_id",
    "called_formatted",
    "caller",
    "caller_formatted",
    "caller_name",
    "called",
    "clip",
    "direction",
    "duration",
    "end_reason",
    "is_anonymous",
    "is_blocked",
    "is_contact",
    "is_door_station",
    "is_favorite",
    "is_repeat",
    "line",
    "media_content_id",
    "consent",
    "digit",
    "transcript",
    "summary",
}
HOME_ASSISTANTS = {"event_type", "event_types", "friendly_name"}


@pytest.mark.parametrize("platforms", [[Platform.EVENT]], ids=["event"])
async def test_the_entity_is_registered_under_the_line(
    hass: HomeAssistant, line: Line, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, line.entry.entry_id)


async def test_an_answered_call_is_told_in_order_from_its_ring_to_its_clip(machine: Line) -> None:
    call = await machine.call()
    saved = await machine.told("voicemail")

    assert machine.kinds == [
        "incoming",
        "answered",
        "recording_started",
        "ended",
        "recording_saved",
        "voicemail",
    ]
    assert {event["call_id"] for event in machine.events} == {saved["call_id"]}
    assert call.outcome == "caller hung up"


async def test_every_event_of_a_call_has_the_same_attributes(machine: Line) -> None:
    await machine.call()
    await machine.told("voicemail")

    assert [set(event) - HOME_ASSISTANTS for event in machine.events] == [OURS] * 6


async def test_an_event_says_who_called_whom_on_which_line(line: Line) -> None:
    await line.call()

    event = line.events[0]

    assert (event["direction"], event["line"]) == ("incoming", "Reception")
    assert (event["caller"], event["caller_name"], event["called"]) == (
        "+16505550142",
        "Anna Smith",
        "+17203861294",
    )
    assert (event["duration"], event["end_reason"], event["clip"], event["media_content_id"]) == (
        None,
        None,
        None,
        None,
    )


async def test_a_recording_is_told_with_what_plays_it(machine: Line) -> None:
    await machine.call()
    saved = await machine.told("recording_saved")

    clip = await machine.library.clip(saved["clip"])

    assert clip is not None
    assert clip.call_id == saved["call_id"]
    assert saved["media_content_id"] == f"media-source://ringcentral/clip/{clip.id}"
    assert saved["duration"] == round(clip.duration, 1)
    assert machine.of("recording_started")[0]["clip"] == clip.id


async def test_a_finished_call_says_how_long_it_was_and_why_it_ended(machine: Line) -> None:
    call = await machine.call()
    ended = await machine.told("ended")

    answered_at = next(at for at, text in call.events if text == "answered")
    hung_up_at = next(at for at, text in call.events if text == "hangs up")

    assert ended["end_reason"] == "remote_hangup"
    assert ended["duration"] == pytest.approx(hung_up_at - answered_at, abs=0.2)


async def test_a_caller_who_gives_up_is_missed(line: Line) -> None:
    call = await line.call()
    line.cloud.sip.do(call, Step.CANCEL)
    missed = await line.told("missed")

    assert line.kinds == ["incoming", "missed"]
    assert (missed["end_reason"], missed["duration"]) == ("cancelled", 0.0)


@pytest.mark.parametrize("step", [Step.ANSWERED_ELSEWHERE, Step.PROCESSED_BY_US])
async def test_a_call_that_another_phone_took_is_not_missed(line: Line, step: Step) -> None:
    call = await line.call()
    line.cloud.sip.do(call, step)
    ended = await line.told("ended")
    await line.cloud.sip.ended(call)

    assert line.kinds == ["incoming", "ended"]
    assert ended["end_reason"] == "answered_elsewhere"


async def test_an_anonymous_caller_has_no_number_and_no_name(line: Line) -> None:
    await line.call(dialect=Dialect(anonymous=True))

    assert (line.events[0]["caller"], line.events[0]["caller_name"]) == (None, None)


async def test_the_sixth_call_at_once_is_missed_because_the_line_is_busy(line: Line) -> None:
    for _ in range(5):
        await line.call(LISTENER)
    sixth = await line.cloud.call(ANNA)
    missed = await line.told("missed")
    await line.cloud.sip.ended(sixth)

    assert line.kinds == ["incoming"] * 5 + ["missed"]
    assert (missed["end_reason"], missed["caller_name"]) == ("busy", "Anna Smith")
    assert sixth.outcome == "refused: 486"
    assert line.state("sensor", "last_caller").state == "Anna Smith"
    assert [call.end_reason for call in await line.library.calls(line.entry.entry_id)] == ["busy"] + [
        None
    ] * 5


async def test_calls_that_come_in_one_segment_are_told_one_by_one(line: Line) -> None:
    line.cloud.sip.faults.glue = 0.05
    first = await line.cloud.call(ANNA)
    second = await line.cloud.call(LISTENER)
    await line.told("incoming", 2)
    line.cloud.sip.do(first, Step.CANCEL)
    line.cloud.sip.do(second, Step.CANCEL)
    await line.told("missed", 2)

    assert [event["caller_name"] for event in line.of("incoming")] == ["Anna Smith", "Hillside School"]
    assert [call.outcome for call in await line.library.calls(line.entry.entry_id)] == ["missed", "missed"]


async def test_two_calls_at_once_each_have_their_own_course(line: Line) -> None:
    first = await line.call(LISTENER)
    second = await line.call(ANNA)
    line.cloud.sip.do(second, Step.CANCEL)
    await line.told("missed")
    between = line.state("sensor", "call_state")
    line.cloud.sip.do(first, Step.ANSWERED_ELSEWHERE)
    await line.told("ended")

    assert [(event["event_type"], event["caller_name"]) for event in line.events] == [
        ("incoming", "Hillside School"),
        ("incoming", "Anna Smith"),
        ("missed", "Anna Smith"),
        ("ended", "Hillside School"),
    ]
    assert (between.state, between.attributes["caller_name"]) == ("ringing", "Hillside School")
    assert line.state("sensor", "call_state").state == "idle"


async def test_each_call_ends_exactly_once(machine: Line) -> None:
    listener = await machine.call(LISTENER)
    await machine.told("recording_started")
    await machine.call(ANNA)
    await machine.told("recording_saved")
    machine.cloud.sip.do(listener, Step.HANG_UP)
    await machine.told("recording_saved", 2)

    terminal = [event["call_id"] for event in machine.events if event["event_type"] in TERMINAL]

    assert len(terminal) == len(set(terminal)) == 2
    assert set(terminal) == {event["call_id"] for event in machine.of("incoming")}


@pytest.fixture
async def automated(hass: HomeAssistant, line: Line) -> list[ServiceCall]:
    """Return what the automations of a household did."""
    done = async_mock_service(hass, "test", "done")
    automations = [
        {
            "alias": "missed",
            "triggers": {
                "trigger": "event.received",
                "target": {"entity_id": "event.reception_call"},
                "options": {"event_type": ["missed"]},
            },
            "actions": {
                "action": "test.done",
                "data": {"what": "{{ trigger.to_state.attributes.caller_name }} was missed"},
            },
        },
        {
            "alias": "ringing",
            "triggers": {"trigger": "state", "entity_id": "sensor.reception_call_state", "to": "ringing"},
            "actions": {
                "action": "test.done",
                "data": {"what": "{{ state_attr('sensor.reception_call_state', 'caller') }} rings"},
            },
        },
    ]
    assert await async_setup_component(hass, "automation", {"automation": automations})
    return done


async def test_automations_hear_of_a_ringing_and_of_a_missed_call(
    line: Line, automated: list[ServiceCall]
) -> None:
    call = await line.call()
    line.cloud.sip.do(call, Step.CANCEL)
    await until(lambda: len(automated) >= 2)
    await line.hass.async_block_till_done()

    assert [done.data["what"] for done in automated] == ["+16505550142 rings", "Anna Smith was missed"]
