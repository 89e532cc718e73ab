"""Calls over SRTP, seen from the wire."""

from base64 import b64encode
from dataclasses import replace

import pytest

from custom_components.ringcentral.softphone import sdes, sdp
from custom_components.ringcentral.softphone.events import CallEnded, EndReason, MediaAgreed
from custom_components.ringcentral.softphone.media.srtp import MasterKey, SrtpKeys, Suite
from tests.softphone.builders import ACCOUNT, OFFER, Line, Wire, invite, request, sdp_offer

SHA1_80 = Suite.AES_CM_128_HMAC_SHA1_80
THEIRS = MasterKey(SHA1_80, b"their key and salt, 30 bytes..")
FRESH = MasterKey(SHA1_80, b"another key and salt, 30 bytes")


def secure(key: MasterKey, tag: int = 1) -> bytes:
    return sdp_offer("m=audio 50400 RTP/SAVP 0", attributes=(sdes.Crypto(tag, key).attribute(),))


@pytest.fixture
def line() -> Line:
    """A line that follows what is offered."""
    return Line().register()


@pytest.fixture
def strict_line() -> Line:
    """A line that requires SRTP."""
    return Line(replace(ACCOUNT, require_srtp=True)).register()


def agreed(line: Line) -> SrtpKeys | None:
    (event,) = [event for event in line.events() if isinstance(event, MediaAgreed)]
    return event.agreement.srtp


def cryptos(message: Wire) -> list[sdes.Crypto]:
    return sdes.usable(sdp.parse(message.body).media[0].attributes)


def profile(message: Wire) -> str:
    return sdp.parse(message.body).media[0].profile


def test_a_secure_call_has_a_key_of_each_side(line: Line) -> None:
    call, _ = line.ring(invite(secure(THEIRS, tag=5)))
    ok = line.answer(call)
    (ours,) = cryptos(ok)
    assert (ours.tag, ours.key.suite) == (5, SHA1_80)
    assert agreed(line) == SrtpKeys(ours.key, THEIRS)


def test_each_call_has_keys_of_its_own(line: Line) -> None:
    first, _ = line.ring(invite(secure(THEIRS)))
    second, _ = line.ring(invite(secure(THEIRS), call_id="second", branch="z9hG4bKsecond"))
    assert cryptos(line.answer(first)) != cryptos(line.answer(second))


def test_our_key_stays_while_theirs_changes(line: Line) -> None:
    call, tag = line.ring(invite(secure(THEIRS)))
    line.answer(call)
    before = agreed(line)
    assert before is not None
    line.receive(request("ACK", to_tag=tag))
    for number, (method, key) in enumerate([("INVITE", THEIRS), ("UPDATE", FRESH)], 31269):
        line.receive(request(method, to_tag=tag, cseq=number, body=secure(key), branch=f"z9hG4bK{number}"))
        line.receive(request("ACK", to_tag=tag, cseq=number))
        assert agreed(line) == replace(before, theirs=key)


def test_a_line_that_requires_srtp_refuses_a_plain_call(strict_line: Line) -> None:
    (refused,) = strict_line.receive(invite(OFFER))
    assert refused.status == 488
    assert strict_line.end_of(strict_line.events()).reason is EndReason.SRTP_REQUIRED


def test_a_line_that_requires_srtp_refuses_to_become_plain(strict_line: Line) -> None:
    _, tag = strict_line.talk(invite(secure(THEIRS)))
    (refused,) = strict_line.receive(request("INVITE", to_tag=tag, cseq=31269, body=OFFER))
    assert refused.status == 488
    assert len(strict_line.agent.calls) == 1


def test_a_line_that_does_not_require_srtp_follows_every_offer(line: Line) -> None:
    _, tag = line.talk(invite(secure(THEIRS)))
    (ok,) = line.receive(request("UPDATE", to_tag=tag, cseq=31269, body=OFFER))
    assert (ok.status, profile(ok), agreed(line)) == (200, "RTP/AVP", None)


def test_a_line_that_requires_srtp_offers_it(strict_line: Line) -> None:
    call, tag = strict_line.ring(invite(b""))
    ok = strict_line.answer(call)
    assert profile(ok) == "RTP/SAVP"
    first, second = cryptos(ok)
    assert [first.key.suite, second.key.suite] == list(Suite)
    strict_line.events()
    strict_line.receive(request("ACK", to_tag=tag, body=secure(THEIRS, tag=1)))
    assert agreed(strict_line) == SrtpKeys(first.key, THEIRS)


def test_a_plain_answer_to_a_secure_offer_ends_the_call(strict_line: Line) -> None:
    call, tag = strict_line.ring(invite(b""))
    strict_line.answer(call)
    (bye,) = strict_line.receive(request("ACK", to_tag=tag, body=OFFER))
    assert bye.start.startswith("BYE ")
    ended = strict_line.end_of(strict_line.events())
    assert isinstance(ended, CallEnded) and ended.reason is EndReason.NETWORK_ERROR


@pytest.mark.parametrize(("offer", "expected"), [(secure(THEIRS), "RTP/SAVP"), (OFFER, "RTP/AVP")])
def test_our_offer_in_a_call_is_as_secure_as_the_call(line: Line, offer: bytes, expected: str) -> None:
    _, tag = line.talk(invite(offer))
    (ok,) = line.receive(request("INVITE", to_tag=tag, cseq=31269))
    assert profile(ok) == expected


def test_no_key_shows_in_what_happened(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    call, _ = line.ring(invite(secure(THEIRS)))
    (ours,) = cryptos(line.answer(call))
    shown = f"{line.events()!r} {caplog.text}"
    for secret in (THEIRS.secret, ours.key.secret):
        assert repr(secret)[2:-1] not in shown
        assert b64encode(secret).decode() not in shown
