"""A stretch of a line's life: the whole phone, a server, a household and callers, and everything that goes wrong."""

import asyncio
from collections import Counter
from collections.abc import Callable
import contextlib
from dataclasses import dataclass, field
import logging
from random import Random
import re
import secrets
import ssl
from typing import cast
from unittest.mock import patch
import zlib

from custom_components.ringcentral.softphone import phone as phone_module
from custom_components.ringcentral.softphone.account import Account, Proxy, Transport
from custom_components.ringcentral.softphone.calls.call import UnknownCallError
from custom_components.ringcentral.softphone.calls.dialing import DialError
from custom_components.ringcentral.softphone.events import CallChanged, CallState, PhoneEvent
from custom_components.ringcentral.softphone.media.engine import MediaEngine
from custom_components.ringcentral.softphone.media.keys import KeyWay
from custom_components.ringcentral.softphone.phone import Phone
from simulator.caller import Caller, Manner, Step
from simulator.dialect import Dialect
from simulator.digest import Scheme
from simulator.exchange import NotRegisteredError
from simulator.link import Faults
from simulator.registrar import Account as ServerAccount
from simulator.server import Server
from tests.simulation.faults import Troublemaker
from tests.simulation.loop import START, VirtualLoop
from tests.simulation.sound import Engine
from tests.simulation.watch import BACK, HOUR, Watch

DAY = 24 * HOUR
# A call that comes while nothing is wrong rings within seconds.
RINGS = 20.0
# What a strict peer can't hold against a phone whose connection is cut in the middle of anything, and who may change a
# session while the other side does (§14.2). A change that was lost with a connection has its version all the same.
_EXCUSED = re.compile(
    r"no response to|491 to INVITE|no 487 after CANCEL|[46]\d\d to INVITE: not 487 after CANCEL"
    r"|SDP in INVITE: version does not count the changes"
)
ERROR_CODES = frozenset({408, 500, 502, 503, 504})


@dataclass(slots=True)
class Record:
    """What came of a life."""

    seed: int
    days: float
    faults: Counter[str]
    calls: int
    rang: int
    answered: int
    longest_back: float
    violations: list[str]
    digest: int
    """Of everything that happened: the same seed gives the same."""
    timeline: list[str] = field(repr=False)


def live(seed: int) -> Record:
    """Live one life; everything in it comes from the seed."""
    loop = VirtualLoop()
    asyncio.set_event_loop(None)
    life = Life(seed, loop)
    tokens = Random(f"tokens {seed}")
    logger = logging.getLogger("custom_components.ringcentral")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with (
            patch.object(secrets, "token_hex", lambda size: f"{tokens.getrandbits(8 * size):0{2 * size}x}"),
            patch.object(phone_module, "SystemRandom", lambda: Random(f"jitter {seed}")),
        ):
            loop.run_until_complete(life.run())
    except Exception as error:  # noqa: BLE001 - whatever it is, the seed has to be told
        life.watch.wrong(f"{type(error).__name__}: {error}")
    finally:
        logger.setLevel(level)
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        with contextlib.suppress(Exception):
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()
    return life.record


class Life:
    """One life in the making."""

    def __init__(self, seed: int, loop: VirtualLoop) -> None:
        """Draw what kind of line it is."""
        self.seed = seed
        self.timeline: list[str] = []
        self._digest = 0
        self._loop = loop
        self._random = random = Random(seed)
        loop.network.random = Random(f"network {seed}")
        loop.network.delay = random.choice(((0.002, 0.02), (0.01, 0.1), (0.05, 0.4)))
        self._outage = random.uniform(1, 4) * DAY if random.random() < 0.05 else 0.0
        self._length = DAY + self._outage
        self._secure = random.random() < 0.4
        transport = Transport.TLS if self._secure else Transport.TCP
        hosts = tuple(f"sip{number}.example.com" for number in range(1, random.choice((1, 3, 3)) + 1))
        self._account = ServerAccount(
            scheme=random.choice((Scheme.RINGCENTRAL, Scheme.QOP, Scheme.SHA256, Scheme.OPEN, Scheme.OPEN)),
            granted=random.choice((45, 60, 229, 600, 600, 600, 3600, 3600, 3600, 3600)),
        )
        self._phone_account = Account(
            self._account.username,
            self._account.password,
            self._account.authorization_id,
            self._account.domain,
            tuple(Proxy(host, transport.default_port) for host in hosts),
            transport=transport,
            error_codes=random.choice((frozenset(), ERROR_CODES)),
            switch_back_interval=random.choice((None, 600.0, 3600.0)),
        )
        self._faults = Faults(pong=random.random() < 0.88)
        self._sound = Engine()
        self._placed = self._answered = 0
        self._strict: set[str] = set()
        self.watch = Watch(loop, self._account, self._sound, len(hosts), self.note)
        self._trouble = Troublemaker(
            random,
            loop,
            self.watch,
            self._faults,
            hosts,
            secure=self._secure,
            restart=self._restart,
        )
        self._restarting = asyncio.Lock()

    @property
    def record(self) -> Record:
        """What came of it."""
        watch = self.watch
        days = (self._loop.time() - START) / DAY
        return Record(
            self.seed,
            days,
            watch.faults,
            self._placed,
            len(watch.rang),
            self._answered,
            watch.longest_back,
            watch.violations,
            self._digest,
            self.timeline,
        )

    def note(self, text: str) -> None:
        """Add to the timeline."""
        at = self._loop.time() - START
        line = f"{int(at // 3600):3}:{int(at % 3600 // 60):02}:{at % 60:06.3f}  {text}"
        self._digest = zlib.crc32(line.encode(), self._digest)
        self.timeline.append(line)

    async def run(self) -> None:
        """Live it, and look at what is left."""
        await self._start()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if self._secure else None
        phone = Phone(self._phone_account, cast(MediaEngine, self._sound), self._take, tls)
        self.watch.phone = phone
        phone.start()
        around = [
            asyncio.create_task(self._trouble.play(self._random.choice((900.0, 1500.0, 2400.0)))),
            asyncio.create_task(self._callers()),
            asyncio.create_task(self._look()),
        ]
        if self._outage:
            around.append(asyncio.create_task(self._long_outage()))
        until = START + self._length
        while self._loop.time() < until:
            ended, _ = await asyncio.wait(
                around, timeout=until - self._loop.time(), return_when=asyncio.FIRST_COMPLETED
            )
            for task in ended:
                around.remove(task)
                task.result()
        for task in around:
            task.cancel()
        await asyncio.gather(*around, return_exceptions=True)
        await self._end(phone)

    async def _long_outage(self) -> None:
        await asyncio.sleep(self._random.uniform(0, DAY / 2))
        await self._trouble.long_outage(self._outage)

    async def _end(self, phone: Phone) -> None:
        """Put everything right: the line is there, a call rings, and nothing is left when it is stopped."""
        for wait in (BACK, 3 * HOUR):
            # A server may have asked for up to an hour.
            await asyncio.sleep(wait)
            if self.watch.link is not None:
                break
        else:
            self.watch.wrong("the line never came back")
        for call in list(phone.calls):
            phone.hang_up(call.call_id)
        await self._call(until_rung=True)
        await phone.stop()
        await asyncio.sleep(0)
        if self.watch.calls or self._sound.sessions or phone._sessions:
            self.watch.wrong("calls or their sound are left after the end")
        if any(count != 1 for count in self.watch.ended.values()):
            self.watch.wrong("a call has not ended once")
        self.watch.nothing_left()
        await self._server.__aexit__(None, None, None)
        self._collect()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(600)
            self.watch.bounded()
            self._collect()

    # The server

    async def _start(self) -> None:
        seed = self._random.getrandbits(32)
        self._server = await Server((self._account,), host="198.51.100.1", port=5060, seed=seed).__aenter__()
        self._server.exchange.faults = self._faults
        self.watch.server = self._server

    async def _restart(self, pause: float) -> None:
        """Stop the server for a while; a new one knows nothing of its past."""
        async with self._restarting:
            self.watch.server = None
            await self._server.__aexit__(None, None, None)
            self._collect()
            try:
                await asyncio.sleep(pause)
            finally:
                await self._start()

    def _collect(self) -> None:
        """Hear what the server holds against the phone."""
        for text in self._server.violations:
            if not _EXCUSED.match(text) and text not in self._strict:
                self._strict.add(text)
                self.watch.wrong(f"the server says: {text}")

    # The callers

    async def _callers(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(self._random.expovariate(1 / 1500.0))
                for _ in range(self._random.choice((1, 1, 1, 2, 7))):
                    group.create_task(self._call())

    async def _call(self, *, until_rung: bool = False) -> None:
        """Place a call; one that comes while nothing is wrong rings."""
        random, watch = self._random, self.watch
        undisturbed = watch.disturbances
        expected = watch.faultless and watch.link is not None and len(watch.calls) < 3
        number = f"+1650{self._placed:07}"
        talk = random.choice((5.0, 60.0, 400.0, 1800.0)) * random.random()
        steps = (
            (1.0, Step.HOLD),
            (4.0, Step.RESUME),
            (9.0, Step.REFRESH),
            (11.0, Step.INFO),
            (15.0, Step.UPDATE),
        )
        caller = Caller(
            number,
            manner=Manner(max_wait=talk),
            ring_for=random.uniform(2, 45),
            while_talking=steps if random.random() < 0.3 else (),
            acknowledge=random.random() < 0.97,
        )
        try:
            call = await self._server.call(caller=caller, dialect=Dialect(offer=random.random() < 0.8))
        except NotRegisteredError:
            return
        self._placed += 1
        self.note(f"call {number[-4:]}: placed")
        watch.placed(number, call)
        await asyncio.sleep(RINGS)
        if (expected or until_rung) and watch.disturbances == undisturbed and number not in watch.rang:
            watch.wrong("a call doesn't ring")

    # The household

    def _take(self, event: PhoneEvent) -> None:
        self.watch.take(event)
        match event:
            case CallChanged(call) if call.state is CallState.RINGING:
                random = self._random
                if random.random() < 0.75:
                    self._loop.call_later(random.uniform(0.1, 12), self._answer, call.call_id)
                if random.random() < 0.5:
                    self._loop.call_later(
                        random.choice((8.0, 100.0, 1500.0)) * random.random(), self._hang_up, call.call_id
                    )

    def _answer(self, call_id: str) -> None:
        phone = self.watch.phone
        assert phone is not None
        try:
            phone.answer(call_id)
        except UnknownCallError:
            return
        self._answered += 1
        random = self._random
        for act, often in ((self._hold, 0.15), (self._press, 0.15), (self._hand_on, 0.05)):
            if random.random() < often:
                self._loop.call_later(random.uniform(1, 120), self._with, act, call_id)

    def _with(self, act: Callable[[Phone, str], object], call_id: str) -> None:
        """Do something with a call, unless it is over or the line is gone."""
        phone = self.watch.phone
        assert phone is not None
        with contextlib.suppress(UnknownCallError, DialError):
            act(phone, call_id)

    def _hold(self, phone: Phone, call_id: str) -> None:
        phone.hold(call_id)
        self._loop.call_later(self._random.uniform(1, 60), self._with, Phone.unhold, call_id)

    def _press(self, phone: Phone, call_id: str) -> None:
        phone.send_keys(call_id, "12", way=self._random.choice((KeyWay.AUTO, KeyWay.INFO)))

    def _hand_on(self, phone: Phone, call_id: str) -> None:
        phone.transfer(call_id, "+16505550199")

    def _hang_up(self, call_id: str) -> None:
        phone = self.watch.phone
        assert phone is not None
        try:
            phone.hang_up(call_id)
        except UnknownCallError:
            return
