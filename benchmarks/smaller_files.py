"""What smaller files cost and keep: ``python -m benchmarks.smaller_files``; needs ffmpeg.

A minute of what callers say, as it comes from the telephone, goes to each format and back:

- ``kB/min``: the size of the file;
- ``dB``: how far the difference lies below the speech, in the mean of the frames of 20 ms in which somebody speaks. What
  the telephone network itself leaves of a voice is about 38 dB. Opus rebuilds a voice rather than its wave, so of that it
  tells nothing;
- ``make``, ``check``: CPU seconds for making the file, and for decoding it.

The one that recordings are turned into is marked.
"""

from itertools import cycle
import math
from pathlib import Path
import resource
import subprocess
import tempfile

import audioop

from custom_components.ringcentral.clips.mp3 import ENCODER
from simulator.speech import CALLERS

SAMPLE_RATE = 8000
MINUTE = 60 * SAMPLE_RATE
FRAME = 2 * SAMPLE_RATE // 50
QUIET = 100
"""Of 32,768: below that nobody speaks."""
PCM = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1")


def mp3(rate: int, kilobits: int) -> tuple[str, ...]:
    """Return how an MP3 file is asked for."""
    return ("-ar", str(rate), "-c:a", "libmp3lame", "-b:a", f"{kilobits}k", "-f", "mp3")


def opus(kilobits: int) -> tuple[str, ...]:
    """Return how an Opus file is asked for."""
    return ("-c:a", "libopus", "-application", "voip", "-b:a", f"{kilobits}k", "-f", "ogg")


FORMATS = {
    "MP3, 8 kHz, 16 kbit/s": mp3(8000, 16),
    "MP3, 8 kHz, 24 kbit/s": mp3(8000, 24),
    "MP3, 16 kHz, 16 kbit/s": mp3(16000, 16),
    "MP3, 16 kHz, 24 kbit/s *": ENCODER,
    "MP3, 16 kHz, 32 kbit/s": mp3(16000, 32),
    "Opus, 12 kbit/s": opus(12),
    "Opus, 24 kbit/s": opus(24),
}


def speech() -> bytes:
    """Return a minute of speech as 16-bit PCM."""
    sound = b""
    for caller in cycle(CALLERS):
        sound += audioop.ulaw2lin(caller.manner.speech, 2)
        if len(sound) >= 2 * MINUTE:
            return sound[: 2 * MINUTE]
    raise AssertionError


def ffmpeg(*arguments: str | Path) -> float:
    """Run ffmpeg; return the CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def below(speech: bytes, sound: bytes) -> float:
    """Return by how many dB the difference of two sounds lies below the first, in the mean of its loud frames."""
    difference = audioop.add(speech, audioop.mul(sound, 2, -1), 2)
    found = []
    for at in range(0, len(speech), FRAME):
        loud = audioop.rms(speech[at : at + FRAME], 2)
        if loud > QUIET:
            found.append(decibels(loud / max(audioop.rms(difference[at : at + FRAME], 2), 1)))
    return sum(found) / len(found)


def decibels(ratio: float) -> float:
    """Return a ratio of amplitudes in dB."""
    return 20 * math.log10(ratio)


def main() -> None:
    """Print a line for each format."""
    minute = speech()
    print(f"{'':26} {'kB/min':>6} {'dB':>5} {'make':>6} {'check':>6}")
    print(f"{'WAV, as recorded':26} {len(minute) / 1000:6.0f}")
    print(f"{'WAV, both sides':26} {2 * len(minute) / 1000:6.0f}")
    with tempfile.TemporaryDirectory() as name:
        recorded, small, back = (Path(name) / file for file in ("recorded", "small", "back"))
        recorded.write_bytes(minute)
        for label, arguments in FORMATS.items():
            made = ffmpeg(*PCM, "-i", recorded, *arguments, small)
            checked = ffmpeg("-i", small, *PCM, back)
            sound = back.read_bytes()[: len(minute)].ljust(len(minute), b"\0")
            size = small.stat().st_size / 1000
            print(f"{label:26} {size:6.0f} {below(minute, sound):5.1f} {made:6.2f} {checked:6.2f}")


if __name__ == "__main__":
    main()
