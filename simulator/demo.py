"""`script/demo`: a real Home Assistant gets a telephone line and is called.

Everything is done the way a person and a browser would do it, over Home Assistant's own HTTP and WebSocket API.
"""

import argparse
import asyncio
from contextlib import suppress
from dataclasses import replace
import io
import itertools
from pathlib import Path
import sys
import time
from typing import Any, Final
import wave

import aiohttp
import audioop

from .call import Call
from .home import CHECKOUT, PASSWORD, USERNAME, Home, WebSocket, free_port, running
from .ringcentral import RingCentral
from .speech import CALLERS

FOLDER: Final = CHECKOUT / ".demo"
PORT: Final = 8123
RING_SECONDS: Final = 3
_LINE: Final = "reception"


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
        self.tell(call.caller.name, text)


class ClipDiffersError(Exception):
    """The clip is not what was said."""


async def add_line(home: Home, cloud: RingCentral, timeline: Timeline) -> None:
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
    answers = {"answer_mode": "answering_machine", "answer_after": RING_SECONDS, "longest_message": 60}
    entry = await home.post(path, answers)
    timeline.tell("Home Assistant", f"added the line {entry['title']}")
    await cloud.registered()
    timeline.tell("Home Assistant", "the line is registered")


async def watch(home: Home, timeline: Timeline, watching: asyncio.Event) -> None:
    """Print what the line's event entity fires."""
    async with home.websocket() as websocket:
        await websocket.command(
            "subscribe_trigger", trigger={"platform": "state", "entity_id": f"event.{_LINE}_call"}
        )
        watching.set()
        async for trigger in websocket.triggers():
            attributes = trigger["to_state"]["attributes"]
            if kind := attributes.get("event_type"):
                timeline.tell("Home Assistant", _described(kind, attributes))


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
    """Walk down the media browser as a person would: the line, the newest day, the newest clip."""
    item: dict[str, Any] = {"media_content_id": "media-source://ringcentral"}
    while item.get("can_expand", True):
        folder = await websocket.command(
            "media_source/browse_media", media_content_id=item["media_content_id"]
        )
        if not folder["children"]:
            raise ClipDiffersError("The media browser shows no clip")
        item = folder["children"][0]
    return item


def check_clip(wav: bytes, call: Call) -> str:
    """Compare a clip, sample for sample, with what the caller sent; return what was found.

    Raises:
        ClipDiffersError: it isn't exactly what was said from the beep on.
    """
    with wave.open(io.BytesIO(wav)) as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, 8000):
            raise ClipDiffersError("The clip is not 16-bit mono at 8 kHz")
        clip = file.readframes(file.getnframes())
    sent = audioop.ulaw2lin(b"".join(packet.payload for packet in call.voice.sent), 2)
    speech = audioop.ulaw2lin(call.caller.manner.speech, 2)
    if not speech or speech not in clip:
        raise ClipDiffersError("The clip does not hold the speech exactly")
    if not sent.endswith(clip):
        raise ClipDiffersError("The clip is not exactly the end of what was sent")
    return f"{len(clip) // 2} samples, {len(clip) / 16000:.2f} s, speech {len(speech) / 16000:.2f} s of it"


async def one_call(home: Home, cloud: RingCentral, timeline: Timeline) -> None:
    """Be called once, fetch the clip as a browser would, and hold it against what was said."""
    call = await cloud.call(CALLERS[0])
    await cloud.sip.ended(call)
    if call.violations:
        raise ClipDiffersError(f"The call broke the rules: {call.violations}")
    async with home.websocket() as websocket:
        await asyncio.sleep(0.5)
        clip = await newest_clip(websocket)
        timeline.tell("Media browser", clip["title"])
        media = await websocket.command(
            "media_source/resolve_media", media_content_id=clip["media_content_id"]
        )
    wav, kind = await home.download(media["url"])
    timeline.tell("Browser", f"fetched {len(wav)} bytes of {kind}")
    if kind != media["mime_type"] or kind != "audio/wav":
        raise ClipDiffersError(f"The clip came as {kind}")
    timeline.tell("Comparison", check_clip(wav, call))
    timeline.tell("Comparison", "clip is exact")


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
    port = options.port or (free_port() if options.once else PORT)
    async with (
        RingCentral(tell=timeline.call_event) as cloud,
        running(FOLDER, port=port, debug=options.debug) as url,
        aiohttp.ClientSession() as session,
    ):
        home = await Home.onboard(url, session)
        timeline.tell("Home Assistant", f"{url}  user {USERNAME}, password {PASSWORD}")
        await add_line(home, cloud, timeline)
        ready = asyncio.Event()
        watching = asyncio.create_task(watch(home, timeline, ready))
        await ready.wait()
        try:
            if options.once:
                await one_call(home, cloud, timeline)
            else:
                timeline.tell("Demo", f"a call every {options.every:.0f} s; press Ctrl+C to end")
                await calls_for_ever(cloud, options.every)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    found = complaints(FOLDER / "home-assistant.log")
    for line in found:
        timeline.tell("Log", line)
    return 1 if found else 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument(
        "--once", action="store_true", help="one call, check its clip, exit 0 when it is exact"
    )
    parser.add_argument("--every", type=float, default=60.0, help="seconds between calls (%(default)s)")
    parser.add_argument("--port", type=int, help=f"port of Home Assistant ({PORT}; with --once any free one)")
    parser.add_argument("--debug", action="store_true", help="run Home Assistant in debug mode")
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
