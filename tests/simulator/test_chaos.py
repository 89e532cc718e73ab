"""The line's hard life: what is done to it, and what is concluded. The phone is the real one."""

import asyncio
from dataclasses import replace
import itertools
import math
from random import Random
from types import SimpleNamespace
from typing import Any, override

from homeassistant.core import HomeAssistant
import pytest

from simulator import chaos
from simulator.call import Call
from simulator.chaos import Chaos, Fault, Household, Report
from simulator.exchange import NotRegisteredError
from simulator.gate import Gate
from simulator.ringcentral import RingCentral
from tests.line import ANNA, Line, set_up_line, until

pytestmark = pytest.mark.usefixtures("hurried")


class House(Household):
    """The house of a line under test."""

    def __init__(self, line: Line) -> None:
        self._line = line

    @override
    async def registered(self) -> bool:
        return self._line.state("binary_sensor", "registered").state == "on"

    @override
    async def clip(self, call: Call) -> bytes:
        number = [one for one in self._line.cloud.sip.calls if one.answers].index(call) + 1
        await self._line.told("recording_saved", number)
        return max(self._line.clips, key=lambda path: path.stat().st_mtime_ns).read_bytes()


@pytest.fixture
def gate() -> Gate:
    """Stand between the phone and its server."""
    return Gate()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let faults follow each other, each while somebody speaks."""
    for name, value in {
        "CALLERS": (ANNA,), "_IN_CALLS": 1.0, "_QUIET": ((0, 0),), "_BETWEEN_CALLS": (0, 0),
    }.items():  # fmt: skip
        monkeypatch.setattr(chaos, name, value)


@pytest.fixture
def told() -> list[str]:
    """Return what was told."""
    return []


@pytest.fixture
def life(machine: Line, gate: Gate, told: list[str]) -> Chaos:
    """Return the life of a line with an answering machine."""
    return Chaos(machine.cloud, gate, House(machine), lambda _who, what: told.append(what), Random(1))


async def reconnected(line: Line, gate: Gate) -> None:
    """Cut a line's connection, and wait until it has another."""
    gate.cut()
    await line.cloud.sip.until(lambda: not line.cloud.is_registered)
    await line.cloud.registered()


def brief(fault: Fault) -> Fault:
    return replace(fault, lasts=(0.05, 0.1))


@pytest.mark.parametrize(
    "fault", [chaos.RESET, chaos.PIECES, chaos.KILLED, chaos.SILENT], ids=lambda fault: str(fault.name)
)
async def test_a_call_outlives_what_happens_to_the_line(
    life: Chaos, told: list[str], monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.softphone.line.registration.ANSWER_TIMEOUT", 0.5)
    report = await life.run(0.01, ((brief(fault),),))

    assert report.problems == []
    assert [recovery.fault.name for recovery in report.recoveries] == [fault.name]
    assert (report.went_on, report.cut_off) == (1, 0)
    assert told[0] == fault.begins
    assert any(text.startswith("the line is back: after ") for text in told)
    assert any(text.startswith("the call went on: ") and text.endswith("no gap") for text in told)


async def test_a_torn_invite_costs_that_call_only(life: Chaos) -> None:
    report = await life.run(0.01, ((chaos.TORN,),))

    assert report.problems == []
    assert (report.exact, report.went_on, report.cut_off) == (1, 1, 1)


async def test_a_busy_server_accepts_the_line_again(life: Chaos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.ringcentral.softphone.line.registration.DEFAULT_RETRY", 0.1)
    report = await life.run(0.01, ((brief(chaos.OVERLOADED),),))

    assert report.problems == []
    assert len(report.recoveries) == 1


async def test_a_dead_connection_is_found_by_itself(
    machine: Line, gate: Gate, life: Chaos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.softphone.line.heartbeat.PING_INTERVAL", 0.2)
    monkeypatch.setattr("custom_components.ringcentral.softphone.line.heartbeat.PONG_TIMEOUT", 0.2)
    await reconnected(machine, gate)
    await until(lambda: gate.passed.endswith(b"\r\n\r\n\r\n"))
    report = await life.run(0.01, ((chaos.HALF_OPEN,),))

    assert report.problems == []
    assert report.went_on == 1


async def test_a_forgotten_line_registers_again_when_it_refreshes(
    machine: Line, gate: Gate, life: Chaos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.ringcentral.softphone.line.registration.REFRESH_PERIOD", 0.3)
    monkeypatch.setattr(
        "custom_components.ringcentral.softphone.line.registration.UNPROVEN_REFRESH_PERIOD", 0.3
    )
    await reconnected(machine, gate)
    report = await life.run(0.01, ((chaos.FORGETFUL,),))

    assert report.problems == []
    assert (len(report.recoveries), report.exact, report.went_on) == (1, 1, 0)


async def test_a_line_that_takes_too_long_is_told(life: Chaos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chaos, "LONGEST", 0.0)
    report = await life.run(0.01, ((chaos.RESET,),))

    assert len(report.problems) == 1
    assert report.problems[0].startswith("connection reset: the line was back after ")


async def test_a_line_that_never_comes_back_ends_it_all(
    life: Chaos, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chaos, "_GIVEN_UP", 0.2)
    report = await life.run(60, ((replace(chaos.KILLED, ends=""),),))

    assert "server killed: the line was back never" in report.problems
    assert len(report.recoveries) == 1


async def test_a_call_that_does_not_end_is_told(life: Chaos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chaos, "_CALL_OVER", 0.1)
    report = await life.run(0.01, ((chaos.RESET,),))

    assert "the last call does not end" in report.problems


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"outcome": "phone hung up"}, "the call of Anna Smith did not go on: phone hung up"),
        (
            {"outcome": "connection lost", "events": [(0.0, "out of reach")]},
            "the call of Anna Smith did not go on: connection lost",
        ),
        (
            {"outcome": "phone hung up", "events": [(0.0, "speaking"), (1.0, "out of reach")]},
            "the call of Anna Smith did not go on: phone hung up",
        ),
        (
            {"outcome": "phone hung up", "events": [(0.0, "said everything")]},
            "the call of Anna Smith did not go on: phone hung up",
        ),
        (
            {"outcome": "phone hung up", "events": [(0.0, "out of reach"), (1.0, "said everything")]},
            "the call of Anna Smith: no clip was filed",
        ),
        ({}, "the call of Anna Smith: no clip was filed"),
        ({"outcome": "connection lost"}, "the call of Anna Smith: no clip was filed"),
    ],
)
async def test_a_call_that_was_not_recorded_to_its_end_is_told(
    life: Chaos, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], problem: str
) -> None:
    async def nothing(_: Call) -> bytes:
        raise TimeoutError

    monkeypatch.setattr(life._house, "clip", nothing)
    call: Any = SimpleNamespace(answers=1, caller=ANNA, outcome="caller hung up", events=[])
    vars(call).update(changes)
    await life._judge(call)

    assert life.report.problems == [problem]


async def test_who_said_everything_while_the_line_was_gone_was_heard_although_the_machine_hangs_up(
    hass: HomeAssistant, cloud: RingCentral, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = await set_up_line(hass, cloud, answer_mode="answering_machine", answer_after=0, silence=1.5)
    monkeypatch.setattr("custom_components.ringcentral.softphone.line.registration.ANSWER_TIMEOUT", 0.5)
    life = Chaos(cloud, gate, House(line), lambda _who, _what: None, Random(1))
    report = await life.run(0.01, ((replace(chaos.SILENT, lasts=(4.0, 4.0)),),))

    assert cloud.sip.calls[0].outcome == "phone hung up"
    assert report.problems == []
    assert report.went_on == 1


async def test_who_is_called_while_nobody_is_there_is_called_later(
    machine: Line, life: Chaos, monkeypatch: pytest.MonkeyPatch
) -> None:
    calling = asyncio.create_task(life._be_called())
    monkeypatch.setattr(machine.cloud, "call", _once_refused(machine.cloud))
    await until(lambda: len(machine.cloud.sip.calls) == 1)
    life._ending.set()
    await calling

    assert life.report.exact == 1


def _once_refused(cloud: RingCentral) -> Any:
    """Return a way to call that doesn't find the line the first time."""
    call, tries = cloud.call, itertools.count()

    async def attempt(*args: Any) -> Call:
        if not next(tries):
            raise NotRegisteredError
        return await call(*args)

    return attempt


def test_every_fault_happens_before_one_comes_again_and_the_slow_ones_last() -> None:
    quick, slow = chaos.FAULTS
    order = list(itertools.islice(chaos._in_turn(chaos.FAULTS, Random(7)), 40))

    assert set(order[: len(quick)]) == set(quick)
    assert set(order[len(quick) : len(quick) + len(slow)]) == set(slow)
    assert set(order[len(quick) + len(slow) :]) <= {*quick, *slow}
    assert order == list(itertools.islice(chaos._in_turn(chaos.FAULTS, Random(7)), 40))


def test_the_summary_names_the_slowest_and_what_went_wrong() -> None:
    report = Report(
        [chaos.Recovery(chaos.RESET, 0.04), chaos.Recovery(chaos.HALF_OPEN, 37.81)], 5, 3, 1, ["a gap"]
    )

    assert report.summary() == [
        "2 faults, 2 times back without help",
        "longest time back: 37.8 s (half-open connection)",
        "5 messages recorded exactly, 3 of them through a lost connection; 1 calls cut off before they were answered",
        "NOT GOOD: a gap",
    ]
    assert Report().summary()[0].startswith("0 faults")
    assert (
        Report([chaos.Recovery(chaos.KILLED, math.inf)]).summary()[0] == "1 faults, 0 times back without help"
    )


def test_callers_are_told_of_in_words() -> None:
    assert chaos.in_words("ringing") == "ringing"
    assert chaos.in_words("out of reach") == "speaks on, although the line is cut off"
    assert chaos.in_words("media flows") is None
