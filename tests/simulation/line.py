"""A line: the agent, and a shell like the phone's around it, in virtual time."""

from collections.abc import Callable

from custom_components.ringcentral.softphone.account import Account, Flow
from custom_components.ringcentral.softphone.agent import UserAgent
from custom_components.ringcentral.softphone.calls.call import UnknownCallError
from custom_components.ringcentral.softphone.events import (
    Call,
    CallChanged,
    CallEnded,
    CallState,
    Cause,
    EndReason,
    FlowFailed,
    MediaAgreed,
    PhoneEvent,
    Registered,
    RegistrationRefused,
)
from custom_components.ringcentral.softphone.line.route import Loss, Route
from tests.simulation.server import Connection, Server
from tests.simulation.world import Pipe, World
from tests.softphone.builders import ACCOUNT

CLOSED = Loss(Cause.CLOSED, "x")


class Line:
    """Keeps itself registered, answers some calls, and counts how they end."""

    def __init__(self, world: World, server: Server, account: Account = ACCOUNT) -> None:
        """Connect at once."""
        self.agent = UserAgent(account, token=lambda: f"{world.random.getrandbits(128):032x}")
        self.rang: set[str] = set()
        self.ended: set[str] = set()
        self.up: Pipe | None = None
        self.connection: Connection | None = None
        self.connections = 0
        self._world = world
        self._server = server
        self._route = Route(account, world.random)
        self._due: float | None = None
        world.at(0, self._try)

    @property
    def in_service(self) -> bool:
        """Whether a call placed now would ring."""
        connection = self.connection
        return connection is not None and self._server.reachable is connection and not connection.down.broken

    def close(self, loss: Loss = CLOSED) -> None:
        """Lose the connection and come back."""
        assert self.up is not None and self.connection is not None
        self.up.broken = self.connection.down.broken = True
        self.up = self.connection = None
        self.agent.disconnected(self._world.now)
        self._pump()
        self._come_back(loss)

    def _come_back(self, loss: Loss) -> None:
        self._world.after(self._route.lost(loss, self._world.now), self._try)

    def _try(self) -> None:
        assert self.up is None, "a second connection"
        if self._server.up:
            self._connect()
        else:
            self._come_back(Loss(Cause.REFUSED, "x"))

    def _connect(self) -> None:
        assert self.up is None, "a second connection"
        down = Pipe(self._world, self._receive)
        connection = Connection(self._server, down, self.close)
        self.connection, self.up = connection, Pipe(self._world, connection.receive)
        self.connections += 1
        self.agent.connected(Flow("192.0.2.7", 1024 + self.connections), self._world.now)
        self._pump()

    def _receive(self, data: bytes) -> None:
        self.agent.receive(data, self._world.now)
        self._pump()

    def _tick(self) -> None:
        if self._due is None or self._world.now < self._due:
            return
        self._due = None
        self.agent.tick(self._world.now)
        at = self._route.switch_back_at
        if self.up is not None and at is not None and self._world.now >= at and not self.agent.calls:
            self.close(Loss(Cause.SWITCH_BACK, "x"))
            return
        self._pump()

    def _pump(self) -> None:
        output = self.agent.take_output()
        if self.up is not None:
            self.up.send(output)
        for event in self.agent.take_events():
            self._handle(event)
        deadline = self.agent.next_deadline
        if deadline is not None and deadline != self._due:
            assert deadline > self._world.now, "a deadline in the past"
            self._world.at(deadline, self._tick)
        self._due = deadline

    def _handle(self, event: PhoneEvent) -> None:
        match event:
            case CallChanged(call):
                assert call.call_id not in self.ended
                self.rang.add(call.call_id)
                if call.state is CallState.RINGING:
                    self._live(call)
            case CallEnded(call):
                assert call.call_id not in self.ended
                self.rang.add(call.call_id)
                self.ended.add(call.call_id)
            case MediaAgreed(call_id):
                assert call_id not in self.ended
            case Registered():
                self._route.registered(self._world.now)
            case FlowFailed(_, cause):
                self._world.after(0, self._give_up(Loss(cause, "x")))
            case RegistrationRefused(status, _, retry_after, kept=False):
                self._world.after(0, self._give_up(Loss(event.cause, "x", retry_after, status)))

    def _give_up(self, loss: Loss) -> Callable[[], None]:
        connection = self.connection

        def close() -> None:
            if self.connection is connection and connection is not None:
                self.close(loss)

        return close

    def _live(self, call: Call) -> None:
        """Decide what the household does with a call."""
        random = self._world.random
        if random.random() < 0.7:
            self._world.after(random.uniform(0, 15), lambda: self._do_answer(call))
        self._world.after(random.uniform(1, 400), lambda: self._do_hang_up(call))

    def _do_answer(self, call: Call) -> None:
        try:
            self.agent.answer(call.call_id, 40000, self._world.now)
        except UnknownCallError:
            return
        self._pump()

    def _do_hang_up(self, call: Call) -> None:
        try:
            self.agent.hang_up(call.call_id, EndReason.LOCAL_HANGUP, self._world.now)
        except UnknownCallError:
            return
        self._pump()
