"""A user's mailbox and call log in miniature: what they show, and what they refuse."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulator.call_records import CallRecords
from simulator.mailbox import Mailbox
from simulator.refusals import Refused
from simulator.user import Account

NOW = datetime.now(UTC)
ALL = {"dateFrom": "2020-01-01T00:00:00Z"}


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox(Account(), "http://here")


def ids(mailbox: Mailbox, **query: str) -> list[str]:
    return [str(record["id"]) for record in mailbox.page(query)["records"]]


def test_messages_of_the_last_day_are_shown_newest_first(mailbox: Mailbox) -> None:
    old = mailbox.leave(b"", at=NOW - timedelta(days=2))
    first = mailbox.leave(b"", at=NOW - timedelta(hours=2))
    second = mailbox.leave(b"", at=NOW - timedelta(hours=1))

    assert ids(mailbox) == [second, first]
    assert ids(mailbox, **ALL) == [second, first, old]
    assert ids(mailbox, **ALL, messageType="SMS") == []


def test_a_message_brings_its_sound_and_its_words(mailbox: Mailbox) -> None:
    message = mailbox.leave(b"sound", number="+16505550142", words="Call me.")

    (record,) = mailbox.page({})["records"]
    found = {item["type"]: mailbox.content(message, str(item["id"])).data for item in record["attachments"]}

    assert found == {"AudioRecording": b"sound", "AudioTranscription": b"Call me."}
    assert (record["from"], record["vmTranscriptionStatus"]) == ({"phoneNumber": "+16505550142"}, "Completed")


def test_a_message_is_deleted_in_two_steps_or_at_once(mailbox: Mailbox) -> None:
    one, two = mailbox.leave(b""), mailbox.leave(b"")

    mailbox.delete(one, {})
    assert ids(mailbox, availability="Deleted") == [one]
    mailbox.delete(one, {})
    mailbox.delete(two, {"purge": "true"})

    assert ids(mailbox) == [] and sorted(ids(mailbox, availability="Purged")) == sorted([one, two])


@pytest.mark.parametrize(
    "query",
    [
        {"messageType": "Voicemail"},
        {"availability": "alive"},
        {"dateFrom": "2020-01-01T00:00:00"},
        {"dateFrom": "yesterday"},
        {"page": "0"},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(mailbox: Mailbox, query: dict[str, str]) -> None:
    with pytest.raises(Refused, match="CMN-101"):
        mailbox.page(query)


@pytest.mark.parametrize("body", [None, {}, {"readStatus": "read"}, []])
def test_only_the_read_status_can_be_changed(mailbox: Mailbox, body: Any) -> None:
    message = mailbox.leave(b"")

    with pytest.raises(Refused, match="CMN-101"):
        mailbox.update(message, body)
    assert mailbox.update(message, {"readStatus": "Read"})["readStatus"] == "Read"


def test_what_is_not_there_is_not_found(mailbox: Mailbox) -> None:
    message = mailbox.leave(b"")

    with pytest.raises(Refused, match="CMN-102"):
        mailbox.delete("7", {})
    with pytest.raises(Refused, match="CMN-102"):
        mailbox.delete(message, {"type": "Fax"})
    with pytest.raises(Refused, match="CMN-102"):
        mailbox.content(message, "7")


def test_a_user_may_not_be_allowed_to() -> None:
    account = Account(user_permissions=frozenset())
    mailbox, calls = Mailbox(account), CallRecords(account)
    message = mailbox.leave(b"")

    with pytest.raises(Refused, match="CMN-408"):
        mailbox.page({})
    with pytest.raises(Refused, match="CMN-408"):
        mailbox.update(message, {"readStatus": "Read"})
    with pytest.raises(Refused, match="CMN-408"):
        mailbox.delete(message, {})
    with pytest.raises(Refused, match="CMN-408"):
        calls.page({}, "")


def test_calls_of_the_last_day_are_shown_newest_first() -> None:
    calls = CallRecords(Account())
    calls.add("Missed", at=NOW - timedelta(days=2))
    calls.add("Missed", number="+16505550142", at=NOW - timedelta(hours=2), message_id="7")
    calls.add("Call connected", number="+16505550117", outgoing=True, at=NOW - timedelta(hours=1))

    placed, missed = calls.page({"type": "Voice"}, "")["records"]

    assert (placed["direction"], placed["to"]) == ("Outbound", {"phoneNumber": "+16505550117"})
    assert (missed["from"], missed["message"]["id"]) == ({"phoneNumber": "+16505550142"}, "7")
    assert len(calls.page(ALL, "")["records"]) == 3


@pytest.mark.parametrize("query", [{"type": "Speech"}, {"view": "Long"}, {"dateFrom": "x"}])
def test_a_question_about_calls_that_makes_no_sense_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(Refused, match="CMN-101"):
        CallRecords(Account()).page(query, "")
