from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from simulator.ringcentral import RingCentral

from .line import Line, set_up_line, until


@pytest.mark.parametrize("platforms", [[Platform.BINARY_SENSOR]], ids=["binary_sensor"])
async def test_the_entity_is_registered_under_the_line(
    hass: HomeAssistant, line: Line, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, line.entry.entry_id)


async def test_it_shows_whether_the_line_is_registered(line: Line) -> None:
    await line.lose()
    assert line.state("binary_sensor", "registered").state == "off"
    await until(lambda: line.state("binary_sensor", "registered").state == "on")


async def test_it_is_off_until_the_server_has_agreed(hass: HomeAssistant, cloud: RingCentral) -> None:
    cloud.sip.faults.glue = 0.1
    line = await set_up_line(hass, cloud)

    assert line.state("binary_sensor", "registered").state == "on"
    assert line.state("binary_sensor", "registered").last_changed > line.entry.created_at
