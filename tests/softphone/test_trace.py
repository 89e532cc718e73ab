"""The last messages, kept and logged."""

from datetime import UTC, datetime
import hashlib
from itertools import count
import logging

import pytest

from custom_components.ringcentral.softphone.agent import UserAgent
from custom_components.ringcentral.softphone.sip.message import Headers, Response
from custom_components.ringcentral.softphone.trace import SIZE, Trace, TracedMessage, Way
from tests.softphone.builders import ACCOUNT, AUTHORIZATION_ID, CALLER, FLOW, PASSWORD, USERNAME, invite

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def trace() -> Trace:
    return Trace(lambda: NOON)


def test_a_message_is_remembered_with_its_time_and_way(trace: Trace) -> None:
    trace.note(Way.RECEIVED, Response(Headers([("From", '"Anna" <sip:anna@b>')]), b"", 200, "OK"))
    assert trace.messages == [TracedMessage(NOON, Way.RECEIVED, 'SIP/2.0 200 OK\nFrom: "***" <sip:***@b>')]


def test_only_the_last_messages_are_remembered(trace: Trace) -> None:
    for status in range(200, 200 + SIZE + 1):
        trace.note(Way.SENT, Response(Headers(), b"", status, ""))
    assert len(trace.messages) == SIZE
    assert trace.messages[0].text.startswith("SIP/2.0 201")


@pytest.mark.parametrize(("level", "times"), [(logging.DEBUG, 1), (logging.INFO, 0)])
def test_a_message_is_logged_for_debugging_only(
    trace: Trace, caplog: pytest.LogCaptureFixture, level: int, times: int
) -> None:
    caplog.set_level(level)
    trace.note(Way.SENT, Response(Headers(), b"", 200, "OK"))
    assert caplog.messages == ["sent SIP/2.0 200 OK"] * times


def test_an_agent_notes_all_that_it_says_and_hears(trace: Trace) -> None:
    numbers = count()
    agent = UserAgent(
        ACCOUNT,
        token=lambda: hashlib.sha256(b"%d" % next(numbers)).hexdigest()[:32],
        trace=trace,
    )
    agent.connected(FLOW, 0.0)
    agent.receive(invite(), 0.0)

    noted = [(message.way, message.text.partition(" ")[0]) for message in trace.messages]
    assert noted == [("sent", "REGISTER"), ("received", "INVITE"), ("sent", "SIP/2.0"), ("sent", "SIP/2.0")]
    everything = "\n".join(message.text for message in trace.messages)
    assert not any(secret in everything for secret in (PASSWORD, AUTHORIZATION_ID, USERNAME, CALLER[1:]))
