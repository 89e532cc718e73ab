"""What one does with a call, through the signalling shell."""

import asyncio

import pytest

from custom_components.ringcentral.softphone.calls.call import UnknownCallError
from custom_components.ringcentral.softphone.calls.dialing import (
    DialError,
    EmergencyNumberError,
    InvalidNumberError,
    NoLineError,
    TransferPendingError,
)
from custom_components.ringcentral.softphone.events import CallEnded, Decline, EndReason
from tests.softphone.builders import DOMAIN, picked_up, request, response, sdp_offer
from tests.softphone.household import Household


async def test_a_call_is_turned_down(home: Household) -> None:
    call = await home.ring()
    home.phone.decline(call.call_id, Decline.BUSY)
    await home.server.expect("SIP/2.0 486")
    assert (await home.next(CallEnded)).reason is EndReason.BUSY
    with pytest.raises(UnknownCallError):
        home.phone.decline(call.call_id, Decline.BUSY)


async def test_a_call_is_held_and_taken_up_again(home: Household) -> None:
    call, _ = await home.talk()
    for begin, said, heard in (
        (home.phone.hold, "sendonly", "recvonly"),
        (home.phone.unhold, "sendrecv", "sendrecv"),
    ):
        agreed = begin(call.call_id)
        asked = await home.server.expect("INVITE")
        assert f"a={said}" in asked.sdp
        home.server.send(picked_up(asked, body=sdp_offer("m=audio 50400 RTP/AVP 0 101", attributes=(heard,))))
        assert await agreed
    (fake,) = home.media.sessions
    assert [(terms["sending"], terms["receiving"]) for terms in fake.agreed] == [
        (True, True),
        (True, False),
        (True, True),
    ]


async def test_who_waits_no_longer_is_told_nothing(home: Household) -> None:
    call, _ = await home.talk()
    agreed = home.phone.hold(call.call_id)
    agreed.cancel()
    home.phone.hang_up(call.call_id)
    await home.next(CallEnded)
    assert agreed.cancelled()


async def test_a_call_is_handed_on(home: Household) -> None:
    call, tag = await home.talk()
    result = home.phone.transfer(call.call_id, "+1 650 555 0133")
    asked = await home.server.expect("REFER")
    assert asked.get("Refer-To") == f"<sip:+16505550133@{DOMAIN}>"
    with pytest.raises(TransferPendingError):
        home.phone.transfer(call.call_id, "1001")
    headers = (("Event", "refer"), ("Subscription-State", "terminated"))
    home.server.send(
        response(asked, 202),
        request("NOTIFY", to_tag=tag, cseq=31269, headers=headers, body=b"SIP/2.0 200 OK"),
    )
    async with asyncio.timeout(5):
        assert await result is EndReason.TRANSFERRED
    await home.server.expect("BYE")
    assert (await home.next(CallEnded)).reason is EndReason.TRANSFERRED


@pytest.mark.parametrize(
    ("number", "error"), [("911", EmergencyNumberError), ("call me", InvalidNumberError)]
)
async def test_nobody_is_handed_on_to_whom_must_not_be_called(
    home: Household, number: str, error: type[DialError]
) -> None:
    call, _ = await home.talk()
    with pytest.raises(error):
        home.phone.transfer(call.call_id, number)


async def test_nobody_is_handed_on_to_what_is_told_to_be_an_emergency_number(home: Household) -> None:
    home.phone._is_emergency = {"1001"}.__contains__
    call, _ = await home.talk()
    with pytest.raises(EmergencyNumberError):
        home.phone.transfer(call.call_id, "1001")


async def test_without_a_line_nothing_is_handed_on(stranger: Household) -> None:
    with pytest.raises(NoLineError):
        stranger.phone.transfer("any", "1001")
