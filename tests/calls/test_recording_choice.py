"""What is recorded, as it is chosen; what counts is what is kept, and what callers meet."""

from homeassistant.core import HomeAssistant
import pytest

from simulator.ringcentral import RingCentral
from tests.line import LISTENER, set_up_line, until

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
