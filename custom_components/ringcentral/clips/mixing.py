"""A clip of both sides, for the ears: on disk each side has a channel of its own, played both are in the middle.

It is mixed while it is sent, a few seconds at a time, so that there is no second file that could go astray.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
import os
from pathlib import Path
from typing import BinaryIO, Final

from aiohttp import hdrs, web
import audioop
from homeassistant.core import HomeAssistant

from ..softphone.media.wav import wav_channels, wav_header

_HEADER: Final = len(wav_header(0))
_MONO: Final = 2
"""Bytes of a sample."""
_STEREO: Final = 4
"""Bytes of a sample of each side."""
_BOTH: Final = (1, 1)
"""How much of each side is heard: one speaks at a time, so each keeps its loudness, and what is too loud is cut off."""
_PIECE: Final = 64 * 1024
"""Bytes sent at a time, four seconds."""


@dataclass(frozen=True, slots=True)
class _Mix:
    """The file that a stereo clip would be with both sides on one channel."""

    samples: int
    modified: float
    etag: str

    @property
    def size(self) -> int:
        return _HEADER + self.samples * _MONO

    def read(self, clip: BinaryIO, start: int, end: int) -> bytes:
        """Return the bytes from one position to another; what the clip has no sound for is silence."""
        head = wav_header(self.samples)[start:end]
        first, last = max(start - _HEADER, 0), end - _HEADER
        if last <= 0:
            return head
        whole, behind = first // _MONO, -(-last // _MONO)
        clip.seek(_HEADER + whole * _STEREO)
        sides = clip.read((behind - whole) * _STEREO).ljust((behind - whole) * _STEREO, b"\0")
        mono = audioop.tomono(sides, _MONO, *_BOTH)
        skipped = first - whole * _MONO
        return head + mono[skipped : skipped + last - first]


async def async_sound(
    hass: HomeAssistant, request: web.Request, path: Path, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Answer with a clip, or the part of it that is asked for, as aiohttp does with a file; one of both sides mixed."""
    opened = await hass.async_add_executor_job(_open, path)
    if opened is None:
        return web.FileResponse(path, headers=headers)
    clip, mix = opened
    try:
        return await _answer(hass, request, clip, mix, headers)
    finally:
        await hass.async_add_executor_job(clip.close)


def _open(path: Path) -> tuple[BinaryIO, _Mix] | None:
    """Open a clip of both sides; None for any other."""
    try:
        # Unbuffered: pieces are read as a whole.
        clip = path.open("rb", buffering=0)
    except OSError:
        # FileResponse says what is the matter.
        return None
    if wav_channels(clip.read(_HEADER)) != len(_BOTH):
        clip.close()
        return None
    found = os.fstat(clip.fileno())
    etag = f"{found.st_mtime_ns:x}-{found.st_size:x}-mixed"
    return clip, _Mix((found.st_size - _HEADER) // _STEREO, found.st_mtime, etag)


async def _answer(
    hass: HomeAssistant, request: web.Request, clip: BinaryIO, mix: _Mix, headers: Mapping[str, str]
) -> web.StreamResponse:
    start, end = 0, mix.size
    response = web.StreamResponse(headers={**headers, hdrs.ACCEPT_RANGES: "bytes"})
    response.etag = mix.etag
    response.last_modified = mix.modified
    if _is_known(request, mix):
        response.set_status(HTTPStatus.NOT_MODIFIED)
        end = 0
    elif hdrs.RANGE in request.headers and _is_meant(request, mix):
        asked = _asked(request, mix.size)
        if asked is None:
            response.headers[hdrs.CONTENT_RANGE] = f"bytes */{mix.size}"
            response.set_status(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            end = 0
        else:
            start, end = asked
            response.headers[hdrs.CONTENT_RANGE] = f"bytes {start}-{end - 1}/{mix.size}"
            response.set_status(HTTPStatus.PARTIAL_CONTENT)
    if response.status != HTTPStatus.NOT_MODIFIED:
        response.content_length = end - start
    await response.prepare(request)
    if request.method != hdrs.METH_HEAD:
        for position in range(start, end, _PIECE):
            piece = min(position + _PIECE, end)
            await response.write(await hass.async_add_executor_job(mix.read, clip, position, piece))
    await response.write_eof()
    return response


def _is_known(request: web.Request, mix: _Mix) -> bool:
    """Tell whether who asks has it already (RFC 9110 §13.1)."""
    if (tags := request.if_none_match) is not None:
        return any(tag.value in (mix.etag, "*") for tag in tags)
    since = request.if_modified_since
    return since is not None and int(mix.modified) <= since.timestamp()


def _is_meant(request: web.Request, mix: _Mix) -> bool:
    """Tell whether a part is asked for of what this is, and not of what it was (RFC 9110 §13.1.5)."""
    if hdrs.IF_RANGE not in request.headers:
        return True
    if (date := request.if_range) is not None:
        return int(mix.modified) <= date.timestamp()
    return request.headers[hdrs.IF_RANGE] == f'"{mix.etag}"'


def _asked(request: web.Request, size: int) -> tuple[int, int] | None:
    """Return from where to where a part goes; None for one that isn't there."""
    try:
        part = request.http_range
    except ValueError:
        return None
    start, end, _ = part.indices(size)
    return (start, end) if start < end else None
