"""How RingCentral words things."""

import xml.etree.ElementTree as ET

import pytest

from simulator.dialect import (
    Address,
    Dialect,
    Direction,
    Party,
    Session,
    description,
    from_header,
    invite_headers,
)
from simulator.registrar import Account

PARTY = Party("+16505550100", 'Tom "T" & Co')
SESSION = Session(sid="35464233129848", request="{GUID}", telephony="33f7", agent="#996016")


def headers(dialect: Dialect, account: Account | None = None) -> dict[str, str]:
    return dict(invite_headers(dialect, PARTY, account or Account(), SESSION, "127.0.0.1"))


def test_a_display_name_is_quoted() -> None:
    assert from_header(Dialect(), PARTY, "h") == r'"Tom \"T\" & Co" <sip:+16505550100@h>'
    assert from_header(Dialect(anonymous=True), PARTY, "h") == '"Anonymous" <sip:anonymous@h>'


def test_a_device_gets_session_ids_and_the_asserted_identity_but_no_control_message() -> None:
    found = headers(Dialect())

    assert found["p-rc-api-ids"] == "party-id=p-33f7-2;session-id=s-33f7"
    assert found["P-Asserted-Identity"].endswith("<sip:+16505550100@127.0.0.1>")
    assert found["Session-Expires"] == "14400;refresher=uac"
    assert found["Min-SE"] == "90"
    assert not {"P-rc", "Alert-Info", "p-rc-api-call-info"} & set(found)


@pytest.mark.parametrize(
    ("dialect", "account"),
    [(Dialect(control=True), Account()), (Dialect(), Account(provisioned=True))],
)
def test_a_provisioned_device_gets_the_control_message(dialect: Dialect, account: Account) -> None:
    message = ET.fromstring(headers(dialect, account)["P-rc"])
    head, body = message

    assert (head.get("SID"), head.get("Req"), head.get("Cmd")) == ("35464233129848", "{GUID}", "6")
    assert head.get("From") == "#996016@sip.ringcentral.com:5060"
    assert (body.get("Phn"), body.get("Nm")) == ("+16505550100", 'Tom "T" & Co')
    assert (body.get("ToPhn"), body.get("ToNm")) == ("+16505550123", "Home")


def test_who_is_anonymous_is_not_named_anywhere() -> None:
    found = headers(Dialect(anonymous=True, control=True))

    assert "P-Asserted-Identity" not in found
    assert not [value for value in found.values() if "6505550100" in value]


def test_a_queue_and_an_automatic_answer_are_announced() -> None:
    found = headers(Dialect(queue="Sales", auto_answer=True))

    assert found["p-rc-api-call-info"] == "callAttributes=queue-call;queueName=Sales"
    assert found["Alert-Info"] == "Auto Answer"
    assert found["Call-Info"].endswith(";Answer-After=0")


def test_the_description_lists_the_codecs_in_lower_case() -> None:
    lines = (
        description(Address("127.0.0.1", 30000), version=4, direction=Direction.SEND).decode().split("\r\n")
    )

    assert lines[:6] == [
        "v=0",
        "o=- 210000 4 IN IP4 127.0.0.1",
        "s=SmcSip",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        "m=audio 30000 RTP/AVP 111 9 0 18 96 8 109 101",
    ]
    assert "a=rtpmap:0 pcmu/8000" in lines
    assert lines[-2:] == ["a=sendonly", ""]


def test_unknown_codecs_go_without_a_name() -> None:
    body = description(Address("127.0.0.1", 30000), version=1, codecs="0 77")

    assert body.count(b"a=rtpmap") == 1
