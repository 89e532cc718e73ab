"""Whatever a network sends: nothing raises, nothing takes long, and nothing secret shows."""

import logging
import time

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ringcentral.softphone.events import CallEnded, EndReason, FlowFailed
from tests.softphone.builders import (
    AUTHORIZATION_ID,
    CALLER,
    OFFER,
    PASSWORD,
    USERNAME,
    Line,
    invite,
    message,
    request,
    response,
    sdp_offer,
)


@pytest.fixture
def line() -> Line:
    return Line().register()


def hostile(**fields: bytes) -> bytes:
    """Return an INVITE with a header's value replaced."""
    data = invite()
    for name, value in fields.items():
        start = data.index(f"\r\n{name.replace('_', '-')}: ".encode()) + 4 + len(name)
        end = data.index(b"\r\n", start)
        data = data[:start] + value + data[end:]
    return data


@pytest.mark.parametrize(
    "data",
    [
        invite(sdp_offer("m=audio " + "9" * 5000 + " RTP/AVP 0")),
        invite(sdp_offer("m=audio 9 RTP/AVP " + "9" * 5000)),
        invite(headers=(("P-rc", '<Hdr Cmd="6"/><Bdy Nm="&#' + "9" * 5000 + ';"/>'),)),
        invite(headers=(("P-rc", '<Hdr Cmd="' + "6" * 5000 + '"/>'),)),
        invite(headers=(("P-Asserted-Identity", '"' + "\\" * 5000),)),
        invite(headers=(("Content-Type", "\udcff"),)),
        hostile(From=b'"\xff\xfe\x1b" <sip:\xff%ff%00@\xff>;tag=\xff'),
        hostile(To=b"<sip:\xff@x>;x=\xff"),
        hostile(Contact=b"<:>"),
        hostile(Contact=b"*"),
        hostile(Via=b"\xff"),
        hostile(CSeq="٣ INVITE".encode()),
    ],
    ids=[
        "port of many digits",
        "payload type of many digits",
        "reference of many digits",
        "command of many digits",
        "unclosed identity",
        "odd content type",
        "odd From",
        "odd To",
        "empty Contact",
        "star Contact",
        "odd Via",
        "digits of another script",
    ],
)
def test_no_invite_is_too_odd(line: Line, data: bytes) -> None:
    line.receive(data)
    for event in line.events():
        repr(event).encode()
    for call in line.agent.calls:
        assert (call.caller.name or "").isprintable()
        assert (call.caller.number or "").isprintable()
        line.agent.answer(call.call_id, 40000, line.now)
        line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    line.advance(64)
    assert line.agent.calls == []


def test_a_challenge_that_is_not_utf_8_is_answered() -> None:
    line = Line()
    challenge = ("WWW-Authenticate", 'Digest realm="\udcff", nonce="\udcfe"')
    assert len(line.receive(response(line.connect(), 401, challenge))) == 1


PIECES = [
    b"\r\n",
    b"\r\n\r\n",
    b"INVITE sip:a@b SIP/2.0\r\n",
    b"SIP/2.0 401 No\r\n",
    b"Via: SIP/2.0/TCP x;branch=1\r\n",
    b"From: <sip:a@b>;tag=1\r\n",
    b"To: <sip:c@d>\r\n",
    b"Call-ID: 1\r\n",
    b"CSeq: 1 INVITE\r\n",
    b"l: 0\r\n\r\n",
    b"l: 5\r\n\r\n",
    b"v=0\r\n",
    OFFER,
    invite(),
    request("CANCEL"),
    request("BYE"),
    request("MESSAGE", body=b'<Hdr Cmd="7"/><Bdy Cln="' + AUTHORIZATION_ID.encode() + b'"/>'),
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=80), max_size=12))
def test_random_bytes_never_raise(pieces: list[bytes]) -> None:
    line = Line().register()
    for piece in pieces:
        line.receive(piece)
    line.advance(300)
    line.agent.disconnected(line.now)
    assert line.agent.calls == []


@settings(max_examples=300)
@given(st.integers(0, len(invite()) - 1), st.binary(max_size=6), st.integers(0, 10))
def test_a_damaged_invite_never_raises(position: int, damage: bytes, removed: int) -> None:
    line = Line().register()
    data = invite()
    line.receive(data[:position] + damage + data[position + removed :], b"\r\n\r\n" * 40)
    line.advance(300)
    assert line.agent.calls == []


@pytest.mark.parametrize(
    "header", ["Contact", "Record-Route", "Reason", "P-Asserted-Identity", "P-rc", "Via"]
)
@pytest.mark.parametrize("unit", [" ", ",", '"', ";", "<", "a=", ';cause"', "\\"])
def test_a_hostile_header_takes_no_time(line: Line, header: str, unit: str) -> None:
    value = (unit * 60_000)[:60_000]
    started = time.perf_counter()
    line.receive(invite(headers=((header, value),)), request("CANCEL", headers=((header, value),)))
    assert time.perf_counter() - started < 2


# Secrets


def test_no_secret_or_number_is_logged(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    challenge = ("WWW-Authenticate", 'Digest realm="r", nonce="n"')
    (register,) = [wire for wire in line.advance(90) if wire.method == "REGISTER"]
    (authorized,) = line.receive(response(register, 401, challenge))
    answer = authorized.get("Authorization").partition('response="')[2][:32]
    line.receive(response(authorized, 403, reason=f"{CALLER} {PASSWORD}"))
    assert len(line.events()) == 1
    call, _ = line.talk()
    line.receive(
        invite(sdp_offer("m=audio 9 RTP/SAVP 0"), call_id="2"),
        request("OPTIONS", call_id=""),
        message(f"OPTIONS sip:{CALLER} SIP/9", (("To", CALLER),)),
        message("OPTIONS sip:a SIP/2.0", (("Via", "x"), ("Call-ID", "1"), ("CSeq", CALLER))),
    )
    line.receive(b"l: " + CALLER.encode() + b"\r\n\r\n")
    shown = caplog.text + repr(line.agent.calls) + repr(call)
    shown += repr([event for event in line.events() if isinstance(event, (CallEnded, FlowFailed))])
    assert "could not be taken" in shown
    assert "Ignoring a message" in shown
    for secret in (PASSWORD, AUTHORIZATION_ID, USERNAME, CALLER, CALLER[1:], answer):
        assert secret not in shown


def test_a_caller_nobody_can_take_fills_no_log(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(20):
        for kind, offer in enumerate((sdp_offer("m=audio 9 RTP/SAVP 0"), b"gibberish")):
            name = f"{kind}-{number}"
            (refused,) = line.receive(invite(offer, call_id=name, branch=f"z9hG4bK{name}"))
            assert refused.status == 488
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 2
