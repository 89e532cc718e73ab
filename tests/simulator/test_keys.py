"""Keys as a caller presses them, and a listener that sees what a phone gets wrong."""

from dataclasses import replace

import pytest

from simulator.caller import Log
from simulator.keys import Heard, KeyListener, tones_in
from simulator.presses import EVENT, KEYS, Press, Way, tones
from simulator.rtp import Packet
from simulator.wire import Message, request


class Ear:
    """A listener, and a phone that does as the rules want unless told otherwise."""

    def __init__(self) -> None:
        self.log = Log()
        self.listener = KeyListener(self.log)

    def press(self, key: str, at: float = 0.0, duration: float = 0.1) -> None:
        for packet in packets(key, round(at * 8000), duration):
            self.listener.event(packet, at)

    def hear(self, *heard: Packet) -> list[str]:
        """Hear these, and the end of the call; return what was wrong."""
        for packet in heard:
            self.listener.event(packet, 0.0)
        self.listener.over()
        return self.log.violations


def packets(key: str = "5", timestamp: int = 0, duration: float = 0.1) -> list[Packet]:
    return [
        Packet(101, number, timestamp, 9, frame.payload, marker=number == 0)
        for number, frame in enumerate(Press(key, duration=duration).frames())
    ]


def info(kind: str, body: bytes, method: str = "INFO") -> Message:
    return request(method, "sip:a@b", [("CSeq", f"1 {method}"), ("Content-Type", kind)], body)


def changed(packet: Packet, *, number: int = 5, flags: int = 10, duration: int = 0) -> Packet:
    return replace(packet, payload=EVENT.pack(number, flags, duration))


def test_keys_have_their_times_and_durations() -> None:
    ear = Ear()
    ear.press("5", 1.0)
    ear.press("#", 2.0, 0.2)
    ear.listener.told(info("application/dtmf-relay", b"Signal=*\r\nDuration=160\r\n"), 1.5)
    assert ear.listener.heard == [
        Heard("5", 1.0, 0.1, Way.EVENT), Heard("*", 1.5, 0.16, Way.RELAY), Heard("#", 2.0, 0.2, Way.EVENT),
    ]  # fmt: skip
    assert ear.listener.keys == "5*#"
    assert ear.hear() == []


FIRST, *REST = packets()
LAST = REST[-1]


@pytest.mark.parametrize(
    ("heard", "violation"),
    [
        ([replace(FIRST, marker=False), *REST], "the first packet is not marked"),
        ([FIRST, replace(REST[0], marker=True), *REST[1:]], "a packet after the first is marked"),
        ([FIRST, changed(FIRST, number=6, duration=200), *REST], "the event changes"),
        ([FIRST, changed(REST[0], flags=0x4A, duration=320), *REST[1:]], "the reserved bit is set"),
        ([FIRST, REST[0], REST[0], *REST[1:]], "the duration does not grow"),
        ([*packets()[:-1], changed(LAST, flags=0x8A, duration=960)], "the duration changes after the end"),
        ([FIRST, *REST[:-1], changed(LAST, duration=800), LAST], "it goes on after the end"),
        ([FIRST, *REST, LAST], "the end is said too often"),
        ([FIRST, *REST[:-1]], "the end is not said three times"),
        ([FIRST, *packets("6", 1600)], "the end is not said three times"),
        ([replace(FIRST, payload=b"\x05")], "not an event of a key"),
        ([changed(FIRST, number=16)], "not an event of a key"),
    ],
)
def test_what_breaks_the_rules_is_seen(heard: list[Packet], violation: str) -> None:
    assert f"keys: {violation}" in Ear().hear(*heard)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/dtmf", b"5"),
        ("application/dtmf-relay", b"Signal=E\r\nDuration=160\r\n"),
        ("application/dtmf-relay", b"Signal=5"),
    ],
)
def test_a_request_that_tells_no_key_is_seen(kind: str, body: bytes) -> None:
    ear = Ear()
    ear.listener.told(info(kind, body), 0.0)
    assert ear.log.violations == ["INFO: a key that nobody can read"]
    assert ear.listener.keys == ""


@pytest.mark.parametrize("message", [info("text/plain", b"5"), info("application/dtmf", b"5", "MESSAGE")])
def test_other_requests_tell_no_key(message: Message) -> None:
    ear = Ear()
    ear.listener.told(message, 0.0)
    assert ear.listener.heard == []
    assert ear.log.violations == []


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        (Way.RELAY, ("INFO", (("Content-Type", "application/dtmf-relay"),), b"Signal=5\r\nDuration=100\r\n")),
        (Way.BARE, ("INFO", (("Content-Type", "application/dtmf"),), b"5")),
        (Way.EVENT, None),
        (Way.TONES, None),
    ],
)
def test_each_way_of_pressing(way: Way, expected: object) -> None:
    assert Press("5", way).info == expected


def test_tones_are_told_apart_and_a_pause_makes_two() -> None:
    pause = b"\xff" * 320
    assert tones_in(b"".join(tones(key, 800) + pause for key in f"{KEYS}55")) == f"{KEYS}55"


@pytest.mark.parametrize("sound", [b"", b"\xff" * 1600, tones("5", 160) + b"\xff" * 160])
def test_what_is_no_key_is_none(sound: bytes) -> None:
    assert tones_in(sound) == ""


def test_keys_are_never_shown() -> None:
    assert "#" not in repr([Press("#"), Heard("#", 0.0, 0.1, Way.EVENT)])
