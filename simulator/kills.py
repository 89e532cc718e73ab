"""`script/kill-test`: a real Home Assistant is killed again and again, and nothing that was said may be lost.

Each time it is `kill -9` at a random moment: while it rings, is greeted, speaks or is filed, or while Home Assistant starts
after the kill before. After each the database is looked at as it was left, and after the next start every message is held
against what its caller had said by the moment of the kill.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from enum import StrEnum
import io
from pathlib import Path
from random import Random, SystemRandom
import shutil
import sqlite3
from statistics import median
import sys
from tempfile import TemporaryDirectory
import time
from typing import Any, Final
import wave

import aiohttp
import audioop

from .call import Call
from .caller import Caller, Manner
from .demo import Timeline, add_line, complaints
from .home import CHECKOUT, Home, Process, free_port, prepare
from .leaks import leaks
from .ringcentral import RingCentral

FOLDER: Final = CHECKOUT / ".kill-test"
TIMES: Final = 50
RATE: Final = 8000
MAY_LACK: Final = 1.0
"""Seconds before the kill that may be missing: what is said may wait a tenth for the clock, and half for the disk."""
_KEPT_WITHIN: Final = 60.0  # seconds
_SURELY_KNOWN: Final = 0.5
"""Seconds after its first ring from which on a call must be in the list."""
_CONFIGURATION: Final = """\
homeassistant:
  name: Kill test
  time_zone: UTC
http:
  server_host: 127.0.0.1
  server_port: {port}
onboarding:
config:
media_source:
logger:
  default: warning
  logs:
    custom_components.ringcentral: info
"""


class Moment(StrEnum):
    """What Home Assistant is about when it is killed."""

    CALL = "in a call"
    FILING = "as a message is filed"
    START = "as it starts"


@dataclass(frozen=True, slots=True)
class Plan:
    """One kill: so many seconds after the first call was placed, the last one was over, or the process was started."""

    moment: Moment
    after: float
    callers: tuple[Caller, ...] = ()

    @classmethod
    def drawn(cls, random: Random, number: int) -> Plan:
        """Draw the kill of a number."""
        moment = random.choices(list(Moment), (7, 2, 1))[0]
        if moment is Moment.START:
            return cls(moment, random.uniform(0.2, 4))
        seconds, after = (30, random.uniform(0, 22)) if moment is Moment.CALL else (2, random.uniform(0, 0.4))
        count = random.choice((1, 1, 2)) if moment is Moment.CALL else 1
        return cls(moment, after, tuple(_caller(random, 10 * number + n, seconds) for n in range(count)))


def _caller(random: Random, number: int, seconds: int) -> Caller:
    """Return somebody with a number that nobody else has, who says what nobody else says."""
    # Loud enough, and each code another sample.
    speech = bytes(random.choices([*range(0x10, 0x70), *range(0x90, 0xF0)], k=RATE * seconds))
    return Caller(number=f"+1650{5550000 + number}", name=f"Caller {number}", manner=Manner(speech=speech))


@dataclass(slots=True)
class Placed:
    """A call as it stood when Home Assistant was killed."""

    call: Call
    rang_for: float | None
    sent: int

    @property
    def said(self) -> bytes:
        """What had been sent by then, as samples."""
        return audioop.ulaw2lin(b"".join(packet.payload for packet in self.call.voice.sent[: self.sent]), 2)


@dataclass(slots=True)
class Report:
    """What came of it."""

    kills: Counter[Moment] = field(default_factory=Counter)
    starts: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    lacking: list[float] = field(default_factory=list)
    seconds: float = 0.0
    calls: int = 0
    clips: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def summary(self) -> list[str]:
        """Return it for people."""
        kills = ", ".join(f"{count} {moment}" for moment, count in self.kills.items())
        lacking = (
            f"of the last words {median(self.lacking):.2f} s were missing (median), {max(self.lacking):.2f} s at the most"
            if self.lacking
            else "nobody was cut short"
        )
        return [
            f"{self.kills.total()} kills: {kills}",
            f"{self.calls} calls in the list, {len(self.clips)} messages of {self.seconds:.0f} s, all playable; {lacking}",
            f"a start took {median(self.starts):.1f} s (median), {max(self.starts):.1f} s at the most",
            f"of it the integration took {median(self.ours):.2f} s (median), {max(self.ours):.2f} s at the most",
            f"{len(self.problems)} problems",
        ]


class KillTest:
    """Kills one Home Assistant again and again."""

    def __init__(self, cloud: RingCentral, timeline: Timeline, seed: int) -> None:
        """Begin with nothing; the same seed has the same kills."""
        self.report = Report()
        self._cloud, self._timeline = cloud, timeline
        self._random = Random(seed)
        self._port = free_port()
        self._process = Process(FOLDER, debug=False)
        self._database = FOLDER / "config" / "ringcentral" / "library.db"

    async def run(self, times: int, session: aiohttp.ClientSession) -> None:
        """Kill it so many times, and judge."""
        prepare(FOLDER, _CONFIGURATION.format(port=self._port))
        url = f"http://127.0.0.1:{self._port}"
        async with self._running():
            await self._process.start()
            await self._process.answers(url)
            home = await Home.onboard(url, session)
            await add_line(home, self._cloud, self._timeline, 60)
            await self._line_is_kept()
            for number in range(times):
                plan = Plan.drawn(self._random, number)
                placed = await self._strike(plan)
                self.report.kills[plan.moment] += 1
                self._timeline.tell("Kill", f"{number + 1} of {times}: {plan.moment}")
                self._look_at_what_is_left()
                await self._start(home)
                for one in placed:
                    await self._judge(home, one)
            await self._judge_all(home)

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await self._process.stop()

    async def _line_is_kept(self) -> None:
        """Wait until Home Assistant has written its entries down, which it does a second later."""
        entries = FOLDER / "config" / ".storage" / "core.config_entries"
        async with asyncio.timeout(_KEPT_WITHIN):
            while '"ringcentral"' not in await asyncio.to_thread(entries.read_text):  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.1)

    async def _strike(self, plan: Plan) -> list[Placed]:
        """Do what is planned, and kill Home Assistant in the midst of it; return the calls as they stood."""
        if plan.moment is Moment.START:
            await self._process.kill()
            await self._process.start()
        calls = [await self._cloud.call(caller) for caller in plan.callers]
        if plan.moment is Moment.FILING:
            for call in calls:
                await self._cloud.sip.ended(call)
        await asyncio.sleep(plan.after)
        now = asyncio.get_running_loop().time()
        placed = [Placed(call, _rang_for(call, now), len(call.voice.sent)) for call in calls]
        await self._process.kill()
        return placed

    async def _start(self, home: Home) -> None:
        begin = time.monotonic()
        await self._process.start()
        await self._process.answers(home.url, onboarded=True)
        await home.refresh()
        await self._cloud.registered(timeout=120)
        self.report.starts.append(time.monotonic() - begin)
        async with home.websocket() as websocket:
            timings = await websocket.command("integration/setup_info")
        self.report.ours += [timing["seconds"] for timing in timings if timing["domain"] == "ringcentral"]

    def _look_at_what_is_left(self) -> None:
        """Check a copy of the database as the kill has left it."""
        with TemporaryDirectory() as folder:
            copy = Path(folder) / self._database.name
            for suffix in ("", "-wal"):
                with suppress(FileNotFoundError):
                    shutil.copy(f"{self._database}{suffix}", f"{copy}{suffix}")
            with closing(sqlite3.connect(copy)) as connection:
                (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            self._problem(f"the database is damaged: {verdict}")

    async def _judge(self, home: Home, placed: Placed) -> None:
        """Hold what was filed of a call against what was said before the kill."""
        caller = placed.call.caller
        filed = await home.act("get_calls", number=[caller.number])
        if not filed["calls"] and placed.rang_for is not None and placed.rang_for > _SURELY_KNOWN:
            self._problem(f"the call of {caller.name} is not in the list")
        if any(call["outcome"] is None or call["caller"] != caller.number for call in filed["calls"]):
            self._problem(f"the call of {caller.name} has no end, or is somebody else's")
        self.report.calls += len(filed["calls"])
        clips = [clip for call in filed["calls"] for clip in call["clips"]]
        said, speech = placed.said, audioop.ulaw2lin(caller.manner.speech, 2)
        begun = said.find(speech[:320])
        spoken = (len(said) - begun) / 2 / RATE if begun >= 0 else 0.0
        if not clips:
            if spoken > MAY_LACK:
                self._problem(f"{caller.name} spoke for {spoken:.2f} s, and no message was filed")
            return
        await self._judge_clip(home, clips[0], caller, said, begun)

    async def _judge_clip(
        self, home: Home, clip: dict[str, Any], caller: Caller, said: bytes, begun: int
    ) -> None:
        sound = await self._sound(home, clip["media_content_id"])
        at = said.find(sound)
        if at % 2 or at < 0 or at > begun >= 0:
            self._problem(f"the message of {caller.name} is not what was said")
            return
        lacking = (len(said) - at - len(sound)) / 2 / RATE
        self.report.clips[clip["clip"]] = caller.name
        self.report.seconds += len(sound) / 2 / RATE
        self.report.lacking.append(lacking)
        if lacking > MAY_LACK:
            self._problem(f"of what {caller.name} said the last {lacking:.2f} s are missing")
        if abs(clip["duration"] - len(sound) / 2 / RATE) > 0.1:
            self._problem(f"the message of {caller.name} has another length than the list says")

    async def _sound(self, home: Home, media_content_id: str) -> bytes:
        """Return the samples of a clip, fetched as a browser would."""
        async with home.websocket() as websocket:
            media = await websocket.command("media_source/resolve_media", media_content_id=media_content_id)
        wav, _ = await home.download(media["url"])
        with wave.open(io.BytesIO(wav)) as file:
            return bytes(file.readframes(file.getnframes()))

    async def _judge_all(self, home: Home) -> None:
        """See that whatever was there once is there still."""
        listed = await home.act("get_clips", limit=1000)
        left = {clip["clip"] for clip in listed["clips"]}
        for clip, name in self.report.clips.items():
            if clip not in left:
                self._problem(f"the message of {name} is gone")
        if listed["count"] != len(self.report.clips):
            self._problem(f"{listed['count']} messages are listed, {len(self.report.clips)} were left")

    def _problem(self, text: str) -> None:
        self.report.problems.append(text)
        self._timeline.tell("Problem", text)


def _rang_for(call: Call, now: float) -> float | None:
    """Return how long ago the phone said that it rings; None where it hasn't."""
    return next((now - at for at, text in call.events if text in {"ringing", "answered"}), None)


async def run(options: argparse.Namespace) -> int:
    """Run the test; return the exit code."""
    timeline = Timeline()
    seed = SystemRandom().getrandbits(32) if options.seed is None else options.seed
    timeline.tell("Test", f"{options.times} kills; the same again: --seed {seed}")
    async with RingCentral() as cloud, aiohttp.ClientSession() as session:
        test = KillTest(cloud, timeline, seed)
        await test.run(options.times, session)
        secrets = cloud.secrets
    log = FOLDER / "home-assistant.log"
    found = complaints(log) + leaks({"the log": log.read_text("utf-8", "replace")}, secrets)
    for line in found:
        timeline.tell("Log", line)
    for line in test.report.summary():
        timeline.tell("Summary", line)
    return 1 if test.report.problems or found else 0


def main() -> None:
    """Run the test."""
    parser = argparse.ArgumentParser(prog="script/kill-test", description=__doc__)
    parser.add_argument("times", type=int, nargs="?", default=TIMES, help="how many kills (%(default)s)")
    parser.add_argument("--seed", type=int, help="the kills of an earlier run, at the same moments")
    sys.exit(asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
