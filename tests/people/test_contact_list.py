from collections.abc import Callable
import json
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from simulator.caller import Caller, Step
from simulator.dialect import Dialect
from simulator.ringcentral import RingCentral
from tests.calls.test_call_actions import act, refused
from tests.line import ANNA, LISTENER, Line, add_line, set_up_line, until


async def add(line: Line, name: str, *numbers: str, **marks: bool | str) -> str:
    """Add a contact, as the flow would, and wait until the line knows it; return its id."""
    contact = subentry(name, *numbers, **marks)
    line.hass.config_entries.async_add_subentry(line.entry, contact)
    await line.hass.async_block_till_done()
    return contact.subentry_id


def subentry(name: str, *numbers: str, **marks: bool | str) -> ConfigSubentry:
    data = MappingProxyType({"name": name, "numbers": list(numbers), **marks})
    return ConfigSubentry(data=data, subentry_type="contact", title=name, unique_id=None)


async def give_up(line: Line, call: Any, kind: str = "missed") -> dict[str, Any]:
    before = len(line.of(kind))
    line.cloud.sip.do(call, Step.CANCEL)
    return dict(await line.told(kind, before + 1))


# Who is who


async def test_a_contact_s_call_is_told_with_what_is_known_of_it(line: Line) -> None:
    line.hass.config.country = "US"
    await add(line, "Anna from school", "(650) 555-0142", favorite=True)

    call = await line.call()
    during = line.state("sensor", "call_state").attributes
    missed = await give_up(line, call)

    for known in (line.events[0], during, missed):
        assert (known["caller"], known["caller_name"]) == ("+16505550142", "Anna from school")
        assert (known["caller_formatted"], known["called_formatted"]) == ("(650) 555-0142", "(720) 386-1294")
        assert (known["is_contact"], known["is_favorite"], known["is_blocked"]) == (True, True, False)
        assert (known["is_anonymous"], known["is_repeat"], known["is_door_station"]) == (False, False, False)
    assert line.state("sensor", "last_caller").state == "Anna from school"
    await line.reload()
    assert line.state("sensor", "last_caller").state == "Anna from school"
    await give_up(line, await line.call(LISTENER))
    contacts = [record.contact for record in await line.library.calls(line.entry.entry_id)]
    assert contacts == [None, "Anna from school"]


async def test_contacts_are_known_again_after_a_reload(line: Line) -> None:
    await add(line, "Anna from school", ANNA.number)
    await line.reload()

    await line.call()

    assert line.events[0]["caller_name"] == "Anna from school"


async def test_a_contact_that_is_added_while_the_line_is_set_up_is_known(
    hass: HomeAssistant, cloud: RingCentral, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(hass, cloud, await add_line(hass, cloud))
    forward = hass.config_entries.async_forward_entry_setups

    async def late(*arguments: Any) -> None:
        hass.config_entries.async_add_subentry(line.entry, subentry("Anna from school", ANNA.number))
        await forward(*arguments)

    monkeypatch.setattr(hass.config_entries, "async_forward_entry_setups", late)
    await hass.config_entries.async_setup(line.entry.entry_id)
    await until(lambda: line.registered)
    await hass.async_block_till_done()

    await line.call()

    assert line.events[0]["caller_name"] == "Anna from school"


async def test_contacts_that_change_leave_the_line_and_its_calls_alone(machine: Line) -> None:
    before = machine.entry.runtime_data
    call = await machine.call(LISTENER)
    await machine.told("recording_started")
    contact = await add(machine, "School", LISTENER.number)
    config = machine.hass.config_entries
    config.async_update_subentry(machine.entry, machine.entry.subentries[contact], title="Hillside")
    config.async_remove_subentry(machine.entry, contact)
    await machine.hass.async_block_till_done()

    assert machine.entry.runtime_data is before
    assert machine.state("sensor", "call_state").state == "talking"
    machine.cloud.sip.do(call, Step.HANG_UP)
    assert (await machine.told("ended"))["is_contact"] is False


async def test_a_contact_that_was_removed_is_a_stranger(line: Line) -> None:
    contact = await add(line, "Anna from school", ANNA.number)
    line.hass.config_entries.async_remove_subentry(line.entry, contact)
    await line.hass.async_block_till_done()

    await line.call()

    assert (line.events[0]["caller_name"], line.events[0]["is_contact"]) == ("Anna Smith", False)


async def test_many_contacts_at_once_are_read_once_or_twice(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    contacts = line.entry.runtime_data.contacts
    reads: list[int] = []
    load: Callable[[], Any] = contacts.async_load

    async def counted() -> None:
        reads.append(len(line.entry.subentries))
        await load()

    monkeypatch.setattr(contacts, "async_load", counted)
    for number in range(100, 200):
        line.hass.config_entries.async_add_subentry(line.entry, subentry("Extension", str(number)))
    await line.hass.async_block_till_done()

    assert reads == [100]


async def test_other_changes_of_the_entry_read_nothing_again(line: Line) -> None:
    callers = line.entry.runtime_data.callers
    book = callers._book
    line.hass.config_entries.async_update_entry(line.entry, title="Reception", options={"answer_after": 3})
    other = MockConfigEntry(domain="test")
    other.add_to_hass(line.hass)
    line.hass.config_entries.async_update_entry(other, title="Another")
    await line.hass.async_block_till_done()

    assert callers._book is book


async def test_a_home_that_moves_reads_numbers_as_they_are_written_there(line: Line) -> None:
    await line.hass.config.async_update(country="DE")
    await line.hass.async_block_till_done()

    await line.call()

    assert line.events[0]["caller_formatted"] == "+1 650-555-0142"


async def test_lines_have_their_own_contacts(line: Line) -> None:
    other = MockConfigEntry(domain="ringcentral", title="Another", data={"source": "sip"})
    other.add_to_hass(line.hass)
    line.hass.config_entries.async_add_subentry(other, subentry("Anna from school", ANNA.number))
    await line.hass.async_block_till_done()

    await line.call()

    assert line.events[0]["is_contact"] is False


async def test_who_calls_again_within_three_minutes_is_told(line: Line) -> None:
    await give_up(line, await line.call())
    again = await line.call()

    assert [event["is_repeat"] for event in line.of("incoming")] == [False, True]
    await give_up(line, again)


async def test_who_calls_again_after_being_turned_down_is_told(line: Line) -> None:
    await line.call()
    await line.hass.services.async_call("ringcentral", "decline", {}, blocking=True)
    await line.told("declined")

    again = await line.call()

    assert line.of("incoming")[-1]["is_repeat"] is True
    await give_up(line, again)


async def test_contacts_are_not_shown_to_strangers(
    line: Line, hass_client: ClientSessionGenerator, caplog: pytest.LogCaptureFixture
) -> None:
    await add(line, "Anna from school", ANNA.number, favorite=True)
    await give_up(line, await line.call())

    shown = json.dumps(await get_diagnostics_for_config_entry(line.hass, hass_client, line.entry))
    logged = [each.getMessage() for each in caplog.records if each.name.startswith("custom_components")]

    assert "from school" not in shown and "6505550142" not in shown
    assert "from school" not in "".join(logged) and "6505550142" not in "".join(logged)


# Who is kept away


async def kept_away(line: Line, caller: Caller = ANNA, **dialect: Any) -> Any:
    """Be called by somebody whose call nobody is to notice."""
    call = await line.cloud.call(caller, **dialect)
    await until(lambda: any(text == "ringing" for _, text in call.events) or bool(line.of("blocked")))
    return call


async def test_a_blocked_contact_is_turned_away(line: Line) -> None:
    await add(line, "Spam", ANNA.number, blocked=True)

    call = await kept_away(line)
    blocked = await line.told("blocked")

    assert line.kinds == ["blocked"]
    assert (blocked["end_reason"], blocked["is_blocked"], blocked["caller_name"]) == ("blocked", True, "Spam")
    assert "ringing" not in line.states
    assert line.state("sensor", "last_caller").state == "unknown"
    await until(lambda: call.outcome is not None)
    (record,) = await line.library.calls(line.entry.entry_id)
    assert (record.outcome, record.end_reason) == ("blocked", "blocked")


async def test_who_was_turned_away_is_not_the_last_caller_after_a_reload_either(line: Line) -> None:
    await give_up(line, await line.call(LISTENER))
    await add(line, "Spam", ANNA.number, blocked=True)
    await kept_away(line)
    await line.told("blocked")
    await line.reload()

    assert line.state("sensor", "last_caller").state == "Hillside School"


async def test_a_silent_call_rings_for_its_caller_alone(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(
        hass, cloud, blocked_calls="silent", answer_mode="answering_machine", answer_after=0
    )
    await add(line, "Spam", ANNA.number, blocked=True)

    call = await kept_away(line)
    assert line.state("sensor", "call_state").state == "idle"
    blocked = await give_up(line, call, "blocked")

    assert line.kinds == ["blocked"]
    assert (blocked["end_reason"], "ringing" in line.states) == ("blocked", False)


async def test_a_silent_call_is_not_in_the_way_of_one_that_everybody_hears(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, blocked_calls="silent")
    await add(line, "Spam", ANNA.number, blocked=True)
    spam = await kept_away(line)
    assert await refused(line, "answer") == "no_call_rings"
    wanted = await line.call(LISTENER)

    assert (await act(line, "answer"))["answered"] is True
    await until(lambda: wanted.answers == 1)
    assert spam.answers == 0


@pytest.mark.parametrize("rule", ["reject", "silent"])
async def test_an_anonymous_call_is_kept_away_where_that_is_wanted(
    hass: HomeAssistant, cloud: RingCentral, rule: str
) -> None:
    line = await set_up_line(hass, cloud, anonymous_calls=rule)

    call = await kept_away(line, dialect=Dialect(anonymous=True))
    if rule == "silent":
        line.cloud.sip.do(call, Step.CANCEL)
    blocked = await line.told("blocked")

    assert (blocked["is_anonymous"], blocked["is_blocked"], blocked["caller"]) == (True, False, None)
    assert line.kinds == ["blocked"]


async def test_an_anonymous_call_is_one_like_any_other_unless_told_otherwise(line: Line) -> None:
    await line.call(dialect=Dialect(anonymous=True))

    assert (line.events[0]["is_anonymous"], line.events[0]["caller_formatted"]) == (True, None)


async def test_a_blocked_contact_that_is_taken_on_another_phone_has_a_call_that_ended(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, blocked_calls="silent")
    await add(line, "Spam", ANNA.number, blocked=True)

    call = await kept_away(line)
    line.cloud.sip.do(call, Step.ANSWERED_ELSEWHERE)
    ended = await line.told("ended")

    assert (line.kinds, ended["end_reason"]) == (["ended"], "answered_elsewhere")


async def test_a_blocked_contact_can_be_left_to_the_answering_machine(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, blocked_calls="answering_machine", answer_after=0)
    await add(line, "Spam", ANNA.number, blocked=True)

    await line.cloud.call(ANNA)
    await line.told("voicemail")

    assert line.kinds == ["answered", "recording_started", "ended", "recording_saved", "voicemail"]
    assert "ringing" not in line.states and "talking" in line.states


# The door


def bell(hass: HomeAssistant) -> dict[str, Any] | None:
    state = hass.states.get("event.reception_doorbell")
    return None if state is None else dict(state.attributes)


async def test_a_door_station_rings_the_doorbell(line: Line) -> None:
    assert bell(line.hass) is None
    await add(line, "Gate", ANNA.number, door_station=True)
    before = bell(line.hass)
    assert before is not None and before["event_type"] is None

    await give_up(line, await line.call(LISTENER))
    assert bell(line.hass) == before
    await give_up(line, await line.call())

    rung = bell(line.hass)
    assert rung is not None
    assert (rung["event_type"], rung["device_class"]) == ("ring", "doorbell")
    assert (rung["caller_name"], rung["is_door_station"]) == ("Gate", True)


async def test_an_automation_for_doorbells_hears_of_it(line: Line) -> None:
    await add(line, "Gate", ANNA.number, door_station=True)
    done = async_mock_service(line.hass, "test", "done")
    automation = {
        "triggers": {"trigger": "doorbell.rang", "target": {"entity_id": "event.reception_doorbell"}},
        "actions": {
            "action": "test.done",
            "data": {"who": "{{ state_attr('event.reception_doorbell', 'caller_formatted') }}"},
        },
    }
    assert await async_setup_component(line.hass, "automation", {"automation": automation})

    for _ in range(2):
        await give_up(line, await line.call())
    await line.hass.async_block_till_done()

    assert [call.data["who"] for call in done] == ["+1 650-555-0142"] * 2


async def test_the_doorbell_goes_with_the_last_door_station(
    line: Line, entity_registry: er.EntityRegistry
) -> None:
    gate = await add(line, "Gate", ANNA.number, door_station=True)
    await add(line, "School", LISTENER.number)
    assert bell(line.hass) is not None
    line.hass.config_entries.async_remove_subentry(line.entry, gate)
    await line.hass.async_block_till_done()

    assert bell(line.hass) is None
    assert entity_registry.async_get_entity_id(Platform.EVENT, "ringcentral", "doorbell") is None
    await add(line, "Gate", ANNA.number, door_station=True)
    assert bell(line.hass) is not None


async def test_a_doorbell_whose_station_went_while_the_line_was_not_loaded_goes(line: Line) -> None:
    gate = await add(line, "Gate", ANNA.number, door_station=True)
    await line.hass.config_entries.async_unload(line.entry.entry_id)
    line.hass.config_entries.async_remove_subentry(line.entry, gate)
    await line.hass.config_entries.async_setup(line.entry.entry_id)
    await until(lambda: line.registered)

    assert bell(line.hass) is None
