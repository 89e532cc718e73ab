"""Audio lands where it belongs, whatever the network did to it."""

from dataclasses import dataclass

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ringcentral.softphone.media.timeline import (
    CONTIGUOUS,
    MAX_DROPOUT,
    MAX_MISORDER,
    TOLERANCE,
    Timeline,
)

FRAME = 160


@dataclass(slots=True)
class Sender:
    """A stream that says when its packets were made."""

    timeline: Timeline
    seq: int = 1000
    timestamp: int = 50_000
    ssrc: int = 1

    def place(self, index: int, *, now: float | None = None, samples: int = FRAME) -> int | None:
        """Place packet ``index`` of a stream without silence, drained with the next 100 ms tick."""
        arrival = (index // 5 + 1) * 0.1 if now is None else now
        seq, timestamp = self.seq + index & 0xFFFF, self.timestamp + index * FRAME & 0xFFFFFFFF
        return self.timeline.place(seq, timestamp, self.ssrc, samples, arrival)


@pytest.fixture
def sender() -> Sender:
    return Sender(Timeline())


def test_the_first_packet_is_the_start(sender: Sender) -> None:
    assert sender.place(0) == 0
    assert sender.timeline.end == FRAME


def test_packets_in_order_follow_each_other(sender: Sender) -> None:
    assert [sender.place(i) for i in range(500)] == [i * FRAME for i in range(500)]


def test_a_lost_packet_leaves_a_gap_of_its_length(sender: Sender) -> None:
    assert [sender.place(i) for i in (0, 1, 4)] == [0, FRAME, 4 * FRAME]


def test_packets_out_of_order_land_in_their_place(sender: Sender) -> None:
    assert [sender.place(i) for i in (0, 3, 1, 2, 4)] == [0, 3 * FRAME, FRAME, 2 * FRAME, 4 * FRAME]


def test_duplicates_are_not_placed_again(sender: Sender) -> None:
    assert [sender.place(i) for i in (0, 0, 2, 1, 1, 2, 3)] == [
        0,
        None,
        2 * FRAME,
        FRAME,
        None,
        None,
        3 * FRAME,
    ]


def test_a_packet_from_before_the_first_is_not_placed(sender: Sender) -> None:
    assert [sender.place(i) for i in (5, 4, 6)] == [0, None, FRAME]


@pytest.mark.parametrize(("late_by", "placed"), [(MAX_MISORDER, True), (MAX_MISORDER + 1, False)])
def test_a_packet_may_be_a_hundred_packets_late(sender: Sender, late_by: int, placed: bool) -> None:
    indices = [i for i in range(301) if i != 300 - late_by]
    assert [sender.place(i) for i in indices] == [i * FRAME for i in indices]
    assert (sender.place(300 - late_by) == (300 - late_by) * FRAME) is placed


def test_sequence_and_timestamp_wrap() -> None:
    sender = Sender(Timeline(), seq=65530, timestamp=2**32 - 5 * FRAME - 1)
    order = [0, 2, 1, 5, 4, 3, 6, 8, 7, 9, 20]
    assert [sender.place(i) for i in order] == [i * FRAME for i in order]


def test_frames_may_change_their_length() -> None:
    timeline = Timeline()
    assert timeline.place(1, 0, 1, 160, 0.0) == 0
    assert timeline.place(2, 160, 1, 240, 0.0) == 160
    assert timeline.place(3, 400, 1, 80, 0.1) == 400
    assert timeline.end == 480


def test_silence_suppression_keeps_its_true_gap() -> None:
    timeline = Timeline()
    timeline.place(1, 0, 1, FRAME, 0.0)
    assert timeline.place(2, 80_000, 1, FRAME, 10.1) == 80_000


FURTHEST = round(TOLERANCE * 8000) - FRAME


@pytest.mark.parametrize(
    ("timestamp", "offset"),
    [(FURTHEST, FURTHEST), (FURTHEST + 1, FRAME), (2**31 - 1, FRAME)],
    ids=["just believable", "just not", "absurd"],
)
def test_a_timestamp_far_ahead_of_the_clock_is_not_believed(timestamp: int, offset: int) -> None:
    timeline = Timeline()
    timeline.place(1, 0, 1, FRAME, 0.0)
    assert timeline.place(2, timestamp, 1, FRAME, 0.0) == offset


@pytest.mark.parametrize("shift", [0, -1, -160, -(2**31)])
def test_a_timestamp_that_does_not_advance_is_replaced_by_the_clock(shift: int) -> None:
    timeline = Timeline()
    timeline.place(1, 5000, 1, FRAME, 0.0)
    assert timeline.place(2, 5000 + shift & 0xFFFFFFFF, 1, FRAME, 0.1) == FRAME
    assert timeline.place(3, 5000 + shift + 8000 & 0xFFFFFFFF, 1, FRAME, 1.1) == FRAME + 8000


def test_a_clock_frozen_during_hold_does_not_shorten_the_timeline() -> None:
    timeline = Timeline()
    timeline.place(1, 0, 1, FRAME, 0.0)
    assert timeline.place(2, 160, 1, FRAME, 30.0) == 240_000
    assert timeline.place(3, 320, 1, FRAME, 30.0) == 240_160


def test_what_waited_in_the_socket_through_a_stall_stays_contiguous(sender: Sender) -> None:
    sender.place(0, now=0.0)
    assert [sender.place(i, now=5.5) for i in range(1, 276)] == [i * FRAME for i in range(1, 276)]
    assert sender.place(276, now=5.52) == 276 * FRAME


@pytest.mark.parametrize(
    ("pause", "offset"),
    [(0.0, FRAME), (CONTIGUOUS, FRAME), (CONTIGUOUS + 0.1, 2400 + FRAME), (3.0, 24_000 + FRAME)],
    ids=["at once", "about contiguous", "a pause", "a long pause"],
)
def test_a_new_stream_follows_on_or_waits_as_the_clock_says(pause: float, offset: int) -> None:
    timeline = Timeline()
    timeline.place(1, 0, 1, FRAME, 0.0)
    now = FRAME / 8000 + pause
    assert timeline.place(40_000, 123_456_789, 2, FRAME, now) == offset
    assert timeline.place(40_001, 123_456_789 + FRAME, 2, FRAME, now) == offset + FRAME


def test_late_packets_from_before_an_anchor_are_not_placed_after_it() -> None:
    timeline = Timeline()
    timeline.place(1, 0, 1, FRAME, 0.0)
    timeline.place(3, 320, 1, FRAME, 0.0)
    timeline.place(4, 100, 1, FRAME, 0.1)
    assert timeline.place(2, 160, 1, FRAME, 0.1) is None
    assert timeline.place(3, 320, 1, FRAME, 0.1) is None


@pytest.mark.parametrize(
    "timestamp", [100, 10_000, 2**32 - 1], ids=["same time", "after", "before the start"]
)
def test_a_late_packet_with_an_impossible_timestamp_is_not_placed(timestamp: int) -> None:
    timeline = Timeline()
    timeline.place(1, 0, 1, 100, 0.0)
    timeline.place(3, 100, 1, 100, 0.0)
    assert timeline.place(2, timestamp, 1, 100, 0.1) is None


def test_a_late_packet_longer_than_what_is_known_is_not_placed() -> None:
    timeline = Timeline()
    timeline.place(1, 0, 1, FRAME, 0.0)
    timeline.place(3, 320, 1, FRAME, 0.0)
    assert timeline.place(2, 160, 1, 2 * FRAME + 1, 0.1) is None
    assert timeline.end == 3 * FRAME


@pytest.mark.parametrize("jump", [MAX_DROPOUT, 30_000, -MAX_MISORDER - 2])
def test_a_wild_sequence_number_needs_a_second_one_to_be_a_restart(jump: int) -> None:
    timeline = Timeline()
    timeline.place(1000, 0, 1, FRAME, 0.0)
    wild = 1000 + jump & 0xFFFF
    assert timeline.place(wild, 9_000_000, 1, FRAME, 1.0) is None
    assert timeline.place(wild + 1, 9_000_160, 1, FRAME, 1.0) == 8000
    assert timeline.place(wild + 2, 9_000_320, 1, FRAME, 1.0) == 8160


def test_stray_wild_sequence_numbers_do_not_disturb_the_stream(sender: Sender) -> None:
    sender.place(0)
    assert sender.place(20_000, now=0.1) is None
    assert sender.place(-5_000, now=0.1) is None
    assert sender.place(1) == FRAME


def test_a_loss_just_short_of_a_restart_keeps_its_true_gap(sender: Sender) -> None:
    sender.place(0)
    assert sender.place(MAX_DROPOUT - 1) == (MAX_DROPOUT - 1) * FRAME


def test_nothing_is_placed_beyond_the_length() -> None:
    sender = Sender(Timeline(max_samples=3 * FRAME))
    assert [sender.place(i) for i in range(5)] == [0, FRAME, 2 * FRAME, None, None]
    assert sender.timeline.end == 3 * FRAME


def test_a_packet_lost_before_the_end_can_still_be_placed_after_it() -> None:
    sender = Sender(Timeline(max_samples=3 * FRAME))
    assert [sender.place(i) for i in (0, 2, 3, 1)] == [0, 2 * FRAME, None, FRAME]


def test_a_new_stream_beyond_the_length_is_not_placed() -> None:
    timeline = Timeline(max_samples=FRAME)
    timeline.place(1, 0, 1, FRAME, 0.0)
    assert timeline.place(1, 0, 2, FRAME, 0.0) is None


def test_a_stream_faster_than_time_is_cut_off(sender: Sender) -> None:
    placed = [sender.place(i, now=0.0) for i in range(2000)]
    assert placed[:300] == [i * FRAME for i in range(300)]
    assert placed[300:] == [None] * 1700
    assert sender.place(2000, now=1.0) == 300 * FRAME


def test_another_rate_counts_in_its_own_samples() -> None:
    timeline = Timeline(16_000)
    timeline.place(1, 0, 1, 320, 0.0)
    assert timeline.place(1, 0, 2, 320, 1.0) == 16_000


@settings(max_examples=60)
@given(data=st.data(), start=st.integers(0, 0xFFFF), timestamp=st.integers(0, 0xFFFFFFFF))
def test_any_order_within_a_hundred_packets_gives_exactly_the_samples_at_their_places(
    data: st.DataObject, start: int, timestamp: int
) -> None:
    count = data.draw(st.integers(1, 250))
    fates = data.draw(
        st.lists(
            st.tuples(st.integers(0, 3), st.integers(0, MAX_MISORDER // 2)), min_size=count, max_size=count
        )
    )
    # Each packet is lost, or comes once to three times, delayed by up to 50 packets each time.
    arrivals = sorted(
        (index + (delay * (copy + 1)) % (MAX_MISORDER // 2), index)
        for index, (copies, delay) in enumerate(fates)
        for copy in range(copies)
    )
    sender = Sender(Timeline(), seq=start, timestamp=timestamp)
    placed: dict[int, list[int]] = {}
    for slot, index in arrivals:
        position = sender.place(index, now=slot // 5 * 0.1)
        placed.setdefault(index, []).extend([] if position is None else [position])
    first = arrivals[0][1] if arrivals else 0
    assert placed == {index: [(index - first) * FRAME] if index >= first else [] for _, index in arrivals}


hostile_packets = st.tuples(
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(1, 2),
    st.integers(1, 4096),
    st.floats(0, 2),
)


@given(st.lists(hostile_packets, max_size=80), st.booleans())
def test_no_stream_gets_out_of_bounds(packets: list[tuple[int, int, int, int, float]], nearby: bool) -> None:
    timeline = Timeline(max_samples=400_000)
    now = 0.0
    mask = 0x1F if nearby else 0xFFFF
    for seq, timestamp, ssrc, samples, pause in packets:
        now += pause
        position = timeline.place(seq & mask, timestamp & (mask << 8 | 0xFF), ssrc, samples, now)
        end = 0 if position is None else position + samples
        started = packets[0][4]
        assert position is None or position >= 0
        assert end <= min(timeline.end, 400_000, round((now - started + TOLERANCE) * 8000))


def test_a_clip_that_has_started_already_has_its_first_packet_when_that_came() -> None:
    timeline = Timeline(start=10.0)
    assert timeline.place(7, 80_000, 1, 160, 10.05) == 400
    assert timeline.place(8, 80_160, 1, 160, 10.09) == 560
    # Another stream follows on directly, as ever.
    assert timeline.place(50, 5, 2, 160, 10.2) == 720
