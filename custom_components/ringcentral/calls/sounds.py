"""The sounds a caller hears: raw µ-law, 8 kHz (script/sounds makes them)."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parents[1] / "sounds"


@dataclass(frozen=True, slots=True)
class Sounds:
    """What is played to a caller, as µ-law bytes."""

    greeting: bytes = field(repr=False)
    beep: bytes = field(repr=False)
    recorded: bytes = field(repr=False)
    """Says that the call is recorded."""
    consent: bytes = field(repr=False)
    """Asks whether it may be, by a 1."""
    recording_beep: bytes = field(repr=False)
    """Tells now and then that it still is."""


def load_sounds() -> Sounds:
    """Read the sounds; blocking."""
    return Sounds(
        greeting=(_FOLDER / "greeting.ulaw").read_bytes(),
        beep=(_FOLDER / "beep.ulaw").read_bytes(),
        recorded=(_FOLDER / "recorded.ulaw").read_bytes(),
        consent=(_FOLDER / "consent.ulaw").read_bytes(),
        recording_beep=(_FOLDER / "recording_beep.ulaw").read_bytes(),
    )
