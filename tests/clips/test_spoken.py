"""What an engine is given of a clip."""

from collections.abc import Sequence
import math
from pathlib import Path
import struct
import wave

import audioop
import pytest

from custom_components.ringcentral.clips.spoken import LONGEST, Piece, UnreadableError, pieces_of, read

RATE = 8000
QUIET = 0.0


def write(path: Path, *channels: bytes, rate: int = RATE, width: int = 2) -> Path:
    """Write a WAV file of one channel or several."""
    frames = zip(
        *([each[at : at + width] for at in range(0, len(each), width)] for each in channels), strict=True
    )
    with wave.open(str(path), "wb") as out:
        out.setnchannels(len(channels))
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(b"".join(b"".join(frame) for frame in frames))
    return path


def sound(*stretches: tuple[float, float], rate: int = RATE) -> bytes:
    """Return a tone, of stretches of so many seconds and so loud (0 to 1)."""
    samples: list[int] = []
    for seconds, loudness in stretches:
        samples += [
            round(32000 * loudness * math.sin(at * 440 * math.tau / rate))
            for at in range(round(seconds * rate))
        ]
    return struct.pack(f"<{len(samples)}h", *samples)


def seconds(pieces: Sequence[Piece]) -> list[tuple[float, float]]:
    return [(round(piece.start / piece.rate, 1), round(piece.seconds, 1)) for piece in pieces]


def test_a_message_is_one_piece(tmp_path: Path) -> None:
    said = sound((1, QUIET), (2.51, 0.3), (1, QUIET))
    path = write(tmp_path / "clip.wav", said)

    [piece] = pieces_of(path)

    assert read(path, piece, RATE) == said
    assert piece.seconds == pytest.approx(4.51, abs=0.02)


def test_it_is_raised_to_what_engines_want(tmp_path: Path) -> None:
    said = sound((2, 0.3))
    path = write(tmp_path / "clip.wav", said)
    [piece] = pieces_of(path)

    raised = read(path, piece, 16000)

    assert len(raised) == pytest.approx(2 * len(said), abs=8)
    back, _ = audioop.ratecv(raised, 2, 1, 16000, RATE, None)
    assert (
        audioop.rms(
            audioop.add(back[: len(said) - 8], audioop.mul(said[: len(back)][: len(said) - 8], 2, -1), 2), 2
        )
        < 400
    )


def test_a_long_call_is_cut_where_nobody_speaks_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    said = sound((30, 0.3), (0.6, QUIET), (25, 0.3), (14, 0.3), (0.8, 0.01), (29, 0.3))
    path = write(tmp_path / "clip.wav", said)

    pieces = pieces_of(path)

    assert b"".join(read(path, piece, RATE) for piece in pieces) == said
    assert seconds(pieces) == [(0.0, 30.1), (30.1, 39.6), (69.7, 29.7)]


def test_who_never_draws_breath_is_cut_all_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.wav", sound((2 * LONGEST + 1, 0.3)))

    pieces = pieces_of(path)

    assert all(LONGEST / 2 <= piece.seconds <= LONGEST for piece in pieces[:-1])
    assert sum(piece.samples for piece in pieces) == (2 * LONGEST + 1) * RATE


@pytest.mark.parametrize("loudness", [QUIET, 0.004])
def test_where_there_is_nothing_to_be_heard_nobody_is_asked(tmp_path: Path, loudness: float) -> None:
    assert pieces_of(write(tmp_path / "clip.wav", sound((1, loudness)))) == []


def test_of_a_long_clip_only_what_is_to_be_heard_is_given(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.wav", sound((60, QUIET), (5, 0.3)))

    assert seconds(pieces_of(path))[-1][0] + seconds(pieces_of(path))[-1][1] == pytest.approx(65)
    assert sum(piece.seconds for piece in pieces_of(path)) < 50


def test_where_both_sides_are_recorded_the_caller_is_meant(tmp_path: Path) -> None:
    caller, we = sound((2, 0.3)), sound((1, QUIET), (1, 0.9))
    path = write(tmp_path / "clip.wav", caller, we)

    [piece] = pieces_of(path)

    assert read(path, piece, RATE) == caller


def test_a_clip_of_another_rate_is_brought_to_the_wanted_one(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.wav", sound((1, 0.3), rate=16000), rate=16000)

    [piece] = pieces_of(path)

    assert (piece.rate, piece.seconds) == (16000, 1)
    assert len(read(path, piece, RATE)) == pytest.approx(16000, abs=8)


def test_a_file_that_was_cut_off_is_read_to_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.wav", sound((1, 0.3)))
    path.write_bytes(path.read_bytes()[:-4001])

    [piece] = pieces_of(path)

    assert piece.seconds == pytest.approx(0.76)
    assert len(read(path, piece, RATE)) in {11998, 12000}


@pytest.mark.parametrize("content", [None, b"", b"RIFF", b"OggS" * 20])
def test_what_is_no_wav_file_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "clip.wav"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(UnreadableError) as told:
        pieces_of(path)

    assert str(told.value)
    assert str(tmp_path) not in str(told.value)


@pytest.mark.parametrize(("width", "channels"), [(1, 1), (2, 3)])
def test_another_kind_of_sound_is_told(tmp_path: Path, width: int, channels: int) -> None:
    path = write(tmp_path / "clip.wav", *[bytes(800)] * channels, width=width)

    with pytest.raises(UnreadableError, match="16-bit"):
        pieces_of(path)
