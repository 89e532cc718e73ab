"""A call and clips to keep."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from custom_components.ringcentral.library import (
    CallRecord,
    Clip,
    ClipKind,
    ClipQuery,
    Direction,
    Library,
    midnight,
)

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


async def save_call_clip(
    library: Library,
    call_id: str,
    caller: str | None = "+16505550142",
    *,
    minutes: float = 0,
    outcome: str = "ended",
    line_id: str = "front-door",
    name: str | None = None,
    contact: str | None = None,
    kind: ClipKind = ClipKind.CALL,
) -> str:
    """Keep a call that came, and a saved clip of it; return the clip's id."""
    call = replace(
        CALL, id=call_id, line_id=line_id, caller=caller, caller_name=name, contact=contact,
        started_at=after(minutes=minutes),
    )  # fmt: skip
    await library.begin_call(call)
    clip = await library.begin_clip(line_id, after(minutes=minutes), call_id=call_id, kind=kind)
    await library.end_call(call_id, after(minutes=minutes + 1), outcome, "remote_hangup")
    await library.finish_clip(clip.id, 2.0)
    return clip.id


async def of_day(library: Library, day: date, zone: tzinfo) -> tuple[Clip, ...]:
    """Return the front door's saved clips of a local day."""
    query = ClipQuery(since=midnight(day, zone), until=midnight(day + timedelta(days=1), zone))
    return (await library.browse(["front-door"], query, 1000)).items
