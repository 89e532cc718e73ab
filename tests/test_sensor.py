import asyncio
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.template import Template
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.ringcentral.library import Clip, Library, LibraryFullError
from custom_components.ringcentral.softphone import Proxy, Registered
from simulator.caller import Step
from simulator.dialect import Dialect
from simulator.registrar import RegisterFault
from simulator.ringcentral import RingCentral

from .household import CALL, automate
from .line import ANNA, LISTENER, Line, add_line, set_up_line, until


@pytest.fixture
def always_as_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every server answer in the same time."""
    monkeypatch.setattr("custom_components.ringcentral.health._steady", lambda shown, measured: 42)


@pytest.mark.parametrize("platforms", [[Platform.SENSOR]], ids=["sensor"])
async def test_the_entities_are_registered_under_the_line(
    hass: HomeAssistant,
    entity_registry_enabled_by_default: None,
    always_as_fast: None,
    line: Line,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, line.entry.entry_id)


async def test_the_state_goes_through_a_call_and_back(machine: Line) -> None:
    machine.states.clear()

    await machine.call()
    await machine.told("recording_saved")

    assert machine.states == ["ringing", "talking", "idle"]


async def test_the_state_knows_the_call_it_is_about(line: Line) -> None:
    empty = dict.fromkeys(("call_id", "caller", "caller_name", "called", "direction"))
    assert empty.items() <= line.state("sensor", "call_state").attributes.items()

    call = await line.call()
    during = line.state("sensor", "call_state").attributes
    line.cloud.sip.do(call, Step.CANCEL)
    await line.told("missed")

    assert during["call_id"] == line.events[0]["call_id"]
    assert (during["caller"], during["caller_name"], during["called"], during["direction"]) == (
        "+16505550142",
        "Anna Smith",
        "+17203861294",
        "incoming",
    )
    assert empty.items() <= line.state("sensor", "call_state").attributes.items()


async def test_a_talk_comes_before_a_ring(machine: Line) -> None:
    await machine.call(LISTENER)
    await machine.told("recording_started")
    await machine.hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": "select.reception_answer_mode", "option": "only_tell"},
        blocking=True,
    )
    await machine.call()

    state = machine.state("sensor", "call_state")

    assert (state.state, state.attributes["caller_name"]) == ("talking", "Hillside School")


async def test_a_call_on_hold_is_shown(machine: Line) -> None:
    call = await machine.call(LISTENER)
    await machine.told("recording_started")
    machine.cloud.sip.do(call, Step.HOLD)
    await until(lambda: machine.state("sensor", "call_state").state == "on_hold")
    machine.cloud.sip.do(call, Step.RESUME)
    await until(lambda: machine.state("sensor", "call_state").state == "talking")

    assert machine.kinds.count("answered") == 1


@pytest.mark.parametrize(
    ("name", "number", "anonymous", "shown", "attributes"),
    [
        ("Anna Smith", "+16505550142", False, "Anna Smith", ("+16505550142", "Anna Smith")),
        ("", "+16505550142", False, "+16505550142", ("+16505550142", None)),
        ("Anna Smith", "+16505550142", True, "anonymous", (None, None)),
    ],
)
async def test_the_last_caller_is_known_as_well_as_can_be(
    line: Line, name: str, number: str, anonymous: bool, shown: str, attributes: tuple[str | None, str | None]
) -> None:
    await line.call(replace(ANNA, name=name, number=number), dialect=Dialect(anonymous=anonymous))

    state = line.state("sensor", "last_caller")

    assert state.state == shown
    assert (state.attributes["caller"], state.attributes["caller_name"]) == attributes
    assert state.attributes["call_id"] == line.events[0]["call_id"]


async def test_a_last_caller_without_a_number_has_words(line: Line) -> None:
    await line.call(dialect=Dialect(anonymous=True))

    shown = Template("{{ state_translated('sensor.reception_last_caller') }}", line.hass)

    assert shown.async_render() == "Anonymous"


async def test_the_last_call_is_when_it_began_to_ring(line: Line) -> None:
    await line.call()

    shown = dt_util.parse_datetime(line.state("sensor", "last_call").state, raise_on_error=True)

    assert dt_util.utcnow() - shown < timedelta(seconds=5)
    assert line.state("sensor", "last_call").attributes["device_class"] == "timestamp"


async def test_what_a_caller_calls_himself_fits_into_a_state(line: Line) -> None:
    await line.call(replace(ANNA, name="A\u202e<b>B</b>" * 200))

    state = line.state("sensor", "last_caller").state

    assert state.isprintable()
    assert len(state) <= 255


async def test_the_status_of_the_line_says_since_when(line: Line) -> None:
    status = line.state("sensor", "line_status")

    assert status.state == "registered"
    assert status.attributes["next_try"] is None
    since = dt_util.parse_datetime(status.attributes["since"], raise_on_error=True)
    assert dt_util.utcnow() - since < timedelta(seconds=10)


async def test_the_status_of_a_line_that_is_refused_says_why_and_when_it_is_tried_again(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    cloud.sip.faults.register = RegisterFault.TOO_MANY_CONTACTS
    line = Line(hass, cloud, await add_line(hass, cloud))
    assert await hass.config_entries.async_setup(line.entry.entry_id)
    await until(lambda: line.state("sensor", "line_status").state == "too_many_devices")

    next_try = line.state("sensor", "line_status").attributes["next_try"]
    wait = dt_util.parse_datetime(next_try, raise_on_error=True) - dt_util.utcnow()
    assert timedelta(seconds=60) < wait <= timedelta(seconds=90)


async def test_a_line_that_comes_back_is_counted(
    entity_registry_enabled_by_default: None, line: Line
) -> None:
    assert line.state("sensor", "reconnects").state == "0"

    line.cloud.sip.drop(line.cloud.sip.accounts[-1])

    await until(lambda: line.state("sensor", "reconnects").state == "1")
    assert line.state("sensor", "proxy_in_use").state == f"127.0.0.1:{line.cloud.sip.port}"


async def test_a_refresh_moves_the_expiry_and_nothing_else(
    entity_registry_enabled_by_default: None, line: Line
) -> None:
    expires, status = line.state("sensor", "registration_expires"), line.state("sensor", "line_status")

    line.entry.runtime_data._phone_event(Registered(3600.0))

    assert line.state("sensor", "registration_expires").state > expires.state
    assert line.state("sensor", "line_status").last_reported == status.last_reported


async def test_the_round_trip_is_written_when_it_changes(
    entity_registry_enabled_by_default: None, line: Line
) -> None:
    line.entry.runtime_data._phone_event(Registered(60.0, 300.0))
    assert line.state("sensor", "round_trip").state == "300"
    assert line.state("sensor", "round_trip").attributes["unit_of_measurement"] == "ms"

    line.entry.runtime_data._phone_event(Registered(60.0, 310.0))
    assert line.state("sensor", "round_trip").state == "300"


async def test_the_proxy_is_the_one_in_use(entity_registry_enabled_by_default: None, line: Line) -> None:
    line.entry.runtime_data._phone_event(Registered(60.0, 300.0, Proxy("192.0.2.7", 5090)))
    assert line.state("sensor", "proxy_in_use").state == "192.0.2.7:5090"


MISSED = f"""
triggers:
  - trigger: ringcentral.call_missed
    target:
      entity_id: {CALL}
"""


async def miss(line: Line, times: int) -> None:
    """Be called so often that the line has missed this many in all."""
    call = await line.call()
    line.cloud.sip.do(call, Step.CANCEL)
    await line.told("missed", times)
    await line.cloud.sip.ended(call)


async def test_missed_calls_are_counted_until_they_are_seen(line: Line) -> None:
    assert line.state("sensor", "missed_calls").state == "0"
    await miss(line, 1)
    await miss(line, 2)
    await until(lambda: line.state("sensor", "missed_calls").state == "2")
    latest = line.state("sensor", "missed_calls").attributes["latest"]
    assert [call["call_id"] for call in latest] == [event["call_id"] for event in reversed(line.of("missed"))]
    assert latest[0]["caller_name"] == "Anna Smith"

    await line.hass.services.async_call(
        "button", "press", {"entity_id": "button.reception_mark_calls_as_seen"}, blocking=True
    )
    await until(lambda: line.state("sensor", "missed_calls").state == "0")
    await miss(line, 3)
    await until(lambda: line.state("sensor", "missed_calls").state == "1")


async def test_missed_calls_outlive_a_reload(line: Line) -> None:
    await miss(line, 1)

    await line.reload()

    assert line.state("sensor", "missed_calls").state == "1"


async def test_who_was_turned_away_for_quiet_was_missed_as_well(line: Line) -> None:
    options = {**line.entry.options, "do_not_disturb": True}
    line.hass.config_entries.async_update_entry(line.entry, options=options)
    await line.cloud.call(ANNA)

    await until(lambda: line.state("sensor", "missed_calls").state == "1")


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("ringcentral.decline", {"to": "busy"}),
        ("ringcentral.decline", {"to": "voicemail"}),
        ("ringcentral.hang_up", {}),
        ("button.press", {"entity_id": "button.reception_decline"}),
    ],
)
async def test_who_was_turned_away_on_purpose_was_not_missed(
    line: Line, action: str, data: dict[str, str]
) -> None:
    missed = await automate(line.hass, MISSED)
    await line.call()
    domain, _, name = action.partition(".")
    await line.hass.services.async_call(domain, name, data, blocking=True)
    await line.told("declined")
    await miss(line, 1)

    await until(lambda: line.state("sensor", "missed_calls").state == "1")
    (latest,) = line.state("sensor", "missed_calls").attributes["latest"]
    assert latest["call_id"] == line.of("missed")[0]["call_id"]
    await line.hass.async_block_till_done()
    assert len(missed) == 1


async def test_what_was_read_first_is_not_shown_last(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    library, slow = line.library, [asyncio.Event()]
    held, last_clip = slow[0], library.last_clip

    async def last_clip_slowly(line_id: str) -> Clip | None:
        if slow:
            await slow.pop().wait()
        return await last_clip(line_id)

    monkeypatch.setattr(library, "last_clip", last_clip_slowly)
    await line.call()
    await line.hass.services.async_call("ringcentral", "hang_up", {}, blocking=True)
    await miss(line, 1)
    await asyncio.sleep(0.1)
    held.set()
    await line.hass.async_block_till_done()

    assert line.state("sensor", "missed_calls").state == "1"


async def test_who_is_turned_away_by_the_answer_mode_was_not_missed(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="reject")
    await line.call()
    await line.told("declined")
    await hass.async_block_till_done()

    assert line.state("sensor", "missed_calls").state == "0"
    assert (await line.library.missed(line.entry.entry_id, None)).count == 0


async def test_who_left_a_message_was_not_missed(machine: Line) -> None:
    await machine.call()
    await machine.told("voicemail")
    await until(lambda: machine.state("sensor", "last_recording").state != "unknown")

    assert machine.state("sensor", "missed_calls").state == "0"


async def test_the_last_recording_is_shown_with_what_plays_it(machine: Line) -> None:
    assert machine.state("sensor", "last_recording").state == "unknown"
    await machine.call()
    saved = await machine.told("recording_saved")
    await until(lambda: machine.state("sensor", "last_recording").state != "unknown")

    attributes = machine.state("sensor", "last_recording").attributes
    assert {key: attributes[key] for key in ("media_content_id", "duration", "caller", "caller_name")} == {
        "media_content_id": saved["media_content_id"],
        "duration": saved["duration"],
        "caller": "+16505550142",
        "caller_name": "Anna Smith",
    }


async def test_what_cannot_be_read_leaves_the_count_as_it_was(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    with patch.object(Library, "missed", side_effect=LibraryFullError) as looked_up:
        await miss(line, 1)
        await until(lambda: looked_up.called)
        await line.hass.async_block_till_done()

    assert line.state("sensor", "missed_calls").state == "0"
    assert not [record for record in caplog.records if "ringcentral" in record.name and record.levelno > 30]
