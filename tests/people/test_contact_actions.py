"""What automations do to contacts; what counts is what becomes of the next call."""

import pytest

from tests.calls.test_call_actions import act, refused
from tests.line import ANNA, Line

from .test_contact_list import add


def contacts(line: Line) -> dict[str, dict[str, object]]:
    return {subentry.title: dict(subentry.data) for subentry in line.entry.subentries.values()}


async def block(line: Line, number: str, **data: str) -> None:
    await act(line, "block", number=number, **data)
    await line.hass.async_block_till_done()


async def kept_away(line: Line) -> bool:
    """Whether Anna's next call is."""
    await line.cloud.call(ANNA)
    await line.told("blocked")
    return line.kinds == ["blocked"]


@pytest.mark.parametrize("data", [{}, {"name": "Roof salesman"}])
async def test_a_number_is_blocked_from_now_on(line: Line, data: dict[str, str]) -> None:
    line.hass.config.country = "US"
    await block(line, " (650) 555-0142", **data)

    assert contacts(line) == {
        data.get("name", "(650) 555-0142"): {
            "name": data.get("name", "(650) 555-0142"),
            "numbers": ["(650) 555-0142"],
            "blocked": True,
        }
    }
    assert await kept_away(line)


async def test_a_contact_is_blocked_as_it_is(line: Line) -> None:
    await add(line, "Bo", "+16505550199")
    await add(line, "Anna", "+1 720 555 0100", ANNA.number)

    await block(line, "+1 650 555 0142")
    await block(line, "+1 650 555 0142")

    assert {name: data.get("blocked") for name, data in contacts(line).items()} == {"Bo": None, "Anna": True}
    assert contacts(line)["Anna"]["numbers"] == ["+1 720 555 0100", ANNA.number]
    assert await kept_away(line)


async def test_of_a_contact_with_many_numbers_only_that_one_is_blocked(line: Line) -> None:
    await add(line, "Customers", "+1650*")

    await block(line, ANNA.number, name="Anna")

    assert {name: data.get("blocked") for name, data in contacts(line).items()} == {
        "Customers": None,
        "Anna": True,
    }
    assert await kept_away(line)


async def test_what_is_no_number_can_t_be_blocked(line: Line) -> None:
    assert await refused(line, "block", number="some body") == "number_not_blockable"
    assert contacts(line) == {}


async def test_a_line_has_only_so_many_contacts(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.ringcentral.people.contact_actions.MAX_CONTACTS", 1)
    await add(line, "Bo", "+16505550199")

    assert await refused(line, "block", number=ANNA.number) == "too_many_contacts"
