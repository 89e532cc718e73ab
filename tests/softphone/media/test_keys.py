"""Keys as events: whatever the network does to their packets, each is reported once."""

from collections.abc import Iterable, Iterator
from random import Random

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.media.keys import END, EVENT, KEYS, KeyReader
from custom_components.ringcentral.softphone.media.rtp import RtpPacket

SSRC = 0xCAFE


def packet(
    number: int, duration: int, *, at: int = 0, end: bool = False, marker: bool = False, ssrc: int = SSRC
) -> RtpPacket:
    payload = EVENT.pack(number, 10 | (END if end else 0), duration)
    return RtpPacket(101, marker, 0, at & 0xFFFFFFFF, ssrc, payload)


def pressed(number: int, at: int, packets: int = 5) -> list[RtpPacket]:
    """Return the packets of one key: the first marked, the last three times."""
    growing = [packet(number, 160 * count, at=at, marker=count == 1) for count in range(1, packets)]
    return [*growing, *[packet(number, 160 * packets, at=at, end=True)] * 3]


def held(number: int, at: int, segments: int) -> Iterator[RtpPacket]:
    """Yield the packets of a key that is held for longer than one event can tell (RFC 4733 §2.5.1.3)."""
    for segment in range(segments):
        start = at + segment * 0xFFFF
        for duration in (160, 8_000, 0xFFFF - 160, 0xFFFF):
            yield packet(number, duration, at=start, marker=not segment and duration == 160)
    yield from pressed(number, at + segments * 0xFFFF)[1:]


def read(packets: Iterable[RtpPacket]) -> str:
    reader = KeyReader()
    return "".join(filter(None, map(reader.read, packets)))


@pytest.mark.parametrize(("number", "key"), enumerate(KEYS))
def test_each_event_is_a_key(number: int, key: str) -> None:
    assert read(pressed(number, 0)) == key


@pytest.mark.parametrize("number", [16, 17, 66, 255])
def test_other_events_are_no_keys(number: int) -> None:
    assert read(pressed(number, 0)) == ""


@pytest.mark.parametrize("payload", [b"", b"\x05", b"\x05\x0a\x00"])
def test_what_is_too_short_for_an_event_is_none(payload: bytes) -> None:
    assert KeyReader().read(RtpPacket(101, True, 0, 0, SSRC, payload)) is None


def test_the_first_packet_reports_the_key_without_waiting_for_its_end() -> None:
    assert KeyReader().read(packet(5, 0, marker=True)) == "5"


def test_a_key_of_which_only_a_last_packet_arrives_is_reported() -> None:
    assert read([packet(5, 800, end=True)]) == "5"


def test_a_new_key_needs_no_end_of_the_old_one() -> None:
    assert read([packet(5, 160), packet(5, 320), packet(6, 160, at=4000), packet(6, 160, at=8000)]) == "566"


def test_keys_that_share_a_timestamp_are_two() -> None:
    assert read([*pressed(5, 0), *pressed(6, 0)]) == "56"


def test_the_same_timestamp_of_another_source_is_another_key() -> None:
    assert read([packet(5, 160), packet(5, 160, ssrc=7)]) == "55"


def test_a_key_that_is_held_is_one_press_however_many_segments_tell_it() -> None:
    assert read(held(5, 0xFFFF_0000, 4)) == "5"


def test_a_segment_whose_neighbours_last_packets_are_lost_goes_on() -> None:
    assert read([packet(5, 0xFFFF - 480), packet(5, 160, at=0xFFFF)]) == "5"


def test_a_segment_that_is_cut_sooner_goes_on() -> None:
    assert read([packet(5, 32_000), packet(5, 160, at=32_000)]) == "5"


@pytest.mark.parametrize(
    "again",
    [
        packet(5, 160, at=0xFFFF, marker=True),
        packet(6, 160, at=0xFFFF),
        packet(5, 160, at=0x1_2000),
        packet(5, 160, at=0xFFFF, ssrc=7),
    ],
    ids=["marked", "another key", "later", "another source"],
)
def test_what_follows_a_long_event_and_is_no_segment_of_it_is_a_press(again: RtpPacket) -> None:
    first, second = KeyReader(), packet(5, 0xFFFF)
    assert first.read(second) == "5"
    assert first.read(again) == KEYS[again.payload[0]]


def test_after_its_end_an_event_has_no_more_segments() -> None:
    assert read([packet(5, 0xFFFF, end=True), packet(5, 160, at=0xFFFF)]) == "55"


def test_packets_that_come_late_report_nothing() -> None:
    packets = [one for number in range(20) for one in pressed(number % 10, number * 1600)]
    assert len(read(packets * 2)) == 20


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[str, list[RtpPacket]]:
    """What was pressed, and its packets as they arrive: at least one of each key, some twice, some late."""
    numbers = draw(st.lists(st.integers(0, 15), min_size=1, max_size=12))
    start = draw(st.integers(0, 0xFFFFFFFF))
    random = Random(draw(st.integers(0, 2**32)))
    arriving: list[tuple[float, RtpPacket]] = []
    for place, number in enumerate(numbers):
        packets = pressed(number, start + 1600 * place, draw(st.integers(1, 8)))
        kept = random.sample(packets, random.randint(1, len(packets)))
        copies = random.choices(kept, k=random.randint(0, 3))
        arriving += [(place + random.random() * 2.5, one) for one in [*kept, *copies]]
    arriving.sort(key=lambda one: one[0])
    return "".join(KEYS[number] for number in numbers), [one for _, one in arriving]


@given(arrivals())
def test_each_key_is_reported_once_whatever_is_lost_repeated_or_out_of_order(
    arrived: tuple[str, list[RtpPacket]],
) -> None:
    keys, packets = arrived
    assert sorted(read(packets)) == sorted(keys)


@given(st.lists(st.integers(0, 15), min_size=1, max_size=12), st.integers(0, 0xFFFFFFFF), st.randoms())
def test_keys_come_in_the_order_they_were_pressed_in_whatever_is_lost(
    numbers: list[int], start: int, random: Random
) -> None:
    packets = [
        one
        for place, number in enumerate(numbers)
        for one in random.sample(pressed(number, start + 1600 * place), 2)
    ]
    assert read(packets) == "".join(KEYS[number] for number in numbers)


@given(st.integers(1, 5), st.integers(0, 0xFFFFFFFF), st.integers(0, 15))
def test_a_long_key_is_one_press_wherever_it_began(segments: int, start: int, number: int) -> None:
    assert read(held(number, start, segments)) == KEYS[number]
