"""What RingCentral is asked for again and again: when, how often at the most, and what if it fails."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock, Mock, patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.ringcentral.account.rounds import AGAIN_AFTER, JITTER, NEXT_AFTER, SOON, Plan, Rounds
from custom_components.ringcentral.calls import calls_elsewhere
from custom_components.ringcentral.calls.conversion import ConversionError
from custom_components.ringcentral.clips import mailbox
from custom_components.ringcentral.cloud import (
    MissingPermission,
    RateLimited,
    RingCentralError,
    SignInRefused,
    UnexpectedAnswer,
    Unreachable,
)
from custom_components.ringcentral.library import LibraryClosedError, LibraryError

EVERY = 300.0
WEEK = 7 * 86400.0
# Of requests a minute, which one app may send for one user.
LIMITS = {"light": 50, "medium": 40, "heavy": 10, "auth": 5}


class World:
    """A line's rounds, and a clock that only moves when told."""

    def __init__(self, hass: HomeAssistant, **how: Any) -> None:
        self.hass = hass
        self.entry = MockConfigEntry(domain="ringcentral", title="Reception", options={"voicemail": True})
        self.entry.add_to_hass(hass)
        self.client = Mock(rest=AsyncMock())
        self.asked: list[float] = []
        self.failed: list[Exception] = []
        self.worked = 0
        self.outcome: Callable[[], Awaitable[bool]] = AsyncMock(return_value=False)
        self.now = 0.0
        self.due: float | None = None
        plan = Plan(
            option="voicemail",
            what="Looking",
            first=60.0,
            every=EVERY,
            ask=self._ask,
            failed=self.failed.append,
            worked=self._works,
        )
        self.rounds = Rounds(hass, self.entry, self.client, Plan(**{**_fields(plan), **how}))
        self.rounds._next = Mock(plan=self._plan, cancel=self._cancel)

    async def _ask(self, client: Any) -> bool:
        self.asked.append(self.now)
        return await self.outcome()

    def _works(self) -> None:
        self.worked += 1

    def _plan(self, delay: float) -> None:
        self.due = self.now + delay

    def _cancel(self) -> None:
        self.due = None

    def choose(self, on: bool) -> None:
        self.hass.config_entries.async_update_entry(self.entry, options={"voicemail": True} if on else {})

    async def live(self, seconds: float) -> None:
        """Let time go by."""
        end = self.now + seconds
        while self.due is not None and self.due <= end:
            self.now, self.due = self.due, None
            self.rounds._due()
            await self.hass.async_block_till_done(wait_background_tasks=True)
        self.now = end


def _fields(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in plan.__dataclass_fields__}


@pytest.fixture
def world(hass: HomeAssistant) -> World:
    """Return rounds that are gone, by a clock of their own."""
    world = World(hass)
    with patch.object(hass.loop, "time", lambda: world.now):
        world.rounds.async_start()
    return world


@pytest.fixture
def clock(hass: HomeAssistant, world: World) -> Any:
    """Have the loop's clock be the world's, where that is asked for."""
    return patch.object(hass.loop, "time", lambda: world.now)


async def test_rounds_are_gone_again_and_again_a_little_apart(world: World) -> None:
    await world.live(86400)

    gaps = {later - sooner for sooner, later in zip(world.asked, world.asked[1:], strict=False)}
    assert 60 <= world.asked[0] <= 60 * (1 + JITTER)
    assert all(EVERY <= gap <= EVERY * (1 + JITTER) for gap in gaps) and len(gaps) > 100
    assert world.client.rest.await_count == len(world.asked) == world.worked


async def test_while_there_is_more_the_next_comes_soon(world: World) -> None:
    world.outcome = AsyncMock(side_effect=[True, True, False, False])
    await world.live(60 * (1 + JITTER))
    first = world.asked[0]
    await world.live(2 * NEXT_AFTER * (1 + JITTER) + 1)

    assert len(world.asked) == 3 and world.asked[1] - first >= NEXT_AFTER


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (RateLimited(retry_after=60), EVERY),
        (RateLimited(retry_after=5000), 5000),
        (Unreachable(), EVERY),
        (Unreachable(retry_after=900), 900),
        (LibraryError(), EVERY),
        (MissingPermission(permission="ReadMessages"), AGAIN_AFTER),
        (UnexpectedAnswer(), AGAIN_AFTER),
        (ConversionError("x"), AGAIN_AFTER),
    ],
)
async def test_after_a_failure_there_is_a_pause(world: World, error: Exception, pause: float) -> None:
    world.outcome = AsyncMock(side_effect=[error, False])
    await world.live(60 * (1 + JITTER))
    (failed_at,) = world.asked

    assert world.due is not None and pause <= world.due - failed_at <= pause * (1 + JITTER)
    assert world.failed == ([error] if isinstance(error, RingCentralError) else []) and not world.worked
    assert world.client.rest.await_count == 1


async def test_of_a_line_that_is_being_stopped_nothing_is_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.outcome = AsyncMock(side_effect=LibraryClosedError())
    await world.live(WEEK)

    assert len(world.asked) == 1 and "Looking" not in caplog.text


async def test_who_is_signed_out_is_asked_again_after_it_has_worked(world: World) -> None:
    world.outcome = AsyncMock(side_effect=[SignInRefused(), SignInRefused(), False, SignInRefused()])
    with patch.object(MockConfigEntry, "async_start_reauth") as ask:
        await world.live(60 * (1 + JITTER) + AGAIN_AFTER * (1 + JITTER))
        assert ask.call_count == 1
        await world.live(2 * AGAIN_AFTER * (1 + JITTER))
        assert ask.call_count == 2


async def test_news_have_it_come_sooner(world: World, clock: Any) -> None:
    with clock:
        await world.live(100)
        before = len(world.asked)
        world.rounds.async_hurry()
        await world.live(SOON + 1)
        assert len(world.asked) == before
        await world.live(NEXT_AFTER)
        assert len(world.asked) == before + 1


async def test_endless_news_put_nothing_off_and_hurry_nobody(world: World, clock: Any) -> None:
    with clock:
        for _ in range(600):
            world.rounds.async_hurry()
            await world.live(1)

    gaps = [later - sooner for sooner, later in zip(world.asked, world.asked[1:], strict=False)]
    assert 8 <= len(world.asked) <= 11 and min(gaps) >= NEXT_AFTER


async def test_what_is_not_chosen_is_not_hurried(world: World, clock: Any) -> None:
    with clock:
        world.choose(False)
        world.rounds.async_hurry()
        await world.live(WEEK)

    assert world.asked == [] and world.worked == 1


async def test_switched_on_again_it_begins_soon(world: World, clock: Any) -> None:
    with clock:
        world.choose(False)
        world.choose(True)
        await world.live(SOON)

    assert len(world.asked) == 1


async def test_switched_off_in_the_midst_of_a_round_that_was_the_last(world: World) -> None:
    async def outcome() -> bool:
        world.choose(False)
        return True

    world.outcome = outcome
    await world.live(WEEK)

    assert len(world.asked) == 1 and world.worked == 1


async def test_other_changes_of_the_entry_change_nothing(world: World) -> None:
    due = world.due
    world.hass.config_entries.async_update_entry(world.entry, title="Desk")

    assert world.due == due


async def test_there_is_one_round_at_a_time(world: World) -> None:
    async def outcome() -> bool:
        await asyncio.sleep(0)
        world.rounds._due()
        return False

    world.outcome = outcome
    await world.live(61 * (1 + JITTER))

    assert len(world.asked) == 1


async def test_it_ends_with_the_entry(hass: HomeAssistant) -> None:
    world = World(hass)
    world.rounds = Rounds(hass, world.entry, world.client, world.rounds._plan)
    world.rounds.async_start()
    await world.entry._async_process_on_unload(hass)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(days=1))
    await hass.async_block_till_done(wait_background_tasks=True)

    assert world.asked == []


async def test_a_week_stays_within_the_limits(hass: HomeAssistant) -> None:
    """The mailbox and the call log of a line, each round as dear as it can be, and news all the time."""
    requests: dict[str, Counter[int]] = {group: Counter() for group in LIMITS}
    dear = {
        mailbox.FIRST: {"auth": 2, "light": 1, "medium": 4 * mailbox.AT_ONCE},
        calls_elsewhere.FIRST: {"auth": 2, "heavy": 1},
    }
    worlds = [
        World(hass, first=mailbox.FIRST, every=mailbox.EVERY),
        World(hass, first=calls_elsewhere.FIRST, every=calls_elsewhere.EVERY),
    ]
    for world, more in zip(worlds, (True, False), strict=True):
        world.outcome = AsyncMock(return_value=more)
        with patch.object(hass.loop, "time", lambda world=world: world.now):
            world.rounds.async_start()
            await world.live(WEEK)
    for world, costs in zip(worlds, dear.values(), strict=True):
        assert len(world.asked) > 500
        for at in world.asked:
            for group, cost in costs.items():
                # In whichever minute it is counted that a request ends in.
                requests[group].update({int(at // 60): cost})

    assert {group: max(minutes.values()) for group, minutes in requests.items()} == {
        "light": 1,
        "medium": 20,
        "heavy": 1,
        "auth": 4,
    }
    assert all(max(minutes.values()) <= LIMITS[group] for group, minutes in requests.items())
