"""A clip of both sides is heard mixed, whichever part of it a player asks for."""

from datetime import UTC, datetime
from http import HTTPStatus
import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
import audioop
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ringcentral.clips import mixing
from custom_components.ringcentral.library import Clip, Library
from custom_components.ringcentral.softphone.media.wav import wav_header

START = datetime(2026, 11, 22, 2, 3, 11, tzinfo=UTC)
SAMPLES = 1001
LEFT = b"".join((at % 200).to_bytes(2, "little") for at in range(SAMPLES))
RIGHT = b"".join((at * 7 % 30_000).to_bytes(2, "little") for at in range(SAMPLES))
STEREO = audioop.add(audioop.tostereo(LEFT, 2, 1, 0), audioop.tostereo(RIGHT, 2, 0, 1), 2)
MIXED = wav_header(SAMPLES) + audioop.add(LEFT, RIGHT, 2)
SIZE = 44 + 2 * SAMPLES


@pytest.fixture
async def clip(hass: HomeAssistant, library: Library) -> Clip:
    clip = await library.begin_clip("front-door", START)
    await hass.async_add_executor_job(clip.path.write_bytes, wav_header(SAMPLES, 2) + STEREO)
    return await library.finish_clip(clip.id, SAMPLES / 8000)


@pytest.fixture
async def client(clip: Clip, hass_client: ClientSessionGenerator) -> TestClient[Any, Any]:
    return await hass_client()


def url(clip: Clip) -> str:
    return f"/api/ringcentral/clip/{clip.id}.wav"


async def test_both_sides_are_in_both_ears(client: TestClient[Any, Any], clip: Clip) -> None:
    response = await client.get(url(clip))

    assert response.status == HTTPStatus.OK
    assert await response.read() == MIXED
    assert response.headers["Content-Type"] == "audio/wav"
    assert response.headers["Content-Length"] == str(SIZE)
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Cache-Control"] == "private, max-age=3600"


async def test_what_is_too_loud_together_is_cut_off(
    hass: HomeAssistant, client: TestClient[Any, Any], clip: Clip
) -> None:
    loud = wav_header(2, 2) + b"\xff\x7f\x01\x00\x00\x80\xff\xff"
    await hass.async_add_executor_job(clip.path.write_bytes, loud)

    assert (await (await client.get(url(clip))).read())[44:] == b"\xff\x7f\x00\x80"


@pytest.mark.parametrize("piece", [7, 44, 64 * 1024])
@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-", 0, SIZE),
        ("bytes=0-0", 0, 1),
        ("bytes=10-43", 10, 44),
        ("bytes=40-51", 40, 52),
        ("bytes=45-52", 45, 53),
        ("bytes=44-", 44, SIZE),
        ("bytes=101-5000", 101, SIZE),
        ("bytes=-1", SIZE - 1, SIZE),
        ("bytes=-9000", 0, SIZE),
    ],
)
async def test_a_player_can_seek(
    client: TestClient[Any, Any], clip: Clip, asked: str, start: int, end: int, piece: int
) -> None:
    with patch.object(mixing, "_PIECE", piece):
        response = await client.get(url(clip), headers={"Range": asked})
        sound = await response.read()

    assert response.status == HTTPStatus.PARTIAL_CONTENT
    assert response.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert sound == MIXED[start:end]


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=5-1", "seconds=1-2"])
async def test_a_part_that_there_is_not_cannot_be_had(
    client: TestClient[Any, Any], clip: Clip, asked: str
) -> None:
    response = await client.get(url(clip), headers={"Range": asked})

    assert response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    assert response.headers["Content-Range"] == f"bytes */{SIZE}"
    assert await response.read() == b""


async def test_the_headers_alone_can_be_had(client: TestClient[Any, Any], clip: Clip) -> None:
    response = await client.head(url(clip))

    assert (response.status, response.headers["Content-Length"]) == (HTTPStatus.OK, str(SIZE))
    assert await response.read() == b""


async def test_who_has_it_already_is_not_sent_it_again(
    hass: HomeAssistant, client: TestClient[Any, Any], clip: Clip
) -> None:
    first = await client.get(url(clip))
    tag, changed = first.headers["ETag"], first.headers["Last-Modified"]

    for headers in (
        {"If-None-Match": tag},
        {"If-None-Match": "*"},
        {"If-None-Match": f'"x", {tag}'},
        {"If-Modified-Since": changed},
    ):
        again = await client.get(url(clip), headers=headers)
        assert (again.status, await again.read()) == (HTTPStatus.NOT_MODIFIED, b"")
        assert again.headers["ETag"] == tag
    for headers in (
        {"If-None-Match": '"x"', "If-Modified-Since": changed},
        {"If-Modified-Since": "Sun, 22 Nov 2020 02:03:11 GMT"},
    ):
        assert await (await client.get(url(clip), headers=headers)).read() == MIXED

    await hass.async_add_executor_job(os.utime, clip.path, (1, 1))
    again = await client.get(url(clip), headers={"If-None-Match": tag})
    assert (again.status, await again.read()) == (HTTPStatus.OK, MIXED)


async def test_who_wants_the_rest_gets_all_of_it_where_it_is_another(
    client: TestClient[Any, Any], clip: Clip
) -> None:
    first = await client.get(url(clip))
    rest = {"Range": "bytes=1000-"}

    for known in (first.headers["ETag"], first.headers["Last-Modified"]):
        response = await client.get(url(clip), headers=rest | {"If-Range": known})
        assert (response.status, await response.read()) == (HTTPStatus.PARTIAL_CONTENT, MIXED[1000:])
    for former in ('"x"', "Sun, 22 Nov 2020 02:03:11 GMT"):
        response = await client.get(url(clip), headers=rest | {"If-Range": former})
        assert (response.status, await response.read()) == (HTTPStatus.OK, MIXED)


async def test_a_clip_that_is_cut_short_while_it_plays_ends_in_silence(
    hass: HomeAssistant, client: TestClient[Any, Any], clip: Clip
) -> None:
    whole = mixing._open

    def cut(path: Path) -> object:
        opened = whole(path)
        os.truncate(path, 44 + 4 * 500)
        return opened

    with patch.object(mixing, "_open", cut):
        response = await client.get(url(clip))

    assert await response.read() == MIXED[: 44 + 1000] + b"\0" * (SIZE - 44 - 1000)


async def test_a_file_that_goes_away_meanwhile_is_not_found(client: TestClient[Any, Any], clip: Clip) -> None:
    whole = mixing._open

    def gone(path: Path) -> object:
        path.unlink()
        return whole(path)

    with patch.object(mixing, "_open", gone):
        response = await client.get(url(clip))

    assert response.status == HTTPStatus.NOT_FOUND
