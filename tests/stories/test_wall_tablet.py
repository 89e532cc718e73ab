"""Story 11: a tablet on the wall shows who calls, and its buttons act on the call."""

from collections.abc import Iterator, Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import parse_yaml
import pytest

from simulator.call import Call
from simulator.caller import Caller, Manner
from tests.calls.test_call_actions import speaker  # noqa: F401 - a fixture
from tests.line import LISTENER, Line, until
from tests.people.test_contact_list import add

from .household_2 import examples, speech

STATION = Caller(number="+16505550100", name="WIRELESS CALLER", manner=Manner(stay=True))

pytestmark = pytest.mark.usefixtures("speaker")


class Tablet:
    """The card of the page, and a finger on it."""

    def __init__(self, line: Line) -> None:
        [yaml] = examples("wall-tablet")
        card = parse_yaml(yaml)
        assert isinstance(card, dict)
        self.card = card
        self._line = line

    def shown(self) -> bool:
        """Whether the card is there, as its conditions have it."""
        [condition] = self.card["conditions"]
        state = self._line.hass.states.get(condition["entity"])
        assert state is not None
        return bool(state.state != condition["state_not"])

    @property
    def parts(self) -> dict[str, Mapping[str, Any]]:
        """What can be seen on it, by name."""
        return {part["name"]: part for part in _parts(self.card) if "name" in part}

    async def tap(self, name: str) -> None:
        """Do what the dashboard does when a button is tapped."""
        assert self.shown()
        action = self.parts[name]["tap_action"]
        assert action["action"] == "perform-action"
        domain, service = action["perform_action"].split(".")
        await self._line.hass.services.async_call(
            domain, service, action.get("data", {}), blocking=True, target=action["target"]
        )


def _parts(card: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield card
    for child in (*card.get("cards", ()), *([card["card"]] if "card" in card else [])):
        yield from _parts(child)


@pytest.fixture
async def tablet(line: Line) -> Tablet:
    await add(line, "Front door", STATION.number, door_station=True, opening_keys="9")
    await until(lambda: line.hass.states.get("button.reception_open_the_door") is not None)
    return Tablet(line)


def keys(call: Call) -> list[str]:
    return [heard.key for heard in call.voice.keys.heard]


async def test_the_card_is_there_while_somebody_calls_and_shows_who(line: Line, tablet: Tablet) -> None:
    assert not tablet.shown()

    await line.call(STATION)

    assert tablet.shown()
    assert tablet.parts["On the phone"]["entity"] == "sensor.reception_last_caller"
    assert line.state("sensor", "last_caller").state == "Front door"
    for part in tablet.parts.values():
        for entity in (part.get("entity"), part.get("tap_action", {}).get("target", {}).get("entity_id")):
            assert entity is None or line.hass.states.get(entity) is not None


async def test_a_tap_opens_the_door_and_the_card_is_gone(line: Line, tablet: Tablet) -> None:
    call = await line.call(STATION)

    await tablet.tap("Open the door")
    await line.told("ended")

    assert keys(call) == ["9"]
    assert not tablet.shown()


async def test_the_caller_hears_that_somebody_is_coming_and_the_door_can_still_be_opened(
    line: Line, tablet: Tablet
) -> None:
    call = await line.call(STATION)

    await tablet.tap("We are coming")
    words = await speech(line, "One moment, please. We are coming.")
    await until(lambda: words in b"".join(call.voice.heard))
    assert line.state("sensor", "call_state").state == "talking"

    await tablet.tap("Open the door")
    await until(lambda: keys(call) == ["9"])
    await tablet.tap("Hang up")
    assert (await line.told("ended"))["end_reason"] == "local_hangup"
    assert not tablet.shown()


async def test_a_call_is_turned_away(hass: HomeAssistant, line: Line, tablet: Tablet) -> None:
    call = await line.call(LISTENER)

    await tablet.tap("Decline")
    await line.told("declined")

    assert call.answers == 0
    assert not tablet.shown()
