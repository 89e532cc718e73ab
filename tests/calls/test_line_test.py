from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.ringcentral.calls import line_test
from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.softphone.media import Codec, MediaEngine, MediaError, RtpPacket
from simulator.caller import Step
from simulator.ringcentral import RingCentral
from simulator.services import Kind
from tests.line import ANNA, Line, set_up_line, until


@pytest.fixture(autouse=True)
def no_long_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen no longer than it takes to know."""
    monkeypatch.setattr(line_test, "SHORTEST", 2.5)
    monkeypatch.setattr(line_test, "LONGEST", 3.0)
    monkeypatch.setattr(line_test, "_LOOK", 0.1)


async def tried(line: Line, number: str | None = None) -> dict[str, Any]:
    fields = {"config_entry_id": line.entry.entry_id} | ({} if number is None else {"number": number})
    response = await line.hass.services.async_call(
        DOMAIN, "test_line", fields, blocking=True, return_response=True
    )
    assert response is not None
    return dict(response)


async def failed(line: Line, number: str | None = None) -> str:
    with pytest.raises(HomeAssistantError) as error:
        await tried(line, number)
    assert error.value.translation_domain == DOMAIN
    assert error.value.translation_key is not None
    assert str(error.value) != error.value.translation_key
    return error.value.translation_key


async def served(line: Line, kind: Kind, number: str = "*43") -> str:
    return (await line.cloud.sip.serve(number, kind)).number


async def test_without_a_number_the_server_is_asked(line: Line) -> None:
    result = await tried(line)

    assert result.pop("round_trip_ms") < 1000
    assert result == {
        "registered": True,
        "audio": None,
        "packets_sent": None,
        "packets_received": None,
        "packets_lost": None,
        "end_reason": None,
    }
    assert line.state("sensor", "last_test").state == "registered"


@pytest.mark.parametrize(
    ("kind", "audio"),
    [(Kind.ECHO, "both_ways"), (Kind.MILLIWATT, "received"), (Kind.DEAD, "none_received")],
)
async def test_a_number_is_called_and_listened_to(line: Line, kind: Kind, audio: str) -> None:
    result = await tried(line, await served(line, kind))

    assert (result["audio"], result["packets_lost"]) == (audio, 0)
    assert result["packets_sent"] > 100
    assert (result["packets_received"] > 100) is (kind is not Kind.DEAD)
    assert result["end_reason"] == "local_hangup"
    (call,) = line.cloud.sip.exchange.dialled
    await until(lambda: call.ended)
    assert call.outcome == "phone hung up"
    shown = line.state("sensor", "last_test")
    assert (shown.state, shown.attributes["packets_lost"]) == (audio, 0)


def test_packets_are_counted_once_and_gaps_across_the_wrap_are_seen() -> None:
    listener = line_test._Listener()
    assert listener.lost == 0
    for sequence in (65534, 65535, 1, 1, 0, 4):
        listener(RtpPacket(0, False, sequence, 0, 42, b"\xff" * 160), Codec.PCMU)
    assert listener.lost == 2


async def test_other_calls_do_not_disturb_a_test(line: Line) -> None:
    number = await served(line, Kind.UNANSWERED)
    testing = line.hass.async_create_task(failed(line, number))
    await line.call(ANNA)
    await until(lambda: bool(line.cloud.sip.exchange.dialled) and line.cloud.sip.exchange.dialled[0].rings)
    other = await line.call(ANNA)
    line.cloud.sip.do(other, Step.CANCEL)
    await until(lambda: other.ended)
    line.cloud.sip.drop(line.cloud.sip.accounts[-1])

    assert await testing == "call_failed"


async def test_a_test_call_is_filed_and_is_no_call_of_anybodys(line: Line) -> None:
    await line.call(ANNA)
    last_caller = line.state("sensor", "last_caller").state
    line.events.clear()
    await tried(line, await served(line, Kind.DEAD))
    await line.hass.async_block_till_done()

    assert line.events == []
    assert line.state("sensor", "last_caller").state == last_caller == "Anna Smith"
    newest = (await line.library.calls(line.entry.entry_id))[0]
    assert (newest.direction, newest.called, newest.outcome) == ("outgoing", "*43", "ended")
    assert newest.answered_at is not None


async def test_a_test_calls_who_may_be_called_and_the_number_that_was_chosen_for_it(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, allowed_numbers=["+1650*"], test_number="*43")
    await served(line, Kind.BUSY)

    assert await failed(line, "*44") == "number_not_allowed"
    assert line.cloud.sip.exchange.dialled == []
    assert await failed(line, "*43") == "number_busy"


@pytest.mark.parametrize(("number", "problem"), [("112", "emergency_number"), ("call me", "invalid_number")])
async def test_what_must_not_be_called_is_refused(line: Line, number: str, problem: str) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await tried(line, number)

    assert error.value.translation_key == problem
    assert line.cloud.sip.exchange.dialled == []


@pytest.mark.parametrize(("kind", "problem"), [(Kind.BUSY, "number_busy"), (Kind.FOREIGN, "no_common_codec")])
async def test_who_does_not_take_the_call_is_told(line: Line, kind: Kind, problem: str) -> None:
    assert await failed(line, await served(line, kind)) == problem
    assert line.state("sensor", "last_test").state == "unknown"


async def test_a_number_that_nobody_answers(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_test, "RING_TIMEOUT", 0.3)

    assert await failed(line, await served(line, Kind.UNANSWERED)) == "number_not_answered"
    (call,) = line.cloud.sip.exchange.dialled
    await until(lambda: call.ended)
    assert call.outcome == "refused: 487"


async def test_a_number_that_is_not_known(line: Line) -> None:
    assert await failed(line, "4711") == "number_unknown"


async def test_a_line_that_is_lost_while_it_rings(line: Line) -> None:
    number = await served(line, Kind.UNANSWERED)
    testing = line.hass.async_create_task(failed(line, number))
    await until(
        lambda: (
            bool(line.cloud.sip.exchange.dialled) and line.state("sensor", "call_state").state == "dialing"
        )
    )
    await until(lambda: line.cloud.sip.exchange.dialled[0].rings)
    line.cloud.sip.drop(line.cloud.sip.accounts[-1])

    assert await testing == "call_failed"


async def test_a_line_that_is_not_registered(line: Line) -> None:
    line.cloud.sip.faults.close_on_register = True
    await line.lose()

    assert await failed(line) == "line_not_registered"


async def test_a_server_that_has_forgotten_the_line(line: Line) -> None:
    line.cloud.sip.faults.close_on_register = True

    assert await failed(line) == "line_not_registered"


async def test_a_server_that_does_not_answer(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_test, "ANSWER_TIMEOUT", 0.1)
    line.cloud.sip.faults.silent = True

    assert await failed(line) == "line_not_registered"


async def test_a_line_is_tested_once_at_a_time(line: Line) -> None:
    number = await served(line, Kind.DEAD)
    first = line.hass.async_create_task(tried(line, number))
    await until(lambda: line.state("sensor", "call_state").state == "talking")

    assert await failed(line) == "test_running"
    assert (await first)["audio"] == "none_received"
    assert (await tried(line))["registered"]


async def test_a_service_that_hangs_up_ends_the_test(line: Line) -> None:
    number = await served(line, Kind.ECHO)
    testing = line.hass.async_create_task(tried(line, number))
    await until(lambda: line.state("sensor", "call_state").state == "talking")
    line.cloud.sip.hang_up(line.cloud.sip.exchange.dialled[0])

    assert (await testing)["end_reason"] == "remote_hangup"


async def test_without_a_port_for_sound_nobody_is_called(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(engine: MediaEngine) -> None:
        raise MediaError("No UDP port is free for sound")

    monkeypatch.setattr(MediaEngine, "open", full)

    assert await failed(line, "4711") == "no_free_port"


async def test_a_line_that_is_not_loaded_is_not_tested(hass: HomeAssistant, line: Line) -> None:
    await hass.config_entries.async_unload(line.entry.entry_id)

    with pytest.raises(ServiceValidationError):
        await tried(line)
