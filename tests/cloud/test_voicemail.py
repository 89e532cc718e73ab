"""The mailbox against a RingCentral on loopback, and records that nobody would expect."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.cloud import (
    PRODUCTION_SERVER,
    FeatureUnavailable,
    MissingPermission,
    RateLimited,
    RingCentralClient,
    UnexpectedAnswer,
    VoiceMessage,
)
from custom_components.ringcentral.cloud.voicemail import voice_messages
from simulator.rest import Endpoint, RestSimulator

SOUND = b"ID3 not really an MP3 \xff\x00"
MONDAY = datetime(2026, 10, 5, 9, 24, 3, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MEDIA = "https://media.ringcentral.com/restapi/v1.0/account/4/extension/4/message-store/7/content/8"
AUDIO = {"id": 8, "uri": MEDIA, "type": "AudioRecording", "contentType": "audio/mpeg", "vmDuration": 25}
WORDS = {"id": 9, "uri": MEDIA, "type": "AudioTranscription", "contentType": "text/plain"}
RECORD = {
    "id": 402406985008,
    "type": "VoiceMail",
    "creationTime": "2026-10-05T09:24:03.000Z",
    "readStatus": "Unread",
    "availability": "Alive",
    "from": {"phoneNumber": "+16505550142", "name": "Anna Smith", "location": "San Mateo, CA"},
    "attachments": [AUDIO],
    "vmTranscriptionStatus": "NotAvailable",
}

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(autouse=True)
def allowed(rest: RestSimulator) -> None:
    """Let the app read and change messages."""
    rest.account.permissions |= {"ReadMessages", "EditMessages"}


def read(**changes: Any) -> tuple[VoiceMessage, ...]:
    return voice_messages([{**RECORD, **changes}], PRODUCTION_SERVER)


async def test_messages_are_listed_oldest_first(client: RingCentralClient, rest: RestSimulator) -> None:
    second = rest.mailbox.leave(SOUND, at=MONDAY + timedelta(hours=1), words="Call me.")
    first = rest.mailbox.leave(SOUND, number="+16505550142", name="Anna Smith", at=MONDAY, seconds=25)
    rest.mailbox.read(first)

    one, two = await client.voicemail(LONG_AGO)

    assert (one.id, one.created_at, one.read, one.number, one.name) == (
        first, MONDAY, True, "+16505550142", "Anna Smith",
    )  # fmt: skip
    assert (two.id, two.read, two.number, two.name) == (second, False, None, None)
    assert one.words is None and two.words is not None


async def test_only_what_was_left_since_a_moment_is_asked_for(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.mailbox.leave(SOUND, at=MONDAY - timedelta(minutes=1))
    rest.mailbox.leave(SOUND, at=MONDAY + timedelta(minutes=1))

    (message,) = await client.voicemail(MONDAY)

    assert message.created_at == MONDAY + timedelta(minutes=1)


async def test_all_pages_are_read(client: RingCentralClient, rest: RestSimulator) -> None:
    for minute in range(251):
        rest.mailbox.leave(SOUND, at=MONDAY + timedelta(minutes=minute))

    assert len(await client.voicemail(LONG_AGO)) == 251


async def test_the_sound_and_the_words_of_a_message_are_downloaded(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.mailbox.leave(SOUND, at=MONDAY, words="Grüße, {not JSON}")
    (message,) = await client.voicemail(LONG_AGO)

    assert await client.content(message.sound) == SOUND
    assert (await client.content(message.words or "")).decode() == "Grüße, {not JSON}"


async def test_what_was_deleted_there_is_no_message_any_more(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    kept, deleted = (rest.mailbox.leave(SOUND, at=MONDAY) for _ in range(2))

    await client.delete_message(deleted)

    assert [message.id for message in await client.voicemail(LONG_AGO)] == [kept]
    assert rest.mailbox.records[deleted]["availability"] == "Deleted"


@pytest.mark.parametrize("nothing", ["", "~", "*", "12,13", "x"])
async def test_without_one_messages_id_nothing_is_deleted(
    client: RingCentralClient, rest: RestSimulator, nothing: str
) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await client.delete_message(nothing)
    assert rest.asked(Endpoint.MESSAGE) == []


async def test_a_message_is_marked_as_read_and_as_new(client: RingCentralClient, rest: RestSimulator) -> None:
    message = rest.mailbox.leave(SOUND, at=MONDAY)

    await client.mark_message(message, read=True)
    assert rest.mailbox.statuses() == ["Read"]
    await client.mark_message(message, read=False)
    assert rest.mailbox.statuses() == ["Unread"]


async def test_a_message_that_is_gone_is_as_good_as_marked_or_deleted(client: RingCentralClient) -> None:
    await client.mark_message("402406985008", read=True)
    await client.delete_message("402406985008")


async def test_the_content_of_a_message_that_is_gone_is_not_there(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    with pytest.raises(UnexpectedAnswer) as caught:
        await client.content(f"{rest.url}{Endpoint.MESSAGES}/1/content/1")
    assert caught.value.error_code == "CMN-102"


async def test_a_refusal_is_told(client: RingCentralClient, rest: RestSimulator) -> None:
    message = rest.mailbox.leave(SOUND, at=MONDAY)
    rest.account.permissions -= {"ReadMessages", "EditMessages"}

    for work, permission in (
        (client.voicemail(LONG_AGO), "ReadMessages"),
        (client.try_voicemail(), "ReadMessages"),
        (client.content(f"{rest.mailbox.uri}/{message}/content/1"), "ReadMessages"),
        (client.mark_message(message, read=True), "EditMessages"),
        (client.delete_message(message), "EditMessages"),
    ):
        with pytest.raises(MissingPermission) as caught:
            await work
        assert caught.value.permission == permission
    assert rest.mailbox.statuses() == ["Unread"]


async def test_a_user_who_may_not_is_told(client: RingCentralClient, rest: RestSimulator) -> None:
    rest.account.user_permissions = frozenset()

    with pytest.raises(FeatureUnavailable):
        await client.voicemail(LONG_AGO)


async def test_after_too_many_requests_nothing_is_sent(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.fail_next(Endpoint.MESSAGES, "CMN-301")

    for _ in range(2):
        with pytest.raises(RateLimited):
            await client.voicemail(LONG_AGO)
    assert len(rest.asked(Endpoint.MESSAGES)) == 1


async def test_an_endless_sound_is_not_read(client: RingCentralClient, rest: RestSimulator) -> None:
    rest.mailbox.leave(bytes(33 * 1024 * 1024), at=MONDAY)
    (message,) = await client.voicemail(LONG_AGO)

    with pytest.raises(UnexpectedAnswer, match="too large"):
        await client.content(message.sound)


def test_a_message_is_read_as_it_is_documented() -> None:
    assert read() == (VoiceMessage("402406985008", MONDAY, False, "+16505550142", "Anna Smith", MEDIA),)


@pytest.mark.parametrize(
    ("status", "attachments", "words", "to_come"),
    [
        ("NotAvailable", [AUDIO], None, False),
        ("InProgress", [AUDIO], None, True),
        ("InProgress", [AUDIO, WORDS], None, True),
        ("Completed", [AUDIO, WORDS], MEDIA, False),
        ("CompletedPartially", [WORDS, AUDIO], MEDIA, False),
        ("Completed", [AUDIO], None, False),
        ("Failed", [AUDIO, WORDS], None, False),
        ("TimedOut", [AUDIO], None, False),
        (None, [AUDIO, WORDS], None, False),
    ],
)
def test_words_are_there_once_they_are_written(
    status: str | None, attachments: list[Any], words: str | None, to_come: bool
) -> None:
    (message,) = read(vmTranscriptionStatus=status, attachments=attachments)

    assert (message.words, message.words_to_come) == (words, to_come)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Fax"},
        {"availability": "Deleted"},
        {"attachments": []},
        {"attachments": [WORDS]},
        {"attachments": 7},
        {"attachments": ["x"]},
        {"attachments": [{**AUDIO, "uri": None}]},
        {"id": "../x"},
        {"id": None},
        {"creationTime": "yesterday"},
        {"creationTime": "2026-10-05T09:24:03"},
        {"creationTime": "0001-01-01T00:00:00Z"},
        {"creationTime": 7},
    ],
)
def test_what_is_no_message_to_be_heard_is_passed_over(changes: dict[str, Any]) -> None:
    assert read(**changes) == ()


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/restapi/v1.0/x",
        "http://media.ringcentral.com/restapi/v1.0/x",
        "https://media.ringcentral.com@evil.example/x",
        "https://media.ringcentral.com.evil.example/x",
        "https://media.ringcentral.com:8443/x",
        "https://platform.ringcentral.com/restapi/../x",
        "//media.ringcentral.com/x",
        "/restapi/v1.0/x",
    ],
)
def test_a_token_is_sent_to_nobody_else(address: str) -> None:
    assert read(attachments=[{**AUDIO, "uri": address}]) == ()


@pytest.mark.parametrize("party", [None, 7, {}, {"phoneNumber": ""}, {"name": "\x00"}])
def test_who_does_not_say_who_it_is_has_no_number_and_no_name(party: object) -> None:
    (message,) = read(**{"from": party})

    assert (message.number, message.name) == (None, None)


def test_a_colleague_has_an_extension() -> None:
    (message,) = read(**{"from": {"extensionNumber": "102", "name": "Jane"}})

    assert (message.number, message.name) == ("102", "Jane")


def test_nobody_who_left_a_message_is_in_its_repr() -> None:
    (message,) = read()

    assert not any(secret in repr(message) for secret in ("5550142", "Anna", "402406985008", "media."))


@given(st.lists(_JSON, max_size=3), st.dictionaries(st.sampled_from([*RECORD]), _JSON, max_size=4))
def test_no_record_does_harm(records: list[Any], changes: dict[str, Any]) -> None:
    voice_messages([*records, {**RECORD, **changes}], PRODUCTION_SERVER)


async def test_a_list_that_makes_no_sense_is_unexpected(
    client: RingCentralClient, rest: RestSimulator
) -> None:
    rest.fail_next(Endpoint.MESSAGES, lambda: web.json_response({"records": 7}))

    with pytest.raises(UnexpectedAnswer):
        await client.voicemail(LONG_AGO)
