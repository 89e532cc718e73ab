"""A speech-to-text engine that hears English digits: PocketSphinx, spoken to over the Wyoming protocol.

It runs in a Python of its own, 3.11 to 3.13, which PocketSphinx is built for: python server.py PORT
"""

import asyncio
from functools import partial
import sys
from typing import Any

from pocketsphinx import Decoder
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.info import AsrModel, AsrProgram, Attribution, Describe, Info
from wyoming.server import AsyncEventHandler, AsyncServer

READY = "listening"

_RATE = 16000
_DIGITS = "zero | one | two | three | four | five | six | seven | eight | nine"
_GRAMMAR = f"#JSGF V1.0;\ngrammar digits;\npublic <digits> = ({_DIGITS})+;\n"
_MADE_BY: dict[str, Any] = {
    "attribution": Attribution("CMU Sphinx", "https://github.com/cmusphinx/pocketsphinx"),
    "installed": True,
    "description": None,
    "version": None,
}
_INFO = Info(
    asr=[
        AsrProgram(
            name="PocketSphinx", models=[AsrModel(name="digits", languages=["en"], **_MADE_BY)], **_MADE_BY
        )
    ]
)


def understand(decoder: Decoder, sound: bytes) -> str:
    """Return the digits in 16-bit sound."""
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()
    heard = decoder.hyp()
    return heard.hypstr if heard else ""


class Ear(AsyncEventHandler):
    """Answers one client."""

    def __init__(self, decoder: Decoder, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Listen with a decoder."""
        super().__init__(reader, writer)
        self._decoder = decoder
        self._sound = b""

    # Its Python has no `override`.
    async def handle_event(self, event: Event) -> bool:  # type: ignore[explicit-override]
        """Take what the client says; one question for each connection is enough."""
        if Describe.is_type(event.type):
            await self.write_event(_INFO.event())
        elif AudioStart.is_type(event.type):
            start = AudioStart.from_event(event)
            assert (start.rate, start.width, start.channels) == (_RATE, 2, 1), start
            self._sound = b""
        elif AudioChunk.is_type(event.type):
            self._sound += AudioChunk.from_event(event).audio
        elif AudioStop.is_type(event.type):
            await self.write_event(Transcript(understand(self._decoder, self._sound)).event())
            return False
        return True


async def serve(port: int) -> None:
    """Listen on a port of this machine until the process is ended."""
    decoder = Decoder(samprate=_RATE, lm=None, loglevel="FATAL")
    decoder.add_jsgf_string("digits", _GRAMMAR)
    decoder.activate_search("digits")
    server = AsyncServer.from_uri(f"tcp://127.0.0.1:{port}")
    await server.start(partial(Ear, decoder))
    print(READY, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
