"""Whatever a network and a household do in whatever order: one end a call, and a line that comes back to rest."""

from contextlib import suppress
from dataclasses import replace
from typing import override

from hypothesis import settings, strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from custom_components.ringcentral.softphone.account import Account, Flow
from custom_components.ringcentral.softphone.agent import MAX_CALLS
from custom_components.ringcentral.softphone.calls.call import UnknownCallError
from custom_components.ringcentral.softphone.calls.dialing import DialError, TransferPendingError
from custom_components.ringcentral.softphone.events import (
    CallChanged,
    CallEnded,
    CallState,
    Decline,
    EndReason,
    MediaAgreed,
)
from tests.softphone.builders import (
    ACCOUNT,
    AUTHORIZATION_ID,
    OFFER,
    Fields,
    Line,
    Wire,
    asked_back,
    invite,
    read_wire,
    request,
    response,
    sdp_offer,
)

BODIES = st.sampled_from(
    [b"", OFFER, sdp_offer(attributes=("sendonly",)), sdp_offer("m=audio 9 RTP/AVP 9", attributes=())]
)
METHODS = st.sampled_from(
    ["BYE", "INFO", "UPDATE", "INVITE", "ACK", "OPTIONS", "NOTIFY", "MESSAGE", "REFER", "CANCEL"]
)
TIMER = ("Supported", "timer")
TIMERS = st.sampled_from(
    [
        (),
        (TIMER, ("Session-Expires", "90;refresher=uac")),
        (TIMER, ("Session-Expires", "120;refresher=uas")),
        (("Session-Expires", "90"),),
        (TIMER, ("Session-Expires", "10")),
    ]
)
STATUSES = st.sampled_from([100, 180, 183, 200, 302, 401, 407, 408, 422, 481, 486, 487, 491, 500, 603])
TAGS = st.sampled_from(["srv", "srv", "srv", "other"])
CHALLENGE = 'Digest realm="r", nonce="n"'
ANSWER_HEADERS = st.sampled_from(
    [
        (),
        (("Session-Expires", "90;refresher=uac"),),
        (("Session-Expires", "90;refresher=uas"),),
        (("WWW-Authenticate", f"{CHALLENGE}, stale=true"), ("Proxy-Authenticate", CHALLENGE)),
        (("Min-SE", "300"), ("Retry-After", "7")),
    ]
)
UNTAKEN = {EndReason.BUSY, EndReason.NO_CODEC}
ACCOUNTS = st.sampled_from(
    [ACCOUNT, replace(ACCOUNT, password="other"), replace(ACCOUNT, username="620", authorization_id="620")]
)
REGISTER_ANSWERS = st.sampled_from([(200, "60"), (200, "600"), (401, ""), (403, ""), (503, ""), (100, "")])


class LineMachine(RuleBasedStateMachine):
    """One line; the callers' Call-IDs are the bundle."""

    callers = Bundle("callers")

    def __init__(self) -> None:
        super().__init__()
        self.line = Line()
        self.connected = False
        self.invited = 0
        self.tags: dict[str, str] = {}
        self.said: dict[tuple[str, str], str] = {}
        self.ringing: set[str] = set()
        self.ended: dict[str, CallEnded] = {}
        self.register: Wire | None = None
        self.asked: list[Wire] = []
        self.told: list[list[object]] = []

    # What may happen

    @precondition(lambda self: not self.connected)
    @rule()
    def connect(self) -> None:
        self.line.flow = Flow(self.line.flow.host, self.line.flow.port + 1)
        self.line.agent.connected(self.line.flow, self.line.now)
        self.connected = True
        self.settle()

    @precondition(lambda self: self.connected)
    @rule()
    def disconnect(self) -> None:
        self.line.agent.disconnected(self.line.now)
        self.connected = False
        self.asked.clear()
        self.settle()
        unanswered = {CallState.RINGING, CallState.DIALING}
        assert unanswered.isdisjoint(call.state for call in self.line.agent.calls)

    @precondition(lambda self: self.asked)
    @rule(index=st.integers(0, 9), status=STATUSES, headers=ANSWER_HEADERS, body=BODIES, tag=TAGS)
    def answer_ours(self, index: int, status: int, headers: Fields, body: bytes, tag: str) -> None:
        asked = self.asked[index % len(self.asked)]
        described = (*headers, ("Content-Type", "application/sdp"))
        self.receive(response(asked, status, *described, body=body, tag=tag))

    @precondition(lambda self: self.asked)
    @rule(index=st.integers(0, 9), method=METHODS, body=BODIES, cseq=st.integers(1, 9), tag=TAGS)
    def ask_back(self, index: int, method: str, body: bytes, cseq: int, tag: str) -> None:
        asked = self.asked[index % len(self.asked)]
        self.receive(asked_back(asked, method, body=body, cseq=cseq, tag=tag))

    @rule(ring_for=st.sampled_from([1.0, 40.0, 180.0]))
    def dial(self, ring_for: float) -> None:
        with suppress(DialError):
            self.line.agent.dial("1001", 40000, self.line.now, ring_for)
        self.settle()

    @precondition(lambda self: self.register is not None)
    @rule(answer=REGISTER_ANSWERS)
    def answer_register(self, answer: tuple[int, str]) -> None:
        assert self.register is not None
        status, expires = answer
        challenge = ("WWW-Authenticate", 'Digest realm="r", nonce="n"')
        self.receive(response(self.register, status, ("Expires", expires), challenge))

    @rule(target=callers, body=BODIES, timer=TIMERS)
    def call(self, body: bytes, timer: Fields) -> str:
        self.invited += 1
        caller = f"caller-{self.invited}"
        told = (("P-rc", '<Msg><Hdr SID="1" From="#1@r.example" To="2" Cmd="6"/><Bdy/></Msg>'),)
        self.receive(invite(body, headers=(*timer, *told), call_id=caller, branch=f"z9hG4bK{caller}"))
        return caller

    @rule(caller=callers)
    def call_again(self, caller: str) -> None:
        self.receive(invite(call_id=caller, branch=f"z9hG4bK{caller}"))

    @rule(caller=callers)
    def cancel(self, caller: str) -> None:
        self.receive(request("CANCEL", call_id=caller, branch=f"z9hG4bK{caller}"))

    @rule(caller=callers, body=BODIES)
    def acknowledge(self, caller: str, body: bytes) -> None:
        self.receive(request("ACK", call_id=caller, to_tag=self.tags.get(caller, ""), body=body))

    @rule(
        caller=callers,
        method=METHODS,
        body=BODIES,
        step=st.integers(-1, 5),
        tagged=st.booleans(),
        timer=TIMERS,
    )
    def ask(self, caller: str, method: str, body: bytes, step: int, tagged: bool, timer: Fields) -> None:
        tag = self.tags.get(caller, "x") if tagged else ""
        self.receive(request(method, call_id=caller, to_tag=tag, body=body, cseq=31268 + step, headers=timer))

    @rule(caller=callers, own=st.booleans())
    def take_elsewhere(self, caller: str, own: bool) -> None:
        cln = AUTHORIZATION_ID if own else "somebody"
        body = f'<Msg><Hdr SID="" Cmd="7"/><Bdy Cln="{cln}"/></Msg>'.encode()
        self.receive(request("MESSAGE", call_id=caller, body=body))

    @rule(index=st.integers(0, 9))
    def answer(self, index: int) -> None:
        calls = self.line.agent.calls
        with suppress(UnknownCallError):
            self.line.agent.answer(calls[index % len(calls)].call_id if calls else "", 40000, self.line.now)
        self.settle()

    @rule(index=st.integers(0, 9))
    def hang_up(self, index: int) -> None:
        calls = self.line.agent.calls
        call_id = calls[index % len(calls)].call_id if calls else ""
        with suppress(UnknownCallError):
            self.line.agent.hang_up(call_id, EndReason.LOCAL_HANGUP, self.line.now)
        self.settle()

    @rule(index=st.integers(0, 9), holding=st.booleans())
    def hold(self, index: int, holding: bool) -> None:
        told: list[object] = []
        with suppress(UnknownCallError):
            self.line.agent.answered(self.pick(index)).set_hold(holding, self.line.now, told.append)
            self.told.append(told)
        self.settle()

    @rule(index=st.integers(0, 9))
    def transfer(self, index: int) -> None:
        told: list[object] = []
        agent = self.line.agent
        with suppress(UnknownCallError, TransferPendingError):
            call = agent.answered(self.pick(index))
            call.transfer(agent.uri_of("1001"), agent.own_uri, self.line.now, told.append)
            self.told.append(told)
        self.settle()

    @rule(index=st.integers(0, 9), how=st.sampled_from(Decline))
    def decline(self, index: int, how: Decline) -> None:
        with suppress(UnknownCallError):
            self.line.agent.ringing(self.pick(index)).decline(how, self.line.now)
        self.settle()

    @rule(seconds=st.sampled_from([0.1, 0.5, 5, 33, 200]))
    def wait(self, seconds: float) -> None:
        end = self.line.now + seconds
        ticks = 0
        while (deadline := self.line.agent.next_deadline) is not None and deadline <= end:
            self.line.now = max(self.line.now, deadline)
            self.line.agent.tick(self.line.now)
            after = self.line.agent.next_deadline
            assert after is None or after > self.line.now
            ticks += 1
            self.settle()
        assert ticks < 100 + 20 * seconds
        self.line.now = end

    @rule(account=ACCOUNTS)
    def change_account(self, account: Account) -> None:
        self.line.agent.change_account(account, self.line.now)
        self.settle()

    @rule()
    def shut_down(self) -> None:
        self.line.agent.shut_down(self.line.now)
        self.settle()
        assert self.line.agent.calls == []

    # What must hold

    def pick(self, index: int) -> str:
        """Return the id of one of the calls there are, or of none."""
        calls = self.line.agent.calls
        return calls[index % len(calls)].call_id if calls else ""

    def receive(self, data: bytes) -> None:
        self.line.agent.receive(data, self.line.now)
        self.settle()

    def settle(self) -> None:
        """Look at everything that came out."""
        for wire in read_wire(self.line.agent.take_output()):
            self.look_at(wire)
        for event in self.line.events():
            match event:
                case CallChanged(call):
                    assert call.call_id not in self.ended
                    self.ringing.add(call.call_id)
                case MediaAgreed(call_id):
                    assert call_id in self.ringing - set(self.ended)
                case CallEnded(call):
                    assert call.call_id not in self.ended
                    assert call.call_id in self.ringing or event.reason in UNTAKEN
                    self.ringing.add(call.call_id)
                    self.ended[call.call_id] = event
                case _:
                    pass

    def look_at(self, wire: Wire) -> None:
        assert all(wire.all(name) for name in ("Via", "From", "To", "Call-ID", "CSeq"))
        if wire.status == 0:
            method, uri, version = wire.start.split(" ")
            assert method in {"REGISTER", "BYE", "INVITE", "ACK", "CANCEL", "REFER", "MESSAGE"}
            assert uri.startswith("sip:")
            assert version == "SIP/2.0"
            # What is taken back after its connection was lost is known by the branch it had, and its ACK as well.
            assert self.line.flow.sent_by in wire.get("Via") or method in {"CANCEL", "ACK"}
            assert self.connected
            self.register = wire if method == "REGISTER" else self.register
            self.asked += [wire] if method in {"BYE", "INVITE", "CANCEL", "REFER", "MESSAGE"} else []
            return
        assert wire.get("Via").startswith("SIP/2.0/TCP 10.62.192.70:5091;")
        assert wire.tag or wire.status == 100
        caller = wire.get("Call-ID")
        if wire.method == "INVITE" and wire.status in {180, 200}:
            dialogs = {call._dialog._local_tag for call in self.line.agent._calls.values()}
            before = self.said.get((caller, wire.get("CSeq")), wire.tag)
            assert before == wire.tag or before not in dialogs
            self.tags[caller] = self.said[caller, wire.get("CSeq")] = wire.tag

    @invariant()
    def calls_are_those_that_rang_and_did_not_end(self) -> None:
        assert {call.call_id for call in self.line.agent.calls} == self.ringing - set(self.ended)
        assert len(self.line.agent.calls) <= MAX_CALLS

    @invariant()
    def without_a_connection_and_a_call_nothing_is_due(self) -> None:
        due = self.connected or self.line.agent._calls != {}
        assert (self.line.agent.next_deadline is not None) is due

    @override
    def teardown(self) -> None:
        """Leave it alone for some minutes: what isn't acknowledged and what rings comes to its end."""
        for call in self.line.agent.calls:
            self.line.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, self.line.now)
        self.wait(200)
        self.wait(200)
        self.wait(200)
        assert self.ringing == set(self.ended)
        assert all(len(told) == 1 for told in self.told)
        assert self.line.agent.quiet
        assert self.line.agent._calls == {}


LineMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestLine = LineMachine.TestCase
