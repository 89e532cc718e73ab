"""`script/demo`: a real Home Assistant gets a telephone line and is called.

Everything is done the way a person and a browser would do it, over Home Assistant's own HTTP and WebSocket API.
"""

import argparse
import asyncio
from contextlib import suppress
from dataclasses import replace
import itertools
from pathlib import Path
from random import Random, SystemRandom
import sys
import time
from typing import Any, Final, override

import aiohttp

from .call import Call
from .chaos import Chaos, Household, in_words
from .clip import ClipDiffersError, check_clip
from .gate import Gate
from .home import CHECKOUT, PASSWORD, USERNAME, Home, WebSocket, free_port, running
from .leaks import leaks
from .ringcentral import RingCentral
from .speech import CALLERS

FOLDER: Final = CHECKOUT / ".demo"
PORT: Final = 8123
RING_SECONDS: Final = 3
CHAOS_SECONDS: Final = 240
_LINE: Final = "reception"
_CLIP_WITHIN: Final = 60.0


class Timeline:
    """Prints what happens, with the seconds since the start."""

    def __init__(self) -> None:
        """Start the clock."""
        self._start = time.monotonic()

    def tell(self, who: str, what: str) -> None:
        """Print one line."""
        print(f"{time.monotonic() - self._start:7.2f} s  {who:<16} {what}", flush=True)

    def call_event(self, call: Call, at: float, text: str) -> None:
        """Print what a caller does."""
        if (words := in_words(text)) is not None:
            self.tell(call.caller.name, words)


async def add_line(home: Home, cloud: RingCentral, timeline: Timeline, longest_message: int) -> None:
    """Add the line through the configuration flow, step by step."""
    path = "/api/config/config_entries/flow"
    menu = await home.post(path, {"handler": "ringcentral"})
    timeline.tell("Home Assistant", f"asks: {', '.join(menu['menu_options'])}?")
    path = f"{path}/{menu['flow_id']}"
    await home.post(path, {"next_step_id": "ringcentral"})
    form = await home.post(path, cloud.app)
    while form["type"] == "progress":
        timeline.tell("Home Assistant", "registers for a trial")
        await asyncio.sleep(0.5)
        form = await home.get(path)
    if form.get("errors"):
        raise RuntimeError(f"The line could not be added: {form['errors']}")
    timeline.tell("Home Assistant", f"signed in as {form['description_placeholders']['line']}")
    answers = {
        "answer_mode": "answering_machine",
        "answer_after": RING_SECONDS,
        "longest_message": longest_message,
    }
    entry = await home.post(path, answers)
    timeline.tell("Home Assistant", f"added the line {entry['title']}")
    await cloud.registered()
    timeline.tell("Home Assistant", "the line is registered")


class House(Household):
    """What Home Assistant shows of the line, as it is printed."""

    def __init__(self, home: Home, timeline: Timeline) -> None:
        """Look at nothing yet."""
        self.watching = asyncio.Event()
        self._home, self._timeline = home, timeline
        self._saved: list[tuple[float, dict[str, Any]]] = []
        self._more = asyncio.Event()

    async def watch(self) -> None:
        """Print what the line's event entity fires and how the line fares."""
        entities = [f"event.{_LINE}_call", f"sensor.{_LINE}_line_status"]
        async with self._home.websocket() as websocket:
            await websocket.command("subscribe_trigger", trigger={"platform": "state", "entity_id": entities})
            self.watching.set()
            async for trigger in websocket.triggers():
                self._changed(trigger["from_state"], trigger["to_state"])

    def _changed(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        attributes = now["attributes"]
        if kind := attributes.get("event_type"):
            self._timeline.tell("Home Assistant", _described(kind, attributes))
            if kind == "recording_saved":
                self._saved.append((asyncio.get_running_loop().time(), attributes))
                self._more.set()
        elif now["state"] != before["state"]:
            self._timeline.tell("Home Assistant", f"line status: {now['state']}")

    @override
    async def registered(self) -> bool:
        state = await self._home.get(f"/api/states/binary_sensor.{_LINE}_registered")
        return bool(state["state"] == "on")

    @override
    async def clip(self, call: Call) -> bytes:
        placed, _ = call.events[0]
        async with asyncio.timeout(_CLIP_WITHIN):
            while not (found := self._of(call.caller.number, placed)):
                self._more.clear()
                await self._more.wait()
        return (await self.download(found[0]["media_content_id"]))[0]

    def _of(self, number: str, since: float) -> list[dict[str, Any]]:
        return [saved for at, saved in self._saved if at > since and saved["caller"] == number]

    async def download(self, media_content_id: str) -> tuple[bytes, str]:
        """Return a clip and its type, fetched as a browser would.

        Raises:
            ClipDiffersError: it is no WAV file.
        """
        async with self._home.websocket() as websocket:
            media = await websocket.command("media_source/resolve_media", media_content_id=media_content_id)
        wav, kind = await self._home.download(media["url"])
        if kind != media["mime_type"] or kind != "audio/wav":
            raise ClipDiffersError(f"The clip came as {kind}")
        return wav, kind


def _described(kind: str, attributes: dict[str, Any]) -> str:
    who = attributes["caller_name"] or attributes["caller"] or "somebody anonymous"
    details = {
        "incoming": f" from {who}",
        "recording_saved": f": {attributes['duration']} s, {attributes['media_content_id']}",
        "ended": f" after {attributes['duration']} s: {attributes['end_reason']}",
        "missed": f": {attributes['end_reason']}",
    }
    return f"{kind}{details.get(kind, '')}"


async def newest_clip(websocket: WebSocket) -> dict[str, Any]:
    """Walk down the media browser as a person would: the line, the first of its folders, the newest clip."""
    item: dict[str, Any] = {"media_content_id": "media-source://ringcentral"}
    while item.get("can_expand", True):
        folder = await websocket.command(
            "media_source/browse_media", media_content_id=item["media_content_id"]
        )
        if not folder["children"]:
            raise ClipDiffersError("The media browser shows no clip")
        item = folder["children"][0]
    return item


async def one_call(home: Home, house: House, cloud: RingCentral, timeline: Timeline) -> None:
    """Be called once, fetch the clip as a browser would, and hold it against what was said."""
    call = await cloud.call(CALLERS[0])
    await cloud.sip.ended(call)
    if call.violations:
        raise ClipDiffersError(f"The call broke the rules: {call.violations}")
    await asyncio.sleep(0.5)
    async with home.websocket() as websocket:
        clip = await newest_clip(websocket)
    timeline.tell("Media browser", clip["title"])
    wav, kind = await house.download(clip["media_content_id"])
    timeline.tell("Browser", f"fetched {len(wav)} bytes of {kind}")
    timeline.tell("Comparison", check_clip(wav, call))
    timeline.tell("Comparison", "clip is exact")


async def chaos(
    house: House, cloud: RingCentral, gate: Gate, timeline: Timeline, options: argparse.Namespace
) -> list[str]:
    """Let the line have a hard time; return what went wrong."""
    seed = SystemRandom().getrandbits(32) if options.seed is None else options.seed
    timeline.tell(
        "Demo", f"{options.chaos:.0f} s of faults, and calls meanwhile; the same faults again: --seed {seed}"
    )
    report = await Chaos(cloud, gate, house, timeline.tell, Random(seed)).run(options.chaos)
    for line in report.summary():
        timeline.tell("Summary", line)
    return report.problems


async def calls_for_ever(cloud: RingCentral, every: float) -> None:
    """Be called again and again, by one after the other."""
    for caller in itertools.cycle(CALLERS):
        await cloud.registered(timeout=1e9)
        await cloud.call(replace(caller, ring_for=60.0))
        await asyncio.sleep(every)


def complaints(log: Path) -> list[str]:
    """Return the lines of Home Assistant's log in which this integration, or a slow callback of it, is blamed."""
    wanted = ("WARNING", "ERROR", "CRITICAL")
    ours = ("ringcentral", "softphone")
    allowed = "which has not been tested by Home Assistant"
    lines = log.read_text("utf-8", "replace").splitlines()
    return [
        line
        for line in lines
        if any(level in line for level in wanted)
        and any(name in line.lower() for name in ours)
        and allowed not in line
    ]


async def run(options: argparse.Namespace) -> int:
    """Run the demo; return the exit code."""
    timeline = Timeline()
    timeline.tell(
        "Demo", "starting a fresh Home Assistant (the first start fetches its frontend: up to two minutes)"
    )
    ends = options.once or options.chaos is not None
    port = options.port or (free_port() if ends else PORT)
    gate, problems = Gate(), []
    async with (
        RingCentral(tell=timeline.call_event, gate=gate) as cloud,
        running(FOLDER, port=port, debug=options.debug) as url,
        aiohttp.ClientSession() as session,
    ):
        home = await Home.onboard(url, session)
        timeline.tell("Home Assistant", f"{url}  user {USERNAME}, password {PASSWORD}")
        # Who speaks while the line is gone for long must not be cut short by anything else.
        await add_line(home, cloud, timeline, 60 if options.chaos is None else 300)
        house = House(home, timeline)
        watching = asyncio.create_task(house.watch())
        await house.watching.wait()
        try:
            if options.once:
                await one_call(home, house, cloud, timeline)
            elif options.chaos is not None:
                problems = await chaos(house, cloud, gate, timeline, options)
            else:
                timeline.tell("Demo", f"a call every {options.every:.0f} s; press Ctrl+C to end")
                await calls_for_ever(cloud, options.every)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    log = FOLDER / "home-assistant.log"
    found = complaints(log) + leaks({"the log": log.read_text("utf-8", "replace")}, cloud.secrets)
    for line in found:
        timeline.tell("Log", line)
    return 1 if problems or found else 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument(
        "--once", action="store_true", help="one call, check its clip, exit 0 when it is exact"
    )
    parser.add_argument(
        "--chaos",
        type=float,
        nargs="?",
        const=CHAOS_SECONDS,
        metavar="SECONDS",
        help="let the server and the connection fail for so long (%(const)s); "
        "exit 0 when the line was back in time after each fault and no message was lost",
    )
    parser.add_argument("--seed", type=int, help="the faults of an earlier --chaos, in the same order")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between calls (%(default)s)")
    parser.add_argument("--port", type=int, help=f"port of Home Assistant ({PORT}; with --once any free one)")
    parser.add_argument(
        "--debug", action="store_true", help="run Home Assistant in debug mode, with every message in its log"
    )
    return parser.parse_args()


def main() -> None:
    """Run the demo."""
    try:
        code = asyncio.run(run(arguments()))
    except ClipDiffersError as error:
        sys.exit(str(error))
    sys.exit(code)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
