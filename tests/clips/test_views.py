from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import struct
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

from freezegun import freeze_time
from homeassistant.auth.const import GROUP_ID_USER
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import jwt
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.ringcentral.clips.addresses import AUDIO_TYPES, sound_path
from custom_components.ringcentral.const import DATA_LIBRARY
from custom_components.ringcentral.library import (
    CallRecord,
    Clip,
    Direction,
    Library,
    LibraryDamagedError,
    LibraryFullError,
)

START = datetime(2026, 11, 22, 2, 3, 11, tzinfo=UTC)
SOUND = struct.pack("<400h", *range(400))
WAV = (
    struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(SOUND),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        8000,
        16000,
        2,
        16,
        b"data",
        len(SOUND),
    )
    + SOUND
)


@pytest.fixture
async def clip(library: Library) -> Clip:
    return await save_clip(library, caller_name="Anna Smith")


async def save_clip(library: Library, direction: Direction = Direction.INCOMING, **parties: Any) -> Clip:
    await library.begin_call(
        CallRecord("call-1", "front-door", direction, START, **{"caller": "+15551234567", **parties})
    )
    clip = await library.begin_clip("front-door", START, call_id="call-1")
    clip.path.write_bytes(WAV)
    return await library.finish_clip(clip.id, 0.05)


def url(clip_id: str) -> str:
    return f"/api/ringcentral/clip/{clip_id}.wav"


async def test_a_clip_is_served_as_a_wav_file(clip: Clip, hass_client: ClientSessionGenerator) -> None:
    client = await hass_client()

    response = await client.get(url(clip.id))

    assert response.status == HTTPStatus.OK
    assert await response.read() == WAV
    assert response.headers["Content-Type"] == "audio/wav"
    assert response.headers["Cache-Control"] == "private, max-age=3600"
    assert response.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("parties", "plain", "readable"),
    [
        ({"caller": None}, "2026-11-21_18-03-11.wav", "2026-11-21 18.03.wav"),
        ({}, "2026-11-21_18-03-11_15551234567.wav", "2026-11-21 18.03 +15551234567.wav"),
        (
            {"caller_name": "Žofie Müller"},
            "2026-11-21_18-03-11_zofie_muller.wav",
            "2026-11-21 18.03 Žofie Müller.wav",
        ),
        (
            {"caller_name": "WIRELESS CALLER", "contact": "Anna"},
            "2026-11-21_18-03-11_anna.wav",
            "2026-11-21 18.03 Anna.wav",
        ),
        (
            {"caller_name": '";\r\nX: y\\../../x.exe'},
            "2026-11-21_18-03-11_x_y_x_exe.wav",
            "2026-11-21 18.03 ;X y .. .. x.exe.wav",
        ),
        (
            {"caller_name": "a" * 300},
            f"2026-11-21_18-03-11_{'a' * 60}.wav",
            f"2026-11-21 18.03 {'a' * 60}.wav",
        ),
        ({"caller_name": "..."}, "2026-11-21_18-03-11_unknown.wav", "2026-11-21 18.03.wav"),
        (
            {"direction": Direction.OUTGOING, "called": "+15557654321", "caller_name": "Us"},
            "2026-11-21_18-03-11_15557654321.wav",
            "2026-11-21 18.03 +15557654321.wav",
        ),
    ],
)
async def test_a_clip_has_a_name_to_save_it_by_that_is_no_path(
    library: Library,
    hass_client: ClientSessionGenerator,
    parties: dict[str, Any],
    plain: str,
    readable: str,
) -> None:
    clip = await save_clip(library, **parties)
    client = await hass_client()

    response = await client.get(url(clip.id))

    given = response.headers["Content-Disposition"]
    assert given == f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(readable, safe='')}"
    assert response.content_disposition is not None
    assert response.content_disposition.filename == readable


@pytest.mark.parametrize(("suffix", "mime_type"), AUDIO_TYPES.items())
async def test_a_clip_is_served_as_what_its_file_is(
    hass: HomeAssistant,
    library: Library,
    clip: Clip,
    hass_client: ClientSessionGenerator,
    suffix: str,
    mime_type: str,
) -> None:
    other = replace(clip, path=clip.path.with_suffix(suffix))
    await hass.async_add_executor_job(clip.path.rename, other.path)
    client = await hass_client()

    with patch.object(library, "clip", return_value=other):
        response = await client.get(f"/api/ringcentral/clip/{clip.id}{suffix}")
        former = await client.get(url(clip.id))

    assert sound_path(other) == f"/api/ringcentral/clip/{clip.id}{suffix}"
    for answer in (response, former):
        assert (answer.status, answer.headers["Content-Type"]) == (HTTPStatus.OK, mime_type)
        assert answer.headers["Content-Disposition"].count(f"{suffix}") == 2
        assert await answer.read() == WAV


async def test_who_has_a_clip_already_is_not_sent_it_again(
    hass: HomeAssistant, clip: Clip, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    first = await client.get(url(clip.id))
    tag, changed = first.headers["ETag"], first.headers["Last-Modified"]

    for headers in ({"If-None-Match": tag}, {"If-None-Match": f'"x", {tag}'}, {"If-Modified-Since": changed}):
        again = await client.get(url(clip.id), headers=headers)
        assert (again.status, await again.read()) == (HTTPStatus.NOT_MODIFIED, b"")
        assert again.headers["ETag"] == tag

    await hass.async_add_executor_job(clip.path.write_bytes, WAV + b"more")
    again = await client.get(url(clip.id), headers={"If-None-Match": tag})
    assert (again.status, await again.read()) == (HTTPStatus.OK, WAV + b"more")
    assert again.headers["ETag"] != tag


@pytest.mark.parametrize("asked", ["bytes=844-", "bytes=900-1000", "bytes=5-1", "seconds=1-2"])
async def test_a_part_that_there_is_not_cannot_be_had(
    clip: Clip, hass_client: ClientSessionGenerator, asked: str
) -> None:
    client = await hass_client()

    response = await client.get(url(clip.id), headers={"Range": asked})

    assert response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    assert response.headers["Content-Range"] == "bytes */844"


@pytest.mark.parametrize(
    ("asked", "given", "sent"),
    [
        ("bytes=0-43", "bytes 0-43/844", WAV[:44]),
        ("bytes=800-", "bytes 800-843/844", WAV[800:]),
        ("bytes=-10", "bytes 834-843/844", WAV[-10:]),
    ],
)
async def test_a_player_can_seek(
    clip: Clip, hass_client: ClientSessionGenerator, asked: str, given: str, sent: bytes
) -> None:
    client = await hass_client()

    response = await client.get(url(clip.id), headers={"Range": asked})

    assert response.status == HTTPStatus.PARTIAL_CONTENT
    assert response.headers["Content-Range"] == given
    assert response.headers["Content-Type"] == "audio/wav"
    assert await response.read() == sent


async def test_a_player_can_ask_for_the_headers_alone(
    clip: Clip, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()

    response = await client.head(url(clip.id))

    assert response.status == HTTPStatus.OK
    assert (response.headers["Content-Type"], response.headers["Content-Length"]) == ("audio/wav", "844")
    assert await response.read() == b""


async def test_who_gets_the_sound_has_heard_it(
    library: Library,
    clip: Clip,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    async def heard() -> bool:
        found = await library.clip(clip.id)
        assert found is not None
        return found.heard

    client = await hass_client()
    await client.head(url(clip.id))
    await (await hass_client_no_auth()).get(url(clip.id))
    # As a telephone does with a notification, before anybody has looked at it.
    assert (await client.get(f"{url(clip.id)}?ahead=1")).status == HTTPStatus.OK
    assert not await heard()

    await client.get(url(clip.id))
    assert await heard()


async def test_a_clip_is_served_also_when_that_cannot_be_written_down(
    clip: Clip, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    with patch.object(Library, "mark_heard", side_effect=LibraryFullError):
        response = await client.get(url(clip.id))

    assert await response.read() == WAV


async def test_a_signed_url_needs_no_sign_in(
    hass: HomeAssistant, clip: Clip, hass_client_no_auth: ClientSessionGenerator
) -> None:
    client = await hass_client_no_auth()

    response = await client.get(async_sign_path(hass, url(clip.id), timedelta(hours=1)))

    assert response.status == HTTPStatus.OK
    assert await response.read() == WAV


async def test_a_signature_opens_no_other_clip(
    hass: HomeAssistant, clip: Clip, hass_client_no_auth: ClientSessionGenerator
) -> None:
    client = await hass_client_no_auth()
    signed = async_sign_path(hass, url("0" * 32), timedelta(hours=1))

    response = await client.get(signed.replace("0" * 32, clip.id))

    assert response.status == HTTPStatus.UNAUTHORIZED


async def test_nobody_hears_a_clip_unasked(clip: Clip, hass_client_no_auth: ClientSessionGenerator) -> None:
    client = await hass_client_no_auth()

    assert (await client.get(url(clip.id))).status == HTTPStatus.UNAUTHORIZED
    assert (await client.head(url(clip.id))).status == HTTPStatus.UNAUTHORIZED


async def test_a_clip_that_is_unknown_is_not_found(
    library: Library, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()

    assert (await client.get(url("0" * 32))).status == HTTPStatus.NOT_FOUND


async def test_a_clip_whose_file_is_gone_is_not_found_and_not_remembered(
    clip: Clip, hass_client: ClientSessionGenerator
) -> None:
    unlink(clip)
    client = await hass_client()

    response = await client.get(url(clip.id))

    assert response.status == HTTPStatus.NOT_FOUND
    assert "Cache-Control" not in response.headers


def unlink(clip: Clip) -> None:
    clip.path.unlink()


async def test_a_clip_whose_file_cannot_be_read_is_unavailable_and_not_remembered(
    hass: HomeAssistant, clip: Clip, hass_client: ClientSessionGenerator
) -> None:
    unlink(clip)
    await hass.async_add_executor_job(clip.path.mkdir)
    client = await hass_client()

    response = await client.get(url(clip.id))

    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Cache-Control" not in response.headers


async def test_a_clip_being_recorded_is_not_found(
    library: Library, hass_client: ClientSessionGenerator
) -> None:
    clip = await library.begin_clip("front-door", START)
    clip.path.write_bytes(WAV)
    client = await hass_client()

    assert (await client.get(url(clip.id))).status == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    "path",
    [
        "/api/ringcentral/clip/%2Fetc%2Fpasswd.wav",
        "/api/ringcentral/clip/..%5C..%5Clibrary.wav",
        "/api/ringcentral/clip/....wav",
        "/api/ringcentral/clip/*.wav",
        "/api/ringcentral/clip/{clip_id}",
        "/api/ringcentral/clip/2026-11/{clip_id}.wav",
        "/api/ringcentral/clip/2026-11%2F{clip_id}.wav",
        "/api/ringcentral/clip/{clip_id}%00.wav",
        "/api/ringcentral/clip/' OR 1=1 --.wav",
    ],
)
async def test_no_path_leads_around_the_index(
    clip: Clip, hass_client: ClientSessionGenerator, path: str
) -> None:
    client = await hass_client()

    response = await client.get(path.format(clip_id=clip.id))

    assert response.status == HTTPStatus.NOT_FOUND
    assert b"RIFF" not in await response.read()


async def test_a_closed_library_is_unavailable(
    library: Library, clip: Clip, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    await library.close()

    assert (await client.get(url(clip.id))).status == HTTPStatus.SERVICE_UNAVAILABLE


async def test_a_failing_library_is_unavailable(
    library: Library, clip: Clip, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()

    with patch.object(library, "clip", side_effect=LibraryDamagedError):
        response = await client.get(url(clip.id))

    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE


async def test_an_integration_that_is_not_set_up_is_unavailable(
    hass: HomeAssistant, clip: Clip, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    del hass.data[DATA_LIBRARY]

    assert (await client.get(url(clip.id))).status == HTTPStatus.SERVICE_UNAVAILABLE


async def test_nobody_hears_a_clip_by_a_signature_that_is_over(
    hass: HomeAssistant, clip: Clip, hass_client_no_auth: ClientSessionGenerator
) -> None:
    client = await hass_client_no_auth()
    signed = async_sign_path(hass, url(clip.id), timedelta(minutes=1))

    with freeze_time(dt_util.utcnow() + timedelta(seconds=61), tick=True):
        assert (await client.get(signed)).status == HTTPStatus.UNAUTHORIZED
    assert (await client.get(signed)).status == HTTPStatus.OK


async def test_nobody_hears_a_clip_by_a_signature_of_a_user_who_is_gone(
    hass: HomeAssistant, clip: Clip, hass_client_no_auth: ClientSessionGenerator
) -> None:
    client = await hass_client_no_auth()
    # The first is the owner.
    _, bo = [await hass.auth.async_create_user(name, group_ids=[GROUP_ID_USER]) for name in ("Anna", "Bo")]
    token = await hass.auth.async_create_refresh_token(bo, "https://example.com/app")
    access = {"Authorization": f"Bearer {hass.auth.async_create_access_token(token)}"}
    signed = async_sign_path(hass, url(clip.id), timedelta(hours=1), refresh_token_id=token.id)
    assert (await client.get(signed)).status == HTTPStatus.OK
    assert (await client.get(url(clip.id), headers=access)).status == HTTPStatus.OK

    for over in (hass.auth.async_deactivate_user, hass.auth.async_remove_user):
        await over(bo)
        assert (await client.get(url(clip.id), headers=access)).status == HTTPStatus.UNAUTHORIZED
        assert (await client.get(signed)).status == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
async def test_nobody_hears_a_clip_by_a_signature_of_their_own(
    hass: HomeAssistant, clip: Clip, hass_client_no_auth: ClientSessionGenerator, algorithm: str
) -> None:
    client = await hass_client_no_auth()
    signed = URL(async_sign_path(hass, url(clip.id), timedelta(hours=1)))
    claims = jwt.decode(signed.query["authSig"], options={"verify_signature": False})
    forged = jwt.encode(claims, "a guess" * 8 if algorithm == "HS256" else "", algorithm)

    assert (await client.get(signed.with_query(authSig=forged))).status == HTTPStatus.UNAUTHORIZED
    assert (await client.get(url(clip.id), headers={"Authorization": f"Bearer {forged}"})).status == (
        HTTPStatus.UNAUTHORIZED
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_clip_cannot_be_changed_over_http(
    clip: Clip, hass_client: ClientSessionGenerator, method: str
) -> None:
    response = await (await hass_client()).request(method, url(clip.id))

    assert response.status == HTTPStatus.METHOD_NOT_ALLOWED
