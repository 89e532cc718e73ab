"""What is kept and told of how a call's sound went."""

import json

import pytest

from custom_components.ringcentral.calls.call_sound import audio, noted
from custom_components.ringcentral.softphone.media import MediaStatistics
from custom_components.ringcentral.softphone.media.receiver import Drop
from simulator.caller import Step
from tests.line import Line

from .test_call_actions import act


def counted(received: int = 500, lost: int = 0, sent: int = 250) -> MediaStatistics:
    """Return what was counted of packets of 20 ms."""
    return MediaStatistics(
        received=received,
        events=0,
        dropped={Drop.NOT_RTP: 2, Drop.REPLAYED: 0},
        misplaced=0,
        receive_errors=0,
        sent=sent,
        send_errors=0,
        last_heard=3.5,
        samples=160 * received,
        lost=lost,
    )


def test_only_what_was_counted_is_kept() -> None:
    kept = noted(counted(lost=3))

    assert kept == '{"received":500,"samples":80000,"lost":3,"sent":250,"dropped":{"not_rtp":2}}'
    assert noted(None) is None


def test_a_call_without_a_packet_has_nothing_to_keep() -> None:
    assert noted(MediaStatistics(0, 0, {}, 0, 0, 0, 0, None)) == "{}"


@pytest.mark.parametrize(
    ("statistics", "told"),
    [
        (
            counted(),
            {"received_seconds": 10.0, "lost_seconds": 0.0, "lost_percent": 0.0, "sent_seconds": 5.0},
        ),
        (
            counted(495, lost=5),
            {"received_seconds": 9.9, "lost_seconds": 0.1, "lost_percent": 1.0, "sent_seconds": 5.0},
        ),
        (
            counted(0, sent=0),
            {"received_seconds": 0.0, "lost_seconds": 0.0, "lost_percent": 0.0, "sent_seconds": 0.0},
        ),
    ],
)
def test_it_is_told_in_seconds(statistics: MediaStatistics, told: dict[str, float]) -> None:
    assert audio(noted(statistics)) == told


@pytest.mark.parametrize(
    "kept", [None, "", "{", "[]", "7", '{"received": "many"}', json.dumps({"sent": None})]
)
def test_what_somebody_else_has_written_tells_nothing(kept: str | None) -> None:
    assert audio(kept) is None


async def test_the_list_of_calls_tells_it(machine: Line) -> None:
    call = await machine.call()
    await machine.told("recording_saved")
    await machine.told("ended")
    await machine.hass.async_block_till_done()

    (listed,) = (await act(machine, "get_calls"))["calls"]

    sent = sum(len(packet.payload) for packet in call.voice.sent) / 8000
    assert listed["audio"]["received_seconds"] == pytest.approx(sent, abs=0.15)
    assert listed["audio"]["sent_seconds"] == pytest.approx(len(call.voice.heard) / 50, abs=0.15)
    assert (listed["audio"]["lost_seconds"], listed["audio"]["lost_percent"]) == (0.0, 0.0)


async def test_a_call_that_nobody_answered_had_none(line: Line) -> None:
    line.cloud.sip.do(await line.call(), Step.CANCEL)
    await line.told("missed")
    await line.hass.async_block_till_done()

    (listed,) = (await act(line, "get_calls"))["calls"]

    assert listed["audio"] is None
