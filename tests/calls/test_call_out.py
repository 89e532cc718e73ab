"""Calling people: in turn or all at once, with a message, until one confirms."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.ringcentral.calls import call_limits, call_out
from custom_components.ringcentral.calls.call_out import CallOut, Errand
from custom_components.ringcentral.calls.conversation import Conversation
from custom_components.ringcentral.calls.line_test import async_test_line
from custom_components.ringcentral.softphone.media import MediaEngine, MediaError
from simulator.presses import Press, Way
from simulator.ringcentral import RingCentral
from simulator.services import Kind, ServiceCall
from tests.line import Line, set_up_line, until

from .test_call_actions import act, refused, said, speaker  # noqa: F401 - a fixture

ANNA, BO, CLEO = "+16505550101", "+16505550102", "+16505550103"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_out, "CONFIRM_WITHIN", 0.3)


async def people(line: Line, **kinds: Kind) -> None:
    numbers = {"anna": ANNA, "bo": BO, "cleo": CLEO}
    for name, kind in kinds.items():
        await line.cloud.sip.serve(numbers[name], kind)


async def called(line: Line, number: str) -> ServiceCall:
    """Wait until somebody talks at a number; return that call."""
    dialled = line.cloud.sip.exchange

    def there() -> list[ServiceCall]:
        return [call for call in dialled.dialled if call.service.number == number and call.heard]

    await until(lambda: bool(there()))
    return there()[-1]


def calls(line: Line) -> list[ServiceCall]:
    return list(line.cloud.sip.exchange.dialled)


def dialled(line: Line) -> list[str]:
    return [call.service.number for call in calls(line)]


@pytest.mark.usefixtures("speaker")
async def test_a_message_is_said_to_who_answers(line: Line) -> None:
    await people(line, anna=Kind.DEAD)

    response = await act(line, "dial", numbers=ANNA, message="Water in the cellar", repeat=1)

    assert response["answered_by"] == ANNA
    assert (response["confirmed"], response["end_reason"]) == (False, "local_hangup")
    assert response["results"] == {ANNA: "answered"}
    (call,) = line.cloud.sip.exchange.dialled
    await until(lambda: call.ended)
    assert call.heard > 40
    assert line.kinds == ["outgoing", "answered", "ended"]
    assert line.of("outgoing")[0]["direction"] == "outgoing"


@pytest.mark.usefixtures("speaker")
async def test_the_next_is_called_until_one_confirms(line: Line) -> None:
    await people(line, anna=Kind.BUSY, bo=Kind.DEAD, cleo=Kind.DEAD)
    dialling = asyncio.create_task(
        act(line, "dial", numbers=[ANNA, BO, CLEO], message="Fire", confirm_digit="1", repeat=1)
    )
    cleo = await called(line, CLEO)
    line.cloud.sip.press(cleo, Press("2", Way.RELAY))
    await asyncio.sleep(0.05)
    line.cloud.sip.press(cleo, Press("1", Way.RELAY))

    response = await dialling
    assert (response["answered_by"], response["confirmed"]) == (CLEO, True)
    assert response["results"] == {ANNA: "busy", BO: "not_confirmed", CLEO: "confirmed"}
    assert line.of("dtmf") == []


async def test_nobody_there_is_no_error(line: Line) -> None:
    await people(line, anna=Kind.BUSY)

    response = await act(line, "dial", numbers=f"{ANNA}, {BO}")

    assert (response["answered_by"], response["confirmed"], response["call_id"]) == (None, False, None)
    assert response["results"] == {ANNA: "busy", BO: "unknown_number"}


@pytest.mark.usefixtures("speaker")
async def test_who_hangs_up_instead_of_confirming_is_followed_by_the_next(line: Line) -> None:
    await people(line, anna=Kind.DEAD, bo=Kind.BUSY)
    dialling = asyncio.create_task(
        act(line, "dial", numbers=[ANNA, BO], message="Fire", confirm_digit="1", repeat=3)
    )
    line.cloud.sip.hang_up(await called(line, ANNA))

    response = await dialling
    assert response["results"] == {ANNA: "not_confirmed", BO: "busy"}


async def test_nobody_there_at_once_is_no_error_either(line: Line) -> None:
    await people(line, anna=Kind.BUSY, bo=Kind.BUSY)

    response = await act(line, "dial", numbers=[ANNA, BO], at_once=True)

    assert (response["answered_by"], response["results"]) == (None, {ANNA: "busy", BO: "busy"})


async def test_the_call_stays_for_what_follows(line: Line) -> None:
    await people(line, anna=Kind.DEAD)

    response = await act(line, "dial", numbers=ANNA, hang_up=False)

    assert (response["answered_by"], response["end_reason"]) == (ANNA, None)
    assert line.state("sensor", "call_state").state == "talking"
    assert (await act(line, "hang_up"))["call_id"] == response["call_id"]


async def test_of_those_called_at_once_the_first_has_the_call(line: Line) -> None:
    await people(line, anna=Kind.UNANSWERED, bo=Kind.DEAD, cleo=Kind.BUSY)

    response = await act(line, "dial", numbers=[ANNA, BO, CLEO], at_once=True, hang_up=False)

    assert response["answered_by"] == BO
    assert response["results"][ANNA] == "cancelled"
    assert [call.called.number for call in line.entry.runtime_data.phone.calls] == [BO]


async def test_two_who_answer_together_are_not_both_kept(line: Line) -> None:
    await people(line, anna=Kind.DEAD, bo=Kind.DEAD)

    response = await act(line, "dial", numbers=[ANNA, BO], at_once=True, hang_up=False)

    await until(lambda: len(line.entry.runtime_data.phone.calls) == 1)
    (call,) = line.entry.runtime_data.phone.calls
    assert call.called.number == response["answered_by"]


@pytest.mark.usefixtures("speaker")
async def test_of_two_who_answer_together_one_hears_the_message_and_the_other_is_hung_up_on(
    line: Line,
) -> None:
    await people(line, anna=Kind.DEAD, bo=Kind.DEAD)
    dialling = asyncio.create_task(
        act(line, "dial", numbers=[ANNA, BO], at_once=True, message="Water in the cellar", repeat=1)
    )
    await until(lambda: len(dialled(line)) == 2 and any(call.ended for call in calls(line)))
    # While the message is still said to the other.
    assert not dialling.done()

    response = await dialling
    other = {ANNA: BO, BO: ANNA}[response["answered_by"]]
    assert response["results"] == {response["answered_by"]: "answered", other: "cancelled"}
    message = await said(line, "Water in the cellar")
    heard = {call.service.number: bytes(call.sound) for call in calls(line)}
    assert message in heard[response["answered_by"]]
    assert message[:800] not in heard[other]


@pytest.mark.usefixtures("speaker")
async def test_who_still_rings_is_left_as_soon_as_somebody_has_answered(line: Line) -> None:
    await people(line, anna=Kind.UNANSWERED, bo=Kind.DEAD)
    dialling = asyncio.create_task(
        act(line, "dial", numbers=[ANNA, BO], at_once=True, message="Water in the cellar", repeat=1)
    )
    await until(lambda: any(call.ended for call in calls(line)))
    assert [call.service.number for call in calls(line) if not call.ended] == [BO]

    assert (await dialling)["results"] == {ANNA: "cancelled", BO: "answered"}


@pytest.mark.usefixtures("speaker")
async def test_all_hear_the_message_until_one_confirms_and_then_no_other_does(line: Line) -> None:
    await people(line, anna=Kind.DEAD, bo=Kind.DEAD)
    text = "Water in the cellar, " * 20
    dialling = asyncio.create_task(
        act(line, "dial", numbers=[ANNA, BO], at_once=True, message=text, confirm_digit="1", repeat=3)
    )
    anna, bo = await called(line, ANNA), await called(line, BO)
    message = await said(line, text)
    begun = message[:8000]
    await until(lambda: all(begun in call.sound for call in (anna, bo)))
    line.cloud.sip.press(bo, Press("1", Way.RELAY))

    response = await dialling
    await until(lambda: anna.ended and bo.ended)
    assert response["results"] == {ANNA: "cancelled", BO: "confirmed"}
    assert (response["answered_by"], response["confirmed"]) == (BO, True)
    assert all(message[:16000] not in call.sound for call in (anna, bo))


@pytest.mark.usefixtures("speaker")
async def test_who_confirms_and_stays_is_alone_at_that_moment(line: Line) -> None:
    await people(line, anna=Kind.DEAD, bo=Kind.DEAD)
    dialling = asyncio.create_task(
        act(line, "dial", numbers=[ANNA, BO], at_once=True, message="Fire", confirm_digit="1", hang_up=False)
    )
    anna, bo = await called(line, ANNA), await called(line, BO)
    for call in (bo, anna):
        line.cloud.sip.press(call, Press("1", Way.RELAY))

    response = await dialling
    assert response["results"] == {ANNA: "cancelled", BO: "confirmed"}
    await until(lambda: anna.ended)
    assert [call.called.number for call in line.entry.runtime_data.phone.calls] == [BO]


async def test_a_number_that_is_named_twice_is_called_once(line: Line) -> None:
    await people(line, anna=Kind.DEAD)

    response = await act(line, "dial", numbers=[ANNA, ANNA], at_once=True)

    assert response["results"] == {ANNA: "answered"}
    assert dialled(line) == [ANNA]


async def test_a_call_that_fails_while_something_is_said_leaves_nobody_on_the_line(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people(line, anna=Kind.DEAD, bo=Kind.BUSY)

    async def broken(*_: Any) -> bool:
        raise HomeAssistantError(translation_domain="ringcentral", translation_key="call_over")

    monkeypatch.setattr(Conversation, "hears_key", broken)
    response = await act(line, "dial", numbers=[ANNA, BO], confirm_digit="1")

    assert response["results"] == {ANNA: "call_over", BO: "busy"}
    await until(lambda: not line.entry.runtime_data.phone.calls)


async def test_somebody_who_does_not_answer_is_left(line: Line) -> None:
    await people(line, anna=Kind.UNANSWERED)

    response = await act(line, "dial", numbers=ANNA, ring_timeout=5)

    assert response["results"] == {ANNA: "no_answer"}


@pytest.mark.usefixtures("speaker")
async def test_an_automation_that_is_stopped_hangs_up(line: Line) -> None:
    await people(line, anna=Kind.UNANSWERED)
    dialling = asyncio.create_task(act(line, "dial", numbers=ANNA))
    await until(lambda: bool(line.cloud.sip.exchange.dialled))
    dialling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dialling

    await until(lambda: not line.entry.runtime_data.phone.calls)


@pytest.mark.parametrize(
    ("numbers", "key"),
    [("911", "emergency_number"), ("what?", "invalid_number"), (["112", "what?"], "emergency_number")],
)
async def test_not_every_number_is_called(line: Line, numbers: Any, key: str) -> None:
    await people(line, anna=Kind.BUSY)

    assert await refused(line, "dial", numbers=numbers) == key


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_number_that_cannot_be_called_costs_the_others_nothing(line: Line, at_once: bool) -> None:
    await people(line, anna=Kind.DEAD)

    response = await act(line, "dial", numbers=["112", "what?", ANNA], at_once=at_once)

    assert response["answered_by"] == ANNA
    assert response["results"] == {"112": "emergency_number", "what?": "invalid_number", ANNA: "answered"}


async def test_only_who_may_be_called_is_called(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, allowed_numbers=["+1 650 555 0101"])
    await people(line, anna=Kind.DEAD, bo=Kind.DEAD)

    response = await act(line, "dial", numbers=[BO, ANNA], hang_up=False)
    assert response["results"] == {BO: "number_not_allowed", ANNA: "answered"}
    assert await refused(line, "transfer", number=BO) == "number_not_allowed"
    assert [call.service.number for call in cloud.sip.exchange.dialled] == [ANNA]


async def test_an_automation_that_calls_again_and_again_is_stopped(line: Line) -> None:
    await people(line, anna=Kind.BUSY)
    for _ in range(call_limits.MOST_CALLS - 2):
        line.entry.runtime_data.limits.count()

    response = await act(line, "dial", numbers=[ANNA, BO, CLEO])
    assert response["results"] == {ANNA: "busy", BO: "unknown_number", CLEO: "too_many_calls_placed"}
    assert await refused(line, "dial", numbers=ANNA) == "too_many_calls_placed"


async def test_who_is_stopped_before_it_rings_leaves_nobody_calling(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    await people(line, anna=Kind.UNANSWERED)
    coordinator = line.entry.runtime_data
    dialling = asyncio.create_task(CallOut(coordinator, Errand()).in_turn([ANNA]))
    await asyncio.sleep(0)
    assert len(coordinator.phone.calls) == 1
    dialling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dialling

    await until(lambda: not coordinator.phone.calls)
    await line.told("ended")
    assert line.kinds == ["outgoing", "ended"]
    assert "failed" not in caplog.text


async def test_a_voice_that_fails_calls_nobody(line: Line) -> None:
    await people(line, anna=Kind.DEAD)

    assert await refused(line, "dial", numbers=ANNA, message="Fire") == "tts_missing"
    assert line.cloud.sip.exchange.dialled == []


async def test_without_a_port_nobody_is_called(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: MediaEngine) -> None:
        raise MediaError("none")

    monkeypatch.setattr(MediaEngine, "open", none)
    assert await refused(line, "dial", numbers=ANNA) == "no_free_port"


# Emergency services


async def move(line: Line, country: str | None) -> None:
    """Be in another country from now on."""
    await line.hass.config.async_update(country=country)
    await line.hass.async_block_till_done()


async def test_what_is_an_emergency_number_elsewhere_is_an_extension_here(line: Line) -> None:
    await move(line, "US")
    await line.cloud.sip.serve("110", Kind.BUSY)

    assert (await act(line, "dial", numbers="110"))["results"] == {"110": "busy"}
    assert await refused(line, "dial", numbers="9911") == "emergency_number"


@pytest.mark.parametrize("country", ["DE", None])
async def test_the_country_decides_and_without_one_all_countries_do(line: Line, country: str | None) -> None:
    await line.cloud.sip.serve("110", Kind.BUSY)
    await move(line, "US")
    await move(line, country)

    for number in ("110", "0110", "112", "911"):
        assert await refused(line, "dial", numbers=number) == "emergency_number"
    assert dialled(line) == []


async def test_help_is_called_where_that_is_chosen_whatever_holds_other_calls_back(
    hass: HomeAssistant, cloud: RingCentral, caplog: pytest.LogCaptureFixture
) -> None:
    line = await set_up_line(hass, cloud, allowed_numbers=[ANNA], emergency_calls=True)
    await line.cloud.sip.serve("911", Kind.DEAD)
    for _ in range(call_limits.MOST_CALLS):
        line.entry.runtime_data.limits.count()

    for _ in range(2):
        assert (await act(line, "dial", numbers=[ANNA, "911"]))["results"] == {
            ANNA: "too_many_calls_placed",
            "911": "answered",
        }
    assert dialled(line) == ["911", "911"]
    told = [record for record in caplog.records if "emergency" in record.getMessage()]
    assert [(record.levelname, "911" in record.getMessage()) for record in told] == [("WARNING", False)] * 2


async def test_calling_help_takes_nothing_from_other_calls(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, emergency_calls=True)
    await people(line, anna=Kind.BUSY)
    await line.cloud.sip.serve("911", Kind.BUSY)
    for _ in range(call_limits.MOST_CALLS - 1):
        line.entry.runtime_data.limits.count()

    assert (await act(line, "dial", numbers=["911", ANNA]))["results"] == {"911": "busy", ANNA: "busy"}


async def test_nobody_is_handed_on_to_help_and_no_test_goes_there(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, emergency_calls=True)
    await people(line, anna=Kind.DEAD)
    await line.cloud.sip.serve("911", Kind.DEAD)
    await act(line, "dial", numbers=ANNA, hang_up=False)

    assert await refused(line, "transfer", number="911") == "emergency_number"
    with pytest.raises(HomeAssistantError) as error:
        await async_test_line(line.entry.runtime_data, "911")
    assert error.value.translation_key == "emergency_number"
    assert dialled(line) == [ANNA]
