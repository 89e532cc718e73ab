"""One press, told in several ways, is one key."""

import pytest

from custom_components.ringcentral.softphone.media.g711 import Codec
from custom_components.ringcentral.softphone.media.key_tones import key_tones
from custom_components.ringcentral.softphone.media.keypad import SAME_KEY, Keypad
from custom_components.ringcentral.softphone.media.keys import END, EVENT, KEYS, KeyWay
from custom_components.ringcentral.softphone.media.rtp import RtpPacket


class Line:
    """A keypad, what it reports, and who presses keys."""

    def __init__(self) -> None:
        self.keypad = Keypad()
        self.keys: list[tuple[str, KeyWay]] = []
        self.keypad.on_key = lambda key, way: self.keys.append((key, way))
        self._timestamp = 0

    def events(self, keys: str, now: float = 0.0) -> None:
        for key in keys:
            self._timestamp += 3200
            payload = EVENT.pack(KEYS.index(key), END, 800)
            packet = RtpPacket(101, False, 0, self._timestamp, 42, payload)
            for _ in range(3):
                self.keypad.hear_event(packet, now)

    def tones(self, keys: str, now: float = 0.0) -> None:
        for key in keys:
            self._timestamp += 3200
            packet = RtpPacket(0, False, 0, self._timestamp, 42, key_tones(key, 480))
            self.keypad.hear_audio(packet, Codec.PCMU, now)

    def info(self, keys: str, now: float = 0.0) -> None:
        for key in keys:
            self.keypad.press(key, KeyWay.INFO, now)

    def press(self, way: KeyWay, keys: str, now: float = 0.0) -> None:
        {KeyWay.RFC4733: self.events, KeyWay.INFO: self.info, KeyWay.IN_BAND: self.tones}[way](keys, now)

    @property
    def told(self) -> str:
        return "".join(key for key, _ in self.keys)


WAYS = (KeyWay.IN_BAND, KeyWay.INFO, KeyWay.RFC4733)
BETTER = [(lesser, better) for place, better in enumerate(WAYS) for lesser in WAYS[:place]]


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.mark.parametrize("way", WAYS)
def test_every_way_reports_its_keys(line: Line, way: KeyWay) -> None:
    line.press(way, "1123")
    assert line.keys == [(key, way) for key in "1123"]


@pytest.mark.parametrize(("lesser", "better"), BETTER)
def test_a_key_told_twice_is_reported_once(line: Line, lesser: KeyWay, better: KeyWay) -> None:
    line.press(lesser, "5", 10.0)
    line.press(better, "5", 10.0 + SAME_KEY)
    line.press(better, "5", 10.3 + SAME_KEY)
    assert line.keys == [("5", lesser), ("5", better)]


@pytest.mark.parametrize(("lesser", "better"), BETTER)
def test_once_a_better_way_is_used_the_lesser_is_not_heard(
    line: Line, lesser: KeyWay, better: KeyWay
) -> None:
    line.press(better, "5")
    line.press(lesser, "56", 20.0)
    assert line.keys == [("5", better)]


def test_two_keys_told_both_ways_are_two(line: Line) -> None:
    line.info("55")
    line.events("55", 0.1)
    line.events("5", 0.4)
    assert line.told == "555"


def test_the_same_key_much_later_is_another_press(line: Line) -> None:
    line.tones("5", 10.0)
    line.events("5", 10.1 + SAME_KEY)
    assert line.told == "55"


def test_another_key_is_another_press(line: Line) -> None:
    line.tones("5")
    line.events("6")
    assert line.told == "56"


def test_after_a_renegotiation_keys_come_any_way_again(line: Line) -> None:
    line.events("5")
    line.keypad.negotiated()
    line.tones("6", 5.0)
    assert line.told == "56"


def test_while_nobody_listens_nothing_is_reported(line: Line) -> None:
    line.keypad.on_key = None
    line.tones("1")
    line.info("2")
    line.events("3")
    assert line.keys == []
