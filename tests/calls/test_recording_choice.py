"""What is recorded, as it is chosen; what counts is what is kept, and what callers meet."""

from homeassistant.core import HomeAssistant
import pytest

from simulator.ringcentral import RingCentral
from simulator.services import Kind
from tests.line import ANNA, LISTENER, SOUNDS, Line, set_up_line, until
from tests.people.test_contact_list import add

from .test_call_actions import TALKER, act, refused


@pytest.mark.parametrize("chosen", ["off", "messages"])
async def test_a_call_is_recorded_only_where_that_is_chosen(
    hass: HomeAssistant, cloud: RingCentral, chosen: str
) -> None:
    line = await set_up_line(hass, cloud, recording=chosen)
    await line.call(TALKER)

    assert (await act(line, "answer", record=True))["answered"] is True
    assert await refused(line, "start_recording") == "recording_not_chosen"
    await act(line, "hang_up")
    await line.told("ended")
    await hass.async_block_till_done(wait_background_tasks=True)

    assert line.kinds == ["incoming", "answered", "ended"]
    assert line.clips == []


async def test_where_nothing_is_recorded_the_machine_lets_it_ring(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, recording="off", answer_mode="answering_machine", answer_after=0)
    call = await line.call(LISTENER)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (call.answers, line.state("sensor", "call_state").state) == (0, "ringing")

    # A person may answer it all the same.
    await act(line, "answer")
    await until(lambda: call.answers == 1)
    assert line.clips == []


async def test_where_nothing_is_recorded_who_must_not_disturb_is_turned_away(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(
        hass, cloud, recording="off", answer_mode="answering_machine", do_not_disturb=True
    )
    call = await cloud.call(LISTENER)
    assert (await line.told("declined"))["end_reason"] == "do_not_disturb"
    await cloud.sip.ended(call)
    assert call.status == 486


@pytest.mark.parametrize(
    ("chosen", "contact", "recorded"),
    [
        ("incoming", "never", False),
        ("on_demand", "never", False),
        ("messages", "always", True),
        ("on_demand", "always", True),
        ("off", "always", False),
        ("incoming", "as_line", True),
        ("messages", "as_line", False),
    ],
)
async def test_a_contact_can_be_excepted(
    hass: HomeAssistant, cloud: RingCentral, chosen: str, contact: str, recorded: bool
) -> None:
    line = await set_up_line(hass, cloud, recording=chosen)
    await add(line, "Bo", str(TALKER.number), recording=contact)
    call = await line.call(TALKER)
    await act(line, "answer", record=True)
    if recorded:
        await line.told("recording_started")
        assert SOUNDS.recorded in b"".join(call.voice.heard)
    else:
        assert await refused(line, "start_recording") == "recording_not_chosen"
        await hass.async_block_till_done()
    assert len(line.of("recording_started")) == recorded


async def test_a_contact_that_is_never_recorded_is_not_when_it_is_called(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, recording="incoming")
    await add(line, "Bo", "+16505550101", recording="never")
    await cloud.sip.serve("+16505550101", Kind.ECHO)
    await act(line, "dial", numbers="+16505550101", hang_up=False)

    assert await refused(line, "start_recording") == "recording_not_chosen"


async def test_a_call_that_was_placed_is_recorded_only_when_asked_for(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, recording="incoming")
    await cloud.sip.serve("+16505550101", Kind.ECHO)
    await act(line, "dial", numbers="+16505550101", hang_up=False)
    await hass.async_block_till_done()
    assert line.of("recording_started") == []

    assert (await act(line, "start_recording"))["consent"] == "announced"


async def test_the_machine_takes_no_message_of_who_is_never_recorded(machine: Line) -> None:
    await add(machine, "Anna", str(ANNA.number), recording="never")
    call = await machine.call(ANNA)
    await machine.hass.async_block_till_done(wait_background_tasks=True)
    assert call.answers == 0

    await machine.call(TALKER)
    await machine.told("recording_started")
