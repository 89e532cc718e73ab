"""One call, message by message."""

from random import Random

import pytest

from simulator.call import Call, State
from simulator.caller import Caller, Manner, Step, Transfers
from simulator.dialect import Address, Dialect
from simulator.keys import tones_in
from simulator.presses import Press, Way
from simulator.registrar import Account
from simulator.rtp import Packet
from simulator.voice import SILENCE
from simulator.wire import Message, param, uri_of

from .fake_phone import CONTACT, ask, respond, sdp

SERVER, MEDIA = Address("127.0.0.1", 5090), Address("127.0.0.1", 30000)
PHONE = Address("127.0.0.1", 40000)
TALKER = Caller(manner=Manner(stay=True))


class Scene:
    """A call, and the phone's hand on the other end."""

    def __init__(
        self, caller: Caller = TALKER, dialect: Dialect | None = None, account: Account | None = None
    ) -> None:
        self.call = Call(
            account or Account(),
            caller,
            dialect or Dialect(),
            CONTACT,
            signalling=SERVER,
            media=MEDIA,
            random=Random(7),
            now=0.0,
        )
        (self.invite,) = self.take()

    def take(self) -> list[Message]:
        messages = list(self.call.outbox)
        self.call.outbox.clear()
        return messages

    def get(self, message: Message, now: float = 1.0) -> list[Message]:
        """Give the call a message of the phone; what it sends."""
        self.call.received(message, now)
        return self.take()

    def at(self, now: float) -> list[Message]:
        """Let time pass; what the call sends."""
        self.call.due(now)
        return self.take()

    def ring(self) -> None:
        assert self.get(respond(self.invite, 180), 0.5) == []

    def answer(self, body: bytes | None = None) -> Message:
        """Ring and answer at 1.0; the ACK."""
        self.ring()
        (ack,) = self.get(respond(self.invite, 200, body=sdp() if body is None else body), 1.0)
        return ack

    @property
    def said(self) -> list[str]:
        return [text for _, text in self.call.events]


def methods(messages: list[Message]) -> list[str]:
    return [message.method for message in messages]


def test_the_invite_is_addressed_to_the_registered_contact() -> None:
    invite = Scene().invite

    assert invite.uri == CONTACT
    assert invite.get("To") == "<sip:16505550123*115@sip.ringcentral.com>"
    assert (invite.get("From") or "").startswith('"WIRELESS CALLER" <sip:+16505550100@127.0.0.1>;tag=')
    assert invite.vias[0].startswith("SIP/2.0/TCP 127.0.0.1:5090;branch=z9hG4bK")
    assert len(invite.vias) == 1
    assert b"m=audio 30000 RTP/AVP 111 9 0 18 96 8 109 101\r\n" in invite.body


def test_an_anonymous_call_names_its_number_nowhere() -> None:
    invite = Scene(dialect=Dialect(anonymous=True, control=True)).invite

    assert b"6505550100" not in invite.encode()


def test_an_answered_call_is_acknowledged_and_sound_may_flow() -> None:
    scene = Scene()
    ack = scene.answer()

    assert (ack.method, ack.uri, ack.cseq) == ("ACK", CONTACT, (scene.invite.cseq[0], "ACK"))
    assert param(ack.get("To") or "", "tag") == "phone"
    assert param(ack.vias[0], "branch") != param(scene.invite.vias[0], "branch")
    assert ack.body == b""
    assert scene.call.state is State.TALKING
    assert scene.said == ["calling", "ringing", "answered"]
    assert scene.call.violations == []


def test_ringing_is_told_once() -> None:
    scene = Scene()
    for status in (100, 180, 180):
        scene.get(respond(scene.invite, status))

    assert scene.said == ["calling", "ringing"]
    assert scene.call.deadline == 30.0


def test_a_repeated_answer_is_acknowledged_again() -> None:
    scene = Scene()
    scene.answer()

    assert methods(scene.get(respond(scene.invite, 200, body=sdp()))) == ["ACK"]
    assert scene.call.answers == 2
    assert scene.call.violations == []


def test_two_tags_in_one_dialog_are_noticed() -> None:
    scene = Scene()
    scene.ring()
    scene.get(respond(scene.invite, 200, body=sdp(), tag="new"))

    assert scene.call.violations == ["200 to INVITE: another To tag"]


def test_a_call_without_an_offer_takes_the_phone_s_and_answers_in_the_ack() -> None:
    scene = Scene(dialect=Dialect(offer=False))
    assert scene.invite.body == b""
    assert scene.invite.get("Content-Type") is None

    ack = scene.answer(sdp(codecs="0 97 101"))

    assert ack.get("Content-Type") == "application/sdp"
    assert b"m=audio 30000 RTP/AVP 0 101\r\n" in ack.body
    assert scene.call.violations == []


def test_an_answer_without_sound_is_noticed_and_hung_up_on() -> None:
    scene = Scene()
    scene.ring()

    assert methods(scene.get(respond(scene.invite, 200))) == ["ACK", "BYE"]
    assert scene.call.violations == ["SDP in INVITE: Content-Type is not application/sdp"]


@pytest.mark.parametrize("status", [486, 603, 480, 302])
def test_a_refusal_is_acknowledged_in_its_transaction(status: int) -> None:
    scene = Scene()
    scene.ring()
    (ack,) = scene.get(respond(scene.invite, status))

    assert (ack.method, ack.uri, ack.vias) == ("ACK", scene.invite.uri, scene.invite.vias)
    assert (scene.call.outcome, scene.call.status) == (f"refused: {status}", status)
    assert scene.call.violations == []


def test_who_is_tired_of_ringing_cancels() -> None:
    scene = Scene(Caller(ring_for=20))
    scene.ring()
    assert scene.call.deadline == 20
    assert scene.at(19.9) == []

    (cancel,) = scene.at(20)

    assert (cancel.uri, cancel.vias, cancel.cseq) == (
        scene.invite.uri,
        scene.invite.vias,
        (scene.invite.cseq[0], "CANCEL"),
    )
    assert cancel.get("To") == scene.invite.get("To")
    assert cancel.get("Reason") is None
    assert scene.get(respond(cancel, 200)) == []
    assert methods(scene.get(respond(scene.invite, 487))) == ["ACK"]
    assert scene.call.outcome == "cancelled"
    assert scene.call.ended
    assert scene.call.violations == []


def test_the_answers_to_a_cancel_may_come_the_other_way_round() -> None:
    scene = Scene(Caller(ring_for=20))
    scene.ring()
    (cancel,) = scene.at(20)
    scene.get(respond(scene.invite, 487))
    assert not scene.call.ended

    scene.get(respond(cancel, 200))

    assert scene.call.outcome == "cancelled"
    assert scene.call.violations == []


def test_a_cancel_without_its_487_is_noticed() -> None:
    scene = Scene(Caller(ring_for=20))
    scene.ring()
    (cancel,) = scene.at(20)
    scene.get(respond(cancel, 200))
    scene.at(scene.call.deadline or 0)

    assert scene.call.violations == ["no 487 after CANCEL"]
    assert scene.call.outcome == "no response"


def test_a_cancel_without_its_own_200_is_noticed() -> None:
    scene = Scene(Caller(ring_for=20))
    scene.ring()
    scene.at(20)
    scene.get(respond(scene.invite, 487))
    scene.at(25)

    assert scene.call.violations == ["no response to CANCEL"]


def test_another_refusal_after_a_cancel_is_noticed() -> None:
    scene = Scene(Caller(ring_for=20))
    scene.ring()
    scene.at(20)
    scene.get(respond(scene.invite, 486))

    assert scene.call.violations == ["486 to INVITE: not 487 after CANCEL"]


@pytest.mark.parametrize("status", [200, 481])
def test_an_answer_that_crosses_a_cancel_is_acknowledged_and_left(status: int) -> None:
    scene = Scene(Caller(ring_for=20))
    scene.ring()
    (cancel,) = scene.at(20)

    ack, bye = scene.get(respond(scene.invite, 200, body=sdp()))
    scene.get(respond(cancel, status))
    scene.get(respond(bye, 200))

    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert scene.call.outcome == "caller hung up"
    assert scene.call.violations == []


def test_before_the_phone_says_anything_nothing_is_cancelled() -> None:
    scene = Scene(Caller(ring_for=1, while_ringing=((0.5, Step.CANCEL),)))

    assert scene.at(2) == []
    assert methods(scene.get(respond(scene.invite, 100, tag=""), 2.0) + scene.at(2.1)) == ["CANCEL"]


def test_a_silent_phone_is_given_up() -> None:
    scene = Scene()
    assert scene.call.deadline == 32
    scene.at(32)

    assert scene.call.violations == ["no response to INVITE"]


def test_an_answer_that_comes_too_late_is_held_against_the_phone_once() -> None:
    scene = Scene(Caller(ring_for=20))
    scene.ring()
    (cancel,) = scene.at(20)
    scene.at(26)
    scene.get(respond(cancel, 200), 27.0)

    assert scene.call.violations == ["no response to CANCEL"]


def test_answered_elsewhere_has_a_reason() -> None:
    scene = Scene()
    scene.ring()
    scene.call.do(Step.ANSWERED_ELSEWHERE, 1.0)
    (cancel,) = scene.take()

    assert cancel.get("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'


def test_processed_by_us_is_said_first_and_cancelled_then() -> None:
    account = Account(provisioned=True)
    scene = Scene(Caller(while_ringing=((1, Step.PROCESSED_BY_US),)), account=account)
    scene.ring()
    (message,) = scene.at(1)

    assert message.call_id == scene.call.call_id
    assert message.get("Content-Type") == "x-rc/agent"
    assert f'Cmd="7"/><Bdy Cln="{account.authorization_id}"'.encode() in message.body
    scene.get(respond(message, 200, tag="any"))
    assert methods(scene.at(1.2)) == ["CANCEL"]
    assert scene.call.violations == []


def test_processed_by_another_instance_rings_on() -> None:
    scene = Scene()
    scene.ring()
    scene.call.do(Step.PROCESSED_BY_OTHER, 1.0)
    (message,) = scene.take()
    scene.get(respond(message, 200, tag="any"))

    assert b'Cln="802398000001"' in message.body
    assert scene.at(10) == []
    assert scene.call.state is State.RINGING


def test_hold_and_resume_are_negotiated_and_stop_the_sound() -> None:
    scene = Scene()
    scene.answer()
    scene.call.do(Step.HOLD, 2.0)
    (hold,) = scene.take()
    assert hold.body.endswith(b"a=sendonly\r\n")
    assert scene.get(respond(hold, 100)) == []
    (ack,) = scene.get(respond(hold, 200, body=sdp(version=2, direction="recvonly")))
    assert ack.cseq == (hold.cseq[0], "ACK")
    held = scene.call.voice.paused
    scene.call.do(Step.RESUME, 3.0)
    (resume,) = scene.take()
    scene.get(respond(resume, 200, body=sdp(version=3)))

    assert (held, scene.call.voice.paused) == (True, False)
    assert scene.said[-2:] == ["on hold", "resumed"]
    assert scene.call.violations == []


def test_a_repeated_answer_to_a_later_invite_is_acknowledged_again() -> None:
    scene = Scene()
    scene.answer()
    scene.call.do(Step.REFRESH, 2.0)
    (refresh,) = scene.take()
    answer = respond(refresh, 200, body=sdp())

    assert methods(scene.get(answer)) == methods(scene.get(answer)) == ["ACK"]
    assert scene.call.violations == []


def test_a_second_invite_waits_until_the_first_is_answered() -> None:
    scene = Scene()
    scene.answer()
    scene.call.do(Step.HOLD, 2.0)
    (hold,) = scene.take()
    scene.call.do(Step.RESUME, 2.1)
    assert scene.take() == []
    scene.get(respond(hold, 200, body=sdp(version=2, direction="recvonly")), 2.2)
    scene.call.due(2.6)

    (resume,) = scene.take()
    assert resume.method == "INVITE"
    assert resume.body.endswith(b"a=sendrecv\r\n")
    assert scene.call.violations == []


def test_a_refresh_changes_nothing() -> None:
    scene = Scene()
    scene.answer()
    scene.call.do(Step.REFRESH, 2.0)
    (refresh,) = scene.take()
    scene.get(respond(refresh, 200, body=sdp()))

    assert refresh.body.endswith(b"a=sendrecv\r\n")
    assert scene.said == ["calling", "ringing", "answered"]
    assert scene.call.violations == []


def test_a_refused_reinvite_is_noticed_and_acknowledged_in_its_transaction() -> None:
    scene = Scene()
    scene.answer()
    scene.call.do(Step.HOLD, 2.0)
    (hold,) = scene.take()
    (ack,) = scene.get(respond(hold, 488))

    assert ack.vias == hold.vias
    assert scene.call.violations == ["488 to INVITE"]


@pytest.mark.parametrize("step", [Step.UPDATE, Step.INFO, Step.OPTIONS, Step.NOTIFY])
def test_enquiries_want_a_200(step: Step) -> None:
    scene = Scene()
    scene.answer()
    scene.call.do(step, 2.0)
    (asked,) = scene.take()
    assert asked.method == step.name
    scene.get(respond(asked, 200))
    assert scene.call.violations == []

    scene.call.do(step, 3.0)
    (asked,) = scene.take()
    scene.get(respond(asked, 501))
    assert scene.call.violations == [f"501 to {step.name}"]


@pytest.mark.parametrize("way", [Way.RELAY, Way.BARE])
def test_a_key_may_be_pressed_by_a_request(way: Way) -> None:
    scene = Scene(Caller(manner=Manner(stay=True), while_talking=((1.0, Press("5", way)),)))
    scene.answer()
    (asked,) = scene.at(2.5)
    assert (asked.method, asked.get("Content-Type")) == (
        "INFO",
        f"application/{'dtmf-relay' if way is Way.RELAY else 'dtmf'}",
    )
    scene.get(respond(asked, 200))
    assert scene.call.violations == []


@pytest.mark.parametrize("way", [Way.EVENT, Way.TONES])
def test_a_key_may_be_pressed_in_the_sound(way: Way) -> None:
    scene = Scene(Caller(manner=Manner(stay=True, latch=False), while_talking=((1.0, Press("5", way)),)))
    scene.answer()
    sent = [Packet.parse(data) for at in range(100, 130) for data, _ in scene.call.due(at / 50)]
    events = [packet for packet in sent if packet and packet.payload_type == 101]
    sound = b"".join(packet.payload for packet in sent if packet and packet.payload_type == 0)
    assert (len(events) == 7, tones_in(sound[len(sound) % 160 :])) == (
        (True, "") if way is Way.EVENT else (False, "5")
    )
    assert scene.take() == []


def test_a_key_that_is_pressed_too_early_is_none() -> None:
    scene = Scene()
    scene.ring()
    for way in Way:
        scene.call.do(Press("5", way), 0.6)
    assert scene.take() == []


def test_keys_of_the_phone_are_heard() -> None:
    scene = Scene()
    scene.answer()
    body = b"Signal=5\r\nDuration=100\r\n"
    scene.get(ask(scene.invite, "INFO", headers=(("Content-Type", "application/dtmf-relay"),), body=body))
    assert scene.call.voice.keys.keys == "5"
    assert scene.call.violations == []


def test_an_enquiry_without_an_answer_is_noticed() -> None:
    scene = Scene()
    scene.answer()
    scene.call.do(Step.UPDATE, 2.0)
    assert scene.call.deadline == 7.0
    scene.at(7.0)

    assert scene.call.violations == ["no response to UPDATE"]


@pytest.mark.parametrize("step", list(Step))
def test_a_step_at_the_wrong_time_does_nothing(step: Step) -> None:
    scene = Scene()
    scene.get(respond(scene.invite, 486))
    scene.call.do(step, 2.0)

    assert scene.take() == []


def test_the_script_of_a_talk_is_followed() -> None:
    caller = Caller(manner=Manner(stay=True), while_talking=((1, Step.HOLD), (2, Step.HANG_UP)))
    scene = Scene(caller)
    scene.answer()
    assert scene.call.deadline == 2.0

    assert methods(scene.at(2.0)) == ["INVITE"]
    assert methods(scene.at(3.0)) == ["BYE"]


def test_who_has_said_everything_hangs_up() -> None:
    scene = Scene(Caller(manner=Manner(speech=SILENCE, speak_at_once=True, latch=False)))
    scene.answer()

    (bye,) = scene.at(10.0)
    scene.get(respond(bye, 200), 10.1)

    assert len(scene.call.voice.sent) == 26
    assert scene.call.outcome == "caller hung up"
    assert scene.said[-2:] == ["hangs up", "caller hung up"]
    assert scene.call.violations == []


def test_sound_goes_to_where_it_came_from() -> None:
    scene = Scene()
    scene.answer()
    scene.call.voice.receive(Packet(0, 1, 1, 1, SILENCE).encode(), PHONE, 1.5)

    ((data, to),) = scene.call.due(1.5)

    assert (len(data), to) == (172, PHONE)


def test_the_phone_hangs_up() -> None:
    scene = Scene()
    scene.answer()

    (answer,) = scene.get(ask(scene.invite, "BYE"))

    assert (answer.status, scene.call.outcome) == (200, "phone hung up")
    assert scene.call.violations == []


def test_both_may_hang_up_at_once() -> None:
    scene = Scene()
    scene.answer()
    scene.call.do(Step.HANG_UP, 2.0)
    (bye,) = scene.take()
    (answer,) = scene.get(ask(scene.invite, "BYE"))
    assert scene.get(respond(bye, 200)) == []

    assert answer.status == 200
    assert scene.call.violations == []


def test_a_request_outside_the_dialog_is_noticed() -> None:
    scene = Scene()
    scene.ring()

    (answer,) = scene.get(ask(scene.invite, "BYE"))

    assert answer.status == 481
    assert scene.call.violations == ["BYE: outside a confirmed dialog"]


def test_the_phone_may_hold_the_caller() -> None:
    scene = Scene()
    scene.answer()
    body = sdp(version=2, direction="sendonly")
    (answer,) = scene.get(
        ask(scene.invite, "INVITE", headers=(("Content-Type", "application/sdp"),), body=body)
    )

    assert answer.status == 200
    assert answer.body.endswith(b"a=recvonly\r\n")
    assert uri_of(answer.get("Contact") or "") == uri_of(scene.invite.get("Contact") or "")
    assert scene.call.voice.paused
    assert scene.get(ask(scene.invite, "ACK")) == []
    assert scene.call.violations == []


def test_an_ack_outside_the_dialog_is_noticed() -> None:
    scene = Scene()
    scene.answer()
    scene.get(ask(scene.invite, "ACK", tag="new"))

    assert scene.call.violations == ["ACK: From tag is not the dialog's"]


@pytest.mark.parametrize("method", ["INFO", "UPDATE", "OPTIONS", "NOTIFY"])
def test_the_phone_s_enquiries_are_answered(method: str) -> None:
    scene = Scene()
    scene.answer()

    assert [m.status for m in scene.get(ask(scene.invite, method))] == [200]
    assert scene.call.violations == []


def test_a_method_that_was_not_allowed_is_noticed() -> None:
    scene = Scene()
    scene.answer()
    (answer,) = scene.get(ask(scene.invite, "PRACK"))

    assert answer.status == 405
    assert "INVITE" in (answer.get("Allow") or "")
    assert scene.call.violations == ["PRACK: not allowed"]


def test_numbers_must_count_up() -> None:
    scene = Scene()
    scene.answer()
    scene.get(ask(scene.invite, "INFO", number=2))
    scene.get(ask(scene.invite, "INFO", number=2))

    assert scene.call.violations == ["INFO: CSeq not greater than before"]


def test_a_transfer_is_accepted_and_reported() -> None:
    scene = Scene()
    scene.answer()
    accepted, notify = scene.get(ask(scene.invite, "REFER", headers=(("Refer-To", "<sip:101@x>"),)))
    scene.get(respond(notify, 200))

    assert accepted.status == 202
    assert (notify.method, notify.body) == ("NOTIFY", b"SIP/2.0 200 OK\r\n")
    assert scene.call.referred_to == "sip:101@x"
    assert scene.call.violations == []


@pytest.mark.parametrize(
    ("manner", "status", "lines"),
    [
        (Transfers.RINGING, 202, [b"SIP/2.0 100 Trying", b"SIP/2.0 180 Ringing", b"SIP/2.0 200 OK"]),
        (Transfers.BUSY, 202, [b"SIP/2.0 100 Trying", b"SIP/2.0 486 Busy Here"]),
        (Transfers.REFUSED, 603, []),
    ],
)
def test_a_transfer_is_reported_as_it_goes(manner: Transfers, status: int, lines: list[bytes]) -> None:
    scene = Scene(Caller(transfers=manner))
    scene.answer()
    answer, *notifies = scene.get(ask(scene.invite, "REFER", headers=(("Refer-To", "<sip:101@x>"),)))

    assert answer.status == status
    assert [notify.body.strip() for notify in notifies] == lines
    states = [(notify.get("Subscription-State") or "").partition(";")[0] for notify in notifies]
    assert states == (["active"] * len(lines[1:]) + ["terminated"] if lines else [])


def test_a_transfer_without_reports_ends_in_a_bye() -> None:
    scene = Scene(Caller(transfers=Transfers.UNTOLD))
    scene.answer()
    answer, bye = scene.get(ask(scene.invite, "REFER", headers=(("Refer-To", "<sip:101@x>"),)))

    assert (answer.status, answer.get("Refer-Sub"), bye.method) == (202, "false", "BYE")


def test_who_holds_goes_on_holding() -> None:
    scene = Scene()
    scene.answer()
    scene.call.do(Step.HOLD, 5.0)
    (held,) = scene.take()
    (ack,) = scene.get(respond(held, 200, body=sdp(version=2, direction="recvonly")))
    assert ack.method == "ACK"
    headers = (("Content-Type", "application/sdp"), ("Contact", f"<{CONTACT}>"))
    for number, (asked, said) in enumerate(
        (("sendrecv", b"a=sendonly"), ("sendonly", b"a=inactive"), ("inactive", b"a=inactive")), 1
    ):
        body = sdp(version=number + 2, direction=asked)
        (ok,) = scene.get(ask(scene.invite, "INVITE", number=number, headers=headers, body=body))
        assert said in ok.body
    assert scene.call.violations == []


def control(scene: Scene, command: int, number: int = 1) -> Message:
    sid = (scene.invite.get("P-rc") or "").partition('SID="')[2].partition('"')[0]
    body = f'<Msg><Hdr SID="{sid}" Cmd="{command}"/><Bdy Cln="1"/></Msg>'.encode()
    return ask(
        scene.invite,
        "MESSAGE",
        number=number,
        uri="sip:%231@x",
        headers=(("Content-Type", "x-rc/agent"),),
        body=body,
    )


@pytest.mark.parametrize(("command", "name"), [(12, "reject"), (10, "forward")])
def test_the_phone_may_reject_or_forward(command: int, name: str) -> None:
    scene = Scene(account=Account(provisioned=True))
    scene.ring()

    answer, cancel = scene.get(control(scene, command))

    assert (answer.status, cancel.method) == (200, "CANCEL")
    assert f"the phone asks for {name}" in scene.said
    assert scene.call.violations == []


def test_voicemail_counts_only_after_the_confirmation() -> None:
    scene = Scene(account=Account(provisioned=True))
    scene.ring()

    sent = [methods(scene.get(control(scene, command, n))) for n, command in enumerate((11, 17, 11), 1)]

    assert sent == [["MESSAGE"], ["MESSAGE"], ["MESSAGE", "CANCEL"]]
    assert scene.call.commands == [11, 17, 11]
    assert scene.call.sent_to == "voicemail"


def test_a_control_message_of_another_call_is_noticed() -> None:
    scene = Scene(account=Account(provisioned=True))
    scene.ring()
    good = control(scene, 12)
    scene.get(Message(good.start, good.headers, good.body.replace(b'SID="', b'SID="9')))
    scene.get(ask(scene.invite, "MESSAGE", number=2, body=b"hi"))

    assert scene.call.violations == ["MESSAGE: not a control message of this call"]
    assert scene.call.commands == []


def test_without_an_ack_the_answers_are_counted_until_the_phone_gives_up() -> None:
    scene = Scene(Caller(acknowledge=False))
    scene.ring()
    for _ in range(3):
        assert scene.get(respond(scene.invite, 200, body=sdp())) == []
    (answer,) = scene.get(ask(scene.invite, "BYE"), 33.0)

    assert (scene.call.answers, answer.status) == (3, 200)
    assert scene.call.violations == []


def test_a_response_to_nothing_is_noticed() -> None:
    scene = Scene()
    scene.answer()
    scene.get(respond(ask(scene.invite, "INFO", number=99), 200))

    assert scene.call.violations == ["200 to INFO: nothing was asked"]


def test_responses_after_the_final_one_are_noticed() -> None:
    scene = Scene()
    scene.answer()
    scene.get(respond(scene.invite, 180))
    refused = Scene()
    refused.get(respond(refused.invite, 486))
    refused.get(respond(refused.invite, 200, body=sdp()))
    refused.get(respond(refused.invite, 486))

    assert scene.call.violations == ["180 to INVITE after the final response"]
    assert refused.call.violations == ["200 to INVITE after the final response"]


def test_an_interim_response_to_an_enquiry_leaves_it_open() -> None:
    scene = Scene()
    scene.answer()
    scene.call.do(Step.INFO, 2.0)
    (asked,) = scene.take()
    scene.get(respond(asked, 100, tag=""))

    assert scene.call.deadline == 7.0


def test_a_lost_connection_ends_the_call_once() -> None:
    scene = Scene()
    scene.call.lost(5.0)
    scene.call.lost(6.0)

    assert scene.said == ["calling", "connection lost"]
    assert scene.at(10.0) == []
    assert scene.call.deadline is None


def test_a_talking_caller_waits_for_the_phone_to_come_back() -> None:
    scene = Scene()
    scene.answer()
    scene.call.lost(5.0)
    scene.call.lost(6.0)
    scene.call.do(Step.HANG_UP, 7.0)
    assert scene.take() == []
    (gone,) = scene.get(ask(scene.invite, "UPDATE"), 8.0)
    assert gone.status == 481

    headers = (("Content-Type", "application/sdp"), ("Session-Expires", "14400;refresher=uas"))
    again = ask(scene.invite, "INVITE", number=2, headers=headers, body=sdp())
    (ok,) = scene.get(again, 9.0)
    assert (ok.status, ok.get("Session-Expires"), ok.get("Require")) == (200, "14400;refresher=uas", "timer")
    (bye,) = scene.at(9.0)
    assert bye.method == "BYE"
    assert scene.said[3:] == ["out of reach", "back", "hangs up"]
    assert scene.call.violations == []


def test_who_said_everything_while_the_phone_was_away_hangs_up_when_it_is_back() -> None:
    scene = Scene()
    scene.answer()
    scene.call.lost(6.0)
    scene.call.voice.finished = True
    assert scene.at(60.0) == []

    again = ask(scene.invite, "INVITE", number=2, headers=(("Content-Type", "application/sdp"),), body=sdp())
    (ok,) = scene.get(again, 70.0)
    assert ok.status == 200
    (bye,) = scene.get(ask(scene.invite, "ACK", number=2), 70.1)
    assert bye.method == "BYE"
    assert scene.call.violations == []


def test_a_phone_that_stays_away_is_given_up() -> None:
    scene = Scene()
    scene.answer()
    scene.call.lost(5.0)
    scene.at(304.9)
    assert not scene.call.ended
    scene.at(305.0)

    assert scene.call.outcome == "connection lost"
    assert [gone.status for gone in scene.get(ask(scene.invite, "BYE"), 306.0)] == [481]
    assert scene.call.violations == []


def test_several_vias_are_those_of_several_hops() -> None:
    scene = Scene(dialect=Dialect(vias=3))
    scene.answer()
    hops = scene.invite.vias

    assert len({param(via, "branch") for via in hops}) == 3
    assert scene.call.violations == []


def test_numbers_of_callers_are_in_no_repr() -> None:
    assert "6505550100" not in repr(Caller())
