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


def load_sounds() -> Sounds:
    """Read the sounds; blocking."""
    return Sounds(
        greeting=(_FOLDER / "greeting.ulaw").read_bytes(),
        beep=(_FOLDER / "beep.ulaw").read_bytes(),
        recorded=(_FOLDER / "recorded.ulaw").read_bytes(),
    )
