"""Times the ear for keys: `python -m benchmarks.key_tones`.

One packet of 20 ms of G.711 is listened to; beside it stands the plain decoding of that packet, which the ear does as
well. Listened to are silence, noise, the tones of a key, and speech.

Times are the best of several rounds: compare only figures of one run.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Final

from custom_components.ringcentral.softphone.media.g711 import Codec
from custom_components.ringcentral.softphone.media.key_tones import KeyEar, key_tones
from custom_components.ringcentral.softphone.media.rtp import RtpPacket

_PACKETS: Final = 500
_ROUNDS: Final = 100
_SPEECH: Final = Path(__file__).parents[1] / "simulator" / "speech" / "parcel.ulaw"


def packets(sound: bytes) -> list[RtpPacket]:
    """Return the sound as packets, over and over."""
    size = _PACKETS * 160
    endless = (sound * (size // len(sound) + 1))[:size]
    return [
        RtpPacket(0, False, number, number * 160, 42, endless[number * 160 :][:160])
        for number in range(_PACKETS)
    ]


def least(listen: Callable[[list[RtpPacket]], None], sound: list[RtpPacket]) -> float:
    """Return the µs for one packet in the best round."""
    times = []
    for _ in range(_ROUNDS):
        started = perf_counter()
        listen(sound)
        times.append(perf_counter() - started)
    return min(times) / _PACKETS * 1e6


def decode(sound: list[RtpPacket]) -> None:
    """Only decode."""
    for packet in sound:
        Codec.PCMU.to_pcm(packet.payload)


def hear(sound: list[RtpPacket]) -> None:
    """Listen for keys."""
    ear = KeyEar()
    for packet in sound:
        ear.listen(packet, Codec.PCMU)


def main() -> None:
    """Compare."""
    sounds = {
        "silence": b"\xff" * 160,
        "noise": Random(1).randbytes(80_000),
        "a key": key_tones("5", 80_000),
        "speech": _SPEECH.read_bytes(),
    }
    print(f"best of {_ROUNDS} rounds of {_PACKETS} packets of 20 ms")
    for name, sound in sounds.items():
        made = packets(sound)
        decoding, hearing = least(decode, made), least(hear, made)
        print(f"{name:8} ear {hearing:5.1f} µs  decode {decoding:4.2f} µs  ({hearing / decoding:.0f} x)")


if __name__ == "__main__":
    main()
