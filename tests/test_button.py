from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.ringcentral.calls import line_test
from simulator.ringcentral import RingCentral
from simulator.services import Kind

from .line import LISTENER, Line, set_up_line, until


async def press(line: Line, button: str = "test_the_line") -> None:
    await line.hass.services.async_call(
        "button", "press", {"entity_id": f"button.reception_{button}"}, blocking=True
    )


@pytest.mark.parametrize("platforms", [[Platform.BUTTON]], ids=["button"])
async def test_the_entity_is_registered_under_the_line(
    hass: HomeAssistant, line: Line, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, line.entry.entry_id)


async def test_a_press_asks_the_server_and_calls_nobody(line: Line) -> None:
    await press(line)

    assert line.state("sensor", "last_test").state == "registered"
    assert line.cloud.sip.exchange.dialled == []


async def test_a_press_calls_the_test_number_where_there_is_one(
    hass: HomeAssistant, cloud: RingCentral, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_test, "SHORTEST", 2.5)
    await cloud.sip.serve("*43", Kind.ECHO)
    line = await set_up_line(hass, cloud, test_number="*43")

    await press(line)

    assert line.state("sensor", "last_test").state == "both_ways"
    assert len(cloud.sip.exchange.dialled) == 1


async def test_a_press_tells_when_there_is_no_line(line: Line) -> None:
    line.cloud.sip.faults.close_on_register = True
    await line.lose()

    with pytest.raises(HomeAssistantError, match="isn't registered"):
        await press(line)


async def test_a_call_is_answered_and_hung_up(line: Line) -> None:
    call = await line.call(LISTENER)
    await press(line, "answer")
    assert line.state("sensor", "call_state").state == "talking"
    await press(line, "hang_up")

    assert (await line.told("ended"))["end_reason"] == "local_hangup"
    await until(lambda: call.outcome == "phone hung up")


async def test_a_call_is_declined(line: Line) -> None:
    await line.call(LISTENER)
    await press(line, "decline")

    assert (await line.told("declined"))["end_reason"] == "declined"


@pytest.mark.parametrize(
    ("button", "told"),
    [("answer", "No call is ringing"), ("decline", "No call"), ("hang_up", "no call to hang up")],
)
async def test_without_a_call_a_press_tells_so(line: Line, button: str, told: str) -> None:
    with pytest.raises(ServiceValidationError, match=told):
        await press(line, button)


async def test_what_rings_is_not_hung_up(line: Line) -> None:
    await line.call(LISTENER)

    with pytest.raises(ServiceValidationError, match="declined with Decline"):
        await press(line, "hang_up")
