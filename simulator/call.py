"""One call from RingCentral to the phone, from the INVITE to its end. Messages and the time in, messages out."""

from collections.abc import Callable
from enum import StrEnum
from random import Random

from . import enquiries
from .caller import Act, Caller, Log, Step
from .dialect import Address, Dialect, Direction, Party, Session, control_message, invite_headers
from .dialog import NO_ANSWER, PATIENCE, Dialog, Headers
from .negotiation import Negotiation
from .presses import Press
from .registrar import Account
from .strict import check_request
from .voice import Voice
from .wire import Message, reply, uri_of


class State(StrEnum):
    """Where a call stands."""

    CALLING = "calling"  # INVITE sent, nothing heard
    RINGING = "ringing"  # a provisional response came
    TALKING = "talking"
    CANCELLING = "cancelling"  # CANCEL sent
    LEAVING = "leaving"  # BYE sent
    ENDED = "ended"


_INVITES = frozenset({Step.HOLD, Step.RESUME, Step.REFRESH})
_AWAY = 300.0  # seconds a talking caller waits for a phone that lost its connection


class Call:
    """One call; `account`, `caller` and `dialect` say what it is meant to be."""

    def __init__(
        self,
        account: Account,
        caller: Caller,
        dialect: Dialect,
        target: str,
        *,
        signalling: Address,
        media: Address,
        random: Random,
        now: float,
    ) -> None:
        """Place the call: the INVITE is in the outbox. `target` is the phone's Contact."""
        self.account, self.caller, self.dialect = account, caller, dialect
        self.media = media
        self.log = Log()
        self.voice = Voice(caller.manner, self.log, random)
        self.state = State.CALLING
        self.rang, self.outcome = False, ""  # how it ended, in words
        self.status: int | None = None  # final response to the INVITE
        self.answers = 0  # 2xx to the INVITE, repetitions included
        self.commands: list[int] = []  # Cmd of the phone's control messages
        self.sent_to = ""  # what the phone had done with it by a command
        self.referred_to: str | None = None  # target of a transfer
        self._dialog = Dialog(account, caller, dialect, target, signalling=signalling, random=random)
        self._negotiation = Negotiation(dialect, media, random.randrange(1000, 9000))
        self._session = Session(
            sid=str(random.randrange(10**13, 10**14)),
            request=f"{{{random.getrandbits(128):032X}}}",
            telephony=f"{random.getrandbits(64):016x}",
            agent=f"#{random.randrange(10**5, 10**6)}016",
        )
        self._placed = now
        self._their_cseq = -1
        self._no_487_by: float | None = None
        self._lost_at: float | None = None  # when the phone's connection went in mid-call
        self._forgiven = False  # once it went, or was deaf, the phone can't know how the call stands
        self._ack_body: bytes | None = None
        self._reinvite: Message | None = None  # the last that was accepted
        self._script = [(now + after, step) for after, step in caller.while_ringing]
        headers = invite_headers(
            dialect, Party(caller.number, caller.name), account, self._session, signalling.host
        )
        content, body = (enquiries.SDP, self._negotiation.offer()) if dialect.offer else ((), b"")
        self._invite = self._dialog.ask("INVITE", now, (*headers, *content), body, patience=NO_ANSWER)
        self.log.note(now, "calling")

    @property
    def call_id(self) -> str:
        """Call-ID of the dialog."""
        return self._dialog.call_id

    @property
    def outbox(self) -> list[Message]:
        """Messages for the phone; whoever sends them empties it."""
        return self._dialog.outbox

    @property
    def violations(self) -> list[str]:
        """What the phone did against the rules."""
        return self.log.violations

    @property
    def events(self) -> list[tuple[float, str]]:
        """The timeline: when, and what happened."""
        return self.log.events

    @property
    def ended(self) -> bool:
        """Whether everything is over."""
        return self.state is State.ENDED

    @property
    def deadline(self) -> float | None:
        """When `due` wants to be called next."""
        if self.ended:
            return None
        times = [self._dialog.deadline, self.voice.deadline, self._no_487_by]
        if self._lost_at is not None:
            times.append(self._lost_at + _AWAY)
        elif self.state is not State.CALLING:
            times += [at for at, _ in self._script[:1]]
        if self.state is State.RINGING:
            times.append(self._placed + self.caller.ring_for)
        return min((at for at in times if at is not None), default=None)

    def do(self, step: Act, now: float) -> None:
        """Take a step, once the phone has said anything at all; one that makes no sense any more does nothing."""
        self._script.insert(0, (now, step))
        self._run_script(now)

    def due(self, now: float) -> list[tuple[bytes, Address]]:
        """Do what the time asks for; returns the datagrams to send."""
        self._run_script(now)
        if self.state is State.RINGING and now >= self._placed + self.caller.ring_for:
            self._cancel(now)
        for late in self._dialog.overdue(now):
            self._forgiven = True
            self.log.wrong(f"no response to {late.method}")
            self._end("no response", now)
        if self._no_487_by is not None and self._no_487_by <= now:
            self.log.wrong("no 487 after CANCEL")
            self._end("no response", now)
        if self._lost_at is not None and self._lost_at + _AWAY <= now:
            self._end("connection lost", now)
        datagrams = self.voice.due(now)
        if self.voice.finished and self.state is State.TALKING and self._lost_at is None:
            self._hang_up(now)
        return datagrams

    def lost(self, now: float) -> None:
        """The connection to the phone is gone: who talks waits for an INVITE over the next one."""
        self._forgiven = True
        if self.state is not State.TALKING:
            self._end("connection lost", now)
        elif self._lost_at is None:
            self._lost_at = now
            self._dialog.close()
            self.log.note(now, "out of reach")

    def unheard(self) -> None:
        """What the phone said last may not have come through: its connection was another, or the server hung."""
        self._forgiven = True

    def received(self, message: Message, now: float) -> None:
        """Take a message of this call from the phone."""
        if message.is_request:
            self._asked(message, now)
        elif message.cseq == self._invite.cseq:
            self._invite_answered(message, now)
        else:
            self._answered(message, now)

    # What the caller does

    def _run_script(self, now: float) -> None:
        reachable = self.state is not State.CALLING and self._lost_at is None
        while reachable and self._script and self._script[0][0] <= now:
            self._take(self._script.pop(0)[1], now)

    def _take(self, step: Act, now: float) -> None:
        if step in _INVITES and self._dialog.waits_for("INVITE"):
            # One INVITE at a time (§14.1).
            self._script.insert(0, (now + 0.5, step))
            return
        if self.state is State.TALKING and (asked := enquiries.enquiry(step)):
            self._dialog.ask(asked[0], now, *asked[1:])
        elif self.state is State.TALKING and isinstance(step, Press):
            self.voice.press(step)
        steps: dict[Act, Callable[[float], None]] = {
            Step.CANCEL: self._cancel,
            Step.ANSWERED_ELSEWHERE: lambda at: self._cancel(at, enquiries.ELSEWHERE),
            Step.PROCESSED_BY_US: self._processed_by_us,
            Step.PROCESSED_BY_OTHER: lambda at: self._processed(enquiries.OTHER_CLIENT, at),
            Step.HOLD: lambda at: self._turn(Direction.SEND, at),
            Step.RESUME: lambda at: self._turn(Direction.BOTH, at),
            Step.REFRESH: lambda at: self._turn(self._negotiation.direction, at),
            Step.HANG_UP: self._hang_up,
        }
        if step in steps:
            steps[step](now)

    def _cancel(self, now: float, headers: Headers = ()) -> None:
        if self.state is State.RINGING:
            self.state = State.CANCELLING
            self.log.note(now, "answered elsewhere" if headers else "gives up")
            self._dialog.cancel(self._invite, now, headers)
            self._no_487_by = now + PATIENCE

    def _processed(self, client: str, now: float) -> None:
        """Say that instance `client` has dealt with the call."""
        if self.state is State.RINGING:
            body = {"Cln": client, "IP": "4294967295", "Sts": "0", "CtrlCln": ""}
            text = control_message(self._session, self.account, 7, body, reply=True)
            self._dialog.ask("MESSAGE", now, (("Content-Type", "x-rc/agent"),), text.encode())

    def _processed_by_us(self, now: float) -> None:
        self._processed(self.account.authorization_id, now)
        self._script.insert(0, (now + 0.2, Step.ANSWERED_ELSEWHERE))

    def _turn(self, direction: Direction, now: float) -> None:
        """Send a re-INVITE with this direction."""
        if self.state is not State.TALKING:
            return
        if direction is not self._negotiation.direction:
            self.log.note(now, "resumed" if direction is Direction.BOTH else "on hold")
        self._negotiation.direction = direction
        self._dialog.ask("INVITE", now, (*enquiries.TIMER, *enquiries.SDP), self._negotiation.offer())

    def _hang_up(self, now: float) -> None:
        if self.state is State.TALKING:
            self.state = State.LEAVING
            self.voice.stop()
            self.log.note(now, "hangs up")
            self._dialog.ask("BYE", now, (("Reason", 'Q.850;cause=16;text="Normal call clearing"'),))

    # Responses

    def _answered(self, response: Message, now: float) -> None:
        method = response.method
        if not (asked := self._dialog.answered(response, self.log)):
            if self._reinvite and self._reinvite.cseq == response.cseq and response.status // 100 == 2:
                # The ACK takes longer than the phone waits for it (§13.3.1.4).
                self._dialog.acknowledge(self._reinvite, response)
            elif not self.ended and response.cseq not in self._dialog.given_up:
                self.log.wrong(f"{response.status} to {method}: nothing was asked")
            return
        if response.status < 200:
            return
        if method == "INVITE":
            self._dialog.acknowledge(asked, response)
        # A CANCEL that crosses a 200 finds no transaction any more, nor a BYE that crosses theirs a dialog.
        gone = response.status == 481 and (method == "CANCEL" or (method == "BYE" and self._forgiven))
        if response.status >= 300 and not gone:
            self.log.wrong(f"{response.status} to {method}")
        elif method == "INVITE":
            self._reinvite = asked
            self._learn(response, answers=True)
        if method == "BYE":
            self._end("caller hung up", now)
        elif method == "CANCEL" and self.status is not None and self.state is State.CANCELLING:
            self._end("cancelled", now)

    def _invite_answered(self, response: Message, now: float) -> None:
        """A response to the first INVITE."""
        if not self._dialog.answered(response, self.log):
            self._dialog.check(self._invite, response, self.log)
        if response.status < 200:
            self._provisional(response, now)
        elif response.status < 300:
            self._accepted(response, now)
        elif self.status is None:
            self.status, self._no_487_by = response.status, None
            self._dialog.acknowledge(self._invite, response)
            self._refused(now)

    def _provisional(self, response: Message, now: float) -> None:
        if self.status is not None:
            self.log.wrong(f"{response.status} to INVITE after the final response")
        elif self.state is State.CALLING:
            self.state = State.RINGING
            self._dialog.rings(self._invite)
        if response.status in {180, 183} and not self.rang:
            self.rang = True
            self.log.note(now, "ringing")

    def _refused(self, now: float) -> None:
        if self.state is not State.CANCELLING:
            self._end(f"refused: {self.status}", now)
            return
        if self.status != 487:
            self.log.wrong(f"{self.status} to INVITE: not 487 after CANCEL")
        if not self._dialog.waits_for("CANCEL"):
            self._end("cancelled", now)

    def _accepted(self, response: Message, now: float) -> None:
        """A 2xx to the first INVITE, or its repetition."""
        self.answers += 1
        if self.status is not None:
            if self.status >= 300:
                self.log.wrong(f"{response.status} to INVITE after the final response")
            elif self._ack_body is not None:
                self._dialog.acknowledge(self._invite, response, self._ack_body)
            return
        self.status, self._no_487_by = response.status, None
        too_late, self.state = self.state is State.CANCELLING, State.TALKING
        self._learn(response, answers=self.dialect.offer)
        if not self.caller.acknowledge:
            self.log.note(now, "answered, but will not hear of it")
            return
        self._ack_body = b"" if self.dialect.offer else self._negotiation.answer()
        self._dialog.acknowledge(self._invite, response, self._ack_body)
        if too_late or not (theirs := self._negotiation.theirs):
            self.log.note(now, "answered too late" if too_late else "answered, but where is the sound")
            self._hang_up(now)
            return
        self.log.note(now, "answered")
        self._script += [(now + after, step) for after, step in self.caller.while_talking]
        self.voice.begin(theirs.address, theirs.payload_types, now)

    def _learn(self, message: Message, *, answers: bool) -> None:
        """Take the phone's session description."""
        self._negotiation.take(message, self.log, answers=answers)
        if theirs := self._negotiation.theirs:
            self.voice.moved(theirs.address, self._negotiation.keys)
        self.voice.paused = not self._negotiation.flows

    # Requests of the phone

    def _asked(self, message: Message, now: float) -> None:
        method = message.method
        if method == "ACK":
            if self.status is not None:
                self._dialog.check_request(message, self.log)
            if self.voice.finished and self._lost_at is None:
                self._hang_up(now)  # all was said while the phone was away
            return
        self.log.wrong(*check_request(message, last_cseq=self._their_cseq))
        self._their_cseq = max(self._their_cseq, message.cseq[0])
        if method == "MESSAGE":
            self.outbox.append(reply(message, 200, tag=self.call_id[:12]))
            self._commanded(message, now)
            return
        if self.state not in {State.TALKING, State.LEAVING}:
            if not self._forgiven:
                self.log.wrong(f"{method}: outside a confirmed dialog")
            self.outbox.append(reply(message, 481))
            return
        self._dialog.check_request(message, self.log)
        self.voice.keys.told(message, now)
        contact: Headers = (("Contact", f"<{self._dialog.contact}>"),)
        match method:
            case "BYE":
                self.outbox.append(reply(message, 200))
                self._end("phone hung up", now)
            case "INVITE":
                self._learn(message, answers=False)
                self._dialog.retarget(message)
                self.log.note(now, "the phone changes the session" if self._lost_at is None else "back")
                self._lost_at = None
                expires = message.get("Session-Expires")
                timer: Headers = (("Require", "timer"), ("Session-Expires", expires)) if expires else ()
                headers = (*contact, *timer, *enquiries.SDP)
                self.outbox.append(reply(message, 200, headers=headers, body=self._negotiation.answer()))
            case "UPDATE" if self._lost_at is not None:
                # RingCentral's own way: only an INVITE has it find the call again.
                self.outbox.append(reply(message, 481))
            case "REFER":
                self._refer(message, now)
            case "INFO" | "UPDATE" | "OPTIONS" | "NOTIFY":
                self.outbox.append(reply(message, 200, headers=contact))
            case _:
                self.log.wrong(f"{method}: not allowed")
                self.outbox.append(reply(message, 405, headers=(("Allow", self._invite.get("Allow") or ""),)))

    def _refer(self, message: Message, now: float) -> None:
        status, headers, lines = enquiries.TRANSFERS[self.caller.transfers]
        self.referred_to = uri_of(message.get("Refer-To") or "")
        self.outbox.append(reply(message, status, headers=headers))
        for line in lines:
            self._dialog.ask("NOTIFY", now, *enquiries.told(line))
        if status < 300 and not lines:
            self._hang_up(now)

    def _commanded(self, message: Message, now: float) -> None:
        """A control message of the phone."""
        if (command := enquiries.command_of(message, self._session.sid)) is None:
            self.log.wrong("MESSAGE: not a control message of this call")
        else:
            self.commands.append(command)
        if command in enquiries.REJECTIONS and (command != 11 or enquiries.RECEIVED in self.commands):
            self.sent_to = enquiries.REJECTIONS[command]
            self.log.note(now, f"the phone asks for {self.sent_to}")
            self._cancel(now)

    def _end(self, outcome: str, now: float) -> None:
        if self.ended:
            return
        self.state, self.outcome = State.ENDED, outcome
        self._no_487_by = self._lost_at = None
        self._dialog.close()
        self._script.clear()
        self.voice.stop()
        self.log.note(now, outcome)
