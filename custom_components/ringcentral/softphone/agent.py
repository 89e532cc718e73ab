"""The user agent: one account's registration and calls over one connection at a time (RFC 3261 §8). No I/O.

Whoever owns the connection hands in bytes and the time, and takes out bytes to send, events, and the time at which
tick() is due next.
"""

from collections.abc import Callable, Iterator
import logging
from typing import Final

from . import rc_message, sdp
from .account import Account, Flow, Transport
from .calls.call import RING_TIMEOUT, TALKING, CallMachine, Phase, UnknownCallError
from .calls.dialing import NoLineError, TooManyCallsError
from .calls.incoming import IncomingCall
from .calls.offer_answer import fresh_media
from .calls.outgoing import OutgoingCall
from .calls.screening import UNTAKEN, answer_outside, refusal, require_answerable
from .events import Call, CallEnded, CallState, Cause, Direction, EndReason, FlowFailed, Outcome, PhoneEvent
from .line.enrolment import Enrolment
from .line.heartbeat import Heartbeat
from .line.registration import RegistrationState
from .party import Party, called_of, caller_of, session_of
from .sip.address import escape_user
from .sip.framing import FramingError, KeepAlive
from .sip.message import MalformedMessageError, Message, Request, Response
from .sip.reply import reply
from .trace import Trace
from .transactions.dialog import Dialog
from .wire import Wire, ignore

_LOGGER: Final = logging.getLogger(__name__)

# RingCentral allows an extension five calls at once.
MAX_CALLS: Final = 5
# Calls that are over and kept for what is still on its way; a flood must not pile them up.
MAX_LINGERING: Final = 32


class UserAgent:
    """Registers an account, takes its calls and places others."""

    def __init__(self, account: Account, *, token: Callable[[], str], trace: Trace | None = None) -> None:
        """Work for an account; token() returns fresh random hexadecimal text, 32 characters long.

        SRTP keys are made of it: its source must be a cryptographic one. Every message is noted in the trace.
        """
        self._account = account
        self._token = token
        self._trace = trace
        if trace is not None:
            trace.hide(*account.secrets)
        self._flow: Flow | None = None
        self._wire = Wire(trace)
        self._events: list[PhoneEvent] = []
        self._calls: dict[str, CallMachine] = {}
        self._heartbeat = self._new_heartbeat(0.0)
        self._leaving = False
        self._complaints: set[type[sdp.SdpError]] = set()
        self._registration = Enrolment(
            account,
            token=token,
            send=self._send,
            emit=self._events.append,
            busy=lambda: any(self._live_calls()),
        )

    # What comes out

    def take_output(self) -> bytes:
        """Return the bytes to send over a stream."""
        return b"".join(self.take_datagrams())

    def take_datagrams(self) -> list[bytes]:
        """Return the bytes to send, one message each."""
        return self._wire.take()

    def take_events(self) -> list[PhoneEvent]:
        """Return what happened, in order."""
        events = self._events[:]
        self._events.clear()
        return events

    @property
    def next_deadline(self) -> float | None:
        """When tick() is due."""
        deadlines = [call.next_deadline for call in self._calls.values()]
        if self._flow is not None:
            deadlines += [one.next_deadline for one in (self._heartbeat, self._registration, self._wire)]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    @property
    def calls(self) -> list[Call]:
        """The calls that are not over, in the order they came."""
        return [call.call for call in self._live_calls()]

    @property
    def quiet(self) -> bool:
        """Whether nothing is owed to the other side: the connection may be closed."""
        return not self._wire.owed and all(call.settled for call in self._calls.values())

    # What goes in

    def connected(self, flow: Flow, now: float) -> None:
        """Begin on a new connection."""
        self._flow = flow
        self._wire.connected(flow)
        self._heartbeat = self._new_heartbeat(now, reliable=flow.reliable)
        self._leaving = False
        for call in self._calls.values():
            call.move(flow, self._registration.contact(flow))
        self._registration.begin(flow, now)

    def disconnected(self, now: float) -> None:
        """Go on without a connection: what rings ends, who talks talks on, what is over is forgotten."""
        self._flow = None
        self._wire.disconnected()
        self._registration.lost()
        for call in self._calls.values():
            call.lost(now)
        self._calls = {key: call for key, call in self._calls.items() if not (call.settled or self._leaving)}

    def receive(self, data: bytes, now: float) -> None:
        """Take received bytes; what comes of a connection that is gone is dropped."""
        if self._flow is None:
            return
        try:
            for item in self._wire.read(data):
                self._take(item, now)
        except FramingError as error:
            self._events.append(FlowFailed(str(error), Cause.PROTOCOL))

    def tick(self, now: float) -> None:
        """Do what is due."""
        if self._flow is not None:
            if not self._heartbeat.tick(now):
                self._events.append(FlowFailed("the server doesn't answer pings any more"))
            self._registration.tick(now)
        for call_id, call in list(self._calls.items()):
            call.tick(now)
            if call.forgettable(now):
                del self._calls[call_id]
        self._wire.tick(now)

    # What we do with the account

    def change_account(self, account: Account, now: float) -> None:
        """Go on with another account, at the same servers: over the same connection, and with the calls there are."""
        self._account = account
        if self._trace is not None:
            self._trace.hide(*account.secrets)
        for call in self._calls.values():
            call.renew(account.credentials)
        self._registration.change_account(account, now)

    def give_back(self, now: float) -> None:
        """Take no more calls over this connection, and give the registration back: Unregistered comes when it is."""
        self._leaving = True
        self._registration.end(now)

    # What we do with calls

    def answer(self, call_id: str, port: int, now: float) -> None:
        """Answer a ringing call, our audio at this port; raises UnknownCallError."""
        call = self.ringing(call_id)
        assert self._flow is not None
        call.answer(self._local_media(self._flow, port), now)

    def dial(self, number: str, port: int, now: float, ring_for: float = RING_TIMEOUT) -> Call:
        """Call a number of the account's server, our audio at this port, and let it ring for so many seconds.

        The number is what dialing.dialled() returns. Raises NoLineError, TooManyCallsError.
        """
        if self._flow is None or self._leaving:
            raise NoLineError("There is no connection to the server")
        if len(self.calls) >= MAX_CALLS:
            raise TooManyCallsError("There are as many calls as there may be")
        dialog = Dialog.calling(
            self.uri_of(number),
            self._flow,
            own=self.own_uri,
            local_tag=self._tag(),
            contact=self._registration.contact(self._flow),
            user_agent=self._account.user_agent,
            token=self._token,
        )
        info = Call(
            self._token(), Direction.OUTGOING, Party(self._account.username), Party(number), CallState.DIALING
        )
        call = OutgoingCall(
            info,
            dialog,
            require_srtp=self._account.require_srtp or self._account.transport is Transport.TLS,
            credentials=self._account.credentials,
            token=self._token,
            ring_until=now + ring_for,
            send=self._send,
            emit=self._events.append,
        )
        self._calls[info.call_id] = call
        self._forget_oldest()
        call.dial(self._local_media(self._flow, port), now)
        return info

    def check(self, now: float) -> bool:
        """Ask the server at once whether it still knows us; False when it doesn't, or is being asked already."""
        return self._flow is not None and self._registration.check(now)

    def hang_up(self, call_id: str, reason: EndReason, now: float) -> None:
        """End a call, or decline it while it rings; raises UnknownCallError."""
        self._live(call_id).hang_up(reason, now)

    def ringing(self, call_id: str) -> IncomingCall:
        """Return a call that rings here; raises UnknownCallError."""
        call = self._live(call_id)
        if not isinstance(call, IncomingCall) or call.phase is not Phase.RINGING:
            raise UnknownCallError("The call doesn't ring any more")
        return call

    def answered(self, call_id: str) -> CallMachine:
        """Return a call that is up, whoever placed it; raises UnknownCallError."""
        call = self._live(call_id)
        if call.phase not in TALKING:
            raise UnknownCallError("Nobody has answered the call")
        return call

    def uri_of(self, number: str) -> str:
        """Return the URI that a number, as dialing.dialled() returns it, has at the account's server."""
        return f"sip:{escape_user(number)}@{self._account.domain}"

    @property
    def own_uri(self) -> str:
        """Our own."""
        return self._registration.address_of_record

    def shut_down(self, now: float) -> None:
        """End every call, leave what rings or comes to the account's other phones, give the registration back."""
        self._leaving = True
        for call in self._live_calls():
            if isinstance(call, IncomingCall) and call.call.state is CallState.RINGING:
                call.reject(480, Outcome.MISSED, EndReason.LOCAL_HANGUP, now)
            else:
                call.hang_up(EndReason.LOCAL_HANGUP, now)
        self._registration.end(now)
        if self._flow is None:
            # There is nobody to tell.
            self._calls.clear()

    # Inside

    def _take(self, item: Message | KeepAlive, now: float) -> None:
        try:
            match item:
                case KeepAlive.PONG:
                    self._heartbeat.pong(now)
                    self._registration.pace(self._heartbeat.answered, now)
                case Response():
                    self._answered(item, now)
                case Request():
                    self._dispatch(item, now)
        except MalformedMessageError as error:
            ignore(error)

    def _answered(self, response: Response, now: float) -> None:
        if not self._registration.receive(response, now):
            _ = any(call.answered(response, now) for call in self._calls.values())
        elif self._registration.state is RegistrationState.REGISTERED:
            for call in self._calls.values():
                call.reunite(now)

    def _dispatch(self, request: Request, now: float) -> None:
        require_answerable(request)
        if request.method == "INVITE" and not request.to.tag:
            self._invited(request, now)
            return
        if request.method == "MESSAGE":
            self._told(request, now)
        if (call := self._call_of(request)) is not None:
            call.receive(request, now)
        elif request.method != "ACK":
            self._outside(request)

    def _call_of(self, request: Request) -> CallMachine | None:
        cancel = request.method == "CANCEL"
        calls = self._calls.values()
        return next((one for one in calls if (one.is_cancel if cancel else one.in_dialog)(request)), None)

    def _outside(self, request: Request) -> None:
        """Answer a request of no call of ours."""
        status, extra = answer_outside(request)
        self._send(reply(request, status, to_tag=self._tag(), extra=extra))
        if status == 200:
            self._registration.told(request)

    def _invited(self, invite: Request, now: float) -> None:
        for known in self._incoming():
            if known.is_repeat(invite):
                known.repeat()
                return
            if known.is_merged(invite):
                self._send(reply(invite, 482, to_tag=self._tag()))
                return
        if self._leaving:
            self._send(reply(invite, 480, to_tag=self._tag()))
            return
        if (refused := refusal(invite)) is not None:
            self._send(reply(invite, refused[0], to_tag=self._tag(), extra=refused[1]))
            return
        assert self._flow is not None
        rc = rc_message.parse_rc_message(invite.headers.get("P-rc") or "")
        parties = caller_of(invite, rc), called_of(invite, rc)
        info = Call(
            self._token(), Direction.INCOMING, *parties, CallState.RINGING, session=session_of(invite)
        )
        dialog = Dialog(
            invite,
            self._flow,
            local_tag=self._tag(),
            contact=self._registration.contact(self._flow),
            user_agent=self._account.user_agent,
            token=self._token,
        )
        if len(self.calls) >= MAX_CALLS:
            self._send(reply(invite, 486, to_tag=self._tag()))
            self._events.append(CallEnded(info, Outcome.MISSED, EndReason.BUSY))
            return
        try:
            call = IncomingCall(
                info,
                invite,
                dialog,
                rc=rc,
                own=self.own_uri,
                require_srtp=self._account.require_srtp,
                credentials=self._account.credentials,
                token=self._token,
                now=now,
                send=self._send,
                emit=self._events.append,
            )
        except sdp.SdpError as error:
            # Somebody may try a thousand times; the first of a kind says it all.
            level = logging.DEBUG if type(error) in self._complaints else logging.WARNING
            _LOGGER.log(level, "A call could not be taken: %s", error)
            self._complaints.add(type(error))
            self._send(reply(invite, 488, to_tag=self._tag()))
            if (reason := UNTAKEN.get(type(error))) is not None:
                self._events.append(CallEnded(info, Outcome.MISSED, reason))
            return
        self._calls[info.call_id] = call
        self._forget_oldest()
        call.ring()

    def _local_media(self, flow: Flow, port: int) -> sdp.LocalMedia:
        return fresh_media(flow.media_host, port, self._token)

    def _forget_oldest(self) -> None:
        lingering = [call_id for call_id, call in self._calls.items() if call.over]
        for call_id in lingering[:-MAX_LINGERING]:
            del self._calls[call_id]

    def _told(self, request: Request, now: float) -> None:
        """Stop ringing when RingCentral says that another phone of ours took the call (Cmd 7, our own Cln)."""
        session = rc_message.processed_by(self._account.authorization_id, request.body)
        if session is None:
            return
        for call in self._incoming():
            if call.phase is Phase.RINGING and call.concerns(request.call_id, session):
                call.reject(487, Outcome.ENDED, EndReason.ANSWERED_ELSEWHERE, now)

    def _new_heartbeat(self, now: float, *, reliable: bool = True) -> Heartbeat:
        return Heartbeat(self._wire.ping, now, reliable=reliable)

    def _incoming(self) -> Iterator[IncomingCall]:
        return (call for call in list(self._calls.values()) if isinstance(call, IncomingCall))

    def _live_calls(self) -> Iterator[CallMachine]:
        return (call for call in list(self._calls.values()) if not call.over)

    def _live(self, call_id: str) -> CallMachine:
        call = self._calls.get(call_id)
        if call is None or call.over:
            raise UnknownCallError("The call is over")
        return call

    def _tag(self) -> str:
        return self._token()[:16]

    def _send(self, message: Message) -> None:
        self._wire.send(message)
