"""One account after another over the same connection, seen from the wire."""

from dataclasses import replace

import pytest

from custom_components.ringcentral.softphone.account import Account
from custom_components.ringcentral.softphone.events import (
    CallEnded,
    EndReason,
    FlowFailed,
    MailboxChanged,
    PhoneEvent,
    ProvisioningAsked,
    Registered,
    RegistrationRefused,
    Unregistered,
)
from custom_components.ringcentral.softphone.line.registration import ANSWER_TIMEOUT, RegistrationState
from tests.softphone.builders import ACCOUNT, DOMAIN, Line, Wire, request, response

CHALLENGE = ("Proxy-Authenticate", f'Digest realm="{DOMAIN}", nonce="n"')
OTHER_PASSWORD = replace(ACCOUNT, password="other")
OTHER_DEVICE = replace(ACCOUNT, authorization_id="620", password="other")
OTHER_USER = replace(ACCOUNT, username="620", authorization_id="620", password="other")


@pytest.fixture
def line() -> Line:
    return Line().register()


def change(line: Line, account: Account) -> list[Wire]:
    line.agent.change_account(account, line.now)
    return line.sent()


def granted(line: Line, register: Wire) -> list[PhoneEvent]:
    line.receive(response(register, 200, ("Expires", "600")))
    return line.events()


def test_another_password_registers_anew_at_once(line: Line) -> None:
    (register,) = change(line, OTHER_PASSWORD)
    assert register.get("To") == f"<sip:{ACCOUNT.username}@{DOMAIN}>"
    assert register.get("Expires") == "600"
    assert [type(event) for event in granted(line, register)] == [Registered]
    assert line.events() == []


def test_a_challenge_is_answered_with_the_new_credentials(line: Line) -> None:
    _, register = change(line, OTHER_USER)
    (proof,) = line.receive(response(register, 407, CHALLENGE))
    assert 'username="620"' in proof.get("Proxy-Authorization")


def test_another_user_registers_while_the_former_is_given_back(line: Line) -> None:
    back, register = change(line, OTHER_USER)
    assert (back.get("To"), back.get("Expires")) == (f"<sip:{ACCOUNT.username}@{DOMAIN}>", "0")
    assert (register.get("To"), register.get("Expires")) == (f"<sip:620@{DOMAIN}>", "600")

    (proof,) = line.receive(response(back, 407, CHALLENGE))
    assert (proof.get("Expires"), proof.get("To")) == ("0", back.get("To"))
    assert [type(event) for event in granted(line, register)] == [Registered]
    assert line.receive(response(proof, 200)) == []
    assert line.events() == []


def test_another_device_of_the_same_user_registers_once_the_former_is_given_back(line: Line) -> None:
    (back,) = change(line, OTHER_DEVICE)
    assert back.get("Expires") == "0"
    (register,) = line.receive(response(back, 200))
    assert register.get("Expires") == "600"
    assert [type(event) for event in granted(line, register)] == [Registered]


def test_a_former_account_that_is_not_let_go_holds_nothing_up(line: Line) -> None:
    (back,) = change(line, OTHER_DEVICE)
    assert back.get("Expires") == "0"
    (register,) = line.advance(ANSWER_TIMEOUT)
    assert register.get("Expires") == "600"
    assert line.events() == []
    assert [type(event) for event in granted(line, register)] == [Registered]


def test_a_former_account_that_was_refused_is_not_given_back() -> None:
    line = Line()
    line.receive(response(line.connect(), 200, ("Expires", "600")))
    line.events()
    line.talk()
    (refresh,) = line.advance(30)
    line.receive(response(refresh, 403))
    (refused,) = [event for event in line.events() if isinstance(event, RegistrationRefused)]
    assert refused.kept

    (register,) = change(line, OTHER_USER)
    assert register.get("To") == f"<sip:620@{DOMAIN}>"
    assert [type(event) for event in granted(line, register)] == [Registered]
    assert len(line.agent.calls) == 1


def test_without_a_connection_the_next_one_registers_the_new_account(line: Line) -> None:
    line.agent.disconnected(line.now)
    assert change(line, OTHER_USER) == []
    assert line.connect().get("To") == f"<sip:620@{DOMAIN}>"


def test_a_connection_that_is_lost_meanwhile_leaves_nothing_of_the_former(line: Line) -> None:
    change(line, OTHER_DEVICE)
    line.agent.disconnected(line.now)
    assert line.agent.next_deadline is None
    register = line.connect()
    assert register.get("Expires") == "600"
    assert [type(event) for event in granted(line, register)] == [Registered]


def test_a_phone_that_leaves_meanwhile_doesnt_register_any_more(line: Line) -> None:
    (back,) = change(line, OTHER_DEVICE)
    line.agent.shut_down(line.now)
    assert line.events() == []
    (proof,) = line.receive(response(back, 407, CHALLENGE))
    assert line.events() == []
    assert line.receive(response(proof, 200)) == []
    assert line.events() == [Unregistered()]
    assert change(line, ACCOUNT) == []


def test_a_phone_that_leaves_meanwhile_gives_both_accounts_back(line: Line) -> None:
    former, register = change(line, OTHER_USER)
    granted(line, register)
    line.agent.shut_down(line.now)
    (back,) = line.sent()
    assert (back.get("To"), back.get("Expires")) == (f"<sip:620@{DOMAIN}>", "0")
    assert line.receive(response(back, 200)) == []
    assert line.events() == []
    assert line.receive(response(former, 200)) == []
    assert line.events() == [Unregistered()]


def test_a_phone_that_leaves_twice_waits_for_the_challenge_all_the_same(line: Line) -> None:
    line.agent.give_back(line.now)
    (back,) = line.sent()
    line.agent.shut_down(line.now)
    assert (line.sent(), line.events()) == ([], [])
    (proof,) = line.receive(response(back, 407, CHALLENGE))
    assert proof.get("Expires") == "0"
    line.receive(response(proof, 200))
    assert line.events() == [Unregistered()]


def test_a_phone_that_is_leaving_registers_nothing_new(line: Line) -> None:
    line.agent.shut_down(line.now)
    (back,) = line.sent()
    assert change(line, OTHER_USER) == []
    assert line.receive(response(back, 200)) == []
    assert line.agent._registration.state is RegistrationState.IDLE


def test_a_new_account_the_server_is_silent_to_costs_the_connection(line: Line) -> None:
    change(line, OTHER_PASSWORD)
    line.advance(ANSWER_TIMEOUT)
    assert line.events() == [FlowFailed("the server doesn't answer")]


def test_a_call_goes_on_and_ends_under_the_new_account(line: Line) -> None:
    call, tag = line.talk()
    (register,) = change(line, OTHER_PASSWORD)
    granted(line, register)
    assert [other.call_id for other in line.agent.calls] == [call.call_id]
    (ok,) = line.receive(request("BYE", to_tag=tag, cseq=31269))
    assert ok.status == 200
    (ended,) = line.events()
    assert isinstance(ended, CallEnded)


def test_a_challenge_in_a_call_is_answered_with_the_new_credentials(line: Line) -> None:
    call, _ = line.talk()
    change(line, OTHER_USER)
    line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, line.now)
    (bye,) = line.sent()
    (proof,) = line.receive(response(bye, 407, CHALLENGE))
    assert 'username="620"' in proof.get("Proxy-Authorization")


# Asked to fetch new settings


@pytest.mark.parametrize("name", ["Event", "o"])
@pytest.mark.parametrize("value", ["check-sync", "Check-Sync;reboot=true", " check-sync ; reboot=false"])
def test_a_server_may_ask_for_provisioning(line: Line, name: str, value: str) -> None:
    (ok,) = line.receive(request("NOTIFY", headers=((name, value),)))
    assert ok.status == 200
    assert line.events() == [ProvisioningAsked()]


def test_provisioning_may_be_asked_for_while_a_refresh_is_on_its_way(line: Line) -> None:
    line.advance(90)
    line.receive(request("NOTIFY", headers=(("Event", "check-sync"),)))
    assert line.events() == [ProvisioningAsked()]


@pytest.mark.parametrize(
    ("method", "event", "to_tag"),
    [
        ("NOTIFY", "message-summary.winfo", ""),
        ("NOTIFY", "message-summary", "somebody"),
        ("MESSAGE", "message-summary", ""),
        ("NOTIFY", "check-sync.winfo", ""),
        ("NOTIFY", "check-sync", "somebody"),
        ("OPTIONS", "check-sync", ""),
    ],
)
def test_other_news_ask_for_nothing(line: Line, method: str, event: str, to_tag: str) -> None:
    line.receive(request(method, headers=(("Event", event),), to_tag=to_tag))
    assert line.events() == []


NEW_MESSAGE = b'<Msg><Hdr SID="" Req="" Cmd="3"/><Bdy/></Msg>'


@pytest.mark.parametrize(
    "news",
    [
        request("NOTIFY", headers=(("Event", "message-summary"),), body=b"Messages-Waiting: yes\r\n"),
        request("NOTIFY", headers=(("o", " Message-Summary;id=7"),)),
        request("MESSAGE", headers=(("Content-Type", "x-rc/agent"),), body=NEW_MESSAGE),
    ],
)
def test_a_server_may_tell_of_a_new_message(line: Line, news: bytes) -> None:
    (ok,) = line.receive(news)
    assert ok.status == 200
    assert line.events() == [MailboxChanged()]


@pytest.mark.parametrize(
    "body", [b"", b"\xff", NEW_MESSAGE.replace(b"3", b"6"), NEW_MESSAGE.replace(b"3", b"33")]
)
def test_other_messages_tell_of_none(line: Line, body: bytes) -> None:
    (ok,) = line.receive(request("MESSAGE", body=body))
    assert (ok.status, line.events()) == (200, [])


def test_nobody_may_ask_for_provisioning_who_has_not_registered_us() -> None:
    line = Line()
    line.connect()
    line.receive(request("NOTIFY", headers=(("Event", "check-sync"),)))
    assert line.events() == []
