"""People who call: what they say (made by script/sounds) and who they are."""

from pathlib import Path

from simulator.caller import Caller, Manner

_FOLDER = Path(__file__).parent


def _caller(file: str, number: str, name: str) -> Caller:
    speech = (_FOLDER / f"{file}.ulaw").read_bytes()
    return Caller(number=number, name=name, manner=Manner(speech=speech))


CALLERS = (
    _caller("parcel", "+16505550142", "PARCEL SERVICE"),
    _caller("school", "+16505550117", "Hillside School"),
    _caller("plumber", "+16505550163", "Plumber"),
    _caller("neighbour", "+16505550178", "Next Door"),
    _caller("dentist", "+16505550109", "Dentist's Surgery"),
    _caller("garage", "+16505550134", "Garage"),
)
