"""Which packets are missing, going by their numbers."""

from random import Random

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.softphone.media.loss import Loss
from custom_components.ringcentral.softphone.media.timeline import MAX_DROPOUT


def lost(*sequences: int) -> int:
    """Return how many packets are missing of a stream of which these came."""
    loss = Loss()
    for sequence in sequences:
        loss.note(sequence, 7)
    return loss.count


@pytest.mark.parametrize(
    ("sequences", "missing"),
    [
        ((), 0),
        ((5,), 0),
        ((5, 6, 7), 0),
        ((5, 8), 2),
        ((5, 8, 6), 1),
        ((5, 8, 6, 7), 0),
        ((65534, 65535, 0, 1), 0),
        ((65534, 1), 2),
        # Copies aren't what is missing elsewhere, but can't be told from it either.
        ((5, 5, 5), 0),
        ((5, 6, 6, 8), 0),
        # From before the first.
        ((5, 4), 0),
        # Begun anew: nothing was lost in between.
        ((5, 7, 20_000, 20_001), 1),
        ((5, 5 + MAX_DROPOUT), 0),
    ],
)
def test_it_is_counted_what_is_missing(sequences: tuple[int, ...], missing: int) -> None:
    assert lost(*sequences) == missing


def test_another_sender_begins_at_its_own_number() -> None:
    loss = Loss()
    for sequence, ssrc in ((5, 7), (8, 7), (9000, 8), (9002, 8), (9, 7)):
        loss.note(sequence, ssrc)

    assert loss.count == 3


@given(st.integers(0, 65535), st.integers(0, 2**32), st.integers(2, 400))
def test_whatever_is_taken_out_of_a_stream_is_missing(start: int, seed: int, length: int) -> None:
    random = Random(seed)
    kept = [0, *(n for n in range(1, length - 1) if random.random() < 0.8), length - 1]
    shuffled = sorted(kept, key=lambda n: n + (random.uniform(0, 5) if 0 < n < length - 1 else 0))

    assert lost(*((start + n) % 65536 for n in shuffled)) == length - len(kept)
