"""A call and clips to keep."""

from datetime import UTC, datetime, timedelta

from custom_components.ringcentral.library import CallRecord, Direction, Library

START = datetime(2026, 11, 21, 17, 3, 11, 250_000, UTC)
CALL = CallRecord(
    id="call-1",
    line_id="front-door",
    direction=Direction.INCOMING,
    started_at=START,
    caller="+15551234567",
    caller_name="Anna Smith",
    called="+15557654321",
)


def after(**kwargs: float) -> datetime:
    return START + timedelta(**kwargs)


async def save_clip(library: Library, line_id: str, started_at: datetime, duration: float = 2.0) -> str:
    clip = await library.begin_clip(line_id, started_at)
    await library.finish_clip(clip.id, duration)
    return clip.id
