from dataclasses import replace
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import wave

import pytest

from custom_components.ringcentral.library import (
    RECOVERED_LINE_ID,
    CallRecord,
    Clip,
    ClipState,
    Direction,
    Library,
    Total,
)
from custom_components.ringcentral.softphone.media.wav import repair_wav

from .conftest import WAV_HEADER, samples_by_size, write_wav

START = datetime(2026, 11, 21, 17, 3, 11, tzinfo=UTC)
CALL = CallRecord(
    id="call-1",
    line_id="front-door",
    direction=Direction.INCOMING,
    started_at=START,
    caller="+15551234567",
)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


async def killed_in_a_call(folder: Path, answered_at: datetime | None, direction: Direction) -> Clip:
    """Leave behind what a process killed during a recorded call leaves behind.

    Closing the database notes that it was closed and nothing else, so it stands for the kill here.
    """
    library = Library(folder)
    await library.open()
    await library.begin_call(replace(CALL, answered_at=answered_at, direction=direction))
    clip = await library.begin_clip("front-door", after(4), call_id="call-1")
    await library.close()
    return clip


@pytest.fixture
async def killed(folder: Path) -> Clip:
    return await killed_in_a_call(folder, after(3), Direction.INCOMING)


async def test_a_clip_left_by_a_kill_is_repaired_and_saved(killed: Clip, library: Library) -> None:
    write_wav(killed.path, 12_000)

    recovered = await library.recover(samples_by_size)

    assert recovered == [saved(killed, 1.5)]
    assert await library.clip(killed.id) == recovered[0]
    assert await library.totals() == {"front-door": Total(1, 1.5)}


async def test_the_recorders_own_repair_makes_a_cut_off_clip_playable(killed: Clip, library: Library) -> None:
    write_wav(killed.path, 0)
    with killed.path.open("ab") as file:
        file.write(bytes(2 * 4000))

    (recovered,) = await library.recover(repair_wav)

    assert recovered.duration == 0.5
    assert samples_by_header(recovered.path) == 4000


def saved(clip: Clip, duration: float) -> Clip:
    """Return a clip of silence as it is once it is saved."""
    return replace(
        clip,
        state=ClipState.SAVED,
        duration=duration,
        size=WAV_HEADER + round(16_000 * duration),
        peak=0.0,
        rms=0.0,
        envelope=bytes(100),
    )


def samples_by_header(path: Path) -> int:
    with wave.open(str(path)) as wav:
        return int(wav.getnframes())


async def test_a_clip_left_by_a_kill_is_not_listed_before_it_is_recovered(
    killed: Clip, library: Library
) -> None:
    assert await library.totals() == {}
    assert await library.clip(killed.id) == replace(killed, state=ClipState.INTERRUPTED)


async def test_recovering_twice_finds_nothing_more(killed: Clip, library: Library) -> None:
    write_wav(killed.path, 800)
    await library.recover(samples_by_size)

    assert await library.recover(samples_by_size) == []
    assert await library.totals() == {"front-door": Total(1, 0.1)}


async def test_several_clips_are_recovered_oldest_first(folder: Path) -> None:
    library = Library(folder)
    await library.open()
    late = await library.begin_clip("front-door", after(9))
    early = await library.begin_clip("office", after(1))
    await library.close()
    write_wav(late.path, 800)
    write_wav(early.path, 800)

    await library.open()
    recovered = await library.recover(samples_by_size)
    await library.close()

    assert [clip.id for clip in recovered] == [early.id, late.id]


async def test_a_clip_being_recorded_now_is_left_alone(library: Library) -> None:
    clip = await library.begin_clip("front-door", START)
    write_wav(clip.path, 800)

    assert await library.recover(samples_by_size) == []
    assert await library.clip(clip.id) == clip


async def test_a_clip_without_a_file_is_discarded(killed: Clip, library: Library) -> None:
    assert await library.recover(samples_by_size) == []
    assert await library.clip(killed.id) is None


@pytest.mark.parametrize(("content", "samples"), [(b"", None), (b"RIFF", None), (bytes(WAV_HEADER), 0)])
async def test_a_silent_clip_is_discarded_with_its_file(
    killed: Clip, library: Library, content: bytes, samples: int | None
) -> None:
    killed.path.write_bytes(content)

    assert await library.recover(lambda path: samples) == []
    assert await library.clip(killed.id) is None
    assert list(killed.path.parent.iterdir()) == []


async def test_a_file_that_cannot_be_repaired_is_kept_beside_its_place(
    killed: Clip, library: Library
) -> None:
    killed.path.write_bytes(bytes(5000))

    assert await library.recover(lambda path: None) == []
    assert await library.clip(killed.id) is None
    assert killed.path.with_name(f"{killed.id}.wav.damaged").read_bytes() == bytes(5000)
    assert not killed.path.exists()


async def test_a_file_that_cannot_be_read_now_is_tried_again(killed: Clip, library: Library) -> None:
    write_wav(killed.path, 800)

    def failing(path: Path) -> int:
        raise PermissionError

    assert await library.recover(failing) == []
    assert [clip.id for clip in await library.recover(samples_by_size)] == [killed.id]


async def test_a_call_cut_off_lasted_at_least_as_long_as_its_clip(killed: Clip, library: Library) -> None:
    write_wav(killed.path, 8000 * 30)
    await library.recover(samples_by_size)

    assert await library.last_call("front-door") == replace(
        CALL, answered_at=after(3), ended_at=after(34), outcome="ended", end_reason="network_error"
    )


@pytest.mark.parametrize(
    ("answered_at", "direction", "ended_at", "outcome"),
    [
        (None, Direction.INCOMING, START, "missed"),
        (None, Direction.OUTGOING, START, "ended"),
        (after(3), Direction.INCOMING, after(3), "ended"),
    ],
)
async def test_a_call_without_an_end_gets_one(
    folder: Path, answered_at: datetime | None, direction: Direction, ended_at: datetime, outcome: str
) -> None:
    await killed_in_a_call(folder, answered_at, direction)
    library = Library(folder)

    await library.open()
    await library.recover(samples_by_size)
    calls = await library.calls("front-door")
    await library.close()

    ended = replace(
        CALL,
        direction=direction,
        answered_at=answered_at,
        ended_at=ended_at,
        outcome=outcome,
        end_reason="network_error",
    )
    assert calls == [ended]


async def test_the_end_of_a_call_that_had_one_stays(folder: Path) -> None:
    library = Library(folder)
    await library.open()
    await library.begin_call(CALL)
    clip = await library.begin_clip("front-door", after(4), call_id="call-1")
    await library.end_call("call-1", after(5), "ended", "remote_hangup")
    await library.close()
    write_wav(clip.path, 8000 * 30)

    await library.open()
    await library.recover(samples_by_size)
    call = await library.last_call("front-door")
    await library.close()

    assert call == replace(CALL, ended_at=after(5), outcome="ended", end_reason="remote_hangup")


async def test_clips_outlive_their_database(folder: Path) -> None:
    library = Library(folder)
    await library.open()
    clip = await library.begin_clip("front-door", START)
    await library.finish_clip(clip.id, 2.0)
    await library.close()
    write_wav(clip.path, 16_000)
    os.utime(clip.path, (after(60).timestamp(), after(60).timestamp()))
    (folder / "library.db").unlink()

    await library.open()
    recovered = await library.recover(samples_by_size)
    await library.close()

    assert recovered == [replace(saved(clip, 2.0), line_id=RECOVERED_LINE_ID, started_at=after(58))]


async def test_files_of_another_making_are_not_taken_for_clips(folder: Path) -> None:
    month = folder / "clips" / "2026-11"
    month.mkdir(parents=True)
    write_wav(month / "holiday.wav", 800)
    write_wav(month / f"{'a' * 32}.wav.damaged", 800)
    write_wav(month / f"{'b' * 33}.wav", 800)
    library = Library(folder)

    await library.open()
    recovered = await library.recover(samples_by_size)
    await library.close()

    assert recovered == []
    assert len(list(month.iterdir())) == 3
