"""Numbers the phone may call: what they do, and that they see what a phone gets wrong."""

from collections.abc import Callable
from random import Random

import pytest

from simulator.dialect import Address
from simulator.keys import Heard
from simulator.presses import Press, Way
from simulator.registrar import Account
from simulator.rtp import Packet
from simulator.services import MILLIWATT, Kind, Service, ServiceCall
from simulator.wire import Message, request

from .fake_phone import CONTACT, md5, sdp

ACCOUNT = Account()
MEDIA = Address("127.0.0.1", 30000)
PHONE = Address("127.0.0.1", 40000)
URI = f"sip:*43@{ACCOUNT.domain}"
FROM = f"<sip:{ACCOUNT.username}@{ACCOUNT.domain}>;tag=me"
TIMED = (("Allow", "INVITE"), ("Supported", "timer"), ("Session-Expires", "1800"), ("Min-SE", "90"))


def proof(nonce: str, password: str = "s3cret") -> str:
    user = md5(f"{ACCOUNT.authorization_id}:{ACCOUNT.domain}:{password}")
    answer = md5(f"{user}:{nonce}:{md5(f'INVITE:{URI}')}")
    return (
        f'Digest username="{ACCOUNT.authorization_id}", realm="{ACCOUNT.domain}", nonce="{nonce}", '
        f'uri="{URI}", response="{answer}"'
    )


class Phone:
    """Says the right thing, or what it is told to."""

    def __init__(self, kind: Kind) -> None:
        self.number, self.tag = 0, ""
        self.call = ServiceCall(
            ACCOUNT,
            Service("*43", kind, MEDIA),
            self.message("INVITE", branch="first"),
            signalling=Address("127.0.0.1", 5060),
            random=Random(1),
        )

    def message(
        self,
        method: str,
        *headers: tuple[str, str],
        number: int = 1,
        branch: str = "",
        uri: str = URI,
        body: bytes = b"",
    ) -> Message:
        tag = f";tag={self.tag}" if self.tag else ""
        return request(
            method,
            uri,
            [
                ("Via", f"SIP/2.0/TCP a1b2c3.invalid;branch=z9hG4bK{branch or method}"),
                ("Max-Forwards", "70"),
                ("From", FROM),
                ("To", f"<{URI}>{tag}"),
                ("Call-ID", "c1"),
                ("CSeq", f"{number} {method}"),
                ("Contact", f"<{CONTACT}>"),
                *headers,
            ],
            body,
        )

    def send(self, message: Message, now: float = 0.0) -> list[int]:
        self.call.received(message, now)
        return self.answers()

    def answers(self) -> list[int]:
        sent, self.call.outbox = self.call.outbox, []
        self.last = sent[-1] if sent else None
        return [message.status for message in sent if not message.is_request]

    def invite(self, *headers: tuple[str, str], number: int = 1, branch: str = "first") -> list[int]:
        content = ("Content-Type", "application/sdp")
        return self.send(
            self.message(
                "INVITE", *TIMED, content, *headers, number=number, branch=branch, body=sdp(codecs="0 8 101")
            )
        )

    def prove(self, password: str = "s3cret") -> list[int]:
        """Call, and answer the challenge."""
        assert self.invite() == [100, 407]
        assert self.last is not None
        challenge = self.last.get("Proxy-Authenticate") or ""
        nonce = challenge.partition('nonce="')[2].partition('"')[0]
        self.ack("first")
        return self.invite(("Proxy-Authorization", proof(nonce, password)), number=2, branch="second")

    def ack(self, branch: str, number: int = 1, uri: str = URI) -> None:
        assert self.last is not None
        self.tag = (self.last.get("To") or "").partition(";tag=")[2]
        assert self.send(self.message("ACK", number=number, branch=branch, uri=uri)) == []
        self.tag = ""

    def talk(self) -> str:
        """Call and be answered; returns the service's Contact."""
        assert self.prove() == [100, 180]
        assert self.call.rings
        self.call.due(1.0)
        assert self.answers() == [200]
        assert self.last is not None
        contact = (self.last.get("Contact") or "")[1:-1]
        self.ack("third", number=2, uri=contact)
        self.tag = self.call._tag
        return contact


def test_a_call_is_challenged_answered_and_hung_up() -> None:
    phone = Phone(Kind.DEAD)
    contact = phone.talk()
    assert phone.send(phone.message("BYE", number=3, uri=contact)) == [200]
    assert (phone.call.ended, phone.call.outcome, phone.call.violations) == (True, "phone hung up", [])
    assert phone.call.deadline is None


@pytest.mark.parametrize(("kind", "status"), [(Kind.BUSY, 486), (Kind.FOREIGN, 488)])
def test_some_take_no_calls(kind: Kind, status: int) -> None:
    phone = Phone(kind)
    assert phone.prove() == [100, status]
    phone.ack("second", number=2)
    assert (phone.call.outcome, phone.call.violations) == (f"refused: {status}", [])


def test_a_wrong_password_is_refused() -> None:
    assert Phone(Kind.ECHO).prove("guessed") == [100, 403]


def test_a_call_that_nobody_answers_is_taken_back() -> None:
    phone = Phone(Kind.UNANSWERED)
    assert phone.prove() == [100, 180]
    assert phone.call.deadline is None
    assert phone.send(phone.message("CANCEL", number=2, branch="second")) == [200, 487]
    phone.ack("second", number=2)
    assert (phone.call.outcome, phone.call.violations) == ("refused: 487", [])


def test_a_cancel_may_come_too_late() -> None:
    phone = Phone(Kind.DEAD)
    phone.talk()
    phone.tag = ""
    assert phone.send(phone.message("CANCEL", number=2, branch="second")) == [200]
    assert not phone.call.ended


def test_an_echo_sends_back_what_it_hears_and_a_milliwatt_its_tone() -> None:
    packet = Packet(0, 7, 1120, 99, b"\x55" * 160)
    echo, milliwatt = Phone(Kind.ECHO), Phone(Kind.MILLIWATT)
    assert echo.call.hear(packet.encode(), PHONE) == []
    for phone in (echo, milliwatt):
        phone.talk()
    ((data, to),) = echo.call.hear(packet.encode(), PHONE)
    back = Packet.parse(data)
    assert back is not None
    assert (back.payload, back.sequence, back.ssrc != 99, to) == (packet.payload, 7, True, PHONE)
    assert milliwatt.call.hear(packet.encode(), PHONE) == []
    sent = [Packet.parse(data) for data, _ in milliwatt.call.due(0.05)]
    assert [one.payload for one in sent if one] == [MILLIWATT] * 3
    assert {to for _, to in milliwatt.call.due(0.1)} == {PHONE}
    assert echo.call.heard == 2


def test_a_service_may_be_held() -> None:
    phone = Phone(Kind.MILLIWATT)
    contact = phone.talk()
    for number, direction, sent in ((3, "sendonly", 0), (4, "sendrecv", 1)):
        message = phone.message(
            "INVITE",
            ("Content-Type", "application/sdp"),
            number=number,
            branch=f"n{number}",
            uri=contact,
            body=sdp(version=number - 1, direction=direction, codecs="0 8 101"),
        )
        assert phone.send(message) == [200]
        assert phone.call.held is (sent == 0)
        phone.send(phone.message("ACK", number=number, uri=contact))
        assert len(phone.call.due(1.0 * number)) >= sent
        assert bool(phone.call.due(1.0 * number + 0.02)) is bool(sent)
    assert phone.call.violations == []


def test_a_service_may_hang_up() -> None:
    phone = Phone(Kind.DEAD)
    phone.talk()
    phone.call.hang_up()
    (bye,) = phone.call.outbox
    echoed = [(name, bye.get(name) or "") for name in ("Via", "From", "To", "Call-ID", "CSeq")]
    phone.call.received(Message("SIP/2.0 200 OK", tuple(echoed)), 1.0)
    assert (phone.call.outcome, phone.call.violations) == ("hangs up", [])


def test_a_lost_connection_ends_it_once() -> None:
    phone = Phone(Kind.DEAD)
    phone.talk()
    phone.call.lost(1.0)
    phone.call.lost(2.0)
    assert phone.call.log.events == [(1.0, "connection lost")]


@pytest.mark.parametrize(
    ("wrong", "violation"),
    [
        (lambda phone: phone.invite(("Session-Expires", "x")) and phone.invite(number=2), "INVITE: the challenge is not answered"),
        (lambda phone: phone.call.received(Message("SIP/2.0 200 OK", (("CSeq", "1 BYE"),)), 0.0), "200 to BYE: nothing was asked"),
        (lambda phone: phone.talk() and phone.send(phone.message("INVITE", number=3)), "INVITE: Request-URI is not our Contact"),
        (lambda phone: phone.send(phone.message("REFER")), "REFER: not asked for"),
        (lambda phone: phone.call.hear(b"junk", PHONE), "media: not the RTP that was agreed"),
        (lambda phone: phone.send(phone.message("BYE", number=2)), "BYE: no call to hang up"),
        (lambda phone: phone.invite() and phone.ack("other"), "ACK of 407: another transaction"),
        (lambda phone: (phone.prove() and phone.call.due(1.0)) or phone.call.due(9.0), "no ACK of 200"),
    ],
)  # fmt: skip
def test_what_a_phone_gets_wrong_is_seen(wrong: Callable[[Phone], object], violation: str) -> None:
    phone = Phone(Kind.DEAD)
    wrong(phone)
    assert violation in phone.call.violations


def test_keys_are_heard_in_both_ways() -> None:
    phone = Phone(Kind.DEAD)
    contact = phone.talk()
    relay = ("Content-Type", "application/dtmf-relay")
    body = b"Signal=#\r\nDuration=100\r\n"
    assert phone.send(phone.message("INFO", relay, number=3, uri=contact, body=body), 2.0) == [200]
    for number, frame in enumerate(Press("5").frames()):
        packet = Packet(101, number, 800, 9, frame.payload, marker=number == 0)
        phone.call.hear(packet.encode(), PHONE, 3.0)
    assert phone.call.keys.heard == [Heard("#", 2.0, 0.1, Way.RELAY), Heard("5", 3.0, 0.1, Way.EVENT)]
    assert phone.call.violations == []


def test_a_key_without_its_end_is_noticed_at_the_end_of_the_call() -> None:
    phone = Phone(Kind.DEAD)
    contact = phone.talk()
    packet = Packet(101, 0, 800, 9, Press("5").frames()[0].payload, marker=True)
    phone.call.hear(packet.encode(), PHONE)
    assert phone.send(phone.message("BYE", number=3, uri=contact)) == [200]
    assert phone.call.violations == ["keys: the end is not said three times"]
