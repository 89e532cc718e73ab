"""The sound of calls: RTP in and out, clips on disk.

The rooms, from the wire inwards:

- ``rtp`` parses and builds packets, ``g711`` knows the two laws;
- ``srtp`` protects and opens them where the call is secure;
- ``receiver`` decides what of a socket is this call's audio, with ``source`` for whom to believe;
- ``recorder`` puts it on its place in the clip, with ``timeline`` for where that is;
- ``writer`` is the one thread that writes all clips, as ``wav`` files that can be played at any moment;
- ``tones`` makes a sound that can be told from every other, and listens for it;
- ``keypad`` says which keys the other side presses: ``keys`` reads them as events, ``key_tones`` hears them as tones;
- ``key_output`` presses keys of ours, either way;
- ``playout`` says which packets to send now;
- ``engine`` owns the sockets, each on a ``port`` of its own, and the one clock. Only these two do network I/O, only ``wav`` does file I/O.

Everything but ``engine``, ``port``, ``writer`` and ``wav`` is handed bytes and the time and does no I/O. Times are seconds on a
monotonic clock, audio is counted in samples at 8 kHz, and received audio never passes through a jitter buffer: each
packet says itself where it belongs.

Use: ``MediaEngine(ClipWriter())``, ``engine.open()`` for each call, ``session.negotiate(…)`` with the outcome of
offer and answer, then ``play``, ``record`` and ``stop_recording``, and ``close`` at its end.
"""

from .engine import MediaEngine, MediaSession
from .errors import MediaError
from .g711 import SAMPLE_RATE, Codec
from .key_output import KeyOrder
from .keypad import Keypad
from .keys import KEYS, KeyWay
from .receiver import Drop
from .rtp import RtpPacket
from .source import Address
from .srtp import MasterKey, SrtpKeys, Suite
from .statistics import MediaStatistics
from .tones import Ear, Heard, signal
from .wav import repair_wav
from .writer import ClipFile, ClipResult, ClipWriter

__all__ = [
    "KEYS",
    "SAMPLE_RATE",
    "Address",
    "ClipFile",
    "ClipResult",
    "ClipWriter",
    "Codec",
    "Drop",
    "Ear",
    "Heard",
    "KeyOrder",
    "KeyWay",
    "Keypad",
    "MasterKey",
    "MediaEngine",
    "MediaError",
    "MediaSession",
    "MediaStatistics",
    "RtpPacket",
    "SrtpKeys",
    "Suite",
    "repair_wav",
    "signal",
]
