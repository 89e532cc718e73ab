"""The action that packs recordings, and what is known of them, into a ZIP file."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
import errno
from functools import partial
from itertools import batched
import json
from pathlib import Path
import shutil
from typing import Any, Final

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util, slugify
import voluptuous as vol

from ..calls.call_actions import Response
from ..const import DOMAIN
from ..coordinator import RingCentralCoordinator
from ..library import Clip, LibraryError
from ..lines import async_line_or_removed
from . import call_log
from .archive import Archive, Sound
from .call_log import ATTR_LIMIT, moment
from .clip_actions import ATTR_OFFSET, ATTR_UNTIL, CLIPS_SCHEMA, async_find, told

ATTR_OVERWRITE: Final = "overwrite"
ATTR_PATH: Final = "path"

LISTING: Final = "recordings.json"
MOST_BYTES: Final = 4_000_000_000
"""What a file may have on a memory stick as it comes (FAT32)."""

_SPARE: Final = 100_000_000
"""Bytes that are left for others."""
_PAGE: Final = 500
_MOMENT: Final = timedelta(milliseconds=1)
_AT_ONCE: Final = 20
"""Recordings packed before others get their turn."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def zip_path(value: Any) -> Path:
    """Return where a ZIP file is to go; raises vol.Invalid."""
    path = Path(cv.string(value).strip())
    if not path.is_absolute() or path.suffix.lower() != ".zip":
        raise vol.Invalid("this is no whole path that ends in .zip, as in /media/recordings.zip")
    return path


EXPORT_SCHEMA: Final = vol.Schema(
    {
        **{key: check for key, check in CLIPS_SCHEMA.schema.items() if key not in (ATTR_LIMIT, ATTR_OFFSET)},
        vol.Optional(ATTR_UNTIL): moment,
        vol.Required(ATTR_PATH): zip_path,
        vol.Optional(ATTR_OVERWRITE, default=False): cv.boolean,
    }
)


async def async_export(action: ServiceCall) -> Response:
    """Pack the recordings of a line that are asked for, and tell how many they were.

    Raises ServiceValidationError where that isn't possible or allowed, HomeAssistantError where it failed.
    """
    hass, data = action.hass, action.data
    line, line_id = await async_line_or_removed(action)
    path = await hass.async_add_executor_job(_allowed, hass, data[ATTR_PATH])
    try:
        clips = [clip async for clip in _chosen(line, line_id, data)]
        calls = await line.library.calls_of_clips([clip.id for clip in clips])
    except LibraryError as error:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=error.key) from error
    named = [*_named(clips)]
    with _translated(path):
        await hass.async_add_executor_job(_refuse_without_room, path, clips)
        archive = await hass.async_add_executor_job(partial(Archive, path, replace=data[ATTR_OVERWRITE]))
        try:
            gone: set[str] = set()
            for sounds in batched(named, _AT_ONCE, strict=False):
                gone |= await _step(hass, partial(archive.add, sounds))
            files = [None if sound.name in gone else sound.name for sound in named]
            listing = {
                "exported_at": dt_util.utcnow().isoformat(),
                "recordings": [
                    {"file": file} | told(clip, line.callers) for file, clip in zip(files, clips, strict=True)
                ],
                "calls": [
                    call_log.told(call, [clip for clip in clips if clip.call_id == call.id], line.callers)
                    for call in calls
                ],
            }
            text = json.dumps(listing, ensure_ascii=False, indent=1)
            await _step(hass, partial(archive.add_text, LISTING, dt_util.now(), text))
            size = await _step(hass, archive.finish)
        finally:
            await asyncio.shield(hass.async_add_executor_job(archive.close))
    return {"path": str(path), "recordings": len(named) - len(gone), "missing": len(gone), "bytes": size}


def _allowed(hass: HomeAssistant, path: Path) -> Path:
    """Return a path without detours, if Home Assistant may write there."""
    # What is looked at is what is written to.
    path = path.parent.resolve() / path.name
    if not hass.config.is_allowed_path(str(path)):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="export_not_allowed",
            translation_placeholders={"folder": str(path.parent)},
        )
    if path.resolve().is_relative_to(Path(hass.config.path("www")).resolve()):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="export_public")
    return path


async def _chosen(line: RingCentralCoordinator, line_id: str, data: dict[str, Any]) -> AsyncIterator[Clip]:
    """Yield the recordings that are asked for, newest first; raises ServiceValidationError where they are too many."""
    room, seen = MOST_BYTES, set[str]()
    # Not by counting: what comes or goes meanwhile would shift the pages.
    while new := [
        clip for clip in (await async_find(line, line_id, data, _PAGE, 0)).items if clip.id not in seen
    ]:
        for clip in new:
            seen.add(clip.id)
            room -= clip.size or 0
            yield clip
        if room < 0:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="export_too_big")
        data = {**data, ATTR_UNTIL: new[-1].started_at + _MOMENT}


def _named(clips: list[Clip]) -> Iterator[Sound]:
    """Yield the recordings with a name each: local time, and who was at the other end, in plain letters."""
    taken: set[str] = set()
    for clip in clips:
        at = dt_util.as_local(clip.started_at)
        who = slugify(clip.contact or clip.caller_name or "", separator=" ")
        plain = f"{at:%Y-%m-%d %H-%M-%S} {who}".strip()
        name, number = plain, 1
        while name in taken:
            number += 1
            name = f"{plain} ({number})"
        taken.add(name)
        yield Sound(clip.path, f"{name}{clip.path.suffix}", at)


def _refuse_without_room(path: Path, clips: list[Clip]) -> None:
    if shutil.disk_usage(path.parent).free < sum(clip.size or 0 for clip in clips) + _SPARE:
        raise OSError(errno.ENOSPC, "")


async def _step[T](hass: HomeAssistant, job: Callable[[], T]) -> T:
    """Do something in a thread; whoever is cancelled waits for its end, so that nobody closes a file in use."""
    future = hass.async_add_executor_job(job)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Raise what people are to read for what the disk says."""
    try:
        yield
    except FileExistsError as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="export_exists",
            translation_placeholders={"path": str(path)},
        ) from error
    except OSError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="export_no_room" if error.errno in _NO_ROOM else "export_failed",
            translation_placeholders={"folder": str(path.parent), "reason": error.strerror or str(error)},
        ) from error
