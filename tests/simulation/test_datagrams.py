"""The phone and a registrar over a link that loses, doubles and reorders datagrams, in virtual time and from a seed."""

from dataclasses import dataclass, field
import hashlib
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ringcentral.softphone.account import Flow
from custom_components.ringcentral.softphone.agent import UserAgent
from custom_components.ringcentral.softphone.events import (
    Call,
    CallChanged,
    CallEnded,
    CallState,
    EndReason,
    FlowFailed,
    PhoneEvent,
    Registered,
    RegistrationRefused,
)
from tests.softphone.builders import ACCOUNT, Wire, invite, read_wire, request, response, sdp_offer

T1, T2 = 0.5, 4.0
CALLS: Final = 6
ANSWER: Final = sdp_offer(media="m=audio 50400 RTP/AVP 0 101")
CHALLENGE: Final = 'Digest realm="r", nonce="{}", stale={}'
# A burst of everything at once: a registration, a call and its end, each with its repetitions.
MOST_IN_TEN_SECONDS: Final = 40
LOST: Final = EndReason.NETWORK_ERROR


@dataclass(frozen=True, slots=True)
class Weather:
    """What the link does to a datagram, as probabilities, and how long it takes at the most, in seconds."""

    loss: float = 0.0
    doubling: float = 0.0
    delay: float = 0.05


@dataclass(slots=True)
class Asked:
    """A request of the server's that waits for its answer."""

    data: bytes
    invite: bool
    pause: float = T1
    give_up_at: float = 0.0
    silent: bool = False


@dataclass(slots=True)
class ServerCall:
    """One call as the server sees it; `cancels` says that its caller loses patience once it rings."""

    number: int
    cancels: bool
    tag: str = ""
    answered: bool = False
    over: bool = False
    byes: int = 0

    @property
    def call_id(self) -> str:
        return f"call-{self.number}"


@dataclass(slots=True)
class Server:
    """A registrar and a caller, with transactions of their own making."""

    world: World
    port: int = 0
    nonce: int = 0
    registered: bool = False
    said: dict[tuple[str, str], bytes] = field(default_factory=dict)
    asked: dict[tuple[str, str], Asked] = field(default_factory=dict)
    calls: dict[str, ServerCall] = field(default_factory=dict)
    finals: dict[tuple[str, str], set[Wire]] = field(default_factory=dict)

    def receive(self, wire: Wire, port: int) -> None:
        self.port = max(self.port, port)
        branch = wire.get("Via").partition(";branch=")[2].partition(";")[0]
        if wire.status:
            self._answered(wire, branch)
        elif wire.method == "ACK":
            return
        elif (known := self.said.get((branch, wire.method))) is not None:
            self.world.to_phone(known)
        else:
            self.said[branch, wire.method] = known = self._answer(wire)
            self.world.to_phone(known)

    def _answer(self, wire: Wire) -> bytes:
        if wire.method == "REGISTER":
            stale = f'nonce="{self.nonce}"' not in "".join(wire.all("Authorization"))
            if stale:
                self.nonce += 1
                return response(wire, 401, ("WWW-Authenticate", CHALLENGE.format(self.nonce, "true")))
            if self.world.random.random() < 0.2:
                self.nonce += 1
            self.registered = True
            return response(wire, 200, ("Expires", "60"))
        call = self.calls.get(wire.get("Call-ID"))
        if call is None or call.over:
            return response(wire, 481)
        if wire.method == "BYE":
            call.byes += 1
            call.over = True
            return response(wire, 200)
        assert wire.method == "INVITE"
        headers = (("Contact", "<sip:s@server>"), ("Content-Type", "application/sdp"))
        return response(wire, 200, *headers, body=ANSWER)

    def call(self, number: int) -> None:
        call = ServerCall(number, cancels=self.world.random.random() < 0.25)
        self.calls[call.call_id] = call
        branch = f"z9hG4bKcall{number}"
        self._ask((branch, "INVITE"), invite(ANSWER, call_id=call.call_id, branch=branch), invite=True)

    def knock(self, number: int) -> None:
        """Ask whether the phone is there, as Asterisk does; each time it looks, it names itself anew."""
        branch = f"z9hG4bKknock{number}"
        self._ask((branch, "OPTIONS"), request("OPTIONS", call_id=branch, branch=branch))

    def _ask(self, key: tuple[str, str], data: bytes, *, invite: bool = False) -> None:
        asked = self.asked[key] = Asked(data, invite, give_up_at=self.world.now + 32)
        self.world.to_phone(data)
        self.world.later(T1, lambda: self._again(key, asked))

    def _again(self, key: tuple[str, str], asked: Asked) -> None:
        if self.asked.get(key) is not asked or asked.silent:
            return
        if self.world.now >= asked.give_up_at:
            del self.asked[key]
            return
        self.world.to_phone(asked.data)
        asked.pause = asked.pause * 2 if asked.invite else min(2 * asked.pause, T2)
        self.world.later(asked.pause, lambda: self._again(key, asked))

    def _answered(self, wire: Wire, branch: str) -> None:
        asked = self.asked.get((branch, wire.method))
        if wire.status < 200:
            if asked is not None and not asked.silent:
                asked.silent = True
                call = self.calls[wire.get("Call-ID")]
                if call.cancels:
                    self.world.later(self.world.random.uniform(0, 2), lambda: self._cancel(call, branch))
            return
        self.asked.pop((branch, wire.method), None)
        self.finals.setdefault((branch, wire.method), set()).add(wire)
        if wire.method != "INVITE":
            return
        call = self.calls[wire.get("Call-ID")]
        success = wire.status < 300
        ack_branch = f"z9hG4bKack{call.number}" if success else branch
        self.world.to_phone(request("ACK", to_tag=wire.tag, call_id=call.call_id, branch=ack_branch))
        if success and not call.answered:
            call.answered, call.tag = True, wire.tag
            self.world.later(self.world.random.uniform(0, 120), lambda: self._hang_up(call))

    def _cancel(self, call: ServerCall, branch: str) -> None:
        if not call.answered:
            self._ask((branch, "CANCEL"), request("CANCEL", call_id=call.call_id, branch=branch))

    def _hang_up(self, call: ServerCall) -> None:
        if not call.over:
            call.over = True
            branch = f"z9hG4bKbye{call.number}"
            bye = request("BYE", to_tag=call.tag, call_id=call.call_id, branch=branch, cseq=31269)
            self._ask((branch, "BYE"), bye)


class World:
    """Time, the link, the phone on one side of it and the server on the other."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self.random = Random(seed)
        self.weather = weather
        self.now = 1000.0
        self.events: list[PhoneEvent] = []
        self.sent_at: list[float] = []
        self.registered = False
        self.server = Server(self)
        tokens = count(seed * 1_000_000)
        self.agent = UserAgent(
            ACCOUNT,
            token=lambda: hashlib.md5(str(next(tokens)).encode(), usedforsecurity=False).hexdigest(),
        )
        self._port = 40_000
        self._order = count()
        self._agenda: list[tuple[float, int, object]] = []
        self._connect()

    def later(self, seconds: float, action: object) -> None:
        heappush(self._agenda, (self.now + seconds, next(self._order), action))

    def to_phone(self, data: bytes) -> None:
        port = self.server.port
        self._carry(lambda: self._deliver(data, port))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            due = self.agent.next_deadline
            agenda = self._agenda[0][0] if self._agenda else end
            self.now = max(self.now, min(end, agenda, end if due is None else due))
            if due is not None and due <= self.now:
                self.agent.tick(self.now)
            elif agenda <= self.now and self._agenda:
                action = heappop(self._agenda)[2]
                assert callable(action)
                action()
            if self.now >= end:
                return
            self._pump()

    def _connect(self) -> None:
        self._port += 1
        self.agent.connected(Flow("192.168.42.15", self._port, "UDP"), self.now)
        self._pump()

    def _carry(self, deliver: object) -> None:
        weather = self.weather
        copies = 0 if self.random.random() < weather.loss else 1 + (self.random.random() < weather.doubling)
        for _ in range(copies):
            self.later(self.random.uniform(0.001, weather.delay), deliver)

    def _deliver(self, data: bytes, port: int) -> None:
        if port == self._port:
            self.agent.receive(data, self.now)

    def _pump(self) -> None:
        port = self._port
        for data in self.agent.take_datagrams():
            self.sent_at.append(self.now)
            for wire in read_wire(data):
                self._carry(lambda wire=wire: self.server.receive(wire, port))
        for event in self.agent.take_events():
            self.events.append(event)
            self._react(event)

    def _react(self, event: PhoneEvent) -> None:
        match event:
            case Registered():
                self.registered = True
            case FlowFailed() | RegistrationRefused():
                self.registered = False
                self.agent.disconnected(self.now)
                self.later(1.0, self._connect)
            case CallChanged(Call(state=CallState.RINGING) as call):
                choice = self.random.choice((self._answer, self._answer, self._hang_up))
                self.later(self.random.uniform(0, 5), lambda: choice(call))
            case CallChanged(Call(state=CallState.TALKING) as call) if self.random.random() < 0.5:
                self.later(self.random.uniform(0, 90), lambda: self._hang_up(call))

    def _answer(self, call: Call) -> None:
        if any(one == call for one in self.agent.calls):
            self.agent.answer(call.call_id, 40_000, self.now)

    def _hang_up(self, call: Call) -> None:
        if any(one.call_id == call.call_id for one in self.agent.calls):
            self.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, self.now)

    @property
    def rung(self) -> list[str]:
        ringing = (one.call for one in self.events if isinstance(one, CallChanged))
        return [call.call_id for call in ringing if call.state is CallState.RINGING]

    @property
    def ended(self) -> list[str]:
        return [event.call.call_id for event in self.events if isinstance(event, CallEnded)]

    @property
    def busiest_ten_seconds(self) -> int:
        return max(sum(at <= other < at + 10 for other in self.sent_at) for at in self.sent_at)


def live(seed: int, weather: Weather) -> World:
    """Register, take some calls in bad weather, and see the sun again."""
    world = World(seed, weather)
    for number in range(CALLS):
        world.later(30 + 60 * number, lambda number=number: world.server.call(number))
    for number in range(20):
        world.later(10 + 20 * number, lambda number=number: world.server.knock(number))
    world.run(30 + 60 * CALLS + 300)
    world.weather = Weather()
    world.run(60)
    return world


def judge(world: World) -> None:
    """Hold the phone to what it promises whatever the weather."""
    assert world.registered and world.server.registered
    assert world.agent.calls == []
    assert sorted(world.rung) == sorted(world.ended)
    assert len(set(world.rung)) == len(world.rung) <= CALLS
    assert all(call.byes <= 1 and call.over == call.answered for call in world.server.calls.values())
    # What rang when the phone lost its way is for the caller to give up.
    cut_off = [event for event in world.events if isinstance(event, CallEnded) and event.reason is LOST]
    assert all(asked.invite and asked.silent for asked in world.server.asked.values())
    assert len(world.server.asked) <= len(cut_off)
    assert all(len(answers) == 1 for answers in world.server.finals.values())
    assert world.busiest_ten_seconds <= MOST_IN_TEN_SECONDS
    world.run(400)
    assert world.agent._calls == {}


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    weather=st.builds(
        Weather, loss=st.floats(0, 0.3), doubling=st.floats(0, 0.5), delay=st.floats(0.002, 2.0)
    ),
)
def test_a_line_lives_on_a_link_that_loses_doubles_and_reorders(seed: int, weather: Weather) -> None:
    judge(live(seed, weather))


@pytest.mark.parametrize("seed", range(5))
def test_in_fair_weather_every_call_rings_and_nothing_is_said_twice(seed: int) -> None:
    world = live(seed, Weather())
    judge(world)
    assert len(world.rung) == CALLS
    assert not [event for event in world.events if isinstance(event, FlowFailed)]


def test_a_line_that_hears_nothing_for_an_hour_knocks_slowly_and_comes_back() -> None:
    world = World(1, Weather(loss=1.0))
    world.run(3600)
    assert not world.registered
    assert world.busiest_ten_seconds <= 15
    world.weather = Weather()
    world.run(60)
    assert world.registered


def test_a_call_that_rings_when_the_way_is_lost_ends_once() -> None:
    judge(live(21242744, Weather(loss=0.265625, delay=1.0)))
